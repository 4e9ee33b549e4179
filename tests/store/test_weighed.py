"""What comparing weights showed, kept by content; which files wait; what reports read back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from modelaudit.crawl import weighed as lines
from modelaudit.crawl.heads import body
from modelaudit.domain.model import File
from modelaudit.domain.progress import Progress
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.weights import Architecture, Digests, Head
from modelaudit.domain.words import Component, Kinship, Status
from modelaudit.steps.intake import Intake
from modelaudit.store import compared, heads
from modelaudit.store import weighed as store
from modelaudit.store.db import transaction
from tests.comparisons import kin, recipe, tensor, weighed
from tests.steps.catalogue import ROOT, Catalogue, entry, file, model, says, sha

LIBRARY = "ab" * 32
OTHER_LIBRARY = "cd" * 32


def hold(
    catalogue: Catalogue,
    ref: str,
    *files: File,
    family: str | None = "sd1",
    part: str = "unet",
    **facts: object,
) -> None:
    """A model in scope whose files were read."""
    catalogue.add(model(ref, files=files, **facts))  # type: ignore[arg-type]  # facts of a model
    for one in files:
        head = Head(
            model=ModelRef(ref),
            path=one.path,
            observed=5,
            format="safetensors",
            architecture=Architecture(
                family=family or "unknown",
                components=(Component.parse(part),),
                measured=family is not None,
            ),
            digests=Digests(sha256=one.sha256),
        )
        with transaction(catalogue.connection):
            heads.write(catalogue.connection, head, json.dumps(body(head)))


def keep(catalogue: Catalogue, found: Weighed, content: str, library: str = LIBRARY) -> None:
    """As the step that compares does."""
    with transaction(catalogue.connection):
        store.write(catalogue.connection, found, bytes.fromhex(sha(content)), library)


def take(catalogue: Catalogue, *found: Weighed) -> None:
    """As a replay of an archive does."""
    intake = Intake(catalogue.connection, None, Progress(), clock=lambda: 7)
    for one in found:
        intake.take(lines.page(one), "details")


def waiting(
    catalogue: Catalogue, library: str = LIBRARY, families: Iterable[str] = ("sd1",)
) -> list[store.Unweighed]:
    scope(catalogue)
    return store.unweighed(
        catalogue.connection, 100, platforms=("hf",), library=library, families=[*families]
    )


def count(catalogue: Catalogue, library: str = LIBRARY) -> tuple[int, int]:
    scope(catalogue)
    return store.count_unweighed(
        catalogue.connection, platforms=("hf",), library=library, families=["sd1"]
    )


def scope(catalogue: Catalogue) -> None:
    """What a check leaves behind."""
    catalogue.check(entry("list/root", ROOT), finished=False)


def names(found: Iterable[store.Unweighed]) -> list[str]:
    return [f"{item.model} {item.path}" for item in found]


def bare(name: str, path: str = "model.safetensors") -> File:
    return file(name, None, path)


# which wait


def test_a_file_that_was_read_waits_until_it_is_compared(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    (item,) = waiting(catalogue)
    assert (item.model, item.paths, item.sizes) == ("hf:a/one", ("model.safetensors",), (9,))
    assert (item.head, item.sha256, item.others) == (bytes.fromhex(sha("one")), sha("one"), ())
    assert (item.unread.path, item.unread.sha256) == (item.path, sha("one"))
    keep(catalogue, weighed("hf:a/one", kin()), "one")
    assert waiting(catalogue) == []
    assert names(waiting(catalogue, OTHER_LIBRARY)) == ["hf:a/one model.safetensors"]


PARTS = {
    # id: (what the place says, what the header shows, whether it is compared)
    "a UNet": (None, "unet", True),
    "a checkpoint": ("full", "full", True),
    "a language model": ("transformer", "transformer", True),
    "a whole model under a delta's name": ("adapter", "unet", True),
    "an adapter": (None, "adapter", False),
    "a VAE": ("vae", "vae", False),
    "a UNet where a VAE belongs": ("vae", "unet", False),
    "a text encoder": (None, "text_encoder", False),
}


@pytest.mark.parametrize("case", PARTS)
def test_whole_models_are_compared(catalogue: Catalogue, case: str) -> None:
    place, shown, expected = PARTS[case]
    hold(catalogue, "hf:a/one", file("one", place), part=shown)
    assert len(waiting(catalogue)) == count(catalogue)[0] == int(expected)


def test_families_without_a_reference_are_counted_apart(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    hold(catalogue, "hf:a/two", bare("two"), family="llama")
    hold(catalogue, "hf:a/three", bare("three"), family=None)
    assert names(waiting(catalogue)) == ["hf:a/one model.safetensors"]
    assert count(catalogue) == (1, 2)
    assert store.families(catalogue.connection) == {"sd1", "llama", "unknown"}
    assert len(waiting(catalogue, families=["unknown", "sd1"])) == 2


def test_unread_files_other_platforms_and_models_that_are_gone_do_not_wait(
    catalogue: Catalogue,
) -> None:
    catalogue.add(model("hf:a/unread", files=[bare("unread")]))
    hold(catalogue, "civitai:4@9", bare("two"))
    hold(catalogue, "hf:a/gone", bare("three"))
    catalogue.mark("hf:a/gone", Status.GONE)
    assert waiting(catalogue) == []
    assert count(catalogue) == (0, 0)


def test_models_of_unknown_or_contradicted_lineage_come_first_then_the_popular(
    catalogue: Catalogue,
) -> None:
    for ref, downloads, claim in (
        ("hf:a/known", 900, says(ROOT)),
        ("hf:b/hinted", 5, says(ROOT, grade="hinted")),
        ("hf:c/unknown", 7, None),
        ("hf:d/known", 900, says(ROOT)),
    ):
        hold(catalogue, ref, bare(ref))
        claims = [] if claim is None else [claim]
        catalogue.add(model(ref, *claims, downloads=downloads))
    # its bytes are those of an older model, its card names another
    hold(catalogue, "hf:e/source", bare("own"))
    catalogue.add(model("hf:e/source", created=1_500_000_000, title="old"))
    hold(catalogue, "hf:f/copy", bare("own"))
    catalogue.add(model("hf:f/copy", says("hf:x/else"), downloads=6, title="relabelled"))
    order = [item.model for item in waiting(catalogue)]
    assert order == [
        "hf:c/unknown", "hf:f/copy", "hf:b/hinted", "hf:e/source", "hf:a/known", "hf:d/known",
    ]  # fmt: skip


def test_shards_wait_as_one(catalogue: Catalogue) -> None:
    paths = [f"t/model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
    hold(
        catalogue,
        "hf:a/big",
        *(bare(path, path) for path in reversed(paths)),
        bare("other", "t/other-00002-of-00003.safetensors"),
        bare("odd", "t/model-0000x-of-00003.safetensors"),
    )
    item, odd = sorted(waiting(catalogue), key=lambda item: -len(item.paths))
    assert item.paths == tuple(paths)
    assert item.head == bytes.fromhex(sha(paths[0]))
    assert item.others == tuple(bytes.fromhex(sha(path)) for path in paths[1:])
    assert item.sha256 is None  # no file's own
    assert odd.paths == ("t/model-0000x-of-00003.safetensors",)
    keep(catalogue, weighed("hf:a/big", kin(), path=paths[0]), paths[0])
    with transaction(catalogue.connection):
        for head in item.others:
            store.write_shard(catalogue.connection, head, LIBRARY)
    assert waiting(catalogue) == [odd]
    assert count(catalogue) == (1, 0)
    last = replace(bare("changed", paths[2]), size=10)
    hold(catalogue, "hf:a/big", *(bare(path, path) for path in paths[:2]), last)
    (again,) = waiting(catalogue)
    assert (again.paths, again.sizes) == (tuple(paths), (9, 9, 10))


def test_other_bytes_wait_again(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    take(catalogue, weighed("hf:a/one", kin(ROOT)))
    keep(catalogue, weighed("hf:a/one", kin(ROOT)), "one")
    assert catalogue.refs("SELECT parent FROM claims") == [ROOT]
    hold(catalogue, "hf:a/one", bare("changed"))
    assert catalogue.refs("SELECT parent FROM claims") == []
    assert names(waiting(catalogue)) == ["hf:a/one model.safetensors"]


def test_whoever_else_holds_the_bytes_waits_for_claims_of_its_own(catalogue: Catalogue) -> None:
    for ref in ("hf:a/one", "hf:b/two"):
        hold(catalogue, ref, bare("one"))
    keep(catalogue, weighed("hf:a/one", kin()), "one")
    assert names(waiting(catalogue)) == ["hf:b/two model.safetensors"]


# what an archive tells


def test_a_replay_keeps_answers_and_claims(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    take(catalogue, weighed("hf:a/one", kin(ROOT)))
    assert catalogue.refs("SELECT extractor FROM claims") == ["weights"]
    assert catalogue.refs("SELECT kinship FROM compared") == ["derived"]
    assert count(catalogue) == (0, 0)  # somebody compared it
    assert len(waiting(catalogue)) == 1  # with references that nobody knows


def test_a_replay_does_not_overwrite_what_was_compared_here(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    keep(catalogue, weighed("hf:a/one", kin()), "one")
    take(catalogue, weighed("hf:a/one", kin(kinship="diluted")))
    assert catalogue.refs("SELECT kinship FROM compared") == ["derived"]
    assert waiting(catalogue) == []


def test_an_answer_about_a_file_that_nobody_knows_is_kept_as_claims_alone(
    catalogue: Catalogue,
) -> None:
    take(catalogue, weighed("hf:a/one", kin(ROOT)))
    assert catalogue.refs("SELECT parent FROM claims") == [ROOT]
    assert catalogue.refs("SELECT count(*) FROM weighed") == [0]


def test_an_answer_says_nothing_of_the_model_s_own_pages(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    take(catalogue, weighed("hf:a/one", kin(ROOT)))
    assert catalogue.refs("SELECT detailed FROM node WHERE ref = 'hf:a/one'") == [None]


# claims


def test_the_numbers_of_a_claim_come_back(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    found = weighed("hf:a/one", kin(ROOT, tensors=(tensor(), tensor("b", r=None))))
    take(catalogue, found)
    checked = catalogue.check(entry("list/root", ROOT))
    (claim,) = checked.of("hf:a/one").claims
    assert claim.sample is not None
    assert claim.sample.comparison.tensors == found.kin[0].comparison.tensors
    assert claim.sample.comparison.overall == found.kin[0].comparison.overall
    stored = json.loads(catalogue.refs("SELECT sample FROM claim")[0])
    assert stored["comparison"]["overall"]["grade"] == Kinship.DERIVED.value


def test_the_same_answer_again_changes_nothing_and_another_is_a_change(
    catalogue: Catalogue,
) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    intake = Intake(catalogue.connection, None, Progress(), clock=lambda: 7)
    found = weighed("hf:a/one", kin(ROOT, tensors=(tensor(),)))
    changes = [
        intake.take(lines.page(one), "details").claims
        for one in (
            found,
            replace(found, observed=99),
            replace(found, kin=(kin(ROOT, tensors=(tensor(r=0.8),)),)),
            replace(found, kin=()),
        )
    ]
    assert changes == [1, 0, 1, 1]


# read back


def test_a_report_reads_what_was_compared_whatever_was_found(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:b/clear", bare("clear"))
    hold(catalogue, "hf:a/kin", bare("kin"), bare("mix", "b.safetensors"))
    hold(catalogue, "hf:c/copy", bare("kin", "copy.safetensors"))
    clear = weighed("hf:b/clear", kin(kinship="same-architecture-only"))
    derived = weighed("hf:a/kin", kin(tensors=(tensor(),)))
    mixed = weighed("hf:a/kin", kin(kinship="partial"), path="b.safetensors", **recipe({ROOT: 0.5}))
    for found, content in ((clear, "clear"), (derived, "kin"), (mixed, "mix")):
        keep(catalogue, found, content)
    told = list(compared.compared(catalogue.connection, ()))
    copy = replace(derived, model=ModelRef("hf:c/copy"), path="copy.safetensors")
    assert told == [mixed, derived, clear, copy]
    closest = compared.compared(catalogue.connection, (), closest_first=True, limit=3)
    assert list(closest) == [derived, copy, mixed]
    assert list(compared.kinships(catalogue.connection, ()).items()) == [
        (Kinship.DERIVED, 2), (Kinship.PARTIAL, 1), (Kinship.SAME_ARCHITECTURE_ONLY, 1),
    ]  # fmt: skip
    assert compared.compared_of(catalogue.connection, node(catalogue, "hf:b/clear")) == [clear]


def test_a_report_keeps_to_its_sources_and_its_day(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    keep(catalogue, weighed("hf:a/one", kin(), observed=50), "one")

    def told(*sources: str, until: int | None = None) -> int:
        found = list(compared.compared(catalogue.connection, sources, until=until))
        kinships = compared.kinships(catalogue.connection, sources, until=until)
        assert sum(kinships.values()) == len(found)
        return len(found)

    with transaction(catalogue.connection):
        catalogue.connection.execute("INSERT INTO source(id, text) VALUES (1, 'hf:a'), (2, 'hf:b')")
        catalogue.connection.execute("INSERT INTO member SELECT 1, id FROM node")
    assert (told(), told("hf:a"), told("hf:b"), told("hf:a", "hf:b")) == (1, 1, 0, 1)
    assert (told(until=49), told(until=50)) == (0, 1)
    catalogue.mark("hf:a/one", Status.GONE)
    assert told() == 0


def test_the_entries_that_a_model_s_claims_lead_to_are_known(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:b/two", says("hf:a/one")), model("hf:c"))
    catalogue.check(entry("list/root", ROOT), entry("list/x", "hf:x/x"))
    assert len(store.entries_of(catalogue.connection, ModelRef("hf:B/Two"))) == 1
    assert store.entries_of(catalogue.connection, ModelRef("hf:c")) == set()


def node(catalogue: Catalogue, ref: str) -> int:
    return int(catalogue.refs("SELECT id FROM node WHERE ref = ?", ref)[0])


def test_views_spell_it_out(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    keep(catalogue, weighed("hf:a/one", kin()), "one")
    row = catalogue.connection.execute(
        'SELECT model, path, family, kinship, nearest, score, "references" FROM compared'
    ).fetchone()
    assert tuple(row) == (
        "hf:a/one", "model.safetensors", "sd1", "derived", "Root 1.0 (list/root)", 0.999, 5,
    )  # fmt: skip
