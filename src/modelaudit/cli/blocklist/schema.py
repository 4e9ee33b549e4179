"""``modelaudit blocklist schema``: what an editor needs to check a list as it is written."""

from __future__ import annotations

from modelaudit.cli import options as opt


def schema(
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Print the JSON Schema of blocklists, for editors.

    Example: modelaudit blocklist schema > blocklist.schema.json
    """
    from modelaudit.check.validator import schema_text
    from modelaudit.cli.output import Output

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    out.data([schema_text()])
