"""Old PyTorch files: the tensors of the five pickles, where their bytes lie, and what is odd."""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.weights import Header, Tensor
from modelaudit.domain.words import GapReason
from modelaudit.resolve import formats
from modelaudit.resolve.formats._torch import MAX_TENSORS
from modelaudit.resolve.formats.errors import FormatError
from tests.readers import Bytes
from tests.resolve.formats.torch_files import (
    HOOKS,
    MAGIC,
    MATRIX,
    call,
    found,
    legacy,
    mapping,
    number,
    numbers,
    pickled,
    row,
    storage,
    tensor,
    text,
    zipped,
)


def read_header(raw: bytes, name: str = "m.ckpt") -> Header:
    return formats.read_header(Bytes(raw), name)


def codes(header: Header) -> list[str]:
    return [warning.partition(":")[0] for warning in header.warnings]


def test_a_checkpoint_is_listed_by_the_paths_of_its_keys() -> None:
    bias = tensor(storage("9", 2, "torch.HalfStorage"), (2,), (1,))
    body = mapping(
        state_dict=mapping(**{"m.weight": MATRIX, "m.bias": bias}), global_step=number(7)
    )
    raw = legacy(body, {"0": (6, b"\1" * 24), "9": (2, b"\2" * 4)})
    header = read_header(raw)
    assert header.tensors == (
        Tensor("state_dict.m.weight", "F32", (2, 3), raw.index(b"\1" * 24), 24),
        Tensor("state_dict.m.bias", "F16", (2,), len(raw) - 4, 4),
    )
    assert header.format == "torch-legacy"
    assert header.length == raw.index(b"\1" * 24) - 8
    assert header.metadata == {
        "global_step": 7,
        "globals": [
            "collections.OrderedDict",
            "torch.FloatStorage",
            "torch.HalfStorage",
            "torch._utils._rebuild_tensor_v2",
        ],
    }
    assert header.warnings == ()


@pytest.mark.parametrize(
    ("kind", "dtype", "size"),
    [
        ("Double", "F64", 8), ("Float", "F32", 4), ("Half", "F16", 2), ("BFloat16", "BF16", 2),
        ("Long", "I64", 8), ("Int", "I32", 4), ("Short", "I16", 2), ("Char", "I8", 1),
        ("Byte", "U8", 1), ("Bool", "BOOL", 1),
    ],
)  # fmt: skip
def test_every_storage_class_has_its_dtype(kind: str, dtype: str, size: int) -> None:
    body = mapping(a=tensor(storage("0", 3, f"torch.{kind}Storage"), (2,), (1,), first=1))
    raw = legacy(body, {"0": (3, bytes(3 * size))})
    assert read_header(raw).tensors == (Tensor("a", dtype, (2,), len(raw) - 2 * size, 2 * size),)


PARAMETER = "torch._utils._rebuild_parameter"
V2 = found("torch._utils._rebuild_tensor_v2")


@pytest.mark.parametrize(
    "value",
    [
        MATRIX,
        call(PARAMETER, MATRIX, b"\x88", HOOKS),
        call(f"{PARAMETER}_with_state", MATRIX, b"\x88", HOOKS, b"}"),
        call(PARAMETER, call(PARAMETER, MATRIX, b"\x88", HOOKS), b"\x88", HOOKS),
        call("torch._tensor._rebuild_from_type_v2", V2, found("torch.Tensor"),
             row(storage(), number(0), numbers(2, 3), numbers(3, 1), b"\x89", HOOKS), b"}"),
        call("torch._utils._rebuild_tensor", storage(), number(0), numbers(2, 3), numbers(3, 1)),
        tensor(storage("0", 24, "torch.storage.UntypedStorage"), (2, 3), (3, 1), 0, "_v3",
               (found("torch.float32"),)),
        tensor(storage("0", 6, "torch.cuda.FloatStorage"), (2, 3), (3, 1)),
        tensor(storage("0", 6, "torch.FloatStorage", b"N"), (2, 3), (3, 1)),
        tensor(storage("0", 6, "torch.FloatStorage", row(text("v"), number(0), number(6))),
               (2, 3), (3, 1)),
    ],
)  # fmt: skip
def test_every_way_to_rebuild_a_tensor_is_understood(value: bytes) -> None:
    raw = legacy(mapping(w=value))
    assert read_header(raw).tensors == (Tensor("w", "F32", (2, 3), len(raw) - 24, 24),)


def test_containers_of_any_kind_are_entered() -> None:
    ordered = found("collections.OrderedDict") + b")R(" + text("o") + MATRIX + b"u"
    python2 = call("collections.OrderedDict", b"](](" + text("p") + MATRIX + b"ee")
    module = found("m.Net") + b")\x81}(" + text("_p") + mapping(w=MATRIX) + b"ub"
    body = b"](" + ordered + python2 + module + row(MATRIX) + b"}(" + number(5) + MATRIX + b"ue"
    header = read_header(legacy(body))
    assert [each.name for each in header.tensors] == ["0.o", "1.p", "2._p.w", "3.0", "4.5"]
    assert header.warnings == ("suspicious_globals: m.Net",)


def test_pairs_that_many_dictionaries_share_are_gone_through_once() -> None:
    shared = b"](" + b"N" * 20_000 + text("k") + MATRIX + b"\x86e\x85q\1"
    body = b"](" + shared + (found("collections.OrderedDict") + b"h\1R") * 20_000 + b"e"
    header = read_header(legacy(body))
    assert [each.name for each in header.tensors] == ["0.0.k"]


def test_a_tensor_reached_twice_is_listed_twice_and_a_container_once() -> None:
    body = b"}(" + text("a") + MATRIX + b"q\1" + text("b") + b"h\1"
    body += text("c") + mapping(x=MATRIX) + b"q\2" + text("d") + b"h\2u"
    assert [each.name for each in read_header(legacy(body)).tensors] == ["a", "b", "c.x"]


def test_views_share_a_storage_and_strided_ones_have_no_offset() -> None:
    body = mapping(
        view=tensor(storage(), (3,), (1,), first=3),
        transposed=tensor(storage(), (3, 2), (1, 3)),
        repeated=tensor(storage(), (1000, 3), (0, 1)),
        single=tensor(storage(), (1, 3), (77, 1)),
        scalar=tensor(storage(), (), ()),
        empty=tensor(storage(), (0, 5), (5, 1)),
    )
    raw = legacy(body)
    start = len(raw) - 24
    header = read_header(raw)
    assert [(each.name, each.offset, each.bytes) for each in header.tensors] == [
        ("view", start + 12, 12),
        ("transposed", None, 24),
        ("repeated", None, 12),
        ("single", start, 12),
        ("scalar", start, 4),
        ("empty", start, 0),
    ]
    assert header.warnings == ("strided_tensor: 'transposed' (and 1 more)",)


HUGE = 2**62


@pytest.mark.parametrize(
    "value",
    [
        tensor(storage(), (7,), (1,)),  # beyond its storage
        tensor(storage(), (3,), (1,), first=4),
        tensor(storage(), (2,), (6,)),
        tensor(storage(), (-1,), (1,)),
        tensor(storage(), (1,), (-1,)),
        tensor(storage(), (1,), (1,), first=-1),
        tensor(storage(), (2, 3), (3,)),
        tensor(storage(), (HUGE, HUGE), (0, 0)),
        tensor(storage(), (1,) * 17, (1,) * 17),
        tensor(storage("0", -6), (1,), (1,)),
        tensor(storage("0", HUGE), (1,), (1,)),
        tensor(storage("0", 6, "torch.NoStorage"), (1,), (1,)),
        tensor(storage("0", 6, "evil.FloatStorage"), (1,), (1,)),
        tensor(storage(), (1,), (1,), 0, "_v3"),
        tensor(storage(), (1,), (1,), 0, "_v3", (found("evil.float32"),)),
        tensor(b"N", (1,), (1,)),
        tensor(row(text("module"), b"N") + b"Q", (1,), (1,)),
        call("torch._utils._rebuild_tensor_v2"),
        call("torch._utils._rebuild_tensor_v2", storage(), number(0), b"](K\2K\3e", b"](K\3K\1e"),
        call("torch._utils._rebuild_tensor_v2", storage(), number(0), row(b"\x88"), row(b"\x88")),
        # What is set afterwards would put another shape in place of this.
        MATRIX + row(storage(), number(0), numbers(1), numbers(1)) + b"b",
    ],
)
def test_what_cannot_be_a_tensor_is_left_out_with_a_warning(value: bytes) -> None:
    header = read_header(legacy(mapping(good=MATRIX, bad=value)))
    assert [each.name for each in header.tensors] == ["good"]
    assert "invalid_tensor: 'bad'" in header.warnings


def test_a_wrapped_tensor_with_a_state_is_not_taken_for_itself() -> None:
    value = call(PARAMETER, MATRIX, b"\x88", HOOKS) + row(storage()) + b"b"
    header = read_header(legacy(mapping(w=value)))
    assert [each.name for each in header.tensors] == ["w.0"]
    assert codes(header) == ["unlisted_tensor"]


def test_a_tensor_of_an_unknown_kind_is_named_and_its_parts_are_listed() -> None:
    header = read_header(
        legacy(mapping(w=call("torch._utils._rebuild_sparse_tensor", row(MATRIX))))
    )
    assert [each.name for each in header.tensors] == ["w.0.0"]
    assert "unlisted_tensor: 'w' by 'torch._utils._rebuild_sparse_tensor'" in header.warnings


def test_a_name_that_comes_twice_is_listed_twice() -> None:
    body = b"}(" + text("a") + MATRIX + text("a") + MATRIX + b"u"
    header = read_header(legacy(body))
    assert [each.name for each in header.tensors] == ["a", "a"]
    assert header.warnings == ("duplicate_tensor: 'a'",)


def test_names_beyond_any_length_are_left_out() -> None:
    deep = MATRIX
    for _ in range(60):
        deep = mapping(**{"ten-chars-": deep})
    header = read_header(legacy(mapping(deep=deep, wide=mapping(**{"k" * 508: MATRIX}))))
    assert header.tensors == ()
    assert codes(header) == ["invalid_tensor"]
    assert header.warnings[0].endswith("(and 1 more)")


def test_hostile_names_stay_on_one_line() -> None:
    value = call("torch._utils._rebuild_tensor_v2")
    header = read_header(legacy(mapping(**{"a\n\x1b[31m\ud800": value})))
    assert all(warning.isascii() and warning.isprintable() for warning in header.warnings)


def test_imports_beyond_those_of_tensors_are_warned_of() -> None:
    body = mapping(w=MATRIX, x=call("os.system", text("true")), y=found("a\x1b.b"))
    header = read_header(legacy(body))
    assert [each.name for each in header.tensors] == ["w"]
    assert header.warnings == ("suspicious_globals: a\\x1b.b, os.system",)
    assert "os.system" in header.metadata["globals"]


def test_globals_and_counters_are_kept_within_bounds() -> None:
    names = b"".join(found(f"m.n{i:04}") + b"0" for i in range(500))
    counters = {f"step{i}": number(i) for i in range(100)}
    body = names + mapping(**counters, flag=b"\x88", ratio=b"G" + bytes(8), name=text("x"))
    header = read_header(legacy(body, {}))
    assert header.metadata["globals"] == [f"m.n{i:04}" for i in range(200)]
    assert header.metadata["step49"] == 49
    assert len(header.metadata) == 51
    assert header.warnings == ("suspicious_globals: m.n0000, m.n0001, m.n0002 and 497 more",)


def test_a_pickle_cannot_pass_a_counter_for_its_globals() -> None:
    header = read_header(legacy(mapping(globals=number(5), x=found("os.system"))))
    assert header.metadata == {"globals": ["os.system"]}


def test_a_storage_of_unknown_size_hides_those_behind_it() -> None:
    body = mapping(a=MATRIX, b=tensor(storage("2"), (6,), (1,)))
    raw = legacy(body, {"0": (6, bytes(24)), "1": (6, bytes(24)), "2": (6, bytes(24))})
    header = read_header(raw)
    assert [each.offset for each in header.tensors] == [len(raw) - 24 * 3 - 16, None]
    assert codes(header) == ["bad_storage", "unplaced_tensor"]


@pytest.mark.parametrize(
    ("change", "warning"),
    [(b"tail", "trailing_bytes: 4"), (None, "truncated: 5 bytes are missing")],
)
def test_the_size_of_the_file_is_checked(change: bytes | None, warning: str) -> None:
    raw = legacy(mapping(a=MATRIX))
    header = read_header(raw + change if change else raw[:-5])
    assert len(header.tensors) == 1
    assert header.warnings == (warning,)


def test_the_byte_order_is_told() -> None:
    assert codes(read_header(legacy(MATRIX, little_endian=b"\x89"))) == ["big_endian"]
    assert codes(read_header(legacy(MATRIX, little_endian=b"\x88"))) == []


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_alone_tells_what_it_imports_and_no_tensors(protocol: int) -> None:
    header = read_header(pickle.dumps(OrderedDict(epoch=4), protocol))
    assert header.format == "torch-legacy"
    assert header.tensors == ()
    assert header.metadata == {"epoch": 4, "globals": ["collections.OrderedDict"]}
    assert codes(header) == ["bare_pickle"]


@pytest.mark.parametrize(
    ("raw", "code", "reason"),
    [
        (b"", "bad_pickle", GapReason.UNREADABLE),
        (b"<html>", "bad_pickle", GapReason.UNREADABLE),
        (bytes(257) + b"ustar\x0000" + bytes(248), "unsupported", GapReason.UNREADABLE),
        (MAGIC, "bad_pickle", GapReason.UNREADABLE),
        (MAGIC + pickled(number(1002)) + pickled(b"}") * 3, "unsupported", GapReason.UNREADABLE),
        (legacy(MATRIX)[:-60], "bad_pickle", GapReason.UNREADABLE),
        (legacy(b"]" * 400_000), "pickle_limit", GapReason.PICKLE_REFUSED),
    ],
)
def test_an_unreadable_file_says_why(raw: bytes, code: str, reason: GapReason) -> None:
    with pytest.raises(FormatError) as failed:
        read_header(raw)
    assert (failed.value.code, failed.value.reason) == (code, reason)
    assert "\n" not in str(failed.value)


def test_too_many_tensors_are_refused() -> None:
    body = b"](" + MATRIX + b"q\1" + b"h\1" * MAX_TENSORS + b"e"
    with pytest.raises(FormatError) as failed:
        read_header(legacy(body))
    assert failed.value.code == "pickle_limit"


def test_the_cap_on_opcodes_is_for_all_five_pickles() -> None:
    raw = legacy(b"]" * 210_000 + b"0" * 209_999)
    with pytest.raises(FormatError) as failed:
        read_header(raw)
    assert failed.value.code == "pickle_limit"


def test_other_formats_are_not_taken_for_a_pickle() -> None:
    brace = struct.pack("<Q", 0x280) + b"{" + bytes(600)
    assert formats.format_of(brace).name == "safetensors"
    for head in (brace, zipped(MATRIX), b"GGUF", b"\x80", b"\x80\x01K\x01.", b"\x80\x02\x00"):
        kinds = [kind for kind in formats.formats() if kind.recognises(head[:64])]
        assert "torch-legacy" not in [kind.name for kind in kinds]


def test_only_the_pickles_are_fetched() -> None:
    body = mapping(**{f"layer.{i:05}.weight": MATRIX for i in range(2000)})
    raw = legacy(body, {"0": (6, bytes(24))})
    file = Bytes(raw, size=10**10)
    header = formats.read_header(file, "m.pth")
    assert len(header.tensors) == 2000
    assert "truncated" not in codes(header)
    assert len(file.reads) <= 4


@given(st.integers(0, 500), st.binary(min_size=1, max_size=4), st.integers(0, 600))
def test_a_damaged_file_is_a_header_or_a_format_error(at: int, patch: bytes, kept: int) -> None:
    raw = legacy(mapping(a=MATRIX, b=call(PARAMETER, MATRIX, b"\x88", HOOKS)))
    raw = (raw[:at] + patch + raw[at + len(patch) :])[: max(kept, 40)]
    try:
        header = read_header(raw)
    except FormatError as problem:
        assert "\n" not in str(problem)
        return
    assert all(each.bytes >= 0 and (each.offset or 0) >= 0 for each in header.tensors)
    assert all(warning.isascii() and warning.isprintable() for warning in header.warnings)
