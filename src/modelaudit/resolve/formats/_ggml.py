"""ggml's own: types of tensors, and a position in a GGUF file that goes forward only.

Block sizes are those of ggml (github.com/ggml-org/ggml, ggml-common.h).
"""

from __future__ import annotations

import struct
from typing import Any, Final

from modelaudit.domain.reader import Reader
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.window import first_read

MAX_HEADER: Final = 32 << 20
"""Bytes before the tensors' own; the largest tokenizers take some 10 MB."""

_BLOCKS: Final = (0x80000, 0x100000)
"""Bytes of the second read, and of each one after it; the first is the head that is there."""

TYPES: Final = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 30: ("BF16", 1, 2), 28: ("F64", 1, 8),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8),
    2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 22: ("IQ2_S", 256, 82),
    18: ("IQ3_XXS", 256, 98), 21: ("IQ3_S", 256, 110), 19: ("IQ1_S", 256, 50),
    29: ("IQ1_M", 256, 56), 20: ("IQ4_NL", 32, 18), 23: ("IQ4_XS", 256, 136),
    34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip
"""Name, values per block and bytes per block of ggml's types. Without Q8_1, which no file stores
and whose size ggml and its Python package give differently."""


class Cursor:
    """A position that goes forward only, and the block of bytes around it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._block = b""
        self._base = self._at = 0
        self._steps = [_BLOCKS[1], _BLOCKS[0], first_read(reader.size)]
        self._order = "<"
        self._word = struct.Struct("<Q")
        self.arrays = 0
        """Arrays met; each costs time, however few bytes it takes."""

    @property
    def is_big_endian(self) -> bool:
        return self._order == ">"

    @property
    def position(self) -> int:
        return self._base + self._at

    def set_version(self, raw: bytes) -> None:
        """Byte order and width of counts, as the four bytes of the version show them."""
        (version,) = struct.unpack("<I", raw)
        if not version & 0xFFFF:
            self._order = ">"
            (version,) = struct.unpack(">I", raw)
        if version not in (1, 2, 3):
            raise FormatError("unsupported_version", f"GGUF of version {version}")
        self._word = struct.Struct(self._order + ("I" if version == 1 else "Q"))

    def take(self, length: int) -> bytes:
        """The next bytes; no more than a block of them is ever asked for."""
        self._fill(length)
        taken = self._block[self._at : self._at + length]
        self._at += length
        return taken

    def skip(self, length: int) -> None:
        self._check(length)
        self._at += length

    def count(self) -> int:
        (value,) = self._word.unpack(self.take(self._word.size))
        return int(value)

    def numbers(self, code: str, count: int = 1) -> tuple[Any, ...]:
        layout = f"{self._order}{count}{code}"
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def counts(self, count: int) -> tuple[int, ...]:
        return self.numbers(self._word.format[-1:], count)

    def text(self, most: int) -> tuple[str, bool]:
        """A string, and whether it is whole; bytes that are not UTF-8 appear as U+FFFD."""
        length = self.count()
        self._check(length)
        kept = self.take(min(length, most))
        self.skip(length - len(kept))
        return kept.decode("utf-8", "replace"), length <= most

    def skip_strings(self, count: int) -> None:
        size, length = self._word.size, self._word.unpack_from
        self._check(count * size)
        while count:
            self._fill(size)
            block, at, last = self._block, self._at, len(self._block) - size
            while count and at <= last:
                at += size + length(block, at)[0]
                count -= 1
            self._at = at
            self._check(0)

    def _check(self, length: int) -> None:
        end = self.position + length
        if end > self._reader.size:
            raise FormatError("header_past_eof", "the file ends inside its header")
        if end > MAX_HEADER:
            raise FormatError("header_too_large", f"the header is over {MAX_HEADER} bytes")

    def _fill(self, length: int) -> None:
        """Have that many bytes in the block."""
        if self._at + length <= len(self._block):
            return
        self._check(length)
        step = self._steps.pop() if len(self._steps) > 1 else self._steps[0]
        self._base, self._at = self.position, 0
        self._block = self._reader.read(self._base, max(step, length))
        if len(self._block) < length:
            raise FormatError("header_past_eof", "the file ends inside its header")
