"""`explain` on what weights showed, also where that is nothing."""

from __future__ import annotations

from dataclasses import replace

from modelaudit.domain.claim import Conflict, Measured
from modelaudit.domain.lineage import Explanation
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.words import ConflictKind, Grade, Relation, Status, Verdict
from modelaudit.report.comparison import NULL
from modelaudit.report.explain import render
from tests.comparisons import UNPERMUTED, kin, recipe, tensor, weighed
from tests.report.rows import claim, finding
from tests.report.weighing import SAMPLE, SD15

REF = ModelRef("hf:a/one")


def told(*found: Weighed, **more: object) -> str:
    explanation = Explanation(
        model=REF,
        title=None,
        status=Status.LIVE,
        revision=None,
        claims={},
        listed={},
        weighed=found,
    )
    return "".join(render(replace(explanation, **more)))  # type: ignore[arg-type]  # its own fields


def section(text: str) -> list[str]:
    return (
        text.partition("Weights, by a part of their values\n")[2].partition("\n\n")[0].split("\n")
    )


def test_a_model_found_clear_is_told_with_its_numbers() -> None:
    text = told(weighed(REF, kin(kinship="same-architecture-only", anchor=UNPERMUTED)))
    assert section(text) == [
        "  model.safetensors: compared with 5 references of sd1, 34,816 bytes read",
        "    weights: no weight evidence of descent from hf:acme/root: R 0.003 over 16 matrices, "
        "floor 0.10; permutation excluded",
        f"  {NULL}",
    ]
    assert "its weights show no kinship that counts" in text


def test_kin_is_told_matrix_by_matrix_with_the_recipe() -> None:
    matrices = (tensor("in.weight", r=0.9999), tensor("odd\x1b", r=None))
    found = weighed(
        REF, kin(tensors=matrices), **recipe({"hf:b/c": 0.25}), notes=("c.weight is constant",)
    )
    lines = section(told(found))
    assert lines[1].endswith("derived: hf:acme/root: R 0.999 over 16 matrices, these are derived")
    assert lines[3:5] == [
        "       0.9999  equal 0.00  in.weight",
        r"            -  equal 0.00  odd\x1b",
    ]
    assert lines[5:8] == [
        "    merge: a merge of these",
        "      0.2500 ± 0.0020  file of hf:b/c",
        "    not compared: c.weight is constant",
    ]


def test_a_long_answer_is_cut_with_a_count() -> None:
    many = tuple(tensor(f"{n}.weight") for n in range(30))
    files = [weighed(REF, *[kin(tensors=many)] * 9, path=f"{n}.bin") for n in range(7)]
    lines = section(told(*files))
    assert sum("weights: derived" in line for line in lines) == 5 * 5
    assert "      and 6 more, in the JSON report" in lines
    assert "  and 2 more files" in lines


def test_without_a_comparison_there_is_no_word_of_weights() -> None:
    text = told()
    assert "weights" not in text.lower()
    assert "which does not mean that it is clear" in text


def test_a_claim_from_weights_says_against_what() -> None:
    made = claim(REF, SD15, Relation.FINETUNE, Grade.MEASURED, "unet: 3 of 3 tensors", "weights",
                 sample=SAMPLE)  # fmt: skip
    row = finding(Verdict.TAKE_DOWN, [made])
    text = told(claims={REF: (made,)}, findings=(row,))
    assert "weights: the weights are a modified copy of it" in text
    assert "against Stable Diffusion 1.5 (laion-5b/sd-1.5 by 6ce0161689)" in text
    assert "- the files that match are removed or replaced" in text


def test_what_would_confirm_a_suspicion_is_said() -> None:
    made = claim(REF, SD15, Relation.FINETUNE, Grade.MEASURED, "unet: 3 of 3 tensors",
                 "weights-in-part", sample=SAMPLE)  # fmt: skip
    text = told(findings=(finding(Verdict.REVIEW, [made]),))
    assert "would confirm what weights suggest" in text


def test_weights_that_deny_a_parent_are_called_so() -> None:
    measured = Measured(file="a.bin", family="", reason="no trace of X: R 0.003", observed=5)
    said = claim(REF, SD15, Relation.FINETUNE)
    conflict = Conflict(model=REF, kind=ConflictKind.PARENT, claims=(said,), measured=measured)
    assert "    weights: the values of a.bin show no trace of X: R 0.003\n" in told(
        conflicts=(conflict,)
    )
