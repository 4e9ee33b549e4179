"""From what a publisher wrote to the node that it names: pure text work, no look-up.

Publishers write ids, page URLs, cache folders of their own disk, AIR urns and prose. A name is
*certain* when the text itself says owner and name; a bare name or a local folder is a guess that
a person or a later step has to confirm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from modelaudit.domain import refs
from modelaudit.domain.refs import ModelRef
from modelaudit.resolve import _digests, _folders, _pages

MAX_NAMES: Final = 200
"""Most names taken from one field."""

_MAX_TEXT: Final = MAX_NAMES * refs.MAX_LENGTH
_MAX_STEPS: Final = 2_000
_MAX_DEPTH: Final = 4

_PART = r"\w(?:[\w.-]{0,94}\w)?"
_ID = re.compile(rf"{_PART}/{_PART}\Z", re.ASCII)
_BARE = re.compile(rf"{_PART}\Z", re.ASCII)
_DIGITS = re.compile(r"[\d.]+\Z", re.ASCII)
_REVISION = re.compile(r"([^@\s:]+@|[^@\s:]+/[^@\s:]+:)([\w./-]{1,128})\Z", re.ASCII)
_AIR = re.compile(r"(?:urn:)?air:(?:[^:\s]*:){0,2}(civitai|huggingface):(\S+)\Z", re.IGNORECASE)
_CIVITAI = re.compile(r"(\d{1,10})(?:@(\d{1,10}))?(?:[+.].*)?\Z", re.ASCII)
_SEPARATORS = re.compile(r"[,;\n]")

# Ids from before repositories had owners; the Hub still redirects them.
_CANONICAL = re.compile(
    r"(?:gpt2|distilgpt2|openai-gpt|ctrl|t5|bert|distilbert|roberta|distilroberta|xlm|xlnet"
    r"|albert|camembert|transfo-xl)(?:-[\w.-]+)?\Z",
    re.ASCII,
)
_NO_OWNERS: Final = _folders.GENERIC - {"ckpt"}
"""What a folder is called and no account; ``ckpt`` is one, with re-hosts that cards name."""
_NOT_A_NAME: Final = frozenset({
    "-", "~", "none", "null", "nan", "n/a", "na", "unknown", "tbd", "true", "false", "self",
    "custom", "scratch", "other", "nofile", "isadirectory",
})  # fmt: skip
_WEIGHT_FILE = re.compile(
    r"\.(?:safetensors|ckpt|pth?|bin|gguf|ggml|onnx|zip|tar|json|ya?ml|h5|msgpack)\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """The node that a text names."""

    ref: ModelRef
    certain: bool
    """False for a guess: a bare name, a local folder, a cache-style ``owner--name``."""
    revision: str | None = None
    """A branch, tag or commit, where the text pins one."""


def named(text: str, *, default: str = "hf") -> Named | None:
    """The node that ``text`` names, ``None`` where it names nothing.

    ``default`` is the platform of a plain ``owner/name``: ``hf``, ``dataset`` or ``modelscope``.
    """
    return _named(text, default) if len(text) <= refs.MAX_LENGTH else None


@lru_cache(maxsize=1 << 15)
def _named(text: str, default: str) -> Named | None:
    text = text.strip().strip("\"'`<>").strip()
    if not text or text.lower() in _NOT_A_NAME:
        return None
    if found := _prefixed(text) or _page(text):
        return found
    if "://" in text and not text.lower().startswith("file:"):
        return None
    if text.startswith("datasets/"):
        return _plain(text.removeprefix("datasets/"), "dataset")
    return _folder(text) or _plain(text, default)


def names_in(value: object, at: str = "") -> Iterator[tuple[str, str]]:
    """(JSON pointer, text) of every name in a field of unknown shape: string, list, nested list.

    ``at`` is the pointer of the field. Comma-separated strings are split; whatever is no string
    holds no name. At most 200 names, each at most 512 characters.
    """
    found = 0
    waiting = [(value, at, 0)]
    for _ in range(_MAX_STEPS):
        if not waiting or found == MAX_NAMES:
            return
        item, pointer, depth = waiting.pop()
        if isinstance(item, str) and len(item) <= _MAX_TEXT:
            for text in _SEPARATORS.split(item)[: MAX_NAMES - found]:
                if text.strip() and len(text) <= refs.MAX_LENGTH:
                    found += 1
                    yield pointer, text
        elif isinstance(item, list) and depth < _MAX_DEPTH:
            part = list(enumerate(item[:MAX_NAMES]))
            waiting.extend((inner, f"{pointer}/{i}", depth + 1) for i, inner in reversed(part))


def alternatives(ref: ModelRef) -> tuple[ModelRef, ...]:
    """What a bare ``hf:owner_name`` may stand for: each underscore tried as the slash."""
    name = refs.local(ref)
    if refs.platform(ref) != "hf" or "/" in name:
        return ()
    splits = (f"{name[:i]}/{name[i + 1 :]}" for i, c in enumerate(name) if c == "_")
    return tuple(refs.hf(split) for split in splits if _ID.match(split))


def _plain(text: str, default: str) -> Named | None:
    """``owner/name``, ``owner/name@revision`` or a bare name."""
    revision = None
    if pinned := _REVISION.match(text):
        text, revision = pinned[1][:-1], pinned[2]
    if not refs.is_hf_id(text) or _WEIGHT_FILE.search(text):
        return None
    if _ID.match(text):
        if text.partition("/")[0] in _NO_OWNERS:
            return _guess(text.partition("/")[2])
        return Named(ModelRef(f"{default}:{text}"), True, revision)
    if not _BARE.match(text) or _DIGITS.match(text):
        return None
    # Training sets without an owner are common and unique on the Hub; models are not.
    certain = default == "dataset" or bool(_CANONICAL.match(text))
    return Named(ModelRef(f"{default}:{text}"), certain, revision)


def _guess(name: str) -> Named | None:
    found = _plain(name, "hf")
    return found and Named(found.ref, False, found.revision)


def _prefixed(text: str) -> Named | None:
    """A reference of our own form, ``hf://`` or an AIR urn (github.com/civitai/civitai/wiki)."""
    prefix, colon, rest = text.partition(":")
    if not colon:
        return None
    prefix = prefix.lower()
    if prefix in ("urn", "air"):
        if not (air := _AIR.match(text)):
            return None
        if air[1].lower() == "civitai":
            return _civitai(air[2])
        name, _, revision = air[2].partition("@")
        found = _plain(name, "hf")
        return found and Named(found.ref, found.certain, revision.partition("/")[0] or None)
    if prefix == "civitai":
        return _civitai(rest)
    if prefix == "sha256":
        digest = _digests.usable(rest.strip())
        return Named(refs.sha256(digest), True) if digest else None
    if prefix in ("hf", "dataset", "modelscope"):
        return _plain(rest.strip().removeprefix("//"), prefix)
    return None


def _civitai(text: str) -> Named | None:
    found = _CIVITAI.match(text.strip())
    return Named(refs.civitai(found[1], found[2]), True) if found else None


def _page(text: str) -> Named | None:
    page = _pages.read(text)
    if page is None:
        return None
    if page.platform == "civitai":
        return _civitai(page.id)
    found = _plain(page.id, page.platform)
    if found is None or not found.certain:
        return None  # a page without an owner is a person's or an organisation's
    return Named(found.ref, True, page.revision)


def _folder(text: str) -> Named | None:
    folder = _folders.read(text)
    if folder is None:
        return None
    if folder.certain:
        found = _plain(folder.id, folder.platform)
        certain = found is not None and (found.certain or folder.platform == "hf")
        return found and Named(found.ref, certain, folder.revision)
    return _guess(folder.id)
