"""Claims from the ``__metadata__`` of safetensors files."""

from __future__ import annotations

import json

import pytest

from modelaudit.domain.words import GapReason
from tests.resolve.evidence import read, short
from tests.shared import shared

A, B, C, D = (f"{letter}123456789abcdef" * 4 for letter in "abcd")
HASH, NAME = "ss_new_sd_model_hash", "ss_sd_model_name"


def at(key: str) -> str:
    return f"/__metadata__/{key}"


def samples() -> dict[str, dict[str, str]]:
    records = json.loads(shared("weights/metadata_samples.json").read_text(encoding="utf-8"))
    return {record["id"]: record["metadata"] for record in records}


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("kohya-sdxl-lora-2024-09",
         [("sha256:67ab2fd8ec439a89b3fedb15cc65f54336af163c7eb5e4f2acc98f090a29b0b3",
           "adapter", "recorded", at(HASH))]),
        ("kohya-sd15-lora-0b1893f6",
         [("sha256:06bece8e771a9ec16474db4c7d601d2f04fd08d1b1611072e7dd97c18cec3a09",
           "adapter", "recorded", at(HASH))]),
        ("ctor-base-is-directory", [("hf:my-base", "adapter", "hinted", at(NAME))]),
        ("ctor-base-is-hub-id",
         [("hf:runwayml/stable-diffusion-v1-5", "adapter", "recorded", at(NAME))]),
        ("ctor-empty-hash", []),
        ("ctor-false-base-version", []),
        ("ctor-minimum", []),
        ("ctor-onetrainer",
         [("hf:stabilityai/stable-diffusion-xl-base-1.0", "adapter", "recorded",
           "/__metadata__/ot_config/base_model_name")]),
        ("ctor-merge-nested", []),
        ("ctor-forge-fake-hash", []),
    ],
)  # fmt: skip
def test_recorded_and_constructed_samples(
    sample: str, expected: list[tuple[str, str, str, str]]
) -> None:
    assert short(read("safetensors", samples()[sample])[0]) == expected


def test_a_full_checkpoint_of_kohya_is_a_finetune() -> None:
    claims, _ = read("safetensors", {HASH: A})
    assert short(claims) == [(f"sha256:{A}", "finetune", "recorded", at(HASH))]


@pytest.mark.parametrize("value", ["NOFILE", "IsADirectory", "None", "", "a" * 64, None, 5])
def test_sentinels_make_no_claim(value: object) -> None:
    assert read("safetensors", {HASH: value}) == ([], [])


def test_of_merged_titles_only_ids_count() -> None:
    claims, _ = read(
        "safetensors", {"modelspec.merged_from": "Some Title, Word, x/y", "merged_from": "x/z"}
    )
    assert short(claims) == [
        ("hf:x/y", "merge", "hinted", at("modelspec.merged_from")),
        ("hf:x/z", "merge", "hinted", at("merged_from")),
    ]


def recipe(
    a: str | None, b: str | None = None, m: object = 0.5, **more: object
) -> dict[str, object]:
    return {
        "primary_model_hash": a, "secondary_model_hash": b, "tertiary_model_hash": None,
        "interp_method": "Weighted sum", "multiplier": m, **more,
    }  # fmt: skip


def merged(top: object, **models: object) -> dict[str, float | None]:
    metadata = {
        "sd_merge_recipe": json.dumps(top),
        "sd_merge_models": json.dumps({k: {"sd_merge_recipe": v} for k, v in models.items()}),
    }
    claims, _ = read("safetensors", metadata, only="webui-merge")
    assert {(c.relation.word, c.grade.word) for c in claims} <= {("merge", "recorded")}
    return {claim.parent.removeprefix("sha256:"): claim.weight for claim in claims}


def test_shares_multiply_along_a_chain_and_add_up_over_paths() -> None:
    shares = merged(recipe(A, B, 0.25), **{A: recipe(C, D, 0.5), B: recipe(D, None, 0), C: None})
    assert shares == {A: 0.75, B: 0.25, C: 0.375, D: 0.625}


def test_a_method_without_plain_shares_makes_everything_below_unknown() -> None:
    top = recipe(A, B, 0.5, tertiary_model_hash=C, interp_method="Add difference")
    assert merged(top, **{A: recipe(D)}) == {A: None, B: None, C: None, D: None}


@pytest.mark.parametrize("multiplier", [None, "0.5", 1.5, -1, float("nan")])
def test_an_odd_multiplier_makes_the_shares_unknown(multiplier: object) -> None:
    assert merged(recipe(A, B, multiplier)) == {A: None, B: None}


def test_a_loop_and_a_model_that_no_recipe_names_have_unknown_shares() -> None:
    shares = merged(recipe(A, B, 0.5), **{A: recipe(C, None, 0), C: recipe(A, None, 0), D: None})
    assert shares == {A: None, B: 0.5, C: None, D: None}


def test_supermerger_names_its_parents_otherwise() -> None:
    assert merged({"model_a": A, "model_b": B.upper(), "model_c": "None"}) == {A: None, B: None}


def test_a_whole_recorded_history_is_claimed() -> None:
    metadata = samples()["webui-merge-dag-sd15"]
    models = json.loads(metadata["sd_merge_models"])
    claims, gaps = read("safetensors", metadata)
    shares = {claim.parent.removeprefix("sha256:"): claim.weight for claim in claims}
    assert not gaps
    assert shares.keys() == models.keys()
    assert sum(c.weight or 0 for c in claims if c.locator == at("sd_merge_recipe")) == 1
    # One parent of 25 % in a model of 40 % has no hash: its tenth is the only share unknown.
    roots = [share for d, share in shares.items() if models[d]["sd_merge_recipe"] is None]
    assert roots.count(None) == 1
    assert sum(filter(None, roots)) == pytest.approx(0.9, abs=0.001)


def test_a_history_with_null_parents_still_names_every_ancestor() -> None:
    metadata = samples()["webui-merge-sdxl-modelspec"]
    claims, _ = read("safetensors", metadata, only="webui-merge")
    named = {claim.parent.removeprefix("sha256:") for claim in claims}
    assert named > json.loads(metadata["sd_merge_models"]).keys()
    assert {claim.weight for claim in claims} == {None}


def test_a_value_that_is_no_json_is_a_gap_and_its_digests_still_count() -> None:
    metadata = {"sd_merge_recipe": f"{{'primary_model_hash': '{A}'}}", "sd_merge_models": "None"}
    claims, gaps = read("safetensors", metadata)
    assert [claim.parent for claim in claims] == [f"sha256:{A}"]
    assert [gap.reason for gap in gaps] == [GapReason.MALFORMED]


def test_nested_keys_of_a_fork_are_read() -> None:
    inner = {"sd_merge_models": {A: {"sd_merge_recipe": recipe(B, None, 0)}}}
    claims, _ = read("safetensors", {"sd_merge_models": json.dumps(inner)})
    assert {claim.parent for claim in claims} == {f"sha256:{A}", f"sha256:{B}"}


def test_nothing_personal_is_quoted() -> None:
    private = {
        "ss_dataset_dirs": "x/y", "ss_tag_frequency": "x/y", "ss_output_name": "x/y",
        "prompt": '{"1": "x/y"}', "modelspec.author": "x/y", "ss_training_comment": "x/y",
    }  # fmt: skip
    assert read("safetensors", private) == ([], [])
