"""Where compiled kernels are kept, and having them compiled before they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Warmth:
    """How long it took to have every kernel ready, and whether any had to be compiled."""

    seconds: float
    compiled: bool


def prepare() -> Path:
    """Point numba at a folder for exactly these kernel sources. Call before any kernel module is imported."""
    raise NotImplementedError


def warm() -> Warmth:
    """Import every kernel module, compiling what the cache does not hold. Blocking: call it off the loop."""
    raise NotImplementedError
