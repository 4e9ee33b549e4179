from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.crawl.civitai_pages import page_of, trimmed
from modelaudit.crawl.civitai_records import of_model, of_version
from modelaudit.domain.model import Page, Record
from modelaudit.domain.words import Component, GapReason, Status, Trait
from tests.shared import shared

AT = 1_800_000_000
SHA = "ab" * 32


def a_file(**fields: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "name": "model.safetensors",
        "type": "Model",
        "sizeKB": 2.5,
        "metadata": {"format": "SafeTensor", "fp": "fp16"},
        "hashes": {"SHA256": SHA.upper(), "AutoV3": "ABCDEF012345"},
        **fields,
    }


def a_model(kind: str = "Checkpoint", *, version: Any = None, **fields: Any) -> dict[str, Any]:
    plain = {
        "id": 20,
        "name": "one",
        "baseModel": "SD 1.5",
        "createdAt": "2023-01-01T00:00:00.000Z",
        "publishedAt": "2023-01-02T00:00:00.000Z",
        "stats": {"downloadCount": 5, "thumbsUpCount": 2},
        "files": [a_file()],
        "images": [{"url": "https://example.org/x.png"}],
    }
    return {
        "id": 10,
        "name": "Name",
        "type": kind,
        "creator": {"username": "someone", "image": "https://example.org/face.png"},
        "tags": ["style"],
        "modelVersions": [plain | (version or {})],
        **fields,
    }


def only(item: Any) -> Record:
    records, gaps = of_model(item, at=AT)
    assert not gaps
    [record] = records
    return record


def recorded(name: str) -> Any:
    return json.loads(shared(f"civitai/bodies/{name}").read_text())


def recorded_page(name: str) -> Page:
    return page_of(recorded(name)["items"], kind="list", url=None, status=200, at=AT)


def test_a_version_is_a_node_with_its_models_facts() -> None:
    model = only(a_model()).model
    assert model.ref == "civitai:10@20"
    assert model.stable_id == "v20"
    assert model.title == "Name / one"
    assert (model.author, model.kind) == ("someone", "Checkpoint")
    assert (model.created, model.downloads, model.likes) == (1672617600, 5, 2)
    assert model.traits == Trait.WEIGHTS | Trait.SAFETENSORS | Trait.DIFFUSION


def test_a_document_holds_what_speaks_of_lineage_and_no_picture() -> None:
    details = {"baseModel": "civitai:1@2", "params": {"continueFrom": "urn:air:x"}}
    version = {"trainingDetails": details, "uploadType": "Trained"}
    [document] = only(a_model(version=version)).documents
    assert isinstance(document.body, dict)
    assert (document.kind, document.observed) == ("civitai.version", AT)
    assert document.body["version"]["trainingDetails"] == details
    assert document.body["model"]["tags"] == ["style"]
    assert document.body["created"] == 1672617600
    assert document.body["detailed"] is True
    assert document.body["files"][0]["hashes"]["sha256"] == SHA
    assert "example.org" not in json.dumps(document.body)


def test_a_listing_does_not_pose_as_a_version_without_training() -> None:
    listed, asked = a_model(), a_model(version={"trainingDetails": None})
    assert "detailed" not in only(listed).documents[0].body
    assert "detailed" in only(asked).documents[0].body


@pytest.mark.parametrize(
    ("kind", "file_type", "component"),
    [
        ("Checkpoint", "Model", Component.FULL),
        ("Checkpoint", "Pruned Model", Component.FULL),
        ("Checkpoint", "UNet", Component.UNET),
        ("Checkpoint", "Diffusion Model", Component.TRANSFORMER),
        ("Checkpoint", "VAE", Component.VAE),
        ("Checkpoint", "Text Encoder", Component.TEXT_ENCODER),
        ("Checkpoint", "Config", Component.OTHER),
        ("Checkpoint", ["odd"], Component.OTHER),
        ("LORA", "Model", Component.ADAPTER),
        ("LORA", "Training Data", Component.OTHER),
        ("Controlnet", "Pruned Model", Component.ADAPTER),
        ("VAE", "Model", Component.VAE),
        ("CLIPVision", "Model", Component.IMAGE_ENCODER),
        ("TextEncoder", "Model", Component.TEXT_ENCODER),
        ("Other", "Model", None),
    ],
)
def test_type_and_file_type_say_what_a_file_is(
    kind: str, file_type: Any, component: Component | None
) -> None:
    record = only(a_model(kind, version={"files": [a_file(type=file_type)]}))
    assert record.files is not None
    assert record.files[0].component is component


def test_digests_are_lower_case_and_checked() -> None:
    hashes = {
        "SHA256": SHA.upper(), "AutoV1": "DE2F2560", "AutoV2": "ABABABABAB",
        "AutoV3": "E3B0C44298FC", "BLAKE3": "CD" * 32, "CRC32": "nothexa!",
    }  # fmt: skip
    record = only(a_model(version={"files": [a_file(hashes=hashes)]}))
    assert record.files is not None
    [file] = record.files
    assert (file.sha256, file.blake3) == (SHA, "cd" * 32)
    assert (file.autov1, file.autov3, file.crc32) == (None, None, None)
    assert file.size == 2560


def test_autov3_of_a_pickle_means_nothing() -> None:
    record = only(a_model(version={"files": [a_file(metadata={"format": "PickleTensor"})]}))
    assert record.files is not None
    assert record.files[0].autov3 is None
    assert Trait.PICKLE in record.model.traits


def test_files_of_one_name_are_told_apart() -> None:
    record = only(a_model(version={"files": [a_file(id=1), a_file(id=2), a_file(name="x.pt")]}))
    assert record.files is not None
    assert [f.path for f in record.files] == ["1/model.safetensors", "2/model.safetensors", "x.pt"]


def test_a_merge_is_known_from_its_record() -> None:
    record = only(a_model(checkpointType="Merge"))
    assert Trait.MERGE in record.model.traits
    assert isinstance(record.documents[0].body, dict)
    assert record.documents[0].body["model"]["checkpointType"] == "Merge"


def test_a_taken_down_model_keeps_its_files_and_an_archived_one_says_nothing_of_them() -> None:
    taken = only(a_model(mode="TakenDown"))
    archived = only(a_model(mode="Archived", version={"files": []}))
    assert (taken.model.status, archived.model.status) == (Status.DISABLED, Status.ARCHIVED)
    assert taken.files and archived.files is None


def test_one_bad_version_is_a_gap_and_the_others_live() -> None:
    item = a_model()
    item["modelVersions"] += [None, {"id": "x"}, {"id": True}, {"id": 2**40}]
    records, gaps = of_model(item, at=AT)
    assert [record.model.ref for record in records] == ["civitai:10@20"]
    assert {(gap.reason, gap.model) for gap in gaps} == {(GapReason.MALFORMED, "civitai:10")}
    assert len(gaps) == 4


def test_a_model_without_versions_is_named_as_not_examined() -> None:
    assert [g.reason for g in of_model(a_model() | {"modelVersions": []}, at=AT)[1]] == [
        GapReason.INCONCLUSIVE
    ]


def test_long_texts_are_cut() -> None:
    item = a_model(name="n" * 10_000, description="d" * 100_000, tags=["t" * 999] * 999)
    record = only(item)
    assert len(record.model.title or "") == 200
    assert isinstance(record.documents[0].body, dict)
    model = record.documents[0].body["model"]
    assert len(model["description"]) == 20_000
    assert (len(model["tags"]), len(model["tags"][0])) == (200, 100)


def test_pictures_are_dropped_from_what_is_kept() -> None:
    item = a_model(description='<p>Based on<img src="https://example.org/i.png"> it</p>')
    kept = trimmed(item)
    assert kept["modelVersions"][0]["images"] == []
    assert kept["creator"] == {"username": "someone"}
    assert kept["description"] == "<p>Based on it</p>"
    assert trimmed(kept) == kept


def test_the_recorded_models_of_2023_are_read_whole() -> None:
    items = recorded("models_2023-07.json")["items"]
    page = recorded_page("models_2023-07.json")
    assert not page.gaps
    assert len(page.records) == sum(len(item["modelVersions"]) for item in items) == 142
    by_ref = {record.model.ref: record for record in page.records}
    root = by_ref["civitai:62437@66991"]  # type: ignore[index]  # a plain string finds its ref
    assert root.files is not None
    assert "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa" in {
        file.sha256 for file in root.files
    }
    states = {record.model.ref.partition("@")[0]: record.model.status for record in page.records}
    assert states["civitai:20865"] is Status.ARCHIVED
    assert states["civitai:11367"] is Status.DISABLED


def test_the_recorded_model_of_2025_is_read() -> None:
    record = only(recorded("model_2025-02.json"))
    assert record.model.ref == "civitai:1231067@1387174"
    assert (record.model.downloads, record.model.likes) == (2183, 416)
    assert record.files is not None
    assert record.files[0].autov3 == "34a22376739d"
    assert record.files[0].component is Component.ADAPTER


@pytest.mark.parametrize(
    ("name", "ref"),
    [
        ("model_version_2024-11.json", "civitai:706978@1050496"),
        ("synthetic_version_trained.json", "civitai:900002@900211"),
    ],
)
def test_recorded_version_bodies_are_read(name: str, ref: str) -> None:
    [record], gaps = of_version(recorded(name), at=AT, source="https://example.org/v")
    assert not gaps
    assert record.model.ref == ref
    assert record.files and record.files[0].sha256
    assert record.documents[0].source == "https://example.org/v"


wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
FIELDS = ("id", "name", "type", "mode", "creator", "tags", "stats", "files", "hashes", "metadata",
          "sizeKB", "createdAt", "publishedAt", "trainingDetails", "description", "model",
          "modelId", "modelVersions", "images")  # fmt: skip
odd = st.dictionaries(st.sampled_from(FIELDS), wild)


@settings(max_examples=150, deadline=None)
@given(odd, odd, odd)
def test_whatever_comes_is_a_record_or_a_gap(item: Any, version: Any, file: Any) -> None:
    version = {"id": 1, "modelId": 2, "model": item} | version | {"files": [a_file() | file, file]}
    model = {"id": 3} | item | {"modelVersions": [version, item]}
    for page in (
        page_of([model, item], kind="list", url=None, status=200, at=AT, merges={3}),
        page_of([version], kind="version", url=None, status=200, at=AT, merges={2}),
    ):
        assert page.records or page.gaps
        for record in page.records:
            msgspec.json.encode(record.documents[0].body)
        msgspec.json.encode([line.record for line in page.received])
