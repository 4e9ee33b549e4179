"""PyTorch archives: tensors and where they lie; archives broken, hostile, or of something else."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.weights import Header, Tensor
from modelaudit.domain.words import GapReason
from modelaudit.resolve import formats
from modelaudit.resolve.formats._zip import MAX_MEMBERS
from modelaudit.resolve.formats.errors import FormatError
from tests.readers import Bytes
from tests.resolve.formats.torch_files import (
    MATRIX,
    call,
    found,
    mapping,
    number,
    pickled,
    storage,
    tensor,
    text,
    zipped,
)

BODY = mapping(state_dict=mapping(w=MATRIX), global_step=number(840_000))
MARK = b"\x5a" * 24
"""The bytes of storage "0", to be found in the file."""


def read_header(raw: bytes, name: str = "m.ckpt") -> Header:
    return formats.read_header(Bytes(raw), name)


def codes(header: Header) -> list[str]:
    return [warning.partition(":")[0] for warning in header.warnings]


def archive(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members of one name
        for name, raw in members.items():
            written.writestr(name.rstrip("*"), raw)
    return file.getvalue()


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("index", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_checkpoint_is_listed(aligned: bool, streamed: bool, index: int) -> None:
    raw = zipped(BODY, {"0": MARK}, aligned=aligned, streamed=streamed, index=index)
    header = read_header(raw)
    assert header.format == "torch-zip"
    assert header.tensors == (Tensor("state_dict.w", "F32", (2, 3), raw.index(MARK), 24),)
    assert header.metadata == {
        "global_step": 840_000,
        "globals": [
            "collections.OrderedDict",
            "torch.FloatStorage",
            "torch._utils._rebuild_tensor_v2",
        ],
    }
    assert header.warnings == ()


@pytest.mark.parametrize("streamed", [True, False])
def test_tensors_of_many_storages_have_their_offsets(streamed: bool) -> None:
    sizes = [1, 2, 15, 16, 17, 0, 100, 3000]
    body = mapping(**{f"t{i}": tensor(storage(str(i), n), (n,), (1,)) for i, n in enumerate(sizes)})
    marks = {str(i): bytes([i + 1]) * 4 * n for i, n in enumerate(sizes)}
    raw = zipped(body, marks, streamed=streamed)
    for each, mark in zip(read_header(raw).tensors, marks.values(), strict=True):
        assert each.offset is not None
        assert raw[each.offset : each.offset + each.bytes] == mark
        assert each.offset % 64 == 0


def test_a_torchscript_archive_is_listed() -> None:
    module = found("__torch__.m.Net") + b")\x81" + mapping(weight=MATRIX) + b"b"
    extra = {"code/__torch__/m.py": b"class", "constants.pkl": b"\x80\x02).", "constants/0": b""}
    header = read_header(zipped(module, more=extra), "m.jit")
    assert [each.name for each in header.tensors] == ["weight"]
    assert header.warnings == ()


def test_a_payload_is_listed_and_never_run() -> None:
    header = read_header(zipped(mapping(w=MATRIX, x=call("os.system", text("exit 1")))))
    assert [each.name for each in header.tensors] == ["w"]
    assert header.warnings == ("suspicious_globals: os.system",)


@pytest.mark.parametrize(
    ("raw", "warning", "offset"),
    [
        (zipped(BODY, data=zipfile.ZIP_DEFLATED), "compressed_storage", False),
        (zipped(BODY, {}), "bad_storage", False),
        (zipped(BODY, {"0": bytes(23)}), "bad_storage", False),
        (zipped(BODY, {"0": MARK}, more={"readme": b""}), "foreign_member", True),
        (zipped(BODY, {"0": MARK}, more={"data/../../x": b""}), "foreign_member", True),
        (zipped(BODY, {"0": MARK}).replace(b"little", b"bigger"), None, True),
        (zipped(BODY, {"0": MARK}, more={"byteorder": b"big"}), "big_endian", True),
    ],
)
def test_an_odd_archive_is_listed_with_warnings(
    raw: bytes, warning: str | None, offset: bool
) -> None:
    header = read_header(raw)
    assert [each.name for each in header.tensors] == ["state_dict.w"]
    assert (header.tensors[0].offset is not None) == offset
    expected = [warning] if warning else []
    assert codes(header) == expected + ([] if offset else ["unplaced_tensor"])


@pytest.mark.parametrize("name", ["home/bob/w.bin", "C:\\Users\\bob\\w.bin", "/home/bob"])
def test_a_path_in_an_archive_is_not_told(name: str) -> None:
    header = read_header(zipped(BODY, {"0": MARK}, more={name: b""}))
    assert header.warnings == ("foreign_member: a name that is not plain",)
    header = read_header(zipped(BODY, {"0": MARK}, more={"readme": b""}))
    assert header.warnings == ("foreign_member: 'readme'",)


def test_a_wrong_checksum_is_told() -> None:
    raw = zipped(BODY, {"0": MARK}).replace(b"state_dict", b"state_cict")
    header = read_header(raw)
    assert [each.name for each in header.tensors] == ["state_cict.w"]
    assert codes(header) == ["wrong_crc"]


def test_storages_that_do_not_lie_where_torch_puts_them_have_no_offset() -> None:
    raw = zipped(BODY, {"0": MARK}, aligned=False)
    # Bytes between the last member and the directory: nothing tells where the member begins.
    at = raw.index(b"PK\x01\x02")
    end = raw.rindex(b"PK\x05\x06")
    (start,) = struct.unpack_from("<I", raw, end + 16)
    moved = (
        raw[:at] + bytes(5) + raw[at : end + 16] + struct.pack("<I", start + 5) + raw[end + 20 :]
    )
    header = read_header(moved)
    assert [each.offset for each in header.tensors] == [None]
    assert codes(header) == ["unplaced_tensor"]


GOOD = {"a/data.pkl": pickled(BODY), "a/data/0": MARK}


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"word/document.xml": b"", "[Content_Types].xml": b""},
        {"arr_0.npy": b""},
        {"model.weights.h5": b"", "config.json": b""},
        {"data.pkl": pickled(BODY)},
        {"a/b/data.pkl": pickled(BODY)},
        {"a/data.pkl.bak": pickled(BODY)},
    ],
)
def test_an_archive_of_something_else_says_so(members: dict[str, bytes]) -> None:
    raw = archive({"x": b"", **members})
    with pytest.raises(FormatError) as failed:
        read_header(raw)
    assert failed.value.code == "not_torch"
    assert failed.value.reason is GapReason.UNREADABLE


def patched(raw: bytes, magic: bytes, at: int, value: bytes) -> bytes:
    """The file with other bytes in the first record that begins with ``magic``."""
    start = raw.index(magic) + at
    return raw[:start] + value + raw[start + len(value) :]


LOCAL, ENTRY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
FILE = archive(GOOD)


@pytest.mark.parametrize(
    "raw",
    [
        archive({**GOOD, "a/data.pkl*": b""}),  # two members of one name
        archive({**GOOD, "a/DATA/0": b""}),  # and for torch, these are as well
        archive({**GOOD, "b/data.pkl": b""}),
        patched(FILE, ENTRY, 8, b"\x01\x00"),  # encrypted
        patched(FILE, ENTRY, 8, b"\x00\x20"),
        patched(FILE, LOCAL, 6, b"\x01\x00"),
        patched(FILE, LOCAL, 8, b"\x08\x00"),  # the local header contradicts
        patched(FILE, LOCAL, 14, b"\x00"),
        patched(FILE, LOCAL, 18, b"\x00"),
        patched(FILE, LOCAL, 22, b"\x00"),
        patched(FILE, LOCAL, 30, b"b"),
        patched(FILE, LOCAL, 26, b"\x09\x00"),
        patched(FILE, ENTRY, 42, b"\x01"),  # no local header there
        patched(FILE, ENTRY, 42, b"\x00\x00\x00\x7f"),
        patched(FILE, ENTRY, 42, b"\xff" * 4),  # a 64-bit offset that is not given
        patched(FILE, ENTRY, 0, b"XX"),
        patched(FILE, ENTRY, 28, b"\xff\xff"),
        patched(FILE, END, 4, b"\x01"),  # one disk of several
        patched(FILE, END, 8, b"\x03\x00\x03\x00"),  # more members than there are
        patched(FILE, END, 12, b"\xff\xff"),
        patched(FILE, END, 16, b"\xff\xff\xff\x7f"),
        patched(FILE, END, 20, b"\x05"),  # a comment that is not there
        FILE[:-1],
        FILE[:40],
        FILE + b"\x00",
        LOCAL,
    ],
)
def test_a_broken_archive_says_so(raw: bytes) -> None:
    with pytest.raises(FormatError) as failed:
        read_header(raw)
    assert failed.value.code == "bad_zip"
    assert failed.value.reason is GapReason.UNREADABLE
    assert "\n" not in str(failed.value)


def test_a_comment_that_imitates_the_end_is_passed_over() -> None:
    comment = END + bytes(18) + b"!"
    raw = FILE[:-2] + struct.pack("<H", len(comment)) + comment
    assert [each.name for each in read_header(raw).tensors] == ["state_dict.w"]


def sixty_four(raw: bytes, **changes: int) -> bytes:
    """The file with 64-bit end records, as torch writes them."""
    end = raw.rindex(END)
    count, length, start = struct.unpack_from("<HLL", raw, end + 10)
    values = {"count": count, "length": length, "start": start, "record": end, **changes}
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, values["count"],
                         values["count"], values["length"], values["start"])  # fmt: skip
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, values["record"], 1)
    return raw[:end] + record + locator + raw[end:]


def test_the_64_bit_records_of_large_files_are_read() -> None:
    end = FILE.rindex(END)
    unsaid = FILE[: end + 8] + b"\xff" * 12 + FILE[end + 20 :]
    assert read_header(sixty_four(FILE)).tensors == read_header(FILE).tensors
    raw = sixty_four(FILE)
    at = raw.rindex(END)
    assert read_header(raw[: at + 8] + unsaid[end + 8 :]).tensors == read_header(FILE).tensors


@pytest.mark.parametrize(
    "changes", [{"count": 1}, {"length": 5}, {"start": 7}, {"record": 0}, {"record": 2**63}]
)
def test_64_bit_records_that_contradict_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(FormatError) as failed:
        read_header(sixty_four(FILE, **changes))
    assert failed.value.code == "bad_zip"


def test_a_member_with_64_bit_fields_is_found() -> None:
    entry, end = FILE.index(ENTRY), FILE.rindex(END)
    name = entry + 46 + len("a/data.pkl")
    packed, size = struct.unpack_from("<LL", FILE, entry + 20)
    (length,) = struct.unpack_from("<L", FILE, end + 12)
    # A field of another kind first, then the sizes and the offset in the order of the format.
    extra = struct.pack("<HHBHHQQQ", 9, 1, 0, 1, 24, size, packed, 0)
    wide = (
        FILE[: entry + 20]
        + b"\xff" * 8
        + FILE[entry + 28 : entry + 30]
        + struct.pack("<H", len(extra))
        + FILE[entry + 32 : entry + 42]
        + b"\xff" * 4
        + FILE[entry + 46 : name]
        + extra
        + FILE[name : end + 12]
        + struct.pack("<L", length + len(extra))
        + FILE[end + 16 :]
    )
    assert read_header(wide).tensors == read_header(FILE).tensors


def test_a_bomb_is_inflated_no_further_than_it_claims() -> None:
    bomb = zipped(text("a" * 50_000_000), index=zipfile.ZIP_DEFLATED)
    with pytest.raises(FormatError) as failed:
        read_header(bomb)
    assert (failed.value.code, failed.value.reason) == ("header_too_large", GapReason.TOO_LARGE)
    # It claims 20 bytes, and would give 50 million.
    liar = bytearray(bomb)
    for magic, at in ((LOCAL, 22), (ENTRY, 24)):
        start = liar.index(magic) + at
        liar[start : start + 4] = struct.pack("<I", 20)
    with pytest.raises(FormatError) as failed:
        read_header(bytes(liar))
    assert failed.value.code == "bad_zip"


def test_a_pickle_that_does_not_inflate_is_broken() -> None:
    raw = zipped(BODY, index=zipfile.ZIP_DEFLATED, aligned=False)
    start = raw.index(b"data.pkl") + len("data.pkl")
    with pytest.raises(FormatError) as failed:
        read_header(raw[:start] + b"\xff" * 8 + raw[start + 8 :])
    assert failed.value.code == "bad_zip"


def test_another_compression_is_unsupported() -> None:
    with pytest.raises(FormatError) as failed:
        read_header(zipped(BODY, index=zipfile.ZIP_BZIP2))
    assert failed.value.code == "unsupported"


@pytest.mark.parametrize(("body", "code"), [(b"", "bad_pickle"), (b"]" * 400_001, "pickle_limit")])
def test_a_bad_pickle_inside_says_why(body: bytes, code: str) -> None:
    with pytest.raises(FormatError) as failed:
        read_header(zipped(body))
    assert failed.value.code == code


def test_a_giant_directory_is_refused_before_it_is_fetched() -> None:
    for count, length in ((2**40, 2**20), (1, 2**40), (MAX_MEMBERS + 1, 2**20)):
        tail = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, 64)
        tail += struct.pack("<4sLQL", b"PK\x06\x07", 0, 2**41, 1)
        tail += END + bytes(4) + b"\xff" * 12 + bytes(2)
        file = Sparse({0: LOCAL + bytes(60), 2**41: tail})
        with pytest.raises(FormatError) as failed:
            formats.read_header(file, "m.ckpt")
        assert failed.value.reason is GapReason.TOO_LARGE
        assert file.fetched < 1 << 20


class Sparse:
    """A large file, mostly of zeros; ``parts`` by offset, the last where it ends."""

    def __init__(self, parts: dict[int, bytes]) -> None:
        self.parts = parts
        self.fetched = 0
        self.size = max(at + len(part) for at, part in parts.items())

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self.size - offset)
        self.fetched += length
        data = bytearray(length)
        for at, part in self.parts.items():
            for i in range(max(at, offset), min(at + len(part), offset + length)):
                data[i - offset] = part[i - at]
        return bytes(data)


def test_only_the_end_the_directory_and_the_pickle_are_fetched() -> None:
    body = mapping(
        **{f"layer.{i:04}.weight": tensor(storage(str(i)), (6,), (1,)) for i in range(1000)}
    )
    raw = zipped(body, {str(i): bytes(24) for i in range(1000)} | {"1000": bytes(5_000_000)})
    file = Bytes(raw)
    assert len(formats.read_header(file, "m.pt").tensors) == 1000
    assert len(file.reads) <= 4
    assert sum(length for _, length in file.reads) < 600_000


@given(st.integers(0, len(FILE) - 1), st.binary(min_size=1, max_size=6), st.booleans())
def test_a_damaged_archive_is_a_header_or_a_format_error(at: int, patch: bytes, cut: bool) -> None:
    raw = FILE[:at] + patch + (b"" if cut else FILE[at + len(patch) :])
    try:
        header = read_header(raw)
    except FormatError as problem:
        assert "\n" not in str(problem)
        return
    assert all(0 <= (each.offset or 0) < len(raw) for each in header.tensors)
    assert all(warning.isascii() and warning.isprintable() for warning in header.warnings)
