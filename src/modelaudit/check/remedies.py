"""What to do about a value that the schema refuses; empty where the message says it all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_MISSING: Final = {
    "added": 'write the day it was listed: added: "YYYY-MM-DD"',
    "review_by": 'write the day to look at it again: review_by: "YYYY-MM-DD"',
    "expires": 'write the day from which it no longer holds: expires: "YYYY-MM-DD"',
    "evidence": "cite where the claim can be read, or set status: draft",
    "withdrawn": 'add withdrawn: {date: "YYYY-MM-DD", reason: …}',
    "supports": "say what it supports: claim, models, files, datasets, status or exception",
    "retrieved": 'write the day it was read: retrieved: "YYYY-MM-DD"',
    "published_before": "write the day, or list the bare id where no date matters",
    "confidence": "write documented, declared, probable, disputed or unverified",
    "relation": "write trained-on, derived-from, contains or is",
}
_SAID: Final = (
    ("needs a documented claim", "set policy: review, or confidence: documented if it is"),
    ("needs primary evidence", "cite the publisher's own statement, or set policy: review"),
    ("is for drafts", "set status: draft, or say how far it is verified"),
    ("a signal is a note", "set policy: note"),
    ("not a path inside", "put the sketch beside the list and write its relative path"),
)
_TYPES: Final = {
    "integer": "write digits only",
    "number": "write a number such as 0.05",
    "boolean": "write true or false",
    "array": "write it as a list: [ … ]",
    "object": "write it as fields: {name: value}",
}
_DAY: Final = re.compile(r"(20\d\d)\D(\d{1,2})\D(\d{1,2})(?:T.*)?", re.ASCII)
_PAGE: Final = re.compile(r"https?://huggingface\.co/([\w.-]+/[\w.-]+)", re.ASCII)
_CIVITAI: Final = re.compile(
    r"https?://civitai\.com/models/(\d+)(?:.*[?&]modelVersionId=(\d+))?", re.ASCII
)
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody most likely meant."""
    import difflib

    folded = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word[:40].lower(), list(folded), n=1)
    return folded[near[0]] if near else None


def remedy(error: ValidationError, missing: str | None = None) -> str:
    """What to write in place of what was refused."""
    if missing is not None:
        return _MISSING.get(missing, f"add {missing}")
    said = str(error.schema.get("errorMessage", "")) if isinstance(error.schema, dict) else ""
    for words, fix in _SAID:
        if words in said:
            return fix
    if error.validator == "type":
        return _TYPES.get(str(error.validator_value), "")
    held = error.instance
    if not isinstance(held, str):
        return "remove it, or fill it" if error.validator in ("minItems", "minProperties") else ""
    if error.validator == "enum":
        allowed: Any = error.validator_value
        near = closest(held, allowed)
        return f"write {near}" if near else ""
    if error.validator == "const" and not said:
        return f"write {error.validator_value}"
    return _spelled(held, said)


def _spelled(held: str, said: str) -> str:
    """The same value in the form that was wanted, where it can be guessed."""
    if day := _DAY.fullmatch(held.strip()):
        year, month, number = day[1], int(day[2]), int(day[3])
        if "YYYY-MM-DD" in said and (month <= 12 and number <= 31):
            return f'write "{year}-{month:02}-{number:02}"'
        if "YYYY.MM.DD" in said:
            return f'write "{year}.{month:02}.{number:02}"'
    if "hexadecimal" in said:
        if held != held.lower():
            return "write it in lower case"
        return f"it has {len(held)} characters: copy it again, whole"
    if "model reference" in said:
        if page := _PAGE.match(held):
            return f'write "hf:{page[1]}"'
        if page := _CIVITAI.match(held):
            return f'write "civitai:{page[1]}{f"@{page[2]}" if page[2] else ""}"'
        if _REPOSITORY.fullmatch(held):
            return f'write "hf:{held}"'
    return ""
