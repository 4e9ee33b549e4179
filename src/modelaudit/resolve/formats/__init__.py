"""Weight-file headers: bytes in, header out; one file per format, each found by being here.

A format is a module with four names, nothing to register:

    name = "gguf"                        # as reports spell it
    suffixes = (".gguf",)                # lower case; used only where the bytes do not tell
    def recognises(head): ...            # True for the first 64 bytes of such a file
    def read_header(reader): ...         # Header; raises FormatError, and what the reader raises

``recognises`` goes by magic bytes where there are any: names are chosen by strangers.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Final, Protocol, cast

from modelaudit.domain.reader import Reader
from modelaudit.domain.weights import Header
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.window import Window

HEAD: Final = 64
"""Bytes that a format is recognised by."""

_HELPERS = frozenset({"errors", "warnings", "window"})


class Format(Protocol):
    """One kind of weight file."""

    name: str
    suffixes: tuple[str, ...]

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins so is of this format."""

    def read_header(self, reader: Reader) -> Header:
        """The header; raises ``FormatError``."""


@cache
def formats() -> tuple[Format, ...]:
    """Every format, sorted by name."""
    found = [
        cast(Format, importlib.import_module(f"{__name__}.{module.name}"))
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_") and module.name not in _HELPERS
    ]
    return tuple(sorted(found, key=lambda kind: kind.name))


@cache
def suffixes() -> tuple[str, ...]:
    """How the names of files end whose headers can be read."""
    return tuple(sorted(suffix for kind in formats() for suffix in kind.suffixes))


def read_header(reader: Reader, name: str = "") -> Header:
    """The header of a file of any format; ``name`` counts only where its bytes do not tell.

    Raises ``FormatError``; what ``reader`` raises passes through.
    """
    window = Window(reader)
    return format_of(window.read(0, HEAD), name).read_header(window)


def format_of(head: bytes, name: str = "") -> Format:
    """The format that a file's first bytes, else its name, tell."""
    for kind in formats():
        if kind.recognises(head):
            return kind
    for kind in formats():
        if name.lower().endswith(kind.suffixes):
            return kind
    raise FormatError("unknown_format", "the file is of no weight format known here")
