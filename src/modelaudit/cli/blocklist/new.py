"""``modelaudit blocklist new``: begin a list of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from modelaudit.cli import options as opt


def new(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Where to write it: NAME.yaml.")],
    id: Annotated[
        str | None,
        typer.Option("--id", help="Of the list. Default: the file's name.", show_default=False),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="What people call it.", show_default=False)
    ] = None,
    maintainer: Annotated[
        str | None, typer.Option("--maintainer", help="Who answers for it.", show_default=False)
    ] = None,
    kind: Annotated[
        Literal["block", "allow", "signals"],
        typer.Option("--kind", help="What is looked for, what is spared, or what only hints."),
    ] = "block",
    purpose: Annotated[
        Literal["objection", "order", "policy", "research"] | None,
        typer.Option(
            "--purpose", help="What a block list is for. Default: policy.", show_default=False
        ),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Reports show only ids; the file is yours alone.")
    ] = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Begin a list: one example that explains itself, a case to test it, a schema for editors.

    Nothing that is there is overwritten.
    Example: modelaudit blocklist new house.yaml --maintainer "Trust and Safety"
    """
    import os
    from datetime import UTC, datetime

    from modelaudit.check import listfile, scaffold
    from modelaudit.check.cases import beside
    from modelaudit.check.validator import schema_text
    from modelaudit.cli.output import Output
    from modelaudit.domain.errors import UsageError
    from modelaudit.report.reporter import write

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    if path.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{path} is no name for a list", hint="let it end with .yaml")
    if purpose and kind != "block":
        raise UsageError("--purpose is for block lists", hint=f"leave it out with --kind {kind}")
    name = id or path.stem.lower().replace(" ", "-")
    text = scaffold.list_text(
        file=path.name,
        id=name,
        kind=kind,
        purpose=purpose or "policy",
        title=title,
        maintainer=maintainer,
        private=private,
        today=datetime.now(UTC).date(),
    )
    if problems := listfile.parse(text.encode("utf-8", "surrogatepass"), str(path)).problems:
        raise UsageError(problems[0].text, hint="see --id, --title and --maintainer")
    cases, schema = beside(path), path.with_name(scaffold.SCHEMA_FILE)
    for place in (path, cases):
        if os.path.lexists(place):
            raise UsageError(f"{place} is there already", hint="choose another name, or move it")
    if private:
        os.umask(0o077)
    files = {path: text, cases: scaffold.cases_text(file=path.name, id=name, kind=kind)}
    if not os.path.lexists(schema):
        files[schema] = schema_text()
    for place, content in files.items():
        write(place, [content])
        out.say(f"written: {place}")
    if maintainer is None:
        out.hint(f"say who answers for the list: maintainer, in {path}")
    out.hint(f"fill in its example, or add a model: modelaudit blocklist add {path} MODEL")
