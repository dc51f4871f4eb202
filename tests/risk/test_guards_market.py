"""Guards on market and venue, as tables: shocks, missing bars, rejected orders, unproven data."""

from typing import Any

import numpy as np
import pytest

from risk.guards import NOT_ARMED, Action
from store.records import TradingState
from tests.risk.guard_fixtures import HOUR_MS, MIDNIGHT_MS, Book, array, bar

ACTIVE, REDUCING, HALTED = TradingState


class TestShock:
    @pytest.mark.parametrize(
        ("facts", "shock"),
        [
            ({"bar_return": array(BTC=0.081)}, True),
            ({"bar_return": array(BTC=-0.081)}, True),
            ({"bar_return": array(BTC=0.08)}, False),
            ({"bar_return": array(C1=0.5, C2=-0.5)}, False),
            ({"bar_return": array(C1=0.5, C2=-0.5, C3=0.09)}, True),
            ({"bar_return": array(C1=0.5, C2=-0.5), "leader": 1}, True),
            ({"bar_return": array(BTC=np.nan, C1=0.5)}, False),
            ({"bar_return": array(BTC=0.5), "sigma_bar": np.full(12, np.nan)}, False),
            ({"funding_rate": array(C2=0.0226), "funding_cap_rate": np.full(12, 0.0075)}, True),
            ({"funding_rate": array(C2=-0.0226), "funding_cap_rate": np.full(12, 0.0075)}, True),
            ({"funding_rate": array(C2=0.0225), "funding_cap_rate": np.full(12, 0.0075)}, False),
            ({"funding_rate": np.full(12, np.nan), "funding_cap_rate": np.full(12, 0.0075)}, False),
        ],
        ids=[
            "BTC beyond 8 sigma up",
            "or down",
            "8 sigma is not beyond",
            "two of twelve are no fifth",
            "three are",
            "whoever leads",
            "a missing bar is no move",
            "an unknown volatility is no shock",
            "funding beyond 3 caps",
            "on either side",
            "3 caps are not beyond",
            "no settlement in the bar",
        ],
    )
    def test_causes(self, facts: dict[str, Any], shock: bool) -> None:
        book = Book().see(bar(0), bar(1, **facts))
        assert book.names == ["shock"] * shock

    def test_a_fifth_is_of_the_symbols_that_have_a_bar(self) -> None:
        few = np.full(12, np.nan)
        few[:5] = 0.0
        few[4] = 0.5
        assert Book().see(bar(0), bar(1, bar_return=few)).names == ["shock"]

    def test_ends_after_12_bars_without(self) -> None:
        book = Book().see(bar(0), bar(1, bar_return=array(BTC=0.2)), bar(12))
        assert book.names == ["shock"]
        assert book.see(bar(13)).names == []

    def test_another_shock_begins_the_12_bars_anew_and_keeps_its_beginning(self) -> None:
        shock = {"bar_return": array(BTC=0.2)}
        book = Book().see(bar(0), bar(1, **shock), bar(13, **shock))
        assert [change.action for change in book.changes] == [Action.SET]
        assert book.override("shock").since_ts_ms == MIDNIGHT_MS + 13 * HOUR_MS
        book.see(bar(20, **shock))
        assert book.override("shock").since_ts_ms == MIDNIGHT_MS + 13 * HOUR_MS
        assert book.see(bar(31)).names == ["shock"]
        assert book.see(bar(32)).names == []


def missing(**runs: int) -> dict[str, Any]:
    return {"missing_run": array(**runs).astype(np.int64)}


class TestStaleBars:
    @pytest.mark.parametrize(("run", "names"), [(3, []), (4, ["stale_bars@C2USDT"])])
    def test_more_than_three_missing_bars_reduce_that_symbol(self, run: int, names: list[str]) -> None:
        book = Book().see(bar(0), bar(1, **missing(C2=run)))
        assert book.names == names
        assert book.trading_state is ACTIVE

    def test_ends_once_bars_have_come_for_five_minutes(self) -> None:
        book = Book().see(bar(0), bar(1, **missing(C2=4)), bar(2))
        assert book.names == ["stale_bars@C2USDT"]
        assert book.see(bar(2 + 4 / 60)).names == ["stale_bars@C2USDT"]
        assert book.see(bar(2 + 5 / 60)).names == []

    def test_a_relapse_begins_the_wait_anew(self) -> None:
        book = Book().see(bar(0), bar(1, **missing(C2=4)), bar(2), bar(3, **missing(C2=1)))
        assert book.names == ["stale_bars@C2USDT"]
        assert book.see(bar(4)).names == ["stale_bars@C2USDT"]
        assert book.see(bar(5)).names == []

    def test_symbols_heal_apart(self) -> None:
        book = Book().see(
            bar(0), bar(1, **missing(C2=4, C5=9)), bar(2, **missing(C5=10)), bar(3, **missing(C5=11))
        )
        assert book.names == ["stale_bars@C5USDT"]


def rejects(hour: float, *seconds: float) -> dict[str, Any]:
    return {"rejects_ms": tuple(MIDNIGHT_MS + round(hour * HOUR_MS + second * 1_000) for second in seconds)}


class TestOrderRejects:
    @pytest.mark.parametrize(
        ("seconds", "trips"),
        [
            ((-5,) * 5, False),
            ((-5,) * 6, True),
            ((-70, -5, -5, -5, -5, -5), False),
            ((-64, -5, -5, -5, -5, -5), True),
        ],
        ids=["five", "six at once", "six, the first 65 s before the last", "six within a minute"],
    )
    def test_more_than_five_in_a_minute(self, seconds: tuple[float, ...], trips: bool) -> None:
        book = Book().see(bar(0), bar(1, **rejects(1, *seconds)))
        assert book.names == ["order_rejects"] * trips
        assert (book.trading_state is REDUCING) is trips

    def test_the_minute_may_lie_across_bars(self) -> None:
        book = Book().see(bar(0), bar(1, **rejects(1, -20, -10, -5)))
        assert book.see(bar(1.01, **rejects(1, 5, 10, 30))).names == ["order_rejects"]

    def test_what_is_older_than_a_minute_is_forgotten(self) -> None:
        book = Book().see(bar(0), bar(1, **rejects(1, -20, -10, -5)))
        assert len(book.state.rejects_ms) == 3
        assert book.see(bar(2)).state.rejects_ms == ()

    def test_ends_after_five_healthy_minutes(self) -> None:
        book = Book().see(bar(0), bar(1, **rejects(1, *[-1] * 6)))
        for minute in range(1, 7):
            book.see(bar(1 + minute / 60))
            assert book.names == (["order_rejects"] if minute < 6 else [])

    def test_the_minute_that_tripped_it_is_not_healthy(self) -> None:
        book = Book().see(bar(0), bar(1, **rejects(1, *[-1] * 6)), bar(1 + 30 / 3_600))
        assert book.state.healing == ()


class TestPairRefused:
    def test_what_was_refused_rests_and_the_book_trades_on(self) -> None:
        book = Book().see(bar(0), bar(1, refused=("BTCSPOT", "BTCSPOT")))
        assert book.names == ["pair_refused@BTCSPOT"]
        assert book.trading_state is ACTIVE

    def test_it_ends_with_its_time_which_begins_anew(self) -> None:
        book = Book().see(bar(0), bar(1, refused=("BTCSPOT",)), bar(20, refused=("BTCSPOT",)))
        assert book.see(bar(43)).names == ["pair_refused@BTCSPOT"]
        assert book.see(bar(44)).names == []


class TestProof:
    @pytest.mark.parametrize(
        ("facts", "names", "reason"),
        [
            ({"equity": None}, ["risk_data"], "no equity"),
            ({"positions_proven": False}, ["risk_data"], "no proof of the venue's positions"),
            (
                {"unproven": ("C3USDT",)},
                ["risk_data@C3USDT"],
                "a position in C3USDT that the ledger cannot explain",
            ),
        ],
    )
    def test_what_is_not_proven_reduces_until_it_is(
        self, facts: dict[str, Any], names: list[str], reason: str
    ) -> None:
        book = Book().see(bar(0), bar(1, **facts))
        assert book.names == names
        assert book.override("risk_data").reason == reason
        assert book.see(bar(2, **facts)).changes == ()
        assert book.see(bar(3)).names == []

    def test_an_unexplained_position_locks_its_symbol_only(self) -> None:
        book = Book().see(bar(0), bar(1, unproven=("C3USDT", "C4USDT")))
        assert book.trading_state is ACTIVE
        assert sorted(override.scope for override in book.state.overrides) == ["C3USDT", "C4USDT"]


def test_rules_without_their_input_are_listed_with_what_would_arm_them() -> None:
    assert [rule.guard for rule in NOT_ARMED] == [
        "backtest_band",
        "stablecoin_peg",
        "clock_skew",
    ]
    assert all(rule.rule and rule.needs for rule in NOT_ARMED)
