"""``modelaudit review``: decisions that people made on findings. A file each."""

from __future__ import annotations

import typer

from modelaudit.cli.review import end, export, import_, list

app = typer.Typer(help="Keep the decisions that people made on findings.", no_args_is_help=True)
app.command("list")(list.list_)
app.command("import")(import_.import_)
app.command("export")(export.export)
app.command("end")(end.end)
