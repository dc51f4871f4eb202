"""How often a rule was right, which takes the place of its prior confidence once enough of its trades have ended.

Nothing in one window says how often a rule is right; its own past does. A rule holds the side its value has on a symbol
from the close of one UTC day until its value at a later one has another sign or none, and was right where the symbol
moved to that side meanwhile. Silence ends nothing. Of n ended trades over all symbols, w of them right, the confidence
is max(0, 2 L - 1), with L the lower end of Wilson's 95 % interval of w / n; below `FEWEST` it stays the prior. So much
as closed before a reading's own bar does counts for it, and all of it follows from the bars alone.

Wilson 1927, Probable inference, J American Statistical Association 22. Trades of several symbols at a time are taken
for independent of each other, which they are not: the interval is narrower than it should be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from strategies.signal import FloatArray, Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from strategies.evaluate import Readings

FEWEST = 100
QUANTILE = 1.959963984540054
"""Of the standard normal distribution, at 97.5 %."""


def wilson_lower(right: int, ended: int) -> float:
    """The lower end of Wilson's 95 % interval of a share, `ended` > 0."""
    share, square = right / ended, QUANTILE * QUANTILE
    spread = QUANTILE * math.sqrt(share * (1.0 - share) / ended + square / (4.0 * ended * ended))
    return (share + square / (2.0 * ended) - spread) / (1.0 + square / ended)


def earned(right: int, ended: int, prior: float) -> float:
    """The confidence of a rule with such a past."""
    return prior if ended < FEWEST else max(0.0, 2.0 * wilson_lower(right, ended) - 1.0)


class TrackRecord:
    """The trades of the rules among signals [K] over symbols [S], those that have a `prior` and hold the symbol itself;
    `ended` and `right` [K] count them, 0 of all others."""

    def __init__(self, signals: Sequence[Signal], symbols: int) -> None:
        self._priors = [
            signal.prior if signal.judged_by_symbol and signal.prior else None for signal in signals
        ]
        self._side = np.zeros((len(signals), symbols))
        self._entry = np.full((len(signals), symbols), np.nan)
        self.ended = [0] * len(signals)
        self.right = [0] * len(signals)

    @property
    def rules(self) -> list[int]:
        """The rows that have trades."""
        return [row for row, prior in enumerate(self._priors) if prior is not None]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with some of the signals."""
        self._priors = [self._priors[row] for row in rows]
        self._side, self._entry = self._side[list(rows)], self._entry[list(rows)]
        self.ended, self.right = [self.ended[row] for row in rows], [self.right[row] for row in rows]

    def close_day(
        self, value: FloatArray, close: FloatArray, rows: NDArray[np.int64] | Sequence[int] | None = None
    ) -> None:
        """Take what was said [K, S] at the close of a UTC day, and the closes [S]; of some rows where given."""
        for row in self.rules if rows is None else rows:
            side, said = self._side[row], np.sign(value[row])
            known = np.isfinite(said) & np.isfinite(close) & (close > 0.0)
            ends = known & (side != 0.0) & (said != side)
            self.ended[row] += int(ends.sum())
            self.right[row] += int((ends & (side * (close - self._entry[row]) > 0.0)).sum())
            begins = known & (said != 0.0) & (said != side)
            self._entry[row] = np.where(begins, close, self._entry[row])
            self._side[row] = np.where(known, said, side)

    def applied(self, said: Readings, before: Readings | None = None) -> Readings:
        """Readings with the confidence rules have earned in place of their prior, and the record among their
        statistics; those that stand since `before` have theirs."""
        fresh = [row for row in self.rules if before is None or said.closed_ms[row] != before.closed_ms[row]]
        if not fresh:
            return said
        confidence, statistics = said.confidence.copy(), list(said.statistics)
        for row in fresh:
            prior, ended, right = self._priors[row] or 1.0, self.ended[row], self.right[row]
            confidence[row] = np.minimum(confidence[row] * earned(right, ended, prior) / prior, 1.0)
            counted = {"ended_trades": float(ended), "hit_rate": right / ended if ended else math.nan}
            width = said.value.shape[1]
            statistics[row] = {**statistics[row], **{n: np.full(width, v) for n, v in counted.items()}}
        return replace(said, confidence=confidence, statistics=tuple(statistics))
