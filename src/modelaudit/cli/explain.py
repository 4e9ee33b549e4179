"""``modelaudit explain``: why a model is, or is not, among the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelaudit.cli import options as opt

if TYPE_CHECKING:
    from modelaudit.domain.refs import ModelRef


def explain(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="hf:ORG/NAME, civitai:ID@VERSION or a page's URL."),
    ],
    db: opt.Database = opt.DATABASE,
    run: opt.RunId = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Show a model's lineage, each claim with its place, what decided, what would change it.

    Example: modelaudit explain hf:org/name
    """
    from modelaudit.cli.output import Output
    from modelaudit.report.explain import render
    from modelaudit.store.db import reading
    from modelaudit.store.explain import explain as gather
    from modelaudit.store.report import StoredReport
    from modelaudit.store.runs import latest

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    ref = _ref(model)
    with reading(db) as connection:
        report = StoredReport(connection, latest(connection, run))
        out.data(render(gather(connection, ref, report)))


def _ref(text: str) -> ModelRef:
    """The model that was meant: a reference, or the URL of a page."""
    from modelaudit.crawl.sources import parse_source
    from modelaudit.domain import refs
    from modelaudit.domain.errors import UsageError

    if "://" in text:
        source = parse_source(text)[0]
        if source.kind != "model":
            raise UsageError(f"{text} is not the page of a model")
        text = source.text
    try:
        return refs.parse(text)
    except ValueError as error:
        raise UsageError(str(error), hint="for example hf:org/name") from None
