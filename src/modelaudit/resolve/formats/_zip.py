"""The central directory of a ZIP file, read by range: what it lists, checked for ambiguity.

Layout: PKWARE's APPNOTE 6.3.9, with the 64-bit records. Members are never trusted to be read
alike by every program: two of one name, or an encrypted one, refuse the whole file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from modelaudit.domain.reader import Reader
from modelaudit.resolve.formats.errors import FormatError

STORED: Final = 0
DEFLATED: Final = 8

MAX_DIRECTORY: Final = 8 << 20
"""Bytes; torch writes some 80 for each tensor."""
MAX_MEMBERS: Final = 60_000

_END: Final = struct.Struct("<4s4H2LH")
_END_MAGIC: Final = b"PK\x05\x06"
_LOCATOR: Final = struct.Struct("<4sLQL")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_ENTRY: Final = struct.Struct("<4s4HL3L5H2L")
_LOCAL: Final = struct.Struct("<4s3HL3L2H")

_TAIL: Final = 0x10000 + _END.size + _LOCATOR.size
"""Bytes that hold the end record and the longest comment behind it."""
_ALIGNMENT: Final = 64
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_DESCRIBED: Final = 0x8
_SHORT: Final = 0xFFFF
_LONG: Final = 0xFFFFFFFF


class Member(NamedTuple):
    """One file in the archive."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    """Bytes in the archive."""
    size: int
    """Bytes of the file itself."""
    header: int
    """Offset of its local header."""


class Directory(NamedTuple):
    """All members, in the order of the directory."""

    members: tuple[Member, ...]
    start: int
    """Its own offset, where the members end."""


def read_directory(reader: Reader) -> Directory:
    """The central directory, by one read of the file's end and one of what lies before that.

    Raises ``FormatError``: ``bad_zip`` or ``header_too_large``.
    """
    count, length, offset = _read_end(reader)
    if length > MAX_DIRECTORY or count > MAX_MEMBERS:
        raise FormatError("header_too_large", f"the archive lists {count} members")
    raw = reader.read(offset, length)
    if len(raw) < length:
        raise _bad("has its directory past its end")
    members = tuple(_members(raw))
    if len(members) != count:
        raise _bad(f"lists {len(members)} members and claims {count}")
    # torch's own reader finds members without regard to case.
    if len({member.name.lower() for member in members}) < count:
        raise _bad("has two members of one name")
    if any(member.flags & _ENCRYPTED for member in members):
        raise _bad("has an encrypted member")
    return Directory(members, offset)


def data_starts(directory: Directory) -> dict[str, int]:
    """Where the bytes of members begin, by name, told by where the next member begins.

    Only a local header tells for sure, at one request each. Without them: a member's bytes end
    where the next header begins, or 16 or 24 bytes before when sizes follow the data. Where that
    makes every member begin at a multiple of 64, as torch has it, the archive is torch's own.
    Else members are believed to begin right behind their headers, and those that do not are
    left out.
    """
    aligned: dict[str, int] = {}
    plain: dict[str, int] = {}
    end = directory.start
    for member in sorted(directory.members, key=lambda member: member.header, reverse=True):
        least = member.header + _LOCAL.size + len(member.name.encode("utf-8", "surrogateescape"))
        for trailer in (0, 16, 24) if member.flags & _DESCRIBED else (0,):
            start = end - trailer - member.packed
            if start == least:
                plain[member.name] = start
            if start >= least and start % _ALIGNMENT == 0:
                aligned[member.name] = start
        end = member.header
    return aligned if len(aligned) == len(directory.members) else plain


def read_member(reader: Reader, member: Member, limit: int) -> bytes:
    """The bytes of one member, at most ``limit``, checked against its local header.

    Raises ``FormatError``: ``bad_zip``, ``unsupported`` or ``header_too_large``.
    """
    if member.size > limit or member.packed > limit:
        raise FormatError("header_too_large", f"the archive's index is over {limit} bytes long")
    head = reader.read(member.header, _LOCAL.size)
    if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
        raise _bad("has no local header where its directory says")
    _, _, flags, method, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
    name = reader.read(member.header + _LOCAL.size, name_length)
    # Sizes that follow the data are 0 here, 64-bit ones all ones.
    unsaid = (_LONG, 0) if flags & _DESCRIBED else (_LONG,)
    if (
        (flags, method) != (member.flags, member.method)
        or _decoded(name) != member.name
        or crc not in (member.crc, *unsaid)
        or packed not in (member.packed, *unsaid)
        or size not in (member.size, *unsaid)
    ):
        raise _bad("has a local header that contradicts its directory")
    start = member.header + _LOCAL.size + name_length + extra_length
    raw = reader.read(start, member.packed)
    if len(raw) < member.packed:
        raise _bad("ends inside its index")
    return _unpacked(raw, member)


def _unpacked(raw: bytes, member: Member) -> bytes:
    if member.method == DEFLATED:
        try:
            # One byte more than it claims to be: never all that a bomb would give.
            raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, member.size + 1)
        except zlib.error:
            raise _bad("has an index that does not inflate") from None
    elif member.method != STORED:
        raise FormatError("unsupported", f"the archive's index has compression {member.method}")
    if len(raw) != member.size:
        raise _bad("has an index of another length than it claims")
    return raw


def _read_end(reader: Reader) -> tuple[int, int, int]:
    """Members, length and offset of the directory."""
    start = max(0, reader.size - _TAIL)
    tail = reader.read(start, reader.size - start)
    at = tail.rfind(_END_MAGIC)
    while at >= 0 and at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") != len(
        tail
    ):
        at = tail.rfind(_END_MAGIC, 0, at)
    if at < 0:
        raise _bad("has no end record")
    _, disk, first_disk, here, count, length, offset, _ = _END.unpack_from(tail, at)
    plain = (disk, first_disk, here, count, length, offset)
    ones = (_SHORT, _SHORT, _SHORT, _SHORT, _LONG, _LONG)
    if at >= _LOCATOR.size and tail[at - _LOCATOR.size : at].startswith(b"PK\x06\x07"):
        _, _, record, _ = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)
        raw = reader.read(record, _END64.size)
        if len(raw) < _END64.size or raw[:4] != b"PK\x06\x06":
            raise _bad("has no 64-bit end record where it says")
        full = _END64.unpack(raw)[4:]
        if any(a not in (b, one) for a, b, one in zip(plain, full, ones, strict=True)):
            raise _bad("has two end records that contradict each other")
        plain = full
    disk, first_disk, here, count, length, offset = plain
    if disk or first_disk or here != count:
        raise _bad("is one part of several")
    if offset + length > start + at:
        raise _bad("has its directory past its end")
    return count, length, offset


def _members(raw: bytes) -> Iterator[Member]:
    at = 0
    while at < len(raw):
        if len(raw) - at < _ENTRY.size or raw[at : at + 4] != b"PK\x01\x02":
            raise _bad("has a broken directory")
        fields = _ENTRY.unpack_from(raw, at)
        _, _, _, flags, method, _, crc, packed, size, n, extra_length, comment, *_, header = fields
        name_end = at + _ENTRY.size + n
        extra = raw[name_end : name_end + extra_length]
        size, packed, header = _widened(extra, size, packed, header)
        name = _decoded(raw[at + _ENTRY.size : name_end])
        at = name_end + extra_length + comment
        if at > len(raw):
            raise _bad("has a broken directory")
        yield Member(name, method, flags, crc, packed, size, header)


def _widened(extra: bytes, *values: int) -> list[int]:
    """The values, those of all ones replaced by the 64-bit ones that the extra field has."""
    wide = b""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            wide = extra[4 : 4 + length]
            break
        extra = extra[4 + length :]
    found: list[int] = []
    for value in values:
        if value == _LONG:
            if len(wide) < 8:
                raise _bad("has a broken directory")
            value, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        found.append(value)
    return found


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _bad(what: str) -> FormatError:
    return FormatError("bad_zip", f"the archive {what}")
