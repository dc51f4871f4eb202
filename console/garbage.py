"""Python's collector, tuned for a process that must not pause: a full collection over the libraries alone takes 60 ms.

What lives after the start lives for ever, so it is moved out of the collector's sight once.
"""

from __future__ import annotations

import gc

_THRESHOLDS = (50_000, 50, 50)


def settle() -> None:
    """Collect once, freeze what is left, and collect rarely from now on. Call when everything is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
