"""Weights of one class of signals by any of the methods, with why each signal has its share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from strategies.blend.weighting.budgets import bounded
from strategies.blend.weighting.concentration import closest_pair, effective_bets
from strategies.blend.weighting.hierarchical import hierarchical
from strategies.blend.weighting.performance import tilted
from strategies.blend.weighting.risk_parity import equal_risk
from strategies.blend.weighting.sample import Sample, usable
from strategies.blend.weighting.settings import Method, WeightingSettings
from strategies.blend.weighting.shrinkage import Estimate, estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """`share` [K] in the order of the names, sum 1; `why` of each; the `days` all of it stands on (0: nothing could
    be estimated and the shares are the manual ones).

    Of those that could be estimated: the `bets` they amount to, the two most alike (`pair`, of names, "" where there
    are no two) with their shrunk `correlation`, and the `intensity` of the shrinkage; NaN where nothing could.
    """

    names: tuple[str, ...]
    share: FloatArray
    why: tuple[str, ...]
    days: int
    bets: float
    pair: tuple[str, str]
    correlation: float
    intensity: float


def weigh(
    names: Sequence[str], returns: FloatArray, manual: FloatArray, settings: WeightingSettings
) -> Weights:
    """The shares of one class from daily returns [D, K] (oldest first, NaN: no such day) and manual shares [K].

    A signal that cannot be estimated has no share and says why; where none can, the manual shares stand. The order of
    the signals changes nothing. Raises ValueError where shapes do not fit.
    """
    if returns.ndim != 2 or returns.shape[1] != len(names) or manual.shape != (len(names),):
        raise ValueError(
            f"{len(names)} signals need returns [D, {len(names)}] and as many shares, "
            f"got {returns.shape} and {manual.shape}"
        )
    order = sorted(range(len(names)), key=lambda k: names[k])
    sample = usable(returns[:, order], settings.least_days)
    if not sample.columns.size:
        return _unestimated(names, manual, order, sample)
    known = estimate(sample.returns)
    among = np.array(order)[sample.columns]
    share = np.zeros(len(names))
    if settings.method is Method.MANUAL:
        share[:] = manual
    else:
        share[among] = bounded(
            _METHODS[settings.method](sample.returns, known, settings), settings.floor, settings.cap
        )
    pair = closest_pair(share[among], known.correlation)
    return Weights(
        names=tuple(names),
        share=share,
        why=_reasons(len(names), order, sample, settings.method),
        days=len(sample.returns),
        bets=effective_bets(share[among], known.correlation, known.volatility),
        pair=(names[among[pair.first]], names[among[pair.second]]) if pair.first >= 0 else ("", ""),
        correlation=pair.correlation,
        intensity=known.intensity,
    )


def _equal(returns: FloatArray, known: Estimate, settings: WeightingSettings) -> FloatArray:
    return np.full(returns.shape[1], 1.0 / returns.shape[1])


def _inverse_volatility(returns: FloatArray, known: Estimate, settings: WeightingSettings) -> FloatArray:
    inverse = 1.0 / known.volatility
    return np.asarray(inverse / inverse.sum(), dtype=np.float64)


def _equal_risk(returns: FloatArray, known: Estimate, settings: WeightingSettings) -> FloatArray:
    return equal_risk(known.correlation, known.volatility)


def _hierarchical(returns: FloatArray, known: Estimate, settings: WeightingSettings) -> FloatArray:
    if returns.shape[1] == 1:
        return np.ones(1)
    return hierarchical(known.correlation, known.volatility)


def _performance(returns: FloatArray, known: Estimate, settings: WeightingSettings) -> FloatArray:
    return tilted(returns, settings.shrink)


_METHODS: dict[Method, Callable[[FloatArray, Estimate, WeightingSettings], FloatArray]] = {
    Method.EQUAL: _equal,
    Method.INVERSE_VOLATILITY: _inverse_volatility,
    Method.EQUAL_RISK: _equal_risk,
    Method.HIERARCHICAL: _hierarchical,
    Method.PERFORMANCE: _performance,
}


def _unestimated(names: Sequence[str], manual: FloatArray, order: list[int], sample: Sample) -> Weights:
    nan = float("nan")
    why = _reasons(len(names), order, sample, Method.MANUAL)
    return Weights(tuple(names), manual.copy(), why, 0, nan, ("", ""), nan, nan)


def _reasons(count: int, order: list[int], sample: Sample, method: Method) -> tuple[str, ...]:
    """Why each share is what it is, in the order of the names."""
    why = [method.value] * count
    for column, reason in sample.dropped.items():
        why[order[column]] = reason
    return tuple(why)
