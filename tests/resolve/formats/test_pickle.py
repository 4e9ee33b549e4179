"""Pickles as inert data: what is listed, what is refused, and that nothing runs or explodes."""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.words import GapReason
from modelaudit.resolve.formats._nodes import OPAQUE, Call, Dict, Global, List, Opaque, Tuple
from modelaudit.resolve.formats._pickle import MAX_OPCODES, Pickle, walk
from modelaudit.resolve.formats._stream import MAX_PICKLE, Stream
from modelaudit.resolve.formats.errors import FormatError
from tests.readers import Bytes


def walked(raw: bytes) -> Pickle:
    return walk(Stream(Bytes(raw).read, 0, len(raw)))


def globals_of(raw: bytes) -> list[str]:
    return [found.path for found in walked(raw).globals]


def plain(node: object) -> Any:
    """The value that a node stands for, of a pickle that is known to be harmless."""
    if isinstance(node, Dict):
        return {key: plain(value) for key, value in node.pairs}
    if isinstance(node, Tuple):
        return tuple(plain(item) for item in node.items)
    if isinstance(node, List):
        return [plain(item) for item in node.items]
    return node


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**511), 2**511 - 1), st.text(max_size=600),
              st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.text(max_size=9), inner), st.tuples(inner, inner)
    ),
    max_leaves=20,
)  # fmt: skip


@given(PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_data_comes_back_whatever_the_protocol(value: Any, protocol: int) -> None:
    def shortened(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shortened(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(shortened(item) for item in value)
        return OPAQUE if isinstance(value, str) and len(value) > 512 else value

    found = walked(pickle.dumps(value, protocol))
    assert plain(found.root) == shortened(value)
    assert found.globals == ()


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        import os

        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_payload_is_a_record_and_never_runs(protocol: int, tmp_path: Path) -> None:
    raw = pickle.dumps({"weights": Payload(f"touch {tmp_path}/ran")}, protocol)
    found = walked(raw)
    assert isinstance(found.root, Dict)
    [(key, call)] = found.root.pairs
    assert isinstance(call, Call)
    assert isinstance(call.function, Global)
    assert (key, call.function.name) == ("weights", "system")
    assert plain(call.arguments) == (f"touch {tmp_path}/ran",)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        (b"cos\nsystem\n.", ["os.system"]),
        (b"\x8c\x02os\x8c\x06system\x93.", ["os.system"]),
        (b"(S'true'\nios\nsystem\n.", ["os.system"]),
        (b"(cos\nsystem\nS'true'\no.", ["os.system"]),
        (b"cos\nsystem\n)}\x92.", ["os.system"]),
        (b"cos\nsystem\n)\x81.", ["os.system"]),
        (b"\x82\x05.", ["copyreg.extension 5"]),
        (b"\x83\x05\x01.", ["copyreg.extension 261"]),
        (b"ca\nb\nca\nb\ncc\nd\n.", ["a.b", "c.d"]),
    ],
)
def test_every_way_to_import_is_listed(raw: bytes, paths: list[str]) -> None:
    found = walked(raw)
    assert [each.path for each in found.globals] == paths
    assert found.dynamic == 0


def test_a_name_made_at_run_time_is_counted() -> None:
    found = walked(b"\x8c\x02osN\x93cos\ngetcwd\n)R\x8c\x01x\x93.")
    assert found.dynamic == 2
    assert [each.path for each in found.globals] == ["os.getcwd"]


BOMB = b"})" + b"22\x87" * 18 + b"Ns."


def test_a_key_of_three_to_the_nth_parts_is_left_out_unhashed() -> None:
    assert len(BOMB) == 59
    for raw in (BOMB, b"})" + b"22\x87" * 50_000 + b"Ns."):
        found = walked(raw)
        assert plain(found.root) == {}
        assert found.opaque_keys == 1


def test_only_strings_and_integers_are_keys() -> None:
    found = walked(pickle.dumps({"a": 1, 7: 2, True: 3, 1.5: 4, None: 5, (1,): 6, b"b": 7}))
    assert plain(found.root) == {"a": 1, "7": 2}
    assert found.opaque_keys == 5


@pytest.mark.parametrize(
    "raw",
    [
        b"]q\x00h\x00a.",  # a list in itself
        b"}q\x00X\x01\x00\x00\x00ah\x00s.",  # a dictionary in itself
        b"]q\x00h\x00\x85a.",  # a tuple of a list of it
        b")" + b"\x85" * 100_000 + b".",
        b"]" * 100_000 + b"a" * 99_999 + b".",
        b"(" * 100_000 + b"N" + b"t" * 100_000 + b".",
        b"N" + b"NR" * 100_000 + b".",
    ],
)
def test_loops_and_depth_do_no_harm(raw: bytes) -> None:
    assert walked(raw).globals == ()


def test_numbers_that_a_pickle_chooses_take_no_memory() -> None:
    file = Bytes(
        b"\x80\x04\x95" + b"\xff" * 8 + b"K\x05r\xff\xff\xff\x7f0j\xff\xff\xff\x7f.", size=2**40
    )
    found = walk(Stream(file.read, 0, file.size))
    assert found.root == 5
    assert file.reads == [(0, 0x10000)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80",
        b"N",
        b".",
        b"\xff.",
        b"0.",
        b"N00.",
        b"t.",
        b"(R.",
        b"NR.",
        b"N(R.",  # a mark is no value
        b"h\x00.",
        b"g5\n.",
        b"q\x00.",
        b"2.",
        b"(o.",
        b"(Nd.",
        b"}(Nu.",
        b"Nu.",
        b"I\n.",
        b"I1",
        b"Fx\n.",
        b"Sx\n.",
        b"S'\\xzz'\n.",
        b"S'\\d'\n.",  # a warning of Python, and warnings are errors here
        b"cos\nsystem",
        b"X\x05\x00\x00\x00ab.",
        b"X\x01\x00\x00\x00\xff.",
        b"T\xff\xff\xff\xff.",
        b"\x8b\xff\xff\xff\xff.",
        b"\x8e" + struct.pack("<Q", 10**12) + b"x.",  # 1 TB of bytes
        b"\x8d" + struct.pack("<Q", 10**12) + b"x.",
        b"\x8e" + b"\xff" * 8 + b"x.",
        b"I" + b"9" * 5000 + b"\n.",
    ],
)
def test_a_malformed_pickle_says_so(raw: bytes) -> None:
    with pytest.raises(FormatError) as failed:
        walked(raw)
    assert failed.value.code == "bad_pickle"
    assert failed.value.reason is GapReason.UNREADABLE
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"]" * (MAX_OPCODES + 1) + b".",
        b"N" + b"p1\n" * MAX_OPCODES + b".",
        b"\x8b\x41\x00\x00\x00" + b"\x01" * 65 + b".",  # an integer of 65 bytes
        b"I" + b"9" * 200 + b"\n.",
        b"B" + struct.pack("<I", 9 << 20) + bytes(9 << 20) + b".",  # one value of 9 MiB
        b"V" + b"a" * (2 << 20) + b"\n.",
        (b"X\x00\x02\x00\x00" + b"a" * 512) * 17_000 + b".",  # 8.7 MB of names
        b"".join(b"cm\n%d\n" % i for i in range(10_001)) + b".",
    ],
)
def test_a_pickle_over_a_limit_is_refused(raw: bytes) -> None:
    with pytest.raises(FormatError) as failed:
        walked(raw)
    assert failed.value.code == "pickle_limit"
    assert failed.value.reason is GapReason.PICKLE_REFUSED


def test_a_limit_is_met_before_more_is_fetched() -> None:
    file = Bytes(b"]" * (1 << 20), size=10**12)
    with pytest.raises(FormatError):
        walk(Stream(file.read, 0, file.size))
    assert sum(length for _, length in file.reads) < 1 << 20


def test_a_pickle_longer_than_the_cap_is_refused_there() -> None:
    value = b"B" + struct.pack("<I", 1 << 20) + bytes(1 << 20) + b"0"
    file = Bytes(value * 33 + b"N.")
    with pytest.raises(FormatError) as failed:
        walk(Stream(file.read, 0, len(file.content)))
    assert failed.value.code == "pickle_limit"
    assert sum(length for _, length in file.reads) <= MAX_PICKLE


def test_a_claimed_length_is_not_fetched() -> None:
    file = Bytes(b"\x8e" + struct.pack("<Q", 2**39) + bytes(200_000), size=2**40)
    with pytest.raises(FormatError) as failed:
        walk(Stream(file.read, 0, file.size))
    assert failed.value.code == "pickle_limit"
    assert file.reads == [(0, 0x10000)]


def test_long_strings_and_bytes_are_not_kept() -> None:
    found = walked(pickle.dumps(["a" * 513, "a" * 512, b"bytes", bytearray(b"x")], 5))
    assert isinstance(found.root, List)
    kinds = [isinstance(item, Opaque) for item in found.root.items]
    assert kinds == [True, False, True, True]


def test_an_ordered_dictionary_is_a_call_that_holds_its_items() -> None:
    raw = pickle.dumps(OrderedDict(a=1, b=[2]), 2)
    assert globals_of(raw) == ["collections.OrderedDict"]
    found = walked(raw).root
    assert isinstance(found, Call)
    assert [(key, plain(value)) for key, value in found.held] == [("a", 1), ("b", [2])]


@pytest.mark.parametrize("size", [1, 3, 65_536, 200_000])
def test_pickles_in_a_row_are_read_one_by_one_over_any_boundary(size: int) -> None:
    raws = [pickle.dumps(["a" * 500] * 3 + [i] * (size // 4), 0) for i in range(3)]
    file = Bytes(b"xx" + b"".join(raws) + b"tail")
    stream = Stream(file.read, 2, len(file.content))
    for i, _ in enumerate(raws):
        found = walk(stream)
        assert isinstance(found.root, List)
        assert plain(found.root)[-1] in (i, "a" * 500)
        assert stream.position == 2 + sum(map(len, raws[: i + 1]))
    assert stream.read(9) == b"tail"


PIECES = [
    bytes([code]) for code in b"()]}tluase0RbQ12NK\x85\x86\x87\x81\x92\x93od\x94\x8f\x90\x91."
]
PIECES += [b"X\1\0\0\0a", b"ca\nb\n", b"h\0", b"q\0", b"h\1", b"q\1"]


@given(st.binary(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_any_bytes_are_data_or_a_format_error(raw: bytes) -> None:
    try:
        found = walked(raw + b".")
    except FormatError as problem:
        assert "\n" not in str(problem)
        return
    assert found.opcodes <= len(raw) + 1
