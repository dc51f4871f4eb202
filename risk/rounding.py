"""Stage `round`: whole lots, as at most two orders per symbol: a reduce-only close, then an opening one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

ROOM = 1e-9  # 0.3 / 0.1 is 2.9999...: a quotient this close to a whole number is that number
MOST_LOTS = float(2**53)


@njit(nogil=True, inline="always")
def whole_lots(size: float) -> int:
    """Lots in a size >= 0 given in lots, rounded down."""
    return int(min(math.floor(size + ROOM), MOST_LOTS))


@njit(nogil=True, inline="always")
def fewest_lots(price: float, lot: float, min_quantity: float, min_notional: float) -> int:
    """The smallest order the venue takes, in lots."""
    fewest = max(min_quantity / lot, min_notional / (price * lot))
    return int(min(math.ceil(fewest - ROOM), MOST_LOTS))


@njit(nogil=True, inline="always")
def split_order(position: int, working: int, wanted: int) -> tuple[int, int]:
    """(close, open) lots that lead from position and working orders to `wanted`.

    Where the working orders would already turn or end the position, there is nothing left to reduce.
    """
    held = position + working
    if position == 0 or (held > 0) != (position > 0) or held == 0:
        return 0, wanted - held
    if (wanted > 0) == (held > 0) and wanted != 0:
        if abs(wanted) < abs(held):
            return wanted - held, 0
        return 0, wanted - held
    return -held, wanted


@njit(nogil=True, inline="always")
def order_symbol(
    position: int, working: int, wanted: int, fewest: int, dust: bool
) -> tuple[int, int, bool, bool]:
    """(close, open, whole_close, suppressed) for one symbol, all in lots; `dust`: something is held beyond
    the lots.

    A close that ends the position is never too small; everything else below the venue's minimum is not sent.
    """
    close, opening = split_order(position, working, wanted)
    turned = wanted == 0 or (position != 0 and (wanted > 0) != (position > 0))
    whole = working == 0 and turned and (position != 0 or dust)
    suppressed = False
    if close != 0 and not turned and abs(close) < fewest:
        close = 0
        suppressed = True
    if opening != 0 and abs(opening) < fewest:
        opening = 0
        suppressed = True
    return close, opening, whole, suppressed


@njit(nogil=True)
def round_orders(
    buffered: FloatArray,
    trade: BoolArray,
    current: FloatArray,
    orderable: BoolArray,
    equity: float,
    price: FloatArray,
    lot: FloatArray,
    min_quantity: FloatArray,
    min_notional: FloatArray,
    quantity: FloatArray,
    working: FloatArray,
    orders: IntArray,
    whole_close: BoolArray,
    suppressed: BoolArray,
    rounded: FloatArray,
) -> None:
    """`orders` [2, S]: lots to close and lots to open; `rounded` [S]: the fraction that will result."""
    for s in range(buffered.size):
        orders[0, s] = 0
        orders[1, s] = 0
        whole_close[s] = False
        suppressed[s] = False
        rounded[s] = current[s]
        if not trade[s] or not orderable[s]:
            continue
        position = round(quantity[s] / lot[s])
        busy = round(working[s] / lot[s])
        wanted = 0
        if equity > 0.0:
            wanted = whole_lots(abs(buffered[s]) * equity / price[s] / lot[s])
            wanted = wanted if buffered[s] > 0.0 else -wanted
        fewest = fewest_lots(price[s], lot[s], min_quantity[s], min_notional[s])
        dust = quantity[s] != 0.0 and position == 0
        close, opening, whole, kept = order_symbol(position, busy, wanted, fewest, dust)
        orders[0, s] = close
        orders[1, s] = opening
        whole_close[s] = whole
        suppressed[s] = kept
        if equity > 0.0:
            left = 0.0 if whole else quantity[s] + (busy + close) * lot[s]
            rounded[s] = (left + opening * lot[s]) * price[s] / equity
