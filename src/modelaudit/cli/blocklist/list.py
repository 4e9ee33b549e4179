"""``modelaudit blocklist list``: name the shipped lists."""

from __future__ import annotations

from modelaudit.cli import options as opt


def list_(
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Name the shipped lists: what each lists, how far it can go, and whether it is used unasked.

    At a pipe: TSV.
    """
    from modelaudit.check import blocklist
    from modelaudit.check.verdict import entry_cap
    from modelaudit.cli.output import Output
    from modelaudit.domain.words import Verdict
    from modelaudit.report.listing import overview

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    used = {one.id for one in blocklist.default_lists()}
    lists = []
    for name, path in blocklist.shipped().items():
        loaded = blocklist.load(path)
        lists.append(
            overview.Listed(
                name=name,
                blocklist=loaded,
                strongest=max((entry_cap(e).verdict for e in loaded.entries), default=Verdict.NONE),
                by_default=loaded.id in used,
            )
        )
    if out.on_terminal:
        out.data(overview.table(lists, width=out.width, colour=out.colour))
        out.hint("modelaudit blocklist show LIST   shows its entries and their evidence")
    else:
        out.data(overview.tsv(lists))
