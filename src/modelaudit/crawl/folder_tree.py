"""What lies below one folder, by names that can be stored; nothing outside of it is opened.

A name on disk is bytes. It is told as text: a byte that is no UTF-8 as ``\\xe9``, and a backslash
as two, so that no two names are told alike. All other names are told as they are.

The walk goes through fsspec (https://filesystem-spec.readthedocs.io), so that another file system
is another argument.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from modelaudit.crawl.hub_files import is_weights
from modelaudit.domain.reader import ReadError
from modelaudit.domain.words import GapReason

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Entry = Mapping[str, Any]
"""What fsspec says of a file: ``size``, ``mtime``, ``created``, ``ino`` …"""

LEADS_OUT: Final = "a link out of the folder"
DEEPEST: Final = 100
"""Folders in folders."""

_UNTOLD = re.compile("[\\\\\udc80-\udcff]")
_TOLD = re.compile(r"\\(?:\\|x([89a-f][0-9a-f]))")
_BYTE: Final = 0xDC00
"""Where Python's surrogateescape puts the bytes that are no text."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies directly in one folder, by name."""

    names: frozenset[str]
    weights: dict[str, Entry | str] = field(default_factory=dict)
    """Weight files, or why one cannot be read."""
    folders: list[str] = field(default_factory=list)
    """Without links: what one within the tree leads to is met in its place."""
    away: list[str] = field(default_factory=list)
    """Links to folders outside."""


class Tree:
    """The files below a folder; ``ReadError`` says what cannot be had, and why."""

    def __init__(self, fs: AbstractFileSystem, root: str) -> None:
        self._fs = fs
        self._root = posixpath.realpath(root)

    def is_there(self) -> bool:
        """Whether there is a folder to look at."""
        return bool(self._fs.isdir(self._root))

    def is_folder(self, path: str) -> bool:
        """Whether a folder lies there; ``ReadError`` of reason GONE where nothing does."""
        try:
            return bool(self._fs.info(self.real(path))["type"] == "directory")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ReadError(_reason(error), GapReason.GONE) from None
        except OSError as error:
            raise ReadError(_reason(error)) from None

    def real(self, path: str) -> str:
        """Where a path from the root leads on disk, behind all links."""
        real = posixpath.realpath(posixpath.join(self._root, named(path)))
        if real != self._root and not real.startswith(self._root.rstrip("/") + "/"):
            raise ReadError("it leads out of the folder")
        return real

    def look(self, below: str) -> Contents:
        """What lies in a folder."""
        if below.count("/") >= DEEPEST:
            raise ReadError("nested too deeply")
        try:
            entries = self._fs.ls(self.real(below), detail=True)
        except OSError as error:
            raise ReadError(_reason(error)) from None
        here = {told(entry["name"].rpartition("/")[2]): entry for entry in entries}
        contents = Contents(names=frozenset(here))
        for name, entry in sorted(here.items()):
            path = join(below, name)
            if entry["type"] == "directory":
                contents.folders.append(name)
            elif entry["islink"] and self._fs.isdir(entry["name"]):
                if self._behind(path) == LEADS_OUT:
                    contents.away.append(name)
            elif is_weights(name):
                contents.weights[name] = self._behind(path) if entry["islink"] else _file(entry)
        return contents

    def text(self, path: str, longest: int) -> bytes | None:
        """A small file; ``None`` where there is none."""
        real = self.real(path)
        if not self._fs.isfile(real):
            return None
        try:
            raw: bytes = self._fs.cat_file(real, start=0, end=longest + 1)
        except OSError as error:
            raise ReadError(_reason(error)) from None
        if len(raw) > longest:
            raise ReadError(f"longer than {longest} bytes", GapReason.TOO_LARGE)
        return raw

    def _behind(self, path: str) -> Entry | str:
        """The file that a link leads to, or why it cannot be read."""
        try:
            return _file(self._fs.info(self.real(path)))
        except ReadError:
            return LEADS_OUT
        except OSError as error:
            return _reason(error)


def told(name: str) -> str:
    """A name on disk as text that can be stored."""
    return _UNTOLD.sub(
        lambda found: "\\\\" if found[0] == "\\" else f"\\x{ord(found[0]) - _BYTE:02x}", name
    )


def named(text: str) -> str:
    """The name on disk that was told so, of a whole path as well."""
    return _TOLD.sub(lambda found: chr(_BYTE + int(found[1], 16)) if found[1] else "\\", text)


def join(below: str, name: str) -> str:
    """A path from the root; the root itself is the empty one."""
    return f"{below}/{name}" if below else name


def _file(entry: Entry) -> Entry | str:
    return entry if entry["type"] == "file" else "no regular file"


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
