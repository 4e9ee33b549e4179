"""``sketch`` and ``compare``: kinship by the weights alone, told to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from modelaudit.resolve.weights.sketchfile import loads
from tests.audit import relatives
from tests.audit.world import repository
from tests.cli.running import Ran
from tests.quality.zoo import edits
from tests.servers.hub import Hub
from tests.shared import shared

Invoke = Callable[..., Ran]

NUMBERS = {
    "grade", "wording", "score", "median", "coverage", "bit_equal", "floor", "compared", "values",
    "skipped", "recast",
}  # fmt: skip
MERGE = {"parents", "complete", "residual_ratio", "by_tensor", "wording"}


def test_a_sketch_stands_for_its_file(invoke: Invoke, tmp_path: Path) -> None:
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    relatives.put(tmp_path / "tuned.safetensors", relatives.tuned(1))
    made = invoke("sketch", "base.safetensors", "-o", "base.sketch", "--sha256")
    assert made.code == 0
    assert "match: {sketches: [{ref: base.sketch, component: transformer}]}" in made.out
    kept = loads((tmp_path / "base.sketch").read_bytes())
    assert kept.every and kept.sha256
    by_file = invoke("compare", "tuned.safetensors", "base.safetensors", "--format", "json").json
    by_sketch = invoke("compare", "tuned.safetensors", "base.sketch", "--format", "json").json
    for told in (by_file, by_sketch):
        (comparison,) = told["comparisons"]
        assert comparison["grade"] == "derived"
        assert len(comparison["tensors"]) == comparison["compared"] == 16
    assert by_sketch["comparisons"][0]["score"] == by_file["comparisons"][0]["score"]


def test_the_same_bytes_give_the_same_sketch(invoke: Invoke, tmp_path: Path) -> None:
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    for name in ("one.sketch", "two.sketch"):
        invoke("sketch", "base.safetensors", "-o", name)
    assert (tmp_path / "one.sketch").read_bytes() == (tmp_path / "two.sketch").read_bytes()


def test_what_is_published_has_its_fields(invoke: Invoke, tmp_path: Path) -> None:
    one, other = relatives.tuned(1), relatives.tuned(2)
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    relatives.put(tmp_path / "one.safetensors", one)
    relatives.put(tmp_path / "other.safetensors", other)
    relatives.put(tmp_path / "mixed.safetensors", edits.mixed((0.7, one), (0.3, other)))
    told = invoke(
        "compare", "mixed.safetensors", "base.safetensors", "one.safetensors", "other.safetensors",
        "--format", "json",
    ).json  # fmt: skip
    assert told.keys() == {"suspect", "bytes_read", "comparisons", "merge", "notes"}
    assert told["suspect"] == "mixed.safetensors"
    assert [c["reference"] for c in told["comparisons"]] == [
        "base.safetensors", "one.safetensors", "other.safetensors",
    ]  # fmt: skip
    for comparison in told["comparisons"]:
        assert comparison.keys() == NUMBERS | {
            "reference", "component", "components", "tensors", "permuted", "anchor", "commons",
            "remarks",
        }  # fmt: skip
        assert comparison["components"]["transformer"].keys() == NUMBERS
        assert comparison["tensors"][0].keys() == {
            "name", "reference_name", "component", "r", "equal", "by_content",
        }  # fmt: skip
    assert told["merge"].keys() == MERGE
    assert told["merge"]["complete"] is True
    assert {p["reference"]: p["weight"] for p in told["merge"]["parents"]} == {
        "one.safetensors": pytest.approx(0.7, abs=0.005),
        "other.safetensors": pytest.approx(0.3, abs=0.005),
    }


def test_no_share_is_told_where_a_parent_is_withheld(invoke: Invoke, tmp_path: Path) -> None:
    parents = [relatives.tuned(n) for n in (1, 2, 3)]
    for name, weights in zip(("one", "two"), parents, strict=False):
        relatives.put(tmp_path / f"{name}.safetensors", weights)
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    relatives.put(
        tmp_path / "mixed.safetensors",
        edits.mixed(*((1 / 3, weights) for weights in parents)),
    )
    told = invoke(
        "compare", "mixed.safetensors", "base.safetensors", "one.safetensors", "two.safetensors",
        "--format", "json",
    ).json  # fmt: skip
    assert told["merge"] is None or (
        told["merge"]["parents"] == [] and told["merge"]["complete"] is False
    )


def test_people_get_sentences(invoke: Invoke, tmp_path: Path) -> None:
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    relatives.put(tmp_path / "twin.safetensors", relatives.twin())
    ran = invoke("compare", "twin.safetensors", "base.safetensors")
    assert ran.code == 0
    assert "same-architecture-only: base.safetensors" in ran.out
    assert "no weight evidence of derivation from base.safetensors" in ran.out
    assert "trained from independent random beginnings" in ran.out


def test_a_folder_is_a_model(invoke: Invoke, tmp_path: Path) -> None:
    relatives.put(tmp_path / "model" / "model.safetensors", relatives.tuned(1))
    (tmp_path / "model" / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    told = invoke("compare", "model", "base.safetensors", "--format", "json").json
    assert told["comparisons"][0]["grade"] == "derived"


def test_models_of_a_platform_are_compared_by_range(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {
        "acme/base": relatives.content(relatives.base()),
        "acme/tuned": relatives.content(relatives.tuned(1)),
    }
    records = [
        repository(n, repo, files={"model.safetensors": file})
        for n, (repo, file) in enumerate(held.items(), start=1)
    ]
    files = {(repo, "model.safetensors"): file for repo, file in held.items()}
    with Hub(records=records, files=files) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        told = invoke("compare", "hf:acme/tuned", "hf:acme/base", "--format", "json").json
        asked = hub.count(r".*/resolve/.*")
    assert told["comparisons"][0]["grade"] == "derived"
    assert asked <= 2 * (1 + 17)  # a header each, and a range for each matrix


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cannot"),
        (b"not a model at all" * 100, "no weight format"),
    ],
)
def test_what_is_no_model_is_told_in_a_line(
    invoke: Invoke, tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    relatives.put(tmp_path / "base.safetensors", relatives.base())
    for ran in (
        invoke("compare", "x.safetensors", "base.safetensors"),
        invoke("sketch", "x.safetensors"),
    ):
        assert ran.code == 2
        assert ran.err.startswith("error: ")
        assert "Traceback" not in ran.err


def test_an_adapter_has_nothing_to_sketch(invoke: Invoke, tmp_path: Path) -> None:
    lora = shared("weights/lora/sd15_lora_diffusion_rank1.safetensors")
    ran = invoke("sketch", str(lora), "-o", "lora.sketch")
    assert ran.code == 2
    assert "adapter" in ran.err
    assert not (tmp_path / "lora.sketch").exists()


def test_recorded_pairs_are_told_as_they_are_known(invoke: Invoke) -> None:
    pair = shared("weights/minilm")
    told = invoke(
        "compare", str(pair / "sre-embedding-model.trim.safetensors"),
        str(pair / "all-MiniLM-L6-v2.trim.safetensors"), "--format", "json",
    ).json  # fmt: skip
    assert told["comparisons"][0]["grade"] == "derived"
    generations = shared("weights/silero")
    told = invoke(
        "compare", str(generations / "silero_vad_5.1_8k.safetensors"),
        str(generations / "silero_vad_6.0_8k.safetensors"),
        str(generations / "silero_vad_6.2.3_8k.safetensors"), "--format", "json",
    ).json  # fmt: skip
    assert [c["grade"] for c in told["comparisons"]] == ["same-architecture-only"] * 2
    assert told["merge"] is None
    assert json.dumps(told)
