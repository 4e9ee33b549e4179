"""What was examined and what was not: every model is counted once, and every gap is named."""

from __future__ import annotations

from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Status
from modelaudit.store import sources
from modelaudit.store.db import transaction
from modelaudit.store.identity import name
from modelaudit.store.ingest import Ingest
from tests.steps.catalogue import NOW, ROOT, Catalogue, allowing, entry, file, listing, model, says

LISTED = listing(entry("list/root", ROOT))


def gaps(catalogue: Catalogue, origin: str, *found: Gap) -> None:
    with transaction(catalogue.connection):
        Ingest(catalogue.connection).gaps(found, origin)


def member(catalogue: Catalogue, source: str, *names: str) -> None:
    with transaction(catalogue.connection):
        ids = name(catalogue.connection, [*map(ModelRef, names)])
        opened = sources.open_source(catalogue.connection, source, now=NOW)
        sources.advance(catalogue.connection, opened.id, cursor=None, nodes=ids.values())


def test_known_and_unknown_make_up_all_models(catalogue: Catalogue) -> None:
    catalogue.add(
        model(ROOT),  # listed
        model("hf:good/base"),  # allowed
        model("hf:k/listed-parent", says(ROOT)),
        model("hf:k/allowed-parent", says("hf:good/base")),
        model("hf:k/live-parent", says("hf:u/silent")),
        model("civitai:4@9", says("civitai-base:Root 1")),
        model("hf:u/ghost-parent", says("hf:lost/parent")),
        model("hf:u/hint", says(ROOT, grade="hinted")),
        model("hf:u/silent"),
        model("hf:n/files", files=[file("x"), file("y", "vae", "vae.safetensors")]),
        model("hf:n/page", detailed=True),
    )
    covered = catalogue.check(LISTED, allowing("hf:good/base")).coverage
    assert (covered.models, covered.files) == (11, 2)
    assert covered.lineage_known == 6
    assert covered.no_evidence == 2
    assert covered.never_examined == 3
    assert covered.models == covered.lineage_known + covered.no_evidence + covered.never_examined


def test_an_unmapped_label_is_no_known_parent(catalogue: Catalogue) -> None:
    catalogue.add(model("civitai:4@9", says("civitai-base:Novel 9")))
    unmapped = Gap(reason=GapReason.UNMAPPED, detail="novel", model=ModelRef("civitai:4@9"))
    gaps(catalogue, "civitai:", unmapped)
    covered = catalogue.check(LISTED).coverage
    assert (covered.models, covered.lineage_known) == (1, 0)


def test_what_is_not_hosted_is_no_model_and_its_gap_is_named(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:b/two", says(ROOT)))
    catalogue.mark("hf:b/two", Status.DISABLED)
    gap = Gap(reason=GapReason.DISABLED, detail="403", model=ModelRef("hf:b/two"))
    gaps(catalogue, "details", gap)
    covered = catalogue.check(LISTED).coverage
    assert covered.models == 1
    assert covered.gaps == (gap,)


def test_what_stops_several_steps_at_one_model_is_one_gap(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one"))
    gap = Gap(reason=GapReason.GATED, detail="403", model=ModelRef("hf:a/one"))
    page = Gap(reason=GapReason.GATED, detail="403")
    for origin in ("details", "details of heads"):
        gaps(catalogue, origin, gap, page)
    assert catalogue.check(LISTED).coverage.gaps == (page, page, gap)


def test_only_the_models_of_a_run_s_sources_count(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:a/one", says("hf:b/context")),
        model("hf:b/context", says(ROOT)),
        model("hf:c/other", says(ROOT)),
    )
    member(catalogue, "hf:a", "hf:a/one")
    member(catalogue, "hf:c", "hf:c/other")
    gaps(catalogue, "hf:a", Gap(reason=GapReason.OUT_OF_BUDGET, detail="mine", count=3))
    gaps(catalogue, "hf:c", Gap(reason=GapReason.OUT_OF_BUDGET, detail="theirs", count=4))
    gaps(
        catalogue, "details",
        Gap(reason=GapReason.GATED, detail="mine", model=ModelRef("hf:a/one")),
        Gap(reason=GapReason.GATED, detail="theirs", model=ModelRef("hf:c/other")),
    )  # fmt: skip
    checked = catalogue.check(LISTED, sources=["hf:a"])
    assert checked.verdicts() == {"hf:a/one": "take-down"}
    assert checked.of("hf:a/one").path == ("hf:a/one", "hf:b/context", ROOT)
    assert checked.coverage.models == 1
    assert [gap.detail for gap in checked.coverage.gaps] == ["mine", "mine"]
    both = catalogue.check(LISTED, sources=["hf:a", "hf:c"])
    assert both.coverage.models == 2


def test_a_check_of_everything_names_every_gap(catalogue: Catalogue) -> None:
    gaps(catalogue, "hf:a", Gap(reason=GapReason.OUT_OF_BUDGET, detail="left", count=3))
    assert [gap.count for gap in catalogue.check(LISTED).coverage.gaps] == [3]


def test_many_gaps_of_one_reason_end_in_a_row_with_a_count(catalogue: Catalogue) -> None:
    gaps(
        catalogue, "hf:",
        *(Gap(reason=GapReason.GATED, detail="closed", model=ModelRef(f"hf:a/{n:04}"))
          for n in range(1_005)),
    )  # fmt: skip
    rows = catalogue.check(LISTED).coverage.gaps
    assert len(rows) == 1_001
    assert (rows[-1].model, rows[-1].count) == (None, 5)
    assert sum(row.count for row in rows) == 1_005


def test_entries_that_no_bytes_or_sketches_stand_for_are_named(catalogue: Catalogue) -> None:
    lists = listing(entry("list/a", ROOT), entry("list/b", "dataset:lab/x", kind="dataset"))
    assert catalogue.check(lists).coverage.entries_without_reference == ("list/a",)
