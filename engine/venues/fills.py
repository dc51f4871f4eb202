"""The fill rules of a bar, and nothing else: prices in, an execution price in whole ticks out.

Signs are +1 for a buy and -1 for a sell. Every price is rounded to the tick against us: up for a buy, down
for a sell. Plain float arithmetic only, so that a compiled driver can use the same functions and get the same
ticks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

TICK_TOLERANCE = 1e-6
"""In ticks: far below one tick, and above what dividing two floats can be off."""

LOT_TOLERANCE = 1e-9
"""In lots: 0.3 / 0.1 is 2.9999999999999996 and means 3."""


class SymbolBar(NamedTuple):
    """One symbol's bar and what its costs depend on; volumes in base units, `sigma_daily` per day."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    previous_close: float
    previous_volume: float
    volume_24h: float
    sigma_daily: float

    @property
    def missing(self) -> bool:
        """True where the source has no bar: a price is NaN, or nothing traded."""
        return not (self.open > 0 and self.high > 0 and self.low > 0 and self.close > 0 and self.volume > 0)


class Level(NamedTuple):
    """A price on the tick grid, as ticks and as the float that compares with the prices of a bar."""

    ticks: int
    price: float


class Execution(NamedTuple):
    """The price of a fill in ticks, and whether the order was resting there first."""

    ticks: int
    maker: bool


def impact(base_quantity: float, volume_24h: float, sigma_daily: float, coefficient: float) -> float:
    """Square-root impact as a fraction of price, Y sigma_d sqrt(Q / V_d) (Toth et al. 2011).

    A quantity above a day's volume, or an unknown volume, counts as the whole day's.
    """
    participation = base_quantity / volume_24h if volume_24h > 0 else 1.0
    return coefficient * sigma_daily * math.sqrt(min(participation, 1.0))


def ticks_against(price: float, sign: int, tick: float) -> int:
    """`price` in whole ticks, rounded up for a buy and down for a sell, at least 1."""
    ticks = price / tick
    rounded = math.ceil(ticks - TICK_TOLERANCE) if sign > 0 else math.floor(ticks + TICK_TOLERANCE)
    return max(rounded, 1)


def room_lots(previous_volume: float, share: float, base_per_lot: float) -> int:
    """Whole lots that may fill in a bar: `share` of the decision bar's volume, none where that is unknown."""
    return math.floor(share * previous_volume / base_per_lot + LOT_TOLERANCE) if previous_volume > 0 else 0


def market(reference: float, sign: int, cost: float, tick: float) -> Execution:
    """A taker at `reference` made worse by `cost` (fraction of price: half spread plus impact)."""
    return Execution(ticks_against(reference * (1.0 + sign * cost), sign, tick), maker=False)


def crosses(bar: SymbolBar, sign: int, limit: Level) -> bool:
    """True where a limit order would take at the open."""
    return bar.open <= limit.price if sign > 0 else bar.open >= limit.price


def limit(bar: SymbolBar, sign: int, level: Level, cost: float, tick: float) -> Execution | None:
    """A limit order: the market has to trade through its limit, touching it is not enough.

    Crossed at the open it takes like a market order, never beyond its limit; else it makes at its limit.
    """
    through = bar.low < level.price if sign > 0 else bar.high > level.price
    if not through:
        return None
    if not crosses(bar, sign, level):
        return Execution(level.ticks, maker=True)
    taken = market(bar.open, sign, cost, tick).ticks
    return Execution(min(taken, level.ticks) if sign > 0 else max(taken, level.ticks), maker=False)


def stop_triggers(bar: SymbolBar, sign: int, trigger: Level) -> bool:
    """A buy stop lies above the market, a sell stop below; reaching it is enough."""
    return bar.high >= trigger.price if sign > 0 else bar.low <= trigger.price


def trailing(close: float, sign: int, offset_ticks: int, tick: float) -> int:
    """The trigger in ticks of a stop that trails `close`: above it for a buy, below it for a sell."""
    return ticks_against(close, sign, tick) + sign * offset_ticks


def stop(bar: SymbolBar, sign: int, trigger: Level, cost: float, tick: float) -> Execution:
    """A triggered stop takes at its trigger, or at the open where the market gapped beyond it."""
    reference = max(bar.open, trigger.price) if sign > 0 else min(bar.open, trigger.price)
    return market(reference, sign, cost, tick)


def target_triggers(bar: SymbolBar, sign: int, trigger: Level) -> bool:
    """A take-profit rests in the book: the market has to trade through it."""
    return bar.low < trigger.price if sign > 0 else bar.high > trigger.price


def target(bar: SymbolBar, sign: int, trigger: Level, tick: float) -> Execution:
    """A triggered take-profit makes at its trigger, or takes at an open beyond it."""
    if sign > 0:
        return Execution(ticks_against(min(bar.open, trigger.price), sign, tick), bar.open >= trigger.price)
    return Execution(ticks_against(max(bar.open, trigger.price), sign, tick), bar.open <= trigger.price)
