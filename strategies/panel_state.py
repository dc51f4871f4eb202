"""The layout of what a panel remembers of each symbol, shared by the panel and its compiled folds."""

from __future__ import annotations

import numpy as np

PANEL_SYMBOL = np.dtype(
    [
        ("last_close", np.float64),
        ("missing_run", np.int64),
        ("bars_seen", np.int64),
        ("first_real_open_ms", np.int64),
    ]
)
"""On the base grid: of the real bars newest close, number and first open (-1); missing ones since."""

FRAME_SYMBOL = np.dtype(
    [
        ("last_close", np.float64),
        ("missing_run", np.int64),
        ("count", np.int64),
        ("parts", np.int64),
        ("open", np.float64),
        ("high", np.float64),
        ("low", np.float64),
        ("close", np.float64),
        ("volume", np.float64),
        ("taker_buy_volume", np.float64),
    ]
)
"""On a larger grid: bars since the history began, and the bar in progress with its base bars."""
