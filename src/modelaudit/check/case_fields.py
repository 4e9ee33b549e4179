"""The fields of a case, one by one: what each may hold, and what is said where it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any, TypeVar

from modelaudit.check.remedies import closest
from modelaudit.domain import refs
from modelaudit.domain.cases import HeldFile
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import Grade

T = TypeVar("T")

_MOST = 200
"""Values in a list; characters of a name."""
_LONGEST = 2000
_DEEPEST = 30
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_FLAGS = ("poi", "minor", "nsfw", "mode:Archived", "mode:TakenDown")


class WrongError(Exception):
    """What is wrong with a file or a case; the text says it."""


def keys(given: Mapping[str, Any], known: set[str]) -> None:
    """Refuse every key that is not known."""
    for key in given:
        if key not in known:
            near = closest(key, known)
            meant = f" (did you mean {near}?)" if near else ""
            raise WrongError(f"unknown key {key[:60]!r}{meant}")


def text(value: object, key: str) -> str:
    """A text that says something."""
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise WrongError(f"{key} must be a text")
    return value


def texts(value: object, key: str) -> tuple[str, ...]:
    """One text, or a list of them."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or len(values) > _MOST:
        raise WrongError(f"{key} must be a list of texts")
    return tuple(text(item, key) for item in values)


def table(value: object, key: str) -> Mapping[str, Any]:
    """A table, nested no deeper than records are."""
    if not isinstance(value, dict):
        raise WrongError(f"{key} must be a table")
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for values in inner for one in values if isinstance(one, dict | list)]
    if level:
        raise WrongError(f"{key} is nested more than {_DEEPEST} deep")
    return value


def name(value: object) -> str:
    """What a case is called: one line."""
    name = text(value, "name")
    if len(name) > _MOST or not name.isprintable():
        raise WrongError(f"name must be one line of at most {_MOST} characters")
    return name


def word(parse: Callable[[str], T], value: object, key: str) -> T:
    """A word of a closed vocabulary."""
    try:
        return parse(text(value, key))
    except ValueError as error:
        raise WrongError(f"{key}: {str(error)[:_MOST]}") from None


def standard(value: object) -> Grade:
    """A standard of proof."""
    grade = word(Grade.parse, value, "standard")
    if grade is Grade.EXACT:
        raise WrongError("standard must be measured, recorded, declared or hinted")
    return grade


def model(value: object) -> ModelRef:
    """The model of a case, on a platform whose records can be made up."""
    try:
        ref = refs.parse(text(value, "model"))
    except ValueError as error:
        raise WrongError(f"model: {str(error)[:_MOST]}") from None
    if refs.platform(ref) not in ("hf", "civitai"):
        raise WrongError("model must be hf:OWNER/NAME or civitai:MODEL@VERSION")
    if refs.platform(ref) == "civitai" and "@" not in ref:
        raise WrongError(f"{ref} needs a version: {ref}@1")
    return ref


def _relation(value: object, key: str) -> str:
    allowed = ("finetune", "adapter", "merge", "quantized")
    if value not in allowed:
        raise WrongError(f"{key} must be one of: {', '.join(allowed)}")
    return str(value)


def _day(value: object, key: str) -> str:
    day = value.isoformat() if isinstance(value, date | datetime) else value
    if parse_time(day) is None:
        raise WrongError(f"{key} must be a day, such as 2023-05-01")
    return str(day)


def _flags(value: object, key: str) -> tuple[str, ...]:
    flags = texts(value, key)
    for flag in flags:
        if flag not in _FLAGS:
            raise WrongError(f"flag {flag[:60]!r} is not one of: {', '.join(_FLAGS)}")
    return flags


def _files(value: object, key: str) -> tuple[HeldFile, ...]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise WrongError("files must be a list of tables")
    files = tuple(_file(table(item, "a file")) for item in value)
    if len({file.path for file in files}) < len(files):
        raise WrongError("two files have the same path")
    return files


def _file(given: Mapping[str, Any]) -> HeldFile:
    keys(given, {"path", "sha256", "size", "type"})
    sha256, size = given.get("sha256"), given.get("size")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise WrongError("a file needs sha256, 64 hexadecimal digits")
    if size is not None and not (type(size) is int and 0 <= size < 2**50):
        raise WrongError("the size of a file is a number of bytes")
    return HeldFile(
        path=text(given.get("path"), "the path of a file"),
        sha256=sha256.lower(),
        size=size,
        type=text(given.get("type", "Model"), "the type of a file"),
    )


def inside(path: str, key: str) -> str:
    """A relative path that stays in the folder of the file that names it."""
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or not path.isprintable() or "\\" in path:
        raise WrongError(f"{key} must be a path beside the cases")
    return path


_BOTH = ("hf", "civitai")
DESCRIBING: Mapping[str, tuple[tuple[str, ...], Callable[[object, str], Any]]] = {
    "base": (("hf",), texts),
    "relation": (_BOTH, _relation),
    "datasets": (("hf",), texts),
    "label": (("civitai",), text),
    "type": (("civitai",), text),
    "title": (("civitai",), text),
    "flags": (("civitai",), _flags),
    "files": (_BOTH, _files),
    "created": (_BOTH, _day),
}
"""What describes a model: where it is known, and how it is read."""
