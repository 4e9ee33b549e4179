"""Seeds beside what the platform itself said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modelaudit.domain.words import Status
from modelaudit.store.ingest import Reading
from tests.steps.catalogue import Catalogue, model, says

CHILD, PARENT = "hf:a/child", "hf:a/parent"
ID = "63b5df80" + "0" * 16
NODE = "SELECT hex(revision), downloads, status FROM node LEFT JOIN popularity ON node = id"


def seed(ref: str = CHILD, *claims: Any, **facts: Any) -> Reading:
    return replace(model(ref, *claims, **facts), seed=True)


def shown(catalogue: Catalogue, ref: str = CHILD) -> tuple[Any, ...]:
    return tuple(catalogue.connection.execute(f"{NODE} WHERE ref = ?", (ref,)).fetchone())


def test_a_seed_fills_a_ghost_and_a_later_seed_renews_it(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:b/other", says(CHILD)))
    catalogue.add(seed(CHILD, says(PARENT), downloads=1))
    assert shown(catalogue) == ("", 1, Status.LIVE)
    catalogue.add(seed(CHILD, says("hf:a/second"), downloads=2))
    assert shown(catalogue) == ("", 2, Status.LIVE)
    parents = "SELECT p.ref FROM claim AS c JOIN node AS p ON p.id = c.parent"
    assert catalogue.refs(f"{parents} JOIN node AS n ON n.id = c.child WHERE n.ref = ?", CHILD) == [
        "hf:a/second"
    ]


@pytest.mark.parametrize(
    "facts",
    [
        {"revision": "ab" * 20},
        {"status": Status.GATED},
        {"status": Status.GONE},
        {"detailed": True},
    ],
)
def test_a_model_that_the_platform_showed_is_left_as_it_is(
    catalogue: Catalogue, facts: dict[str, Any]
) -> None:
    catalogue.add(model(CHILD, says(PARENT), downloads=9, stable_id=ID, **facts))
    before = catalogue.connection.execute("SELECT * FROM node").fetchall(), shown(catalogue)
    (node,) = catalogue.refs("SELECT id FROM node WHERE ref = ?", CHILD)
    for name, stable_id in ((CHILD, ID), (CHILD.upper().replace("HF:", "hf:"), None),
                            ("hf:a/old-name", ID), (CHILD, "f" * 24)):  # fmt: skip
        written = catalogue.add(seed(name, says("hf:x/y"), downloads=1, stable_id=stable_id))
        assert (written.nodes, written.models, written.claims) == ([node], 0, 0)
    assert (catalogue.connection.execute("SELECT * FROM node").fetchall(), shown(catalogue)) == (
        before
    )


def test_a_name_that_the_platform_gave_up_leads_to_the_model(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/old", stable_id=ID, revision="ab" * 20))
    catalogue.add(model("hf:a/new", stable_id=ID, revision="ab" * 20))
    (node,) = catalogue.refs("SELECT id FROM node WHERE ref = 'hf:a/new'")
    assert catalogue.add(seed("hf:a/old", stable_id=None)).nodes == [node]
    assert catalogue.refs("SELECT ref FROM node WHERE same IS NULL") == ["hf:a/new"]


def test_seeds_and_others_of_one_page_keep_to_themselves(catalogue: Catalogue) -> None:
    catalogue.add(model(CHILD, revision="ab" * 20, downloads=9))
    written = catalogue.add(seed(CHILD, downloads=1), seed("hf:c/new", downloads=3), model(PARENT))
    assert len(written.nodes) == 3
    assert shown(catalogue)[1] == 9
    assert shown(catalogue, "hf:c/new")[1] == 3
