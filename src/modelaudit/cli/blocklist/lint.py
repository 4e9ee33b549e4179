"""``modelaudit blocklist lint``: say what is wrong with lists."""

from __future__ import annotations

from typing import Annotated

import typer

from modelaudit.cli import options as opt

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME|PATH...]", help="Shipped lists by name, or files.",
                   show_default=False),
]  # fmt: skip


def lint(
    names: Names = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Say what is wrong with lists, each problem with its line and its remedy.

    Exits with 1 when there is an error, 0 for warnings only. Without names: the shipped lists.
    """
    from modelaudit.check import blocklist
    from modelaudit.check.lint import lint_many
    from modelaudit.cli import errors
    from modelaudit.cli.output import Output
    from modelaudit.report.clean import for_terminal
    from modelaudit.report.words import amount

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    paths = [blocklist.resolve(name) for name in names or blocklist.shipped()]
    problems = lint_many(paths)
    out.data(f"{for_terminal(str(problem))}\n" for problem in problems)
    out.say(f"{amount(len(paths), 'list')}, {amount(len(problems), 'problem')}")
    wrong = any(problem.level == "error" for problem in problems)
    raise typer.Exit(errors.FINDINGS if wrong else errors.OK)
