"""``modelaudit blocklist add``: one more entry in a list of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from modelaudit.cli import options as opt

BUDGET = "256MiB"


def add(
    listing: Annotated[Path, typer.Argument(metavar="LIST", help="The list's file.")],
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL|FILE|URL...",
            help="hf:ORG/NAME, civitai:ID[@VERSION], a model's page, a weight file or a folder; "
            "several are one entry.",
        ),
    ],
    id: Annotated[
        str | None,
        typer.Option("--id", help="Of the entry. Default: LIST-ID/NAME.", show_default=False),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option("--title", help="What people call it. Default: its name.", show_default=False),
    ] = None,
    policy: Annotated[
        Literal["review", "note", "take-down"] | None,
        typer.Option(
            "--policy", help="Strongest verdict. Default: the list's.", show_default=False
        ),
    ] = None,
    relation: Annotated[
        Literal["is", "trained-on", "derived-from", "contains"] | None,
        typer.Option(
            "--relation",
            help="What is claimed. Default: is; with --of: trained-on or derived-from.",
            show_default=False,
        ),
    ] = None,
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--of",
            help="Of what: dataset:OWNER/NAME or an entry's id; repeatable.",
            metavar="X",
            show_default=False,
        ),
    ] = None,
    confidence: Annotated[
        Literal["documented", "declared", "probable", "unverified"] | None,
        typer.Option(
            "--confidence",
            help="How well that is documented. Default: declared with evidence, else unverified.",
            show_default=False,
        ),
    ] = None,
    tainted: Annotated[
        list[str] | None,
        typer.Option(
            "--tainted",
            help="A part whose bytes count, such as unet; repeatable. Default: its main parts.",
            metavar="PART",
            show_default=False,
        ),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence", help="Where the claim can be read.", metavar="URL", show_default=False
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", help="Where in that source it stands.", metavar="TEXT", show_default=False
        ),
    ] = None,
    summary: Annotated[
        str | None,
        typer.Option(
            "--summary",
            help="What the source says, in your own words.",
            metavar="TEXT",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        Literal["primary", "secondary", "tertiary"] | None,
        typer.Option(
            "--kind", help="How near the source is. Default: secondary.", show_default=False
        ),
    ] = None,
    status: Annotated[
        Literal["draft", "active"] | None,
        typer.Option(
            "--status",
            help="A draft never matches. Default: active with evidence.",
            show_default=False,
        ),
    ] = None,
    no_sketch: Annotated[
        bool, typer.Option("--no-sketch", help="Take no sketch of the weights.")
    ] = False,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            help="Only this file of a model, not the model as such.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    budget: opt.ByteBudget = BUDGET,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Append an entry for a model to a list: its names, digests, and a sketch of its weights.

    All else in the list stays as it is. Remote files are read by ranges, never whole.
    Example: modelaudit blocklist add house.yaml hf:ORG/NAME
    """  # fmt: skip
    from datetime import UTC, datetime

    from modelaudit.check.drafting import Stated
    from modelaudit.cli.output import Output
    from modelaudit.cli.session import parse_size
    from modelaudit.crawl.pacing import sleep
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.domain.errors import PlatformError, UsageError
    from modelaudit.domain.reader import ReadError
    from modelaudit.domain.words import Component
    from modelaudit.report.words import amount
    from modelaudit.steps import adding
    from modelaudit.steps.counting import Tally
    from modelaudit.steps.entering import Looking

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    if evidence is None and (where or summary or kind):
        raise UsageError("--where, --summary and --kind describe --evidence", hint="add it")
    if file is not None and len(targets) > 1:
        raise UsageError("--file is for one model", hint="add the others by themselves")
    try:
        parts = tuple(map(Component.parse, tainted or ()))
    except ValueError as error:
        raise UsageError(f"--tainted: {error}") from None
    most = parse_size(budget)
    tally = Tally()
    tally.halted = lambda: f"the budget of {budget} is used up" if tally.bytes >= most else ""
    source = {"url": evidence or "", "kind": kind or "secondary", "where": where or "",
              "summary": summary or ""}  # fmt: skip
    stated = Stated(
        policy=policy or "",
        relation=relation or "",
        of=tuple(of or ()),
        confidence=confidence or "",
        status=status or "",
        evidence=source if evidence is not None else None,
    )
    platforms = open_platforms(offline=offline, wait=sleep)
    looking = Looking(
        platforms=platforms,
        tally=tally,
        offline=offline,
        file=file,
        sketch=not no_sketch,
        tainted=parts,
    )
    try:
        added = adding.add(
            listing, targets, looking, stated,
            id=id, title=title, today=datetime.now(UTC).date(),
        )  # fmt: skip
    except ReadError as error:
        raise PlatformError(str(error)) from None
    finally:
        platforms.close()
    out.data([f"{added.id}\n"])
    known = (
        amount(added.models, "model"), amount(added.files, "digest"),
        amount(len(added.sketches), "sketch", "sketches"),
    )  # fmt: skip
    out.say(f"{listing}: added {added.id}, {added.status}: {', '.join(known)}")
    for remark in added.remarks:
        out.say(remark)
    if added.status == "draft":
        out.hint("a draft never matches: give its evidence, and set status: active")
    else:
        out.hint(f"read it once more: modelaudit blocklist show {listing}")
