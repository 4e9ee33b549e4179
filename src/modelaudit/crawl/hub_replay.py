"""What one answer of the Hub stands for, whether it just came in or lay in an archive. Pure."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import msgspec

from modelaudit.crawl import heads, weighed
from modelaudit.crawl.archive import mended
from modelaudit.crawl.hub_records import read
from modelaudit.domain.model import Document, Gap, Model, Page, Record
from modelaudit.domain.refs import ModelRef, dataset, hf, is_hf_id, key
from modelaudit.domain.words import GapReason, Status, Trait

TEXTS = {
    "README.md": (Trait.CARD, "card"),
    "adapter_config.json": (Trait.ADAPTER_CONFIG, "adapter_config"),
    "mergekit_config.yml": (Trait.MERGEKIT, "mergekit"),
    "model_index.json": (Trait.PIPELINE, "model_index"),
}
"""The small files that speak of lineage: path → what shows that it is there, Document kind."""

LONGEST_TEXT = 256 << 10
"""Bytes kept of one such file."""

_ASKED = re.compile(r"/api/models/([^?#]+)")

_REASONS = {
    Status.GATED: GapReason.GATED,
    Status.PRIVATE: GapReason.PRIVATE,
    Status.DISABLED: GapReason.DISABLED,
    Status.GONE: GapReason.GONE,
    Status.BLOCKED: GapReason.UNREADABLE,
}


def replay(kind: str, record: bytes, *, url: str | None, status: int, at: int) -> Page:
    """The page of a line of any kind; ``list`` and ``model`` are API records."""
    if kind == heads.KIND:
        return heads.replay(record, at, "hf")
    if kind == weighed.KIND:
        return weighed.replay(record, at, "hf")
    if kind == "text":
        return _text(record, status, at)
    if status != 200:
        return _refusal(_asked(url), record, status)
    found = read(record, at)
    if isinstance(found, Gap):
        return Page(gaps=(found,))
    asked, ref = _asked(url), found.model.ref
    renamed = {asked: ref} if asked and key(asked) != key(ref) else {}
    return Page(records=(found,), renamed=renamed)


def of_dataset(ref: ModelRef, record: bytes, status: int) -> Page:
    """The answer about a data set: under which name it is there, or why it is not."""
    if status != 200:
        return _refusal(ref, record, status)
    value = _object(record)
    name = _string(value, "id")
    if not is_hf_id(name):
        detail = f"a data set of no known name: {name!r:.120}"
        return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail, model=ref),))
    found = dataset(name)
    gated = value.get("gated") not in (None, False)
    standing = Status.GATED if gated else Status.LIVE
    if value.get("disabled") is True:
        standing = Status.DISABLED
    renamed = {ref: found} if key(found) != key(ref) else {}
    return Page(records=(Record(model=Model(ref=found, status=standing)),), renamed=renamed)


def status_of(status: int, code: str, said: str) -> Status | None:
    """What a refusal means for a repository; ``None`` when it says nothing about it.

    ``code`` and ``said`` are the headers X-Error-Code and X-Error-Message, or the body's error
    (huggingface_hub tells them apart in the same way).
    """
    if code == "GatedRepo":
        return Status.GATED
    if status == 403 and "disabled" in said.lower():
        return Status.DISABLED
    if status in (401, 403):
        return Status.PRIVATE
    if status in (404, 410):
        return Status.GONE
    return Status.BLOCKED if status == 451 else None


def _refusal(ref: ModelRef | None, record: bytes, status: int) -> Page:
    value = _object(record)
    code, said = _string(value, "code"), _string(value, "error")
    meaning = status_of(status, code, said)
    reason = _REASONS.get(meaning, GapReason.UNREADABLE) if meaning else GapReason.UNREADABLE
    told = ", ".join(part for part in (code, said) if part)
    gap = Gap(reason=reason, detail=f"HTTP {status}{': ' if told else ''}{told}", model=ref)
    return Page(gaps=(gap,), missing={ref: meaning} if ref and meaning else {})


def _text(record: bytes, status: int, at: int) -> Page:
    value = _object(record)
    repo, path, sha = (_string(value, name) for name in ("id", "path", "sha"))
    if not is_hf_id(repo) or path not in TEXTS:
        detail = f"a file of no known repository: id {repo!r:.120}, path {path!r:.120}"
        return Page(gaps=(Gap(reason=GapReason.MALFORMED, detail=detail),))
    if status != 200:
        page = _refusal(hf(repo), record, status)
        gap = page.gaps[0]
        return Page(gaps=(Gap(reason=gap.reason, detail=gap.detail, model=gap.model, file=path),))
    text = value.get("text")
    document = Document(
        model=hf(repo),
        kind=TEXTS[path][1],
        body=text if isinstance(text, str) else "",
        observed=at,
        source=f"https://huggingface.co/{repo}/resolve/{sha or 'main'}/{path}",
        path=path,
    )
    gaps: tuple[Gap, ...] = ()
    if value.get("cut") is True:
        detail = f"only the first {LONGEST_TEXT} bytes were read"
        gaps = (Gap(reason=GapReason.TOO_LARGE, detail=detail, model=hf(repo), file=path),)
    return Page(documents=(document,), gaps=gaps)


def _asked(url: str | None) -> ModelRef | None:
    found = _ASKED.search(url) if url else None
    repo = unquote(found[1]) if found else ""
    return hf(repo) if is_hf_id(repo) else None


def _object(record: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(record)
    except (ValueError, RecursionError):
        try:
            value = msgspec.json.decode(mended(record))
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _string(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    return " ".join(text.split())[:512] if isinstance(text, str) else ""
