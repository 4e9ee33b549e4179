"""Whatever strangers write: no exception, valid references, everything within its cap."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelaudit.domain import refs
from modelaudit.domain.claim import EXCERPT_LENGTH, Claim
from modelaudit.domain.words import Grade
from modelaudit.resolve.extractor import Extractor, extractors
from tests.resolve.evidence import CHILD, document

NAMES = st.sampled_from(
    ["x/y", "acme/child", "/root/models/x/y", "https://huggingface.co/x/y", "x/y@main",
     "civitai:1@2", "C:\\models--x--y\\snapshots\\a", "urn:air:sd1:lora:civitai:1@2",
     "datasets/x/y", "gpt2", "x_y", "0123456789abcdef" * 4,
     "merge of https://civitai.com/models/1 and https://hf.co/\ud800", "SD 1.5"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["tags", "cardData", "baseModels", "models", "relation", "id", "_id", "base_model",
     "Base model", "base_model_relation", "datasets", "model", "version", "type", "baseModel",
     "created", "params", "trainingDetails", "continueFrom", "continueFromEpoch", "air",
     "description", "checkpointType", "ss_new_sd_model_hash", "ss_sd_model_name",
     "ss_network_dim", "sd_merge_recipe", "slices", "sd_merge_models", "primary_model_hash",
     "multiplier", "interp_method", "ot_config", "sources", "base_model_name",
     "modelspec.merged_from", "_name_or_path", "base_model_name_or_path", "parameters",
     "weight", "experts", "source_model", "0123456789abcdef" * 4, "ss_new_vae_hash",
     "ss_vae_name", "lora_adapter_metadata", "unet.base_model_name_or_path", "revision",
     "prompt", "1", "2", "class_type", "inputs", "model1", "model2", "ratio", "ckpt_name",
     "lora_name", "civitai", "modelId", "VersionId", "BaseModel", "ModelType", "createdAt",
     "general.name", "general.type", "general.file_type", "general.source.url",
     "general.base_model.count", "general.base_model.0.name", "general.base_model.0.organization",
     "general.base_model.0.repo_url", "general.base_model.1.url", "general.dataset.0.repo_url",
     "general.datasets"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), NAMES,
    st.sampled_from(["LORA", "Checkpoint", "Weighted sum", "merge", "base_model:merge:x/y",
                     "CheckpointSave", "ModelMergeSimple", "adapter"]),
    st.just("x" * 100_000),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(KEYS, st.text(max_size=5)), inner, max_size=6),
        st.dictionaries(KEYS, inner, max_size=4).map(json.dumps),
    ),
    max_leaves=25,
)
MAPPINGS = st.dictionaries(st.one_of(KEYS, st.text(max_size=5)), VALUES, max_size=8)
TEXTS = st.one_of(
    st.text(max_size=200),
    MAPPINGS.map(json.dumps),
    MAPPINGS.map(lambda body: f"---\n{json.dumps(body)}\n---\nbased on https://hf.co/x/y"),
    MAPPINGS.map(lambda body: f"```yaml\nmerge_method: x\nrest: {json.dumps(body)}\n```"),
    st.lists(NAMES, max_size=5).map(lambda names: "".join(f"- model: {n}\n" for n in names)),
)


@pytest.mark.parametrize("extractor", extractors(), ids=lambda extractor: str(extractor.name))
def test_an_extractor_has_its_four_names(extractor: Extractor) -> None:
    assert extractor.name
    assert extractor.reads <= {
        "hf.record", "card", "adapter_config", "mergekit", "model_index", "config", "safetensors",
        "gguf", "civitai.version", "civitai_info", "weights",
    }  # fmt: skip
    assert isinstance(extractor.grade, Grade)
    assert callable(extractor.extract)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(body=st.one_of(MAPPINGS, TEXTS))
def test_no_extractor_raises_and_every_claim_is_sound(body: dict[str, object] | str) -> None:
    for extractor in extractors():
        for kind in extractor.reads:
            seen = set()
            for found in extractor.extract(document(kind, body)):
                if not isinstance(found, Claim):
                    assert "\n" not in found.detail
                    continue
                assert refs.parse(found.parent) == found.parent != CHILD
                assert found.extractor == extractor.name
                assert found.grade <= extractor.grade
                assert found.locator
                assert len(found.locator) <= 400
                assert found.excerpt is None or len(found.excerpt) <= EXCERPT_LENGTH
                assert found.weight is None or 0 <= found.weight <= 1
                assert f"{found.parent}{found.locator}{found.excerpt}".encode()
                assert (found.parent, found.relation) not in seen
                seen.add((found.parent, found.relation))
