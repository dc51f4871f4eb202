"""Python's collector, tuned for a process that must not pause: a full collection over the libraries alone takes 60 ms.

While a process starts nearly everything that is made stays, so looking for garbage costs a tenth of the start and finds
none. What lives after the start lives for ever, and is moved out of the collector's sight once. From then on a
collection costs what it finds: about 0.2 ms for each thousand objects, so the first threshold is the length of the
longest pause.

A line that was drawn is garbage that refers to itself and survives the first look. Beside a screen the second look
comes soon, and the third too: later they would find tens of megabytes, and take long to look through them.
"""

from __future__ import annotations

import gc

_RARELY = (10_000, 50, 50)
_BESIDE_A_SCREEN = (5_000, 5, 10)


def collect_rarely() -> None:
    """Call first, before anything heavy is imported."""
    gc.set_threshold(*_RARELY)


def settle(*, beside_screen: bool = False) -> None:
    """Freeze what is there; call when everything is imported. Garbage from the start stays: a few dozen objects."""
    gc.freeze()
    if beside_screen:
        gc.set_threshold(*_BESIDE_A_SCREEN)
