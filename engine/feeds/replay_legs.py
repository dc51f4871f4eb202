"""Coins on the spot market of a recorded market: where a file knows what a coin cost there, it can be held.

Only closes are recorded. Of what happened in between this is assumed: the coin moved as its perpetual did, by the
factor between the two that was known when the bar opened and the one it closed at. It opens at the first, so that an
order decided at a close fills at what was known then; its high and low are those of the perpetual times the larger
and the smaller. A share of the perpetual's volume is traded. A bar without a close of its own is no bar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.feeds.feed import CLOSE, HIGH, LEG_ROWS, LOW, OPEN, VOLUME
from engine.feeds.replay_inputs import ReplayInputs
from engine.market_legs import coins_under
from store.history import History
from store.records import Instrument, InstrumentKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

SPOT = "spot_price"
SPOT_SHARE = 0.3
"""What is traded of a coin on its spot market, for each unit of its perpetual."""


class ReplayLegs:
    """The `instruments` beside the perpetuals of one history, and their bars."""

    def __init__(
        self,
        history: History,
        inputs: ReplayInputs,
        universe: Sequence[Instrument],
        terms: Callable[[Instrument], Instrument],
    ) -> None:
        self._history, self._inputs = history, inputs
        served, known = inputs.served(SPOT), {instrument.symbol for instrument in universe}
        self._columns = [
            place
            for place, perpetual in enumerate(universe)
            if perpetual.kind is InstrumentKind.PERPETUAL
            and place in served
            # Once, however many perpetuals there are on a coin.
            and coins_under([perpetual], universe) == [place]
            and _spot(perpetual).symbol not in known
        ]
        self.instruments = tuple(terms(_spot(universe[place])) for place in self._columns)
        self._ticks_per_unit = [float(1 / universe[place].tick) for place in self._columns]

    def block(self, first_open_ms: int, count: int) -> FloatArray | None:
        """Bars [5, n, L]; None where nothing is listed."""
        import numpy as np

        if not self._columns:
            return None
        before_ms = first_open_ms - self._history.bar_ms
        perpetual = self._history.bars(before_ms, count + 1)[:, :, self._columns]
        spot = self._inputs.in_each_bar(SPOT, before_ms, count + 1)[:, self._columns]
        factor = spot / perpetual[CLOSE]
        now = factor[1:]
        known = np.where(np.isfinite(factor[:-1]), factor[:-1], now)
        bars = np.empty((LEG_ROWS, count, len(self._columns)))
        bars[OPEN] = perpetual[OPEN, 1:] * known
        bars[CLOSE] = spot[1:]
        bars[HIGH] = np.maximum(perpetual[HIGH, 1:] * np.maximum(known, now), bars[OPEN])
        bars[LOW] = np.minimum(perpetual[LOW, 1:] * np.minimum(known, now), bars[OPEN])
        bars[:VOLUME] = np.rint(bars[:VOLUME] * self._ticks_per_unit) / self._ticks_per_unit
        bars[VOLUME] = SPOT_SHARE * perpetual[VOLUME, 1:]
        bars[:, ~np.isfinite(bars).all(axis=0)] = np.nan
        return bars


def _spot(perpetual: Instrument) -> Instrument:
    """The coin itself, in the steps and at the fees of its perpetual."""
    return replace(perpetual, symbol=f"{perpetual.base}SPOT", kind=InstrumentKind.SPOT, leverage=Decimal(1))
