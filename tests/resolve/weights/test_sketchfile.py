from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.domain.sketch import Block, Sketch, Use
from modelaudit.domain.weights import Architecture
from modelaudit.domain.words import Component
from modelaudit.resolve.formats import safetensors
from modelaudit.resolve.weights import decode, sketchfile
from modelaudit.resolve.weights.sketch import make
from tests.readers import Bytes
from tests.resolve.weights import files
from tests.resolve.weights.files import LLAMA, Endless, header_of, llama, only

TEXT = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)
DTYPES = ("F32", "F16", "BF16", "I8", "F8_E4M3", "Q8_0", "Q4_K")


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    dtype = draw(st.sampled_from(DTYPES))
    shape = (draw(st.integers(1, 4)), 256 * draw(st.integers(1, 2)))
    start = draw(st.integers(0, math.prod(shape) - 1))
    count = draw(st.integers(1, min(300, math.prod(shape) - start)))
    place = decode.span(dtype, shape, start, count)
    rows = (start + count - 1) // shape[1] - start // shape[1] + 1
    scale = st.floats(allow_nan=False, allow_infinity=False, width=32)
    fill = draw(st.integers(0, 255))
    return Block(
        name=draw(TEXT),
        key=draw(TEXT),
        component=draw(st.sampled_from(Component)),
        dtype=dtype,
        shape=shape,
        start=start,
        count=count,
        data=bytes((fill + n) % 256 for n in range(place.length_bytes)),
        skip=place.skip,
        scales=tuple(draw(scale) for _ in range(draw(st.sampled_from((0, 1, rows))))),
        use=draw(st.sampled_from([use for use in Use if use is not Use.TRANSPOSED])),
        chosen=draw(st.booleans()),
        offset=draw(st.none() | st.integers(0, 2**63 - 1)),
        file=draw(st.none() | TEXT),
    )


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    found = {(b.component, b.use, b.key): b for b in draw(st.lists(blocks(), max_size=4))}
    digest = st.sampled_from(["0" * 64, "0123456789abcdef" * 4])
    return Sketch(
        source=draw(TEXT),
        architecture=Architecture(
            family=draw(TEXT),
            reason=draw(TEXT),
            kind=draw(TEXT),
            variant=draw(st.none() | TEXT),
            components=tuple(draw(st.lists(st.sampled_from(Component), max_size=3))),
            measured=draw(st.booleans()),
        ),
        blocks=tuple(found[place] for place in sorted(found)),
        sha256=draw(st.none() | digest),
        every=draw(st.booleans()),
        wholes=draw(st.dictionaries(TEXT, digest, max_size=3)),
        notes=tuple(draw(st.lists(TEXT, max_size=3))),
        bytes_read=draw(st.integers(0, 2**40)),
    )


def made(**options: bool) -> Sketch:
    return make(only(Endless()), header_of(llama(1)), LLAMA, source="base", **options)


VALID = sketchfile.dumps(made())


def rebuilt(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> bytes:
    """A valid file with its header, and what the metadata holds, changed."""
    (length,) = struct.unpack_from("<Q", VALID)
    header = json.loads(VALID[8 : 8 + length])
    about = json.loads(header["__metadata__"]["modelaudit.sketch"])
    change(header, about)
    if "modelaudit.sketch" in header.get("__metadata__", {}):
        header["__metadata__"]["modelaudit.sketch"] = json.dumps(about)
    raw = json.dumps(header, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw)) + raw + VALID[8 + length :]


@given(sketches())
def test_what_is_written_is_read_back(sketch: Sketch) -> None:
    data = sketchfile.dumps(sketch)
    assert sketchfile.is_sketch(data[:64])
    assert sketchfile.loads(data) == sketch
    assert sketchfile.dumps(sketchfile.loads(data)) == data


def test_a_reference_is_read_back_with_all_that_it_holds() -> None:
    reference = made(every=True, gather=True)
    assert {block.use for block in reference.blocks} == {*Use}
    assert reference.wholes
    assert sketchfile.loads(sketchfile.dumps(reference)) == reference


def test_any_reader_of_safetensors_opens_a_sketch() -> None:
    from safetensors.numpy import load

    found = made()
    tensors = [tensor.tobytes() for _, tensor in sorted(load(VALID).items())]
    assert tensors == [block.data for block in found.blocks]
    header = safetensors.read_header(Bytes(VALID))
    assert header.warnings == ()
    assert list(header.metadata) == ["modelaudit.sketch"]
    about = json.loads(header.metadata["modelaudit.sketch"])
    assert about["schema"] == "modelaudit.sketch/1"
    assert list(about) == sorted(about)
    assert about["blocks"][0]["key"] == found.blocks[0].key
    assert about["architecture"]["components"] == ["transformer"]


def test_the_same_sketch_gives_the_same_bytes_and_digest() -> None:
    assert sketchfile.dumps(made()) == VALID
    assert sketchfile.digest(made()) == sketchfile.digest(sketchfile.loads(VALID))
    assert len(sketchfile.digest(made())) == 64
    assert sketchfile.digest(replace(made(), source="b")) != sketchfile.digest(made())


def test_a_weight_file_is_no_sketch() -> None:
    weights = files.safetensors(files.values({"a": (2, 2)}))
    assert not sketchfile.is_sketch(weights)
    assert not sketchfile.is_sketch(b"")
    assert not sketchfile.is_sketch(b"GGUF" + bytes(60))
    with pytest.raises(ValueError, match="does not begin as a sketch does"):
        sketchfile.loads(weights)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_sketch_or_refused(data: bytes) -> None:
    for content in (data, VALID[:52] + data, VALID + data, VALID[: len(VALID) - len(data)]):
        try:
            found = sketchfile.loads(content)
        except ValueError as error:
            assert "\n" not in str(error)
        else:
            assert found == made()


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=5))
@settings(max_examples=300)
def test_a_file_that_was_tampered_with_is_a_sketch_or_refused(edits: list[tuple[int, int]]) -> None:
    changed = bytearray(VALID)
    for place, byte in edits:
        changed[place] = byte
    try:
        found = sketchfile.loads(bytes(changed))
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert sketchfile.loads(sketchfile.dumps(found)) == found


FIELDS = (
    "source", "sha256", "architecture", "every", "wholes", "notes", "bytes_read", "blocks",
    "schema",
)  # fmt: skip
BLOCK_FIELDS = (
    "name", "key", "component", "dtype", "shape", "start", "count", "scales", "use", "chosen",
    "offset", "file",
)  # fmt: skip
WILD = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    st.sampled_from(
        [
            "source",
            "sha256",
            "architecture",
            "every",
            "wholes",
            "notes",
            "bytes_read",
            "blocks",
            "schema",
            "new",
        ]
    ),
    WILD,
)
def test_any_other_description_is_refused(field: str, value: object) -> None:
    try:
        found = sketchfile.loads(rebuilt(lambda _, about: about.update({field: value})))
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert sketchfile.loads(sketchfile.dumps(found)) == found


@given(
    st.integers(0, 10),
    st.sampled_from(
        [
            "name",
            "key",
            "component",
            "dtype",
            "shape",
            "start",
            "count",
            "scales",
            "use",
            "chosen",
            "offset",
            "file",
            "skip",
        ]
    ),
    WILD
    | st.sampled_from(["F32", "Q4_K", "U8", "anchor", "vae", [64, 64], [2**62] * 3, [0], 1024]),
)
def test_any_other_description_of_a_block_is_refused_or_fits_its_bytes(
    index: int, field: str, value: object
) -> None:
    data = rebuilt(lambda _, about: about["blocks"][index].update({field: value}))
    try:
        found = sketchfile.loads(data)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        for block in found.blocks:
            assert len(decode.values(block)) == block.count


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header, about: about["blocks"].pop(), "tensors are not its blocks"),
        (lambda header, about: about["blocks"].reverse(), "are not those of|not sorted"),
        (
            lambda header, about: about["blocks"][3].update(key=about["blocks"][2]["key"]),
            "not sorted, or one is there twice",
        ),
        (lambda header, about: header["00001"].update(dtype="I8"), "tensors are not bytes"),
        (lambda header, about: header["__metadata__"].update(more="x"), "not laid out"),
        (lambda header, about: header["00001"].update(data_offsets=[0, 9]), "not laid out"),
        (lambda header, about: about.update(schema="modelaudit.sketch/2"), "not a sketch's"),
        (lambda header, about: about.update(source="a\nb"), "cannot be printed"),
        (lambda header, about: about["notes"].append("\x1b[2J"), "cannot be printed"),
        (lambda header, about: about["blocks"][0].update(start=2**40), "no such values"),
        (lambda header, about: about["blocks"][0].update(count=1 << 21), "not a sketch's"),
        (lambda header, about: about["blocks"][0].update(dtype="U8"), "not decoded"),
        (lambda header, about: about["blocks"][0].update(scales=[1.0, 2.0, 3.0]), "3 scales"),
        (lambda header, about: about["blocks"][0].update(component="soul"), "not one of"),
        (lambda header, about: header.pop("__metadata__"), "does not begin"),
    ],
)
def test_what_no_sketch_can_hold_is_refused(
    change: Callable[[dict[str, Any], dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sketchfile.loads(rebuilt(change))


def test_gathered_values_are_floats() -> None:
    found = made(every=True, gather=True)
    half = [
        replace(block, dtype="F16", data=block.data[:2048])
        if block.use is Use.TRANSPOSED
        else block
        for block in found.blocks
    ]
    with pytest.raises(ValueError, match="F32"):
        sketchfile.dumps(replace(found, blocks=tuple(half)))


def test_a_file_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(ValueError, match="over 16777216"):
        sketchfile.loads(VALID + bytes(16 << 20))


def test_what_could_not_be_read_back_is_not_written() -> None:
    sketch = made()
    first = sketch.blocks[0]
    for broken in (
        replace(first, data=first.data[1:]),
        replace(first, scales=(math.inf,)),
        replace(first, count=0),
        replace(first, skip=3),
        replace(first, name="\ud800"),
        replace(first, key="a\nb"),
        replace(first, offset=-1),
    ):
        with pytest.raises(ValueError):
            sketchfile.dumps(replace(sketch, blocks=(broken, *sketch.blocks[1:])))
    with pytest.raises(ValueError):
        sketchfile.dumps(replace(sketch, blocks=sketch.blocks[::-1]))
    with pytest.raises(ValueError):
        sketchfile.dumps(replace(sketch, sha256="abc"))


def test_of_a_source_only_what_can_be_printed_is_written() -> None:
    data = sketchfile.dumps(replace(made(), source="a\udc80\n"))
    assert sketchfile.loads(data).source == "a\ufffd\ufffd"
