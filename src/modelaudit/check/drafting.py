"""An entry from what is known of a model and what a person says of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from modelaudit.check.writing import Value
from modelaudit.domain import refs
from modelaudit.domain.digests import NEVER_MATCH
from modelaudit.domain.model import File
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component

REVIEW_AFTER: Final = timedelta(days=180)

_LONGEST_ID: Final = 80
_NO_SLUG: Final = re.compile(r"[^a-z0-9._]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a person says of what is to be listed; empty where they leave it open."""

    policy: str = ""
    relation: str = ""
    of: tuple[str, ...] = ()
    confidence: str = ""
    status: str = ""
    evidence: Mapping[str, str] | None = None
    """``url``, ``kind``, ``where`` and ``summary`` of the source that supports the claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """How a thing that is to be listed can be recognised."""

    models: tuple[ModelRef, ...] = ()
    files: tuple[File, ...] = ()
    """Those that count; each with a digest and a component."""
    sketches: Mapping[str, Component] | None = None
    """Path from the list → the part that the sketch holds."""
    tainted: tuple[Component, ...] = ()
    pages: tuple[str, ...] = ()
    """Where platforms show the digests of the files."""


def entry(
    head: Mapping[str, Any], id: str, title: str, stated: Stated, known: Handles, today: date
) -> dict[str, Value]:
    """The entry as it is written; ``head`` is what its list says of itself.

    Without evidence it is a draft. Digests are those of the thing itself: no source stands between.
    """
    status = stated.status or ("active" if stated.evidence else "draft")
    made: dict[str, Value] = {"id": id, "title": title, "status": status, "kind": _kind(known)}
    if policy := stated.policy or _policy(head, status):
        made["policy"] = policy
    claim: dict[str, Value] = {"relation": stated.relation or _relation(stated.of)}
    if stated.of:
        claim["of"] = stated.of
    claim["confidence"] = stated.confidence or ("declared" if stated.evidence else "unverified")
    if known.tainted:
        claim["tainted"] = [part.word for part in known.tainted]
    made |= {"claim": claim, "match": _match(known)}
    if evidence := _evidence(stated, known, today):
        made["evidence"] = evidence
    made["added"] = today.isoformat()
    review_by = head.get("defaults", {}).get("review_by", "")
    if review_by <= today.isoformat():
        made["review_by"] = (today + REVIEW_AFTER).isoformat()
    elif made.get("policy") == "take-down":  # which says so itself
        made["review_by"] = review_by
    return made


def new_id(list_id: str, name: str, taken: Collection[str], *, private: bool) -> str:
    """An id that no entry has yet; of a private list it says nothing of the model."""
    slug = "" if private else _NO_SLUG.sub("-", name.lower()).strip("-._")
    slug = slug[: max(_LONGEST_ID - len(list_id) - 6, 1)].rstrip("-._") or "entry"
    number = 1 if private else 0
    while (found := f"{list_id}/{slug}{f'-{number}' if number else ''}") in taken:
        number = number + 1 if number else 2
    return found


def listed_already(
    entries: Sequence[Mapping[str, Any]], models: Sequence[ModelRef], files: Sequence[File]
) -> str:
    """Which of these models or digests is under which entry; empty where none is."""
    wanted = {refs.key(ref) for ref in models}
    wanted |= {name.partition("@")[0] for name in wanted}  # of Civitai: every version of it
    digests = {file.sha256 for file in files}
    for listed in entries:
        match = listed["match"]
        for text in (*match.get("models", ()), *match.get("rehosts", ())):
            if refs.key(text) in wanted:
                return f"{text} is listed already, under {listed['id']}"
        for file in match.get("files", ()):
            if file["sha256"] in digests:
                return f"the digest {file['sha256']} is listed already, under {listed['id']}"
    return ""


def _kind(known: Handles) -> str:
    if known.tainted and not any(part.main for part in known.tainted):
        return "component"
    return "file" if known.files and not known.models else "model"


def _policy(head: Mapping[str, Any], status: str) -> str:
    """What must be written where nobody said it: the list's default may be too much."""
    default = head.get("defaults", {}).get("policy", "")
    if head.get("kind") == "allow":
        return "" if default == "none" else "none"
    return "review" if default == "take-down" and status != "active" else ""


def _relation(of: Sequence[str]) -> str:
    if not of:
        return "is"
    return "trained-on" if of[0].startswith("dataset:") else "derived-from"


def _match(known: Handles) -> dict[str, Value]:
    match: dict[str, Value] = {}
    if known.models:
        match["models"] = known.models
    if known.files:
        match["files"] = [_file(file) for file in known.files]
    if known.sketches:
        match["sketches"] = [
            {"ref": path, "component": part.word} for path, part in known.sketches.items()
        ]
    return match


def _file(file: File) -> dict[str, Value]:
    told: dict[str, Value] = {"sha256": file.sha256 or "", "name": file.path}
    if file.size:
        told["size"] = file.size
    told |= {
        kind: digest
        for kind, digest in (("autov1", file.autov1), ("autov3", file.autov3))
        if digest and not any(never.startswith(digest) for never in NEVER_MATCH)
    }
    part = file.component or Component.OTHER
    return told | {"component": part.word}


def _evidence(stated: Stated, known: Handles, today: date) -> list[Value]:
    """Where the claim can be read, and where the digests were."""
    read = today.isoformat()
    sources: list[Value] = []
    if stated.evidence:
        given = {key: text for key, text in stated.evidence.items() if text}
        sources.append({**given, "retrieved": read, "supports": ["claim"]})
    sources += [
        {
            "url": page,
            "kind": "primary",
            "where": "the platform's record of the model's files",
            "summary": "Gives the digests and sizes of the files that are listed.",
            "retrieved": read,
            "supports": ["files"],
        }
        for page in known.pages
        if known.files
    ]
    return sources
