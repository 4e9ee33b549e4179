"""What sampled weights showed, in words and numbers; how often that errs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Kin
from modelaudit.domain.words import Kinship
from modelaudit.report import weights
from tests.comparisons import PERMUTED, UNPERMUTED, comparison, kin, recipe, tensor, weighed
from tests.report.conftest import RATES
from tests.report.weighing import SAMPLE

SENTENCES = {
    # id: (what was found, the sentence)
    "kin": (kin(), "derived: hf:acme/root: R 0.999 over 16 matrices, these are derived"),
    "clear": (
        kin(kinship="same-architecture-only", anchor=UNPERMUTED),
        "no weight evidence of descent from hf:acme/root: R 0.003 over 16 matrices, floor 0.10; "
        "permutation excluded",
    ),
    "clear, as far as was looked": (
        kin(kinship="same-architecture-only"),
        "no weight evidence of descent from hf:acme/root: R 0.003 over 16 matrices, floor 0.10; "
        "whether its channels were permuted was not tested",
    ),
    "the channels agree": (
        kin(kinship="same-architecture-only", anchor=PERMUTED),
        "no weight evidence of descent from hf:acme/root: R 0.003 over 16 matrices, floor 0.10; "
        "its input channels agree",
    ),
    "permuted": (
        kin(kinship="same-architecture-only", anchor=PERMUTED, permuted=True),
        "same-architecture-only: hf:acme/root: R 0.003 over 16 matrices, these are "
        "same-architecture-only",
    ),
    "between": (
        kin(kinship="inconclusive"),
        "not settled whether it descends from hf:acme/root: R 0.118 over 16 matrices, floor 0.10",
    ),
    "nothing": (
        kin(kinship="unrelated"), "nothing to hold against hf:acme/root: these are unrelated"),
}  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES)
def test_what_was_found_is_one_sentence_with_its_numbers(case: str) -> None:
    found, sentence = SENTENCES[case]
    assert weights.sentence(found) == sentence


def test_every_kinship_has_a_meaning() -> None:
    assert set(weights.KINSHIP) == set(Kinship)
    told = list(weights.counts({Kinship.DILUTED: 2, Kinship.IDENTICAL: 1}))
    assert [(kinship, count) for kinship, count, _ in told] == [
        (Kinship.IDENTICAL, 1), (Kinship.DILUTED, 2),
    ]  # fmt: skip


def test_the_span_of_matrices_leaves_out_what_was_not_measured() -> None:
    matrices = [tensor(r=r) for r in (0.5, None, -0.25)]
    assert weights.span(matrices) == "r from -0.2500 to 0.5000 over 2 matrices"
    assert weights.span([tensor(r=None)]) == ""


def test_a_file_is_told_with_the_closest_reference() -> None:
    clear: Kin = kin("hf:b/other", "same-architecture-only")
    found = weighed("hf:a/one", kin(), clear, **recipe({"hf:acme/root": 1.0}))
    assert weights.compared_record(found) == {
        "model": "hf:a/one",
        "file": "model.safetensors",
        "family": "sd1",
        "component": "unet",
        "references": 5,
        "nearest": {
            "reference": "Root 1.0 (list/root)",
            "parent": ModelRef("hf:acme/root"),
            "grade": "derived",
            "score": 0.999,
            "median": 0.9994,
            "coverage": 1.0,
            "bit_equal": 0.0625,
            "tensors": 16,
            "floor": 0.1,
        },
        "wording": "these are derived",
        "merge": {
            "parents": [
                {
                    "parent": "hf:acme/root",
                    "reference": "file of hf:acme/root",
                    "weight": 1.0,
                    "error": 0.002,
                }
            ],
            "complete": True,
            "residual_ratio": 1.01,
            "wording": "a merge of these",
        },
        "bytes_read": 34_816,
        "observed": "2026-09-21T14:13:20Z",
    }


def test_shares_are_not_told_where_a_parent_is_missing() -> None:
    found = weighed("hf:a/one", kin(), **recipe({"hf:b/c": 0.7}, complete=False))
    told = weights.compared_record(found)["merge"]
    assert told["complete"] is False
    assert [(one["parent"], one["weight"], one["error"]) for one in told["parents"]] == [
        ("hf:b/c", None, None)
    ]
    assert weights.compared_record(weighed("hf:a/one"))["merge"] is None


def test_a_sample_tells_everything_of_its_comparison_but_other_parts() -> None:
    told = weights.sample_record(SAMPLE)
    assert (told["grade"], told["compared"], told["bytes_read"]) == ("derived", 3, 34_816)
    assert [matrix["r"] for matrix in told["tensors"]] == [0.9999, -0.9944, None]
    assert told["anchor"]["channels"] == 320
    assert json.dumps(told, allow_nan=False)
    assert comparison().reference not in told["remarks"]


@pytest.mark.parametrize(
    ("rates", "sentence"),
    [
        (None, "How often comparisons of weights err was not measured in this build."),
        (RATES, "Of 38 pairs of 18 models trained independently, most of them small, none was "
                "taken for kin, which bounds that rate at 7.9% (rule of three, 95% confidence). "
                "Measured 2026-11-20."),
        ({**RATES, "false_alarms": 1}, "Of 38 pairs of 18 models trained independently, most of "
                                       "them small, 1 was taken for kin. Measured 2026-11-20."),
    ],
)  # fmt: skip
def test_error_rates_are_told_or_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, rates: dict[str, Any] | None, sentence: str
) -> None:
    monkeypatch.setattr(weights, "error_rates", lambda: rates)
    assert weights.error_sentence() == sentence
