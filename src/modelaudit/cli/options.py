"""Options that several commands share, with their help texts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Standard(StrEnum):
    """The standard of proof."""

    measured = "measured"
    recorded = "recorded"
    declared = "declared"
    hinted = "hinted"


class Depth(StrEnum):
    """How deep to read."""

    metadata = "metadata"
    headers = "headers"
    weights = "weights"


class FailOn(StrEnum):
    """From where on findings make the exit code 1."""

    none = "none"
    new = "new"
    note = "note"
    review = "review"
    take_down = "take-down"


class LogFormat(StrEnum):
    """How stderr talks."""

    text = "text"
    json = "json"


Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="hf:, hf:AUTHOR, hf:ORG/NAME, hf:descendants-of/ORG/NAME, civitai:, "
        "civitai:ID[@VERSION], civitai:USER, a folder, catalogue:FILE, hub-stats:FILE, "
        "a page's URL, or @FILE.",
        show_default=False,
    ),
]
Database = Annotated[Path, typer.Option("--db", help="The audit database.", metavar="FILE")]
Blocklists = Annotated[
    list[str] | None,
    typer.Option(
        "--blocklist",
        help="A shipped list's name or a file; repeatable. Default: the shipped lists.",
        metavar="NAME|PATH",
        show_default=False,
    ),
]
Waivers = Annotated[
    Path | None,
    typer.Option(
        "--waivers",
        help="Decisions not to act, a waivers.toml: see docs/reference/waivers.md.",
        metavar="PATH",
        show_default=False,
    ),
]
StandardOfProof = Annotated[
    Standard,
    typer.Option("--standard", help="Weakest evidence that may recommend a take-down."),
]
ReadDepth = Annotated[
    Depth | None,
    typer.Option(
        "--read", help="How deep to read. Default: metadata; folders: headers.", show_default=False
    ),
]
ByteBudget = Annotated[
    str, typer.Option("--budget", help="Most bytes of weight files read.", metavar="SIZE")
]
MaxRequests = Annotated[
    int, typer.Option("--max-requests", help="Most calls about single models.", min=0)
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", help="Models per source.", min=1, metavar="N", show_default=False),
]
Sweep = Annotated[
    int,
    typer.Option(
        "--sweep", help="Days between full sweeps of a platform's list; 0: each time.",
        min=0, metavar="DAYS",
    ),
]  # fmt: skip
Deadline = Annotated[
    str | None,
    typer.Option(
        "--deadline", help="End after this long, such as 5h or 90m, with everything saved.",
        metavar="TIME", show_default=False,
    ),
]  # fmt: skip
NoArchive = Annotated[
    bool, typer.Option("--no-archive", help="Do not keep what was received at <db>.archive/.")
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--output",
        help="table, tsv, json, jsonl, csv, markdown or html, to a file or to stdout; repeatable.",
        metavar="FORMAT[=PATH]",
        show_default=False,
    ),
]
ReportDir = Annotated[
    Path | None,
    typer.Option(
        "--report-dir",
        help="Keep a folder of reports for each run here; see docs/guide/nightly.md.",
        metavar="DIR",
        show_default=False,
    ),
]
Keep = Annotated[int, typer.Option("--keep", help="Reports kept in --report-dir.", min=1)]
FailOnOption = Annotated[
    FailOn, typer.Option("--fail-on", help="Exit with 1 for findings at or above this.")
]
MaxGaps = Annotated[
    int | None,
    typer.Option(
        "--max-gaps", help="Exit with 3 above so many gaps.", min=0, metavar="N",
        show_default=False,
    ),
]  # fmt: skip
RunId = Annotated[
    str | None,
    typer.Option("--run", help="A run's id; default: the latest.", metavar="ID",
                 show_default=False),
]  # fmt: skip
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing when all is well.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]
LogFormatOption = Annotated[LogFormat, typer.Option("--log-format", help="How stderr talks.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress line.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never touch the network.")]

DATABASE = Path("audit.db")
