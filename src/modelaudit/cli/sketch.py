"""``modelaudit sketch``: what other models' weights are compared with, in one small file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelaudit.cli import options as opt
from modelaudit.domain import refs

if TYPE_CHECKING:
    from modelaudit.steps.targets import Target


def sketch(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|URL|MODEL", help="A weight file, a model's folder, or hf:ORG/NAME."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Where to write it. Default: NAME.sketch here.",
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    sha256: Annotated[
        bool,
        typer.Option("--sha256", help="Note the file's digest as well: reads all of a local file."),
    ] = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    log_format: opt.LogFormatOption = opt.LogFormat.text,
    no_progress: opt.NoProgress = False,
    offline: opt.Offline = False,
) -> None:
    """Take a sketch of a model's weights: a block of every matrix, for lists and for compare.

    Reads a few kilobytes of each matrix; nothing is executed.
    Example: modelaudit sketch model.safetensors -o base.sketch
    """
    from modelaudit.cli.output import Output
    from modelaudit.crawl.pacing import sleep
    from modelaudit.crawl.registry import open_platforms
    from modelaudit.domain.errors import PlatformError, UsageError
    from modelaudit.domain.reader import ReadError
    from modelaudit.report import comparison as report
    from modelaudit.report.reporter import write
    from modelaudit.resolve.weights.sketchfile import dumps
    from modelaudit.steps.parts import find_parts
    from modelaudit.steps.sketching import sketch_of, with_sha256

    out = Output(quiet=quiet, verbose=verbose, as_json=log_format is opt.LogFormat.json)
    platforms = open_platforms(offline=offline, wait=sleep)
    try:
        parts = find_parts(target, platforms, offline=offline)
        made = sketch_of(parts, every=True, as_it_is=True)
        if sha256:
            made = with_sha256(made, parts)
    except ReadError as error:
        raise PlatformError(f"{target}: {error}") from None
    finally:
        platforms.close()
    if output is not None and str(output) == "-":
        raise UsageError("a sketch is written to a file", hint="name it: -o NAME.sketch")
    if not made.blocks:
        why = f": {made.notes[0]}" if made.notes else ""
        raise UsageError(f"{target} holds no matrix that can be compared{why}")
    path = output or Path(f"{_name(parts[0])}.sketch")
    if output is None and path.exists():
        raise UsageError(f"{path} is there already", hint="name another place with -o")
    write(path, [dumps(made)])
    if not quiet:
        out.data(report.render_sketch(made, path))


def _name(part: Target) -> str:
    """What to call a model's sketch: its file, or the model where that has several."""
    if len(part.paths) == 1 and part.model.startswith("folder:"):
        return Path(part.paths[0]).stem
    return refs.local(part.model).strip("./").rpartition("/")[2].replace("@", "-") or "model"
