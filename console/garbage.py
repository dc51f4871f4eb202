"""Python's collector, tuned for a process that must not pause: a full collection over the libraries alone takes 60 ms.

What lives after the start lives for ever, so it is moved out of the collector's sight once. From then on a collection
costs what it finds: about 0.2 ms for each thousand objects, so the first threshold is the length of the longest pause.
"""

from __future__ import annotations

import gc

_THRESHOLDS = (10_000, 50, 50)


def settle() -> None:
    """Collect once, freeze what is left, and collect rarely from now on. Call when everything is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
