"""What open positions are worth at the newest closes: exact, in whole numbers, because it is asked at every bar.

A position of so many units and a close of n ticks make a value that is n times a constant of the position. That
constant is kept until the position changes; what is left for a bar is one multiplication of integers a symbol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from store.records import ZERO, Instrument, Position

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

MONEY_DIGITS = 8
MONEY_SCALE: int = 10**MONEY_DIGITS
# Closer to the middle between two ticks than this, or further from 0 than that, binary arithmetic could pick the wrong
# one.
SURE_OF_A_TICK = 0.499
SURE_TICKS = 1e12


@dataclass(frozen=True, slots=True)
class Worth:
    """Unrealised profit in quote currency; every position's signed exposure by symbol, which is its value, of
    an option its quantity times its strike; and the sum of their sizes."""

    unrealised: Decimal
    values: Mapping[str, float]
    gross: float


@dataclass(frozen=True, slots=True)
class _Holding:
    """A position as integers: value per tick of price in 1 / `scale` of the quote currency, cost in 10^-8, of an
    option the strikes."""

    position: Position
    index: int
    per_tick: int
    scale: int
    cost: int
    strikes: float


class Valuation:
    """Marks the positions of one ledger; `instruments` in the order of the closes."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._instruments = tuple(instruments)
        self._ticks = tuple(float(instrument.tick) for instrument in self._instruments)
        self._index = {instrument.symbol: index for index, instrument in enumerate(self._instruments)}
        self._holdings: dict[str, _Holding] = {}

    def worth(self, positions: Mapping[str, Position], closes: FloatArray) -> Worth:
        """Every position that is not flat at the tick nearest to its close, halves to the even one."""
        prices, values, profit, gross = closes.tolist(), {}, 0, 0.0
        for symbol, position in positions.items():
            if not position.quantity:
                continue
            holding = self._holdings.get(symbol)
            if holding is None or holding.position is not position:
                holding = self._holdings[symbol] = self._holding(position)
            value = holding.per_tick * self._nearest_tick(holding.index, prices[holding.index])
            counts_strikes = holding.strikes and prices[holding.index] > 0.0
            values[symbol] = holding.strikes if counts_strikes else value / holding.scale
            gross += abs(values[symbol])
            profit += (value if holding.scale == MONEY_SCALE else _money(value, holding.scale)) - holding.cost
        return Worth(Decimal(profit).scaleb(-MONEY_DIGITS) if values else ZERO, values, gross)

    def _holding(self, position: Position) -> _Holding:
        index = self._index[position.symbol]
        per_tick = position.quantity * self._instruments[index].tick
        digits = max(-int(per_tick.as_tuple().exponent), MONEY_DIGITS)
        cost = int(position.cost.scaleb(MONEY_DIGITS))
        strikes = float(position.quantity * self._instruments[index].strike)
        return _Holding(position, index, int(per_tick.scaleb(digits)), 10**digits, cost, strikes)

    def _nearest_tick(self, index: int, close: float) -> int:
        ticks = close / self._ticks[index]
        if ticks < SURE_TICKS and abs(ticks - (nearest := round(ticks))) < SURE_OF_A_TICK:
            return nearest
        return int((Decimal(repr(close)) / self._instruments[index].tick).quantize(Decimal(1)))


def mark_price(instrument: Instrument, close: float) -> Decimal:
    """A close on the instrument's tick, half-even, as exact `Decimal`."""
    return (Decimal(repr(close)) / instrument.tick).quantize(Decimal(1)) * instrument.tick


def _money(value: int, scale: int) -> int:
    """1 / `scale` to 10^-8, half-even."""
    step = scale // MONEY_SCALE
    whole, part = divmod(value, step)
    return whole + (2 * part > step or (2 * part == step and whole % 2 == 1))
