"""What signals' windows have in common: room for results, and the length a recursion needs."""

from __future__ import annotations

import math

import numpy as np

from strategies.signal import KernelResult

SEED_SHARE = 1e-3


def result_arrays(count: int, statistics: int) -> KernelResult:
    """Empty results for `count` windows with `statistics` raw statistics each, for a kernel to fill."""
    return KernelResult(
        np.empty(count), np.empty(count), np.empty(count, dtype=np.int64), np.empty((count, statistics))
    )


def forgets_its_seed(samples: int, com: float) -> None:
    """Raise ValueError where the first of `samples` values still weighs .1 % in an exponential mean."""
    if (com / (com + 1.0)) ** samples >= SEED_SHARE:
        needed = math.floor(math.log(SEED_SHARE) / math.log(com / (com + 1.0))) + 1
        raise ValueError(f"com {com:g} needs a window of at least {needed + 1} closes")
