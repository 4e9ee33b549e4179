"""The shipped lists on their corpus, in one audit each: all that is documented hits, no control.

*Documented* is every model, re-host, label, digest and data set that an acting entry names, and a
fine-tune of each model whose card declares it: 100 % of them must be found, by that entry, with the
verdict that policy, documentation and scope give. Left out are models on platforms whose records no
catalogue holds yet (ModelScope).

The labelled checkpoints of the public model reference are half of its records; their family is the
word of that project, not proven. They are shown as Civitai would: with the family as label, the
recorded digest, and a day after 2022-12-21, from which on labels were chosen by hand. That is fair
for what an audit of the platform knows of them. It is the label that finds them: by digest alone
the lists know three of the 49, which the last test holds. They are not listed one by one: the lists
would then be tried on what they were made of.

*Controls* must never be a take-down or for review, whatever lists are used; by default they give no
finding at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelaudit.check import blocklist
from modelaudit.domain import refs
from modelaudit.domain.cases import Case, HeldFile
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.words import Verdict
from tests.quality import listed
from tests.quality.real import audited

Found = dict[tuple[str, str], Verdict]
"""(entry, model) → verdict."""

EVERY = [blocklist.load(path) for path in blocklist.shipped().values()]
DEFAULT = blocklist.default_lists()


@contextmanager
def found_by(lists: Sequence[Blocklist], cases: Sequence[Case], folder: Path) -> Iterator[Found]:
    listed.write(cases, folder / "corpus.jsonl")
    with audited(folder / "corpus.jsonl", folder / "audit.db", lists) as (report, _):
        yield {(f.entry, refs.key(f.model)): f.verdict for f in report.findings()}


@pytest.fixture(scope="module")
def samples() -> list[Case]:
    everything = [
        *listed.documented(EVERY), *listed.checkpoints(labelled=True), *listed.controls()
    ]  # fmt: skip
    # one tag of a control names the repository of another
    return list({case.model: case for case in reversed(everything)}.values())


@pytest.fixture(scope="module")
def by_default(samples: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    with found_by(DEFAULT, samples, tmp_path_factory.mktemp("default")) as found:
        yield found


@pytest.fixture(scope="module")
def by_every_list(samples: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    with found_by(EVERY, samples, tmp_path_factory.mktemp("every")) as found:
        yield found


def told(found: Found, cases: Sequence[Case]) -> dict[str, Verdict]:
    """What each case's own entry says of it."""
    return {
        case.name: found.get((case.entry or "", refs.key(case.model)), Verdict.NONE)
        for case in cases
    }


def test_all_that_the_default_lists_document_is_found(by_default: Found) -> None:
    cases = list(listed.documented(DEFAULT))
    assert len(cases) > 450
    assert told(by_default, cases) == {case.name: case.expect for case in cases}


def test_all_that_any_list_documents_is_found_on_request(by_every_list: Found) -> None:
    cases = list(listed.documented(EVERY))
    assert told(by_every_list, cases) == {case.name: case.expect for case in cases}


def test_every_acting_entry_is_in_the_corpus() -> None:
    tried = {case.entry for case in listed.documented(EVERY)}
    assert tried == {entry.id for entry in listed.acting(EVERY)}


def test_the_labelled_checkpoints_of_listed_families_are_found(by_default: Found) -> None:
    cases = [case for case in listed.checkpoints(labelled=True) if case.entry]
    assert len(cases) == 49
    assert told(by_default, cases) == {case.name: case.expect for case in cases}


def spared() -> list[Case]:
    """Controls, and the labelled checkpoints of other families."""
    others = [case for case in listed.checkpoints(labelled=True) if case.entry is None]
    return [*listed.controls(), *others]


def test_no_control_is_found_by_default(by_default: Found) -> None:
    controls = {refs.key(case.model) for case in spared()}
    assert len(controls) > 240
    assert {key: verdict for key, verdict in by_default.items() if key[1] in controls} == {}


def test_no_control_is_more_than_a_note_with_every_list(by_every_list: Found) -> None:
    controls = {refs.key(case.model) for case in spared()}
    verdicts = [verdict for (_, model), verdict in by_every_list.items() if model in controls]
    assert len(verdicts) > 50 and set(verdicts) == {Verdict.NOTE}


def test_a_part_of_another_family_in_a_listed_pipeline_finds_nobody(tmp_path: Path) -> None:
    """Two listed pipelines hold the prior of Karlo, which was trained on other data."""
    prior = (HeldFile(path="prior/diffusion_pytorch_model.bin", sha256="5e" * 32, size=4_090_000),)
    pipeline, karlo = (
        "diffusers/stable-diffusion-2-1-unclip-t2i-l", "kakaobrain/karlo-v1-alpha",
    )  # fmt: skip
    cases = [
        Case(name=name, model=refs.hf(name), files=prior, created=created, expect=Verdict.NONE)
        for name, created in (
            (karlo, "2022-12-01"), (pipeline, "2023-03-20"), ("example-packer/prior", "2023-06-01"),
        )
    ]  # fmt: skip
    with found_by(DEFAULT, cases, tmp_path) as found:
        assert set(found) == {("laion-5b/sd-2.1-unclip-t2i", refs.key(refs.hf(pipeline)))}


def test_without_labels_only_listed_files_are_found(tmp_path: Path) -> None:
    cases = list(listed.checkpoints(labelled=False))
    known = {file.sha256 for entry in listed.acting(DEFAULT) for file in entry.match.files}
    with found_by(DEFAULT, cases, tmp_path) as found:
        models = {model for _, model in found}
    assert models == {refs.key(c.model) for c in cases if c.files[0].sha256 in known}
    assert len(models) == 3
