"""Lines of recorded catalogues: JSON Lines, plain, gzip (RFC 1952) or zstd (RFC 8878)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from modelaudit.domain.model import Gap
from modelaudit.domain.words import GapReason

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")

MAX_LINE = 64 * 2**20
"""Longest line read, in bytes; the largest list record seen is far below one megabyte."""

_CHUNK = 2**18
_ZSTD_CHUNK = 2**10
"""Bytes of zstd input at a time: one frame may unfold to 30,000 times its size."""


class Line(NamedTuple):
    """One line as it stands in a file, or why the file cannot be read from here on."""

    file: Path
    number: int
    text: bytes | Gap
    written: int
    """When the file was last changed, UTC seconds."""


def catalogue_files(path: Path) -> list[Path]:
    """The file itself, or the catalogues in a folder, sorted by name."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.name.endswith(SUFFIXES))


def read_lines(path: Path, after: tuple[str, int] = ("", 0)) -> Iterator[Line]:
    """The lines behind (file name, line number), blank ones left out.

    A line too long is a gap; a damaged or torn file gives its whole lines and then a gap, and
    the other files go on.
    """
    for file in catalogue_files(path):
        skip = after[1] if file.name == after[0] else 0
        if file.name >= after[0]:
            yield from _lines_of(file, skip)


def _lines_of(file: Path, skip: int) -> Iterator[Line]:
    number = written = 0
    try:
        written = int(file.stat().st_mtime)
        for text in _split(_chunks(file)):
            number += 1
            if number <= skip:
                continue
            if text is None:
                detail = f"{file.name}:{number}: line longer than {MAX_LINE // 2**20} MiB"
                yield Line(file, number, _gap(GapReason.TOO_LARGE, detail, file), written)
            elif text and not text.isspace():
                yield Line(file, number, text, written)
    except (OSError, EOFError, zlib.error, _TornError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        detail = f"{file.name}: not readable after line {number}: {reason}"
        yield Line(file, number + 1, _gap(GapReason.UNREADABLE, detail, file), written)


def _gap(reason: GapReason, detail: str, file: Path) -> Gap:
    return Gap(reason=reason, detail=detail[:512], file=file.name)


def _split(chunks: Iterator[bytes]) -> Iterator[bytes | None]:
    """Lines of a stream of small chunks; ``None`` for one that is longer than ``MAX_LINE``."""
    parts: list[bytes] = []
    held = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        if held <= MAX_LINE:
            parts.append(first)
        held += len(first)
        if not others:
            if held > MAX_LINE:
                parts.clear()
            continue
        yield b"".join(parts) if held <= MAX_LINE else None
        *whole, last = others
        yield from whole
        parts, held = [last], len(last)
    if held:
        yield b"".join(parts) if held <= MAX_LINE else None


def _chunks(file: Path) -> Iterator[bytes]:
    if file.name.endswith(".zst"):
        return _zstd_chunks(file)
    return _plain_chunks(file)


def _plain_chunks(file: Path) -> Iterator[bytes]:
    import gzip

    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


class _TornError(Exception):
    """A zstd frame is damaged, or the file ends inside one."""


def _zstd_chunks(file: Path) -> Iterator[bytes]:
    """Frame by frame; ``stream_reader`` would take a torn last frame for the end of the file."""
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
    frame = None
    with file.open("rb") as stream:
        while chunk := stream.read(_ZSTD_CHUNK):
            while chunk:
                frame = frame or decompressor.decompressobj()
                try:
                    unfolded = frame.decompress(chunk)
                except zstandard.ZstdError as error:
                    raise _TornError(str(error)) from None
                for start in range(0, len(unfolded), _CHUNK):
                    yield unfolded[start : start + _CHUNK]
                chunk = frame.unused_data
                if frame.eof:
                    frame = None
    if frame is not None:
        raise _TornError("it ends inside a zstd frame")
