"""A blocklist as written: read strictly, checked against its schema, every problem on its line.

The schema (``schema/blocklist.schema.json``, JSON Schema 2020-12) is applied twice: to the file as
it stands, and again after the entries have inherited the list's defaults, for a schema sees only
the literal entry and a default could otherwise raise one to a take-down it has no right to.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from modelaudit.check import strict_yaml
from modelaudit.check.strict_yaml import Place, Tree, YamlError
from modelaudit.domain import refs
from modelaudit.domain.errors import BlocklistError
from modelaudit.domain.refs import ModelRef

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import ValidationError

MAX_SIZE = 5_000_000
"""Largest list read, in bytes."""

MAX_PROBLEMS = 100

INTEGERS = frozenset({"size", "sources", "max_hops"})
FLOATS = frozenset({"min_merge_weight"})
BOOLEANS = frozenset({"private"})
INHERITED = ("severity", "policy", "scope", "review_by")

_PLAIN = {
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "const": "must be {}",
    "minLength": "is shorter than {} characters",
    "maxLength": "is longer than {} characters",
    "minimum": "is below {}",
    "maximum": "is above {}",
    "minItems": "is empty",
    "minProperties": "is empty",
    "uniqueItems": "holds one value twice",
}
"""The schema's keywords as a sentence goes on."""

_INTEGER = re.compile(r"[0-9]{1,15}")
_FLOAT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,15})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with a list; an error keeps it from being used, a warning does not."""

    path: str
    line: int
    text: str
    entry: str | None = None
    level: Literal["error", "warning"] = "error"
    fix: str = ""
    """What to do about it; empty where the text says so."""

    def __str__(self) -> str:
        entry = f"entry {self.entry}: " if self.entry else ""
        return f"{self.path}:{self.line}: {entry}{self.text}"


@dataclass(slots=True)
class ListFile:
    """One file: what was written, what it means once defaults are inherited, what is wrong."""

    path: str
    sha256: str
    tree: Tree
    document: dict[str, Any] = field(default_factory=dict)
    """With numbers converted and defaults inherited; to be used only without problems."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """``block``, ``allow`` or ``signals``."""
        return str(self.document["list"].get("kind", "block"))

    def entries(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Each entry with its place."""
        for index, entry in enumerate(self.document["entries"]):
            yield ("entries", index), entry

    def problem(
        self,
        place: Place,
        text: str,
        *,
        level: Literal["error", "warning"] = "error",
        fix: str = "",
    ) -> Problem:
        """A problem at a place of this file."""
        return Problem(
            path=self.path,
            line=self.tree.line(place),
            entry=_entry_id(self.tree.data, place),
            level=level,
            text=text,
            fix=fix,
        )


def read(path: str | Path) -> ListFile:
    """A list from a file; raises ``BlocklistError`` when the file cannot be read at all."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise BlocklistError(f"{path}: cannot be read: {reason or error}") from None
    return parse(raw, str(path))


def parse(raw: bytes, path: str) -> ListFile:
    """A list from the bytes of a file; everything wrong with them is in ``problems``."""
    written = ListFile(path, hashlib.sha256(raw).hexdigest(), Tree())
    if len(raw) > MAX_SIZE:
        written.problems.append(written.problem((), f"larger than {MAX_SIZE:,} bytes"))
        return written
    try:
        written.tree = strict_yaml.parse(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        written.problems.append(Problem(path=path, line=line, text="not UTF-8 text"))
        return written
    except YamlError as error:
        written.problems.append(Problem(path=path, line=error.line, text=str(error)))
        return written
    written.problems = sorted(
        islice(_examine(written), MAX_PROBLEMS), key=lambda problem: problem.line
    )
    return written


def dataset_ref(text: str) -> ModelRef:
    """The node of a data set id, written with or without ``dataset:``; ``ValueError`` if none."""
    return refs.parse(f"dataset:{text.removeprefix('dataset:')}")


def _examine(written: ListFile) -> Iterator[Problem]:
    for place in written.tree.repeated:
        yield written.problem(place, f"the key {_shown(place[-1])} is given twice")
    literal = _typed(written.tree.data)
    wrong = False
    for problem in _against_schema(written, literal):
        wrong = True
        yield problem
    if wrong:
        return
    seen: set[str] = set()
    for index, entry in enumerate(literal["entries"]):
        if entry["id"] in seen:
            yield written.problem(("entries", index, "id"), "an entry above has the same id")
        seen.add(entry["id"])
    written.document = _inherit(literal)
    yield from _against_schema(written, written.document)


def _inherit(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the list's defaults in every entry that lacks the field."""
    defaults = document["list"].get("defaults", {})
    inherited = {name: defaults[name] for name in INHERITED if name in defaults}
    return {**document, "entries": [{**inherited, **entry} for entry in document["entries"]]}


def _typed(value: Any, key: str | None = None) -> Any:
    """The few numbers and booleans of the format, converted; the schema refuses the rest."""
    if isinstance(value, dict):
        return {name: _typed(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    if key in INTEGERS and _INTEGER.fullmatch(value):
        return int(value)
    if key in FLOATS and _FLOAT.fullmatch(value):
        return float(value)
    if key in BOOLEANS and value in ("true", "false"):
        return value == "true"
    return value


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    schema = json.loads((Path(__file__).parent / "schema/blocklist.schema.json").read_bytes())
    return Draft202012Validator(schema, format_checker=_formats())


def _formats() -> FormatChecker:
    """What a pattern cannot say: days that exist, references and expressions that parse."""
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=("date",))

    @checker.checks("model-ref", raises=ValueError)
    def model_ref(text: object) -> bool:
        return not isinstance(text, str) or bool(refs.parse(text))

    @checker.checks("dataset-id", raises=ValueError)
    def dataset_id(text: object) -> bool:
        return not isinstance(text, str) or bool(dataset_ref(text))

    @checker.checks("regex", raises=(re.error, OverflowError, RecursionError, FutureWarning))
    def regex(text: object) -> bool:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an expression whose meaning will change is refused
            return not isinstance(text, str) or bool(re.compile(text))

    return checker


def _against_schema(written: ListFile, document: Any) -> Iterator[Problem]:
    malformed: set[Place] = set()
    for error in _validator().iter_errors(document):
        place: Place = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            for key in sorted(set(error.instance) - set(error.schema["properties"])):
                known = _closest(key, error.schema["properties"])
                yield written.problem((*place, key), f"unknown key {_shown(key)}{known}")
        elif place not in malformed:
            if error.validator in ("pattern", "format"):
                malformed.add(place)  # both look at the form of one text: say it once
            yield written.problem(place, _explained(place, error))


def _explained(place: Place, error: ValidationError) -> str:
    """One plain line: the field, what it holds, what it should."""
    inner = place[2:] if place[:1] == ("entries",) else place
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inner)
    held = f" {_shown(error.instance)}" if isinstance(error.instance, str) else ""
    said = error.schema.get("errorMessage") if isinstance(error.schema, dict) else None
    if error.cause or said:
        why = str(error.cause or said)
    elif error.validator == "required":
        why = f"lacks {error.message.removesuffix(' is a required property')}"
    else:
        wanted = error.validator_value
        shown = ", ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
        why = _PLAIN.get(str(error.validator), "breaks the rule {}").format(shown)
    return ": ".join(part for part in (f"{name.lstrip('.')}{held}".strip(), why[:300]) if part)


def _closest(key: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(key[:40], list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _shown(text: object) -> str:
    """Foreign text in a message: quoted, escaped, short."""
    return ascii(str(text)[:60])


def _entry_id(data: Any, place: Place) -> str | None:
    if len(place) < 2 or place[0] != "entries" or not isinstance(data, dict):
        return None
    entries, index = data.get("entries"), place[1]
    if not isinstance(entries, list) or not isinstance(index, int) or index >= len(entries):
        return None
    entry = entries[index]
    name = entry.get("id") if isinstance(entry, dict) else None
    return name[:80] if isinstance(name, str) and name.isprintable() else f"#{index + 1}"
