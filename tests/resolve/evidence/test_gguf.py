"""Claims from the ``general.*`` metadata of GGUF files."""

from __future__ import annotations

import pytest

from tests.resolve.evidence import read, short

# Headers as llama.cpp's converter wrote them into two published files; 15 is Q4_K_M.
FINE_TUNED = {
    "general.architecture": "qwen2",
    "general.type": "model",
    "general.name": "Qwen2.5 0.5B Instruct",
    "general.file_type": 15,
    "general.quantization_version": 2,
    "general.base_model.count": 1,
    "general.base_model.0.name": "Qwen2.5 0.5B",
    "general.base_model.0.organization": "Qwen",
    "general.base_model.0.repo_url": "https://huggingface.co/Qwen/Qwen2.5-0.5B",
}
QUANTIZED = FINE_TUNED | {
    "general.name": "Qwen3.5-0.8B",
    "general.base_model.0.name": "Qwen3.5 0.8B",
    "general.base_model.0.repo_url": "https://huggingface.co/Qwen/Qwen3.5-0.8B",
}
HUB = "https://huggingface.co"


def said(metadata: dict[str, object]) -> list[tuple[str, str, str]]:
    claims, gaps = read("gguf", metadata)
    assert not gaps
    assert all(claim.extractor == "gguf" for claim in claims)
    return [(claim.parent, claim.relation.word, claim.grade.word) for claim in claims]


def test_a_base_is_recorded_by_its_address() -> None:
    claims, _ = read("gguf", dict(FINE_TUNED))
    at = "/general.base_model.0.repo_url"
    assert short(claims) == [("hf:Qwen/Qwen2.5-0.5B", "finetune", "recorded", at)]
    assert claims[0].excerpt == f"{HUB}/Qwen/Qwen2.5-0.5B"


@pytest.mark.parametrize(
    ("file_type", "relation"),
    [(15, "quantized"), (0, "conversion"), (1, "conversion"), (32, "conversion"),
     (1 << 10 | 1, "conversion"), (1 << 10 | 7, "quantized"), (None, "conversion"),
     ("15", "conversion")],
)  # fmt: skip
def test_a_base_of_the_same_title_is_the_model_itself_written_anew(
    file_type: object, relation: str
) -> None:
    metadata = QUANTIZED | {"general.file_type": file_type}
    assert said(metadata) == [("hf:Qwen/Qwen3.5-0.8B", relation, "recorded")]


def test_files_without_titles_are_not_taken_for_each_other() -> None:
    base = {"general.base_model.0.repo_url": f"{HUB}/x/y", "general.file_type": 15}
    assert said(base) == [("hf:x/y", "finetune", "recorded")]
    assert said(base | {"general.name": "", "general.base_model.0.name": "--"}) == [
        ("hf:x/y", "finetune", "recorded")
    ]


def test_an_adapter_belongs_to_its_base() -> None:
    metadata = FINE_TUNED | {"general.type": "adapter", "adapter.type": "lora"}
    assert said(metadata) == [("hf:Qwen/Qwen2.5-0.5B", "adapter", "recorded")]


def test_several_bases_are_a_merge() -> None:
    second = {"general.base_model.1.url": "https://civitai.com/models/7?modelVersionId=8"}
    assert said(FINE_TUNED | second) == [
        ("hf:Qwen/Qwen2.5-0.5B", "merge", "recorded"),
        ("civitai:7@8", "merge", "recorded"),
    ]
    assert said(FINE_TUNED | {"general.base_model.count": 3})[0][1] == "merge"


def test_titles_only_hint_at_a_node() -> None:
    metadata: dict[str, object] = {
        "general.base_model.0.name": "Llama 3.1 8B",
        "general.base_model.0.organization": "Meta Llama",
        "general.base_model.0.url": "https://example.org/llama",
    }
    claims, _ = read("gguf", metadata)
    at = "/general.base_model.0.name"
    assert short(claims) == [("hf:Meta-Llama/Llama-3.1-8B", "finetune", "hinted", at)]
    assert claims[0].excerpt == "Llama 3.1 8B"
    assert said({"general.base_model.0.name": "gpt2"}) == [("hf:gpt2", "finetune", "hinted")]


@pytest.mark.parametrize(
    "entry",
    [{"doi": "10.57967/hf/1"}, {"uuid": "b2f4a9f0-0000-4000-8000-000000000000"},
     {"repo_url": "https://github.com/x/y"}, {"repo_url": f"{HUB}/unsloth"}, {"repo_url": 7},
     {"name": ["x/y"]}, {"name": ""}, {"author": "Somebody"}, {"organization": "x"}],
)  # fmt: skip
def test_what_names_no_model_makes_no_claim(entry: dict[str, object]) -> None:
    assert said({f"general.base_model.0.{key}": value for key, value in entry.items()}) == []


@pytest.mark.parametrize(
    ("key", "text"),
    [("repo_url", f"{HUB}/x/y"), ("url", f"{HUB}/x/y/tree/abc"), ("huggingface.repository", "x/y")],
)
def test_the_source_is_what_was_converted(key: str, text: str) -> None:
    metadata: dict[str, object] = {f"general.source.{key}": text}
    assert said(metadata) == [("hf:x/y", "conversion", "recorded")]
    assert said(metadata | {"general.file_type": 7}) == [("hf:x/y", "quantized", "recorded")]


def test_a_file_that_names_its_own_repository_is_not_its_own_parent() -> None:
    assert said({"general.source.repo_url": f"{HUB}/acme/child"}) == []


def test_training_sets_are_data_sets_though_their_addresses_are_those_of_models() -> None:
    metadata = {
        "general.dataset.count": 3,
        "general.dataset.0.name": "Opc Sft Stage1",
        "general.dataset.0.organization": "OpenCoder LLM",
        "general.dataset.0.repo_url": f"{HUB}/OpenCoder-LLM/opc-sft-stage1",
        "general.dataset.1.url": f"{HUB}/datasets/laion/laion2B-en",
        "general.dataset.2.name": "Opc Sft Stage2",
        "general.dataset.2.organization": "OpenCoder LLM",
        "general.datasets": ["x/y", f"{HUB}/datasets/x/z", f"{HUB}/x/no-data-set", 5],
    }
    assert said(metadata) == [
        ("dataset:OpenCoder-LLM/opc-sft-stage1", "trained-on", "recorded"),
        ("dataset:laion/laion2B-en", "trained-on", "recorded"),
        ("dataset:OpenCoder-LLM/Opc-Sft-Stage2", "trained-on", "hinted"),
        ("dataset:x/y", "trained-on", "recorded"),
        ("dataset:x/z", "trained-on", "recorded"),
    ]


def test_of_endless_parents_the_first_two_hundred_count() -> None:
    metadata: dict[str, object] = {
        f"general.base_model.{i}.repo_url": f"{HUB}/x/y{i}" for i in range(300)
    }
    assert len(said(metadata | {"general.base_model.count": 2**63})) == 200
