"""Which path a finding takes, where it ends, and what it says hop by hop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelaudit.domain.claim import Claim
from modelaudit.domain.entry import EntryException, Match
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Grade, Relation, Status, Verdict
from tests.steps.catalogue import (
    EARLY,
    NOW,
    REHOST,
    ROOT,
    SCOPE,
    Catalogue,
    allowing,
    entry,
    file,
    listed_file,
    model,
    says,
    sha,
)

LISTED = entry("list/root", ROOT, rehosts=[REHOST], labels=["Root 1"], files=[listed_file("root")])


def hops(claims: tuple[Claim, ...]) -> list[tuple[str, str]]:
    return [(claim.child, claim.parent) for claim in claims]


def test_a_chain_is_followed_with_a_claim_for_every_hop(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/one", says(ROOT)),
        model("hf:b/two", says("hf:a/one", "quantized", "recorded", by="gguf")),
        model("hf:c/three", says("hf:b/two", "merge", weight=0.5)),
    )
    found = catalogue.check(LISTED).of("hf:c/three")
    assert found.path == ("hf:c/three", "hf:b/two", "hf:a/one", ROOT)
    assert hops(found.claims) == list(zip(found.path, found.path[1:], strict=False))
    assert (found.hops, found.relation, found.grade) == (3, Relation.MERGE, Grade.DECLARED)
    assert found.verdict is Verdict.TAKE_DOWN
    assert found.claims[0].source == "https://huggingface.co/api/models/c/three"


def test_a_label_ends_at_the_first_model_of_its_entry(catalogue: Catalogue) -> None:
    claim = says("civitai-base:Root 1", by="civitai-label", at="/version/baseModel")
    catalogue.add(model("civitai:4@9", claim))
    found = catalogue.check(LISTED).of("civitai:4@9")
    assert found.path == ("civitai:4@9", ROOT)
    assert [(c.parent, c.excerpt, c.locator) for c in found.claims] == [
        (ROOT, "Root 1", "/version/baseModel")
    ]


def test_a_label_stays_a_label_where_an_entry_names_no_model(catalogue: Catalogue) -> None:
    catalogue.add(model("civitai:4@9", says("civitai-base:Root 1")))
    found = catalogue.check(entry("list/root", labels=["Root 1"])).of("civitai:4@9")
    assert found.path[-1] == "civitai-base:Root 1"


def test_a_listed_model_and_its_rehost_are_no_hops_away(catalogue: Catalogue) -> None:
    catalogue.add(model(ROOT), model(REHOST, says(ROOT), files=[file("root")]))
    checked = catalogue.check(LISTED)
    root, rehost = checked.of(ROOT), checked.of(REHOST)
    assert [(f.hops, f.relation, f.path) for f in (root, rehost)] == [
        (0, Relation.LISTED, (ROOT,)),
        (0, Relation.LISTED, (REHOST,)),
    ]
    assert (root.grade, rehost.grade) == (Grade.DECLARED, Grade.EXACT)
    assert rehost.files == (("model.safetensors", sha("root")),)
    assert all(f.claims[0].relation is Relation.LISTED for f in (root, rehost))


def test_a_listed_model_without_its_bytes_is_review_where_words_are_no_proof(
    catalogue: Catalogue,
) -> None:
    catalogue.add(model(ROOT), model(REHOST, files=[file("root")]))
    checked = catalogue.check(LISTED, standard=Grade.RECORDED)
    assert checked.verdicts() == {ROOT: "review", REHOST: "take-down"}


def test_a_path_ends_at_the_first_listed_node(catalogue: Catalogue) -> None:
    catalogue.add(model(REHOST, says(ROOT)), model("hf:a/one", says(REHOST)))
    assert catalogue.check(LISTED).of("hf:a/one").path == ("hf:a/one", REHOST)


def test_a_ghost_that_is_listed_is_a_hit_and_one_that_is_not_is_nothing(
    catalogue: Catalogue,
) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:b/two", says("hf:lost/parent")))
    checked = catalogue.check(LISTED)
    assert list(checked.findings) == ["list/root/hf:a/one"]
    assert checked.coverage.lineage_known == 1


def test_a_listed_node_is_spelled_as_its_list_spells_it(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says("hf:ACME/Root")))
    assert catalogue.check(LISTED).of("hf:a/one").path == ("hf:a/one", ROOT)


@pytest.mark.parametrize("status", [Status.GONE, Status.PRIVATE, Status.DISABLED, Status.BLOCKED])
def test_what_is_no_longer_hosted_has_no_finding_but_its_children_have(
    catalogue: Catalogue, status: Status
) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:b/two", says("hf:a/one")), model(ROOT))
    catalogue.mark("hf:a/one", status)
    catalogue.mark(ROOT, status)
    checked = catalogue.check(LISTED)
    assert checked.verdicts() == {"hf:b/two": "take-down"}
    assert checked.of("hf:b/two").path == ("hf:b/two", "hf:a/one", ROOT)


@pytest.mark.parametrize("status", [Status.GATED, Status.ARCHIVED])
def test_what_is_still_hosted_behind_a_gate_has_a_finding(
    catalogue: Catalogue, status: Status
) -> None:
    catalogue.add(model("hf:a/one", says(ROOT), status=status))
    assert catalogue.check(LISTED).verdicts() == {"hf:a/one": "take-down"}


def test_one_entry_and_model_make_one_finding_two_entries_two(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/one", says(ROOT), says(REHOST), says(ROOT, "copy", "recorded", by="other")),
        model("hf:b/mix", says(ROOT, "merge"), says("hf:x/other", "merge")),
    )
    checked = catalogue.check(LISTED, entry("list/other", "hf:x/other"))
    assert list(checked.findings) == [
        "list/other/hf:b/mix", "list/root/hf:a/one", "list/root/hf:b/mix",
    ]  # fmt: skip
    assert checked.of("hf:a/one").grade is Grade.RECORDED


@pytest.mark.parametrize(
    ("weight", "verdict", "words"),
    [(0.01, "note", "merge weight 0.01 is below 0.05"), (0.05, "take-down", ""),
     (0.6, "take-down", ""), (None, "take-down", "")],
)  # fmt: skip
def test_a_merge_counts_from_its_least_weight_on(
    catalogue: Catalogue, weight: float | None, verdict: str, words: str
) -> None:
    catalogue.add(model("hf:a/mix", says(ROOT, "merge", "recorded", weight=weight)))
    found = catalogue.check(LISTED).of("hf:a/mix")
    assert found.verdict.word == verdict
    assert words in found.decided_by


def test_hops_beyond_the_most_are_no_finding(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:b/two", says("hf:a/one")))
    near = entry("list/root", ROOT, scope=replace(SCOPE, max_hops=1))
    assert catalogue.check(near).verdicts() == {"hf:a/one": "take-down"}


def test_a_name_that_looks_listed_is_a_note(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/ROOT-anime"))
    hinting = entry("list/root", ROOT, patterns=["(?i)root-"])
    found = catalogue.check(hinting).of("hf:a/ROOT-anime")
    assert (found.verdict, found.grade) == (Verdict.NOTE, Grade.HINTED)
    assert found.claims[0].excerpt == "ROOT-"  # a title may be somebody's name


def test_a_link_without_a_version_means_the_newest_older_one(catalogue: Catalogue) -> None:
    catalogue.add(
        model("civitai:7@1", says(ROOT), created=EARLY),
        model("civitai:7@2", created=EARLY + 100),
        model("civitai:7@3", says(ROOT), created=EARLY + 900),
        model("civitai:8@1", says("civitai:7"), created=EARLY + 50),
        model("civitai:8@2", says("civitai:7"), created=EARLY + 500),
    )
    checked = catalogue.check(LISTED)
    assert checked.of("civitai:8@1").path == ("civitai:8@1", "civitai:7@1", ROOT)
    assert checked.of("civitai:8@1").verdict is Verdict.NOTE
    assert "list/root/civitai:8@2" not in checked.findings


def test_a_listed_civitai_model_means_all_its_versions(catalogue: Catalogue) -> None:
    catalogue.add(
        model("civitai:7@1"), model("civitai:70@1"), model("civitai:8@1", says("civitai:7@1"))
    )
    checked = catalogue.check(entry("list/root", "civitai:7"))
    assert checked.verdicts() == {"civitai:7@1": "take-down", "civitai:8@1": "take-down"}


def test_an_exception_holds_until_its_day(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:b/two", says(ROOT)))
    spared = Match(models=(ModelRef("hf:A/one"),))
    rule = EntryException(match=spared, effect=Verdict.NOTE, reason="agreed", expires="2026-09-22")
    kind = entry("list/root", ROOT, exceptions=(rule,))
    before = catalogue.check(kind, now=NOW)  # 2026-09-21
    assert before.verdicts() == {"hf:a/one": "note", "hf:b/two": "take-down"}
    assert "agreed" in before.of("hf:a/one").decided_by
    after = catalogue.check(kind, now=NOW + 86_400)
    assert after.verdicts() == {"hf:a/one": "take-down", "hf:b/two": "take-down"}


def test_a_model_on_no_path_is_never_found(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says("hf:good/base")), model("hf:good/base"))
    assert catalogue.check(LISTED, allowing("hf:good/base")).findings == {}
