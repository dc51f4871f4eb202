"""The best few of all symbols: ranked by what they earned, how they trend, how sure signals are, how calm they are.

score = .4 pr(Sharpe 30 d) + .3 pr(ADX 14) + .2 confidence + .1 (1 - pr(volatility 30 d)) with the percentile rank
pr(x) = (rank - 1) / (n - 1), average ranks where equal, over the symbols liquid enough and with all four known. ADX
after Wilder, New Concepts in Technical Trading Systems (1978).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

FEWEST = 2
DAYS_A_YEAR = 365.0


class Measures(NamedTuple):
    """What symbols [S] are compared by; NaN: not known. Sharpe ratio and volatility per annum, volume in quote
    currency over 24 hours."""

    sharpe: FloatArray
    trend: FloatArray
    confidence: FloatArray
    volatility: FloatArray
    quote_volume: FloatArray


@dataclass(frozen=True, slots=True)
class SelectorSettings:
    """`count` symbols are chosen; one chosen before stays until it falls `stay_ranks` below the last of them."""

    count: int
    stay_ranks: int
    least_quote_volume: float
    by_inverse_volatility: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """Instrument weights g [S] (sum 1; 0: not chosen) and scores [S] (NaN: not ranked). With fewer than two symbols
    to rank there is no choice: `weight` is None, and nothing is narrowed down."""

    weight: FloatArray | None
    score: FloatArray


def score(measures: Measures, least_quote_volume: float) -> FloatArray:
    """Scores [S] in [0, 1]; NaN where a measure is unknown or too little is traded."""
    known = np.isfinite(np.array(measures)).all(axis=0) & (measures.quote_volume >= least_quote_volume)
    scores = np.full(known.shape, np.nan)
    if int(known.sum()) >= FEWEST:
        scores[known] = (
            0.4 * percentile(measures.sharpe[known])
            + 0.3 * percentile(measures.trend[known])
            + 0.2 * measures.confidence[known]
            + 0.1 * (1.0 - percentile(measures.volatility[known]))
        )
    return scores


def select(measures: Measures, incumbent: BoolArray, settings: SelectorSettings) -> Selection:
    """The choice, given who was chosen before (`incumbent` [S]); equal scores go by the order of symbols."""
    scores = score(measures, settings.least_quote_volume)
    ranked = [int(s) for s in np.argsort(-scores, kind="stable") if math.isfinite(scores[s])]
    if len(ranked) < FEWEST:
        return Selection(None, scores)
    stays = [s for s in ranked[: settings.count + settings.stay_ranks] if incumbent[s]]
    chosen = (stays + [s for s in ranked if s not in stays])[: settings.count]
    weight = np.zeros(scores.size)
    weight[chosen] = 1.0
    if settings.by_inverse_volatility:
        weight[chosen] = 1.0 / measures.volatility[chosen]
    return Selection(weight / weight.sum(), scores)


def percentile(numbers: FloatArray) -> FloatArray:
    """(rank - 1) / (n - 1) of numbers [n], n >= 2; equal numbers have the average of their ranks."""
    below = (numbers[:, np.newaxis] > numbers).sum(axis=1)
    equal = (numbers[:, np.newaxis] == numbers).sum(axis=1)
    return np.asarray((below + (equal - 1) / 2.0) / (numbers.size - 1), dtype=np.float64)


def sharpe_and_volatility(closes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Annualised, of daily closes [S, n]: mean over standard deviation (ddof 1) of simple returns, and the standard
    deviation; NaN where a close is missing or nothing moved."""
    returns = closes[:, 1:] / closes[:, :-1] - 1.0
    deviation = returns.std(axis=1, ddof=1)
    deviation = np.where(deviation > 1e-12, deviation, np.nan)
    root = math.sqrt(DAYS_A_YEAR)
    return root * returns.mean(axis=1) / deviation, root * deviation


def directional_index(high: FloatArray, low: FloatArray, close: FloatArray, period: int) -> FloatArray:
    """Wilder's average directional index in [0, 1] of bars [S, n], n >= 2 `period`: NaN where a bar is missing.

    Sums of the first `period` bars start the smoothing of range and movement, the mean of the first `period` indices
    starts that of the index.
    """
    up, down = np.diff(high, axis=1), -np.diff(low, axis=1)
    plus = np.where((up > down) & (up > 0.0), up, 0.0)
    minus = np.where((down > up) & (down > 0.0), down, 0.0)
    reach = np.maximum(high[:, 1:], close[:, :-1]) - np.minimum(low[:, 1:], close[:, :-1])
    sums = np.array([moves[:, : period - 1].sum(axis=1) for moves in (plus, minus, reach)])
    index, total, average = np.zeros(high.shape[0]), np.zeros(high.shape[0]), np.zeros(high.shape[0])
    for bar in range(period - 1, reach.shape[1]):
        sums = sums - sums / period + np.array([plus[:, bar], minus[:, bar], reach[:, bar]])
        both = sums[0] + sums[1]
        index = np.where(both > 0.0, np.abs(sums[0] - sums[1]) / np.where(both > 0.0, both, 1.0), index)
        seen = bar - (period - 1) + 1
        total = total + index
        average = total / period if seen <= period else (average * (period - 1) + index) / period
    complete = np.isfinite(high + low + close).all(axis=1)
    return np.asarray(np.where(complete, average, np.nan), dtype=np.float64)
