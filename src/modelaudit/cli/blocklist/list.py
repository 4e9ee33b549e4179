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
