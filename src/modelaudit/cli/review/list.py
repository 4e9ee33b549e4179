"""``modelaudit review list``: name the decisions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelaudit.cli import options as opt

if TYPE_CHECKING:
    from modelaudit.domain.waiver import WaiverUse
    from modelaudit.store.waivers import Stored

_COLUMNS = ("id", "what", "decision", "on", "until", "by", "findings", "state", "reason", "file")


def list_(
    db: opt.Database = opt.DATABASE,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Name every decision ever made, as of today (TSV): active, unused, expired or ended.

    `findings` are the live ones that it covers, whatever audit they are of.
    """
    from modelaudit.cli.output import Output
    from modelaudit.domain.times import format_time
    from modelaudit.domain.waiver import WaiverUse
    from modelaudit.report.clean import for_tsv
    from modelaudit.store.db import reading
    from modelaudit.store.waivers import live_findings, stored

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    today = str(format_time(int(time.time())))[:10]
    rows: list[tuple[str, ...]] = [_COLUMNS]
    with reading(db) as connection:
        for one in stored(connection):
            use = WaiverUse(
                waiver=one.waiver,
                findings=live_findings(connection, one.waiver),
                expired=not one.waiver.holds(today),
            )
            rows.append(_row(one, use))
    out.data("\t".join(for_tsv(cell) for cell in row) + "\n" for row in rows)


def _row(one: Stored, use: WaiverUse) -> tuple[str, ...]:
    waiver = one.waiver
    return (
        str(one.id),
        waiver.rule,
        waiver.decision.value,
        waiver.on,
        waiver.until,
        waiver.by,
        "0" if one.ended is not None else str(use.findings),
        use.state if one.ended is None else "ended",
        waiver.reason if one.ended is None else f"{waiver.reason}; ended: {one.ended_reason}",
        one.file or "",
    )
