"""``modelaudit blocklist lint``: say what is wrong with lists."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from modelaudit.cli import options as opt

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME|PATH...]", help="Shipped lists by name, or files.",
                   show_default=False),
]  # fmt: skip


class Form(StrEnum):
    """What the answer looks like."""

    text = "text"
    json = "json"


def lint(
    names: Names = None,
    form: Annotated[Form, typer.Option("--format", help="For people or for programs.")] = Form.text,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Say what is wrong with lists, each problem with its line and its remedy.

    Lists named together are held against each other. Exits with 1 when there is an error, 0 for
    warnings only. Without names: the shipped lists.
    """
    from modelaudit.check import blocklist
    from modelaudit.cli import errors
    from modelaudit.cli.output import Output
    from modelaudit.report import problems
    from modelaudit.report.words import amount
    from modelaudit.steps.linting import lint as examine

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    paths = [blocklist.resolve(name) for name in names or blocklist.shipped()]
    found = examine(paths)
    if form is Form.json:
        out.data(problems.as_json(found))
    else:
        out.data(problems.render(found, out.width if out.on_terminal else None))
    wrong = sum(problem.level == "error" for problem in found)
    told = [amount(len(paths), "list"), amount(len(found), "problem")]
    counts = [(wrong, "error"), (len(found) - wrong, "warning")]
    parts = ", ".join(amount(count, level) for count, level in counts if count)
    out.say(", ".join(told) + (f": {parts}" if parts else ""))
    raise typer.Exit(errors.FINDINGS if wrong else errors.OK)
