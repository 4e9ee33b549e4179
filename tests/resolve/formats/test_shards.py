"""Sharded models: their index, the names of their files, and the union of their headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.weights import Header, Tensor
from modelaudit.resolve.formats._shards import (
    MAX_INDEX,
    MAX_SHARDS,
    Shard,
    is_plain_name,
    parse_index,
    shard_of,
    union,
)
from modelaudit.resolve.formats.errors import FormatError

ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def index(weight_map: Mapping[str, Any]) -> bytes:
    return json.dumps({"metadata": {"total_size": 8}, "weight_map": weight_map}).encode()


def header(*names: str, **fields: Any) -> Header:
    tensors = tuple(Tensor(name, "F32", (1,), 100, 4) for name in names)
    return Header(format=fields.pop("format", "safetensors"), tensors=tensors, **fields)


def codes(header: Header) -> list[str]:
    return [warning.partition(":")[0] for warning in header.warnings]


def test_an_index_tells_which_file_holds_which_tensors() -> None:
    found = parse_index(index({"a": TWO, "b": ONE, "c": TWO}))
    assert list(found.items()) == [(TWO, ("a", "c")), (ONE, ("b",))]
    assert parse_index(index({"a": "pytorch_model-00001-of-00001.bin"}))
    assert parse_index(b'{"weight_map":{}}') == {}


def test_a_tensor_named_twice_is_listed_twice() -> None:
    found = parse_index(f'{{"weight_map":{{"a":"{ONE}","a":"{TWO}"}}}}'.encode())
    assert found == {ONE: ("a",), TWO: ("a",)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b'{"weight_map":{"a":NaN}}', "bad_json"),
        (b'{"weight_map":{"a":' + b"9" * 5000 + b"}}", "bad_json"),
        (b"\xef\xbb\xbf{}", "bad_json"),
        (b"\xff", "bad_utf8"),
        (b"[]", "not_object"),
        (b"null", "not_object"),
        (b'{"weight_map":[]}', "not_object"),
        (b"{}", "bad_index"),
        (b'{"weight_map":{},"weight_map":{}}', "bad_index"),
        (index({"a": 5}), "bad_index"),
        (index({"a": None}), "bad_index"),
        (index({str(i): f"{i}.bin" for i in range(MAX_SHARDS + 1)}), "bad_index"),
        (index({str(i): "m.bin" for i in range(200_001)}), "too_many_tensors"),
        (b'{"weight_map":[' + b"[]," * 1_000_000 + b"[]]}", "too_many_tensors"),
        (bytes(MAX_INDEX + 1), "header_too_large"),
    ],
)
def test_an_unreadable_index_says_why(text: bytes, code: str) -> None:
    with pytest.raises(FormatError) as failed:
        parse_index(text)
    assert failed.value.code == code
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    "name",
    [
        "../m.bin", "a/m.bin", "/m.bin", "a\\m.bin", "..", ".", "", "m\0.bin", "m\n.bin", "C:m.bin",
        "\ud800.bin", "https://example.org/m.bin", "x" * 300 + ".bin", "config.json", "m.py", "bin",
    ],
)  # fmt: skip
def test_an_index_leads_to_weight_files_beside_it_only(name: str) -> None:
    with pytest.raises(FormatError) as failed:
        parse_index(index({"a": name}))
    assert failed.value.code == "bad_shard_name"
    assert str(failed.value).isascii()
    assert str(failed.value).isprintable()


@pytest.mark.parametrize(
    ("name", "shard"),
    [
        ("model-00001-of-00003.safetensors", Shard("model", 1, 3)),
        ("pytorch_model-00002-of-00002.bin", Shard("pytorch_model", 2, 2)),
        ("Name-Q4_K-00001-of-00010.gguf", Shard("Name-Q4_K", 1, 10)),
        ("model.safetensors", None),
        ("model-00000-of-00003.safetensors", None),
        ("model-00004-of-00003.safetensors", None),
        ("model-00001-of-99999.safetensors", None),
        ("model-1-of-3.safetensors", None),
        ("model-00001-of-00003.safetensors\n", None),
        ("model-00001-of-00003.json", None),
        ("../model-00001-of-00003.safetensors", None),
        ("-00001-of-00003.safetensors", None),
        ("model-००००१-of-00003.safetensors", None),
    ],
)
def test_a_numbered_name_tells_its_place(name: str, shard: Shard | None) -> None:
    assert shard_of(name) == shard


def test_a_union_has_the_tensors_of_all_shards() -> None:
    one = header("a", "b", metadata={"format": "pt"}, length=100)
    two = header("c", metadata={"format": "pt"}, length=50)
    both = union({TWO: two, ONE: one}, {ONE: ("a", "b"), TWO: ("c",)})
    assert both == Header(
        format="safetensors",
        tensors=(
            Tensor("a", "F32", (1,), 100, 4, ONE),
            Tensor("b", "F32", (1,), 100, 4, ONE),
            Tensor("c", "F32", (1,), 100, 4, TWO),
        ),
        metadata={"format": "pt"},
    )


def test_a_union_says_what_is_not_where_the_index_has_it() -> None:
    shards = {ONE: header("a", "b"), TWO: header("c")}
    both = union(shards, {ONE: ("a", "c", "gone"), TWO: (), "third.safetensors": ("d",)})
    assert set(both.warnings) == {
        "missing_shard: 'third.safetensors'",
        "misplaced_tensor: 'c'",
        "missing_tensor: 'gone'",
        "unlisted_tensor: 'b'",
    }


def test_a_union_without_an_index_counts_by_the_names() -> None:
    assert codes(union({ONE: header("a")}, {})) == ["missing_shard"]
    assert union({ONE: header("a")}, {}).warnings == (f"missing_shard: '{TWO}'",)
    assert codes(union({ONE: header("a"), TWO: header("b")}, {})) == []
    assert codes(union({"m.gguf": header("a")}, {})) == []
    inside = union({f"unet/{ONE}": header("a")}, {})
    assert inside.warnings == (f"missing_shard: 'unet/{TWO}'",)


def test_a_union_says_where_shards_contradict_each_other() -> None:
    one = header("a", metadata={"k": "1"})
    other = header("b", metadata={"k": "2"})
    both = union({ONE: one, TWO: other}, {})
    assert (both.metadata, both.warnings) == ({"k": "1"}, (f"shards_differ: '{TWO}'",))
    assert codes(union({ONE: one, TWO: header("a")}, {})) == ["duplicate_tensor"]
    assert codes(union({ONE: one, TWO: header("b", format="gguf")}, {})) == ["shards_differ"]


def test_gguf_shards_number_themselves_and_only_the_first_has_metadata() -> None:
    one = header("a", format="gguf", metadata={"general.name": "x", "split.no": 0})
    two = header("b", format="gguf", metadata={"split.no": 1})
    both = union({"m-00001-of-00002.gguf": one, "m-00002-of-00002.gguf": two}, {})
    assert (both.metadata["general.name"], both.warnings) == ("x", ())


def test_warnings_of_shards_say_whose_they_are() -> None:
    two = header("b", warnings=("truncated: 9 bytes are missing",))
    both = union({ONE: header("a"), TWO: two}, {})
    assert both.warnings == (f"truncated: '{TWO}': 9 bytes are missing",)


def test_a_union_of_nothing_or_of_too_much_is_refused() -> None:
    with pytest.raises(FormatError) as failed:
        union({}, {ONE: ("a",)})
    assert failed.value.code == "missing_shard"
    many = Header(format="gguf", tensors=(Tensor("a", "F32", (1,), 0, 4),) * 100_001)
    with pytest.raises(FormatError) as failed:
        union({ONE: many, TWO: many}, {})
    assert failed.value.code == "too_many_tensors"


@given(st.text(max_size=30))
def test_plain_names_hold_no_path(name: str) -> None:
    if is_plain_name(name):
        assert name.isprintable()
        assert not set(name) & set("/\\\0\n:")
        assert name.strip(".")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5),
              st.sampled_from([ONE, TWO, "../x.bin"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["weight_map", "a", "b"]), inner, max_size=3),
    ),
    max_leaves=10,
)  # fmt: skip


@given(st.one_of(st.binary(max_size=100), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_are_an_index_or_a_format_error(text: bytes) -> None:
    try:
        found = parse_index(text)
    except FormatError as problem:
        assert "\n" not in str(problem)
        return
    assert all(map(is_plain_name, found))
