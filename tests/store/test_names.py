"""One node under several names: renames, redirects, spellings."""

from __future__ import annotations

import pytest

from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import GapReason
from modelaudit.store import candidates, heads, identity
from modelaudit.store.db import transaction
from modelaudit.store.ingest import Ingest
from tests.steps.catalogue import ROOT, Catalogue, entry, file, model, says

ID = "5f" * 12


def same(catalogue: Catalogue) -> dict[str, str]:
    return dict(
        catalogue.connection.execute(
            "SELECT ref, same_as FROM models WHERE same_as IS NOT NULL"
        ).fetchall()
    )


def rename(catalogue: Catalogue, old: str, new: str) -> None:
    with transaction(catalogue.connection):
        Ingest(catalogue.connection).rename({ModelRef(old): ModelRef(new)})


def test_a_stable_id_under_another_name_is_a_rename(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/was", says(ROOT), files=[file("own")], stable_id=ID))
    catalogue.add(model("hf:b/kid", says("hf:a/was")))
    catalogue.add(model("hf:a/is", says(ROOT), stable_id=ID))
    assert same(catalogue) == {"hf:a/was": "hf:a/is"}
    assert catalogue.refs("SELECT model FROM files") == ["hf:a/is"]
    claims = catalogue.connection.execute(
        "SELECT child, parent, excerpt FROM claims ORDER BY child"
    ).fetchall()
    assert [tuple(c) for c in claims] == [("hf:a/is", ROOT, None), ("hf:b/kid", "hf:a/is", "a/was")]


def test_so_it_is_where_the_new_name_was_known_already(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/was", says(ROOT), stable_id=ID))
    catalogue.add(model("hf:b/kid", says("hf:a/is")))
    catalogue.add(model("hf:a/is", says(ROOT), stable_id=ID))
    assert same(catalogue) == {"hf:a/was": "hf:a/is"}
    found = catalogue.check(entry("list/root", ROOT))
    assert list(found.findings) == ["list/root/hf:a/is", "list/root/hf:b/kid"]


def test_a_ghost_with_a_listed_stable_id_is_an_old_name(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:b/kid", says("hf:a/was", stable_id=ID)))
    catalogue.add(model("hf:a/is", stable_id=ID))
    assert catalogue.link() == 1
    assert same(catalogue) == {"hf:a/was": "hf:a/is"}
    assert catalogue.refs("SELECT parent FROM claims") == ["hf:a/is"]
    assert catalogue.link() == 0


def test_a_redirect_moves_what_was_said_under_the_old_name(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/was", says(ROOT)), model("hf:b/kid", says("hf:a/was")))
    rename(catalogue, "hf:a/was", "hf:a/is")
    catalogue.add(model("hf:a/is", says(ROOT)))
    assert same(catalogue) == {"hf:a/was": "hf:a/is"}
    assert catalogue.check(entry("list/root", ROOT)).of("hf:b/kid").path == (
        "hf:b/kid", "hf:a/is", ROOT,
    )  # fmt: skip


def test_a_chain_of_renames_ends_at_the_last_name(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:b/kid", says("hf:a/one")))
    rename(catalogue, "hf:a/one", "hf:a/two")
    rename(catalogue, "hf:a/two", "hf:a/three")
    assert same(catalogue) == {"hf:a/one": "hf:a/three", "hf:a/two": "hf:a/three"}
    assert catalogue.refs("SELECT parent FROM claims") == ["hf:a/three"]


def test_a_rename_and_back_leaves_the_first_name(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT), stable_id=ID))
    catalogue.add(model("hf:a/two", says(ROOT), stable_id=ID))
    catalogue.add(model("hf:a/one", says(ROOT), stable_id=ID))
    assert same(catalogue) == {"hf:a/two": "hf:a/one"}
    assert catalogue.refs("SELECT child FROM claims") == ["hf:a/one"]


def test_a_rename_searches_every_table_by_an_index(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one"), model("hf:a/two"))
    statements: list[str] = []
    catalogue.connection.set_trace_callback(statements.append)
    identity.point(catalogue.connection, 1, 2)
    catalogue.connection.set_trace_callback(None)
    assert statements
    for statement in statements:
        plan = catalogue.connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        assert not [step for step in plan if step[3].startswith("SCAN")], statement


@pytest.mark.parametrize("name", ["hf:a/One", "hf:A/one", "hf:a/was"])
def test_what_was_not_read_is_found_under_every_name(catalogue: Catalogue, name: str) -> None:
    connection = catalogue.connection
    catalogue.add(model("hf:a/One", files=[file("own")]))
    rename(catalogue, "hf:a/was", "hf:a/One")
    gap = Gap(reason=GapReason.UNREADABLE, detail="torn", model=ModelRef("hf:a/One"))
    Ingest(connection).gaps([gap], "details")
    candidates.forget_gaps(connection, ModelRef(name), "details")
    heads.note_asked(connection, ModelRef(name), "model.safetensors", 5)
    assert connection.execute("SELECT count(*) FROM gap").fetchone()[0] == 0
    assert connection.execute("SELECT header FROM file").fetchone()[0] == 5


def test_another_spelling_is_no_rename(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:A/One", stable_id=ID))
    rename(catalogue, "hf:a/one", "hf:A/ONE")
    catalogue.add(model("hf:A/ONE", stable_id=ID))
    assert same(catalogue) == {}
    assert catalogue.refs("SELECT ref FROM node") == ["hf:A/ONE"]


def test_a_claim_on_an_old_name_lands_on_the_new_and_keeps_the_words(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/is"))
    rename(catalogue, "hf:a/was", "hf:a/is")
    before = model("hf:b/kid", says("hf:a/was"))
    catalogue.add(before)
    row = catalogue.connection.execute("SELECT parent, excerpt FROM claims").fetchone()
    assert tuple(row) == ("hf:a/is", "a/was")


def test_an_old_name_taken_by_a_new_model_is_a_model_again(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/was", stable_id=ID))
    catalogue.add(model("hf:a/is", stable_id=ID))
    catalogue.add(model("hf:a/was", stable_id="6e" * 12))
    assert same(catalogue) == {}
    assert catalogue.refs("SELECT ref FROM models WHERE status = 'live' ORDER BY ref") == [
        "hf:a/is", "hf:a/was",
    ]  # fmt: skip


def test_a_listed_old_name_lists_the_new_one(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/was", stable_id=ID))
    catalogue.add(model("hf:a/is", stable_id=ID), model("hf:b/kid", says("hf:a/is")))
    found = catalogue.check(entry("list/root", "hf:a/was"))
    assert found.verdicts() == {"hf:a/is": "take-down", "hf:b/kid": "take-down"}
    assert found.of("hf:a/is").hops == 0


def test_a_bare_name_is_the_one_model_it_can_mean(catalogue: Catalogue) -> None:
    hint = says("hf:acme_big_model", grade="hinted")
    catalogue.add(model("hf:b/kid", hint), model("hf:acme/big_model"))
    catalogue.link()
    assert same(catalogue) == {"hf:acme_big_model": "hf:acme/big_model"}


def test_a_bare_name_that_can_mean_two_means_none(catalogue: Catalogue) -> None:
    hint = says("hf:acme_big_model", grade="hinted")
    catalogue.add(model("hf:b/kid", hint), model("hf:acme/big_model"), model("hf:acme_big/model"))
    catalogue.link()
    assert same(catalogue) == {}
