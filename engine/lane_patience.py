"""How long a run that is over waits for its signals in shadow: a little, for the next one goes on where they stand."""

from __future__ import annotations

import time

COMPILES_WITHIN_S = 180.0
"""The first run of all compiles what it reads: it shows its signals the sooner, and must not seem to hang."""


class Patience:
    """So many seconds for the signals, beside those for a compiler, which only the first run of all needs."""

    def __init__(self, within_s: float, compiles_within_s: float = COMPILES_WITHIN_S) -> None:
        self._left_s, self._compiling_left_s = within_s, compiles_within_s
        self._looked_s = time.monotonic()

    def lasts(self, now_s: float, compiles: bool) -> bool:
        """Whether to wait on at `now_s` (monotonic); the time since the last look is the compiler's where it
        `compiles`."""
        passed_s, self._looked_s = now_s - self._looked_s, now_s
        if compiles:
            self._compiling_left_s -= passed_s
        else:
            self._left_s -= passed_s
        return self._left_s > 0.0 and self._compiling_left_s > 0.0
