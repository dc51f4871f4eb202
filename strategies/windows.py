"""Room for the results of a batch of windows."""

from __future__ import annotations

import numpy as np

from strategies.signal import KernelResult


def result_arrays(count: int, statistics: int) -> KernelResult:
    """Empty results for `count` windows with `statistics` raw statistics each, for a kernel to fill."""
    return KernelResult(
        np.empty(count), np.empty(count), np.empty(count, dtype=np.int64), np.empty((count, statistics))
    )
