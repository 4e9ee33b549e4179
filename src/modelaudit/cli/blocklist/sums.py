"""``modelaudit blocklist sums``: digests of a folder of lists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelaudit.cli import options as opt


def sums(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of lists.")],
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Print the sha256 of every list and sketch below a folder, as sha256sum --check reads it.

    Example: modelaudit blocklist sums lists > SHA256SUMS
    """
    from modelaudit.check import blocklist
    from modelaudit.cli.output import Output
    from modelaudit.domain.errors import UsageError

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    try:
        text = blocklist.sums(folder)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from None
    if not text:
        raise UsageError(f"no lists (*.yaml) lie in {folder}")
    out.data([text])
