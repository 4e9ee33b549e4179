"""What sampled weights claim, and what they only suggest."""

from __future__ import annotations

from typing import Any

import pytest

from modelaudit.domain.claim import Claim
from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Descent, Weighed
from modelaudit.domain.weighed import plain
from modelaudit.domain.words import Component, GapReason, Grade, Kinship
from modelaudit.resolve.extractor import extract
from tests.comparisons import PERMUTED, UNPERMUTED, kin, recipe, score, tensor, weighed
from tests.resolve.evidence import CHILD, document, read

ROOT = "hf:acme/root"


def claims(found: Weighed) -> list[Claim]:
    made, gaps = read("weights", plain(found))
    assert gaps == []
    return made


def told(found: Weighed) -> list[tuple[str, str, str, str]]:
    """(extractor, parent, relation, grade)"""
    return [(c.extractor, c.parent, c.relation.word, c.grade.word) for c in claims(found)]


WHOLE = {
    # id: (the closest kinship, extractor, relation, grade)
    "identical": ("weights", "copy", "exact"),
    "derived": ("weights", "finetune", "measured"),
    "common-ancestry": ("weights-in-part", "finetune", "measured"),
    "partial": ("weights-in-part", "merge", "measured"),
    "diluted": ("weights-in-part", "merge", "measured"),
    "inconclusive": None,
    "same-architecture-only": None,
    "unrelated": None,
}


@pytest.mark.parametrize("kinship", WHOLE)
def test_each_kinship_claims_what_it_is_worth(kinship: str) -> None:
    expected = WHOLE[kinship]
    found = told(weighed(CHILD, kin(ROOT, kinship)))
    assert found == ([] if expected is None else [(expected[0], ROOT, *expected[1:])])


def test_every_kinship_has_its_case() -> None:
    assert set(WHOLE) == {kinship.word for kinship in Kinship}


def test_the_same_values_in_a_lower_precision_are_a_conversion() -> None:
    recast = score("identical", recast=True)
    found = weighed(CHILD, kin(ROOT, overall=recast))
    assert told(found) == [("weights", ROOT, "conversion", "exact")]


@pytest.mark.parametrize("dtype", ["Q4_K", "I8", "F8_E4M3"])
def test_fewer_bits_make_a_quantised_model_of_a_tuned_one(dtype: str) -> None:
    for kinship in ("derived", "common-ancestry"):
        (claim,) = claims(weighed(CHILD, kin(ROOT, kinship), dtypes=("F16", dtype)))
        assert claim.relation.word == "quantized"
    (claim,) = claims(weighed(CHILD, kin(ROOT, "derived"), dtypes=("F16", "BF16", "F32")))
    assert claim.relation.word == "finetune"


def test_a_permuted_copy_is_suspected_and_never_proved() -> None:
    for kinship in ("same-architecture-only", "inconclusive", "derived"):
        found = weighed(CHILD, kin(ROOT, kinship, permuted=True, anchor=PERMUTED))
        assert told(found) == [("weights-in-part", ROOT, "finetune", "measured")]


def test_the_numbers_and_the_place_go_with_the_claim() -> None:
    matrices = (tensor(), tensor("b.weight", "vae"))
    found = weighed(
        CHILD, kin(ROOT, tensors=matrices, anchor=UNPERMUTED, remarks=("older",)), path="a/b.ckpt"
    )
    body = plain(found)
    (claim,) = read("weights", body)[0]
    assert claim.locator == "unet: 16 of 16 tensors"
    assert claim.excerpt == (
        "derived: R 0.9990, median 0.9994, coverage 1.00, equal 0.06, floor 0.10; 16 tensors"
    )
    assert (claim.component, claim.source) == (Component.UNET, "https://x.test/f")
    assert claim.sample is not None
    assert (claim.sample.bytes_read, claim.sample.references) == (34_816, 5)
    one = claim.sample.comparison
    assert one.tensors == matrices[:1]  # those of the VAE are another claim's
    assert (one.overall, one.components) == (found.kin[0].comparison.overall, {})
    assert (one.anchor, one.remarks) == (UNPERMUTED, ("older",))


@pytest.mark.parametrize(("kinship", "of"), [("partial", 8), ("diluted", 0), ("identical", 16)])
def test_the_place_counts_the_tensors_that_are_kin(kinship: str, of: int) -> None:
    (claim,) = claims(weighed(CHILD, kin(ROOT, kinship)))
    assert claim.locator == f"unet: {of} of 16 tensors"


# parts


def test_another_part_is_claimed_as_what_it_is_by_its_own_score() -> None:
    others = {"vae": "identical", "text_encoder": "derived", "image_encoder": "partial"}
    found = claims(weighed(CHILD, kin(ROOT, "same-architecture-only", others=others)))
    assert [(c.extractor, c.relation.word, c.component, c.grade) for c in found] == [
        ("weights", "component", Component.TEXT_ENCODER, Grade.MEASURED),
        ("weights", "component", Component.VAE, Grade.EXACT),
        ("weights-in-part", "component", Component.IMAGE_ENCODER, Grade.MEASURED),
    ]
    assert len({claim.locator for claim in found}) == 3


def test_a_lone_vae_stands_for_no_model() -> None:
    found = weighed(CHILD, kin(ROOT, "identical", part="vae"))
    assert told(found) == [("weights", ROOT, "component", "exact")]


def test_without_a_part_that_decides_nothing_is_claimed_of_the_whole() -> None:
    assert told(weighed(CHILD, kin(ROOT, "identical", part=None))) == []


# parents


def test_no_model_is_its_own_child() -> None:
    for own in (CHILD, CHILD.upper().replace("HF:", "hf:")):
        assert told(weighed(CHILD, kin(own, "identical"))) == []
    version = ModelRef("civitai:4@9")
    body = plain(weighed(version, kin("civitai:4", "identical"), kin("civitai:5")))
    (claim,) = read("weights", body, model=version)[0]
    assert claim.parent == "civitai:5"


def test_the_closest_reference_of_a_node_speaks_for_it() -> None:
    found = weighed(CHILD, kin(ROOT, "derived"), kin(ROOT, "partial"), kin("hf:b/c", "partial"))
    assert told(found) == [
        ("weights", ROOT, "finetune", "measured"),
        ("weights-in-part", "hf:b/c", "merge", "measured"),
    ]


def test_a_whole_recipe_names_its_parents_with_their_shares() -> None:
    shares = {"hf:b/one": 0.6, "hf:b/two": 0.4004, CHILD: 0.1}
    found = weighed(CHILD, kin(ROOT, "derived"), kin("hf:b/one", "derived"), **recipe(shares))
    made = claims(found)
    assert [(c.parent, c.relation.word, c.weight) for c in made] == [
        ("hf:b/one", "merge", 0.6),
        ("hf:b/two", "merge", 0.4004),
        (ROOT, "merge", None),  # what they have in common
        ("hf:b/one", "merge", None),  # what a share does not take away
    ]
    assert {c.grade for c in made} == {Grade.MEASURED}
    assert made[0].excerpt == (
        "share 0.6000 ± 0.0020; what is left is 1.01 times what rounding leaves"
    )
    for claim in made[:2]:
        assert claim.sample is not None
        told = claim.sample.comparison
        assert "a merge of these" in (told.overall.wording, *told.remarks)


@pytest.mark.parametrize(("share", "weight"), [(-0.2, None), (0.0, None), (0.3, 0.3), (1.7, 1.0)])
def test_a_share_is_above_none_and_at_most_all(share: float, weight: float | None) -> None:
    (claim,) = claims(weighed(CHILD, component=Component.UNET, **recipe({"hf:b/one": share})))
    assert claim.weight == weight


@pytest.mark.parametrize(
    ("kinship", "descent", "plain"),
    [
        ("identical", "", ("weights", "copy", Grade.EXACT)),
        ("derived", "", ("weights", "merge", Grade.MEASURED)),
        ("derived", "direct", ("weights", "merge", Grade.MEASURED)),
        ("derived", "in-part", ("weights-in-part", "finetune", Grade.MEASURED)),
    ],
)
def test_no_recipe_stands_in_for_what_the_samples_prove(
    kinship: str, descent: str, plain: tuple[str, str, Grade]
) -> None:
    """Anybody may have written it, and a small share may be let pass."""
    one = kin(ROOT, kinship, descent=Descent(descent))
    made = claims(weighed(CHILD, one, **recipe({ROOT: 0.01})))
    assert [(c.extractor, c.relation.word, c.grade) for c in made if c.weight is None] == [plain]
    assert [c.weight for c in made if c.weight is not None] == [0.01]
    assert len({(c.extractor, c.locator) for c in made}) == 2


def test_what_a_recipe_proves_is_not_suspected_as_well() -> None:
    found = weighed(CHILD, kin("hf:b/one", "diluted"), **recipe({"hf:b/one": 0.3}))
    assert told(found) == [("weights", "hf:b/one", "merge", "measured")]


@pytest.mark.parametrize(
    "given",
    [recipe({"hf:b/one": 0.5}, complete=False),
     {**recipe({"hf:b/one": 0.5}), "component": Component.VAE}],
)  # fmt: skip
def test_a_recipe_with_something_missing_or_of_a_lone_part_names_nobody(given: Any) -> None:
    assert told(weighed(CHILD, kin(ROOT, "derived"), **given)) == [
        ("weights", ROOT, "finetune", "measured")
    ]


# documents


@pytest.mark.parametrize("body", ["x", {}, {"model": "hf:a/b", "kin": 5}])
def test_what_no_comparison_wrote_is_one_gap(body: dict[str, Any] | str) -> None:
    made, gaps = read("weights", body)
    assert made == []
    assert [(type(gap), gap.reason) for gap in gaps] == [(Gap, GapReason.MALFORMED)]


def test_a_better_answer_replaces_both_kinds_of_claim() -> None:
    covered = extract(document("weights", plain(weighed(CHILD)))).covered
    assert covered == ["weights", "weights-in-part"]
