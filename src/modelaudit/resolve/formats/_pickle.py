"""A pickle as inert data: its opcodes replayed on nodes that stand for what they would make.

Nothing is imported or called. The real unpickler would not do, whatever it may import: it hashes
dictionary keys, which 59 bytes can make take a second and 100 bytes for ever. The opcodes are
documented in CPython's ``pickletools``, which parses them here.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Final, cast

from modelaudit.resolve.formats._machine import Machine
from modelaudit.resolve.formats._nodes import OPAQUE, Dict, Global, List, PersistentId, Tuple
from modelaudit.resolve.formats._stream import Stream
from modelaudit.resolve.formats.errors import FormatError

MAX_OPCODES: Final = 400_000
"""An opcode makes at most one node, memo entry, mark or place on the stack: this bounds them all,
and the time. torch spends 34 on a tensor, so that 11 000 of them fit."""


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Pickle:
    """What one pickle holds: numbers, strings, ``None`` and nodes."""

    root: object
    globals: tuple[Global, ...]
    """Each once, in order of appearance."""
    dynamic: int
    """Globals whose names only running the pickle would tell."""
    opaque_keys: int
    """Dictionary entries left out, because their keys are neither strings nor integers."""
    persistent: tuple[PersistentId, ...]
    opcodes: int


def walk(stream: Stream, limit: int = MAX_OPCODES) -> Pickle:
    """Replay one pickle of at most ``limit`` opcodes, up to its STOP.

    Raises ``FormatError``: ``pickle_limit`` or ``bad_pickle``; what the stream raises passes.
    """
    machine = Machine()
    count = 0
    try:
        for opcode, argument, _ in pickletools.genops(cast("IO[bytes]", stream)):
            count += 1
            if count > limit:
                raise FormatError("pickle_limit", f"the pickle is over {MAX_OPCODES} opcodes long")
            _HANDLERS[opcode.name](machine, argument)
    # An invalid escape in a string of protocol 0 warns, and raises where warnings are errors.
    except (ValueError, DeprecationWarning):
        raise FormatError("bad_pickle", "the pickle is malformed or cut short") from None
    return Pickle(
        root=machine.pop(),
        globals=tuple(machine.globals.values()),
        dynamic=machine.dynamic,
        opaque_keys=machine.opaque_keys,
        persistent=tuple(machine.persistent),
        opcodes=count,
    )


_Handler = Callable[[Machine, Any], None]


def _each(names: str, handler: _Handler) -> dict[str, _Handler]:
    return dict.fromkeys(names.split(), handler)


_HANDLERS: Final[dict[str, _Handler]] = {
    **_each("PROTO FRAME READONLY_BUFFER STOP", lambda m, _: None),
    **_each("NONE", lambda m, _: m.push(None)),
    **_each("NEWTRUE", lambda m, _: m.push(True)),
    **_each("NEWFALSE", lambda m, _: m.push(False)),
    **_each("INT BININT BININT1 BININT2 LONG LONG1 LONG4", Machine.push_integer),
    **_each("FLOAT BINFLOAT", Machine.push),
    **_each("STRING BINSTRING SHORT_BINSTRING", Machine.push_text),
    **_each("UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8", Machine.push_text),
    **_each(
        "BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 NEXT_BUFFER", lambda m, _: m.push(OPAQUE)
    ),
    **_each("EMPTY_TUPLE", lambda m, _: m.make_tuple(0)),
    **_each("TUPLE1", lambda m, _: m.make_tuple(1)),
    **_each("TUPLE2", lambda m, _: m.make_tuple(2)),
    **_each("TUPLE3", lambda m, _: m.make_tuple(3)),
    **_each("TUPLE", lambda m, _: m.push(Tuple(m.pop_to_mark()))),
    **_each("EMPTY_LIST EMPTY_SET", lambda m, _: m.push(List([]))),
    **_each("LIST FROZENSET", lambda m, _: m.push(List(m.pop_to_mark()))),
    **_each("APPEND", lambda m, _: m.append([m.pop()])),
    **_each("APPENDS ADDITEMS", lambda m, _: m.append(m.pop_to_mark())),
    **_each("EMPTY_DICT", lambda m, _: m.push(Dict([]))),
    **_each("DICT", lambda m, _: m.make_dict()),
    **_each("SETITEM", lambda m, _: m.set_items([m.pop(), m.pop()][::-1])),
    **_each("SETITEMS", lambda m, _: m.set_items(m.pop_to_mark())),
    **_each("MARK", lambda m, _: m.marks.append(len(m.stack))),
    **_each("POP", lambda m, _: m.discard()),
    **_each("POP_MARK", lambda m, _: m.discard_to_mark()),
    **_each("DUP", lambda m, _: m.push(m.top())),
    **_each("GET BINGET LONG_BINGET", Machine.get),
    **_each("PUT BINPUT LONG_BINPUT", Machine.put),
    **_each("MEMOIZE", lambda m, _: m.put(len(m.memo))),
    **_each("GLOBAL", Machine.find_line),
    **_each("STACK_GLOBAL", lambda m, _: m.find_popped()),
    **_each("EXT1 EXT2 EXT4", lambda m, code: m.find("copyreg", f"extension {code}")),
    **_each("REDUCE NEWOBJ", lambda m, _: m.call()),
    **_each("NEWOBJ_EX", lambda m, _: m.call_with_names()),
    **_each("OBJ", lambda m, _: m.call_marked()),
    **_each("INST", Machine.call_line),
    **_each("BUILD", lambda m, _: m.set_state()),
    **_each("PERSID", Machine.persist),
    **_each("BINPERSID", lambda m, _: m.persist(m.pop())),
}
