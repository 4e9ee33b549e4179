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


MISPLACED = {
    # id: (what the place says, what the header shows, its family, whether it is one)
    "a UNet where a VAE belongs": ("vae", "unet", "sd1", True),
    "a checkpoint among text encoders": ("text_encoder", "full", "sd1", True),
    "of a family without a reference": ("text_encoder", "transformer", "llama", False),
    "a VAE": ("vae", "vae", "sd1", False),
    "a UNet": ("unet", "unet", "sd1", False),
    "a UNet anywhere": (None, "unet", "sd1", False),
}


@pytest.mark.parametrize("case", MISPLACED)
def test_whole_models_where_a_part_belongs_are_counted(catalogue: Catalogue, case: str) -> None:
    place, shown, family, expected = MISPLACED[case]
    hold(catalogue, "hf:a/one", file("one", place), part=shown, family=family)
    scope(catalogue)
    found = store.count_misplaced(catalogue.connection, platforms=("hf",), families=["sd1"])
    assert found == int(expected)
    assert store.count_misplaced(catalogue.connection, platforms=(), families=["sd1"]) == 0


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


FIRST, SECOND, THIRD = (f"state-of-art/model-0000{n}-of-00003.safetensors" for n in (1, 2, 3))


def shards(catalogue: Catalogue, ref: str, *contents: str, **facts: object) -> None:
    """A model in three files of these bytes."""
    files = [bare(name, path) for name, path in zip(contents, (FIRST, SECOND, THIRD), strict=True)]
    hold(catalogue, ref, *reversed(files), **facts)  # type: ignore[arg-type]  # facts of a model


def told(catalogue: Catalogue) -> dict[str, str]:
    """Model and file → nearest kinship, as reports tell it; the view says the same."""
    found = {
        f"{one.model} {one.path}": one.kin[0].comparison.overall.grade.word
        for one in compared.compared(catalogue.connection, ())
    }
    rows = catalogue.connection.execute("SELECT model || ' ' || path, kinship FROM compared")
    assert dict(rows.fetchall()) == found
    return found


def test_shards_wait_as_one(catalogue: Catalogue) -> None:
    shards(catalogue, "hf:a/big", "1", "2", "3")
    (item,) = waiting(catalogue)
    assert item.paths == (FIRST, SECOND, THIRD)
    assert (item.head, item.others) == (
        bytes.fromhex(sha("1")), (bytes.fromhex(sha("2")), bytes.fromhex(sha("3"))),
    )  # fmt: skip
    assert item.sha256 is None  # no file's own
    keep(catalogue, weighed("hf:a/big", kin(), path=FIRST), "1")
    assert (waiting(catalogue), count(catalogue)) == ([], (0, 0))
    assert told(catalogue) == {f"hf:a/big {FIRST}": "derived"}
    assert catalogue.refs("SELECT lower(hex(key)) FROM weighed") == [item.key]


ODD = (
    "model-00002-of-00002.safetensors",  # a name that anybody can give
    "t/model-00002-of-00003.safetensors",  # beside a first shard of another total
    "t/model-0000x-of-00004.safetensors",
    "model-00002-of-00004",
)


@pytest.mark.parametrize("path", ODD)
def test_a_shard_s_name_alone_hides_no_model(catalogue: Catalogue, path: str) -> None:
    hold(
        catalogue,
        "hf:a/one",
        bare("one", "t/model-00001-of-00004.safetensors"),
        bare("two", "t/model-00002-of-00004.safetensors"),
        bare("odd", path),
    )
    assert {item.path: len(item.paths) for item in waiting(catalogue)} == {
        "t/model-00001-of-00004.safetensors": 2,
        path: 1,
    }
    keep(catalogue, weighed("hf:a/one", kin(), path=path), "odd")
    assert told(catalogue) == {f"hf:a/one {path}": "derived"}


def test_models_with_an_equal_first_shard_have_answers_of_their_own(catalogue: Catalogue) -> None:
    shards(catalogue, "hf:a/big", "same", "2", "3")
    shards(catalogue, "hf:b/big", "same", "2", "else")
    shards(catalogue, "hf:c/copy", "same", "2", "3")
    hold(catalogue, "hf:d/part", bare("same"), bare("2", "two.safetensors"))
    keep(catalogue, weighed("hf:a/big", kin(), path=FIRST), "same")
    assert [item.model for item in waiting(catalogue)] == [
        "hf:b/big", "hf:c/copy", "hf:d/part", "hf:d/part",
    ]  # fmt: skip
    keep(catalogue, weighed("hf:b/big", kin(kinship="partial"), path=FIRST), "same")
    keep(catalogue, weighed("hf:d/part", kin(kinship="diluted")), "same")
    assert told(catalogue) == {
        f"hf:a/big {FIRST}": "derived",
        f"hf:b/big {FIRST}": "partial",
        f"hf:c/copy {FIRST}": "derived",
        "hf:d/part model.safetensors": "diluted",
    }


CHANGES = {
    # id: (what the model's files are afterwards, how many wait)
    "the first": (("else", "2", "3"), 1),
    "the last": (("1", "2", "else"), 1),
    "one is gone": (("1", "2"), 1),
    "the first is gone": (("", "2", "3"), 2),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_any_shard_ends_what_was_told(catalogue: Catalogue, case: str) -> None:
    contents, expected = CHANGES[case]
    shards(catalogue, "hf:a/big", "1", "2", "3")
    keep(catalogue, weighed("hf:a/big", kin(), path=FIRST), "1")
    files = [bare(c, p) for c, p in zip(contents, (FIRST, SECOND, THIRD), strict=False) if c]
    catalogue.add(model("hf:a/big", files=files, title="other bytes"))
    assert told(catalogue) == {}
    hold(catalogue, "hf:a/big", *files, title="other bytes")
    assert len(waiting(catalogue)) == count(catalogue)[0] == expected
    assert told(catalogue) == {}


def test_a_shard_that_is_added_ends_what_was_told(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/big", bare("1", FIRST), bare("2", SECOND))
    keep(catalogue, weighed("hf:a/big", kin(), path=FIRST), "1")
    assert (len(told(catalogue)), len(waiting(catalogue))) == (1, 0)
    shards(catalogue, "hf:a/big", "1", "2", "3", title="complete")
    assert (len(told(catalogue)), len(waiting(catalogue))) == (0, 1)


def test_to_read_the_head_of_a_shard_changes_nothing(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/big", bare("1", FIRST))
    files = [bare("1", FIRST), bare("2", SECOND)]
    catalogue.add(model("hf:a/big", files=files, title="both"))
    (item,) = waiting(catalogue)
    assert item.others == (bytes.fromhex(sha("2")),)  # as the platform tells it
    keep(catalogue, weighed("hf:a/big", kin(), path=FIRST), "1")
    hold(catalogue, "hf:a/big", *files, title="both")
    assert (len(told(catalogue)), waiting(catalogue)) == (1, [])


def test_a_model_waits_for_nothing_while_a_shard_s_bytes_are_unknown(catalogue: Catalogue) -> None:
    unknown = replace(bare("2", SECOND), sha256=None)
    hold(catalogue, "hf:a/big", bare("1", FIRST))
    catalogue.add(model("hf:a/big", files=[bare("1", FIRST), unknown], title="both"))
    assert (waiting(catalogue), count(catalogue)) == ([], (0, 0))
    keep(catalogue, weighed("hf:a/big", kin(), path=FIRST), "1")
    take(catalogue, weighed("hf:a/big", kin(), path=FIRST))
    assert told(catalogue) == {}


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
    assert count(catalogue) == (1, 0)
    keep(catalogue, weighed("hf:b/two", kin()), "one")
    assert waiting(catalogue) == []
    keep(catalogue, weighed("hf:a/one", kin()), "one", OTHER_LIBRARY)
    assert names(waiting(catalogue, OTHER_LIBRARY)) == ["hf:b/two model.safetensors"]
    assert len(told(catalogue)) == 2


def test_a_file_that_becomes_a_copy_waits_for_claims_of_its_own(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:b/two", bare("two"))
    keep(catalogue, weighed("hf:b/two", kin()), "two")
    hold(catalogue, "hf:b/two", bare("one"), title="other bytes")
    hold(catalogue, "hf:a/one", bare("one"))
    keep(catalogue, weighed("hf:a/one", kin()), "one")
    assert names(waiting(catalogue)) == ["hf:b/two model.safetensors"]


# what an archive tells


def test_a_replay_tells_of_a_model_s_shards(catalogue: Catalogue) -> None:
    shards(catalogue, "hf:a/big", "same", "2", "3")
    shards(catalogue, "hf:b/big", "same", "2", "else")
    for ref, kinship in (("hf:a/big", "derived"), ("hf:b/big", "partial")):
        take(catalogue, weighed(ref, kin(ROOT, kinship), path=FIRST))
    assert told(catalogue) == {f"hf:a/big {FIRST}": "derived", f"hf:b/big {FIRST}": "partial"}
    assert (len(waiting(catalogue)), count(catalogue)) == (2, (0, 0))


def test_a_replay_about_a_copy_leaves_our_own_answer(catalogue: Catalogue) -> None:
    for ref in ("hf:a/one", "hf:b/two"):
        hold(catalogue, ref, bare("one"))
    keep(catalogue, weighed("hf:a/one", kin()), "one")
    take(catalogue, weighed("hf:b/two", kin(kinship="diluted")))
    assert {*told(catalogue).values()} == {"derived"}
    assert names(waiting(catalogue)) == ["hf:b/two model.safetensors"]


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
    for one, content in ((clear, "clear"), (derived, "kin"), (mixed, "mix")):
        keep(catalogue, one, content)
    found = list(compared.compared(catalogue.connection, ()))
    copy = replace(derived, model=ModelRef("hf:c/copy"), path="copy.safetensors")
    assert found == [mixed, derived, clear, copy]
    closest = compared.compared(catalogue.connection, (), closest_first=True, limit=3)
    assert list(closest) == [derived, copy, mixed]
    assert list(compared.kinships(catalogue.connection, ()).items()) == [
        (Kinship.DERIVED, 2), (Kinship.PARTIAL, 1), (Kinship.SAME_ARCHITECTURE_ONLY, 1),
    ]  # fmt: skip
    assert compared.compared_of(catalogue.connection, node(catalogue, "hf:b/clear")) == [clear]


def test_a_report_keeps_to_its_sources_and_its_day(catalogue: Catalogue) -> None:
    hold(catalogue, "hf:a/one", bare("one"))
    keep(catalogue, weighed("hf:a/one", kin(), observed=50), "one")

    def count(*sources: str, until: int | None = None) -> int:
        found = list(compared.compared(catalogue.connection, sources, until=until))
        kinships = compared.kinships(catalogue.connection, sources, until=until)
        assert sum(kinships.values()) == len(found)
        return len(found)

    with transaction(catalogue.connection):
        catalogue.connection.execute("INSERT INTO source(id, text) VALUES (1, 'hf:a'), (2, 'hf:b')")
        catalogue.connection.execute("INSERT INTO member SELECT 1, id FROM node")
    assert (count(), count("hf:a"), count("hf:b"), count("hf:a", "hf:b")) == (1, 1, 0, 1)
    assert (count(until=49), count(until=50)) == (0, 1)
    catalogue.mark("hf:a/one", Status.GONE)
    assert count() == 0


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
