"""Two versions of a list: every change is told, and whether it changes what is found."""

from __future__ import annotations

import pytest

from modelaudit.check import blocklist
from modelaudit.check.listdiff import diff
from modelaudit.domain.entry import Blocklist
from modelaudit.domain.listdiff import EntryChange, Fate, ListChange
from modelaudit.report.listdiff import render
from tests.check.listtext import LIST, but, excepted

OLD = blocklist.load_text(LIST)
SHIPPED = [blocklist.load(path) for path in blocklist.shipped().values()]

GOLDEN = """\
mine
  old  2026.11.22  sha256 {old}
  new  2026.12.01  sha256 {new}
  withdrawn  mine/data: 2026-12-01: it is not the set
  added      mine/more: More: review
      models: + hf:org/more
  changed    mine/base
      policy: now weaker: review, was take-down
      scope of adapter: now stronger: take-down, was review
      models: + hf:org/base-2
      evidence: changed: primary https://example.org/card (claim, models)
      words: title
"""

WITHDRAWN = (
    "    status: active\n    kind: dataset\n",
    '    status: withdrawn\n    withdrawn: {date: "2026-12-01", reason: it is not the set}\n'
    "    kind: dataset\n",
)
MORE = """\
  - id: mine/more
    title: More
    status: active
    kind: model
    policy: review
    claim: {relation: trained-on, of: ["dataset:org/data"], confidence: declared, tainted: [unet]}
    match: {models: ["hf:org/more"]}
    evidence:
      - url: https://example.org/more
        kind: primary
        where: top
        summary: It says so.
        retrieved: "2026-11-22"
        supports: [claim]
"""


def changed(*changes: tuple[str, str]) -> ListChange:
    (found,) = diff([OLD], [blocklist.load_text(but(*changes))])
    return found


def only(*changes: tuple[str, str]) -> EntryChange:
    (found,) = changed(*changes).entries
    return found


def told(*changes: tuple[str, str]) -> list[str]:
    return [f"{detail.field}: {detail.text}" for detail in only(*changes).details]


def text(found: ListChange) -> str:
    return "".join(render([found]))


def test_it_reads_as_the_golden_text_says() -> None:
    new = blocklist.load_text(
        but(
            WITHDRAWN,
            ("policy: take-down", "policy: review"),
            ("adapter: review", "adapter: take-down"),
            ('["hf:org/base"]', '["hf:org/base", "hf:org/base-2"]'),
            ("supports: [claim]", "supports: [claim, models]"),
            ("title: The base", "title: A base"),
        )
        + MORE
    )
    found = diff([OLD], [new])
    assert "".join(render(found)) == GOLDEN.format(old=OLD.sha256, new=new.sha256)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("policy: take-down", "policy: review"),
         "policy: now weaker: review, was take-down"),
        (("policy: take-down\n    claim: {relation: trained-on, of: [\"dataset:org/data\"], "
          "confidence: documented",
          "policy: review\n    claim: {relation: trained-on, of: [\"dataset:org/data\"], "
          "confidence: declared"),
         "confidence: now weaker: declared, was documented"),
        (("finetune: take-down", "finetune: note"),
         "scope of finetune: now weaker: note, was take-down"),
        (("finetune: take-down, ", ""), "scope of finetune: now weaker: review, was take-down"),
        (("adapter: review", "merge: take-down"),
         "scope of merge: now stronger: take-down, was review"),
        (("adapter: review", "adapter: review, max_hops: 3"), "max_hops: now weaker: 3, was any"),
        (("adapter: review", "adapter: review, min_merge_weight: 0.05"),
         "min_merge_weight: now weaker: 0.05, was 0.0"),
        (('of: ["dataset:org/data"]', 'of: ["dataset:org/other"]'),
         "claim: trained-on dataset:org/other, was trained-on dataset:org/data"),
        (("tainted: [unet]", "tainted: [unet, vae]"), "tainted: + vae"),
        (('["hf:org/base"]', '["hf:org/base"]\n      rehosts: ["hf:x/base"]'),
         "rehosts: + hf:x/base"),
        (('      labels: {civitai: ["SD 1.5"]}\n', ""), "labels: - civitai: SD 1.5"),
        (('["hf:org/base"]', '["hf:org/new", "hf:org/base"]'),
         "labels: now stand for hf:org/new, was hf:org/base"),
        (("component: full}", "component: full, confidence: single-source}"),
         f"files: + {'ab' * 32} full single-source"),
        (("component: full}", "component: unet}"), f"files: - {'ab' * 32} full"),
        (('["org/data"]', '[{id: org/data, published_before: "2024-08-30"}]'),
         "datasets: + org/data published before 2024-08-30"),
        (('["hf:org/base"]', '["hf:org/base"]\n      flags: {civitai: [poi]}'),
         "flags: + civitai: poi"),
        (('["hf:org/base"]', '["hf:org/base"]\n      hints: {name_regex: ["base"]}'),
         "name_regex: + base"),
        (excepted('{models: ["hf:x/fine"]}'),
         "exceptions: + note until 2098-01-01 for hf:x/fine"),
    ],
)  # fmt: skip
def test_what_changes_what_is_found_is_told(change: tuple[str, str], said: str) -> None:
    found = changed(change)
    assert said in told(change)
    assert found.matters
    assert "no change in what is matched" not in text(found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("title: The base", "title: A base"), "words: title"),
        (("title: The base", "notes: New.\n    title: The base"), "words: notes"),
        (('added: "2026-11-22"', 'added: "2026-11-22"\n    modified: "2026-12-01"'),
         "words: modified"),
        (("where: Training Data", "where: Data"),
         "evidence: changed: primary https://example.org/card (claim)"),
        (("example.org/card", "example.org/page"),
         "evidence: - primary https://example.org/card (claim)"),
    ],
)  # fmt: skip
def test_words_alone_change_nothing_that_is_matched(change: tuple[str, str], said: str) -> None:
    assert said in told(change)
    assert text(changed(change)).endswith("  no change in what is matched\n")


def test_a_withdrawal_is_told_with_its_reason() -> None:
    found = only(WITHDRAWN)
    assert (found.fate, found.text) == (Fate.WITHDRAWN, "2026-12-01: it is not the set")
    assert found.matters


def test_what_is_deleted_must_be_withdrawn_instead() -> None:
    start = LIST.index("  - id: mine/data")
    (found,) = diff([OLD], [blocklist.load_text(LIST[:start])])
    assert "removed    mine/data: must be withdrawn instead" in text(found)
    (back,) = diff([blocklist.load_text(LIST[:start])], [OLD])
    assert "added      mine/data: The set: review" in text(back)


def test_a_draft_matches_nothing_yet() -> None:
    draft = blocklist.load_text(LIST + MORE.replace("status: active", "status: draft"))
    (found,) = diff([OLD], [draft])
    assert text(found).endswith("no change in what is matched\n")
    assert "More: review, draft" in text(found)
    (gone,) = diff([draft], [OLD])
    assert "it was a draft" in text(gone)
    (active,) = diff([draft], [blocklist.load_text(LIST + MORE)])
    assert "status: now stronger: active, was draft" in text(active)


def test_the_list_itself_may_change() -> None:
    found = changed(
        ("title: A list", "title: The list"), ("  id: mine", "  private: true\n  id: my-own")
    )
    assert [(d.field, d.text) for d in found.head] == [
        ("id", "now my-own, was mine"), ("private", "now true, was false"), ("words", "title"),
    ]  # fmt: skip
    assert text(found).startswith("mine → my-own\n")


def test_a_list_is_the_same_as_itself() -> None:
    for one in SHIPPED:
        assert text(diff([one], [one])[0]).endswith("  the same file\n")


def test_lists_are_paired_by_their_ids() -> None:
    found = diff(SHIPPED[1:], SHIPPED[:-1])
    gone, fresh = SHIPPED[-1], SHIPPED[0]
    by_id = {(change.old or change.new).id: change for change in found}  # type: ignore[union-attr]  # one of them is there
    assert by_id[gone.id].new is None
    assert {e.fate for e in by_id[gone.id].entries} == {Fate.REMOVED}
    assert by_id[fresh.id].old is None
    assert [c.entries for c in found if c.old and c.new] == [()] * (len(SHIPPED) - 2)
    assert "new  not there" in text(by_id[gone.id])


def test_an_entry_can_move_to_another_list() -> None:
    start = LIST.index("  - id: mine/data")
    short = blocklist.load_text(LIST[:start])
    head = LIST[: LIST.index("entries:")].replace("id: mine", "id: sets")
    rest = LIST[start:].replace("policy: review", "policy: note")
    old_sets = blocklist.load_text(f"{head}entries:\n{MORE}")
    sets = blocklist.load_text(f"{head}entries:\n{MORE}{rest}")
    mine, other = diff([OLD, old_sets], [short, sets])
    assert "  moved      mine/data: to sets\n" in text(mine)
    assert "  moved      mine/data: from mine\n      policy: now weaker: note, was review\n" in (
        text(other)
    )
    assert (mine.matters, other.matters) == (False, True)
    same = blocklist.load_text(f"{head}entries:\n{MORE}{LIST[start:]}")
    assert not any(change.matters for change in diff([OLD, old_sets], [short, same]))
    gone = rest.replace("status: active", 'status: withdrawn\n    withdrawn: {date: "2026-12-01", '
                        "reason: it is not the set}")  # fmt: skip
    withdrawn = blocklist.load_text(f"{head}entries:\n{MORE}{gone}")
    told = text(diff([OLD, old_sets], [short, withdrawn])[1])
    assert "from mine; withdrawn 2026-12-01: it is not the set\n" in told
    hidden = blocklist.load_text(LIST.replace("id: mine\n", "id: mine\n  private: true\n"))
    assert "policy" not in text(diff([hidden, old_sets], [short, sets])[1])


def test_the_order_of_a_file_does_not_matter() -> None:
    both = blocklist.load_text(LIST + MORE)
    for one in (OLD, both):
        backwards = _backwards(one)
        assert diff([one], [backwards])[0].entries == ()
        assert (
            diff([OLD], [both])[0].entries == diff([_backwards(OLD)], [_backwards(both)])[0].entries
        )


def _backwards(one: Blocklist) -> Blocklist:
    from dataclasses import replace

    return replace(one, entries=one.entries[::-1], sha256="0" * 64)


def test_a_private_list_tells_ids_only() -> None:
    private = but(
        ("  id: mine\n", "  id: mine\n  private: true\n"), WITHDRAWN,
        ("policy: take-down", "policy: review"),
    ) + MORE  # fmt: skip
    (found,) = diff([OLD], [blocklist.load_text(private)])
    said = text(found)
    assert "withdrawn  mine/data\n" in said
    assert "changed    mine/base\n" in said
    for secret in ("not the set", "org/more", "More", "policy", "example.org"):
        assert secret not in said
