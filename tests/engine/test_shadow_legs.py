"""The books of signals that hold several instruments on a coin, by hand: what their legs earn, are paid and cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import shadow_kernel as at
from engine.feeds.feed import LEG_ROWS, FundingSettlement
from engine.market_legs import LegMarket
from engine.shadow_legs import LegBooks
from engine.shadow_terms import Terms
from store.records import Instrument, InstrumentKind, OptionRight
from strategies.registry import BUILT_IN
from strategies.signal import Signal
from tests.engine.decision_worlds import loose_limits
from tests.engine.test_neutral_book import instrument

Floats = NDArray[np.float64]
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = 40 * DAY_MS
BUDGET, FEE, SPREAD, OPTION_SPREAD = 0.2, 0.0005, 0.0001, 0.015
RATE = FEE + SPREAD
PERPETUAL = instrument("BTCUSDT")
SPOT = replace(PERPETUAL, symbol="BTCSPOT", kind=InstrumentKind.SPOT)
NEAR, NEXT = (
    replace(PERPETUAL, symbol=f"BTC{name}", kind=InstrumentKind.FUTURE, expiry_ms=START_MS + hours * HOUR_MS)
    for name, hours in (("NEAR", 100), ("NEXT", 900))
)
NO = float("nan")


def signal(name: str) -> Signal:
    return next(kind.build(kind.settings()) for kind in BUILT_IN if kind.name == name)


def option(right: OptionRight, strike: float, hours: int) -> Instrument:
    return replace(
        PERPETUAL,
        symbol=f"BTC{hours}{right.name[0]}{strike:g}",
        kind=InstrumentKind.OPTION,
        expiry_ms=START_MS + hours * HOUR_MS,
        strike=Decimal(str(strike)),
        right=right,
    )


@dataclass(slots=True)
class Desk:
    """A market of one coin and what is listed beside it, bar by bar, and the books of signals in it."""

    signals: Sequence[Signal]
    legs: tuple[Instrument, ...] = (SPOT, NEAR, NEXT)
    band: float = 0.0
    bar_ms: int = HOUR_MS
    market: Any = None
    books: LegBooks = field(init=False)
    sums: Floats = field(init=False)

    def __post_init__(self) -> None:
        legs = LegMarket(self.legs, [PERPETUAL], self.bar_ms)
        one = np.full(1, NO)
        self.market = SimpleNamespace(
            symbols=("BTCUSDT",), legs=legs, last_close=one, now_ms=START_MS, row=None, readings=None
        )
        self.sums = np.zeros((len(self.signals), at.DAY_COLUMNS))
        self.books = self.opened()

    def opened(self) -> LegBooks:
        limits = loose_limits(neutral_budget=BUDGET, buffer_fraction=self.band)
        terms = Terms.of([PERPETUAL], SPREAD * 1e4, limits, OPTION_SPREAD * 1e4)
        return LegBooks(self.signals, self.market, terms)

    def bar(
        self,
        perpetual: float,
        legs: Sequence[float],
        said: float = NO,
        funding: Mapping[int, float] | None = None,
        rates: Mapping[str, float] | None = None,
        marks: tuple[float, float] | None = None,
        account: Sequence[float] = (),
        weight: float = 0.0,
        listed: tuple[Instrument, ...] | None = None,
        venues: tuple[int, int] = (1, 2),
    ) -> Floats:
        """The next bar, its closes, funding by the minutes after its open, and what every signal says at its close."""
        market, open_ms = self.market, self.market.now_ms
        bars = np.tile(np.array(legs), (LEG_ROWS, 1))
        market.legs.fold(open_ms, bars[:, np.newaxis], market.legs.instruments if listed is None else listed)
        market.now_ms = open_ms + self.bar_ms
        market.last_close = np.array([perpetual])
        settled = [
            FundingSettlement(open_ms + at_min * 60_000, 0, rate) for at_min, rate in (funding or {}).items()
        ]
        known = {name: np.array([value]) for name, value in (rates or {}).items()}
        market.row = SimpleNamespace(
            open_ms=open_ms,
            funding=settled,
            inputs=known,
            legs=bars,
            elsewhere=None if marks is None else np.array(marks)[:, np.newaxis],
        )
        count = len(self.signals)
        numbers = {"short_venue": np.array([float(venues[0])]), "long_venue": np.array([float(venues[1])])}
        market.readings = SimpleNamespace(
            value=np.full((count, 1), said), confidence=np.ones((count, 1)), statistics=(numbers,) * count
        )
        sums = self.books.fold(market.now_ms, np.full(count, weight), np.array(account))
        self.sums += sums
        return sums

    def reopened(self) -> None:
        """As a restart would: the same market, the books as they were stored."""
        stored = json.loads(json.dumps(self.books.dump()))
        self.books = self.opened()
        self.books.take(stored, [each.name for each in self.signals])


def units(desk: Desk) -> dict[str, float]:
    held = desk.books._held[0, 0]
    return {name: float(n) for name, n in zip(desk.books._columns.names, held, strict=True) if n}


def test_a_pair_at_flat_prices_earns_its_funding_less_what_its_four_trades_cost() -> None:
    """Half the budget, .1, each side; .0001 three times, the first one stamped as the pair is opened."""
    desk, flat = Desk([signal("A4")]), (100.0, 100.0, 100.0)
    desk.bar(100.0, flat, said=1.0)
    assert units(desk) == pytest.approx({"BTCUSDT": -0.001, "BTCSPOT": 0.001})
    desk.bar(100.0, flat, said=1.0, funding={0: 0.0001})
    desk.bar(100.0, flat, said=1.0, funding={0: 0.0001, 30: 0.0001})
    desk.bar(100.0, flat, said=0.0)
    assert desk.sums[0, at.GROSS] == pytest.approx(0.1 * 2 * 0.0001, abs=1e-15)
    assert desk.sums[0, at.COST] == pytest.approx(4 * 0.1 * RATE, abs=1e-15)
    assert desk.sums[0, at.TURNOVER] == pytest.approx(0.4)
    assert units(desk) == {}


def test_a_pair_is_paid_on_what_was_held_when_it_was_settled_at_the_close_before() -> None:
    desk = Desk([signal("A4")])
    desk.bar(100.0, (100.0, 1.0, 1.0), said=1.0)
    desk.bar(110.0, (110.0, 1.0, 1.0), said=1.0)
    sums = desk.bar(120.0, (120.0, 1.0, 1.0), said=1.0, funding={0: 0.001})
    assert sums[0, at.GROSS] == pytest.approx(0.001 * 110.0 * 0.001)
    desk.bar(120.0, (120.0, 1.0, 1.0), said=0.0)
    closed_as_it_settles = desk.bar(120.0, (120.0, 1.0, 1.0), said=0.0, funding={0: 0.001})
    assert closed_as_it_settles[0, at.GROSS] == pytest.approx(0.001 * 120.0 * 0.001)


def test_prices_alone_trade_nothing_and_a_pair_earns_what_they_part_by() -> None:
    desk = Desk([signal("A4")])
    for perpetual, spot in ((101.0, 100.0), (140.0, 141.0), (60.0, 60.5), (90.0, 90.0)):
        desk.bar(perpetual, (spot, 1.0, 1.0), said=1.0)
    assert desk.sums[0, at.TURNOVER] == pytest.approx(0.2)
    assert desk.sums[0, at.GROSS] == pytest.approx(0.1 / 100.0 * (90 - 100) - 0.1 / 101.0 * (90 - 101))


def test_a_change_within_the_band_is_not_traded() -> None:
    desk = Desk([signal("A4")], band=0.2)
    for said, turnover in ((1.0, 0.2), (0.85, 0.0), (0.8, 0.04), (0.7, 0.0), (0.0, 0.16)):
        sums = desk.bar(100.0, (100.0, 1.0, 1.0), said=said)
        assert sums[0, at.TURNOVER] == pytest.approx(turnover), said


def test_a_future_converges_is_settled_without_a_fee_and_the_pair_goes_on_with_the_next() -> None:
    """Sold at 104 against the coin at 100, both 120 at the expiry: .1 (120 / 100 - 1) - .1 (120 / 104 - 1). Then the
    coin is what .1 buys at 120, and the next future is sold at 125."""
    desk = Desk([signal("A7")])
    desk.market.now_ms += 97 * HOUR_MS
    desk.bar(100.0, (100.0, 102.0, 104.0), said=1.0)
    assert units(desk) == pytest.approx({"BTCSPOT": 0.001, "BTCNEXT": -0.1 / 104.0}), (
        "near has too little to run"
    )
    desk = Desk([signal("A7")])
    desk.bar(100.0, (100.0, 104.0, 106.0), said=1.0)
    assert units(desk) == pytest.approx({"BTCSPOT": 0.001, "BTCNEAR": -0.1 / 104.0})
    desk.market.now_ms = START_MS + 98 * HOUR_MS
    desk.bar(110.0, (110.0, 111.0, 115.0), said=1.0)
    assert desk.sums[0, at.TURNOVER] == pytest.approx(0.2), "held until it ends"
    opened = desk.sums[0].copy()
    last = desk.bar(120.0, (120.0, 120.0, 125.0), said=1.0)[0]
    assert desk.sums[0, at.GROSS] == pytest.approx(0.1 * 0.2 - 0.1 * (120 / 104 - 1))
    assert units(desk) == pytest.approx({"BTCSPOT": 0.1 / 120, "BTCNEXT": -0.1 / 125})
    assert last[at.TURNOVER] == pytest.approx((0.001 - 0.1 / 120) * 120 + 0.1)
    assert opened[at.COST] + last[at.COST] == pytest.approx((0.2 + last[at.TURNOVER]) * RATE)


def test_a_coin_is_never_sold_short_and_silence_lasts_as_long_as_a_hold() -> None:
    desk = Desk([signal("A4")])
    desk.bar(100.0, (100.0, 1.0, 1.0), said=-1.0)
    assert units(desk) == {}
    desk.bar(100.0, (100.0, 1.0, 1.0), said=1.0)
    for _ in range(72):
        desk.bar(100.0, (100.0, 1.0, 1.0))
    assert len(units(desk)) == 2
    desk.bar(100.0, (100.0, 1.0, 1.0))
    assert units(desk) == {}


def test_perpetuals_at_two_venues_earn_what_one_pays_more_and_what_their_marks_part_by() -> None:
    """Short where it is traded at 101, long at the second venue at 100; funding .0003 here, .0001 there."""
    desk = Desk([signal("A8")])
    assert desk.books.no_book(0) == "no price for its legs at other venues"
    desk.bar(101.0, (1.0, 1.0, 1.0), said=0.5, marks=(100.0, 99.0))
    assert desk.books.no_book(0) == ""
    assert units(desk) == pytest.approx({"BTCUSDT": -0.05 / 101, "BTCUSDT 2": 0.05 / 100})
    desk.bar(102.0, (1.0, 1.0, 1.0), said=0.5, marks=(102.0, 99.0))
    paid: dict[str, Any] = {
        "marks": (102.0, 99.0),
        "rates": {"funding_rate_2": 0.0001, "funding_rate_3": 0.5},
    }
    sums = desk.bar(102.0, (1.0, 1.0, 1.0), said=0.5, **paid, funding={0: 0.0003})
    assert sums[0, at.GROSS] == pytest.approx(0.05 / 101 * 102 * 0.0003 - 0.05 / 100 * 102 * 0.0001)
    assert desk.sums[0, at.GROSS] - sums[0, at.GROSS] == pytest.approx(0.05 * (0.02 - 1 / 101))
    desk.bar(102.0, (1.0, 1.0, 1.0), said=0.5, **paid, venues=(2, 3))
    assert units(desk) == pytest.approx({"BTCUSDT 2": -0.05 / 102, "BTCUSDT 3": 0.05 / 99})
    assert desk.sums[0, at.COST] == pytest.approx(desk.sums[0, at.TURNOVER] * RATE)


def test_a_side_without_a_price_holds_neither() -> None:
    desk = Desk([signal("A4")])
    desk.bar(100.0, (NO, 1.0, 1.0), said=1.0)
    assert units(desk) == {}
    assert Desk([signal("A4")], legs=(NEXT,)).books.no_book(0).startswith("no price for its legs: spot")
    assert Desk([signal("A9")]).books.no_book(0) == "no price for its legs: options are not listed"


def test_what_the_account_holds_beside_the_universe_earned_for_the_signals_that_want_it() -> None:
    """A4 and A7 both hold the coin, A7 alone the future, which still earns in the bar it is settled in."""
    desk = Desk([signal("A4"), signal("A7")])
    desk.bar(100.0, (100.0, 104.0, 106.0), said=1.0, weight=0.5, account=(0.2, -0.1, 0.0))
    sums = desk.bar(110.0, (110.0, 112.0, 116.0), said=1.0, weight=0.5, account=(0.22, -0.112, 0.0))
    coin, future = 0.002 * 10.0, -0.001 * 8.0
    assert sums[:, at.ATTRIBUTION] == pytest.approx([coin / 2, coin / 2 + future])
    desk.market.now_ms = START_MS + 99 * HOUR_MS
    sums = desk.bar(110.0, (110.0, 110.0, 116.0), said=1.0, weight=0.5, account=(0.22, 0.0, -0.116))
    assert sums[:, at.ATTRIBUTION] == pytest.approx([0.0, -0.001 * -2.0])
    nobody = desk.bar(120.0, (120.0, NO, 120.0), said=0.0, weight=0.5, account=(0.24, 0.0, -0.12))
    assert nobody[1, at.ATTRIBUTION] == pytest.approx(0.5 * 0.002 * 10 - 0.001 * 4)
    assert desk.bar(130.0, (130.0, NO, 130.0), said=0.0, account=(0.26, 0.0, 0.0))[
        :, at.ATTRIBUTION
    ].tolist() == [0, 0]


def series(hours: int) -> tuple[Instrument, ...]:
    """A call and a put at the money, and one of each out of it."""
    call, put = OptionRight.CALL, OptionRight.PUT
    return tuple(option(*each, hours) for each in ((call, 100.0), (put, 100.0), (call, 110.0), (put, 95.0)))


FIRST, OVER, LATER = series(100), series(-50), series(800)
PREMIUMS = (5.0, 5.0, 3.0, 2.5)
NONE = (NO, NO, NO, NO)


def worth(price: float) -> tuple[float, ...]:
    """A series at its end."""
    return (max(price - 100, 0), max(100 - price, 0), max(price - 110, 0), max(95 - price, 0))


def held_to_expiry(name: str, price: float) -> Desk:
    """Sold with the coin at 100, the coin at `price` when it ends."""
    desk = Desk([signal(name)], legs=(SPOT, *FIRST))
    desk.bar(100.0, (100.0, *PREMIUMS), said=1.0)
    desk.bar(90.0, (90.0, 1.0, 9.0, 0.0, 4.0), said=1.0)
    desk.market.now_ms = START_MS + 99 * HOUR_MS
    desk.bar(price, (price, *worth(price)), said=1.0)
    return desk


@pytest.mark.parametrize(("price", "profit"), [(80.0, -17.0), (97.0, 0.0), (110.0, 13.0), (130.0, 13.0)])
def test_a_covered_call_earns_what_its_signal_says_at_expiry(price: float, profit: float) -> None:
    """Half the budget, .1, of the coin and as many calls; the coin is sold at the expiry, the call is not bought."""
    desk, size = held_to_expiry("C7", price), 0.1 / 100.0
    assert desk.sums[0, at.GROSS] == pytest.approx(size * profit, abs=1e-15)
    options = 3.0 * (FEE + OPTION_SPREAD)
    assert desk.sums[0, at.COST] == pytest.approx(size * ((100.0 + price) * RATE + options))
    assert units(desk) == {}


@pytest.mark.parametrize(("price", "profit"), [(80.0, -12.5), (95.0, 2.5), (97.0, 2.5)])
def test_a_secured_put_earns_what_its_signal_says_at_expiry(price: float, profit: float) -> None:
    """The budget, .2, set aside for strikes of 95."""
    desk, size = held_to_expiry("C8", price), 0.2 / 95.0
    assert desk.sums[0, at.GROSS] == pytest.approx(size * profit, abs=1e-15)
    assert desk.sums[0, at.COST] == pytest.approx(size * 2.5 * (FEE + OPTION_SPREAD))


def test_a_straddle_follows_its_deltas_with_the_perpetual_and_is_paid_for_both() -> None:
    """At the money 5 is a forward of (2 N(d) - 1) of 100: the call's delta is .525, the put's -.475, their sum .05."""
    desk = Desk([signal("A9")], legs=(SPOT, *FIRST))
    desk.bar(100.0, (100.0, *PREMIUMS), said=1.0)
    call, put = FIRST[0].symbol, FIRST[1].symbol
    assert units(desk) == pytest.approx({call: -0.001, put: -0.001, "BTCUSDT": 0.001 * 0.05}, rel=1e-6)
    sums = desk.bar(104.0, (104.0, 8.0, 4.0, 3.0, 2.5), said=1.0, funding={0: 0.001, 30: 0.001})
    assert sums[0, at.GROSS] == pytest.approx(
        -0.001 * (3.0 - 1.0) + 5e-5 * 4.0 - 5e-5 * 100.0 * 0.001, rel=1e-6
    )
    deltas = desk.books._options.deltas(desk.market.legs)[1:3].sum()
    hedge = 0.001 * float(deltas)
    assert 0.2 < deltas < 0.5
    assert units(desk) == pytest.approx({call: -0.001, put: -0.001, "BTCUSDT": hedge}, rel=1e-6)
    assert sums[0, at.COST] == pytest.approx((hedge - 5e-5) * 104.0 * RATE, rel=1e-6)
    desk.bar(104.0, (104.0, 8.0, 4.0, 3.0, 2.5), said=-1.0)
    assert units(desk)[call] == pytest.approx(0.001)


@pytest.mark.parametrize("name", ["A9", "C7", "C8"])
def test_what_has_ended_is_followed_by_the_series_that_is_listed_next(name: str) -> None:
    """Which has its strikes of the hour that comes, and nobody sells it before."""
    desk = Desk([signal(name)], legs=(SPOT, *FIRST, *OVER))
    desk.bar(100.0, (100.0, *PREMIUMS, *NONE), said=1.0)
    began = set(units(desk))
    desk.market.now_ms = START_MS + 98 * HOUR_MS
    listed, later_prices = (SPOT, *FIRST, *LATER), (9.0, 4.0, 3.0, 2.5)
    desk.bar(100.0, (100.0, *PREMIUMS, *later_prices), said=1.0, listed=listed)
    assert set(units(desk)) == began, "what is held runs to its end"
    desk.bar(105.0, (105.0, *worth(105.0), *later_prices), said=1.0)
    assert set(units(desk)) == ({"BTCSPOT"} if name == "C7" else set())
    desk.bar(105.0, (105.0, *NONE, *later_prices), said=1.0)
    sold = {each for each, size in units(desk).items() if size < 0.0 and each != "BTCUSDT"}
    later = [leg.symbol for leg in LATER]
    assert sold == {"A9": set(later[:2]), "C7": {later[2]}, "C8": {later[3]}}[name]


@pytest.mark.parametrize("name", ["A4", "A7", "A8", "A9", "C7", "C8"])
def test_a_restart_anywhere_goes_on_to_the_last_digit(name: str) -> None:
    """Through the expiry of a future and of a series of options."""
    draw = np.random.default_rng(5)
    start, end = (SPOT, NEAR, NEXT, *FIRST, *OVER), (SPOT, NEAR, NEXT, *FIRST, *LATER)
    whole, parts = Desk([signal(name)], legs=start), Desk([signal(name)], legs=start)
    for bar in range(110):
        perpetual, legs = 100 + draw.normal(), tuple(100 + draw.normal(size=3))
        premiums = (np.array(PREMIUMS) * np.exp(0.1 * draw.normal(size=4))).tolist()
        options = (
            (*premiums, *NONE) if bar < 99 else (*worth(legs[0]), *NONE) if bar == 99 else (*NONE, *premiums)
        )
        said = NO if draw.random() < 0.3 else float(draw.random())
        marks, rates = 100 + draw.normal(size=2), {"funding_rate_2": draw.normal() / 1e4}
        told: dict[str, Any] = {"said": said, "marks": marks, "rates": rates, "weight": 0.5}
        told |= {"account": (0.1, 0.05, -0.1, *[-0.02] * 8), "listed": start if bar < 100 else end}
        told |= {"funding": {0: draw.normal() / 1e4} if bar % 8 == 0 else None}
        closes = (*legs, *options)
        assert parts.bar(perpetual, closes, **told).tolist() == whole.bar(perpetual, closes, **told).tolist()
        parts.reopened()
    assert whole.sums[0, at.GROSS]
    assert whole.sums[0, at.COST]
    assert whole.sums[0, at.ATTRIBUTION] or name == "A8"
