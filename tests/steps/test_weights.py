"""What sampled weights decide: a proof, a suspicion that needs a second word, or nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from modelaudit.crawl import weighed as lines
from modelaudit.crawl.heads import body
from modelaudit.domain.claim import Claim
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Kin, Weighed
from modelaudit.domain.weights import Architecture, Digests, Head
from modelaudit.domain.words import Component, Grade, Relation, Verdict
from modelaudit.steps.intake import Intake
from modelaudit.store import heads
from modelaudit.store.db import transaction
from tests.comparisons import PERMUTED, UNPERMUTED, kin, recipe, score, tensor, weighed
from tests.steps.catalogue import (
    DAY,
    EARLY,
    NOW,
    REHOST,
    ROOT,
    Catalogue,
    allowing,
    entry,
    file,
    listed_file,
    listing,
    model,
    says,
    sha,
)

LISTED = entry("list/root", ROOT, rehosts=[REHOST], labels=["Root 1"], files=[listed_file("root")])
FILE = f"sha256:{sha('root')}"
LATER = "model-00002-of-00002.safetensors"
WEAK = "the weights agree only in part, and nothing else says so"


def weigh(catalogue: Catalogue, *found: Weighed) -> None:
    intake = Intake(catalogue.connection, None, Progress(), clock=lambda: NOW)
    for one in found:
        intake.take(lines.page(one), "details")


def test_a_modified_copy_that_says_nothing_is_found_by_its_weights(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/silent", files=[file("own")]))
    weigh(catalogue, weighed("hf:a/silent", kin(ROOT, tensors=(tensor(),))))
    checked = catalogue.check(LISTED, standard=Grade.MEASURED)
    found = checked.of("hf:a/silent")
    assert (found.verdict, found.grade) == (Verdict.TAKE_DOWN, Grade.MEASURED)
    assert (found.relation, found.path) == (Relation.FINETUNE, ("hf:a/silent", ROOT))
    assert found.decided_by.endswith("; by the weights of 1 of 1 files")
    (claim,) = found.claims
    assert claim.sample is not None
    assert claim.sample.comparison.tensors == (tensor(),)
    assert checked.coverage.lineage_known == 1


def test_the_same_values_are_a_copy_of_the_listed_file(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/resaved", files=[file("resaved")]))
    weigh(catalogue, weighed("hf:a/resaved", kin(FILE, "identical")))
    found = catalogue.check(LISTED).of("hf:a/resaved")
    assert (found.grade, found.relation) == (Grade.EXACT, Relation.COPY)
    assert found.verdict is Verdict.TAKE_DOWN
    assert found.path == ("hf:a/resaved", FILE)
    assert found.files == ()


def test_so_are_they_in_a_lower_precision_as_a_conversion(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/half"))
    weigh(catalogue, weighed("hf:a/half", kin(ROOT, overall=score("identical", recast=True))))
    assert catalogue.check(LISTED).of("hf:a/half").relation is Relation.CONVERSION


@pytest.mark.parametrize("kinship", ["same-architecture-only", "inconclusive", "unrelated"])
def test_what_is_no_kin_is_no_finding(catalogue: Catalogue, kinship: str) -> None:
    catalogue.add(model("hf:a/own"))
    weigh(catalogue, weighed("hf:a/own", kin(ROOT, kinship)))
    checked = catalogue.check(LISTED)
    assert checked.findings == {}
    open_questions = [gap for gap in checked.coverage.gaps if gap.reason.word == "inconclusive"]
    assert len(open_questions) == (kinship != "same-architecture-only")


PARTLY = {
    "common-ancestry": kin(ROOT, "common-ancestry"),
    "partial": kin(ROOT, "partial"),
    "diluted": kin(ROOT, "diluted"),
    "permuted": kin(ROOT, "same-architecture-only", permuted=True, anchor=PERMUTED),
}


@pytest.mark.parametrize("case", PARTLY)
def test_weights_that_agree_in_part_are_for_review_by_themselves(
    catalogue: Catalogue, case: str
) -> None:
    catalogue.add(model("hf:a/maybe"))
    weigh(catalogue, weighed("hf:a/maybe", PARTLY[case]))
    found = catalogue.check(LISTED, standard=Grade.MEASURED).of("hf:a/maybe")
    assert (found.verdict, found.grade) == (Verdict.REVIEW, Grade.MEASURED)
    assert found.decided_by.startswith(WEAK)


AGREES = {
    # id: (a claim beside it, whether it confirms)
    "the same parent": (says(ROOT, grade="declared"), True),
    "a record of it": (says(ROOT, grade="recorded", by="kohya"), True),
    "a re-host of it": (says(REHOST), True),
    "a label that the entry means by it": (says("civitai-base:Root 1", by="civitai-label"), True),
    "the listed file": (says(FILE, grade="recorded", by="kohya"), True),
    "a hint": (says(ROOT, grade="hinted"), False),
    "another parent": (says("hf:x/else"), False),
    "a part of it": (says(ROOT, "component", "recorded", by="kohya"), False),
    "other weights": (says(ROOT, grade="measured", by="weights-in-part", at="b.bin"), False),
}


@pytest.mark.parametrize("case", AGREES)
def test_a_second_independent_word_confirms_them(catalogue: Catalogue, case: str) -> None:
    claim, confirms = AGREES[case]
    catalogue.add(model("hf:a/maybe", claim))
    weigh(catalogue, weighed("hf:a/maybe", kin(ROOT, "common-ancestry")))
    found = catalogue.check(LISTED, standard=Grade.MEASURED).of("hf:a/maybe")
    assert found.verdict is (Verdict.TAKE_DOWN if confirms else Verdict.REVIEW)
    assert (WEAK in found.decided_by) is not confirms


def test_a_word_confirms_what_leads_to_the_same_entry_and_no_other(catalogue: Catalogue) -> None:
    other = entry("list/other", "hf:x/other")
    catalogue.add(model("hf:a/maybe", says(REHOST)))
    weigh(catalogue, weighed("hf:a/maybe", kin(ROOT, "partial"), kin("hf:x/other", "partial")))
    checked = catalogue.check(LISTED, other, standard=Grade.MEASURED)
    assert checked.of("hf:a/maybe").verdict is Verdict.TAKE_DOWN
    assert checked.of("hf:a/maybe", "list/other").verdict is Verdict.REVIEW


def test_a_suspicion_on_the_way_weakens_what_descends_from_it(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/maybe"), model("hf:b/child", says("hf:a/maybe")))
    weigh(catalogue, weighed("hf:a/maybe", kin(ROOT, "common-ancestry")))
    assert catalogue.check(LISTED).verdicts() == {"hf:a/maybe": "review", "hf:b/child": "review"}


def test_a_lone_vae_of_a_listed_model_is_a_note(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/own"))
    found = weighed("hf:a/own", kin(ROOT, "same-architecture-only", others={"vae": "identical"}))
    weigh(catalogue, found)
    finding = catalogue.check(LISTED).of("hf:a/own")
    assert (finding.verdict, finding.relation) == (Verdict.NOTE, Relation.COMPONENT)


def test_shares_of_a_recipe_meet_the_least_that_an_entry_asks_for(catalogue: Catalogue) -> None:
    for ref, share in (("hf:a/trace", 0.03), ("hf:a/half", 0.5)):
        catalogue.add(model(ref))
        weigh(
            catalogue,
            weighed(
                ref,
                kin("hf:b/own", "derived"),
                **recipe({"hf:b/own": 1 - share, ROOT: share}),
            ),
        )
    checked = catalogue.check(LISTED)
    assert checked.verdicts() == {"hf:a/half": "take-down", "hf:a/trace": "note"}
    assert "merge weight 0.03 is below 0.05" in checked.of("hf:a/trace").decided_by
    (claim,) = checked.of("hf:a/half").claims
    assert claim.weight == 0.5


# beside what others say


def test_weights_outrank_a_card_that_names_an_allowed_model(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:good/base"), model("hf:a/forged", says("hf:good/base")))
    weigh(catalogue, weighed("hf:a/forged", kin(ROOT)))
    checked = catalogue.check(listing(LISTED), allowing("hf:good/base"))
    assert checked.of("hf:a/forged").verdict is Verdict.TAKE_DOWN


def test_what_is_allowed_and_kin_to_what_is_listed_is_for_review(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:good/base"))
    weigh(catalogue, weighed("hf:good/base", kin(ROOT)))
    checked = catalogue.check(listing(LISTED), allowing("hf:good/base"))
    assert checked.verdicts() == {"hf:good/base": "review"}
    assert [c.kind.word for c in checked.conflicts] == ["parent"]


def test_weights_are_copied_with_the_bytes_and_contradict_no_copy(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/tuned", files=[file("tuned")], created=EARLY),
        model("hf:b/copy", files=[file("tuned")], created=EARLY + 900 * DAY),
    )
    for ref in ("hf:a/tuned", "hf:b/copy"):
        weigh(catalogue, weighed(ref, kin(ROOT)))
    checked = catalogue.check(LISTED)
    assert checked.conflicts == []
    assert set(checked.verdicts().values()) == {"take-down"}


def test_a_contradicted_card_does_not_weaken_weights_that_say_the_same(
    catalogue: Catalogue,
) -> None:
    catalogue.add(
        model("hf:a/source", files=[file("own")], created=EARLY),
        model("hf:b/copy", says(ROOT), files=[file("own")], created=EARLY + 900 * DAY),
    )
    weigh(catalogue, weighed("hf:b/copy", kin(ROOT)))
    checked = catalogue.check(LISTED)
    assert [c.kind.word for c in checked.conflicts] == ["parent"]
    found = checked.of("hf:b/copy")
    assert (found.verdict, found.grade) == (Verdict.TAKE_DOWN, Grade.MEASURED)


def test_a_bundle_says_how_many_of_its_files_are_kin(catalogue: Catalogue) -> None:
    paths = ["a.safetensors", "b.safetensors", "big-00001-of-00002.bin", "big-00002-of-00002.bin"]
    catalogue.add(model("hf:a/bundle", files=[file(path, "full", path) for path in paths]))
    weigh(catalogue, *(weighed("hf:a/bundle", kin(ROOT), path=path) for path in paths[:2]))
    found = catalogue.check(LISTED).of("hf:a/bundle")
    assert found.decided_by.endswith("; by the weights of 2 of 3 files")
    assert len(found.claims) == 2


def test_what_was_measured_is_read_in_an_old_run_as_it_was(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/silent"))
    weigh(catalogue, weighed("hf:a/silent", kin(ROOT, tensors=(tensor(r=0.91),))))
    first = catalogue.check(LISTED)
    weigh(catalogue, weighed("hf:a/silent", kin(ROOT, tensors=(tensor(r=0.92),))))
    second = catalogue.check(LISTED, now=NOW + DAY)
    assert second.of("hf:a/silent").state.word == "changed"
    assert catalogue.report(first.run).findings == first.findings
    assert catalogue.check(LISTED, now=NOW + 2 * DAY).of("hf:a/silent").state.word == "unchanged"


# words that weights deny


def clear(parent: str = ROOT, **more: object) -> Kin:
    return kin(parent, "same-architecture-only", anchor=UNPERMUTED, **more)


def read_file(catalogue: Catalogue, ref: str, path: str = "model.safetensors") -> None:
    head = Head(
        model=ModelRef(ref),
        path=path,
        observed=5,
        format="safetensors",
        architecture=Architecture(family="sd1", components=(Component.UNET,)),
        digests=Digests(sha256=sha(f"{ref} {path}")),
    )
    with transaction(catalogue.connection):
        heads.write(catalogue.connection, head, json.dumps(body(head)))


def holding(catalogue: Catalogue, ref: str, *claims: Claim, paths: Sequence[str] = ()) -> None:
    paths = paths or ("model.safetensors",)
    files = [file(f"{ref} {path}", "full", path) for path in paths]
    catalogue.add(model(ref, *claims, files=files))
    for path in paths:
        read_file(catalogue, ref, path)


@pytest.mark.parametrize("parent", [FILE, ROOT, REHOST])
def test_weights_without_a_trace_of_the_named_parent_are_a_conflict(
    catalogue: Catalogue, parent: str
) -> None:
    holding(catalogue, "hf:a/namedropper", says(ROOT))
    weigh(catalogue, weighed("hf:a/namedropper", clear(parent)))
    checked = catalogue.check(LISTED)
    found = checked.of("hf:a/namedropper")
    assert (found.verdict, found.grade) == (Verdict.REVIEW, Grade.DECLARED)
    assert found.decided_by == "a stronger claim contradicts this one"
    (conflict,) = checked.conflicts
    assert found.conflicts == (conflict,)
    assert (conflict.kind.word, conflict.entry) == ("parent", "list/root")
    assert [claim.parent for claim in conflict.claims] == [ROOT]
    assert conflict.measured is not None
    assert conflict.measured.reason == (
        "no trace of Root 1.0 (list/root): R 0.003 over 16 matrices, independent models stay "
        "below 0.10; permutation excluded"
    )


def test_a_relabelled_tune_is_a_take_down_with_a_conflict(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:good/base"))
    holding(catalogue, "hf:a/forged", says("hf:good/base"))
    weigh(catalogue, weighed("hf:a/forged", kin(ROOT), clear("hf:good/base")))
    checked = catalogue.check(LISTED)
    found = checked.of("hf:a/forged")
    assert (found.verdict, found.grade) == (Verdict.TAKE_DOWN, Grade.MEASURED)
    (conflict,) = found.conflicts
    weak, strong = conflict.claims
    assert (weak.parent, strong.parent, strong.extractor) == ("hf:good/base", ROOT, "weights")
    assert conflict.measured is None
    assert conflict.entry == "list/root"


NO_DENIAL = {
    # id: (what is claimed, what was found)
    "a student": (says(ROOT, "distilled"), [clear()]),
    "a merge": (says(ROOT, "merge"), [clear()]),
    "an adapter": (says(ROOT, "adapter"), [clear()]),
    "a training set": (says(ROOT, "trained-on"), [clear()]),
    "a hint": (says(ROOT, grade="hinted"), [clear()]),
    "another parent": (says("hf:x/else"), [clear()]),
    "nobody tested for a permutation": (says(ROOT), [kin(ROOT, "same-architecture-only")]),
    "channels that agree": (says(ROOT), [kin(ROOT, "same-architecture-only", anchor=PERMUTED)]),
    "a permutation": (says(ROOT), [clear(permuted=True)]),
    "between two answers": (says(ROOT), [kin(ROOT, "inconclusive", anchor=UNPERMUTED)]),
    "kin": (says(ROOT), [kin(ROOT, "diluted", anchor=UNPERMUTED)]),
    "nothing to compare": (says(ROOT), [kin(ROOT, "unrelated", anchor=UNPERMUTED)]),
}


@pytest.mark.parametrize("case", NO_DENIAL)
def test_weights_deny_only_what_they_can_rule_out(catalogue: Catalogue, case: str) -> None:
    claim, found = NO_DENIAL[case]
    holding(catalogue, "hf:a/one", claim)
    weigh(catalogue, weighed("hf:a/one", *found))
    assert catalogue.check(LISTED).conflicts == []


@pytest.mark.parametrize("other", [clear(), kin(ROOT), None])
def test_they_deny_it_when_all_of_a_model_s_main_files_do(
    catalogue: Catalogue, other: Kin | None
) -> None:
    paths = ("a.safetensors", "b.safetensors")
    holding(catalogue, "hf:a/two", says(ROOT), paths=paths)
    for path, found in zip(paths, (clear(), other), strict=True):
        if found is not None:
            weigh(catalogue, weighed("hf:a/two", found, path=path))
    checked = catalogue.check(LISTED)
    assert len(checked.conflicts) == (other == clear())


def test_several_sketches_of_a_parent_deny_it_together(catalogue: Catalogue) -> None:
    holding(catalogue, "hf:a/one", says(ROOT))
    weigh(catalogue, weighed("hf:a/one", clear(), clear(FILE), clear()))
    (conflict,) = catalogue.check(LISTED).conflicts
    assert conflict.measured is not None
    weigh(catalogue, weighed("hf:a/one", clear(), kin(ROOT, "inconclusive", anchor=UNPERMUTED)))
    assert catalogue.check(LISTED, now=NOW + DAY).conflicts == []


def test_two_sketches_against_one_file_say_nothing_of_the_other(catalogue: Catalogue) -> None:
    paths = ("a.safetensors", "b.safetensors")
    holding(catalogue, "hf:a/two", says(ROOT), paths=paths)
    weigh(catalogue, weighed("hf:a/two", clear(), clear(), path="a.safetensors"))
    assert catalogue.check(LISTED).conflicts == []


def test_a_part_that_denies_it_stands_for_no_main_file(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/two", says(ROOT), files=[file("main"), file("vae", "vae", "v.safetensors")])
    )
    head = Head(
        model=ModelRef("hf:a/two"),
        path="v.safetensors",
        observed=5,
        format="safetensors",
        architecture=Architecture(family="sd1", components=(Component.UNET,)),
        digests=Digests(sha256=sha("vae")),
    )
    with transaction(catalogue.connection):
        heads.write(catalogue.connection, head, json.dumps(body(head)))
    weigh(catalogue, weighed("hf:a/two", clear(), path="v.safetensors"))
    assert catalogue.check(LISTED).conflicts == []


@pytest.mark.parametrize("named", [ROOT, "hf:acme/root-2", REHOST])
def test_no_trace_of_one_listed_model_denies_none_that_is_listed_beside_it(
    catalogue: Catalogue, named: str
) -> None:
    both = entry("list/root", ROOT, "hf:acme/root-2", rehosts=[REHOST])
    holding(catalogue, "hf:a/one", says(named))
    weigh(catalogue, weighed("hf:a/one", clear()))
    conflicts = catalogue.check(both).conflicts
    assert [claim.parent for one in conflicts for claim in one.claims] == [ROOT] * (named == ROOT)


def test_a_file_called_a_later_shard_is_counted_where_it_is_none(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/odd", files=[file(p, "full", p) for p in ("a.bin", LATER)]))
    weigh(catalogue, weighed("hf:a/odd", kin(ROOT), path="a.bin"))
    found = catalogue.check(LISTED).of("hf:a/odd")
    assert found.decided_by.endswith("; by the weights of 1 of 2 files")
    holding(catalogue, "hf:b/odd", says(ROOT), paths=["a.safetensors", LATER])
    weigh(catalogue, weighed("hf:b/odd", clear(), path="a.safetensors"))
    assert catalogue.check(LISTED).of("hf:b/odd").conflicts == ()
    weigh(catalogue, weighed("hf:b/odd", clear(), path=LATER))
    assert len(catalogue.check(LISTED).of("hf:b/odd").conflicts) == 1
