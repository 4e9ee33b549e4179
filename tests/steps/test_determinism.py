"""The order in which models are crawled changes nothing that a check says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from modelaudit.store.db import writing
from modelaudit.store.ingest import Reading
from tests.steps.catalogue import (
    DAY,
    EARLY,
    REHOST,
    ROOT,
    Catalogue,
    Checked,
    allowing,
    entry,
    file,
    listed_file,
    listing,
    model,
    says,
    sha,
)

LISTS = (
    listing(
        entry("list/root", ROOT, rehosts=[REHOST], labels=["Root 1"], files=[listed_file("root")],
              patterns=["(?i)rooty"]),
        entry("list/other", "hf:x/Other", files=[listed_file("other", "unet")]),
    ),
    allowing("hf:good/base"),
)  # fmt: skip


def readings() -> list[Reading]:
    """A little of everything that could hang on an order."""
    recorded = {"relation": "adapter", "grade": "recorded", "by": "adapter-config"}
    return [
        model(ROOT, created=EARLY),
        model(REHOST, says("hf:ACME/ROOT"), files=[file("root")]),
        # two spellings of one parent, two equally good paths
        model("hf:a/one", says("hf:Acme/Root"), says("hf:X/other")),
        model("hf:a/two", says("hf:acme/ROOT")),
        model("hf:b/mix", says("hf:a/two", "merge"), says("hf:A/ONE", "merge")),
        model("hf:c/far", says("hf:b/MIX"), says("hf:l/lost")),
        # bytes: listed, shared with and without a direction, two groups at once
        model("hf:d/liar", says("hf:l/lost"), says("hf:a/two", "quantized"),
              files=[file("root"), file("other", "unet", "unet/x.safetensors")]),
        model("hf:e/source", says("hf:a/one"), files=[file("own")], created=EARLY + 100 * DAY),
        model("hf:e/second", files=[file("also")], created=EARLY + 90 * DAY),
        model("hf:f/copy", says("hf:l/lost"), created=EARLY + 300 * DAY,
              files=[file("own"), file("also", path="b.safetensors")]),
        model("hf:g/twin", says(ROOT), files=[file("twin")]),
        model("hf:h/twin", files=[file("twin")]),
        model("civitai:5@5", says(f"sha256:{sha('own')}", "adapter", "recorded", by="kohya")),
        model("civitai:6@6", says("civitai-base:Root 1"), says("civitai:5"), title="Rooty"),
        # records against words, two recorded bases
        model("hf:i/lora", says("hf:a/two", "adapter"), says("hf:e/source", **recorded),
              says("hf:e/second", at="/second", **recorded)),
        model("hf:j/one", says("hf:j/two"), says("hf:a/one")),
        model("hf:j/two", says("hf:j/one")),
        model("hf:good/base", says(ROOT), says("hf:x/other"), files=[file("root")]),
        model("hf:k/kid", says("hf:good/base")),
    ]  # fmt: skip


def check(path: Path, pages: list[list[Reading]]) -> Checked:
    with writing(path) as connection:
        catalogue = Catalogue(connection)
        for page in pages:
            catalogue.add(*page)
        return catalogue.check(*LISTS)


def told(checked: Checked) -> tuple[object, ...]:
    return checked.findings, checked.conflicts, checked.coverage


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return check(tmp_path_factory.mktemp("straight") / "audit.db", [readings()])


def test_the_catalogue_holds_something_of_everything(straight: Checked) -> None:
    assert {f.verdict.word for f in straight.findings.values()} == {"take-down", "review", "note"}
    assert len(straight.findings) > 20
    assert len(straight.conflicts) > 5
    assert max(f.hops for f in straight.findings.values()) > 3


@pytest.mark.parametrize("seed", range(8))
def test_any_order_gives_the_same_findings(tmp_path: Path, straight: Checked, seed: int) -> None:
    shuffled = readings()
    random.Random(seed).shuffle(shuffled)
    cut = random.Random(seed).randrange(len(shuffled))
    found = check(tmp_path / "audit.db", [shuffled[:cut], shuffled[cut:]])
    assert list(found.findings) == list(straight.findings)
    for name, finding in found.findings.items():
        assert finding == straight.findings[name]
    assert told(found) == told(straight)


def test_a_second_check_of_the_same_catalogue_says_the_same(tmp_path: Path) -> None:
    with writing(tmp_path / "audit.db") as connection:
        catalogue = Catalogue(connection)
        catalogue.add(*readings())
        first = catalogue.check(*LISTS)
        second = catalogue.check(*LISTS, now=first.run.run.started + 60)
    assert [f.id for f in second.findings.values()] == list(first.findings)
    assert {f.state.word for f in second.findings.values()} == {"unchanged"}
    assert second.gone == []
