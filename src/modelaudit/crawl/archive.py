"""The archive: what platforms sent, line by line, in append-only zstd files beside the database.

A line is ``{"platform","kind","url","status","at","sha256","record"}`` with ``sha256`` the digest
of the record's JSON text as it stands there; ``removed`` names image fields that were left out.
Each batch of lines is one zstd frame (RFC 8878), so that a file can be cut between batches.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from modelaudit.domain.errors import StoreError
from modelaudit.domain.model import Received
from modelaudit.domain.times import format_time

LINES_PER_FILE = 100_000

_LEVEL = 3
_NAME = re.compile(r"\d{6}\.jsonl\.zst\Z", re.ASCII)
_TOKEN = re.compile(r"(\d{6}\.jsonl\.zst):(\d{1,15}):(\d{1,9})\Z", re.ASCII)


class Line(msgspec.Struct, gc=False, omit_defaults=True):
    """One archived answer."""

    platform: str
    kind: str
    url: str
    status: int
    at: str | None
    sha256: str
    record: msgspec.Raw
    removed: tuple[str, ...] = ()


def line(received: Received) -> Line:
    """What the archive keeps of one answer."""
    text, removed = _without_images(_json_text(received.record))
    return Line(
        platform=received.platform,
        kind=received.kind,
        url=received.url,
        status=received.status,
        at=format_time(received.at),
        sha256=hashlib.sha256(text).hexdigest(),
        record=msgspec.Raw(text),
        removed=removed,
    )


class ArchiveWriter:
    """Appends batches to the newest file of a folder; its ``offset`` commits with the cursor.

    Commit ``offset`` once before the first batch and after every batch; a resumed run gives the
    committed one to ``truncate``, and the archive holds what the database holds, no more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._out: int | None = None
        self._name = self._next_name()
        self._size = 0
        self._lines = 0

    @property
    def offset(self) -> str:
        """``FILE:BYTES:LINES``, where the next batch goes."""
        return f"{self._name}:{self._size}:{self._lines}"

    def append(self, lines: Iterable[Received]) -> None:
        """Write one batch and see it safely to the disk; ``StoreError`` where that fails."""
        import zstandard

        encoded = msgspec.json.Encoder().encode_lines([line(received) for received in lines])
        count = encoded.count(b"\n")
        if not count:
            return
        if self._lines >= LINES_PER_FILE:
            self._begin(self._next_name())
        frame = zstandard.ZstdCompressor(level=_LEVEL).compress(encoded)
        try:
            self._write(frame)
        except OSError as error:
            raise StoreError(
                f"the archive {self._folder} cannot be written: {error.strerror}",
                hint="make room, or go on without it: --no-archive",
            ) from None
        self._size += len(frame)
        self._lines += count

    def truncate(self, to: str | None) -> None:
        """Cut back to a committed offset, later files included.

        Without one, or where the file is gone or shorter than that, a new file begins behind
        what is there: nothing that may be somebody's only copy is deleted on a guess.
        """
        token = _TOKEN.match(to or "")
        if not token:
            self._begin(self._next_name())
            return
        name, size, lines = token[1], int(token[2]), int(token[3])
        for later in self._names():
            if later > name:
                (self._folder / later).unlink()
        path = self._folder / name
        if (path.stat().st_size if path.exists() else 0) < size:
            self._begin(self._next_name())
            return
        if path.exists():
            os.truncate(path, size)
        self._begin(name, size, lines)

    def close(self) -> None:
        """Let go of the file."""
        if self._out is not None:
            os.close(self._out)
            self._out = None

    def _begin(self, name: str, size: int = 0, lines: int = 0) -> None:
        self.close()
        self._name, self._size, self._lines = name, size, lines

    def _write(self, frame: bytes) -> None:
        if self._out is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._out = os.open(self._folder / self._name, flags, 0o600)
        written = 0
        while written < len(frame):
            written += os.write(self._out, memoryview(frame)[written:])
        os.fsync(self._out)

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if _NAME.match(path.name))

    def _next_name(self) -> str:
        last = max(self._names(), default="000000")
        return f"{int(last[:6]) + 1:06}.jsonl.zst"


def mended(text: bytes) -> bytes:
    """JSON that a strict decoder refuses, made strict; ``ValueError`` if it is none at all.

    Bytes that are not UTF-8, escaped half surrogates and NaN are all that servers let through:
    one hostile string must not hide the record that holds it.
    """
    import json

    try:
        value = json.loads(
            text.decode("utf-8", "replace"), parse_constant=lambda _: None, parse_float=_finite
        )
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if abs(number) < float("inf") else None


def _json_text(record: Any) -> bytes:
    """Strict JSON on one line: as received where it is that, mended or quoted where it is not."""
    if not isinstance(record, (bytes, msgspec.Raw)):
        try:
            return msgspec.json.encode(record)
        except UnicodeEncodeError:
            import json

            record = json.dumps(record).encode()
    text = bytes(record)
    if not _is_strict(text):
        try:
            text = mended(text)
        except ValueError:
            return msgspec.json.encode(text.decode("utf-8", "replace"))
    # Strict JSON has no raw line breaks inside strings: these are layout.
    return text.replace(b"\n", b" ").replace(b"\r", b" ")


def _is_strict(text: bytes) -> bool:
    try:
        text.decode()
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _without_images(text: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The record without any ``images`` key, however deep, and what was removed."""
    if b'"images"' not in text:
        return text, ()
    record = msgspec.json.decode(text)
    removed = False
    rest = [record]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            removed |= value.pop("images", None) is not None
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
    return (msgspec.json.encode(record), ("images",)) if removed else (text, ())
