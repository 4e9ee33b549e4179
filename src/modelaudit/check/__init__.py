"""From claims and blocklists to findings."""
