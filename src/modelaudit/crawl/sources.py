"""SOURCE: what a person names on the command line as the thing to crawl."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from modelaudit.crawl.lines import SUFFIXES
from modelaudit.crawl.platform import Source
from modelaudit.domain.errors import UsageError
from modelaudit.domain.refs import is_hf_id

FORMS = (
    "hf:, hf:AUTHOR, hf:ORG/NAME, hf:descendants-of/ORG/NAME, civitai:, civitai:ID[@VERSION], "
    "civitai:USER, a folder's path, catalogue:FILE.jsonl[.gz|.zst], catalogue:DIR, "
    "hub-stats:FILE.parquet, the URL of a model's page, or @FILE with one of these a line"
)
"""Every form, for error messages and ``--help``."""

PARQUET = ".parquet"
_DESCENDANTS = "descendants-of/"
_CIVITAI_MODEL = re.compile(r"(\d{1,10})(?:@(\d{1,10}))?\Z", re.ASCII)
_CIVITAI_USER = re.compile(r"(?:user/)?([\w.-]{1,96})\Z", re.ASCII)
_CIVITAI_VERSION = re.compile(r"[?&]modelVersionId=(\d{1,10})(?=[&#]|\Z)", re.ASCII)
_PAGE = re.compile(
    r"(?:https?://)?(?:www\.)?"
    r"(?:(?P<hf>huggingface\.co|hf\.co)|(?P<civitai>civitai\.(?:com|red|green)))(?=[/?#]|\Z)",
    re.IGNORECASE,
)
_NOT_AUTHORS = frozenset({
    "api", "blog", "collections", "datasets", "docs", "join", "learn", "login", "models",
    "organizations", "papers", "posts", "pricing", "search", "settings", "spaces", "tasks",
})  # fmt: skip
"""First path segments of huggingface.co that are no account."""


def parse_sources(texts: Iterable[str]) -> tuple[Source, ...]:
    """The sources in the order given, each once; ``UsageError`` says what cannot be read."""
    return tuple({s.text: s for text in texts for s in parse_source(text)}.values())


def parse_source(text: str) -> tuple[Source, ...]:
    """One SOURCE; ``@FILE`` stands for as many as it has lines."""
    text = text.strip()
    if text.startswith("@"):
        return tuple({s.text: s for s in _listed_in(Path(text[1:]))}.values())
    return (_one(text),)


def _one(text: str) -> Source:
    if page := _PAGE.match(text):
        hf_page = page["hf"] is not None
        return _hf_page(text, page.end()) if hf_page else _civitai_page(text, page.end())
    scheme, colon, rest = text.partition(":")
    if colon and scheme == "hf":
        return _hf(rest, text)
    if colon and scheme == "civitai":
        return _civitai(rest, text)
    if colon and scheme == "catalogue":
        return _catalogue(rest)
    if colon and scheme == "hub-stats":
        return _dump(rest)
    if text and os.path.isdir(text):  # noqa: PTH112 - Path.is_dir raises on names too long
        folder = os.path.normpath(text)
        return Source(text=folder, platform="folder", kind="folder", value=folder)
    raise _unknown(text)


def _hf(rest: str, text: str) -> Source:
    if not rest:
        return Source(text="hf:", platform="hf", kind="all")
    kind, value = "model", rest
    if rest.startswith(_DESCENDANTS):
        kind, value = "descendants", rest.removeprefix(_DESCENDANTS)
    elif "/" not in rest:
        kind = "author"
    if not is_hf_id(value):
        raise _unknown(text)
    return Source(text=f"hf:{rest}", platform="hf", kind=kind, value=value)


def _civitai(rest: str, text: str) -> Source:
    if not rest:
        return Source(text="civitai:", platform="civitai", kind="all")
    if model := _CIVITAI_MODEL.match(rest):
        value = "@".join(str(int(number)) for number in model.groups() if number)
        return Source(text=f"civitai:{value}", platform="civitai", kind="model", value=value)
    user = _CIVITAI_USER.match(rest)
    if not user:
        raise _unknown(text)
    name = user[1]
    spelled = f"user/{name}" if name.isdecimal() else name
    return Source(text=f"civitai:{spelled}", platform="civitai", kind="author", value=name)


def _catalogue(rest: str) -> Source:
    if not rest or not os.path.exists(rest):  # noqa: PTH110 - Path.exists raises on long names
        raise UsageError(
            f"there is no catalogue at {rest[:200]!r}",
            hint="give the path of a .jsonl, .jsonl.gz or .jsonl.zst file, or of a folder of them",
        )
    path = Path(rest)
    if not path.is_dir() and not path.name.endswith(SUFFIXES):
        raise UsageError(
            f"{rest[:200]!r} is not a catalogue",
            hint=f"a catalogue's name ends with one of {', '.join(SUFFIXES)}",
        )
    return Source(text=f"catalogue:{path}", platform="catalogue", kind="catalogue", value=str(path))


def _dump(rest: str) -> Source:
    if not rest.endswith(PARQUET) or not os.path.isfile(rest):  # noqa: PTH113 - as above
        raise UsageError(
            f"there is no dump at {rest[:200]!r}",
            hint="give the path of models.parquet, downloaded from the data set "
            "cfahlgren1/hub-stats of the Hub",
        )
    path = Path(rest)
    return Source(text=f"hub-stats:{path}", platform="hub-stats", kind="dump", value=str(path))


def _hf_page(text: str, end: int) -> Source:
    parts = _path(text[end:])
    if parts and parts[0].lower() in _NOT_AUTHORS:
        raise UsageError(
            f"{text[:200]!r} is not the page of a model or of its author", hint=f"use {FORMS}"
        )
    return _hf("/".join(parts[:2]), text)


def _civitai_page(text: str, end: int) -> Source:
    parts = _path(text[end:])
    if not parts:
        return _civitai("", text)
    if len(parts) >= 2 and parts[0] == "user":
        return _civitai(f"user/{parts[1]}", text)
    if len(parts) >= 2 and parts[0] == "models" and parts[1].isdecimal():
        version = _CIVITAI_VERSION.search(text)
        return _civitai(f"{parts[1]}@{version[1]}" if version else parts[1], text)
    raise UsageError(f"{text[:200]!r} is not the page of a model or of a user", hint=f"use {FORMS}")


def _path(rest: str) -> list[str]:
    return [unquote(part) for part in re.split(r"[?#]", rest)[0].split("/") if part]


def _listed_in(file: Path) -> Iterator[Source]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the list of sources {str(file)[:200]!r} cannot be read: {_reason(error)}",
            hint="it is a text file in UTF-8 with one source a line",
        ) from None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("@"):
            raise UsageError(
                f"{file}:{number}: a list of sources cannot name another list",
                hint="write its lines here, or name both lists on the command line",
            )
        try:
            yield _one(text)
        except UsageError as error:
            raise UsageError(f"{file}:{number}: {error}", hint=error.hint) from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _unknown(text: str) -> UsageError:
    if os.path.isfile(text):  # noqa: PTH113 - Path.is_file raises on names too long
        if text.endswith(PARQUET):
            return UsageError(f"{text[:200]!r} is a file", hint=f"did you mean hub-stats:{text}?")
        if text.endswith(SUFFIXES):
            return UsageError(f"{text[:200]!r} is a file", hint=f"did you mean catalogue:{text}?")
        return UsageError(f"{text[:200]!r} is a file", hint="name the folder it lies in")
    if text.count("/") == 1 and is_hf_id(text) and not text.startswith("."):
        return UsageError(
            f"{text!r} is no folder here, and no source", hint=f"did you mean hf:{text}?"
        )
    return UsageError(f"{text[:200]!r} is not a source", hint=f"use {FORMS}")
