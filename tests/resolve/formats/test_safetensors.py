"""safetensors headers: the layout, the malformed cases, and how few bytes are read."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from modelaudit.domain.weights import Header, Tensor
from modelaudit.domain.words import GapReason
from modelaudit.resolve import formats
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.safetensors import MAX_HEADER, _plain, parse_header
from tests.readers import Bytes
from tests.shared import shared


def read_header(file: Bytes) -> Header:
    return formats.read_header(file, "m.safetensors")


def packed(header: bytes | str, data: int = 0, n: int | None = None) -> Bytes:
    raw = header.encode() if isinstance(header, str) else header
    return Bytes(struct.pack("<Q", len(raw) if n is None else n) + raw + bytes(data))


def listing(*entries: str, data: int = 0) -> Bytes:
    return packed("{" + ",".join(entries) + "}", data)


A = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
B = '"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}'


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (Bytes(b""), "too_short"),  # 1
        (Bytes(bytes(7)), "too_short"),  # 1
        (Bytes(packed("{}", n=100_000_001).content, 10**9), "header_too_large"),  # 2
        (Bytes(packed("{}", n=2**64 - 1).content, 2**65), "header_too_large"),  # 2
        (packed("{}", n=2**64 - 1), "header_past_eof"),  # 2
        (packed("{}", n=3), "header_past_eof"),  # 3
        (packed(""), "bad_json"),  # 4
        (packed("no"), "bad_json"),  # 4
        (packed("{" + A), "bad_json"),  # 4
        (packed("{}x"), "bad_json"),  # 4
        (packed("[]"), "not_object"),  # 5
        (packed("5"), "not_object"),  # 5
        (packed("null"), "not_object"),  # 5
        (packed(b'{"\xff":1}'), "bad_utf8"),  # 6
        (packed(b"\xef\xbb\xbf{}"), "bad_utf8"),  # 7
        (packed("{}".encode("utf-16")), "bad_utf8"),  # 7
        (packed("{}".encode("utf-16-le")), "bad_utf8"),  # 7
        (packed(b"{}\0\0"), "bad_json"),  # 8
        (packed('{"__metadata__":{},"__metadata__":{}}'), "duplicate_field"),  # 14
        (packed('{"a":{"dtype":"F32","dtype":"F32"}}'), "duplicate_field"),  # 14
        (packed('{"a":NaN}'), "bad_json"),  # 15
        (packed('{"a":-Infinity}'), "bad_json"),  # 15
        (packed('{"a":' + "9" * 5000 + "}"), "bad_json"),
        (packed('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"), "bad_json"),
    ],
)
def test_an_unreadable_header_says_why(file: Bytes, code: str) -> None:
    with pytest.raises(FormatError) as failed:
        read_header(file)
    assert failed.value.code == code
    assert failed.value.reason in (GapReason.UNREADABLE, GapReason.TOO_LARGE)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("file", "names", "codes"),
    [
        (packed(f"{{{A}}} \n\t", 4), ["a"], []),  # 9
        (packed(f"  {{{A}}}", 4), ["a"], ["leading_blank"]),  # 10
        (listing(A, A, data=4), ["a", "a"], ["duplicate_tensor"]),  # 11
        (listing(A, B.replace("b", "a"), data=8), ["a", "a"], ["duplicate_tensor"]),  # 12
        (packed('{"__metadata__":{"k":"1","k":"2"}}'), [], ["duplicate_metadata"]),  # 13
        (listing('"__metadata__":{"k":5,"l":null}', A, data=4), ["a"], ["metadata_not_string"]),
        (packed('{"__metadata__":"x"}'), [], ["metadata_not_string"]),  # 16
        (packed('{"__metadata__":null}'), [], []),  # 16
        (listing(A.replace("F32", "f32"), data=4), ["a"], ["unknown_dtype"]),  # 17
        (listing(A.replace("[1]", "[-1]"), data=0), [], ["invalid_tensor"]),  # 18
        (listing(A.replace("[1]", "[1.0]"), data=0), [], ["invalid_tensor"]),  # 18
        (listing(A.replace("[1]", "[true]"), data=0), [], ["invalid_tensor"]),  # 18
        (listing(A.replace("[1]", '["1"]'), data=0), [], ["invalid_tensor"]),  # 18
        (listing(A.replace("[1]", "{}"), data=0), [], ["invalid_tensor"]),  # 18
        (listing(A.replace("[0,4]", f"[0,{2**64}]"), data=0), [], ["invalid_tensor"]),  # 18
        (listing(A.replace("[0,4]", "[0,4,8]"), data=0), [], ["invalid_tensor"]),  # 18
        (packed('{"a":{"dtype":"F32"}}'), [], ["invalid_tensor"]),  # 18
        (packed('{"a":[],"b":5,"c":null}'), [], ["invalid_tensor"]),  # 18
        (listing(A.replace("[0,4]", "[4,0]"), data=0), [], ["invalid_tensor"]),  # 19
        (listing(B, data=8), ["b"], ["hole"]),  # 19
        (listing(A, A.replace('"a"', '"c"'), data=4), ["a", "c"], ["overlap"]),  # 20
        (listing(A, data=9), ["a"], ["trailing_bytes"]),  # 21
        (listing(A, B, data=6), ["a", "b"], ["truncated"]),  # 22
        (listing(A.replace("[1]", "[2]"), data=0), [], ["invalid_tensor"]),  # 23
        (listing(A.replace("[1]", f"[{2**62},{2**62}]"), data=0), [], ["invalid_tensor"]),
        (listing(A.replace("[1]", "[3]").replace("F32", "F4"), data=0), [], ["invalid_tensor"]),
        (packed("{}"), [], []),  # 24
        (packed('{"../\\u0000":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":[{}]}}', 4),
         ["../\0"], []),  # 24
        (packed('{"":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]}}'), [""], []),  # 24
    ],
)  # fmt: skip
def test_an_odd_header_is_listed_with_warnings(
    file: Bytes, names: list[str], codes: list[str]
) -> None:
    header = read_header(file)
    assert [tensor.name for tensor in header.tensors] == names
    assert [warning.partition(":")[0] for warning in header.warnings] == codes


def test_a_repeated_key_is_told_and_its_values_are_not() -> None:
    header = read_header(packed('{"__metadata__":{"k":"words of somebody","k":"two"}}'))
    assert header.metadata == {"k": "two"}
    assert header.warnings == ("duplicate_metadata: 'k'",)


def test_what_the_library_writes_is_read_back(tmp_path: Path) -> None:
    arrays = {"x.weight": np.zeros((2, 3), np.float16), "y": np.zeros(5, np.int64)}
    save_file(arrays, tmp_path / "m.safetensors", metadata={"format": "pt", "é": "\n"})
    content = (tmp_path / "m.safetensors").read_bytes()
    header = read_header(Bytes(content))
    assert set(header.tensors) == {
        Tensor("y", "I64", (5,), header.length, 40),
        Tensor("x.weight", "F16", (2, 3), header.length + 40, 12),
    }
    assert header.metadata == {"format": "pt", "é": "\n"}
    assert header.length + 52 == len(content)
    assert header.warnings == ()


def test_a_real_adapter_is_read() -> None:
    content = shared("weights/lora/sd15_lora_diffusion_rank1.safetensors").read_bytes()
    header = read_header(Bytes(content))
    assert (len(header.tensors), header.length) == (386, 34_981)
    assert header.metadata["unet:0:rank"] == "1"
    assert header.warnings == ()


def test_a_small_header_costs_one_read_and_a_large_one_two() -> None:
    small = listing(A, data=100_000)
    read_header(small)
    assert small.reads == [(0, 0x10000)]
    large = listing(f'"__metadata__":{{"k":"{"x" * 100_000}"}}')
    read_header(large)
    assert large.reads == [(0, 0x10000), (0x10000, len(large.content) - 0x10000)]


@pytest.mark.parametrize(
    ("size", "first"), [(4_999_999, 0x10000), (5_000_000, 0x40000), (50_000_000, 0x80000)]
)
def test_the_first_read_follows_the_size_of_the_file(size: int, first: int) -> None:
    file = Bytes(packed("{}").content, size)
    read_header(file)
    assert file.reads == [(0, first)]


def test_a_header_over_the_cap_is_never_fetched() -> None:
    file = packed("{}", n=MAX_HEADER + 1)
    file.size = 10**12
    with pytest.raises(FormatError):
        read_header(file)
    assert file.reads == [(0, 0x80000)]


def test_too_many_tensors_are_refused_before_they_are_parsed() -> None:
    entry = '":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    raw = "{" + ",".join(f'"{i}{entry}' for i in range(200_001)) + "}"
    with pytest.raises(FormatError) as failed:
        parse_header(raw.encode(), 8 + len(raw))
    assert (failed.value.code, failed.value.reason) == ("too_many_tensors", GapReason.TOO_LARGE)


@pytest.mark.parametrize("part", ['"",', "[],", "{},"])
def test_more_parts_than_any_listing_has_are_refused_before_they_are_parsed(part: str) -> None:
    raw = '{"a":[' + part * 1_200_001 + "0]}"
    with pytest.raises(FormatError) as failed:
        parse_header(raw.encode(), 8 + len(raw))
    assert (failed.value.code, failed.value.reason) == ("header_too_large", GapReason.TOO_LARGE)


def test_a_file_that_ends_while_it_is_read_is_past_its_end() -> None:
    for kept in (4, 12):
        file = listing(A, data=4)
        file.content = file.content[:kept]
        with pytest.raises(FormatError) as failed:
            read_header(file)
        assert failed.value.code == "header_past_eof"


FIELDS = st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "a", "\ud800"])
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
              st.sampled_from(["F32", "F4", [0, 4], [4, 8], [1], [2**63, 2**64]])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(FIELDS, inner, max_size=4)
    ),
    max_leaves=15,
)  # fmt: skip


ENTRY = st.tuples(
    st.sampled_from(["a", "b", "é", '\\"', "\\u0061", "\\ud800", "__metadata__", "x" * 600]),
    st.sampled_from(['"dtype":"F32"', '"dtype":"f32"', '"dtype":"F4"', '"d\\u0074ype":"F32"', ""]),
    st.sampled_from(['"shape":[1]', '"shape":[]', '"shape":[2,0]', '"shape":[1.0]', '"shape":[-0]',
                     '"shape":[9223372036854775808]', '"shape":[1],"shape":[1]']),
    st.sampled_from(['"data_offsets":[0,4]', '"data_offsets":[4,8]', '"data_offsets":[8,4]',
                     '"data_offsets":[0,0]', '"data_offsets":[0,4],"x":1']),
).map(lambda parts: f'"{parts[0]}":{{{",".join(filter(None, parts[1:]))}}}')  # fmt: skip
METADATA = st.sampled_from([
    '"__metadata__":{}', '"__metadata__":{"k":"1","k":"2"}', '"__metadata__":{"k":"{\\"}"}',
    '"__metadata__":{"k":{"l":"m"}}', '"__metadata__":{"k":1,"l":"\\u0061"}', '"__metadata__":{k}',
    '"__metadata__":null',
])  # fmt: skip
HEADERS = st.tuples(
    st.sampled_from(["{", " {", "{,"]),
    st.lists(st.one_of(ENTRY, ENTRY, METADATA), max_size=4).map(",".join),
    st.sampled_from(["}", "} \n", ",}", "}}", "}\0"]),
).map(lambda parts: "".join(parts).encode())


def parsed(raw: bytes) -> Header | str:
    try:
        return parse_header(raw, 8 + len(raw) + 8)
    except FormatError as problem:
        return f"{problem.code} {problem}"


@given(HEADERS)
def test_the_quick_way_through_a_header_gives_what_the_careful_one_gives(raw: bytes) -> None:
    quickly = parsed(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modelaudit.resolve.formats.safetensors._plain", lambda raw: [])
        assert parsed(raw) == quickly


@pytest.mark.parametrize("entries", [(A,), (A, B), ('"__metadata__":{"k":"\\"}{"}', A, B)])
def test_a_header_as_libraries_write_it_goes_the_quick_way(entries: tuple[str, ...]) -> None:
    assert len(_plain(f"{{{','.join(entries)}}}  ".encode())) == len(entries)


@given(st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_are_a_header_or_a_format_error(raw: bytes) -> None:
    try:
        header = read_header(packed(raw, 16))
    except FormatError as problem:
        assert "\n" not in str(problem)
        return
    assert all(0 <= t.bytes < 2**63 > (t.offset or 0) >= 0 for t in header.tensors)
    assert all(warning.isascii() and warning.isprintable() for warning in header.warnings)
    assert all(isinstance(value, str) for value in header.metadata.values())
