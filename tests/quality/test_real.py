"""The recorded data, audited: the numbers are those of the data, and what is known comes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from modelaudit.domain.words import ConflictKind, GapReason, Grade, Verdict
from tests.quality import convert, real
from tests.shared import shared

LLAMA_3B = {"hf:meta-llama/Llama-3.2-3B-Instruct", "hf:unsloth/Llama-3.2-3B-Instruct"}
LLAMA_8B = {
    "hf:context-labs/Meta-Llama-3.1-8B-Instruct-FP16",
    "hf:meta-llama/Llama-3.1-8B-Instruct",
    "hf:unsloth/Llama-3.1-8B-Instruct",
    "hf:unsloth/Meta-Llama-3.1-8B-Instruct",
}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    shared("civitai/civitai_2023-07_facts.half.jsonl.gz")
    folder = tmp_path_factory.mktemp("real")
    convert.convert(folder / "recorded.jsonl")
    with real.audited(folder / "recorded.jsonl", folder / "audit.db") as found:
        yield found


def test_every_recorded_model_is_examined(audited: Any) -> None:
    report, _ = audited
    assert {gap.reason for gap in report.coverage.gaps} <= {
        GapReason.INCONCLUSIVE, GapReason.DISABLED, GapReason.GATED, GapReason.UNMAPPED,
    }  # fmt: skip
    assert report.coverage.models > 14_000
    coverage = report.coverage
    unknown = coverage.never_examined + coverage.no_evidence
    assert coverage.models == coverage.lineage_known + unknown


def test_the_copies_among_the_recorded_listings_are_claims(audited: Any) -> None:
    _, connection = audited
    groups: dict[str, set[str]] = {}
    for child, parent in connection.execute(
        "SELECT child, parent FROM claims WHERE relation = 'copy' AND grade = 'exact'"
        " AND child LIKE 'hf:%' AND parent LIKE 'hf:%'"
    ):
        groups.setdefault(parent, {parent}).add(child)
    assert LLAMA_3B in groups.values()
    assert LLAMA_8B in groups.values()


def test_the_copy_that_declares_another_parent_is_a_conflict(audited: Any) -> None:
    report, _ = audited
    (conflict,) = [c for c in report.conflicts() if c.model.startswith("hf:")]
    assert conflict.model == "hf:context-labs/Meta-Llama-3.1-8B-Instruct-FP16"
    assert conflict.kind is ConflictKind.PARENT
    *words, by_bytes = conflict.claims
    assert {claim.parent for claim in words} == {
        "hf:meta-llama/Llama-3.1-8B",
        "hf:meta-llama/Meta-Llama-3.1-8B",
    }
    assert by_bytes.parent == "hf:meta-llama/Llama-3.1-8B-Instruct"
    assert by_bytes.grade is Grade.EXACT


def test_listed_bytes_are_recognised(audited: Any) -> None:
    report, _ = audited
    exact = {(f.entry, f.model) for f in report.findings() if f.grade is Grade.EXACT}
    assert exact >= {
        ("laion-5b/sd-1.5", "civitai:62437@66991"),
        ("known-files/waifu-diffusion-1", "civitai:44@120"),
        ("known-files/anything-v3", "civitai:9409@11162"),
    }


def test_a_digest_of_files_of_unequal_size_joins_nothing(audited: Any) -> None:
    _, connection = audited
    unequal = connection.execute(
        "SELECT hex(sha256) FROM file GROUP BY sha256 HAVING max(size) - min(size) > 1024"
    ).fetchall()
    assert len(unequal) == 3
    joined = connection.execute(
        "SELECT count(*) FROM claims WHERE relation = 'copy'"
        " AND (child LIKE 'civitai:26355@%' OR parent LIKE 'civitai:26355@%')"
    ).fetchone()[0]
    assert joined == 0


def test_the_numbers_are_those_of_the_data(audited: Any) -> None:
    report, _ = audited
    findings = report.summary.findings
    assert findings[Verdict.TAKE_DOWN] == pytest.approx(3282, abs=60)
    assert findings[Verdict.REVIEW] == pytest.approx(8571, abs=60)
    assert 300 < findings[Verdict.NOTE] < 600
    assert len(list(report.conflicts())) == 18  # one parent, 17 families: both sides of a pair


def test_a_control_is_not_found(audited: Any) -> None:
    report, connection = audited
    found = {finding.model for finding in report.findings()}
    others = {
        ref
        for (ref,) in connection.execute(
            "SELECT child FROM claims WHERE parent IN"
            " ('civitai-base:SDXL 1.0', 'civitai-base:Flux.1 D', 'civitai-base:Flux.1 S')"
        )
    }
    assert len(others) > 25
    assert not found & others
