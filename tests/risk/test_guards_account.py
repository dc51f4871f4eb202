"""Guards on the account, as tables: the day, losing streaks, cooldowns, drawdown."""

from dataclasses import replace
from decimal import Decimal

import pytest

from risk.guards import Action, GuardState, ProtectiveExit
from risk.state import OPERATOR, resume
from store.records import Side, TradingState
from tests.risk.guard_fixtures import DAY_MS, HOUR_MS, LIMITS, MIDNIGHT_MS, Book, bar, fill, trip

ACTIVE, REDUCING, HALTED = TradingState
NEXT_MIDNIGHT_MS = MIDNIGHT_MS + DAY_MS


def test_a_quiet_bar_changes_nothing_and_says_so_by_identity() -> None:
    book = Book().see(bar(1))
    before = book.state
    book.see(bar(2), bar(3))
    assert book.state is before
    assert book.changes == ()


class TestDayLoss:
    @pytest.mark.parametrize(
        ("equity", "state"),
        [(95_000.01, ACTIVE), (95_000.0, REDUCING), (86_000.0, REDUCING), (120_000.0, ACTIVE)],
    )
    def test_is_counted_from_midnight(self, equity: float, state: TradingState) -> None:
        book = Book().see(bar(0), bar(5, equity=equity))
        assert book.trading_state is state

    @pytest.mark.parametrize(("equity", "names"), [(75_000.0, ["day_loss"]), (75_000.1, [])])
    def test_the_limit_itself_trips(self, equity: float, names: list[str]) -> None:
        limits = replace(LIMITS, day_loss=0.25, dd_halt=0.9)
        assert Book(limits=limits).see(bar(0), bar(5, equity=equity)).names == names

    def test_names_who_why_and_when_it_ends(self) -> None:
        book = Book().see(bar(0), bar(5, equity=94_000.0))
        override = book.override("day_loss")
        assert override.actor == "guard"
        assert override.reason == "6.00% of equity lost since 00:00 UTC (limit 5.00%)"
        assert override.ends == "next UTC day"
        assert override.until_ts_ms == NEXT_MIDNIGHT_MS
        (change,) = book.changes
        assert (change.action, change.guard, change.flatten) == (Action.SET, "day_loss", False)
        assert change.event(7).level == "WARN"

    def test_ends_at_the_next_midnight_from_which_it_counts_anew(self) -> None:
        book = Book().see(bar(0), bar(5, equity=94_000.0), bar(23, equity=94_000.0))
        assert book.names == ["day_loss"]
        book.see(bar(24, equity=94_000.0))
        assert book.names == []
        assert [change.action for change in book.changes] == [Action.CLEARED]
        assert book.see(bar(25, equity=89_301.0)).names == []
        assert book.see(bar(26, equity=89_300.0)).names == ["day_loss"]

    def test_holds_though_the_loss_is_made_good(self) -> None:
        book = Book().see(bar(0), bar(5, equity=94_000.0), bar(6, equity=101_000.0))
        assert book.names == ["day_loss"]

    def test_what_happens_in_the_last_bar_of_a_day_is_over_with_it(self) -> None:
        book = Book().see(bar(0), bar(24, equity=94_000.0))
        assert book.names == []
        assert book.changes == ()

    def test_counts_from_the_first_equity_where_midnight_had_no_bar(self) -> None:
        book = Book().see(bar(0), bar(22), bar(26, equity=97_000.0), bar(27, equity=93_000.0))
        assert book.names == []
        assert book.see(bar(28, equity=92_150.0)).names == ["day_loss"]

    def test_counts_from_the_first_equity_that_could_be_computed(self) -> None:
        book = Book().see(bar(0), bar(24, equity=None), bar(25, equity=90_000.0, high_water_mark=90_000.0))
        book.see(bar(26, equity=86_000.0, high_water_mark=90_000.0))
        assert book.names == []


class TestDayOrders:
    def test_counts_orders_that_open_once_each_and_not_their_fills(self) -> None:
        book = Book().see(
            bar(0), bar(1, booked=(fill(Side.BUY, "1", order="a"), fill(Side.BUY, "1", order="a")))
        )
        book.see(bar(2, booked=(fill(Side.BUY, "1", order="a"), fill(Side.BUY, "1", order="b"))))
        assert book.names == []
        book.see(bar(3, booked=(fill(Side.SELL, "9", order="c"),)))
        assert book.names == ["day_orders"]
        assert book.override("day_orders").until_ts_ms == NEXT_MIDNIGHT_MS

    def test_reduce_only_orders_are_free(self) -> None:
        fills = tuple(fill(Side.BUY, "1", order=f"r{n}", reduce_only=True) for n in range(9))
        assert Book().see(bar(0), bar(1, booked=fills)).names == []

    def test_begins_anew_at_midnight(self) -> None:
        book = Book().see(bar(0))
        for hour in range(1, 3):
            book.see(bar(hour, booked=(fill(Side.BUY, "1"),)))
        book.see(bar(24, booked=(fill(Side.BUY, "1"),)), bar(25, booked=(fill(Side.BUY, "1"),)))
        assert book.names == []
        assert book.state.day is not None
        assert len(book.state.day.opening_orders) == 1

    def test_after_a_night_without_bars_the_fill_belongs_to_the_new_day(self) -> None:
        book = Book().see(bar(0))
        for hour in range(1, 3):
            book.see(bar(hour, booked=(fill(Side.BUY, "1"),)))
        assert book.see(bar(30, booked=(fill(Side.BUY, "1"),))).names == []

    def test_ends_with_the_day(self) -> None:
        book = Book().see(bar(0), bar(1, booked=tuple(fill(Side.BUY, "1") for _ in range(3))))
        assert book.see(bar(23)).names == ["day_orders"]
        assert book.see(bar(24)).names == []


class TestLosingStreak:
    @pytest.mark.parametrize(
        ("bars", "streak"),
        [
            ([["-100"]], 1),
            ([["-99.99"]], 0),
            ([["-100"], ["-50"], ["-100"]], 2),
            ([["-100"], ["0"], ["-100"]], 2),
            ([["-100"], ["0.01"], ["-100"]], 1),
            ([["-100", "-100", "-100"]], 1),
            ([["-100"], ["-100", "-500"]], 2),
            ([["-100"], ["-100", "5"]], 1),
            ([["-100"], ["5", "-100"]], 1),
            ([["-100"], ["5", "-1"]], 0),
        ],
        ids=[
            "a loss of .1 % of equity counts",
            "a smaller one does not",
            "nor does it interrupt",
            "nor does a trip that earned nothing",
            "any gain resets",
            "those closed in one bar count once",
            "in each bar",
            "a gain in the same bar resets before its loss counts",
            "in whichever order",
            "a gain beside a small loss resets",
        ],
    )
    def test_counting(self, bars: list[list[str]], streak: int) -> None:
        book = Book().see(bar(0))
        for hour, results in enumerate(bars, start=1):
            booked = [entry for n, result in enumerate(results) for entry in trip(result, f"C{n + 1}USDT")]
            book.see(bar(hour, booked=tuple(booked)))
        assert book.state.losing_streak == streak

    def test_reduces_for_24_hours(self) -> None:
        book = Book().see(bar(0), bar(1, booked=trip("-200")), bar(2, booked=trip("-200")))
        assert book.names == []
        book.see(bar(3, booked=trip("-200")))
        assert book.override("losing_streak").until_ts_ms == MIDNIGHT_MS + 27 * HOUR_MS
        assert book.override("losing_streak").reason == "3 losing round trips in a row (limit 3)"
        assert book.see(bar(26)).names == ["losing_streak"]
        assert book.see(bar(27)).names == []

    def test_further_losses_do_not_prolong_the_pause(self) -> None:
        book = Book().see(bar(0), *(bar(hour, booked=trip("-200")) for hour in (1, 2, 3, 9)))
        assert book.override("losing_streak").until_ts_ms == MIDNIGHT_MS + 27 * HOUR_MS

    def test_the_first_loss_after_the_pause_begins_the_next(self) -> None:
        book = Book().see(bar(0), *(bar(hour, booked=trip("-200")) for hour in (1, 2, 3)), bar(27))
        assert book.names == []
        assert book.see(bar(28, booked=trip("-200"))).names == ["losing_streak"]

    def test_a_gain_after_the_pause_begins_anew(self) -> None:
        book = Book().see(bar(0), *(bar(hour, booked=trip("-200")) for hour in (1, 2, 3)))
        book.see(bar(28, booked=trip("1")), bar(29, booked=trip("-200")))
        assert book.names == []

    def test_a_trip_is_judged_when_it_is_closed_with_all_it_cost(self) -> None:
        book = Book().see(bar(0), bar(1, booked=(fill(Side.BUY, "1", "10000", fee="60"),)))
        book.see(bar(2, booked=(fill(Side.SELL, "0.5", "10000", fee="20"),)))
        assert book.state.losing_streak == 0
        book.see(bar(3, booked=(fill(Side.SELL, "1", "10000", fee="40"),)))
        assert book.state.losing_streak == 1
        (reversed_trip,) = book.state.trips
        assert reversed_trip.quantity == Decimal("-0.5")


class TestCooldown:
    def exit(self, hour: float, side: Side = Side.BUY, symbol: str = "C1USDT") -> Book:
        return Book().see(bar(0), bar(hour, exits=(ProtectiveExit(symbol, side),)))

    def sides(self, book: Book) -> tuple[list[str], list[str]]:
        cooldowns = book.state.cooldowns
        return (
            [cooldown.symbol for cooldown in cooldowns if cooldown.side is Side.BUY],
            [cooldown.symbol for cooldown in cooldowns if cooldown.side is Side.SELL],
        )

    def test_concerns_its_symbol_and_side_only(self) -> None:
        assert self.sides(self.exit(1)) == (["C1USDT"], [])
        assert self.sides(self.exit(1, Side.SELL)) == ([], ["C1USDT"])
        assert self.exit(1).trading_state is ACTIVE

    def test_lasts_24_bars(self) -> None:
        book = self.exit(1).see(bar(24))
        assert self.sides(book) == (["C1USDT"], [])
        book.see(bar(25))
        assert self.sides(book) == ([], [])
        assert [change.message for change in book.changes] == [
            "cooldown of long C1USDT ended: 24 bars are over"
        ]

    @pytest.mark.parametrize(
        ("side", "forecast", "ends"),
        [
            (Side.BUY, -0.01, True),
            (Side.BUY, 0.01, False),
            (Side.BUY, 0.0, False),
            (Side.SELL, 0.01, True),
            (Side.SELL, -0.01, False),
        ],
    )
    def test_ends_when_the_forecast_has_the_other_sign(self, side: Side, forecast: float, ends: bool) -> None:
        book = self.exit(1, side).see(bar(2, forecast={"C1USDT": forecast}))
        assert (self.sides(book) == ([], [])) is ends

    def test_another_exit_begins_the_24_bars_anew(self) -> None:
        book = self.exit(1).see(bar(20, exits=(ProtectiveExit("C1USDT", Side.BUY),)))
        assert self.sides(book.see(bar(43))) == (["C1USDT"], [])
        assert self.sides(book.see(bar(44))) == ([], [])

    def test_a_stop_in_two_fills_is_one_exit(self) -> None:
        exits = (ProtectiveExit("C1USDT", Side.BUY),) * 2
        assert len(Book().see(bar(0), bar(1, exits=exits)).state.cooldowns) == 1


class TestDrawdown:
    @pytest.mark.parametrize(
        ("equity", "state"), [(102_000.01, ACTIVE), (102_000.0, HALTED), (0.0, HALTED), (-5.0, HALTED)]
    )
    def test_halts_and_flattens_at_its_limit(self, equity: float, state: TradingState) -> None:
        book = Book().see(bar(1, equity=equity, high_water_mark=120_000.0))
        assert book.trading_state is state
        assert [change.flatten for change in book.changes] == [True] * (state is HALTED)

    def test_only_resume_ends_it(self) -> None:
        book = Book().see(bar(1, equity=85_000.0))
        assert book.override("drawdown").ends == OPERATOR
        assert book.changes[0].event(0).level == "ERROR"
        for hour in range(2, 24 * 40):
            book.see(bar(hour, equity=85_000.0))
        assert book.trading_state is HALTED
        assert resume(book.state.overrides) == ()

    def test_says_it_once(self) -> None:
        book = Book().see(bar(1, equity=85_000.0), bar(2, equity=84_000.0))
        assert book.changes == ()

    def test_after_a_resume_that_moved_the_high_water_mark_it_stays_quiet(self) -> None:
        book = Book().see(bar(1, equity=85_000.0))
        book.state = replace(book.state, overrides=resume(book.state.overrides))
        assert book.see(bar(2, equity=85_000.0, high_water_mark=85_000.0)).trading_state is ACTIVE
        assert book.see(bar(3, equity=85_000.0)).trading_state is HALTED


def test_a_fresh_book_begins_its_day_with_the_first_bar() -> None:
    book = Book().see(bar(5, equity=90_000.0, high_water_mark=90_000.0))
    assert book.state == GuardState(day=book.state.day)
    assert book.state.day is not None
    assert book.state.day.opening_equity == 90_000.0
