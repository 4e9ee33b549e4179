"""What is stored of a page."""

from __future__ import annotations

from modelaudit.domain.model import Page
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.weights import Digests, Head
from modelaudit.steps.intake import Intake
from modelaudit.store import heads
from tests.steps.catalogue import Catalogue

KEY = "ab" * 32


def test_what_a_file_says_is_stored_as_it_is_spelled(catalogue: Catalogue) -> None:
    head = Head(
        model=ModelRef("hf:a/b"),
        path="c.safetensors",
        observed=1,
        format="safetensors",
        metadata={"general.name": "é" * 100},
        warnings=("hole: a half \ud800",),
        digests=Digests(sha256=KEY),
    )
    Intake(catalogue.connection, None, Progress()).take(Page(heads=(head,)), "hf:")
    body = heads.body(catalogue.connection, KEY)
    assert body is not None
    assert "a half ?" in body
    assert "é" * 100 in body
