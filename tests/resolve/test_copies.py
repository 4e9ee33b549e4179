"""Who copied whom: a wrong answer would frame an author, so doubt gives none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.refs import ModelRef
from modelaudit.domain.words import Component
from modelaudit.resolve.copies import CLEAR_MARGIN, Member, main_component, source_of

DAY = 86_400
AUTHOR, MALLORY, SOCK = 1, 2, 3


def member(node: int, created: int | None, *names: int) -> Member:
    return Member(node=node, ref=ModelRef(f"hf:m/{node}"), created=created, names=frozenset(names))


def source(*members: Member) -> int | None:
    found = source_of(members)
    return None if found is None else found.node


def test_the_oldest_by_a_clear_margin_is_the_source() -> None:
    assert source(member(1, 100 * DAY), member(2, 200 * DAY), member(3, 130 * DAY)) == 1


def test_members_of_the_same_weeks_have_no_source() -> None:
    assert source(member(1, 100 * DAY), member(2, 110 * DAY)) is None
    assert source(member(1, 0), member(2, CLEAR_MARGIN - 1)) is None
    assert source(member(1, 0), member(2, CLEAR_MARGIN)) == 1


def test_a_member_without_a_date_leaves_the_oldest_unclear() -> None:
    assert source(member(1, 100 * DAY), member(2, 900 * DAY), member(3, None)) is None


def test_the_member_that_others_name_is_the_source() -> None:
    assert source(member(1, 100 * DAY), member(2, 110 * DAY, 1)) == 1
    assert source(member(1, None), member(2, None, 1), member(3, None, 1)) == 1


def test_the_member_named_by_more_is_the_source() -> None:
    members = [member(1, 0, 2), member(2, 0, 1), member(3, 0, 1)]
    assert source(*members) == 1


def test_members_that_name_each_other_have_no_source_but_by_age() -> None:
    assert source(member(1, 0, 2), member(2, 0, 1)) is None
    assert source(member(1, 0, 2), member(2, 90 * DAY, 1)) == 1


def test_parents_outside_the_group_do_not_count() -> None:
    assert source(member(1, 0, 77), member(2, 0, 77)) is None


def test_naming_oneself_is_worth_nothing() -> None:
    assert source(member(AUTHOR, 0), member(MALLORY, 10 * DAY, MALLORY)) is None
    assert source(member(AUTHOR, 0), member(MALLORY, 90 * DAY, MALLORY)) == AUTHOR


def test_a_friend_cannot_make_a_late_upload_the_source() -> None:
    assert source(
        member(AUTHOR, 0), member(MALLORY, 90 * DAY), member(SOCK, 91 * DAY, MALLORY)
    ) is None  # fmt: skip


@pytest.mark.parametrize("bystander", [None, 20 * DAY])
def test_nor_can_it_where_the_oldest_is_not_clear(bystander: int | None) -> None:
    """A copy made soon after the original, or one without a date, does not help the framer."""
    assert source(
        member(AUTHOR, 0), member(4, bystander), member(MALLORY, 90 * DAY),
        member(SOCK, 91 * DAY, MALLORY),
    ) is None  # fmt: skip


members = st.lists(
    st.builds(
        member, st.integers(1, 5), st.none() | st.integers(0, 4).map(lambda n: n * 20 * DAY),
        st.integers(1, 6), st.integers(1, 6),
    ),
    min_size=1, max_size=5, unique_by=lambda m: m.node,
)  # fmt: skip


@given(members=members, data=st.data())
def test_the_order_of_members_does_not_matter(members: list[Member], data: st.DataObject) -> None:
    assert source(*members) == source(*data.draw(st.permutations(members)))


@given(members=members)
def test_a_source_is_never_clearly_younger_than_another_member(members: list[Member]) -> None:
    found = source_of(members)
    if found is not None and found.created is not None:
        dated = [m.created for m in members if m.created is not None]
        assert found.created - min(dated) < CLEAR_MARGIN


C = Component


@pytest.mark.parametrize(
    ("said", "component"),
    [
        ([C.FULL, C.FULL], C.FULL),
        ([C.UNET, None], C.UNET),
        ([C.FULL, C.UNET, C.UNET], C.UNET),
        ([C.ADAPTER], C.ADAPTER),
        ([None, None], None),
        ([C.FULL, C.VAE], None),
        ([C.TEXT_ENCODER, C.TEXT_ENCODER], None),
        ([C.FULL, C.OTHER], None),
        ([], None),
    ],
)
def test_a_shared_file_is_a_main_part_unless_somebody_knows_better(
    said: list[Component | None], component: Component | None
) -> None:
    assert main_component(said) is component
