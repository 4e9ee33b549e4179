"""GGUF headers: both byte orders, every type, the malformed cases, and how few bytes are read."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.weights import Header, Tensor
from modelaudit.domain.words import GapReason
from modelaudit.resolve import formats
from modelaudit.resolve.formats._ggml import MAX_HEADER, TYPES
from modelaudit.resolve.formats.errors import FormatError
from tests.readers import Bytes


def read_header(file: Bytes) -> Header:
    return formats.read_header(file, "m.gguf")


class Packer:
    """Values in one byte order and one width of counts."""

    def __init__(self, order: str = "<", version: int = 3) -> None:
        self.order, self.version = order, version

    def u32(self, *values: int) -> bytes:
        return struct.pack(f"{self.order}{len(values)}I", *values)

    def u64(self, *values: int) -> bytes:
        return struct.pack(f"{self.order}{len(values)}Q", *values)

    def count(self, *values: int) -> bytes:
        return self.u32(*values) if self.version == 1 else self.u64(*values)

    def string(self, text: str | bytes) -> bytes:
        raw = text.encode() if isinstance(text, str) else text
        return self.count(len(raw)) + raw

    def key(self, name: str | bytes, kind: int, value: bytes) -> bytes:
        return self.string(name) + self.u32(kind) + value

    def text(self, name: str | bytes, value: str | bytes) -> bytes:
        return self.key(name, 8, self.string(value))

    def array(self, name: str, kind: int, count: int, values: bytes) -> bytes:
        return self.key(name, 9, self.u32(kind) + self.count(count) + values)

    def tensor(self, name: str | bytes, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
        dims = self.count(*shape[::-1])
        return self.string(name) + self.u32(len(shape)) + dims + self.u32(kind) + self.u64(offset)

    def file(
        self,
        keys: tuple[bytes, ...] = (),
        tensors: tuple[bytes, ...] = (),
        data: int = 0,
        counts: tuple[int, int] | None = None,
    ) -> Bytes:
        counts = counts or (len(tensors), len(keys))
        raw = b"GGUF" + self.u32(self.version) + self.count(*counts)
        raw += b"".join(keys) + b"".join(tensors)
        return Bytes(raw + bytes(-len(raw) % 32) + bytes(data))


P = Packer()
A = P.tensor("a", (2, 4), 0, 0)
B = P.tensor("b", (8,), 0, 32)


@pytest.mark.parametrize(("order", "version"), [("<", 3), (">", 3), ("<", 2), ("<", 1)])
def test_both_byte_orders_and_all_versions_are_read(order: str, version: int) -> None:
    p = Packer(order, version)
    keys = (
        p.text("general.architecture", "llama"),
        p.key("u8", 0, b"\xff"),
        p.key("i8", 1, b"\xff"),
        p.key("u16", 2, struct.pack(order + "H", 65535)),
        p.key("i16", 3, struct.pack(order + "h", -2)),
        p.key("u32", 4, p.u32(7)),
        p.key("i32", 5, struct.pack(order + "i", -7)),
        p.key("f32", 6, struct.pack(order + "f", 1.5)),
        p.key("bool", 7, b"\x01"),
        p.key("u64", 10, p.u64(2**64 - 1)),
        p.key("i64", 11, struct.pack(order + "q", -1)),
        p.key("f64", 12, struct.pack(order + "d", 0.1)),
        p.array("tags", 8, 2, p.string("é") + p.string("")),
        p.array("sizes", 4, 2, p.u32(1, 2)),
        p.array("deep", 9, 1, p.u32(0) + p.count(2) + b"\x01\x02"),
    )
    header = read_header(p.file(keys, (p.tensor("x", (3, 2, 4), 1, 0),), 64))
    assert header.metadata == {
        "general.architecture": "llama", "u8": 255, "i8": -1, "u16": 65535, "i16": -2, "u32": 7,
        "i32": -7, "f32": 1.5, "bool": True, "u64": 2**64 - 1, "i64": -1, "f64": 0.1,
        "tags": ["é", ""], "sizes": [1, 2], "deep": [[1, 2]],
    }  # fmt: skip
    assert header.tensors == (Tensor("x", "F16", (3, 2, 4), header.length, 48),)
    assert (header.format, header.length % 32) == ("gguf", 0)
    turned = ("big_endian: the most significant byte comes first",) if order == ">" else ()
    assert header.warnings == turned


def test_every_type_has_the_size_of_its_blocks() -> None:
    tensors, offset, expected = [], 0, []
    for kind, (label, values, width) in TYPES.items():
        tensors.append(P.tensor(label, (3, 2 * values), kind, offset))
        expected.append((label, label, 6 * width))
        offset += -(-6 * width // 32) * 32
    header = read_header(P.file((), tuple(tensors), offset))
    assert [(t.name, t.dtype, t.bytes) for t in header.tensors] == expected
    assert header.warnings == ()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (Bytes(b"GGUF"), "too_short"),
        (Bytes(b"ggml" + bytes(40)), "bad_magic"),
        (Packer(version=4).file(), "unsupported_version"),
        (Packer(version=0).file(), "unsupported_version"),
        (Packer(">", 4).file(), "unsupported_version"),
        (P.file(counts=(2**40, 0)), "too_many_tensors"),
        (P.file(counts=(2**63, 0)), "too_many_tensors"),
        (P.file(counts=(0, 2**63)), "header_too_large"),
        (P.file(counts=(1, 0)), "header_past_eof"),
        (P.file(counts=(0, 1)), "header_past_eof"),
        (P.file((P.u64(2**62),), counts=(0, 1)), "header_past_eof"),
        (P.file((P.string("k") + P.u32(8) + P.u64(2**62),), counts=(0, 1)), "header_past_eof"),
        (P.file((P.array("k", 4, 2**62, b""),)), "header_past_eof"),
        (P.file((P.array("k", 8, 2**62, b""),)), "header_past_eof"),
        (P.file((P.array("k", 8, 1001, P.u64(2**63) + bytes(9000)),)), "header_past_eof"),
        (P.file((P.array("k", 9, 2**62, b""),)), "header_too_large"),
        (P.file((P.array("k", 9, 1, (P.u32(9) + P.u64(1)) * 40),)), "bad_header"),
        (P.file((P.key("k", 13, bytes(40)),)), "bad_header"),
        (P.file((P.array("k", 13, 1, bytes(40)),)), "bad_header"),
        (P.file((P.key("general.alignment", 4, P.u32(0)),)), "bad_header"),
        (P.file((P.key("general.alignment", 4, P.u32(48)),)), "bad_header"),
        (P.file((P.text("general.alignment", "32"),)), "bad_header"),
        (P.file((), (P.tensor("a", (1,) * 9, 0, 0),), 99), "bad_header"),
        (P.file((), (P.string("a") + P.u32(2**31),), 99), "bad_header"),
    ],
)
def test_an_unreadable_header_says_why(file: Bytes, code: str) -> None:
    with pytest.raises(FormatError) as failed:
        read_header(file)
    assert failed.value.code == code
    assert failed.value.reason in (GapReason.UNREADABLE, GapReason.TOO_LARGE)
    assert "\n" not in str(failed.value)
    assert len(file.reads) <= 2


@pytest.mark.parametrize(
    ("file", "names", "codes"),
    [
        (P.file(), [], []),
        (P.file((), (A, B), 64), ["a", "b"], []),
        (P.file((), (B, A), 64), ["b", "a"], []),
        (P.file((), (A, A), 32), ["a", "a"], ["duplicate_tensor"]),
        (P.file((), (A, P.tensor("c", (8,), 0, 0)), 32), ["a", "c"], ["overlap"]),
        (P.file((), (A, P.tensor("c", (8,), 0, 16)), 48), ["a", "c"], ["unaligned", "overlap"]),
        (P.file((), (B,), 64), ["b"], ["hole"]),
        (P.file((), (A,), 64), ["a"], ["trailing_bytes"]),
        (P.file((), (A, B), 50), ["a", "b"], ["truncated"]),
        (P.file((), (A, P.tensor("c", (8,), 0, 2**40)), 32), ["a", "c"], ["hole", "truncated"]),
        (P.file((), (A, P.tensor("c", (8,), 0, 2**64 - 32)), 32), ["a"], ["invalid_tensor"]),
        (P.file((), (A, P.tensor("c", (2**62, 2**62), 0, 32)), 32), ["a"], ["invalid_tensor"]),
        (P.file((), (A, P.tensor("c", (33,), 2, 32)), 64), ["a"],
         ["invalid_tensor", "trailing_bytes"]),
        (P.file((), (A, P.tensor("n" * 513, (8,), 0, 32)), 32), ["a"], ["invalid_tensor"]),
        (P.file((), (P.tensor("", (), 0, 0),), 32), [""], []),
        (P.file((), (P.tensor("../\0", (0, 5), 0, 0),)), ["../\0"], []),
        (P.file((), (P.tensor(b"\xff\n", (8,), 0, 0),), 32), ["\ufffd\n"], []),
    ],
)  # fmt: skip
def test_an_odd_header_is_listed_with_warnings(
    file: Bytes, names: list[str], codes: list[str]
) -> None:
    header = read_header(file)
    assert [tensor.name for tensor in header.tensors] == names
    assert [warning.partition(":")[0] for warning in header.warnings] == codes


def test_an_unknown_type_reaches_to_the_next_tensor_or_the_end() -> None:
    tensors = P.tensor("c", (9,), 99, 32), P.tensor("a", (7,), 77, 0), P.tensor("d", (8,), 0, 96)
    header = read_header(P.file((), (*tensors, P.tensor("e", (1,), 99, 128)), 160))
    start = header.length
    assert header.tensors == (
        Tensor("c", "ggml-type-99", (9,), start + 32, 64),
        Tensor("a", "ggml-type-77", (7,), start, 32),
        Tensor("d", "F32", (8,), start + 96, 32),
        Tensor("e", "ggml-type-99", (1,), start + 128, 32),
    )
    assert header.warnings == ("unknown_dtype: ggml-type-99 (and 2 more)",)


def test_the_alignment_of_the_file_moves_its_data() -> None:
    key = P.key("general.alignment", 4, P.u32(256))
    file = P.file((key,), (A,))
    file.content = file.content.ljust(256, b"\0") + bytes(32)
    file.size = len(file.content)
    header = read_header(file)
    assert (header.length, header.tensors[0].offset, header.warnings) == (256, 256, ())


def test_a_repeated_key_is_told_and_its_values_are_not() -> None:
    header = read_header(P.file((P.text("k", "words of somebody"), P.text("k", "two\n"))))
    assert header.metadata == {"k": "two\n"}
    assert header.warnings == ("duplicate_metadata: 'k'",)


def test_long_arrays_are_counted_and_long_strings_cut() -> None:
    tokens = b"".join(P.string(f"token {i}") for i in range(1001))
    keys = (
        P.array("tokens", 8, 1001, tokens),
        P.array("scores", 6, 1001, bytes(4004)),
        P.array("few", 0, 1000, bytes(1000)),
        P.text("template", "é" * 40_000),
        P.array("texts", 8, 1, P.string("x" * 600)),
        P.text("k" * 513, "lost"),
        P.text("after", "all"),
    )
    header = read_header(P.file(keys))
    assert header.metadata == {
        "tokens": {"array": "string", "count": 1001},
        "scores": {"array": "float32", "count": 1001},
        "few": [0] * 1000,
        "template": "é" * 32_768,
        "texts": ["x" * 512],
        "after": "all",
    }
    assert header.warnings == ("metadata_too_long: 'template' (and 2 more)",)


def test_metadata_has_a_ceiling_of_its_own() -> None:
    keys = tuple(P.text(f"k{i}", "x" * 60_000) for i in range(200))
    header = read_header(P.file(keys))
    assert sum(len(value) for value in header.metadata.values()) <= 8 << 20
    assert header.warnings == ("metadata_too_long: 'k139' (and 60 more)",)


def test_numbers_that_json_does_not_know_become_text() -> None:
    values = struct.pack("<3f", float("nan"), float("inf"), 1.0)
    header = read_header(P.file((P.array("k", 6, 3, values), P.key("n", 6, values[:4]))))
    assert header.metadata == {"k": ["nan", "inf", 1.0], "n": "nan"}


def test_a_header_in_the_head_costs_one_read() -> None:
    file = P.file((P.text("a", "b"),), (A,), 32)
    file.content, file.size = file.content + bytes(10**6), file.size + 10**6
    read_header(file)
    assert file.reads == [(0, 0x10000)]


def test_a_tokenizer_is_read_in_few_blocks_and_long_numbers_are_jumped_over() -> None:
    tokens = b"".join(P.string(f"token number {i}") for i in range(100_000))
    keys = (P.array("t", 8, 100_000, tokens), P.array("s", 6, 10**6, bytes(4 * 10**6)))
    file = P.file(keys, (A,), 32)
    header = read_header(file)
    assert [tensor.name for tensor in header.tensors] == ["a"]
    assert len(file.reads) <= 5
    assert sum(length for _, length in file.reads) < 4 * 10**6 < header.length


def test_a_header_over_the_ceiling_is_left_unread() -> None:
    file = P.file((P.array("k", 0, 2**40, b""),))
    file.size = 2**41
    with pytest.raises(FormatError) as failed:
        read_header(file)
    assert (failed.value.code, failed.value.reason) == ("header_too_large", GapReason.TOO_LARGE)
    assert sum(length for _, length in file.reads) < MAX_HEADER


def test_arrays_in_arrays_are_numbered() -> None:
    inner = (P.u32(0) + P.u64(0)) * 1000
    with pytest.raises(FormatError) as failed:
        read_header(P.file(tuple(P.array(f"k{i}", 9, 1000, inner) for i in range(70))))
    assert failed.value.code == "header_too_large"


def test_a_file_that_ends_while_it_is_read_is_past_its_end() -> None:
    whole = P.file((P.text("k", "v"),), (A,), 32)
    for kept in (10, 30, 60):
        with pytest.raises(FormatError) as failed:
            read_header(Bytes(whole.content[:kept], whole.size))
        assert failed.value.code == "header_past_eof"


def check(header: Header) -> None:
    assert all(0 <= t.bytes < 2**63 > (t.offset or 0) >= 0 for t in header.tensors)
    assert all(warning.isascii() and warning.isprintable() for warning in header.warnings)


WILD = P.file((P.text("k", "v"), P.array("a", 8, 2, P.string("x") + P.string("y"))), (A, B), 64)


@given(st.binary(max_size=300), st.integers(0, 9), st.integers(0, 9))
def test_any_bytes_are_a_header_or_a_format_error(raw: bytes, tensors: int, keys: int) -> None:
    try:
        check(read_header(P.file((raw,), counts=(tensors, keys))))
    except FormatError as problem:
        assert "\n" not in str(problem)


@given(st.data())
def test_a_damaged_file_is_a_header_or_a_format_error(data: Any) -> None:
    raw = bytearray(WILD.content)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        check(read_header(Bytes(bytes(raw))))
    except FormatError as problem:
        assert "\n" not in str(problem)
