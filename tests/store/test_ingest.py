"""Writing readings: what did not change costs nothing, what did changes that and no more."""

from __future__ import annotations

from dataclasses import replace

from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason, Status
from modelaudit.store.db import transaction
from modelaudit.store.ingest import Ingest, Reading
from tests.steps.catalogue import NOW, ROOT, Catalogue, file, model, says, sha

CHILD = "hf:a/child"


def page() -> list[Reading]:
    return [
        model(ROOT, files=[file("root")], downloads=10, likes=1, stable_id="1" * 24),
        model(
            CHILD,
            says(ROOT, stable_id="1" * 24),
            says("dataset:lab/set", "trained-on", by="hub-datasets", at="/cardData/datasets/0"),
            says("hf:b/other", "merge", weight=0.25, by="hub-tags", at="/tags/3"),
            author="somebody",
            title="A Child",
        ),
    ]


def observed(catalogue: Catalogue) -> dict[str, int]:
    return dict(
        catalogue.connection.execute(
            "SELECT p.ref, c.observed FROM claim AS c JOIN node AS p ON p.id = c.parent"
        ).fetchall()
    )


def test_the_same_page_twice_changes_no_row(catalogue: Catalogue) -> None:
    first = catalogue.add(*page())
    assert (first.models, first.claims) == (2, 3)
    before = catalogue.connection.total_changes
    second = catalogue.add(*page(), now=NOW + 5)
    assert (second.models, second.claims) == (0, 0)
    assert catalogue.connection.total_changes == before


def test_the_same_page_in_another_database_session_changes_no_row(catalogue: Catalogue) -> None:
    catalogue.add(*page())
    before = catalogue.connection.total_changes
    with transaction(catalogue.connection):
        Ingest(catalogue.connection).write(list(reversed(page())), now=NOW + 5)
    assert catalogue.connection.total_changes == before


def test_only_the_counters_change_when_only_the_counters_do(catalogue: Catalogue) -> None:
    catalogue.add(*page())
    before = catalogue.connection.total_changes
    root, child = page()
    assert root.model is not None
    catalogue.add(replace(root, model=replace(root.model, downloads=11)), child)
    assert catalogue.connection.total_changes == before + 1
    assert catalogue.refs("SELECT downloads FROM models WHERE ref = ?", ROOT) == [11]


def test_a_model_s_own_page_read_again_changes_nothing_but_its_time(catalogue: Catalogue) -> None:
    detailed = [replace(reading, detailed=True) for reading in page()]
    catalogue.add(*detailed)
    before = catalogue.connection.total_changes
    assert catalogue.add(*detailed, now=NOW + 5).claims == 0
    assert catalogue.connection.total_changes <= before + 2
    assert catalogue.refs("SELECT detailed FROM node WHERE ref = ?", CHILD) == [NOW + 5]


def test_changed_claims_come_and_go_and_the_others_keep_their_time(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, says(ROOT), says("hf:b/old", at="/x")))
    written = catalogue.add(
        model(
            CHILD,
            says(ROOT, observed=NOW + 99),
            says("hf:b/new", at="/x", observed=NOW + 99),
        )
    )
    assert written.claims == 2
    assert observed(catalogue) == {ROOT: NOW, "hf:b/new": NOW + 99}


def test_a_claim_in_another_form_is_first_seen_now(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, says(ROOT)))
    catalogue.add(model(CHILD, says(ROOT, "quantized", observed=NOW + 99)))
    assert observed(catalogue) == {ROOT: NOW + 99}
    assert catalogue.refs("SELECT relation FROM claims") == ["quantized"]


def test_an_extractor_that_was_not_asked_withdraws_nothing(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, says(ROOT, by="card"), covered=()))
    catalogue.add(model(CHILD, says("hf:b/other"), title="changed"))
    assert set(observed(catalogue)) == {ROOT, "hf:b/other"}
    catalogue.add(model(CHILD, covered=("card", "hub-card"), title="again"))
    assert observed(catalogue) == {}


def test_a_listing_without_files_wipes_none(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, files=[file("one"), file("two", path="b.safetensors")]))
    catalogue.add(model(CHILD, title="listed again"))
    assert len(catalogue.refs("SELECT path FROM files")) == 2
    catalogue.add(model(CHILD, files=[file("two", "vae", "b.safetensors")], title="read again"))
    rows = catalogue.connection.execute("SELECT path, sha256, component FROM files").fetchall()
    assert [tuple(row) for row in rows] == [("b.safetensors", sha("two"), "vae")]
    catalogue.add(model(CHILD, files=[], title="now empty"))
    assert catalogue.refs("SELECT path FROM files") == []


def test_a_file_without_a_digest_is_kept_as_one(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, files=[replace(file("one"), sha256=None)]))
    assert catalogue.refs("SELECT sha256 FROM files") == [""]


def test_a_ghost_becomes_the_model_and_takes_its_spelling(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, says("hf:ACME/Root")))
    assert catalogue.refs("SELECT status FROM models WHERE ref = 'hf:ACME/Root'") == ["ghost"]
    catalogue.add(model(ROOT))
    assert catalogue.refs("SELECT status FROM models WHERE ref = ?", ROOT) == ["live"]
    assert catalogue.refs("SELECT parent FROM claims") == [ROOT]
    assert catalogue.refs("SELECT count(*) FROM node") == [2]


def test_what_a_listing_leaves_out_stays(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, author="x", title="T", kind="LORA", parameters=7))
    catalogue.add(model(CHILD, created=None, likes=3))
    row = catalogue.connection.execute(
        "SELECT author, title, kind, parameters, created IS NOT NULL FROM node WHERE ref = ?",
        (CHILD,),
    ).fetchone()
    assert tuple(row) == ("x", "T", "LORA", 7, 1)


def test_what_the_platform_answered_is_kept_once(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD))
    catalogue.mark(CHILD, Status.GONE)
    catalogue.mark("hf:never/seen", Status.PRIVATE)
    assert catalogue.refs("SELECT status FROM models ORDER BY ref") == ["gone", "private"]
    before = catalogue.connection.total_changes
    catalogue.mark(CHILD, Status.GONE)
    assert catalogue.connection.total_changes == before


def test_a_model_that_comes_back_is_live_again(catalogue: Catalogue) -> None:
    """Its listing says what it always said: only the answer in between was another."""
    catalogue.add(*page())
    catalogue.mark(CHILD, Status.GONE)
    catalogue.add(*page())
    assert catalogue.refs("SELECT status FROM models WHERE ref = ?", CHILD) == ["live"]


def test_a_gap_is_kept_once(catalogue: Catalogue) -> None:
    gaps = [
        Gap(reason=GapReason.GATED, detail="closed", model=ModelRef(CHILD)),
        Gap(reason=GapReason.OUT_OF_BUDGET, detail="no more calls", count=9),
    ]
    for _ in range(2):
        with transaction(catalogue.connection):
            Ingest(catalogue.connection).gaps(gaps, "hf:")
    assert catalogue.refs("SELECT count FROM gap ORDER BY count") == [1, 9]


def test_claims_of_two_files_live_apart(catalogue: Catalogue) -> None:
    """The same extractor reads every file of a model; one file's silence is not another's."""

    def header(path: str, *parents: str) -> Reading:
        return Reading(
            ref=ModelRef(CHILD),
            claims=[
                replace(says(p, by="kohya", at="ss"), child=ModelRef(CHILD), path=path)
                for p in parents
            ],
            covered=frozenset({("kohya", path)}),
            detailed=True,
        )

    catalogue.add(model(CHILD))
    catalogue.add(header("a.safetensors", ROOT))
    catalogue.add(header("b.safetensors", ROOT, "hf:b/other"))
    assert sorted(catalogue.refs("SELECT path FROM claims")) == [
        "a.safetensors", "b.safetensors", "b.safetensors",
    ]  # fmt: skip
    catalogue.add(header("b.safetensors"))
    assert catalogue.refs("SELECT path FROM claims") == ["a.safetensors"]


def test_the_last_word_on_a_model_counts_within_one_batch(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, says(ROOT)), model(CHILD, says("hf:b/other")))
    assert catalogue.refs("SELECT parent FROM claims") == ["hf:b/other"]


def test_a_name_that_a_stranger_took_over_holds_nothing_of_what_stood_there(
    catalogue: Catalogue,
) -> None:
    before = model(CHILD, says(ROOT), files=[file("listed")], stable_id="a" * 24)
    catalogue.add(before)
    catalogue.add(model(CHILD, covered=(), stable_id="b" * 24))
    assert catalogue.refs("SELECT path FROM files") == []
    assert catalogue.refs("SELECT parent FROM claims") == []


def test_an_older_redirect_leads_to_where_the_name_went(catalogue: Catalogue) -> None:
    ingest = Ingest(catalogue.connection)
    for old, new in (("a/x", "b/x"), ("b/x", "c/x"), ("a/x", "b/x")):
        with transaction(catalogue.connection):
            ingest.rename({ModelRef(f"hf:{old}"): ModelRef(f"hf:{new}")})
    assert catalogue.refs("SELECT DISTINCT same_as FROM models WHERE same_as IS NOT NULL") == [
        "hf:c/x"
    ]
