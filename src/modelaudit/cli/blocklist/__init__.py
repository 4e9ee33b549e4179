"""``modelaudit blocklist``: read lists, write them, and keep them right. A file each."""

from __future__ import annotations

import typer

from modelaudit.cli.blocklist import lint, list, show

app = typer.Typer(help="Read blocklists, write them, and keep them right.", no_args_is_help=True)
app.command("list")(list.list_)
app.command("show")(show.show)
app.command("lint")(lint.lint)
