"""What is kept of a weight file's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.crawl import headers
from modelaudit.domain.words import GapReason
from tests.resolve.evidence import read, short
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
A, B = "a123456789abcdef" * 4, "b123456789abcdef" * 4
RECIPE = {"primary_model_hash": A, "model_b": B.upper(), "interp_method": "Weighted sum",
          "multiplier": 0.25}  # fmt: skip
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
         {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "~/a.ckpt"}},
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
    [("x/y", "x/y"), ("x/y.safetensors", "~/y.safetensors"), ("C:\\a\\b\\c.gguf", "~/c.gguf"),
     ("/home/somebody/sd", "~/sd"), ("a/b/c", "~/c"), ("y.ckpt", "y.ckpt")],
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


PATHS = (
    "C:\\Users\\Some Body\\{}", "C:\\Documents and Settings\\Some Body\\{}", "/home/somebody/sd/{}",
    "/export/homes/somebody/{}", "\\\\server\\homes\\somebody\\{}", "~somebody/{}",
    "/Volumes/SomebodyDisk/{}", "D:Users\\somebody\\{}", "home/somebody/{}", "/home/some'body/{}",
    "%2Fhome%2Fsomebody%2f{}", "/content/drive/MyDrive/Some Body/{}", "file:///home/somebody/{}",
    "D:\\OneDrive - Some Body\\{}", "D:\\Benutzer\\somebody\\{}", "/home/\nsomebody/{}",
    "/home/body,some/{}", "/data/some.body@example.org/{}", "https://example.org/somebody/{}",
    "C:\\\\Users\\\\somebody\\\\{}", "/home/x/../somebody/{}", "/" * 500 + "somebody/{}",
)  # fmt: skip
NAMED_IN: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("ss_sd_model_name", str),
    ("general.name", str),
    ("general.datasets", lambda name: [name]),
    ("ot_config", lambda name: json.dumps({"base_model_name": name, "training_method": name})),
    ("lora_adapter_metadata", lambda name: json.dumps({"base_model_name_or_path": name})),
    ("prompt", lambda name: json.dumps({"1": {**CHECKPOINT, "inputs": {"ckpt_name": name}}})),
    ("sd_merge_models", lambda name: json.dumps({A: {"name": name}})),
)


@pytest.mark.parametrize(("key", "value"), NAMED_IN)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["x.ckpt", "model/"])
def test_a_path_does_not_say_whose_computer_it_was(
    key: str, value: Callable[[str], object], path: str, name: str
) -> None:
    left = str(headers.kept({key: value(path.format(name))}))
    assert name.strip("/") in left
    assert re.search("(?i)body|example", left) is None


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("runwayml/stable-diffusion-v1-5", "runwayml/stable-diffusion-v1-5"),
        ("x/y@v1.0", "x/y@v1.0"),
        ("x/y:main", "x/y:main"),
        (" 'x/y' ", "x/y"),
        ("hf:x/y", "hf:x/y"),
        ("datasets/x/y", "datasets/x/y"),
        ("modelscope:x/y", "modelscope:x/y"),
        ("urn:air:flux1:lora:huggingface:x/y@1", "urn:air:flux1:lora:huggingface:x/y@1"),
        ("urn:air:sdxl:lora:civitai:1@2", "urn:air:sdxl:lora:civitai:1@2"),
        ("https://huggingface.co/x/y/blob/main/z.ckpt", "https://huggingface.co/x/y/blob/main/z.ckpt"),
        ("hf.co/x/y", "https://hf.co/x/y"),
        ("https://me:word@www.huggingface.co:443/x/y?token=hf_x#z", "https://www.huggingface.co/x/y"),
        ("https://civitai.com/models/1/a?modelVersionId=2&token=x", "https://civitai.com/models/1/a?modelVersionId=2"),
        ("/home/somebody/.cache/hub/models--x--y/snapshots/0/z.ckpt", "models--x--y"),
        ("C:\\Users\\Some Body\\hub\\datasets--x--y", "datasets--x--y"),
        ("/root/.cache/modelscope/hub/models/X/y___1", "modelscope/hub/models/X/y___1"),
        ("/mnt/modelscope/models/X--y/snapshots/v1", "modelscope/models/X--y"),
        ("https://example.org/models--x--y?token=x", "https://~/models--x--y"),
        ("Some Title", "Some Title"),
        ("home/model", "home/model"),
        ("../y", "~/y"),
        ("x/y/z", "~/z"),
        ("/a/bert-mine", "~/bert-mine"),
    ],
)  # fmt: skip
def test_a_name_is_whole_where_it_says_itself_whose_model_it_is(name: str, left: str) -> None:
    assert headers.kept({"ss_sd_model_name": name}) == {"ss_sd_model_name": left}
    claims, gaps = read("safetensors", {"ss_sd_model_name": left})
    before, _ = read("safetensors", {"ss_sd_model_name": name})
    assert short(claims) == short(before)
    assert not gaps


def test_a_revision_is_no_path() -> None:
    config = {"base_model_name_or_path": "x/y", "revision": "refs/pr/1", "u.revision": "/some/body"}
    left = headers.kept({"lora_adapter_metadata": json.dumps(config)})["lora_adapter_metadata"]
    assert json.loads(left) == {"base_model_name_or_path": "x/y", "revision": "refs/pr/1"}


@pytest.mark.parametrize(
    ("key", "said", "left"),
    [
        ("sd_merge_recipe", {"prompt": "some body", **RECIPE}, RECIPE),
        ("sd_merge_recipe", {"prompt": "some body"}, {}),
        ("sd_merge_recipe", {"primary_model_hash": "some body", "interp_method": "some body",
                             "multiplier": "some body"}, {}),
        ("sd_merge_models", {A: {"name": "somebody/x.ckpt", "words": "some body",
                                 "sd_merge_recipe": {**RECIPE, "custom_name": "some body"}},
                             B: "some body", "some body": {"name": "x"}},
         {A: {"name": "x.ckpt", "sd_merge_recipe": RECIPE}, B: {}}),
        ("sd_merge_models", {"sd_merge_models": json.dumps({A: {"sd_merge_recipe": "None"}}),
                             "sd_merge_recipe": "some body"}, {"sd_merge_models": {A: {}}}),
    ],
)  # fmt: skip
def test_of_a_merge_only_its_parents_are_left(key: str, said: object, left: object) -> None:
    assert json.loads(headers.kept({key: json.dumps(said)})[key]) == left


@pytest.mark.parametrize("key", ["sd_merge_recipe", "sd_merge_models"])
@pytest.mark.parametrize(
    ("text", "left"),
    [("None", "None"), ("words of somebody", ""), ("[]", ""), ("{" * 100_000, ""),
     (f"{{'primary_model_hash': '{A}', 'x': '{B}', 'prompt': 'somebody'}}", f"{A} {B}"),
     ("x" * 4_500_000, "")],
)  # fmt: skip
def test_of_a_merge_that_is_no_json_its_digests_are_left(key: str, text: str, left: str) -> None:
    assert headers.kept({key: text}) == {key: left}


@pytest.mark.parametrize("key", ["modelspec.merged_from", "merged_from"])
def test_of_merged_titles_only_names_of_models_are_left(key: str) -> None:
    said = "words of somebody, x/y;/home/somebody/z\nhttps://civitai.com/models/1?token=a"
    assert headers.kept({key: said}) == {key: "x/y, https://civitai.com/models/1"}
    assert headers.kept({key: "words of somebody"}) == {}


def digest(number: int) -> str:
    return f"{number:08x}" + A[8:]


@pytest.mark.parametrize("count", [2_100, 5_000])
def test_of_a_history_too_long_to_keep_the_digests_are_left(count: int) -> None:
    models = {digest(n): {"name": "x" * 500, "sd_merge_recipe": RECIPE} for n in range(count)}
    kept = headers.kept({"sd_merge_models": json.dumps(models)})
    claims, gaps = read("safetensors", kept)
    assert len(claims) == 2_000
    assert [gap.reason for gap in gaps] == [GapReason.MALFORMED]


def test_values_have_a_longest_length() -> None:
    kept = headers.kept(
        {
            "ss_sd_model_name": "x" * 10_000,
            "general.datasets": ["y" * 10_000] * 10_000,
            "prompt": json.dumps({str(i): CHECKPOINT for i in range(5_000)}),
        }
    )
    assert len(kept["ss_sd_model_name"]) == 512
    assert {len(text) for text in kept["general.datasets"]} == {512}
    assert (len(kept["general.datasets"]), len(json.loads(kept["prompt"]))) == (200, 1_000)


def test_all_that_is_kept_of_a_file_is_a_megabyte_the_shortest_first() -> None:
    numbers, keys = range(200), ("name", "url", "version", "organization")
    said = {f"general.base_model.{n}.{key}": "\x01" * 512 for n in numbers for key in keys}
    said |= {"ss_sd_model_name": "x/y", "ss_new_sd_model_hash": A}
    kept = headers.kept(said)
    assert 900_000 < len(json.dumps(kept, ensure_ascii=False)) < 1_100_000
    assert kept["ss_new_sd_model_hash"] == A
    assert kept == headers.kept(kept)


def test_what_extractors_cannot_read_is_dropped() -> None:
    odd = {"ss_v2": None, "ss_network_dim": 0.5, "general.name": {"a": 1}, "format": b"pt"}
    assert headers.kept(odd) == {}


VALUES = st.one_of(
    st.text(), st.integers(0, 2**64 - 1), st.floats(), st.none(), st.lists(st.text(), max_size=3),
    st.dictionaries(st.text(), st.none(), max_size=2).map(json.dumps), st.just("\ud800/home/x"),
    st.text(st.sampled_from("x/y\\:@.-~%2Ff '?#\ud800"), max_size=12),
    st.text(st.sampled_from("x/y?'#@%2F "), max_size=8).map("https://hf.co/".__add__),
)  # fmt: skip


KEYS = st.sampled_from(
    ["ot_config", "lora_adapter_metadata", "prompt", "general.name", "general.datasets",
     "sd_merge_models", "general.base_model.0.url", "ss_sd_model_name", "title", "merged_from"]
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_kept_can_be_stored_and_is_kept_again(metadata: dict[str, object]) -> None:
    kept = headers.kept(metadata)
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept == headers.kept(kept)


def test_everything_that_extractors_read_of_recorded_headers_is_kept() -> None:
    records = json.loads(shared("weights/metadata_samples.json").read_text(encoding="utf-8"))
    for record in records:
        metadata = record["metadata"]
        assert read("safetensors", headers.kept(metadata)) == read("safetensors", metadata)
    numbered = {"general.type": "model", "general.name": "Y", "general.file_type": 15,
                "general.base_model.count": 1, "general.base_model.0.name": "Y",
                "general.base_model.0.organization": "X", "general.source.url": "x/z",
                "general.dataset.0.url": "https://huggingface.co/x/set"}  # fmt: skip
    claims, _ = read("gguf", numbered)
    assert len(claims) == 3
    assert read("gguf", headers.kept(numbered))[0] == claims
