"""What the shipped lists are tried on: everything they document, and everything they must spare.

Each sample is a case as beside a list (``modelaudit.cases/1``): a model as its platform would show
it, and the verdict that is expected of one entry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from modelaudit.crawl.case_records import record_of
from modelaudit.domain import refs
from modelaudit.domain.cases import Case, HeldFile
from modelaudit.domain.entry import (
    Blocklist,
    Documentation,
    Entry,
    EntryStatus,
    FileConfidence,
    ListedFile,
    ListKind,
)
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component, Relation, Verdict
from tests.shared import shared

OLD, NEW = "2023-05-01", "2025-05-01"
"""Before and after the release of Re-LAION; after Civitai's labels were chosen by hand."""

_PLACES = {
    Component.UNET: "unet/diffusion_pytorch_model.safetensors",
    Component.TEXT_ENCODER: "text_encoder/model.safetensors",
    Component.IMAGE_ENCODER: "image_encoder/model.safetensors",
    Component.VAE: "vae/diffusion_pytorch_model.safetensors",
    Component.ADAPTER: "pytorch_lora_weights.safetensors",
    Component.OTHER: "safety_checker/model.safetensors",
}
_LABELS = {"sd1": "SD 1.5", "sd2": "SD 2.1 768", "sdxl": "SDXL 1.0", "flux1": "Flux.1 S",
           "stable-cascade": "Stable Cascade"}  # fmt: skip
_ENTRIES = {
    "sd1": ("laion-5b/sd-1.5", Verdict.TAKE_DOWN),
    "sd2": ("laion-5b/sd-2.x", Verdict.REVIEW),
}


def recorded(name: str) -> Any:
    """A file of the recorded facts, or a skip."""
    return json.loads(shared(f"blocklist/{name}").read_text())


def write(cases: Sequence[Case], path: Path) -> None:
    """All of them as one recorded catalogue."""
    with path.open("w") as file:
        for case in cases:
            line = {"platform": refs.platform(case.model), "record": record_of(case)}
            file.write(json.dumps(line) + "\n")


def acting(lists: Sequence[Blocklist]) -> Iterator[Entry]:
    """Entries that can give a finding about lineage."""
    for blocklist in lists:
        if blocklist.kind is ListKind.BLOCK:
            yield from (entry for entry in blocklist.entries if entry.acts)


def documented(lists: Sequence[Blocklist]) -> Iterator[Case]:
    """Every model, re-host, declared child, label, digest and data set of every acting entry."""
    for entry in acting(lists):
        for ref in (*entry.match.models, *entry.match.rehosts):
            if refs.platform(ref) in ("hf", "civitai"):
                yield _case(entry, ref, _cap(entry))
            if refs.platform(ref) == "hf":
                child = _invented("hf", entry, f"child-of-{refs.local(ref)}")
                verdict = _cap(entry, Relation.FINETUNE)
                yield _case(entry, child, verdict, base=(refs.local(ref),), relation="finetune")
        for label in entry.match.labels.get("civitai", ()):
            yield _case(
                entry,
                _invented("civitai", entry, label),
                _cap(entry, Relation.FINETUNE),
                label=label,
            )
        for file in entry.match.files:
            if file.confidence is not FileConfidence.CANDIDATE:
                yield _case(
                    entry, _invented("hf", entry, file.sha256), _of_file(entry, file),
                    files=(_held(file.sha256, file.component, file.size),),
                )  # fmt: skip
        for dataset in entry.match.datasets:
            yield _case(
                entry, _invented("hf", entry, dataset.id), _cap(entry, Relation.TRAINED_ON),
                datasets=(dataset.id,),
            )  # fmt: skip


def checkpoints(*, labelled: bool) -> Iterator[Case]:
    """The labelled checkpoints; those of listed families with what is expected of them."""
    for number, entry in enumerate(recorded("derivatives_aihorde.json")["entries"], 1):
        family, expect = _ENTRIES.get(entry["baseline"], (None, Verdict.NONE))
        yield Case(
            name=entry["name"],
            model=refs.civitai(800_000 + number, 8_000_000 + number),
            label=_LABELS[entry["baseline"]] if labelled else "Other",
            title=entry["name"],
            files=(HeldFile(path=entry["file"], sha256=entry["sha256"]),),
            created=OLD,
            expect=expect,
            entry=family,
        )


def controls() -> Iterator[Case]:
    """Models and files that look alike, or share parts, and must not be taken for listed ones."""
    tags = [
        model
        for model in recorded("openclip_laion_models.json")["entries"]
        if model["dataset_class"].startswith(("datacomp", "commonpool"))
    ]
    for model in (*tags, *recorded("openclip_other_models.json")["entries"]):
        yield _control(refs.hf(model["hf_repo"]))
    allowed = [m for m in recorded("models.json")["models"] if m["status"] == "allow"]
    for name in [repo["id"] for m in allowed for repo in m["repos"]["huggingface"]]:
        yield _control(refs.hf(name))
        child = refs.hf(f"example-tuner/{name.rpartition('/')[2]}")
        yield _control(child, base=(name,), relation="finetune")
    yield _control(refs.hf("laion/scaling-laws-for-comparison"), created=NEW)
    for record in recorded("datasets.json")["cleaned_not_blocked"]:
        name = record["id"].partition("/")[2]
        yield _control(refs.hf(f"example-lab/{name}"), datasets=(record["id"],), created=NEW)
    yield from _shared_files()


def _shared_files() -> Iterator[Case]:
    """Each file of a shared or unlisted part: in its folder, and uploaded as if it were a model."""
    roles = ("allow-component", "component-note", "encoder-review", "not-blocked-reference")
    words = {"clip": "text_encoder", "safety_checker": "other"}
    for number, record in enumerate(recorded("hashes.json")["entries"], 1):
        if record["match_role"] not in roles:
            continue
        digest, size = record["sha256"], record["size_bytes"]
        component = Component.parse(words.get(record["component"], record["component"]))
        held = _held(digest, component, size)
        yield _control(refs.hf(f"example-packer/part-{number}"), files=(held,), created=NEW)
        whole = HeldFile(path="whole.safetensors", sha256=digest, size=size)
        for label, place in (("SDXL 1.0", 1), ("Other", 2)):
            ref = refs.civitai(900_000 + number, 9_000_000 + 10 * number + place)
            yield _control(ref, files=(whole,), label=label, created=NEW)


def _case(entry: Entry, model: ModelRef, expect: Verdict, **described: Any) -> Case:
    return Case(
        name=f"{entry.id}: {model}", model=model, expect=expect, entry=entry.id,
        **{"created": OLD, **described},
    )  # fmt: skip


def _control(model: ModelRef, **described: Any) -> Case:
    return Case(name=model, model=model, expect=Verdict.NONE, **{"created": OLD, **described})


def _held(digest: str, component: Component, size: int | None) -> HeldFile:
    return HeldFile(path=_PLACES.get(component, "model.ckpt"), sha256=digest, size=size)


def _invented(platform: str, entry: Entry, about: str) -> ModelRef:
    """A model of nobody's, told apart by what it is about."""
    if platform == "civitai":
        number = int.from_bytes(about.encode(), "big") % 90_000_000
        return refs.civitai(number, number)
    return refs.hf(f"example-{entry.id.rpartition('/')[2]}/{about.replace('/', '.')}"[:96])


def _cap(entry: Entry, relation: Relation | None = None) -> Verdict:
    """The rule in one line, written down a second time."""
    caps = [entry.policy]
    if entry.status is EntryStatus.DISPUTED:
        caps.append(Verdict.REVIEW)
    if entry.documentation is not Documentation.DOCUMENTED:
        is_disputed = entry.documentation is Documentation.DISPUTED
        caps.append(Verdict.NOTE if is_disputed else Verdict.REVIEW)
    if relation is not None:
        caps.append(entry.scope.caps.get(relation, Verdict.REVIEW))
    return min(caps)


def _of_file(entry: Entry, file: ListedFile) -> Verdict:
    if not file.component.main:
        return min(_cap(entry), Verdict.NOTE)
    most = Verdict.REVIEW if file.confidence is FileConfidence.SINGLE_SOURCE else Verdict.TAKE_DOWN
    return min(_cap(entry, Relation.COPY), most)
