"""ONNX headers: where weights lie, hostile protobuf, and how few bytes are read."""

from __future__ import annotations

import pickle
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.weights import Header, Tensor
from modelaudit.domain.words import GapReason
from modelaudit.resolve import formats
from modelaudit.resolve.formats._protobuf import MAX_READ
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.onnx import MAX_DEPTH, recognises
from tests.readers import Bytes


def read_header(file: Bytes | bytes) -> Header:
    return formats.read_header(Bytes(file) if isinstance(file, bytes) else file, "m.onnx")


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    raw = b""
    while value >= 0x80:
        raw += bytes([value & 0x7F | 0x80])
        value >>= 7
    return raw + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, *parts: bytes | str) -> bytes:
    raw = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def tensor(name: str | bytes, shape: tuple[int, ...], data: bytes, kind: int = 1) -> bytes:
    dims = b"".join(number(1, size) for size in shape)
    return dims + number(2, kind) + message(8, name) + message(9, data)


def pair(key: str, value: str) -> bytes:
    return message(1, key) + message(2, value)


def constant(output: str, held: bytes, attribute: str = "value") -> bytes:
    """A field of a graph: the node that puts out a tensor of its own."""
    inner = message(1, attribute) + message(5, held) + number(20, 4)
    return message(1, message(2, output), message(4, "Constant"), message(5, inner))


def branches(**graphs: bytes) -> bytes:
    """A field of a graph: the node that has sub-graphs."""
    held = [message(5, message(1, key), message(6, graph)) for key, graph in graphs.items()]
    return message(1, message(4, "If"), *held)


def model(graph: bytes = b"", *fields: bytes) -> bytes:
    return number(1, 8) + message(2, "test") + message(7, graph) + b"".join(fields)


def placed(header: Header, content: bytes) -> dict[str, bytes]:
    """The bytes that the tensors point at."""
    return {
        t.name: content[t.offset : t.offset + t.bytes]
        for t in header.tensors
        if t.offset is not None
    }


A = message(5, tensor("a", (2, 2), b"A" * 16))


def test_initializers_are_listed_where_their_bytes_lie() -> None:
    content = model(A + message(5, tensor("b", (3,), b"B" * 6, 10)), message(8, number(2, 17)))
    header = read_header(content)
    assert [t[:3] for t in header.tensors] == [("a", "F32", (2, 2)), ("b", "F16", (3,))]
    assert placed(header, content) == {"a": b"A" * 16, "b": b"B" * 6}
    assert (header.format, header.length, header.warnings) == ("onnx", 0, ())


@pytest.mark.parametrize(
    ("kind", "dtype", "size"),
    [(1, "F32", 48), (2, "U8", 12), (3, "I8", 12), (4, "U16", 24), (5, "I16", 24), (6, "I32", 48),
     (7, "I64", 96), (9, "BOOL", 12), (10, "F16", 24), (11, "F64", 96), (12, "U32", 48),
     (13, "U64", 96), (14, "C64", 96), (15, "COMPLEX128", 192), (16, "BF16", 24),
     (17, "F8_E4M3", 12), (18, "F8_E4M3FNUZ", 12), (19, "F8_E5M2", 12), (20, "F8_E5M2FNUZ", 12),
     (21, "UINT4", 6), (22, "INT4", 6), (23, "F4", 6), (24, "F8_E8M0", 12), (25, "UINT2", 3),
     (26, "INT2", 3)],
)  # fmt: skip
def test_every_type_has_its_name_and_size(kind: int, dtype: str, size: int) -> None:
    header = read_header(model(message(5, tensor("x", (3, 4), bytes(size), kind))))
    assert [(t.dtype, t.bytes) for t in header.tensors] == [(dtype, size)]
    assert header.warnings == ()
    wrong = read_header(model(message(5, tensor("x", (3, 4), bytes(size + 1), kind))))
    assert (wrong.tensors, wrong.warnings) == ((), ("invalid_tensor: 'x'",))


def test_constants_are_named_by_what_their_node_puts_out() -> None:
    other = message(
        1, message(2, "z"), message(5, message(1, "w"), message(10, tensor("", (), b"wwww")))
    )
    content = model(constant("y", tensor("inner", (1,), b"yyyy")) + other)
    assert placed(read_header(content), content) == {"y": b"yyyy", "z.w": b"wwww"}


def test_weights_in_branches_are_found_however_deep() -> None:
    deep = branches(then_branch=constant("deep", tensor("", (1,), b"3333")))
    content = model(branches(then_branch=A, else_branch=deep))
    assert placed(read_header(content), content) == {"a": b"A" * 16, "deep": b"3333"}


def test_a_name_that_is_taken_gets_the_path_of_its_branch() -> None:
    one = message(5, tensor("w", (1,), b"1111"))
    two = message(5, tensor("w", (1,), b"2222"))
    node = message(1, message(4, "Relu"))
    content = model(node + branches(then_branch=one, else_branch=two))
    assert placed(read_header(content), content) == {"w": b"1111", "1.else_branch/w": b"2222"}
    twice = read_header(model(one + two))
    assert [t.name for t in twice.tensors] == ["w", "w"]
    assert twice.warnings == ("duplicate_tensor: 'w'",)


def test_functions_and_training_graphs_are_walked() -> None:
    node = constant("f", tensor("", (1,), b"ffff"))[2:]
    function = message(25, message(1, "name"), message(5, "f"), message(7, node))
    training = message(20, message(1, message(5, tensor("t", (1,), b"tttt"))))
    content = model(A, training, function)
    assert placed(read_header(content), content) == {"a": b"A" * 16, "t": b"tttt", "f": b"ffff"}


def test_sparse_values_are_listed() -> None:
    content = model(message(15, message(1, tensor("s", (1,), b"ssss")), number(3, 9)))
    assert placed(read_header(content), content) == {"s": b"ssss"}


def test_typed_values_have_an_offset_where_they_lie_as_raw_ones_would() -> None:
    def typed(name: str, kind: int, *data: bytes) -> bytes:
        return message(5, message(1, b"\x02"), number(2, kind), message(8, name), *data)

    unpacked = varint(4 << 3 | 5) + b"oooo"
    content = model(
        typed("f", 1, message(4, b"ffffffff"))
        + typed("d", 11, message(10, b"d" * 16))
        + typed("i", 7, message(7, b"\x01\x7f"))
        + typed("o", 1, unpacked, unpacked)
        + typed("n", 1)
    )
    header = read_header(content)
    assert placed(header, content) == {"f": b"ffffffff", "d": b"d" * 16}
    assert [(t.name, t.shape, t.bytes) for t in header.tensors if t.offset is None] == [
        ("i", (2,), 2), ("o", (2,), 8), ("n", (2,), 0),
    ]  # fmt: skip
    assert header.warnings == ("no_data: 'n'",)


def test_external_data_is_named_only_where_it_lies_beside_the_file() -> None:
    def external(name: str, location: str) -> bytes:
        head = number(1, 5) + number(2, 1) + message(8, name)
        where = message(13, pair("location", location)) + message(13, pair("offset", "8"))
        return message(5, head, where, number(14, 1))

    header = read_header(model(external("a", "m.data") + external("b", "C:\\Users\\bob\\w")))
    assert header.tensors == (
        Tensor("a", "F32", (5,), None, 20, "m.data"),
        Tensor("b", "F32", (5,), None, 20),
    )
    assert header.warnings == ("unsafe_path: 'b'",)


def test_what_a_model_says_of_itself_is_metadata() -> None:
    content = b"".join((
        number(1, 8), message(2, "pytorch"), message(3, "2.1"), message(4, "org"), number(5, 3),
        message(7, A), message(8, number(2, 17)), message(8, message(1, "com.x"), number(2, 1)),
        message(14, pair("author", "é")), message(14, pair("author", "other\n")),
    ))  # fmt: skip
    header = read_header(content)
    assert header.metadata == {
        "ir_version": 8, "producer_name": "pytorch", "producer_version": "2.1", "domain": "org",
        "model_version": 3, "opset_import": ["ai.onnx 17", "com.x 1"], "author": "other\n",
    }  # fmt: skip
    assert header.warnings == ("duplicate_metadata: 'author'",)


def test_long_metadata_is_cut() -> None:
    header = read_header(model(A, message(14, pair("k", "é" * 40_000))))
    assert header.metadata["k"] == "é" * 32_768
    assert header.warnings == ("metadata_too_long: 'k'",)
    many = read_header(model(A, *(message(14, pair(f"{i}", "x" * 60_000)) for i in range(200))))
    assert sum(len(str(value)) for value in many.metadata.values()) < 9 << 20
    assert many.warnings == ("metadata_too_long: '139' (and 60 more)",)


def nested(depth: int) -> bytes:
    graph = A
    for _ in range(depth):
        graph = branches(body=graph)
    return model(graph)


def test_graphs_nest_to_a_depth() -> None:
    assert [t.name for t in read_header(nested(MAX_DEPTH)).tensors] == ["a"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "unknown_format"),
        (b"\x08\x08", "too_short"),
        (number(1, 8) + bytes(20), "bad_header"),  # field 0
        (number(1, 8) + message(2, "x" * 20), "bad_header"),  # no graph
        (model(A) + message(7, A), "bad_header"),  # two graphs
        (model(A)[:-1], "header_past_eof"),
        (model(message(5, tensor("a", (), b"")[:-1] + b"\x7f")), "header_past_eof"),
        (model(message(5, tensor("a", (), b"")[:-1] + b"\x7f") + bytes(200)), "bad_header"),
        (number(1, 8) + b"\x12\x04test" + b"\x3a" + varint(2**63) + bytes(20), "header_past_eof"),
        (model(b"\x2a" + varint(2**64 - 1) + bytes(20)), "header_past_eof"),
        (model(b"\xff" * 20), "bad_header"),  # a number without an end
        (model(b"\x2a" + b"\x80" * 9 + b"\x7f" + bytes(20)), "bad_header"),  # over 64 bits
        (model(A) + b"\xff\xff", "header_past_eof"),
        (model(b"\x0b" * 100_000), "bad_header"),  # groups in groups
        (model(b"\x0c" * 20), "bad_header"),
        (model(b"\x0e" * 20), "bad_header"),
        (nested(MAX_DEPTH + 1), "bad_header"),
        (nested(2000), "bad_header"),
        (model(message(5, number(1, 1) * 65)), "bad_header"),
        (model(message(5, message(1, b"\x01" * 65))), "bad_header"),
        (model(message(5, message(1, b"\x01" * 10_000))), "bad_header"),
        (model(b"\x18\x01" * 700_000), "header_too_large"),
        (model(b"\x2a\x00" * 200_001), "too_many_tensors"),
        (model(A, *[message(14, b"")] * 1001), "header_too_large"),
    ],
)
def test_an_unreadable_model_says_why(content: bytes, code: str) -> None:
    with pytest.raises(FormatError) as failed:
        formats.read_header(Bytes(content), "" if code == "unknown_format" else "m.onnx")
    assert failed.value.code == code
    assert failed.value.reason in (
        GapReason.UNREADABLE, GapReason.TOO_LARGE, GapReason.INCONCLUSIVE,
    )  # fmt: skip
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("fields", "names", "codes"),
    [
        (message(10, "a description"), [], []),
        (message(5, tensor("a", (2,), b"12345678", 99)), ["a"], ["unknown_dtype"]),
        (message(5, tensor("a", (-1,), b"")), [], ["invalid_tensor"]),
        (message(5, tensor("a", (2**62, 2**62), b"")), [], ["invalid_tensor"]),
        (message(5, tensor("a", (2**62,) * 64, b"", 99)), ["a"], ["unknown_dtype"]),
        (message(5, tensor("n" * 513, (1,), b"1234")), [], ["invalid_tensor"]),
        (message(5, tensor("a", (1,), b"1234") + message(9, b"5678")), ["a"], []),
        (message(5, tensor("../\0", (0, 3), b"")), ["../\0"], []),
        (message(5, tensor(b"\xff\n", (), b"1234")), ["\ufffd\n"], []),
        (number(5, 1) + number(1, 1) + number(99, 1), [], []),
    ],
)
def test_an_odd_model_is_listed_with_warnings(
    fields: bytes, names: list[str], codes: list[str]
) -> None:
    header = read_header(model(fields))
    assert [tensor.name for tensor in header.tensors] == names
    assert [warning.partition(":")[0] for warning in header.warnings] == codes


def test_values_in_two_pieces_have_no_offset() -> None:
    two = message(5, tensor("a", (1,), b"1234") + message(9, b"5678"))
    assert read_header(model(two)).tensors == (Tensor("a", "F32", (1,), None, 8),)


def test_large_weights_are_jumped_over() -> None:
    weights = [message(5, tensor(f"w{i}", (10**6,), bytes(4 * 10**6))) for i in range(5)]
    file = Bytes(model(b"".join(weights), message(14, pair("k", "v"))))
    header = read_header(file)
    assert [t.name for t in header.tensors] == ["w0", "w1", "w2", "w3", "w4"]
    assert header.metadata["k"] == "v"
    assert len(file.reads) == 6
    assert all(length <= 0x10000 for _, length in file.reads[1:])


def test_small_weights_are_read_in_growing_blocks() -> None:
    weights = [message(5, tensor(f"w{i}", (1000,), bytes(4000))) for i in range(500)]
    file = Bytes(model(b"".join(weights)))
    assert len(read_header(file).tensors) == 500
    assert len(file.reads) <= 10


def test_what_is_read_of_a_file_has_a_ceiling() -> None:
    file = Bytes(model(message(5, tensor("w", (20_000,), bytes(80_000))) * 3000))
    with pytest.raises(FormatError) as failed:
        read_header(file)
    assert (failed.value.code, failed.value.reason) == ("header_too_large", GapReason.TOO_LARGE)
    assert sum(length for _, length in file.reads) <= MAX_READ + 0x10000


def test_a_file_that_ends_while_it_is_read_is_past_its_end() -> None:
    whole = model(A)
    for kept in range(len(whole) - 16):
        with pytest.raises(FormatError) as failed:
            read_header(Bytes(whole[:kept], len(whole)))
        assert failed.value.code == "header_past_eof"


@pytest.mark.parametrize(
    "head",
    [
        model(A),
        model(constant("c", tensor("", (), b"1234"))),
        number(1, 3) + message(2, "PaddlePaddle") + message(7, A * 500),
        number(1, 8) + message(2, "spox") + message(6, "") + message(7, message(2, "g"), A),
        number(1, 7) + message(2, "é" * 40) + message(7, A),
        number(1, 7) + message(6, "lines\n" * 500) + message(7, A),
        number(1, 9) + number(5, 1) + message(8, number(2, 17)) + message(7, A),
    ],
)
def test_a_model_is_recognised_without_its_name(head: bytes) -> None:
    assert formats.format_of(head[: formats.HEAD]).name == "onnx"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x08\x08",
        bytes(64),
        b"\x08" * 64,
        b"\x08\x08" + bytes(62),
        b"\x08\x08\x3a\x00" + bytes(60),
        b"\x08\x08\x12\x05\0\0\0\0{" + b" " * 55,
        b"\x08\x08\x12\x00\0\0\0\0{" + b'"a":{' + b" " * 50,  # a safetensors header of this length
        b"\x08\x21" + message(2, "x") + message(7, A),
        b"\x08\x08" + message(2, b"\x01\x02") + message(7, A),
        number(1, 8) + message(2, "x") + message(7, b"\x80" * 20),
        struct.pack("<Q", 0x3A0808) + b'{"a":{}}' + b" " * 48,
        b"\x08\x08" + message(26, "x" * 50),
        b"PK\x03\x04" + bytes(60),
        b"GGUF" + bytes(60),
        pickle.dumps({"state_dict": list(range(50))}, 0),
        pickle.dumps({"state_dict": list(range(50))}, 2),
        pickle.dumps({"state_dict": list(range(50))}, 4),
    ],
)
def test_other_bytes_are_not_taken_for_a_model(head: bytes) -> None:
    assert not recognises(head[: formats.HEAD])


@given(st.integers(0, 2**30), st.text(st.sampled_from('{}":[] a1,'), min_size=55, max_size=60))
def test_safetensors_are_not_taken_for_a_model(n: int, text: str) -> None:
    assert not recognises((struct.pack("<Q", n) + b"{" + text.encode())[: formats.HEAD])


def check(content: bytes) -> None:
    try:
        header = read_header(content)
    except FormatError as problem:
        assert "\n" not in str(problem)
        return
    assert all(0 <= t.bytes < 2**63 for t in header.tensors)
    assert all((t.offset or 0) + t.bytes <= len(content) for t in header.tensors if t.offset)
    assert all(warning.isascii() and warning.isprintable() for warning in header.warnings)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_a_format_error(raw: bytes) -> None:
    check(model(raw))
    check(model(A, raw))
    check(model(message(5, raw)))
    check(model(message(1, raw)))


WILD = model(
    A + constant("c", tensor("x", (1,), b"1234")) + branches(then_branch=A),
    message(8, number(2, 17)),
    message(14, pair("k", "v")),
)


@given(st.data())
def test_a_damaged_file_is_a_header_or_a_format_error(data: Any) -> None:
    raw = bytearray(WILD)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(raw))
