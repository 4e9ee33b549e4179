from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.sketch import Block
from modelaudit.domain.words import Component
from modelaudit.resolve.weights import decode

PLAIN = ("F64", "F32", "F16", "BF16", "I8", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ")
QUANTISED = ("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL")


def block(
    dtype: str,
    shape: tuple[int, ...],
    data: bytes,
    start: int = 0,
    count: int | None = None,
    skip: int = 0,
    scales: tuple[float, ...] = (),
) -> Block:
    return Block(
        name="w",
        key="w",
        component=Component.UNET,
        dtype=dtype,
        shape=shape,
        start=start,
        count=math.prod(shape) if count is None else count,
        data=data,
        skip=skip,
        scales=scales,
    )


def cut(dtype: str, shape: tuple[int, ...], data: bytes, start: int, count: int) -> Block:
    """The block of some values out of all bytes of a tensor."""
    place = decode.span(dtype, shape, start, count)
    inside = data[place.offset_bytes : place.offset_bytes + place.length_bytes]
    return block(dtype, shape, inside, start, count, place.skip)


def test_plain_values_are_those_that_numpy_stored() -> None:
    array = np.array([[0.5, -1.25, 3.0], [0.0, 100.0, -7.0]])
    for dtype, kind in (("F64", "<f8"), ("F32", "<f4"), ("F16", "<f2"), ("I8", "i1")):
        stored = array.astype(kind)
        found = decode.values(cut(dtype, (2, 3), stored.tobytes(), 1, 4))
        assert found.dtype == np.float32
        assert found.tolist() == stored.reshape(-1)[1:5].tolist()


def test_bfloat16_is_the_upper_half_of_a_float() -> None:
    upper = np.array([0x3F80, 0xC040, 0x7F80], "<u2").tobytes()
    assert decode.values(block("BF16", (3,), upper)).tolist() == [1.0, -3.0, math.inf]


@pytest.mark.parametrize(
    ("dtype", "codes"),
    [
        ("F8_E4M3", {0x00: 0.0, 0x01: 2**-9, 0x38: 1.0, 0xB8: -1.0, 0x7E: 448.0, 0x7F: math.nan}),
        ("F8_E5M2", {0x01: 2**-16, 0x3C: 1.0, 0x7B: 57344.0, 0x7C: math.inf, 0xFC: -math.inf}),
        ("F8_E4M3FNUZ", {0x01: 2**-10, 0x40: 1.0, 0x7F: 240.0, 0x80: math.nan, 0xFF: -240.0}),
        ("F8_E5M2FNUZ", {0x01: 2**-17, 0x40: 1.0, 0x7F: 57344.0, 0x80: math.nan}),
    ],
)
def test_codes_of_8_bit_floats_are_those_of_their_definitions(
    dtype: str, codes: dict[int, float]
) -> None:
    found = decode.values(block(dtype, (len(codes),), bytes(codes)))
    assert np.array_equal(found, np.array(list(codes.values()), np.float32), equal_nan=True)


def test_the_half_of_a_float16_is_an_8_bit_float_of_five_exponent_bits() -> None:
    codes = np.arange(256, dtype=np.uint8)
    wider = (codes.astype("<u2") << 8).view("<f2").astype(np.float32)
    found = decode.values(block("F8_E5M2", (256,), codes.tobytes()))
    assert np.array_equal(found, wider, equal_nan=True)


def test_integers_are_multiplied_by_the_scale_of_their_row() -> None:
    array = np.arange(12, dtype=np.int8).reshape(3, 4)
    one = cut("I8", (3, 4), array.tobytes(), 3, 6)
    scaled = decode.values(block("I8", (3, 4), one.data, 3, 6, scales=(10.0, 2.0, 0.5)))
    assert scaled.tolist() == [30.0, 8.0, 10.0, 12.0, 14.0, 4.0]
    whole = decode.values(block("I8", (3, 4), one.data, 3, 6, scales=(0.5,)))
    assert whole.tolist() == [1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
    beyond = decode.values(block("I8", (3, 4), one.data, 3, 6, scales=(1e40,)))
    assert beyond.tolist() == [math.inf] * 6
    with pytest.raises(ValueError, match="2 scales are not those of 3 rows"):
        decode.values(block("I8", (3, 4), one.data, 3, 6, scales=(1.0, 1.0)))


def test_numbers_that_no_machine_counts_to_are_only_numbers() -> None:
    shape, start = (2**60, 2**90), 5 * 2**90 - 1
    found = decode.values(block("I8", shape, bytes([2, 3]), start, 2, scales=(10.0, 100.0)))
    assert found.tolist() == [20.0, 300.0]


@pytest.mark.parametrize("dtype", ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"])
def test_quantised_values_are_near_those_that_were_quantised(dtype: str) -> None:
    from gguf import GGMLQuantizationType, quants

    array = np.random.default_rng(0).standard_normal((8, 256), np.float32)
    data = quants.quantize(array, GGMLQuantizationType[dtype]).tobytes()
    found = decode.values(cut(dtype, (8, 256), data, 300, 1024))
    wanted = array.reshape(-1)[300:1324]
    assert np.corrcoef(found, wanted)[0, 1] > (0.9999 if dtype == "Q8_0" else 0.99)


def test_blocks_of_four_bits_are_those_of_their_definition() -> None:
    # half-precision scale, then two values a byte: low halves are the first sixteen
    data = np.float16(0.5).tobytes() + bytes(range(16))
    found = decode.values(block("Q4_0", (1, 32), data))
    assert found.tolist() == [(low - 8) / 2 for low in range(16)] + [-4.0] * 16


def test_blocks_of_six_bits_are_those_of_their_definition() -> None:
    # 128 lower halves, 64 upper quarters, 16 scales, one scale of those
    data = bytes([0x21] * 128 + [0b00011011] * 64 + [*range(16)]) + np.float16(2).tobytes()
    found = decode.values(block("Q6_K", (1, 256), data)).reshape(2, 4, 2, 16)
    lower, upper = (1, 1, 2, 2), (0b11, 0b10, 0b01, 0b00)
    for half in range(2):
        for quarter in range(4):
            for side in range(2):
                scale = 2.0 * (8 * half + 2 * quarter + side)
                value = scale * (lower[quarter] + 16 * upper[quarter] - 32)
                assert (found[half, quarter, side] == value).all()


def test_blocks_of_four_bits_with_two_scales_are_those_of_their_definition() -> None:
    scales = bytes([1, 2, 3, 4, 5, 6, 7, 8, 0x21, 0x43, 0x65, 0x87])  # six bits each
    data = np.float16(1).tobytes() + np.float16(0.5).tobytes() + scales + bytes([0x73] * 128)
    found = decode.values(block("Q4_K", (1, 256), data)).reshape(8, 32)
    scale = [1, 2, 3, 4, 1, 3, 5, 7]
    least = [5, 6, 7, 8, 2, 4, 6, 8]
    for part in range(8):
        value = scale[part] * (7 if part % 2 else 3) - 0.5 * least[part]
        assert (found[part] == value).all()


@given(st.sampled_from(PLAIN + QUANTISED), st.integers(1, 5), st.integers(1, 3), st.data())
def test_any_row_of_values_is_that_of_the_whole_tensor(
    dtype: str, rows: int, wide: int, data: st.DataObject
) -> None:
    shape = (rows, 256 * wide)
    count = math.prod(shape)
    length = decode.stored(dtype, shape)
    assert length
    raw = np.random.default_rng(count).integers(0, 256, length, np.uint8).tobytes()
    start = data.draw(st.integers(0, count - 1))
    taken = data.draw(st.integers(1, count - start))
    whole = decode.values(block(dtype, shape, raw))
    found = decode.values(cut(dtype, shape, raw, start, taken))
    assert len(whole) == count
    assert np.array_equal(found, whole[start : start + taken], equal_nan=True)


def test_whole_blocks_are_read_of_quantised_rows() -> None:
    assert decode.span("Q4_K", (4, 512), 700, 1000) == (2 * 144, 5 * 144, 700 - 512)
    assert decode.span("F16", (4, 512), 700, 1000) == (1400, 2000, 0)


@pytest.mark.parametrize(
    "dtype", ["U8", "I32", "U32", "BOOL", "F4", "F8_E8M0", "Q9_X", "", "é" * 9]
)
def test_packed_types_are_not_decoded(dtype: str) -> None:
    assert not decode.can_decode(dtype)
    assert decode.stored(dtype, (4, 4)) is None
    with pytest.raises(ValueError, match="not decoded"):
        decode.span(dtype, (4, 4), 0, 16)
    with pytest.raises(ValueError, match="not decoded"):
        decode.values(block(dtype, (4, 4), bytes(16)))


def test_every_type_that_can_be_decoded_says_so() -> None:
    assert all(map(decode.can_decode, PLAIN + QUANTISED))
    assert not decode.can_decode("Q1_0")  # too new for the package
    with pytest.raises(ValueError, match="not decoded"):
        decode.values(block("Q1_0", (1, 128), bytes(18)))


@pytest.mark.parametrize(
    ("start", "count"), [(-1, 4), (0, 0), (0, 17), (15, 2), (2**70, 1), (0, 2**70), (4, -1)]
)
def test_values_that_are_not_there_are_refused(start: int, count: int) -> None:
    with pytest.raises(ValueError, match="no such values"):
        decode.span("F16", (4, 4), start, count)


@given(
    st.sampled_from((*PLAIN, *QUANTISED, "U8", "MXFP4", "NVFP4", "TQ1_0", "IQ2_XXS")),
    st.lists(st.integers(0, 300), max_size=4),
    st.binary(max_size=700),
    st.integers(-2, 300),
    st.integers(-2, 300),
    st.integers(-1, 40),
    st.lists(st.floats(), max_size=3),
)
def test_any_block_gives_its_values_or_is_refused(
    dtype: str,
    shape: list[int],
    data: bytes,
    start: int,
    count: int,
    skip: int,
    scales: list[float],
) -> None:
    wild = block(dtype, tuple(shape), data, start, count, skip, tuple(scales))
    try:
        found = decode.values(wild)
    except ValueError:
        return
    assert len(found) == count
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("one", "other", "lower"),
    [
        ("F32", "F16", "F16"),
        ("F16", "BF16", "BF16"),
        ("BF16", "BF16", "BF16"),
        ("F8_E4M3", "F64", "F8_E4M3"),
        ("F8_E5M2", "F8_E4M3", "F8_E5M2"),
        ("F16", "Q8_0", None),
        ("I8", "F16", None),
    ],
)
def test_the_lower_of_two_types_keeps_fewer_digits(one: str, other: str, lower: str | None) -> None:
    assert decode.lower(one, other) == decode.lower(other, one) == lower


@pytest.mark.parametrize(
    "dtype", ["BF16", "F16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"]
)
def test_what_a_type_stores_it_casts_to_itself(dtype: str) -> None:
    width = decode.stored(dtype, (1,))
    assert width
    codes = np.arange(256**width, dtype=f"<u{width}")
    stored = decode.values(block(dtype, codes.shape, codes.tobytes()))
    finite = stored[np.isfinite(stored)]
    assert np.array_equal(decode.cast(finite, dtype), finite)
    ordered = np.unique(finite).astype(np.float64)
    between = ((ordered[1:] + ordered[:-1]) / 2).astype(np.float32)
    nearest = decode.cast(between, dtype)
    # exactly between two neighbours: the one whose last digit is even
    kept = dict(zip(stored.tolist(), codes.tolist(), strict=True))
    assert all(kept[value] % 2 == 0 for value in nearest.tolist() if value)


def test_values_are_cast_to_the_nearest_as_torch_does_it() -> None:
    given_ = np.array([1.06, 464.0, 464.1, -1e9, 1e-9, math.nan, 0.0859], np.float32)
    wanted = np.array([1.0, 448.0, math.nan, math.nan, 0.0, math.nan, 0.0859375], np.float32)
    assert np.array_equal(decode.cast(given_, "F8_E4M3"), wanted, equal_nan=True)
    assert decode.cast(np.array([61439.0, 61440.0], np.float32), "F8_E5M2").tolist() == [
        57344.0,
        math.inf,
    ]
    assert decode.cast(np.array([65519.0, 65520.0], np.float32), "F16").tolist() == [
        65504.0,
        math.inf,
    ]
    assert decode.cast(np.array([1.00390625, -math.inf], np.float32), "BF16").tolist() == [
        1.0,
        -math.inf,
    ]
    with pytest.raises(ValueError, match="nothing can be cast"):
        decode.cast(given_, "Q8_0")


def test_casting_twice_changes_nothing() -> None:
    values = np.random.default_rng(3).standard_normal(1000, np.float32) * 100
    for dtype in ("F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"):
        once = decode.cast(values, dtype)
        assert np.array_equal(decode.cast(once, dtype), once, equal_nan=True)
