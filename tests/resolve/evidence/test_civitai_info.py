"""Claims from the sidecars that download tools leave beside a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason
from tests.resolve.evidence import read, short
from tests.shared import shared

REF = ModelRef("folder:loras/a.safetensors")
VERSION = {
    "id": 20, "modelId": 10, "baseModel": "SD 1.5", "publishedAt": "2023-05-01T00:00:00.000Z",
    "model": {"name": "words", "type": "LORA"}, "files": [{"type": "Model"}],
}  # fmt: skip
COPY = ("civitai:10@20", "copy", "declared", "/modelId")
STABILITY = {
    "ModelId": 10, "ModelName": "words", "ModelType": "LORA", "VersionId": 20,
    "BaseModel": "SD 1.5", "ImportedAt": "2024-01-01T00:00:00Z", "Hashes": {"SHA256": "AB" * 32},
}  # fmt: skip


def said(body: Mapping[str, Any] | str) -> list[tuple[str, str, str, str]]:
    claims, gaps = read("civitai_info", body, model=REF)
    assert not gaps
    return short(claims)


def test_a_version_s_own_body_says_what_the_file_is_and_its_family() -> None:
    expected = [COPY, ("civitai-base:SD 1.5", "adapter", "declared", "/baseModel")]
    assert said(VERSION) == said(json.dumps(VERSION)) == expected


def test_stability_matrix_writes_capital_names_and_no_date() -> None:
    assert said(STABILITY) == [
        ("civitai:10@20", "copy", "declared", "/ModelId"),
        ("civitai-base:SD 1.5", "adapter", "hinted", "/BaseModel"),
    ]


def test_lora_manager_holds_the_version_one_level_down() -> None:
    body = {"file_name": "a", "base_model": "Pony", "from_civitai": True, "civitai": VERSION}
    assert said(body) == [
        ("civitai:10@20", "copy", "declared", "/civitai/modelId"),
        ("civitai-base:SD 1.5", "adapter", "declared", "/civitai/baseModel"),
    ]


@pytest.mark.parametrize(
    ("change", "relation", "grade"),
    [
        ({"publishedAt": "2022-12-20T23:59:59Z"}, "adapter", "hinted"),
        ({"publishedAt": None, "createdAt": "2022-12-21T00:00:00Z"}, "adapter", "declared"),
        ({"publishedAt": None}, "adapter", "hinted"),
        ({"model": {"type": "Checkpoint"}}, "finetune", "declared"),
        ({"model": {"type": "Checkpoint"}, "files": [{"type": "VAE"}]}, "component", "declared"),
        ({"model": None}, "finetune", "hinted"),
        ({"model": {"type": "Workflows"}}, None, None),
        ({"baseModel": "Other"}, None, None),
        ({"baseModel": None}, None, None),
    ],
)
def test_the_label_counts_as_it_does_on_the_platform(
    change: dict[str, Any], relation: str | None, grade: str | None
) -> None:
    label = ("civitai-base:SD 1.5", relation, grade, "/baseModel")
    assert said(VERSION | change) == [COPY, *([label] if relation else [])]


@pytest.mark.parametrize(
    ("change", "parent"),
    [
        ({"id": None}, "civitai:10"),
        ({"id": "20"}, "civitai:10"),
        ({"id": True}, "civitai:10"),
        ({"id": None, "modelVersionId": 21}, "civitai:10@21"),
        ({"modelId": None}, None),
        ({"modelId": -1}, None),
        ({"modelId": 10**12}, None),
        ({"modelId": "10"}, None),
    ],
)
def test_an_id_is_a_number_and_a_version_s_alone_names_no_model(
    change: dict[str, Any], parent: str | None
) -> None:
    copies = [claim[0] for claim in said(VERSION | change) if claim[1] == "copy"]
    assert copies == ([parent] if parent else [])


def test_other_people_s_files_of_the_same_name_say_nothing() -> None:
    settings = {"description": "", "sd version": "SD1", "activation text": "words", "notes": ""}
    model = {"id": 10, "name": "words", "type": "LORA", "modelVersions": [VERSION]}
    assert said(settings) == said(model) == said("{}") == []


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"a": ' * 100_000, "\ud800"])
def test_a_broken_sidecar_is_a_gap(body: str) -> None:
    claims, gaps = read("civitai_info", body, model=REF)
    assert not claims
    assert [gap.reason for gap in gaps] == [GapReason.MALFORMED]


@pytest.mark.parametrize(
    ("label", "reason"), [("SD 9", GapReason.UNMAPPED), (["SD 1.5"], GapReason.MALFORMED)]
)
def test_an_unknown_label_is_a_gap(label: object, reason: GapReason) -> None:
    _, gaps = read("civitai_info", VERSION | {"baseModel": label}, model=REF)
    assert [gap.reason for gap in gaps] == [reason]


def test_every_recorded_version_body_is_a_sidecar() -> None:
    items = json.loads(shared("civitai/bodies/models_2023-07.json").read_text())["items"]
    versions = [(item, version) for item in items for version in item["modelVersions"]]
    for item, version in versions:
        body = version | {"modelId": item["id"], "model": {"type": item["type"]}}
        copies = [claim[0] for claim in said(body) if claim[1] == "copy"]
        assert copies == [f"civitai:{item['id']}@{version['id']}"]
    assert len(versions) > 20
