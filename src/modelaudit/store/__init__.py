"""One SQLite file: a product of its own, open it with Datasette."""
