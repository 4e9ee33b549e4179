"""``modelaudit export``: the database in other forms. A file each."""

from __future__ import annotations

import typer

from modelaudit.cli.export import parquet

app = typer.Typer(help="Write the database in forms for other programs.", no_args_is_help=True)
app.command("parquet")(parquet.parquet)


@app.callback()
def _callback() -> None:
    """Keep the command a group while it has one form only."""
