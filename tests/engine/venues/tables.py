"""Bars in, fills out: the small language the venue's tables are written in.

One market of one or more symbols, bars of one hour from the start of time. Costs are chosen so that prices can be
checked by eye: half a spread of 10 bps and no impact unless a table asks for it, so a taker pays 0.1 at 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from engine.feeds.feed import FundingSettlement
from engine.venues.account import Account
from engine.venues.config import VenueConfig
from engine.venues.filters import check
from engine.venues.market_step import MarketStep
from engine.venues.matching import play
from store.records import (
    ZERO,
    Fill,
    Instrument,
    InstrumentKind,
    Order,
    OrderPurpose,
    OrderType,
    Side,
)

HOUR_MS = 3_600_000
SYMBOL = "BTCUSDT"
COSTS = VenueConfig(half_spread_bps=10, impact_coefficient=0)

Prices = tuple[float, ...]
"""Open, high, low, close and, where it is not 1000, the volume."""

MISSING: Prices = (float("nan"),) * 4


def instrument(symbol: str = SYMBOL, /, **changes: object) -> Instrument:
    """A perpetual with round steps and round fees."""
    plain = Instrument(
        symbol=symbol,
        kind=InstrumentKind.PERPETUAL,
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        tick=Decimal("0.1"),
        lot=Decimal("0.01"),
        min_quantity=Decimal("0.05"),
        min_notional=Decimal(10),
        maker_fee_rate=Decimal("0.0002"),
        taker_fee_rate=Decimal("0.001"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def step(
    index: int,
    *columns: Prices,
    before: Sequence[Prices] | None = None,
    funding: Iterable[tuple[int, float] | tuple[int, float, int]] = (),
    volume_24h: float = 24_000.0,
    sigma_daily: float = 0.02,
) -> MarketStep:
    """Bar `index`, one column per symbol; `before` are the columns of the bar before it, by default the same.

    `funding` as (milliseconds after the open, rate, symbol index).
    """
    rows = [(*column, 1_000.0)[:5] for column in columns]
    past = [(*column, 1_000.0)[:5] for column in (before or columns)]
    price = np.array(rows, dtype=np.float64).T
    earlier = np.array(past, dtype=np.float64).T
    return MarketStep(
        open_ms=index * HOUR_MS,
        bar_ms=HOUR_MS,
        open=price[0],
        high=price[1],
        low=price[2],
        close=price[3],
        volume=price[4],
        previous_close=earlier[3],
        previous_volume=earlier[4],
        volume_24h=np.full(len(rows), volume_24h),
        sigma_daily=np.full(len(rows), sigma_daily),
        funding=tuple(
            FundingSettlement(index * HOUR_MS + after_ms, symbol[0] if symbol else 0, rate)
            for after_ms, rate, *symbol in funding
        ),
    )


def steps(bars: Sequence[Prices], funding: Mapping[int, Sequence[tuple[int, float]]]) -> list[MarketStep]:
    """One symbol's bars as steps; a missing bar keeps the close before it."""
    result, close, volume = [], float("nan"), 0.0
    for index, bar in enumerate(bars):
        before = (close, close, close, close, volume)
        result.append(step(index, bar, before=[before], funding=funding.get(index, ())))
        if bar is not MISSING:
            close = bar[3]
        volume = 0.0 if bar is MISSING else (*bar, 1_000.0)[4]
    return result


def order(name: str, side: Side, kind: OrderType, quantity: str, after: int = 0, **more: object) -> Order:
    """An order decided at the close of bar `after`."""
    plain = Order(
        client_order_id=name,
        symbol=SYMBOL,
        side=side,
        type=kind,
        purpose=OrderPurpose.OPEN,
        quantity=Decimal(quantity),
        decision_ts_ms=(after + 1) * HOUR_MS,
    )
    for key in ("price", "trigger_offset"):
        if key in more:
            more[key] = Decimal(str(more[key]))
    return replace(plain, **more)  # type: ignore[arg-type]


def buy(name: str, quantity: str, after: int = 0, **more: object) -> Order:
    kind = OrderType.LIMIT if "price" in more else OrderType.MARKET
    return order(name, Side.BUY, kind, quantity, after, **more)


def sell(name: str, quantity: str, after: int = 0, **more: object) -> Order:
    kind = OrderType.LIMIT if "price" in more else OrderType.MARKET
    return order(name, Side.SELL, kind, quantity, after, **more)


def close(name: str, side: Side, quantity: str, after: int = 0) -> Order:
    purpose = OrderPurpose.CLOSE
    return order(name, side, OrderType.MARKET, quantity, after, reduce_only=True, purpose=purpose)


def stop(name: str, side: Side, offset: float, after: int = 0) -> Order:
    """A stop on the whole position, `offset` away from its average entry."""
    return _protective(name, side, OrderType.STOP_MARKET, offset, after)


def trail(name: str, side: Side, offset: float, after: int = 0) -> Order:
    """A stop on the whole position that trails the best close by `offset`, from its average entry on."""
    return _protective(name, side, OrderType.TRAILING_STOP, offset, after)


def target(name: str, side: Side, offset: float, after: int = 0) -> Order:
    """A take-profit on the whole position."""
    return _protective(name, side, OrderType.TAKE_PROFIT, offset, after)


_PURPOSE = {
    OrderType.STOP_MARKET: OrderPurpose.STOP,
    OrderType.TRAILING_STOP: OrderPurpose.TRAIL,
    OrderType.TAKE_PROFIT: OrderPurpose.TARGET,
}


def _protective(name: str, side: Side, kind: OrderType, offset: float, after: int) -> Order:
    more = {"trigger_offset": offset, "whole_position": True, "reduce_only": True, "purpose": _PURPOSE[kind]}
    return order(name, side, kind, "0", after, **more)


@dataclass(frozen=True)
class Case:
    """What the market did, what was ordered, and what must come of it.

    A fill reads "bar order side quantity @ price maker|taker"; `ends` says how orders ended that did not fill.
    """

    title: str
    bars: Sequence[Prices]
    orders: Sequence[Order]
    fills: Sequence[str] = ()
    ends: Mapping[str, str] = field(default_factory=dict)
    funding: Mapping[int, Sequence[tuple[int, float]]] = field(default_factory=dict)
    config: VenueConfig = COSTS
    instrument: Instrument = field(default_factory=instrument)


def account(*instruments: Instrument, config: VenueConfig = COSTS, cash: str = "100000") -> Account:
    """Empty books, in memory only."""
    traded = instruments or (instrument(),)
    by_symbol = {one.symbol: one for one in traded}
    return Account("sim", by_symbol, tuple(by_symbol), config, Decimal(cash))


def play_case(case: Case) -> Account:
    """Play every bar; an order reaches the venue after the close it was decided at."""
    books = account(case.instrument, config=case.config)
    for index, one in enumerate(steps(case.bars, case.funding)):
        play(books, one)
        for wanted in case.orders:
            if wanted.decision_ts_ms == (index + 1) * HOUR_MS:
                check(books, wanted)
                books.accept(wanted)
    return books


def told_fills(books: Account) -> list[str]:
    """Every fill the venue told, as a case writes it."""
    return [told(event.fill) for event in books.recent if event.fill is not None]


def told(fill: Fill) -> str:
    who = "maker" if fill.maker else "taker"
    bar = fill.ts_ms // HOUR_MS
    return f"{bar} {fill.client_order_id} {fill.side} {fill.quantity} @ {fill.price} {who}"


def told_ends(books: Account) -> dict[str, str]:
    """How each order that is over and not filled ended, with the venue's reason."""
    ends = {}
    for event in books.recent:
        if event.report is not None and event.report.reason and event.report.status != "filled":
            ends[event.report.client_order_id] = f"{event.report.status}: {event.report.reason}"
    return ends


def assert_exact(books: Account, initial: str = "100000") -> None:
    """Cash is initial + realised - fees + funding, position by position, to the last digit."""
    booked = sum((p.realised - p.fees + p.funding for p in books.positions.values()), ZERO)
    assert books.cash == Decimal(initial) + booked
