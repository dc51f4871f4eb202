"""What guards are told at the close of a bar: measured facts, nothing decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from store.records import Fill, FundingPayment, Side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ProtectiveExit:
    """A stop or target took the position on `side` of a symbol out (BUY: it was long)."""

    symbol: str
    side: Side


@dataclass(frozen=True, slots=True)
class GuardInputs:
    """What is known at the close `ts_ms` of a bar of `bar_ms`; arrays [S] follow `symbols`, NaN where
    unknown.

    `equity` None: it could not be computed. `leader`: position of the symbol that leads the market, -1 for
    none. `bar_return`: log returns of the bar; `sigma_bar`: volatility per bar as of the bar before;
    `missing_run`: bars missing in a row, also of what follows the universe in `symbols`, of which nothing else
    is told. `funding_rate` and its cap per interval: what settled in the bar.
    `forecast`: the newest F of a symbol. `booked`: fills and funding since the last step, in the order they
    were booked. `rejects_ms`: market time of order rejects since the last step. `positions_proven` False: the
    venue's positions could not be proven; `unproven`: symbols whose position the ledger cannot explain.
    `refused`: symbols held in pairs that the venue did not let in since the last step.
    """

    ts_ms: int
    bar_ms: int
    equity: float | None
    high_water_mark: float
    symbols: tuple[str, ...]
    leader: int
    bar_return: FloatArray
    sigma_bar: FloatArray
    missing_run: IntArray
    funding_rate: FloatArray | None = None
    funding_cap_rate: FloatArray | None = None
    forecast: Mapping[str, float] = field(default_factory=dict)
    booked: tuple[Fill | FundingPayment, ...] = ()
    exits: tuple[ProtectiveExit, ...] = ()
    rejects_ms: tuple[int, ...] = ()
    refused: tuple[str, ...] = ()
    positions_proven: bool = True
    unproven: tuple[str, ...] = ()
