"""Files as torch writes them, without torch: pickles by opcode, in both containers."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."


def number(value: int) -> bytes:
    """LONG1: eight bytes, signed."""
    return b"\x8a\x08" + struct.pack("<q", value)


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def found(path: str) -> bytes:
    """A global, its name behind the last dot."""
    module, _, name = path.rpartition(".")
    return f"c{module}\n{name}\n".encode()


def row(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def numbers(*values: int) -> bytes:
    return row(*map(number, values))


def mapping(**items: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def call(path: str, *arguments: bytes) -> bytes:
    return found(path) + row(*arguments) + b"R"


HOOKS = call("collections.OrderedDict")


def storage(
    key: str = "0", elements: int = 6, kind: str = "torch.FloatStorage", *more: bytes
) -> bytes:
    fields = (text("storage"), found(kind), text(key), text("cpu"), number(elements), *more)
    return row(*fields) + b"Q"


def tensor(
    source: bytes, shape: tuple[int, ...], stride: tuple[int, ...], first: int = 0,
    version: str = "_v2", more: tuple[bytes, ...] = (),
) -> bytes:  # fmt: skip
    arguments = (source, number(first), numbers(*shape), numbers(*stride), b"\x89", HOOKS, *more)
    return call(f"torch._utils._rebuild_tensor{version}", *arguments)


MATRIX = tensor(storage(), (2, 3), (3, 1))
"""Two rows of three 32-bit floats: the whole of storage "0"."""


def pickled(body: bytes, protocol: int = 2) -> bytes:
    return bytes([0x80, protocol]) + body + b"."


def legacy(
    body: bytes, storages: dict[str, tuple[int, bytes]] | None = None, **system: bytes
) -> bytes:
    """Five pickles and the storages: by key, how many elements and which bytes."""
    storages = {"0": (6, bytes(range(24)))} if storages is None else storages
    keys = b"](" + b"".join(map(text, storages)) + b"e"
    head = (
        MAGIC + pickled(number(1001)) + pickled(mapping(**system)) + pickled(body) + pickled(keys)
    )
    return head + b"".join(struct.pack("<q", n) + data for n, data in storages.values())


def zipped(
    body: bytes, storages: dict[str, bytes] | None = None, *, root: str = "archive",
    aligned: bool = True, streamed: bool = False, data: int = 0, index: int = 0,
    more: dict[str, bytes] | None = None,
) -> bytes:  # fmt: skip
    """An archive of ``data.pkl`` and the storages; ``data`` and ``index`` are their compression."""
    members = {"data.pkl": pickled(body), "byteorder": b"little", "version": b"3\n"}
    storages = {"0": bytes(range(24))} if storages is None else storages
    members |= {f"data/{key}": raw for key, raw in storages.items()} | (more or {})
    methods = {"data.pkl": index, **{f"data/{key}": data for key in storages}}
    file = io.BytesIO()
    with zipfile.ZipFile(_Stream(file) if streamed else file, "w") as archive:
        for name, raw in members.items():
            entry = zipfile.ZipInfo(f"{root}/{name}")
            entry.compress_type = methods.get(name, zipfile.ZIP_STORED)
            if aligned:
                padding = -(file.tell() + 30 + len(entry.filename) + 4) % 64
                entry.extra = b"FB" + struct.pack("<H", padding) + bytes(padding)
            archive.writestr(entry, raw)
    return file.getvalue()


class _Stream(io.RawIOBase):
    """A file that cannot go back, so that sizes follow the data."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        return self._file.write(data)
