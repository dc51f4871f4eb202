"""The trading state is the most severe override in force, and HALTED is the operator's to end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.state import (
    OPERATOR,
    OverrideRefused,
    Overrides,
    clear_override,
    effective_state,
    expired,
    find,
    resume,
    set_override,
)
from store.records import Override, TradingState

ACTIVE, REDUCING, HALTED = TradingState


def override(
    name: str,
    state: TradingState = REDUCING,
    scope: str = "",
    until_ts_ms: int | None = None,
    ends: str = "rule",
) -> Override:
    return Override(name, state, "guard", "because", 0, ends, scope, until_ts_ms)


OVERRIDES = st.builds(
    override,
    name=st.sampled_from(["a", "b", "c", "d"]),
    state=st.sampled_from(TradingState),
    scope=st.sampled_from(["", "", "BTCUSDT"]),
    until_ts_ms=st.none() | st.integers(0, 10),
    ends=st.sampled_from(["rule", OPERATOR]),
)


def put_all(overrides: list[Override]) -> Overrides:
    """All in force that HALTED did not refuse."""
    known: Overrides = ()
    for one in overrides:
        try:
            known = set_override(known, one)
        except OverrideRefused:
            continue
    return known


@given(st.lists(OVERRIDES, max_size=8))
def test_the_most_severe_of_the_book_wins(overrides: list[Override]) -> None:
    known = put_all(overrides)
    book = [one.state for one in known if not one.scope]
    assert effective_state(known) == max(book, default=ACTIVE)


@given(st.lists(OVERRIDES, max_size=8), st.lists(st.tuples(OVERRIDES, st.booleans()), max_size=12))
def test_halted_ends_by_resume_alone(start: list[Override], attempts: list[tuple[Override, bool]]) -> None:
    known = put_all([*start, override("kill", HALTED)])
    for one, sets in attempts:
        try:
            known = set_override(known, one) if sets else clear_override(known, one.name, one.scope)
        except OverrideRefused:
            continue
    assert effective_state(known) is HALTED
    assert not [one for one in expired(known, 10**15) if one.state is HALTED]
    assert effective_state(resume(known)) is not HALTED


@given(st.lists(OVERRIDES, max_size=8))
def test_resume_leaves_what_ends_by_its_own_rule(overrides: list[Override]) -> None:
    known = put_all(overrides)
    kept = [one for one in known if one.state is not HALTED and one.ends != OPERATOR]
    assert list(resume(known)) == kept


def test_name_and_scope_identify_an_override() -> None:
    known = put_all([override("stale", scope="A"), override("stale", scope="B"), override("stale")])
    assert len(known) == 3
    assert clear_override(known, "stale", "A") == known[1:]
    assert find(known, "stale", "B") is known[1]
    assert clear_override(known, "other") is known


def test_setting_again_replaces_in_place() -> None:
    known = put_all([override("a"), override("b")])
    later = override("a", until_ts_ms=99)
    assert set_override(known, later) == (later, known[1])


def test_halted_cannot_be_softened_or_cleared() -> None:
    known = put_all([override("drawdown", HALTED)])
    with pytest.raises(OverrideRefused, match="cannot become REDUCING: resume first"):
        set_override(known, override("drawdown"))
    with pytest.raises(OverrideRefused, match="only the operator's resume ends it"):
        clear_override(known, "drawdown")


@pytest.mark.parametrize(
    ("until_ms", "now_ms", "over"),
    [(None, 10**15, False), (100, 99, False), (100, 100, True), (100, 101, True)],
)
def test_time_runs_out_at_its_end(until_ms: int | None, now_ms: int, over: bool) -> None:
    assert bool(expired([override("a", until_ts_ms=until_ms)], now_ms)) is over
