"""Exceptions of entries, allow rules by digest and by day, and what withdrawn entries leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modelaudit.domain.entry import (
    Citation,
    Entry,
    EntryException,
    EntryStatus,
    ListedDataset,
    ListedFile,
    ListKind,
    Match,
    Withdrawal,
)
from modelaudit.domain.model import File
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Verdict
from tests.steps.catalogue import (
    DAY,
    EARLY,
    NOW,
    ROOT,
    Catalogue,
    Checked,
    entry,
    file,
    listed_file,
    listing,
    model,
    says,
)

TODAY, TOMORROW = "2026-09-21", "2026-09-22"
"""NOW is on the first of them."""

WORDS = Citation(url="https://example.org", kind="primary", retrieved=TODAY, supports=("claim",))


def excepting(effect: str = "none", expires: str = TOMORROW, **match: Any) -> Entry:
    exception = EntryException(
        match=Match(**match),
        effect=Verdict.parse(effect),
        reason="it was trained anew",
        expires=expires,
        evidence=(WORDS,),
    )
    return entry("list/root", ROOT, exceptions=(exception,))


LISTED_BY_FILE = Match(models=(ModelRef(ROOT),), files=(listed_file("root"),))

ODD = model(
    "hf:odd/Model-LIKE-this",
    says(ROOT),
    says("dataset:lab/set", "trained-on"),
    says("civitai-base:Odd 1"),
    files=[file("odd"), file("odd-vae", "vae", "vae.safetensors")],
    title="A title",
    created=EARLY + 400 * DAY,
)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"models": (ModelRef("hf:ODD/model-like-this"),)}, True),
        ({"rehosts": (ModelRef("hf:odd/model-like-this"),)}, True),
        ({"models": (ModelRef("hf:odd/other"),)}, False),
        ({"name_patterns": ("(?i)like",)}, True),
        ({"name_patterns": ("title$",)}, True),
        ({"name_patterns": ("likewise",)}, False),
        ({"name_patterns": ("LIKE",), "name_exclusions": ("other",)}, True),
        ({"name_patterns": ("LIKE", "title"), "name_exclusions": ("odd/",)}, False),
        ({"files": (listed_file("odd"),)}, True),
        ({"files": (listed_file("odd", "full", "candidate"),)}, False),
        ({"files": (listed_file("odd-vae", "vae"),)}, False),
        ({"files": (listed_file("another"),)}, False),
        ({"datasets": (ListedDataset(id="Lab/set"),)}, True),
        ({"datasets": (ListedDataset(id="lab/other"),)}, False),
        ({"datasets": (ListedDataset(id="lab/set", published_before=EARLY),)}, False),
        ({"datasets": (ListedDataset(id="lab/set", published_before=NOW),)}, True),
        ({"labels": {"civitai": ("odd 1",)}}, True),
        ({"labels": {"civitai": ("odd 2",)}}, False),
    ],
)
def test_an_exception_names_a_model_by_any_of_its_rules(
    catalogue: Catalogue, match: dict[str, Any], fits: bool
) -> None:
    catalogue.add(ODD)
    checked = catalogue.check(excepting(**match))
    assert ("list/root/hf:odd/Model-LIKE-this" in checked.findings) is not fits
    assert checked.coverage.excepted == int(fits)


@pytest.mark.parametrize("effect", ["note", "review"])
def test_an_exception_caps_and_says_so(catalogue: Catalogue, effect: str) -> None:
    catalogue.add(ODD)
    checked = catalogue.check(excepting(effect, name_patterns=("LIKE",)))
    finding = checked.of("hf:odd/Model-LIKE-this")
    assert finding.verdict.word == effect
    assert finding.decided_by == f"exception until {TOMORROW}: it was trained anew"
    assert checked.coverage.excepted == 0


def test_an_exception_by_files_covers_no_other_files(catalogue: Catalogue) -> None:
    good = file("good", "unet", "unet/a.safetensors")
    catalogue.add(
        model("hf:nice/one", says(ROOT), files=[good, file("x", "vae", "vae/x.safetensors")]),
        model("hf:sly/beside", files=[good, file("root", "full", "b.safetensors")]),
        model("hf:sly/hidden", says(ROOT), files=[good, file("root", "vae", "vae/b.safetensors")]),
        model("hf:sly/unread", says(ROOT), files=[good, File(path="b.safetensors", size=9)]),
        model("hf:sly/size", says(ROOT), files=[replace(good, size=9_000_000)]),
    )
    sized = replace(listed_file("good"), size=9)
    known = replace(excepting(files=(sized,)), match=LISTED_BY_FILE)
    assert set(catalogue.check(known).verdicts()) == {
        "hf:sly/beside", "hf:sly/hidden", "hf:sly/unread", "hf:sly/size",
    }  # fmt: skip


def test_an_exception_follows_a_model_that_was_renamed(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:odd/was", says(ROOT), stable_id="5" * 24))
    catalogue.add(model("hf:odd/is", says(ROOT), stable_id="5" * 24))
    checked = catalogue.check(excepting(models=(ModelRef("hf:odd/was"),)))
    assert checked.findings == {}
    assert checked.coverage.excepted == 1


def test_an_exception_ends_on_its_day(catalogue: Catalogue) -> None:
    catalogue.add(ODD)
    expired = excepting(expires=TODAY, name_patterns=("LIKE",))
    assert catalogue.check(expired).of("hf:odd/Model-LIKE-this").verdict is Verdict.TAKE_DOWN


def test_of_several_exceptions_the_mildest_verdict_holds(catalogue: Catalogue) -> None:
    catalogue.add(ODD)
    milder, mild = (excepting(effect, name_patterns=("LIKE",)) for effect in ("note", "review"))
    both = replace(mild, exceptions=(*mild.exceptions, *milder.exceptions))
    assert catalogue.check(both).of("hf:odd/Model-LIKE-this").verdict is Verdict.NOTE


def test_a_version_is_named_by_its_model(catalogue: Catalogue) -> None:
    catalogue.add(model("civitai:1@2", says(ROOT)), model("civitai:12@2", says(ROOT)))
    checked = catalogue.check(excepting(models=(ModelRef("civitai:1"),)))
    assert set(checked.findings) == {"list/root/civitai:12@2"}


def test_an_exception_concerns_the_model_and_not_what_descends_from_it(
    catalogue: Catalogue,
) -> None:
    catalogue.add(model("hf:odd/a", says(ROOT)), model("hf:odd/b", says("hf:odd/a")))
    checked = catalogue.check(excepting(models=(ModelRef("hf:odd/a"),)))
    assert set(checked.findings) == {"list/root/hf:odd/b"}


def test_a_private_list_keeps_its_reason_to_itself(catalogue: Catalogue) -> None:
    catalogue.add(ODD)
    private = replace(listing(excepting("note", name_patterns=("LIKE",))), private=True)
    finding = catalogue.check(private).of("hf:odd/Model-LIKE-this")
    assert finding.decided_by == f"exception until {TOMORROW}"


# Allow rules


def allow(*models: str, files: tuple[ListedFile, ...] = (), **rules: Any) -> Any:
    return listing(
        entry("allow/them", *models, files=files, **rules), name="allow", kind=ListKind.ALLOW
    )


def shielded(catalogue: Catalogue, allowing: Any, now: int = NOW) -> Checked:
    return catalogue.check(entry("list/root", ROOT, patterns=["good"]), allowing, now=now)


def test_an_allow_rule_ends_on_its_day(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:acme/good"))
    assert shielded(catalogue, allow("hf:acme/good", expires=TOMORROW)).findings == {}
    after = shielded(catalogue, allow("hf:acme/good", expires=TOMORROW), now=NOW + DAY)
    assert after.of("hf:acme/good").verdict is Verdict.NOTE


def test_all_versions_of_an_allowed_model_are_allowed(catalogue: Catalogue) -> None:
    catalogue.add(model("civitai:7@1", title="good"), model("civitai:71@1", title="good"))
    assert set(shielded(catalogue, allow("civitai:7")).findings) == {"list/root/civitai:71@1"}


@pytest.mark.parametrize(
    ("files", "allowed"),
    [
        ([file("good")], True),
        ([file("good", None)], True),
        ([file("good"), file("some-vae", "vae", "vae.safetensors")], True),
        ([file("good", "vae")], False),
        ([file("good"), file("bad", "full", "b.safetensors")], False),
        ([file("good"), file("bad", None, "b.safetensors")], False),
        ([file("good"), File(path="b.safetensors", size=9)], False),
        ([file("bad")], False),
        (None, False),
    ],
)
def test_who_holds_allowed_main_files_and_no_others_is_allowed(
    catalogue: Catalogue, files: list[File] | None, allowed: bool
) -> None:
    catalogue.add(
        model("hf:acme/good", files=files),
        model("hf:acme/kid", says("hf:acme/good")),
    )
    checked = shielded(catalogue, allow(files=(listed_file("good"),)))
    assert set(checked.findings) == (
        set() if allowed else {"list/root/hf:acme/good", "list/root/hf:acme/kid"}
    )


def test_an_allowed_digest_hides_no_listed_bytes_beside_it(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:sly/mix", files=[file("good"), file("root", "full", "b.safetensors")]),
    )
    known = entry("list/root", ROOT, files=[listed_file("root")])
    finding = catalogue.check(known, allow(files=(listed_file("good"),))).of("hf:sly/mix")
    assert finding.verdict is Verdict.TAKE_DOWN


def test_listed_bytes_beside_an_allowed_digest_are_not_hidden_by_their_place(
    catalogue: Catalogue,
) -> None:
    hidden = [file("good"), file("root", "vae", "vae/b.safetensors")]
    catalogue.add(model("hf:sly/mix", files=hidden), model("hf:sly/good", files=hidden))
    known = entry("list/root", ROOT, files=[listed_file("root")], patterns=["good"])
    checked = catalogue.check(known, allow(files=(listed_file("good"),)))
    assert set(checked.verdicts()) == {"hf:sly/mix", "hf:sly/good"}


def test_an_allowed_name_shields_nobody_from_listed_bytes(catalogue: Catalogue) -> None:
    catalogue.add(
        model("hf:ok/swapped", files=[file("root")]),
        model("hf:kid/a", says("hf:ok/swapped")),
        model("hf:ok/claims", says(ROOT), files=[file("own")]),
        model("hf:kid/b", says("hf:ok/claims")),
    )
    known = entry("list/root", ROOT, files=[listed_file("root")])
    checked = catalogue.check(known, allow("hf:ok/swapped", "hf:ok/claims"))
    assert checked.verdicts() == {
        "hf:ok/swapped": "review", "hf:kid/a": "review", "hf:ok/claims": "review",
    }  # fmt: skip


def test_an_allowed_digest_of_another_size_is_another_file(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:acme/good", files=[file("good", size=9_000_000)]))
    sized = replace(listed_file("good"), size=9)
    assert shielded(catalogue, allow(files=(sized,))).findings != {}
    catalogue.add(model("hf:acme/good", files=[file("good", size=10)]))
    assert shielded(catalogue, allow(files=(sized,))).findings == {}


def test_a_component_that_is_allowed_is_no_finding(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:acme/x", files=[file("vae", "vae", "vae.safetensors")]))
    known = entry("list/root", ROOT, files=[listed_file("vae", "vae")])
    assert catalogue.check(known).of("hf:acme/x").verdict is Verdict.NOTE
    assert catalogue.check(known, allow(files=(listed_file("vae", "vae"),))).findings == {}
    late = allow(files=(listed_file("vae", "vae"),), expires=TODAY)
    assert catalogue.check(known, late).findings != {}


def test_a_candidate_allows_nothing(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:acme/good", files=[file("good")]))
    maybe = listed_file("good", "full", "candidate")
    assert shielded(catalogue, allow(files=(maybe,))).findings != {}


# What is gone, and why


def withdrawn(reason: str = "the base was named by mistake") -> Entry:
    return entry(
        "list/root",
        ROOT,
        status=EntryStatus.WITHDRAWN,
        withdrawn=Withdrawal(date=TODAY, reason=reason),
    )


@pytest.mark.parametrize("private", [False, True])
def test_a_withdrawn_entry_says_why_its_findings_are_gone(
    catalogue: Catalogue, private: bool
) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)))
    first = catalogue.check(replace(listing(entry("list/root", ROOT)), private=private))
    checked = catalogue.check(replace(listing(withdrawn()), private=private), now=NOW + DAY)
    assert [(g.id, g.reason) for g in checked.gone] == [
        (
            "list/root/hf:a/one",
            "its entry was withdrawn" + ("" if private else ": the base was named by mistake"),
        )
    ]
    assert set(catalogue.report(first.run).findings) == {"list/root/hf:a/one"}


def test_an_exception_says_why_its_findings_are_gone(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:a/two", says(ROOT)))
    catalogue.check(entry("list/root", ROOT))
    checked = catalogue.check(excepting(models=(ModelRef("hf:a/one"),)))
    assert [(g.id, g.reason) for g in checked.gone] == [
        ("list/root/hf:a/one", f"exception until {TOMORROW}: it was trained anew")
    ]


@pytest.mark.parametrize(
    ("now", "gone"),
    [
        (lambda: withdrawn(), {"one", "two"}),
        (lambda: excepting(expires="2099-01-01", models=(ModelRef("hf:a/one"),)), {"one"}),
        (lambda: entry("list/other", "hf:not/there"), {"one", "two"}),
    ],
)
def test_what_a_list_takes_back_is_gone_in_an_incomplete_run_as_well(
    catalogue: Catalogue, now: Callable[[], Entry], gone: set[str]
) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)), model("hf:a/two", says(ROOT)))
    first = catalogue.check(entry("list/root", ROOT))
    checked = catalogue.check(now(), complete=False, finished=False, now=NOW + DAY)
    assert {g.id for g in checked.gone} == {f"list/root/hf:a/{name}" for name in gone}
    assert set(checked.findings) == {f"list/root/hf:a/{name}" for name in {"one", "two"} - gone}
    again = catalogue.check(entry("list/root", ROOT), now=NOW + 2 * DAY)
    assert len(again.findings) == 2
    assert again.gone == []
    assert set(catalogue.report(first.run).findings) == set(first.findings)


def test_an_incomplete_run_takes_back_nothing_else(catalogue: Catalogue) -> None:
    catalogue.add(model("hf:a/one", says(ROOT)))
    catalogue.check(entry("list/root", ROOT))
    catalogue.add(model("hf:a/one"))
    checked = catalogue.check(entry("list/root", ROOT), complete=False)
    assert (set(checked.findings), checked.gone) == ({"list/root/hf:a/one"}, [])
