"""``modelaudit blocklist``: look at lists, and lint them."""

from __future__ import annotations

from typing import Annotated

import typer

from modelaudit.cli import options as opt

app = typer.Typer(help="Look at blocklists, and check that they are right.", no_args_is_help=True)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME|PATH...]", help="Shipped lists by name, or files.",
                   show_default=False),
]  # fmt: skip


@app.command("list")
def list_(
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Name the shipped lists: id, kind, version, entries, sha256, title (TSV)."""
    from modelaudit.check import blocklist
    from modelaudit.cli.output import Output
    from modelaudit.report.clean import for_tsv

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    rows = [("name", "kind", "version", "entries", "sha256", "title")]
    for name, path in blocklist.shipped().items():
        loaded = blocklist.load(path)
        rows.append((name, loaded.kind.value, loaded.version, str(len(loaded.entries)),
                     loaded.sha256[:12], loaded.title))  # fmt: skip
    out.data("\t".join(for_tsv(cell) for cell in row) + "\n" for row in rows)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A list.")],
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Show a list's entries: what is listed, why, and where that can be read."""
    from modelaudit.check import blocklist
    from modelaudit.cli.output import Output
    from modelaudit.report.listing import render

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    out.data(render(blocklist.load(blocklist.resolve(name))))


@app.command("lint")
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
