"""``waivers.toml``: decisions as people write them, read strictly and written back.

    [[waiver]]
    finding  = "laion-5b/sd-1.5/hf:example-publisher/dream-mix"
    decision = "false_positive"
    reason   = "The card names the base by mistake; the weights are of another family"
    by       = "reviewer-1@trust.example"
    on       = 2026-11-22
    until    = 2027-02-22

A file with any mistake is refused as a whole, with one line a mistake
(``docs/reference/waivers.md``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from modelaudit.domain import refs
from modelaudit.domain.errors import UsageError
from modelaudit.domain.waiver import WILD, Decision, Waiver, split_finding

MAX_SIZE: Final = 5_000_000
"""Largest file read, in bytes."""

REASON: Final = 10
"""Fewest characters of a reason."""

_MOST: Final = {"finding": 1024, "entry": 80, "model": 600, "reason": 4000, "by": 200}
_REQUIRED: Final = ("decision", "reason", "by", "on", "until")
_KNOWN: Final = ("finding", "entry", "model", *_REQUIRED, "author")
_ENTRY: Final = re.compile(r"[a-z0-9][a-z0-9._/-]{1,79}")
_CLASS: Final = re.compile(r"\[!?\]?[^]]*\]?")
"""``[abc]`` of a pattern; a bracket that comes first in it does not close it."""
_FEWEST: Final = 3
"""Letters or digits that a pattern without an entry must spell out, beside the platform."""

_PROBLEMS: Final = 100
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f",
                   "\r": "\\r"}  # fmt: skip


def load(path: Path) -> tuple[Waiver, ...]:
    """The decisions in a file; raises ``UsageError`` with every mistake, one a line."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be read: {why}", hint="give a waivers.toml") from None
    return parse(raw, str(path))


def parse(raw: bytes, path: str = "waivers.toml") -> tuple[Waiver, ...]:
    """The decisions in the bytes of a file, each once; ``path`` is what mistakes name."""
    if len(raw) > MAX_SIZE:
        raise UsageError(f"{path}: larger than {MAX_SIZE:,} bytes")
    try:
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from None
    if problems := list(islice(_problems(document), _PROBLEMS)):
        raise UsageError("\n".join(f"{path}: {problem}" for problem in problems))
    return tuple(dict.fromkeys(map(_waiver, document.get("waiver", ()))))


def dump(waivers: Iterable[Waiver]) -> str:
    """The text of a ``waivers.toml``, in an order of its own; :func:`parse` gives them back."""
    ordered = sorted({*waivers}, key=lambda waiver: (waiver.rule, waiver.until, str(waiver)))
    return "\n".join(map(_block, ordered))


def too_short(reason: str) -> bool:
    """Whether a reason says too little to be one."""
    return len(reason.strip()) < REASON


def _block(waiver: Waiver) -> str:
    lines = ["[[waiver]]"]
    for name in ("finding", "entry", "model", "decision", "reason", "by"):
        value = getattr(waiver, name)
        if value is not None:
            lines.append(f"{name:<8} = {_quoted(str(value))}")
    lines += [f"{name:<8} = {getattr(waiver, name)}" for name in ("on", "until")]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A basic string of TOML 1.0: all on one line, whatever the text holds."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char < " " or char == "\x7f":
        return _ESCAPES.get(char, f"\\u{ord(char):04x}")
    return _ESCAPES.get(char, char)


def _waiver(given: Mapping[str, Any]) -> Waiver:
    return Waiver(
        decision=Decision(given["decision"]),
        reason=given["reason"],
        by=given.get("by", given.get("author")),
        on=str(_day(given["on"])),
        until=str(_day(given["until"])),
        finding=given.get("finding"),
        entry=given.get("entry"),
        model=given.get("model"),
    )


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    for key in document:
        if key != "waiver":
            yield f"unknown key {_shown(key)}: a decision is a table [[waiver]]"
    given = document.get("waiver", [])
    if not isinstance(given, list):
        yield "waiver is not a list of tables: write [[waiver]], with two brackets"
        return
    for number, one in enumerate(given, start=1):
        if not isinstance(one, dict):
            yield f"waiver {number}: not a table: write [[waiver]]"
            continue
        for problem in _of_one(one):
            yield f"waiver {number}: {problem}"


def _of_one(given: dict[str, Any]) -> Iterator[str]:
    for key in sorted(given.keys() - {*_KNOWN}):
        yield f"unknown key {_shown(key)}{_near(key)}"
    if "author" in given:
        if "by" in given:
            yield "by and author are one thing: give one of them"
            return
        given = {**given, "by": given["author"]}
    for key in _REQUIRED:
        if key not in given:
            yield f"lacks {key}"
    bad = {key for key in (*_MOST, "decision") if not isinstance(given.get(key, ""), str)}
    for key in sorted(bad):
        yield f"{key} is not a text in quotes"
    text = {key: given[key] for key in (*_MOST, "decision") if key in given and key not in bad}
    for key in ("finding", "entry", "model", "by"):
        if key in text and not text[key].strip():
            yield f"{key} is empty"
            del text[key]
        elif len(text.get(key, "")) > _MOST[key]:
            yield f"{key} is longer than {_MOST[key]:,} characters"
            del text[key]
        elif key != "by" and _spaced(text.get(key, "")):
            yield f"{key} {_shown(text[key])} begins or ends with a space: it would cover nothing"
            del text[key]
    if "reason" in text:
        if too_short(text["reason"]):
            yield f"reason is shorter than {REASON} characters: say why, for whoever reads it later"
        elif len(text["reason"]) > _MOST["reason"]:
            yield f"reason is longer than {_MOST['reason']:,} characters"
    if text.get("decision", "accepted") not in list(Decision):
        yield f"decision {_shown(text['decision'])} is none of {', '.join(Decision)}"
    if not given.keys() & {"finding", "entry", "model"}:
        yield "names nothing: give finding, or entry, or model, or both of these"
    elif "finding" in given and given.keys() & {"entry", "model"}:
        yield "a finding names its entry and its model already: leave entry and model out"
    else:
        yield from _named(text)
    yield from _days(given)


def _spaced(name: str) -> bool:
    """Whether spaces stand around a name that cannot have any; a file's name can end in one."""
    return name != name.strip() and "folder:" not in name


def _named(text: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the things that it names."""
    if "finding" in text:
        try:
            entry, model = split_finding(text["finding"])
            refs.parse(model)
        except ValueError as error:
            yield f"finding: {str(error)[:300]}"
        else:
            yield from _entry(entry)
    if "entry" in text:
        yield from _entry(text["entry"])
    if "model" in text:
        yield from _model(text["model"], alone="entry" not in text)


def _entry(entry: str) -> Iterator[str]:
    if not _ENTRY.fullmatch(entry):
        yield f"entry {_shown(entry)} is not the id of an entry (patterns are for models only)"


def _model(model: str, *, alone: bool) -> Iterator[str]:
    platform, colon, rest = model.partition(":")
    if not WILD.search(model):
        try:
            refs.parse(model)
        except ValueError as error:
            yield f"model: {str(error)[:300]}"
    elif not colon or platform not in refs.PLATFORMS:
        yield (
            f"model {_shown(model)} does not begin with a platform, such as hf:; "
            "an entry without a model covers every model"
        )
    elif alone and sum(map(str.isalnum, _CLASS.sub("", rest))) < _FEWEST:
        yield f"model {_shown(model)} covers too much: name an entry too, or whose models"


def _days(given: Mapping[str, Any]) -> Iterator[str]:
    days = {}
    for key in ("on", "until"):
        if key in given:
            days[key] = _day(given[key])
            if days[key] is None:
                yield f"{key} {_shown(given[key])} is not a day: write {key} = 2026-11-22"
    on, until = days.get("on"), days.get("until")
    if on and until and until <= on:
        yield f"until {until} is not after on {on}: it would never hold"


def _day(given: object) -> date | None:
    """A day as TOML has it, or in quotes; ``None`` for moments and everything else."""
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
        try:
            given = date.fromisoformat(given)
        except ValueError:
            return None
    if isinstance(given, date) and not isinstance(given, datetime) and given.year >= 2000:
        return given
    return None


def _near(key: str) -> str:
    import difflib

    near = difflib.get_close_matches(key[:40], _KNOWN, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _shown(value: object) -> str:
    """Foreign text in a message: quoted, escaped, short."""
    return ascii(str(value)[:80])
