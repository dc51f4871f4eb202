"""Volatility and correlation of bar returns by one exponential recursion per symbol and pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class VolatilityState:
    """Arrays that `update` and `extend` advance in place: `last_close` [S] (NaN before the first), `closes` [S] how many
    were seen, `variance` [S] per bar (NaN before the first return), `joint` [S, S] the mean of r_i^2 over bars where
    both returns exist and `covariance` [S, S] likewise."""

    decay: float
    bars_per_year: float
    last_close: FloatArray
    closes: IntArray
    variance: FloatArray
    joint: FloatArray
    covariance: FloatArray


def initial(symbols: int, bar_ms: int, decay_days: float = 30.0) -> VolatilityState:
    """A state that has seen nothing."""
    raise NotImplementedError


def update(state: VolatilityState, close: FloatArray) -> None:
    """Advance by one bar of closes [S]; NaN is no update for that symbol."""
    raise NotImplementedError


def extend(state: VolatilityState, close: FloatArray) -> None:
    """Advance by closes [n, S]; bit-equal to n updates."""
    raise NotImplementedError


def sigma(state: VolatilityState, floor: float = 0.1) -> FloatArray:
    """Annualised volatility [S], floored; NaN before the first return."""
    raise NotImplementedError


def sigma_bar(state: VolatilityState) -> FloatArray:
    """Volatility per bar [S], not floored; NaN before the first return."""
    raise NotImplementedError


def correlation(state: VolatilityState) -> FloatArray:
    """Return correlation [S, S]: 1 on the diagonal, 0 where a pair has no joint return."""
    raise NotImplementedError


def seasoned(state: VolatilityState, bar_ms: int, days: float = 30.0) -> BoolArray:
    """[S]: at least `days` of bars seen."""
    raise NotImplementedError
