"""``modelaudit``: the command line as a whole. Each command has a file of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from modelaudit import __version__
from modelaudit.cli import (
    audit,
    blocklist,
    check,
    compare,
    config,
    crawl,
    diff,
    explain,
    export,
    inspect,
    plan,
    report,
    resolve,
    review,
    sketch,
)  # fmt: skip
from modelaudit.cli.errors import BUG, PIPE_CLOSED, PipeClosedError, exit_code

if TYPE_CHECKING:
    from modelaudit.cli.output import Output

app = typer.Typer(
    name="modelaudit",
    help="Which of the models hosted on a platform descend from something that should not be "
    "hosted, and how do we know?\n\n"
    "It states lineage and listing, with evidence; a person states the ground.",
    epilog="Start with: modelaudit audit hf:ORG/NAME -o html=report.html",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("audit")(audit.audit)
app.command("crawl")(crawl.crawl)
app.command("resolve")(resolve.resolve)
app.command("check")(check.check)
app.command("report")(report.report)
app.command("explain")(explain.explain)
app.command("diff")(diff.diff)
app.command("inspect")(inspect.inspect)
app.command("sketch")(sketch.sketch)
app.command("compare")(compare.compare)
app.add_typer(blocklist.app, name="blocklist")
app.add_typer(review.app, name="review")
app.add_typer(export.app, name="export")
app.command("plan")(plan.plan)
app.command("config")(config.config)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"modelaudit {__version__}")
        raise typer.Exit


@app.callback()
def _callback(
    context: typer.Context,
    configuration: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Options to use, instead of ./modelaudit.toml.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    from modelaudit.cli import settings

    refuse_strangers()
    loaded = settings.load(settings.find(configuration), context.command)
    context.obj = loaded
    context.default_map = settings.defaults(loaded, context.command)


def main() -> None:
    """Run the command line; every way out has its exit code, no traceback reaches a user."""
    from modelaudit.cli.output import Output, open_streams

    open_streams()
    Output.current = None
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        code = _misused(error)
    except SystemExit as ended:  # how rich leaves when the reader of the help has gone
        code = PIPE_CLOSED if ended.code == 1 else ended.code
    except Exception as error:  # noqa: BLE001 - the last wall between a bug and the user
        _explain(error)
        code = exit_code(error)
    sys.exit(code)


def refuse_strangers() -> None:
    """Say so when another project's distribution shares our import package.

    Two other projects install a package called ``modelaudit``; beside one of them, half of each
    is missing.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    from modelaudit.domain.errors import UsageError

    for name in ("modelaudit", "knowlyr-modelaudit"):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        raise UsageError(
            f"the distribution {name} {found.version} is installed here as well and overwrites "
            "files of this one",
            hint=f"use separate environments, or: pip uninstall {name}, then reinstall this one",
        )


def _misused(error: TyperException) -> int:
    """Tell in a line what the parser refused; without a command, the help was told already."""
    if told := error.format_message():
        context = getattr(error, "ctx", None)
        out = _talk(context)
        out.error(f"error: {' '.join(told.split())}")
        out.error(f"hint: {context.command_path if context else 'modelaudit'} --help")
    return error.exit_code


def _talk(context: typer.Context | None = None) -> Output:
    """How to talk of an error: as the command does, or as its words and settings ask for."""
    from modelaudit.cli import jsonlog
    from modelaudit.cli.output import Output

    asked = jsonlog.asked_for(sys.argv[1:])
    if context is not None and context.lookup_default("log_format") == "json":
        asked = True
    return Output.current or Output(as_json=asked)


def _explain(error: Exception) -> None:
    if isinstance(error, PipeClosedError):
        return
    out = _talk()
    if exit_code(error) != BUG:
        out.error(f"error: {error}")
        if hint := getattr(error, "hint", None):
            out.error(f"hint: {hint}")
        return
    out.error(f"error: this is a bug in modelaudit ({type(error).__name__})")
    out.error(f"hint: please report it with the file {_crash_file(error)}")


def _crash_file(error: Exception) -> str:
    """The traceback without local variables, which may hold tokens."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="modelaudit-crash-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(f"modelaudit {__version__}, Python {sys.version}\n")
        file.writelines(traceback.format_exception(error))
    return file.name
