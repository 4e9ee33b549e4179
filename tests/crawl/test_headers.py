"""What is kept of a weight file's own words."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl import headers
from tests.resolve.evidence import read
from tests.shared import shared

PERSONAL = (
    "ss_dataset_dirs", "ss_reg_dataset_dirs", "ss_datasets", "ss_tag_frequency", "ss_bucket_info",
    "ss_output_name", "ss_training_comment", "ss_session_id", "ss_network_args", "workflow",
    "parameters", "name", "training_info", "modelspec.author", "modelspec.title",
    "modelspec.description", "modelspec.tags", "modelspec.thumbnail", "modelspec.trigger_phrase",
    "modelspec.usage_hint", "modelspec.license", "general.author", "general.description",
    "general.quantized_by", "general.organization", "general.tags", "general.url",
    "general.license.link", "general.base_model.0.author", "general.base_model.0.description",
    "general.dataset.0.author", "general.base_model.999.name", "quantize.imatrix.file",
    "quantize.imatrix.dataset", "tokenizer.chat_template", "tokenizer.ggml.tokens",
)  # fmt: skip
CHECKPOINT = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "somebody/a.ckpt"}}
MERGE = {"class_type": "ModelMergeSimple", "inputs": {
    "model1": ["1", 0], "model2": ["somebody", 0], "ratio": 0.5, "text": "somebody"}}  # fmt: skip


@pytest.mark.parametrize("key", PERSONAL)
@pytest.mark.parametrize("value", ["somebody", ["somebody"], 5])
def test_nothing_personal_is_kept(key: str, value: object) -> None:
    assert headers.kept({key: value, "ss_v2": "False"}) == {"ss_v2": "False"}


def test_what_speaks_of_lineage_is_kept_as_it_is() -> None:
    metadata = {
        "ss_new_sd_model_hash": "ab" * 32,
        "ss_new_vae_hash": "cd" * 32,
        "sd_merge_models": "{}" + " " * 100_000,
        "general.file_type": 15,
        "general.base_model.0.repo_url": "https://huggingface.co/x/y",
        "general.base_model.199.name": "Y",
        "general.datasets": ["x/y", "x/z"],
    }
    assert headers.kept(metadata) == metadata


@pytest.mark.parametrize(
    ("key", "text", "left"),
    [
        ("ot_config", {"base_model_name": "acme/root", "workspace_dir": "somebody"},
         {"base_model_name": "acme/root"}),
        ("ot_config", {"base_model_name": {"somebody": 1}, "training_method": "LORA"},
         {"training_method": "LORA"}),
        ("lora_adapter_metadata", {"unet.base_model_name_or_path": "x/y", "unet.auto_mapping":
         "somebody", "some body.revision": "z"}, {"unet.base_model_name_or_path": "x/y"}),
        ("prompt", {"1": CHECKPOINT, "2": MERGE, "somebody": CHECKPOINT, "3":
         {"class_type": "CLIPTextEncode", "inputs": {"text": "somebody"}}},
         {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.ckpt"}},
          "2": {"class_type": "ModelMergeSimple", "inputs": {"model1": ["1"], "ratio": 0.5}}}),
    ],
)  # fmt: skip
def test_of_a_configuration_only_names_of_models_are_left(
    key: str, text: object, left: object
) -> None:
    kept = headers.kept({key: json.dumps(text)})
    assert json.loads(kept[key]) == left
    assert "somebody" not in kept[key]


@pytest.mark.parametrize(
    ("name", "left"),
    [("x/y", "x/y"), ("x/y.safetensors", "y.safetensors"), ("C:\\a\\b\\c.gguf", "c.gguf"),
     ("/home/somebody/sd", "sd"), ("a/b/c", "c"), ("y.ckpt", "y.ckpt")],
)  # fmt: skip
def test_a_model_is_named_without_the_folders_it_lay_in(name: str, left: str) -> None:
    graph = {"1": {"class_type": "DiffusersLoader", "inputs": {"model_path": name}}}
    kept = json.loads(headers.kept({"prompt": json.dumps(graph)})["prompt"])
    assert kept["1"]["inputs"] == {"model_path": left}


@pytest.mark.parametrize("text", ["", "words of somebody", "[1]", '{"1": ' * 100_000, "{}"])
def test_a_prompt_that_merges_nothing_is_not_kept(text: str) -> None:
    assert headers.kept({"prompt": text}) == {}


@pytest.mark.parametrize("key", ["ot_config", "lora_adapter_metadata"])
def test_a_configuration_that_cannot_be_read_stays_visible_as_such(key: str) -> None:
    assert headers.kept({key: "{"}) == {key: ""}


@pytest.mark.parametrize(
    ("path", "left"),
    [("/home/somebody/sd/x.ckpt", "/home/~/sd/x.ckpt"),
     ("C:\\Users\\Some Body\\x.ckpt", "C:\\Users\\~\\x.ckpt"),
     ("/Users/somebody/.cache/hub/models--x--y", "/Users/~/.cache/hub/models--x--y"),
     ("home/model", "home/model"), ("users/model", "users/model")],
)  # fmt: skip
def test_a_path_does_not_say_whose_computer_it_was(path: str, left: str) -> None:
    assert headers.kept({"ss_sd_model_name": path}) == {"ss_sd_model_name": left}
    config = headers.kept({"ot_config": json.dumps({"base_model_name": path})})["ot_config"]
    assert json.loads(config) == {"base_model_name": left}


def test_values_have_a_longest_length() -> None:
    kept = headers.kept(
        {
            "ss_sd_model_name": "x" * 10_000,
            "sd_merge_models": "x" * 5_000_000,
            "general.datasets": ["y" * 10_000] * 10_000,
            "prompt": json.dumps({str(i): CHECKPOINT for i in range(5_000)}),
        }
    )
    assert len(kept["ss_sd_model_name"]) == 1_000
    assert len(kept["sd_merge_models"]) == 4_000_000
    assert {len(text) for text in kept["general.datasets"]} == {1_000}
    assert (len(kept["general.datasets"]), len(json.loads(kept["prompt"]))) == (200, 1_000)


def test_what_extractors_cannot_read_is_dropped() -> None:
    odd = {"ss_v2": None, "ss_network_dim": 0.5, "general.name": {"a": 1}, "format": b"pt"}
    assert headers.kept(odd) == {}


VALUES = st.one_of(
    st.text(), st.integers(0, 2**64 - 1), st.floats(), st.none(), st.lists(st.text(), max_size=3),
    st.dictionaries(st.text(), st.none(), max_size=2).map(json.dumps), st.just("\ud800/home/x"),
)  # fmt: skip


KEYS = st.sampled_from(
    ["ot_config", "lora_adapter_metadata", "prompt", "general.name", "general.datasets",
     "sd_merge_models", "general.base_model.0.url", "ss_sd_model_name", "title"]
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_kept_can_be_stored_and_is_kept_again(metadata: dict[str, object]) -> None:
    kept = headers.kept(metadata)
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept == headers.kept(kept)


def test_everything_that_extractors_read_of_recorded_headers_is_kept() -> None:
    records = json.loads(shared("weights/metadata_samples.json").read_text(encoding="utf-8"))
    for record in records:
        metadata = record["metadata"]
        whole, _ = read("safetensors", metadata)
        assert read("safetensors", headers.kept(metadata))[0] == whole, record["id"]
    numbered = {"general.type": "model", "general.name": "Y", "general.file_type": 15,
                "general.base_model.count": 1, "general.base_model.0.name": "Y",
                "general.base_model.0.organization": "X", "general.source.url": "x/z",
                "general.dataset.0.url": "https://huggingface.co/x/set"}  # fmt: skip
    claims, _ = read("gguf", numbered)
    assert len(claims) == 3
    assert read("gguf", headers.kept(numbered))[0] == claims
