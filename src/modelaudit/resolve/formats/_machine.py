"""The stack machine that a pickle is a program of, with nodes for values.

It does what CPython's ``pickletools`` says of each opcode, but imports and calls nothing.
"""

from __future__ import annotations

from typing import Final, NoReturn

from modelaudit.domain.refs import MAX_LENGTH
from modelaudit.resolve.formats._nodes import (
    OPAQUE,
    Call,
    Dict,
    Global,
    List,
    PersistentId,
    Tuple,
)
from modelaudit.resolve.formats.errors import FormatError

_MAX_BITS: Final = 8 * 64
_MAX_TEXT: Final = 8 << 20
"""Characters in all kept strings together."""
_MAX_GLOBALS: Final = 10_000
"""Distinct ones; a real file has some dozens."""


class Machine:
    """The stack of a pickle, its marks and its memo; one method for each kind of opcode."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self.marks: list[int] = []
        # No list: the pickle chooses the numbers.
        self.memo: dict[int, object] = {}
        self.globals: dict[tuple[str, str], Global] = {}
        self.dynamic = 0
        self.opaque_keys = 0
        self.persistent: list[PersistentId] = []
        self._text = 0

    def push(self, value: object) -> None:
        self.stack.append(value)

    def push_integer(self, value: int) -> None:
        if value.bit_length() > _MAX_BITS:
            raise FormatError("pickle_limit", "the pickle has an integer of over 64 bytes")
        self.push(value)

    def push_text(self, value: str) -> None:
        self._text += len(value)
        if len(value) > MAX_LENGTH:
            self._text -= len(value)
            self.push(OPAQUE)
        elif self._text > _MAX_TEXT:
            raise FormatError("pickle_limit", f"the pickle has over {_MAX_TEXT} characters of text")
        else:
            self.push(value)

    def top(self) -> object:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            _fail("takes a value where there is none")
        return self.stack[-1]

    def pop(self) -> object:
        value = self.top()
        del self.stack[-1]
        return value

    def pop_to_mark(self) -> list[object]:
        if not self.marks:
            _fail("misses a mark")
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def discard(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.pop()

    def discard_to_mark(self) -> None:
        self.pop_to_mark()

    def make_tuple(self, length: int) -> None:
        items = [self.pop() for _ in range(length)]
        self.push(Tuple(items[::-1]))

    def make_dict(self) -> None:
        items = self.pop_to_mark()
        self.push(Dict([]))
        self.set_items(items)

    def set_items(self, items: list[object]) -> None:
        target = self.top()
        if len(items) % 2:
            _fail("has a key without a value")
        held = _held(target)
        if held is None:
            return
        for key, value in zip(items[::2], items[1::2], strict=True):
            # isinstance would let True pass, which is no name.
            if type(key) is str or type(key) is int:
                held.append((str(key), value))
            else:
                self.opaque_keys += 1

    def append(self, items: list[object]) -> None:
        target = self.top()
        if isinstance(target, List):
            target.items.extend(items)
        elif isinstance(target, Call):
            first = len(target.held)
            target.held.extend((str(first + i), item) for i, item in enumerate(items))

    def set_state(self) -> None:
        state, target = self.pop(), self.top()
        if isinstance(target, Call):
            target.held.append((None, state))

    def get(self, number: int) -> None:
        if number not in self.memo:
            _fail("refers to a value that it never kept")
        self.push(self.memo[number])

    def put(self, number: int) -> None:
        self.memo[number] = self.top()

    def find(self, module: str, name: str) -> None:
        key = (module[:MAX_LENGTH], name[:MAX_LENGTH])
        if key not in self.globals:
            if len(self.globals) >= _MAX_GLOBALS:
                raise FormatError("pickle_limit", f"the pickle names over {_MAX_GLOBALS} globals")
            self.globals[key] = Global(*key)
        self.push(self.globals[key])

    def find_line(self, line: str) -> None:
        module, _, name = line.partition(" ")
        self.find(module, name)

    def find_popped(self) -> None:
        name, module = self.pop(), self.pop()
        if isinstance(name, str) and isinstance(module, str):
            self.find(module, name)
        else:
            self.dynamic += 1
            self.push(OPAQUE)

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        self.push(Call(function, arguments))

    def call_with_names(self) -> None:
        names = self.pop()
        self.call()
        self.push(names)
        self.set_state()

    def call_marked(self) -> None:
        items = self.pop_to_mark()
        if not items:
            _fail("calls nothing")
        self.push(Call(items[0], Tuple(items[1:])))

    def call_line(self, line: str) -> None:
        arguments = Tuple(self.pop_to_mark())
        self.find_line(line)
        self.push(Call(self.pop(), arguments))

    def persist(self, name: object) -> None:
        self.persistent.append(PersistentId(name))
        self.push(self.persistent[-1])


def _held(target: object) -> list[tuple[str | None, object]] | None:
    if isinstance(target, Dict):
        return target.pairs
    return target.held if isinstance(target, Call) else None


def _fail(what: str) -> NoReturn:
    raise FormatError("bad_pickle", f"the pickle {what}")
