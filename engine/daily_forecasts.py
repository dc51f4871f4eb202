"""What the signals of a market forecast at the end of each UTC day, and how alike they are: to each other, and to those
of another market that is folded from the same bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from strategies.blend import diversification

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from strategies.evaluate import Readings
    from strategies.signal import Signal

    FloatArray = NDArray[np.float64]

FEWEST_JOINT = 30


@dataclass(frozen=True, slots=True)
class PastForecasts:
    """Forecasts [K, S] of the signals [K] by the close of the day they were made at; nothing of it changes any more."""

    signals: tuple[Signal, ...]
    days: Mapping[int, FloatArray]


class DailyForecasts:
    """Those of the signals [K] of one market, day by day from its first bar on."""

    def __init__(self, signals: Sequence[Signal]) -> None:
        self._signals = tuple(signals)
        self._scalars = np.array([signal.scalar for signal in signals])
        self._state = diversification.initial(len(signals))
        self._days: dict[int, FloatArray] = {}

    def add(self, close_ms: int, readings: Readings) -> None:
        """Take the readings at the close of a day."""
        forecast = diversification.forecasts(readings.value, readings.confidence, self._scalars)
        diversification.update(self._state, forecast)
        self._days[close_ms] = forecast

    def only(self, rows: Sequence[int]) -> DailyForecasts:
        """Those of some of the signals, as if the others had never been computed."""
        if list(rows) == list(range(len(self._signals))):
            return self
        kept, pairs, known = (
            DailyForecasts([self._signals[row] for row in rows]),
            np.ix_(rows, rows),
            self._state,
        )
        kept._state = diversification.ForecastState(
            known.count[pairs], known.total[pairs], known.square[pairs], known.product[pairs]
        )
        kept._days = {close_ms: forecast[rows] for close_ms, forecast in self._days.items()}
        return kept

    def past(self) -> PastForecasts:
        """All of them so far, for another thread."""
        return PastForecasts(self._signals, dict(self._days))

    def multiplier(self, weights: FloatArray) -> float:
        """FDM for directional weights [K]."""
        return diversification.multiplier(self._state, weights)

    def correlation(self) -> FloatArray:
        """H [K, K]; NaN on the diagonal and below 30 joint readings."""
        return _correlation(self._state)


class JointForecasts:
    """How alike the signals of two markets are, worked out day by day as both come to it."""

    def __init__(self) -> None:
        self._signals: tuple[Signal, ...] = ()
        self._until_ms = -1
        self._state = diversification.initial(0)

    def correlation(self, own: PastForecasts, others: PastForecasts) -> FloatArray:
        """H [K + C, K + C] over the days that both know, first `own` signals [K] and then the `others` [C]; NaN as
        above. Takes only the days that are new, unless the signals are."""
        signals = (*own.signals, *others.signals)
        if len(signals) != len(self._signals) or any(
            new is not old for new, old in zip(signals, self._signals, strict=True)
        ):
            self._begin(signals)
        known = (close_ms for close_ms in own.days if close_ms > self._until_ms)
        for close_ms in sorted(close_ms for close_ms in known if close_ms in others.days):
            forecast = np.concatenate((own.days[close_ms], others.days[close_ms]))
            diversification.update(self._state, forecast)
            self._until_ms = close_ms
        return _correlation(self._state)

    def _begin(self, signals: tuple[Signal, ...]) -> None:
        self._signals, self._until_ms = signals, -1
        self._state = diversification.initial(len(signals))


def _correlation(state: diversification.ForecastState) -> FloatArray:
    known = diversification.correlation(state)
    known[state.count < FEWEST_JOINT] = np.nan
    np.fill_diagonal(known, np.nan)
    return known
