"""Cases beside a list, ``modelaudit.cases/1``: TOML in, models to try the list on out.

The format is in ``docs/reference/cases.md``. It is read strictly: a case that says something else
than its author thinks would pass for the wrong reason.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelaudit.check import case_fields as read
from modelaudit.check.case_fields import DESCRIBING, WrongError
from modelaudit.domain import refs
from modelaudit.domain.cases import Case, Cases
from modelaudit.domain.errors import BlocklistError
from modelaudit.domain.words import Verdict

SCHEMA = "modelaudit.cases/1"
SUFFIX = ".cases.toml"

MAX_SIZE = 1_000_000
"""Largest file read, in bytes."""

_HINT = "the format: docs/reference/cases.md"
_MOST = 200
"""Values in a list; and characters of a name that is shown."""
_PROBLEMS = 100
_ALWAYS = ("name", "model", "platform", "expect", "entry", "standard")
_INSTEAD = ("record", "catalogue")

_AT = re.compile(r" ?\(at line (\d+), column \d+\)")


def beside(listing: Path) -> Path:
    """Where the cases of a list lie: ``laion-5b.yaml`` → ``laion-5b.cases.toml``."""
    return listing.with_suffix(SUFFIX)


def load(path: Path) -> Cases:
    """The cases in a file; raises ``BlocklistError`` with every problem, one a line."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise BlocklistError(f"{path}: cannot be read: {reason or error}", hint=_HINT) from None
    return parse(raw, str(path))


def parse(raw: bytes, path: str) -> Cases:
    """The same from the bytes of a file."""
    if len(raw) > MAX_SIZE:
        raise BlocklistError(f"{path}: larger than {MAX_SIZE:,} bytes")
    document = _toml(raw, path)
    try:
        read.keys(document, {"schema", "with", "case"})
        if document.get("schema") != SCHEMA:
            raise WrongError(f'schema must be "{SCHEMA}"')
        lists = read.texts(document.get("with", []), "with")
        told = document.get("case", [])
        if not isinstance(told, list) or not told or not all(isinstance(c, dict) for c in told):
            raise WrongError("there is no case: each begins with a line [[case]]")
    except WrongError as error:
        raise BlocklistError(f"{path}: {error}", hint=_HINT) from None
    return Cases(path=path, cases=tuple(_each(told, path)), beside=lists)


def _toml(raw: bytes, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BlocklistError(f"{path}:{line}: not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        found = _AT.search(str(error))
        what = "nested too deep" if isinstance(error, RecursionError) else _AT.sub("", str(error))
        line = int(found[1]) if found else 1
        raise BlocklistError(f"{path}:{line}: not TOML: {what[:_MOST]}", hint=_HINT) from None


def _each(told: list[dict[str, Any]], path: str) -> list[Case]:
    """The cases, or what is wrong with each that is not one."""
    problems: list[str] = []
    cases: dict[str, Case] = {}
    for number, given in enumerate(told, 1):
        name = given.get("name")
        shown = repr(name[:_MOST]) if isinstance(name, str) and name else str(number)
        try:
            case = _case(given)
            if case.name in cases:
                raise WrongError("a case above has the same name")
            cases[case.name] = case
        except WrongError as error:
            problems.append(f"{path}: case {shown}: {error}")
    if problems:
        raise BlocklistError("\n".join(problems[:_PROBLEMS]), hint=_HINT)
    return list(cases.values())


def _case(given: Mapping[str, Any]) -> Case:
    read.keys(given, {*_ALWAYS, *DESCRIBING, *_INSTEAD})
    for key in ("name", "model", "expect"):
        if key not in given:
            raise WrongError(f"lacks {key}")
    model = read.model(given["model"])
    platform = refs.platform(model)
    if given.get("platform", platform) != platform:
        raise WrongError(f"platform is not that of {model}")
    instead = [key for key in _INSTEAD if key in given]
    described = [key for key in DESCRIBING if key in given]
    if len(instead) > 1 or (instead and described):
        both = [*instead, *described][:2]
        raise WrongError(f"{both[0]} and {both[1]} cannot stand together: one of them describes it")
    fields: dict[str, Any] = {"name": read.name(given["name"]), "model": model}
    for key in described:
        platforms, reader = DESCRIBING[key]
        if platform not in platforms:
            raise WrongError(f"{key} is not for {platform}: models")
        fields[key] = reader(given[key], key)
    _dated(fields, platform)
    if "record" in given:
        fields["record"] = read.table(given["record"], "record")
    if "catalogue" in given:
        fields["catalogue"] = read.inside(read.text(given["catalogue"], "catalogue"), "catalogue")
    return Case(
        expect=read.word(Verdict.parse, given["expect"], "expect"),
        entry=read.text(given["entry"], "entry") if "entry" in given else None,
        standard=read.standard(given.get("standard", "declared")),
        **fields,
    )


def _dated(fields: Mapping[str, Any], platform: str) -> None:
    """What depends on a day must not hang on a day that was forgotten."""
    relation = fields.get("relation")
    if platform == "civitai" and relation not in (None, "merge"):
        raise WrongError("relation of a civitai: model can only be merge; the rest is its type")
    if "label" in fields and "created" not in fields:
        raise WrongError("a label needs created: up to 2022-12-20 it is only a hint")
