"""The tensors of a pickled model: names, types, shapes, and where in their storage they begin.

A tensor is a call of one of torch's rebuild functions, with a storage that the pickle names by a
persistent id; its name is the path of keys from the root, as stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Final

from modelaudit.domain.refs import MAX_LENGTH
from modelaudit.domain.weights import Tensor
from modelaudit.resolve.formats import _torch_types as torch
from modelaudit.resolve.formats._nodes import Call, Dict, Global, List, Tuple, items_of
from modelaudit.resolve.formats._pickle import Pickle
from modelaudit.resolve.formats._torch_storage import MAX_OFFSET, Storage, is_count, storage_of
from modelaudit.resolve.formats.errors import FormatError
from modelaudit.resolve.formats.warnings import Warnings

MAX_TENSORS: Final = 25_000
"""More than the opcodes of an honest pickle can list."""

_MAX_DIMENSIONS: Final = 16
_MAX_DEPTH: Final = 1000
_MAX_WRAPPERS: Final = 4
_MAX_GLOBALS: Final = 200
_MAX_COUNTERS: Final = 50

Place = Callable[[Storage], int | None]
"""Where in the file a storage begins; ``None`` when that is not known."""


def list_tensors(pickle: Pickle, place: Place, warnings: Warnings) -> tuple[Tensor, ...]:
    """Every tensor reachable from the root, in order of appearance.

    A container that is reached twice is listed once, a tensor each time.
    Raises ``FormatError("pickle_limit", ...)`` for too many.
    """
    tensors: list[Tensor] = []
    for count, (name, call) in enumerate(_calls(pickle.root, warnings)):
        if count >= MAX_TENSORS:
            raise FormatError("pickle_limit", f"the pickle lists more than {MAX_TENSORS} tensors")
        tensor = _tensor(name, call, place, warnings)
        if tensor is None:
            warnings.add("invalid_tensor", ascii(name[:100]))
        else:
            tensors.append(tensor)
    for name, count in Counter(tensor.name for tensor in tensors).items():
        if count > 1:
            warnings.add("duplicate_tensor", ascii(name[:100]))
    return tuple(tensors)


def metadata(pickle: Pickle, warnings: Warnings) -> dict[str, Any]:
    """Integers of the top level, such as ``global_step``, and all ``globals``, sorted.

    What is imported beyond the needs of tensors is a warning; its absence proves nothing.
    """
    paths = sorted(found.path for found in pickle.globals)
    strange = [path for path in paths if not torch.is_known(path)]
    if strange:
        shown = ", ".join(ascii(path[:60])[1:-1] for path in strange[:3])
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        warnings.add("suspicious_globals", shown + more)
    if pickle.dynamic:
        warnings.add("dynamic_global", "a name that only running it would tell", pickle.dynamic)
    if pickle.opaque_keys:
        warnings.add("opaque_key", "an entry under no plain key is left out", pickle.opaque_keys)
    counters = (
        (key, value)
        for key, value in _held(pickle.root)
        if key is not None and len(key) <= 100 and type(value) is int and abs(value) < MAX_OFFSET
    )
    kept = dict(item for item, _ in zip(counters, range(_MAX_COUNTERS), strict=False))
    return {**kept, "globals": paths[:_MAX_GLOBALS]}


def _calls(root: object, warnings: Warnings) -> Iterator[tuple[str, Call]]:
    """Calls that rebuild a tensor, each with its name; each container is entered once."""
    entered: set[int] = set()
    stack: list[tuple[str, Iterator[tuple[str | None, object]]]] = [("", iter([(None, root)]))]
    while stack:
        path, children = stack[-1]
        for key, node in children:
            if not isinstance(node, (Dict, List, Tuple, Call)) or id(node) in entered:
                continue
            name = path if key is None else f"{path}.{key}" if path else key
            if isinstance(node, Call) and (call := _unwrapped(node)) is not None:
                yield name, call
            elif len(name) > MAX_LENGTH or len(stack) > _MAX_DEPTH:
                warnings.add("invalid_tensor", f"too deep below {name[:100]!a}")
            else:
                if isinstance(node, Call) and _name_of(node).startswith("torch._utils._rebuild"):
                    warnings.add("unlisted_tensor", f"{name[:60]!a} by {_name_of(node)[:60]!a}")
                entered.add(id(node))
                stack.append((name, _children(node)))
                break
        else:
            stack.pop()


def _children(node: Dict | List | Tuple | Call) -> Iterator[tuple[str | None, object]]:
    if isinstance(node, Dict):
        return iter(node.pairs)
    if isinstance(node, Call):
        arguments = _arguments(node)
        # As Python 2 pickled it: with a list of its items to begin with.
        ordered = _name_of(node) == "collections.OrderedDict" and len(arguments) == 1
        return chain([(None, arguments[0] if ordered else node.arguments)], node.held)
    return (_numbered(number, item) for number, item in enumerate(node.items))


def _numbered(number: int, item: object) -> tuple[str, object]:
    """An item of a list under its own name, where it is a pair of name and value."""
    pair = items_of(item)
    if len(pair) == 2 and isinstance(pair[0], str):
        return pair[0], pair[1]
    return str(number), item


def _arguments(call: Call) -> list[object]:
    # A list could change after the call, and torch takes tuples only.
    return call.arguments.items if isinstance(call.arguments, Tuple) else []


def _held(node: object) -> Iterable[tuple[str | None, object]]:
    if isinstance(node, Dict):
        return node.pairs
    return node.held if isinstance(node, Call) else ()


def _name_of(call: Call) -> str:
    return call.function.path if isinstance(call.function, Global) else ""


def _unwrapped(call: Call) -> Call | None:
    """The call that rebuilds a tensor, out of those that make it a parameter or a subclass;
    ``None`` where there is none, or where a state given afterwards may change all.
    """
    for _ in range(_MAX_WRAPPERS):
        name = _name_of(call)
        arguments = _arguments(call)
        if name in torch.REBUILDS:
            return call
        if call.held:
            return None
        if name in torch.WRAPPERS and arguments and isinstance(arguments[0], Call):
            call = arguments[0]
        elif name == torch.REBUILD_FROM_TYPE and len(arguments) >= 3:
            call = Call(arguments[0], arguments[2])
        else:
            return None
    return None


def _tensor(name: str, call: Call, place: Place, warnings: Warnings) -> Tensor | None:
    """The tensor that a call rebuilds; ``None`` when it cannot be one."""
    arguments = _arguments(call)
    # A state given afterwards would put another storage and shape in place of these.
    if len(name) > MAX_LENGTH or len(arguments) < 4 or call.held:
        return None
    storage = storage_of(arguments[0])
    first, shape, stride = arguments[1], _counts(arguments[2]), _counts(arguments[3])
    if storage is None or not is_count(first) or shape is None or stride is None:
        return None
    dtype, itemsize = storage.dtype, storage.itemsize
    if _name_of(call) == torch.REBUILD_WITH_DTYPE:
        found = _dtype(arguments[6]) if len(arguments) > 6 else None
        if found is None:
            return None
        dtype, itemsize = found
    elements = _product(shape)
    if elements is None or len(shape) != len(stride):
        return None
    reach = sum((d - 1) * s for d, s in zip(shape, stride, strict=True)) + 1 if elements else 0
    begin = storage.first * storage.itemsize + first * itemsize
    if begin + reach * itemsize > storage.bytes:
        return None
    offset = place(storage)
    if offset is None:
        warnings.add("unplaced_tensor", ascii(name[:100]))
    elif not _is_contiguous(shape, stride):
        warnings.add("strided_tensor", ascii(name[:100]))
        offset = None
    # A stride of 0 repeats what is stored once.
    stored = min(elements, reach) * itemsize
    return Tensor(name, dtype, tuple(shape), None if offset is None else offset + begin, stored)


def _dtype(node: object) -> tuple[str, int] | None:
    if not isinstance(node, Global) or node.module != "torch":
        return None
    return torch.DTYPES.get(node.name)


def _counts(node: object) -> list[int] | None:
    if not isinstance(node, Tuple) or len(node.items) > _MAX_DIMENSIONS:
        return None
    counts = [item for item in node.items if is_count(item)]
    return counts if len(counts) == len(node.items) else None


def _product(shape: list[int]) -> int | None:
    """Elements of a tensor; ``None`` when the product of its dimensions overflows."""
    elements = 1
    for dimension in shape:
        elements *= dimension
        if elements >= MAX_OFFSET:
            return None
    return elements


def _is_contiguous(shape: list[int], stride: list[int]) -> bool:
    """Whether the elements lie row by row, without gaps."""
    expected = 1
    for dimension, step in zip(reversed(shape), reversed(stride), strict=True):
        if dimension != 1 and step != expected:
            return False
        expected *= dimension
    return True
