"""What overlays forbid: new exposure on the side they speak for, while their reading is bad enough."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

NEVER = -1.0
"""No reading is below it."""


class OverlaySide(IntEnum):
    """The sign of the forecast an overlay multiplies."""

    BOTH = 0
    LONG = 1
    SHORT = 2


def vetoes(
    value: FloatArray, overlays: IntArray, side: IntArray, below: float
) -> tuple[BoolArray, BoolArray]:
    """Where [S] no long and where no short exposure may arise: a reading of one of the rows `overlays` of `value`
    [K, S] for that side (`side` [K]) is below `below`. Without a reading there is no veto."""
    long, short = (np.zeros(value.shape[1], dtype=np.bool_) for _ in range(2))
    for k in overlays:
        forbidden = value[k] < below
        if side[k] != OverlaySide.SHORT:
            long |= forbidden
        if side[k] != OverlaySide.LONG:
            short |= forbidden
    return long, short
