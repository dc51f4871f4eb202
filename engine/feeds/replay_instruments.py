"""What a recorded market can be traded in: steps inferred from its own prices, where nobody wrote them down."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from store.history_names import base_and_quote
from store.records import Instrument, InstrumentKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BARS_LOOKED_AT = 200
_MOST_DECIMALS = 8
_MIN_NOTIONAL = Decimal(5)
LEAST_TICKS = 100
"""How many ticks a price keeps at least, before its venue lists a finer tick."""


def inferred_instrument(
    symbol: str,
    kind: InstrumentKind,
    prices: NDArray[np.float64],
    lowest: float,
    funding_interval_ms: int | None,
) -> Instrument:
    """An instrument whose tick is the last decimal seen in `prices` (any shape, first price first, USD per unit), or
    finer where the `lowest` price of all lies far below them.

    The lot is the power of ten worth about 1 USD or less at the first price.
    """
    values = [Decimal(repr(price)) for price in prices.ravel().tolist()]
    base, quote = base_and_quote(symbol)
    lot = lot_at(values[0])
    instrument = Instrument(
        symbol=symbol,
        kind=kind,
        base=base,
        quote=quote,
        tick=tick_after_fall(tick_of(values), min(values), Decimal(repr(lowest))),
        lot=lot,
        min_quantity=lot,
        min_notional=_MIN_NOTIONAL,
    )
    if funding_interval_ms is None:
        return instrument
    return replace(instrument, funding_interval_ms=funding_interval_ms)


def tick_of(prices: list[Decimal]) -> Decimal:
    """The step of the most decimals any price has, at least 1e-8."""
    decimals = max(-int(price.normalize().as_tuple().exponent) for price in prices)
    return Decimal(10) ** -min(max(decimals, 0), _MOST_DECIMALS)


def tick_after_fall(tick: Decimal, seen: Decimal, lowest: Decimal) -> Decimal:
    """`tick`, unless prices fell below the least one `seen` and below `LEAST_TICKS` of them: then a power of ten that
    the `lowest` price has a thousand of, at least 1e-8."""
    if lowest >= seen or lowest >= LEAST_TICKS * tick:
        return tick
    return min(tick, Decimal(10) ** max(lowest.adjusted() - 3, -_MOST_DECIMALS))


def lot_at(price: Decimal) -> Decimal:
    """The largest power of ten that is worth 1 or less at this price."""
    is_power_of_ten = price.normalize().as_tuple().digits == (1,)
    return Decimal(10) ** (-price.adjusted() if is_power_of_ten else -price.adjusted() - 1)
