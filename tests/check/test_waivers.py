"""`waivers.toml`: what is read, what is refused, and that what is written reads back."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.check.waivers import dump, load, parse
from modelaudit.domain.errors import UsageError
from modelaudit.domain.waiver import Decision, Waiver
from tests.shared import shared

GOOD = {
    "finding": '"list/root/hf:acme/one"',
    "decision": '"accepted"',
    "reason": '"the publisher asked for time"',
    "by": '"reviewer-1"',
    "on": "2026-11-22",
    "until": "2027-02-22",
}


def written(**given: str | None) -> str:
    """A file of one decision, with some lines other than they should be."""
    lines = {**GOOD, **given}
    return "[[waiver]]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items() if v is not None)


def refused(text: str | bytes) -> list[str]:
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(UsageError) as error:
        parse(raw, "w.toml")
    return str(error.value).splitlines()


def test_a_decision_is_read() -> None:
    (waiver,) = parse(written().encode())
    assert waiver == Waiver(
        finding="list/root/hf:acme/one",
        decision=Decision.ACCEPTED,
        reason="the publisher asked for time",
        by="reviewer-1",
        on="2026-11-22",
        until="2027-02-22",
    )
    assert waiver.rule == "finding list/root/hf:acme/one"


def test_author_is_another_word_for_by_and_days_may_stand_in_quotes() -> None:
    text = written(by=None, author='"reviewer-1"', on='"2026-11-22"', until='"2027-02-22"')
    assert parse(text.encode()) == parse(written().encode())


def test_a_name_of_a_file_may_end_in_a_space() -> None:
    (waiver,) = parse(written(finding='"list/root/folder:x "').encode())
    assert waiver.covers("list/root", "folder:x ")
    assert not waiver.covers("list/root", "folder:x")


def test_the_same_decision_twice_is_one() -> None:
    assert len(parse((written() + written()).encode())) == 1
    assert parse(b"") == ()


MISTAKES: list[tuple[dict[str, str | None], str]] = [
    ({"decision": '"maybe"'}, "decision 'maybe' is none of false_positive, accepted,"),
    ({"decision": "1"}, "decision is not a text in quotes"),
    ({"decision": None}, "lacks decision"),
    ({"reason": None}, "lacks reason"),
    ({"reason": '"because  "'}, "reason is shorter than 10 characters"),
    ({"reason": f'"{"x" * 4001}"'}, "reason is longer than 4,000 characters"),
    ({"reason": "[]"}, "reason is not a text in quotes"),
    ({"by": None}, "lacks by"),
    ({"by": '" "'}, "by is empty"),
    ({"by": f'"{"x" * 201}"'}, "by is longer than 200"),
    ({"author": '"me"'}, "by and author are one thing"),
    ({"on": None}, "lacks on"),
    ({"on": '"yesterday"'}, "on 'yesterday' is not a day"),
    ({"on": '"2026-02-30"'}, "on '2026-02-30' is not a day"),
    ({"on": "2026-11-22T10:00:00Z"}, "is not a day"),
    ({"on": "1926-11-22"}, "on '1926-11-22' is not a day"),
    ({"until": None}, "lacks until"),
    ({"until": "20270222"}, "until '20270222' is not a day"),
    ({"until": "2026-11-22"}, "until 2026-11-22 is not after on 2026-11-22"),
    ({"until": "2026-11-21"}, "it would never hold"),
    ({"untill": "2026-11-21"}, "unknown key 'untill' (did you mean until?)"),
    ({"finding": None}, "names nothing"),
    ({"finding": '""'}, "finding is empty"),
    ({"finding": '"list/root"'}, "is not a finding's id"),
    ({"finding": '"hf:acme/one"'}, "is not a finding's id"),
    ({"finding": '"list/root/hf:"'}, "is not a finding's id"),
    ({"finding": '"list/root/hf:a b"'}, "is not a repository id"),
    ({"finding": '"list/root/nowhere:a/b"'}, "is not a model reference"),
    ({"finding": '"List ?/hf:acme/one"'}, "is not the id of an entry"),
    ({"entry": '"list/root"'}, "a finding names its entry and its model already"),
    ({"finding": None, "entry": '"list/*"'}, "is not the id of an entry"),
    ({"finding": None, "model": '"*"'}, "an entry without a model covers every model"),
    ({"finding": None, "model": '"*:acme/*"'}, "does not begin with a platform"),
    ({"finding": None, "model": '"hf:*"'}, "covers too much"),
    ({"finding": None, "model": '"hf:*/[a-z]?b*"'}, "covers too much"),
    ({"finding": None, "model": '"hf:*[]abc]*"'}, "covers too much"),
    ({"finding": None, "model": '"hf:*[!]abc]*"'}, "covers too much"),
    ({"finding": '"list/root/hf:acme/one "'}, "begins or ends with a space"),
    ({"finding": None, "model": '" hf:acme/*"'}, "begins or ends with a space"),
    ({"finding": None, "model": '"acme/one"'}, "is not a model reference"),
    ({"finding": None, "entry": '"list/root"', "model": '"*"'}, "does not begin with a platform"),
    ({"finding": None, "model": f'"hf:{"x" * 600}*"'}, "model is longer than 600"),
]


@pytest.mark.parametrize(("given", "told"), MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_mistake_is_one_line_with_the_number_of_the_decision(
    given: dict[str, str | None], told: str
) -> None:
    (line,) = refused(written() + written(**given))
    assert line.startswith("w.toml: waiver 2: ")
    assert told in line


def test_every_mistake_is_told_at_once() -> None:
    lines = refused(written(by=None, reason='"short"', model='"x"') + written(until=None))
    assert [line.split(": ")[1] for line in lines] == ["waiver 1"] * 3 + ["waiver 2"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"\xff", "w.toml:1: not UTF-8 text"),
        (b"[[waiver]\n", "not TOML"),
        (b"[[waiver]]\non = 2026-02-30\n", "not TOML: Invalid date"),
        (b"a = " + b"[" * 5000, "not TOML"),
        (b"[waiver]\n", "write [[waiver]], with two brackets"),
        (b"waiver = [1]\n", "waiver 1: not a table"),
        (b"[[waivers]]\n", "unknown key 'waivers'"),
        (b"#" * 5_000_001, "larger than 5,000,000 bytes"),
    ],
)
def test_what_is_no_file_of_decisions_is_refused(text: bytes, told: str) -> None:
    assert told in refused(text)[0]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "no.toml", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            load(path)


def test_the_sample_reads() -> None:
    one, two = load(shared("samples/sample_waivers.toml"))
    assert one.covers("laion-5b/sd-1.5", "hf:Example-Publisher/dream-mix")
    assert two.covers("laion-5b/sd-1.5", "hf:example-archive/anything")
    assert not two.covers("laion-5b/sd-2.1", "hf:example-archive/anything")


NAMED = st.one_of(
    st.just({"finding": "list/root/hf:acme/one"}),
    st.just({"entry": "list/root"}),
    st.just({"model": "hf:acme/[a-z]*"}),
    st.just({"entry": "list/root", "model": "folder:a b/c.gguf"}),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WAIVERS = st.builds(
    lambda named, decision, reason, by, days: Waiver(
        decision=decision, reason=reason, by=by, on=str(days[0]), until=str(days[1]), **named
    ),
    NAMED,
    st.sampled_from(Decision),
    TEXT.map(lambda text: f"0123456789{text}"),
    TEXT.map(lambda text: f"{text}x"),
    st.lists(
        st.dates(
            min_value=date(2000, 1, 1),
            max_value=date(9999, 12, 31),
        ),
        min_size=2,
        max_size=2,
        unique=True,
    ).map(sorted),
)


@given(st.lists(WAIVERS, max_size=5))
def test_what_is_written_reads_back_whatever_it_holds(waivers: list[Waiver]) -> None:
    text = dump(waivers)
    again = parse(text.encode())
    assert {*again} == {*waivers}
    assert dump(again) == text == dump(reversed(again))
    assert len(tomllib.loads(text).get("waiver", [])) == len({*waivers})


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_nothing_that_anybody_writes_raises_anything_else(text: str | bytes) -> None:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    for given_raw in (raw, b'[[waiver]]\nreason = "' + raw, b"[[waiver]]\n" + raw):
        try:
            parse(given_raw)
        except UsageError as error:
            assert str(error).splitlines()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "entry", "model", "author", "x"]), VALUES))
def test_no_type_of_value_raises_anything_else(given: dict[str, object]) -> None:
    from modelaudit.check.waivers import _problems

    assert all(isinstance(told, str) for told in _problems({"waiver": [given]}))
