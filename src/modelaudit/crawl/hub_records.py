"""One JSON record of the Hub's model API, hostile as it may be, as a Record.

Fields as served by ``GET /api/models`` and ``GET /api/models/{id}``
(https://huggingface.co/docs/hub/api). Decoding is by msgspec, loosely typed: the owner of a
repository chooses many of these values, and none of them may end a crawl.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from modelaudit.crawl.archive import mended
from modelaudit.crawl.hub_files import component_of, is_weights, traits_of
from modelaudit.domain.model import Document, File, Gap, Model, Record
from modelaudit.domain.refs import ModelRef, hf, is_hf_id
from modelaudit.domain.times import parse_time
from modelaudit.domain.words import GapReason, Status, Trait

KIND = "hf.record"

_LONGEST = 512
_OBJECT_ID = re.compile(r"[0-9a-f]{24}\Z")
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
# A string that never ends is one token as well: else each of its quotes would begin another try.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[][{},]', re.DOTALL)

_TAGS = {
    "lora": Trait.ADAPTER, "peft": Trait.ADAPTER, "controlnet": Trait.ADAPTER,
    "textual_inversion": Trait.ADAPTER, "t2i-adapter": Trait.ADAPTER, "adapter": Trait.ADAPTER,
    "diffusers": Trait.DIFFUSION, "stable-diffusion": Trait.DIFFUSION,
    "stable-diffusion-xl": Trait.DIFFUSION, "text-to-image": Trait.DIFFUSION,
    "image-to-image": Trait.DIFFUSION, "text-to-video": Trait.DIFFUSION,
    "image-to-video": Trait.DIFFUSION, "inpainting": Trait.DIFFUSION,
    "merge": Trait.MERGE, "mergekit": Trait.MERGE,
}  # fmt: skip
"""Tags, libraries and tasks that tell what a repository is."""
_MERGE = int(Trait.MERGE)
_TAG_BITS = {tag: int(trait) for tag, trait in _TAGS.items()}


class _Sibling(msgspec.Struct, gc=False):
    rfilename: str
    size: Any = None
    blobId: Any = None
    lfs: Any = None


class _Row(msgspec.Struct, gc=False):
    """The fields that are used; everything else is skipped unread."""

    id: Any = None
    modelId: Any = None
    stable_id: Any = msgspec.field(name="_id", default=None)
    author: Any = None
    sha: Any = None
    createdAt: Any = None
    lastModified: Any = None
    downloads: Any = None
    likes: Any = None
    private: Any = None
    gated: Any = None
    disabled: Any = None
    tags: Any = None
    cardData: Any = None
    baseModels: Any = None
    config: Any = None
    gguf: Any = None
    safetensors: Any = None
    siblings: list[_Sibling] | None = None
    library_name: Any = None
    pipeline_tag: Any = None


_decode = msgspec.json.Decoder(_Row).decode
_decode_page = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split(page: bytes) -> list[msgspec.Raw]:
    """The records of a list page as they stand there; ``ValueError`` for what is no array.

    Half a surrogate pair or a thousand brackets in one card spoil the whole page for a strict
    decoder; then the page is cut by its brackets alone.
    """
    try:
        return _decode_page(page)
    except (ValueError, RecursionError):
        return [msgspec.Raw(record) for record in _cut(page.strip())]


def read(record: bytes | msgspec.Raw, at: int) -> Record | Gap:
    """A record as the Hub sent it at ``at`` (UTC seconds), or the gap it leaves."""
    try:
        row = _decode(record)
    except (ValueError, RecursionError):
        try:
            row = msgspec.convert(
                _with_named_files(msgspec.json.decode(mended(bytes(record)))), _Row
            )
        except (ValueError, RecursionError) as error:
            return Gap(
                reason=GapReason.MALFORMED,
                detail=f"a record cannot be read ({_named(record)}): {error}"[:_LONGEST],
            )
    return _record_or_gap(row, at)


def read_values(values: dict[str, Any], at: int) -> Record | Gap:
    """The same of a record that is no JSON any more, field by field."""
    try:
        row = msgspec.convert(values, _Row)
    except ValueError:
        row = msgspec.convert(_with_named_files(values), _Row)
    return _record_or_gap(row, at)


def sizes(record: bytes) -> dict[str, int]:
    """File name → bytes, as far as the record states them."""
    try:
        siblings = _decode(record).siblings or []
    except (ValueError, RecursionError):
        return {}
    return {s.rfilename: size for s in siblings if (size := _count(s.size)) is not None}


def _with_named_files(value: Any) -> Any:
    """The record without whatever in its ``siblings`` is no file."""
    if isinstance(value, dict):
        files = value.get("siblings")
        value["siblings"] = [
            file
            for file in (files if isinstance(files, list) else ())
            if isinstance(file, dict) and isinstance(file.get("rfilename"), str)
        ]
    return value


def _record_or_gap(row: _Row, at: int) -> Record | Gap:
    repo = row.id if isinstance(row.id, str) else row.modelId
    if not isinstance(repo, str) or not is_hf_id(repo):
        return Gap(
            reason=GapReason.MALFORMED,
            detail=f"a record has no usable id: _id {row.stable_id!r:.60}, id {repo!r:.120}",
        )
    return _record(row, repo, at)


def _record(row: _Row, repo: str, at: int) -> Record:
    ref = hf(repo)
    siblings = row.siblings or []
    kind = _class_name(row.config)
    traits = Trait(traits_of([sibling.rfilename for sibling in siblings]) | _tag_traits(row))
    stable_id = row.stable_id
    if not isinstance(stable_id, str) or not _OBJECT_ID.match(stable_id):
        stable_id = None
    created = parse_time(row.createdAt)
    if created is None and stable_id:
        created = int(stable_id[:8], 16)
    sha = row.sha
    author = row.author if isinstance(row.author, str) else repo.partition("/")[0]
    model = Model(
        ref=ref,
        stable_id=stable_id,
        author=author[:_LONGEST] if "/" in repo or row.author else None,
        kind=kind,
        status=_status(row),
        created=created,
        modified=parse_time(row.lastModified),
        revision=sha if isinstance(sha, str) and _COMMIT.match(sha) else None,
        downloads=_count(row.downloads),
        likes=_count(row.likes),
        parameters=_total(row.safetensors) or _total(row.gguf),
        traits=traits,
    )
    files = _files(siblings, kind, traits)
    detailed = files is not None
    return Record(
        model=model,
        files=files,
        documents=(_document(row, ref, created, at, detailed=detailed),),
        detailed=detailed,
    )


def _document(
    row: _Row, ref: ModelRef, created: int | None, at: int, *, detailed: bool
) -> Document:
    body = {
        "tags": row.tags,
        "cardData": row.cardData,
        "config": row.config,
        "gguf": row.gguf,
        "library_name": row.library_name,
        "pipeline_tag": row.pipeline_tag,
        "created": created,
    }
    if row.baseModels is not None or not detailed:
        # A model's own page leaves the field out: absent there, it does not mean "no parents".
        body["baseModels"] = row.baseModels
    return Document(model=ref, kind=KIND, body=body, observed=at)


def _files(siblings: list[_Sibling], kind: str | None, traits: Trait) -> tuple[File, ...] | None:
    """Weight files with digests; ``None`` where the record lists bare names."""
    if not siblings or not (siblings[0].blobId or siblings[0].lfs):
        return None
    return tuple(
        File(
            path=sibling.rfilename,
            size=_count(sibling.size),
            sha256=_digest(sibling.lfs),
            etag=None if sibling.lfs else _etag(sibling.blobId),
            component=component_of(sibling.rfilename, kind, traits),
        )
        for sibling in siblings
        if len(sibling.rfilename) <= _LONGEST and is_weights(sibling.rfilename)
    )


def _digest(lfs: Any) -> str | None:
    sha256 = lfs.get("sha256") if isinstance(lfs, dict) else None
    return sha256.lower() if isinstance(sha256, str) and _SHA256.match(sha256) else None


def _etag(blob_id: Any) -> str | None:
    """git's digest of a small file that is not kept apart."""
    return blob_id if isinstance(blob_id, str) and _COMMIT.match(blob_id) else None


def _class_name(config: Any) -> str | None:
    """The diffusers class, else the first transformers architecture."""
    if not isinstance(config, dict):
        return None
    diffusers, architectures = config.get("diffusers"), config.get("architectures")
    if isinstance(diffusers, dict) and isinstance(name := diffusers.get("_class_name"), str):
        return name[:_LONGEST]
    if isinstance(architectures, list) and architectures and isinstance(architectures[0], str):
        return architectures[0][:_LONGEST]
    return None


def _status(row: _Row) -> Status:
    if row.disabled is True:
        return Status.DISABLED
    if row.private is True:
        return Status.PRIVATE
    return Status.GATED if row.gated else Status.LIVE


def _tag_traits(row: _Row) -> int:
    bits = 0
    words = row.tags if isinstance(row.tags, list) else []
    for word in (*words, row.library_name, row.pipeline_tag):
        if type(word) is str and word in _TAG_BITS:
            bits |= _TAG_BITS[word]
    if isinstance(row.baseModels, dict) and row.baseModels.get("relation") == "merge":
        bits |= _MERGE
    return bits


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _total(value: Any) -> int | None:
    return _count(value.get("total")) if isinstance(value, dict) else None


def _named(record: bytes | msgspec.Raw) -> str:
    found = re.search(rb'"_?id"\s*:\s*"([\w./-]{1,200})"', bytes(record))
    return found[1].decode("ascii", "replace") if found else "nameless"


def _cut(page: bytes) -> list[bytes]:
    """The elements of a JSON array, cut at the commas of its first level."""
    records, depth, start = [], 0, 1
    for token in _TOKEN.finditer(page):
        sign = token[0]
        if sign in b"[{":
            depth += 1
        elif sign in b"]}":
            depth -= 1
        if (depth == 1 and sign == b",") or depth == 0:
            records.append(page[start : token.start()].strip())
            start = token.end()
        if depth == 0:
            break
    if page[:1] != b"[" or depth or start != len(page):
        raise ValueError("not a JSON array")
    return [record for record in records if record]
