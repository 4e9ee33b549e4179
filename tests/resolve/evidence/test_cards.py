"""Claims from a model's small text files: card, adapter_config.json, model_index.json, mergekit."""

from __future__ import annotations

import json

import pytest

from modelaudit.domain.words import GapReason
from tests.resolve.evidence import read, short
from tests.shared import shared

CARD = """---
license: mit
base_model:
- x/y
- &again x/z
datasets: [laion/laion2B-en]
tags: [merge]
other: *again
---
# A model
Fine-tuned from [that one](https://huggingface.co/a/b). See also https://huggingface.co/a/c.
A mix of https://civitai.com/models/7?modelVersionId=8 and https://example.org/m/n.
```python
# trained on https://huggingface.co/in/code
```
"""


def test_a_card_speaks_by_front_matter_and_by_prose() -> None:
    claims, gaps = read("card", CARD)
    assert not gaps
    assert short(claims) == [
        ("hf:x/y", "merge", "declared", "front matter /base_model/0"),
        ("hf:x/z", "merge", "declared", "front matter /base_model/1"),
        ("dataset:laion/laion2B-en", "trained-on", "declared", "front matter /datasets/0"),
        ("hf:a/b", "finetune", "hinted", "prose"),
        ("civitai:7@8", "merge", "hinted", "prose"),
    ]
    assert [claim.excerpt for claim in claims[-2:]] == [
        "https://huggingface.co/a/b", "https://civitai.com/models/7?modelVersionId=8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "front",
    ["a: [b", "\tx: y", "a: *unknown", "a: " + "[" * 5000, "a: &a [*a]", "x: " + "y" * 70_000],
)
def test_unreadable_front_matter_is_a_gap_and_the_prose_still_counts(front: str) -> None:
    claims, gaps = read("card", f"---\n{front}\n---\nbased on https://huggingface.co/a/b")
    assert [gap.reason for gap in gaps] == [GapReason.MALFORMED]
    assert [claim.parent for claim in claims] == ["hf:a/b"]


def test_yaml_bombs_and_objects_are_only_text() -> None:
    bomb = "a0: &a0 [x/y]\n" + "".join(
        f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)
    )
    merges = "m0: &m0 {k: v}\n" + "".join(
        f"m{i}: &m{i} {{<<: [{','.join([f'*m{i - 1}'] * 9)}]}}\n" for i in range(1, 9)
    )
    claims, gaps = read("card", f"---\n{bomb}{merges}base_model: *a8\n---\n")
    assert not (claims or gaps)
    claims, _ = read("card", "---\nbase_model: !!python/object/apply:os.system ['x/y']\n---\n")
    assert [claim.parent for claim in claims] == ["hf:x/y"]


def test_half_a_megabyte_of_blank_lines_is_read_in_passing() -> None:
    assert read("card", "```yaml\n" + "\n \t" * 150_000 + "\n```\n") == ([], [])


def test_real_cards_give_every_parent_that_they_declare() -> None:
    text = shared("huggingface/card_front_matter/cards_half.jsonl").read_text(encoding="utf-8")
    cards = [json.loads(line) for line in text.splitlines()]
    declared = recipes = 0
    for card in cards:
        blocks = "".join(f"\n```yaml\n{block}\n```\n" for block in card["mergekit_blocks"])
        claims, gaps = read("card", f"---\n{card['front_matter']}\n---\n# Card\n{blocks}")
        assert not gaps
        declared += any("/base" in c.locator and c.extractor == "card" for c in claims)
        merged = {c.parent for c in claims if c.extractor == "mergekit"}
        assert bool(blocks) == (len(merged) >= 2)
        recipes += bool(blocks)
    assert (len(cards), recipes) == (73, 28)
    assert declared == 43


def test_an_adapter_names_its_base_and_revision() -> None:
    body = json.dumps({"base_model_name_or_path": "x/y", "revision": "main", "peft_type": "LORA"})
    claims, _ = read("adapter_config", body)
    assert short(claims) == [("hf:x/y", "adapter", "recorded", "/base_model_name_or_path")]
    assert claims[0].excerpt == "x/y@main"
    claims, _ = read("adapter_config", '{"base_model_name_or_path": "/root/base-7b"}')
    assert short(claims) == [("hf:base-7b", "adapter", "hinted", "/base_model_name_or_path")]


@pytest.mark.parametrize("kind", ["model_index", "config"])
def test_a_model_hints_at_where_it_was_loaded_from(kind: str) -> None:
    claims, _ = read(kind, '{"_class_name": "P", "_name_or_path": "x/y"}')
    assert short(claims) == [("hf:x/y", "finetune", "hinted", "/_name_or_path")]


@pytest.mark.parametrize("kind", ["adapter_config", "model_index", "config"])
@pytest.mark.parametrize("body", ["", "{", "[]", "5", "null", '{"a": ' * 100_000, "\ud800"])
def test_a_broken_file_is_a_gap(kind: str, body: str) -> None:
    claims, gaps = read(kind, body)
    assert not claims
    assert [gap.reason for gap in gaps] == [GapReason.MALFORMED]


RECIPE = """
models:
  - model: x/base
  - model: x/one@main
    parameters: {weight: 0.3, density: 0.5}
  - model: x/two+x/lora
    parameters: {weight: 0.1}
merge_method: ties
base_model: x/base
"""


def test_a_recipe_beside_the_weights_is_recorded_with_shares() -> None:
    claims, _ = read("mergekit", RECIPE)
    assert [(c.parent, c.grade.word, c.locator, c.weight) for c in claims] == [
        ("hf:x/base", "recorded", "/models/0/model", None),
        ("hf:x/one", "recorded", "/models/1/model", pytest.approx(0.75)),
        ("hf:x/two", "recorded", "/models/2/model", pytest.approx(0.25)),
        ("hf:x/lora", "recorded", "/models/2/model", pytest.approx(0.25)),
    ]


@pytest.mark.parametrize("weight", ["[0.1, 0.9]", "abc", "-1", ".nan", "1e99", "{filter: x}"])
def test_a_weight_that_is_no_plain_number_leaves_all_shares_unknown(weight: str) -> None:
    claims, _ = read("mergekit", RECIPE.replace("weight: 0.3", f"weight: {weight}"))
    assert [claim.weight for claim in claims] == [None] * 4


def test_slices_experts_long_forms_and_stages_are_read() -> None:
    claims, _ = read(
        "mergekit",
        "name: step\nslices: [{sources: [{model: x/a}, {model: {model: {path: x/b}}}]}]\n"
        "---\nexperts: [{source_model: x/c}]\nbase_model: step\n",
    )
    assert [(c.parent, c.locator) for c in claims] == [
        ("hf:x/a", "/0/slices/0/sources/0/model"),
        ("hf:x/b", "/0/slices/0/sources/1/model/model/path"),
        ("hf:x/c", "/1/experts/0/source_model"),
    ]


def test_a_recipe_that_is_no_yaml_is_read_line_by_line() -> None:
    text = (
        "!mergekit-x ./out \\\n --model x/y --weight 1 \\\n===\n- model: x/z\n  base_model: x/b\n{"
    )
    claims, gaps = read("mergekit", text)
    assert not gaps
    assert [(c.parent, c.locator) for c in claims] == [
        ("hf:x/y", "line 2"),
        ("hf:x/z", "line 4"),
        ("hf:x/b", "line 5"),
    ]


def test_a_recipe_without_models_is_a_gap() -> None:
    assert [gap.reason for gap in read("mergekit", "nothing: here")[1]] == [GapReason.MALFORMED]
