"""``general.*`` metadata of a GGUF file: what it was converted from, its bases, its training sets.

Keys: github.com/ggml-org/ggml, docs/gguf.md. llama.cpp's converter copies them from the card of
the folder that it converts (gguf-py/gguf/metadata.py): a base is one of the *converted* model, and
``general.source.*`` is that model itself. It writes names as titles (``Llama 3.1 8B`` of ``Meta
Llama``), and the addresses of training sets as if they were models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelaudit.domain import refs
from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Document, Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Grade, Relation
from modelaudit.resolve.evidence._claims import Said, claims
from modelaudit.resolve.identity import MAX_NAMES, named, names_in

name = "gguf"
reads = frozenset({"gguf"})
grade = Grade.RECORDED

_SOURCES = (
    "general.source.repo_url",
    "general.source.url",
    "general.source.huggingface.repository",  # before 2024
)
_NUMBERED = re.compile(r"general\.(base_model|dataset)\.(\d{1,9})\.", re.ASCII)
_NOT_QUANTIZED = frozenset({0, 1, 32})
"""``general.file_type`` of F32, F16 and BF16 (llama.h, ``llama_ftype``)."""
_GUESSED = 1 << 10


def extract(document: Document) -> Iterator[Claim | Gap]:
    """The model converted, the bases and the training sets."""
    return claims(document, name, _said(document.body))


def _said(metadata: Mapping[str, Any] | str) -> Iterator[Said]:
    if isinstance(metadata, str):
        return
    rewritten = _rewritten(metadata)
    for key in _SOURCES:
        text = metadata.get(key)
        if isinstance(text, str):
            yield Said(text, f"/{key}", grade, rewritten)
    yield from _bases(metadata, rewritten)
    for entry in _entries(metadata, "dataset"):
        yield from _of_entry(metadata, entry, Relation.TRAINED_ON)
    for pointer, text in names_in(metadata.get("general.datasets"), "/general.datasets"):
        yield Said(text, pointer, grade, Relation.TRAINED_ON, default="dataset")


def _rewritten(metadata: Mapping[str, Any]) -> Relation:
    """What was done to the weights; ``general.quantization_version`` stands in F16 files too."""
    stored = metadata.get("general.file_type")
    is_known = isinstance(stored, int) and stored & ~_GUESSED not in _NOT_QUANTIZED
    return Relation.QUANTIZED if is_known else Relation.CONVERSION


def _bases(metadata: Mapping[str, Any], rewritten: Relation) -> Iterator[Said]:
    entries, count = _entries(metadata, "base_model"), metadata.get("general.base_model.count")
    several = len(entries) > 1 or (isinstance(count, int) and count > 1)
    own = _title(metadata, "general.name")
    for entry in entries:
        if metadata.get("general.type") == "adapter":
            relation = Relation.ADAPTER
        elif several:
            relation = Relation.MERGE
        elif own and own == _title(metadata, f"{entry}.name"):
            relation = rewritten  # cards of quantised models name the model itself as their base
        else:
            relation = Relation.FINETUNE
        yield from _of_entry(metadata, entry, relation)


def _entries(metadata: Mapping[str, Any], kind: str) -> list[str]:
    """``general.base_model.0`` and so on, in order; the count beside them may be anything."""
    keys = (_NUMBERED.match(key) for key in metadata if key.startswith("general."))
    numbers = sorted({int(key[2]) for key in keys if key and key[1] == kind})
    return [f"general.{kind}.{number}" for number in numbers[:MAX_NAMES]]


def _of_entry(metadata: Mapping[str, Any], entry: str, relation: Relation) -> Iterator[Said]:
    """The node by its address; organisation and title only hint at one."""
    for key in (f"{entry}.repo_url", f"{entry}.url"):
        text = metadata.get(key)
        found = named(text) if isinstance(text, str) else None
        if found and found.certain:
            yield Said(text, f"/{key}", grade, relation, parent=_node(found.ref, relation))
            return
    title, owner = metadata.get(f"{entry}.name"), metadata.get(f"{entry}.organization")
    if isinstance(title, str):
        parts = (owner, title) if isinstance(owner, str) else (title,)
        found = named("/".join("-".join(part.split()) for part in parts))
        if found:
            parent = _node(found.ref, relation)
            yield Said(title, f"/{entry}.name", Grade.HINTED, relation, parent=parent)


def _node(ref: ModelRef, relation: Relation) -> ModelRef:
    """The node meant: what was trained on is a data set, wherever its address seems to lead."""
    is_set = relation is Relation.TRAINED_ON and refs.platform(ref) == "hf"
    return refs.dataset(refs.local(ref)) if is_set else ref


def _title(metadata: Mapping[str, Any], key: str) -> str:
    """A title as letters and digits, which spell it the same everywhere."""
    text = metadata.get(key)
    return re.sub(r"[\W_]+", "", text[: refs.MAX_LENGTH]).lower() if isinstance(text, str) else ""
