"""Stage `drawdown`: a book below its high-water mark trades smaller, and stops at the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

AT_HALT = 0.25


@njit(nogil=True, inline="always")
def drawdown_multiplier(drawdown: float, start: float, halt: float) -> float:
    """1 up to `start`, then linear to 0.25 at `halt`, where it is 0."""
    if drawdown >= halt:
        return 0.0
    if drawdown <= start:
        return 1.0
    return 1.0 - (1.0 - AT_HALT) * (drawdown - start) / (halt - start)


@njit(nogil=True)
def scale_unheld(position: FloatArray, hold: BoolArray, factor: float, scaled: FloatArray) -> None:
    """Scale all but the held symbols: a hold starts from the position itself and would decay every bar."""
    for s in range(position.size):
        scaled[s] = position[s] if hold[s] else position[s] * factor
