"""Blocklists: YAML in, domain values out; and where the shipped ones lie.

The format is ``modelaudit.blocklist/1`` (``docs/reference/blocklists.md``). A list with any
problem is refused as a whole: half a list would pass models in silence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import modelaudit
from modelaudit.check import listfile
from modelaudit.check.listfile import ListFile, dataset_ref
from modelaudit.domain import refs
from modelaudit.domain.entry import (
    Blocklist,
    Citation,
    Documentation,
    Entry,
    EntryException,
    EntryStatus,
    FileConfidence,
    ListedDataset,
    ListedFile,
    ListedSketch,
    ListKind,
    Match,
    Scope,
    Withdrawal,
)
from modelaudit.domain.errors import BlocklistError
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import Component, Relation, Verdict

SUMS = "SHA256SUMS"

_LARGEST_SKETCH = 16 << 20

_SCOPE_LIMITS = frozenset({"max_hops", "min_merge_weight"})


def load(path: str | Path) -> Blocklist:
    """The list in a file; raises ``BlocklistError`` with every problem, one a line."""
    return _accept(listfile.read(path))


def load_text(text: str, path: str = "<text>") -> Blocklist:
    """The list in a text; ``path`` is what problems name and sketches are relative to."""
    return _accept(listfile.parse(text.encode("utf-8", "surrogatepass"), path))


def shipped() -> dict[str, Path]:
    """Name → file of the lists that came with this installation, such as ``allow/karlo``."""
    folder = _shipped_folder()
    files = sorted(folder.rglob("*.yaml"))
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def resolve(name_or_path: str) -> Path:
    """The file of a shipped list's name, or of a path; raises ``BlocklistError``."""
    lists = shipped()
    if name_or_path in lists:
        return lists[name_or_path]
    path = Path(name_or_path)
    try:
        exists = path.exists()
    except (OSError, ValueError):  # too long, or a NUL: no such file either way
        exists = False
    if not exists:
        raise BlocklistError(
            f"no blocklist is named {name_or_path[:200]!r}, and there is no such file",
            hint=f"shipped lists: {', '.join(lists)}",
        )
    return path


def default_lists() -> tuple[Blocklist, ...]:
    """The shipped lists an audit uses unasked: those that can reach review, and what they allow."""
    return tuple(blocklist for blocklist in map(load, shipped().values()) if _by_default(blocklist))


def refuse_doubles(lists: Sequence[Blocklist]) -> None:
    """Raises ``BlocklistError`` where two lists that are used together share an id.

    Findings go by the ids of entries, runs by those of lists.
    """
    names = [used.id for used in lists]
    for name in names:
        if names.count(name) > 1:
            raise BlocklistError(f"the list {name} is given twice")
    owners: dict[str, str] = {}
    for used in lists:
        for entry in used.entries:
            if owners.setdefault(entry.id, used.id) != used.id:
                raise BlocklistError(
                    f"the entry {entry.id} is in two lists: {owners[entry.id]} and {used.id}",
                    hint="give one of them another id, or use one of the lists",
                )


def sums(folder: Path) -> str:
    """The text of ``SHA256SUMS`` for the lists of a folder, as ``sha256sum --check`` reads it.

    Sketches are covered as well: a list names them and does not hold their digests.
    """
    files = sorted([*folder.rglob("*.yaml"), *folder.rglob("*.sketch")])
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n"
        for file in files
    )


def _shipped_folder() -> Path:
    """Beside the package in a wheel, at the top of a checkout."""
    package = Path(modelaudit.__file__).parent
    for folder in (package / "blocklists", package.parents[1] / "blocklists"):
        if folder.is_dir():
            return folder
    raise BlocklistError(
        "the shipped blocklists are missing from this installation",
        hint="install modelaudit-provenance again, or name a list of your own",
    )


def _by_default(blocklist: Blocklist) -> bool:
    if blocklist.kind is ListKind.BLOCK:
        return any(e.acts and e.policy >= Verdict.REVIEW for e in blocklist.entries)
    return blocklist.kind is ListKind.ALLOW


def _accept(written: ListFile) -> Blocklist:
    if written.problems:
        raise BlocklistError("\n".join(map(str, written.problems)))
    head = written.document["list"]
    return Blocklist(
        id=head["id"],
        kind=ListKind(written.kind),
        title=head["title"],
        version=head["version"],
        sha256=written.sha256,
        entries=tuple(_entry(entry, Path(written.path).parent) for _, entry in written.entries()),
        path=written.path,
        private=head.get("private", False),
        description=head.get("description"),
        updated=head["updated"],
        maintainer=head["maintainer"],
        license=head["license"],
        supersedes=tuple(head.get("supersedes", ())),
    )


def _entry(given: Mapping[str, Any], folder: Path) -> Entry:
    claim = given["claim"]
    return Entry(
        id=given["id"],
        title=given["title"],
        status=EntryStatus(given["status"]),
        kind=given["kind"],
        policy=Verdict.parse(given.get("policy", "review")),
        documentation=Documentation(claim["confidence"]),
        claim_relation=claim["relation"],
        claim_of=tuple(claim.get("of", ())),
        tainted=frozenset(map(Component.parse, claim.get("tainted", ()))),
        scope=_scope(given.get("scope", {})),
        match=_match(given["match"], folder),
        exceptions=tuple(map(_exception, given.get("exceptions", ()))),
        evidence=tuple(map(_citation, given.get("evidence", ()))),
        claim_note=claim.get("note"),
        notes=given.get("notes"),
        aliases=tuple(given.get("aliases", ())),
        severity=given.get("severity"),
        added=given.get("added"),
        modified=given.get("modified"),
        review_by=given.get("review_by"),
        expires=given.get("expires"),
        withdrawn=Withdrawal(**given["withdrawn"]) if "withdrawn" in given else None,
    )


def _scope(given: Mapping[str, Any]) -> Scope:
    return Scope(
        caps={
            Relation.parse(relation): Verdict.parse(cap)
            for relation, cap in given.items()
            if relation not in _SCOPE_LIMITS
        },
        max_hops=given.get("max_hops"),
        min_merge_weight=given.get("min_merge_weight", 0.0),
    )


def _match(given: Mapping[str, Any], folder: Path = Path()) -> Match:
    hints = given.get("hints", {})
    return Match(
        models=tuple(map(refs.parse, given.get("models", ()))),
        rehosts=tuple(map(refs.parse, given.get("rehosts", ()))),
        labels={name: tuple(labels) for name, labels in given.get("labels", {}).items()},
        flags={name: tuple(flags) for name, flags in given.get("flags", {}).items()},
        files=tuple(map(_file, given.get("files", ()))),
        datasets=tuple(map(_dataset, given.get("datasets", ()))),
        sketches=tuple(
            ListedSketch(
                path=sketch["ref"],
                component=Component.parse(sketch["component"]),
                sha256=_digest(folder, sketch),
                base=sketch.get("base"),
            )
            for sketch in given.get("sketches", ())
        ),
        name_patterns=tuple(hints.get("name_regex", ())),
        name_exclusions=tuple(hints.get("name_unless", ())),
        architectures=tuple(hints.get("architecture", ())),
        texts=tuple(hints.get("text", ())),
    )


def _digest(folder: Path, sketch: Mapping[str, str]) -> str:
    """Of a sketch and its base together; empty where one is not there to be read."""
    told = hashlib.sha256()
    for name in filter(None, (sketch["ref"], sketch.get("base"))):
        place = folder / name
        try:
            if not place.is_file():  # a pipe would never end
                return ""
            with place.open("rb") as file:
                told.update(hashlib.sha256(file.read(_LARGEST_SKETCH)).digest())
        except (OSError, ValueError):
            return ""
    return told.hexdigest()


def _file(given: Mapping[str, Any]) -> ListedFile:
    return ListedFile(
        sha256=given["sha256"],
        component=Component.parse(given.get("component", "other")),
        confidence=FileConfidence(given.get("confidence", "confirmed")),
        name=given.get("name"),
        size=given.get("size"),
        autov1=given.get("autov1"),
        autov3=given.get("autov3"),
        sources=given.get("sources"),
    )


def _dataset(given: str | Mapping[str, str]) -> ListedDataset:
    if isinstance(given, str):
        return ListedDataset(id=refs.local(dataset_ref(given)))
    return ListedDataset(
        id=refs.local(dataset_ref(given["id"])),
        published_before=parse_time(given["published_before"]),
    )


def _citation(given: Mapping[str, Any]) -> Citation:
    return Citation(
        url=given["url"],
        kind=given["kind"],
        retrieved=given["retrieved"],
        supports=tuple(given["supports"]),
        where=given.get("where"),
        summary=given.get("summary"),
        published=given.get("published"),
    )


def _exception(given: Mapping[str, Any]) -> EntryException:
    return EntryException(
        match=_match(given["match"]),
        effect=Verdict.parse(given.get("effect", "none")),
        reason=given["reason"],
        expires=given["expires"],
        evidence=tuple(map(_citation, given["evidence"])),
        decided_by=given.get("decided_by"),
    )
