"""``modelaudit resolve``: join names and copies, and read single models more closely."""

from __future__ import annotations

from typing import Annotated

import typer

from modelaudit.cli import options as opt


def resolve(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL...]", help="Models to read more closely.", show_default=False
        ),
    ] = None,
    db: opt.Database = opt.DATABASE,
    no_archive: opt.NoArchive = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Join names and equal files over the catalogue; read the models named, if any.

    Example: modelaudit resolve hf:org/name
    """
    from modelaudit.cli.output import Output
    from modelaudit.cli.session import must_exist, working
    from modelaudit.crawl.registry import LIVE
    from modelaudit.domain import refs
    from modelaudit.domain.errors import UsageError
    from modelaudit.report.words import amount
    from modelaudit.steps.budget import Budget
    from modelaudit.steps.intake import DETAILS, Intake
    from modelaudit.steps.linking import link

    out = Output(
        quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json,
        progress=not no_progress,
    )  # fmt: skip
    try:
        wanted = [refs.parse(model) for model in models or ()]
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not wanted:
        must_exist(db)
    archive = bool(wanted) and not no_archive
    with working(out, db, Budget(), offline=offline, archive=archive) as session:
        intake = Intake(session.connection, session.archive, session.progress)
        for name in sorted({refs.platform(ref) for ref in wanted}):
            if name not in LIVE:
                raise UsageError(
                    f"{name}: is no platform that can be asked",
                    hint="files of a folder are read by `modelaudit audit PATH`",
                )
            own = [ref for ref in wanted if refs.platform(ref) == name]
            for page in session.platforms[name].details(own):
                intake.take(page, DETAILS)
        link(intake, session.progress)
        done = session.progress
        out.say(f"{amount(done.claims, 'claim')} changed, {amount(done.gaps, 'gap')}")
