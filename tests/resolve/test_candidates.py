"""In which order models are read, for when there are more of them than calls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelaudit.domain.refs import ModelRef
from modelaudit.resolve.candidates import Candidate, Why, choose


def candidate(ref: str, why: Why, downloads: int = 0) -> Candidate:
    return Candidate(ModelRef(ref), why, downloads)


def test_reasons_come_in_the_order_of_what_a_verdict_turns_on() -> None:
    written = [
        Why.LISTED, Why.LIVE_FINDING, Why.DESCENDANT, Why.NAMED_PARENT, Why.NO_PARENT,
        Why.LIKE_A_ROOT, Why.PUBLISHER, Why.NAMED_SOURCE, Why.SILENT,
    ]  # fmt: skip
    assert sorted(Why) == written
    found = choose([candidate(f"hf:m/{why.name}", why) for why in reversed(written)])
    assert found == [f"hf:m/{why.name}" for why in written]


def test_ties_fall_to_downloads_and_then_to_names() -> None:
    same = Why.DESCENDANT
    assert choose(
        [candidate("hf:b/x", same, 5), candidate("hf:a/x", same, 5), candidate("hf:z/x", same, 9)]
    ) == ["hf:z/x", "hf:a/x", "hf:b/x"]


def test_downloads_never_outrank_a_reason() -> None:
    found = choose(
        [candidate("hf:a/big", Why.PUBLISHER, 10**9), candidate("hf:a/small", Why.DESCENDANT)]
    )
    assert found == ["hf:a/small", "hf:a/big"]


def test_a_model_with_several_reasons_is_read_once_for_the_best() -> None:
    found = choose(
        [candidate("hf:a/x", Why.PUBLISHER), candidate("hf:b/y", Why.NO_PARENT),
         candidate("hf:a/x", Why.LIVE_FINDING)]
    )  # fmt: skip
    assert found == ["hf:a/x", "hf:b/y"]


candidates = st.lists(
    st.builds(
        candidate, st.sampled_from(["hf:a/1", "hf:a/2", "hf:b/1"]), st.sampled_from(Why),
        st.integers(0, 3),
    )
)  # fmt: skip


@given(candidates=candidates, data=st.data())
def test_the_choice_depends_on_no_order_and_names_each_model_once(
    candidates: list[Candidate], data: st.DataObject
) -> None:
    chosen = choose(candidates)
    assert chosen == choose(data.draw(st.permutations(candidates)))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) == {c.ref for c in candidates}
