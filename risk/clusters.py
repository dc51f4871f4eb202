"""Which symbols move together: named clusters first, then connected components of high correlation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


def assign(
    symbols: Sequence[str],
    named: Mapping[str, Sequence[str]],
    correlation: FloatArray,
    threshold: float = 0.8,
) -> IntArray:
    """Labels [S] in [0, S), -1 for a symbol that is alone. Call once per UTC day."""
    raise NotImplementedError
