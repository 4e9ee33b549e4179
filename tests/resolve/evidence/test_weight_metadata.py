"""Claims from the ``__metadata__`` of safetensors files."""

from __future__ import annotations

import json

import pytest

from modelaudit.domain.words import Component, GapReason
from modelaudit.resolve.evidence import _merge_dag
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
        ("ctor-comfyui-merge", []),
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


def test_a_vae_put_in_its_place_is_a_component() -> None:
    metadata = {HASH: A, "ss_new_vae_hash": B, "ss_vae_name": "acme/vae", "ss_vae_hash": "c0ffee12"}
    claims, _ = read("safetensors", metadata)
    assert short(claims) == [
        (f"sha256:{A}", "finetune", "recorded", at(HASH)),
        (f"sha256:{B}", "component", "recorded", at("ss_new_vae_hash")),
        ("hf:acme/vae", "component", "recorded", at("ss_vae_name")),
    ]
    assert [claim.component for claim in claims] == [None, Component.VAE, Component.VAE]


@pytest.mark.parametrize("value", ["NOFILE", "IsADirectory", "None", "e3b0c442"])
def test_a_vae_without_a_digest_makes_no_claim(value: str) -> None:
    assert read("safetensors", {"ss_new_vae_hash": value, "ss_vae_name": "a.vae.pt"}) == ([], [])


def test_short_hashes_families_and_hashes_of_tensors_name_no_node() -> None:
    metadata = {
        "ss_sd_model_hash": "925997e9", "ss_base_model_version": "sd_1.5", "sshs_model_hash": A,
        "modelspec.hash_sha256": f"0x{A}", "software": '{"name": "ai-toolkit"}',
    }  # fmt: skip
    assert read("safetensors", metadata) == ([], [])


def test_diffusers_notes_the_base_of_each_part_of_an_adapter() -> None:
    config = {
        "transformer.base_model_name_or_path": "x/y", "transformer.revision": "main",
        "text_encoder.base_model_name_or_path": "x/text", "unet.r": 8,
        "text_encoder_2.base_model_name_or_path": None,
    }  # fmt: skip
    key = "lora_adapter_metadata"
    claims, gaps = read("safetensors", {key: json.dumps(config)})
    assert not gaps
    assert short(claims) == [
        ("hf:x/y", "adapter", "recorded", at(f"{key}/transformer.base_model_name_or_path")),
        ("hf:x/text", "component", "recorded", at(f"{key}/text_encoder.base_model_name_or_path")),
    ]
    assert [claim.component for claim in claims] == [None, Component.TEXT_ENCODER]
    assert claims[0].excerpt == "x/y@main"
    alone, _ = read("safetensors", {key: '{"base_model_name_or_path": "/disk/my-base"}'})
    assert short(alone) == [
        ("hf:my-base", "adapter", "hinted", at(f"{key}/base_model_name_or_path"))
    ]


@pytest.mark.parametrize("key", ["lora_adapter_metadata", "ot_config"])
@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": ' * 100_000])
def test_an_unreadable_configuration_is_a_gap(key: str, text: str) -> None:
    claims, gaps = read("safetensors", {key: text})
    assert not claims
    assert [gap.reason for gap in gaps] == [GapReason.MALFORMED]


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


def test_the_history_can_be_shown_as_a_graph() -> None:
    recipe = json.dumps({"primary_model_hash": A, "secondary_model_hash": B,
                         "interp_method": "Weighted sum", "multiplier": 0.25})  # fmt: skip
    models = {
        A: {"name": "a.safetensors", "sd_merge_recipe": {"model_a": C, "model_b": A}},
        B: {"name": 5, "sd_merge_recipe": None},
    }
    assert _merge_dag.graph(recipe, json.dumps(models)) == [
        ("", A, 0.75, "a.safetensors"),
        ("", B, 0.25, ""),
        (A, C, None, ""),
        (A, A, None, "a.safetensors"),
    ]
    assert _merge_dag.graph("None", None) == []


def test_a_recorded_graph_has_every_step_of_its_recipes() -> None:
    metadata = samples()["webui-merge-dag-sd15"]
    steps = _merge_dag.graph(metadata["sd_merge_recipe"], metadata["sd_merge_models"])
    models = json.loads(metadata["sd_merge_models"])
    recipes = [json.loads(metadata["sd_merge_recipe"])]
    recipes += [m["sd_merge_recipe"] for m in models.values() if m["sd_merge_recipe"]]
    parents = [r[key] for r in recipes for key in ("primary_model_hash", "secondary_model_hash")]
    assert sorted(step.parent for step in steps) == sorted(filter(None, parents))
    assert {step.name for step in steps} <= {model["name"] for model in models.values()}


def prompt(**nodes: tuple[str, dict[str, object]]) -> dict[str, str]:
    graph = {
        id_[1:]: {"class_type": kind, "inputs": inputs} for id_, (kind, inputs) in nodes.items()
    }
    return {"prompt": json.dumps(graph)}


LOADED = {
    "n1": ("CheckpointLoaderSimple", {"ckpt_name": "x/a"}),
    "n2": ("UNETLoader", {"unet_name": "x/b"}),
    "n3": ("ModelMergeSimple", {"model1": ["1", 0], "model2": ["2", 0], "ratio": 0.75}),
}
SAVED = ("CheckpointSave", {"model": ["3", 0], "clip": ["1", 1], "filename_prefix": "words"})


def merged_by(metadata: dict[str, str]) -> dict[str, tuple[str, float | None]]:
    claims, gaps = read("safetensors", metadata, only="comfyui")
    assert not gaps
    assert {claim.grade.word for claim in claims} <= {"hinted"}
    return {claim.parent: (claim.relation.word, claim.weight) for claim in claims}


def test_a_merge_in_comfyui_is_a_hint_with_its_shares() -> None:
    claims, _ = read("safetensors", prompt(**LOADED, n4=SAVED))
    assert short(claims) == [
        ("hf:x/a", "merge", "hinted", at("prompt/1/inputs/ckpt_name")),
        ("hf:x/b", "merge", "hinted", at("prompt/2/inputs/unet_name")),
    ]
    assert [claim.weight for claim in claims] == [0.75, 0.25]


def test_shares_go_down_the_graph_and_an_added_lora_has_none() -> None:
    lora = ("LoraLoader", {"model": ["3", 0], "lora_name": "x/lora", "strength_model": 1.0})
    again = ("ModelMergeSimple", {"model1": ["5", 0], "model2": ["1", 0], "ratio": 0.5})
    saved = ("CheckpointSave", {"model": ["6", 0]})
    assert merged_by(prompt(**LOADED, n5=lora, n6=again, n7=saved)) == {
        "hf:x/a": ("merge", 0.875),
        "hf:x/b": ("merge", 0.125),
        "hf:x/lora": ("merge", None),
    }


@pytest.mark.parametrize("kind", ["ModelMergeBlocks", "ModelMergeAdd", "ModelMergeSubtract"])
def test_a_merge_without_one_ratio_has_unknown_shares(kind: str) -> None:
    step = (kind, LOADED["n3"][1])
    nodes = LOADED | {"n3": step, "n4": SAVED}
    assert merged_by(prompt(**nodes)) == {"hf:x/a": ("merge", None), "hf:x/b": ("merge", None)}


def test_only_what_the_saved_model_goes_back_to_counts() -> None:
    saved = ("ModelSave", {"model": ["2", 0]})
    assert merged_by(prompt(**LOADED, n4=saved)) == {"hf:x/b": ("conversion", 1.0)}
    assert merged_by(prompt(**LOADED)) == {}


def test_with_two_savers_the_shares_are_unknown() -> None:
    other = ("ModelSave", {"model": ["2", 0]})
    found = merged_by(prompt(**LOADED, n4=SAVED, n5=other))
    assert found == {"hf:x/a": ("merge", None), "hf:x/b": ("merge", None)}


def test_a_graph_that_runs_in_circles_ends() -> None:
    nodes = LOADED | {"n1": ("LoraLoader", {"model": ["3", 0], "lora_name": "x/a"}), "n4": SAVED}
    assert merged_by(prompt(**nodes)) == {"hf:x/a": ("merge", None), "hf:x/b": ("merge", None)}


@pytest.mark.parametrize("ratio", [None, "0.5", -1, 2, float("nan"), [0.5]])
def test_an_odd_ratio_makes_the_shares_unknown(ratio: object) -> None:
    step = ("ModelMergeSimple", LOADED["n3"][1] | {"ratio": ratio})
    found = merged_by(prompt(**LOADED | {"n3": step, "n4": SAVED}))
    assert {share for _, share in found.values()} == {None}


def test_nothing_personal_is_quoted() -> None:
    private = {
        "ss_dataset_dirs": "x/y", "ss_tag_frequency": "x/y", "ss_output_name": "x/y",
        "prompt": '{"1": "x/y"}', "modelspec.author": "x/y", "ss_training_comment": "x/y",
    }  # fmt: skip
    assert read("safetensors", private) == ([], [])
