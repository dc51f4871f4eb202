"""What to order of the legs beside the universe: the rules of the stages `buffer` and `round` on their own columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import boolean, float64, int64, njit, void

from risk import permission, rounding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

# Rows of `facts`, float64 [FACT_ROWS, L], and of `results`, float64 [RESULT_ROWS, L].
TARGET, CURRENT, PRICE, LOT, MIN_QUANTITY, MIN_NOTIONAL, QUANTITY, WORKING = range(8)
FACT_ROWS = 8
BUFFERED, ROUNDED = range(2)
RESULT_ROWS = 2
# Rows of `marks`, bool [MARK_ROWS, L]: what can be ordered, then what came of it.
ORDERABLE, TRADE, WHOLE_CLOSE, SUPPRESSED = range(4)
MARK_ROWS = 4


@njit(
    void(float64, float64, float64[:, ::1], float64[:, ::1], boolean[:, ::1], int64[:, ::1]),
    cache=True,
    nogil=True,
)
def order_legs(
    equity: float,
    buffer_fraction: float,
    facts: FloatArray,
    results: FloatArray,
    marks: BoolArray,
    orders: IntArray,
) -> None:
    """Fill `results`, `marks` but ORDERABLE, and `orders` [2, L] (lots to close, lots to open) from the facts.

    A leg has no average position, so its band is a fraction of its target alone.
    """
    nothing = np.zeros(facts.shape[1])
    permission.buffer(
        facts[TARGET], facts[CURRENT], nothing, nothing, 1.0, buffer_fraction, marks[TRADE], results[BUFFERED]
    )
    rounding.round_orders(
        results[BUFFERED],
        marks[TRADE],
        facts[CURRENT],
        marks[ORDERABLE],
        equity,
        facts[PRICE],
        facts[LOT],
        facts[MIN_QUANTITY],
        facts[MIN_NOTIONAL],
        facts[QUANTITY],
        facts[WORKING],
        orders,
        marks[WHOLE_CLOSE],
        marks[SUPPRESSED],
        results[ROUNDED],
    )


_covering = (float64, int64, float64[:, ::1], float64[:, ::1], boolean[:, ::1], int64[:, ::1])


@njit(void(*_covering, float64), cache=True, nogil=True)
def keep_coins(
    equity: float,
    coin: int,
    facts: FloatArray,
    results: FloatArray,
    marks: BoolArray,
    orders: IntArray,
    sold: float,
) -> None:
    """After `order_legs`: sell no coin that one of the `sold` calls still lies on, until that is bought back."""
    if not (marks[ORDERABLE, coin] and equity > 0.0 and sold > 0.0):
        return
    lot, price = facts[LOT, coin], facts[PRICE, coin]
    held, working = round(facts[QUANTITY, coin] / lot), round(facts[WORKING, coin] / lot)
    least = min(math.ceil(sold / lot - rounding.ROOM), held + working)
    if results[ROUNDED, coin] * equity / price / lot >= least - rounding.ROOM:
        return
    fewest = rounding.fewest_lots(price, lot, facts[MIN_QUANTITY, coin], facts[MIN_NOTIONAL, coin])
    close, opening, whole, suppressed = rounding.order_symbol(held, working, least, fewest, False)
    orders[0, coin], orders[1, coin] = close, opening
    marks[WHOLE_CLOSE, coin], marks[SUPPRESSED, coin] = whole, suppressed
    results[:, coin] = (held + working + close + opening) * lot * price / equity


@njit(void(*_covering, int64, float64), cache=True, nogil=True)
def cover_call(
    equity: float,
    call: int,
    facts: FloatArray,
    results: FloatArray,
    marks: BoolArray,
    orders: IntArray,
    coin: int,
    others: float,
) -> None:
    """After `keep_coins`: leave no more of the leg `call` sold than there are of the leg `coin`, now and after its
    orders, and `others` are not sold on, whatever bands and minimums say."""
    if not (marks[ORDERABLE, call] and equity > 0.0):
        return
    lot, price = facts[LOT, call], facts[PRICE, call]
    coins = facts[QUANTITY, coin] + min(facts[WORKING, coin], 0.0)
    if marks[ORDERABLE, coin]:
        coins = min(coins, results[ROUNDED, coin] * equity / facts[PRICE, coin])
    most = max(math.floor((coins - others) / lot + rounding.ROOM), 0)
    if -results[ROUNDED, call] * equity / price / lot <= most + rounding.ROOM:
        return
    held, working = round(facts[QUANTITY, call] / lot), round(facts[WORKING, call] / lot)
    orders[0, call], orders[1, call] = rounding.split_order(held, working, -most)
    marks[WHOLE_CLOSE, call] = most == 0 and working == 0 and held < 0
    results[:, call] = -most * lot * price / equity
