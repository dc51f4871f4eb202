"""A recorded market of many symbols: the embedded market drawn with one seed after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine import kernel_cache

DAY_MS = 86_400_000
WARM_UP_DAYS = 460
TRADED_DAYS = 400
FIELDS = ("open", "high", "low", "close", "volume")


def write_market(path: Path, symbols: int, digits: int = 17) -> Path:
    """Daily bars of `symbols` coins in one Parquet file; warm-up up to 2024-01-01, then `TRADED_DAYS`. Prices have so
    many significant digits: few of them make a market whose prices stand still for minutes."""
    kernel_cache.prepare()
    from engine.feeds.simulated import SimulatedFeed

    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("ts", "symbol", *FIELDS)}
    for seed in range(-(-symbols // 12)):
        feed = SimulatedFeed(seed, bar_ms=DAY_MS, history_days=WARM_UP_DAYS)
        block = feed.read(feed.first_open_ms, WARM_UP_DAYS + TRADED_DAYS)
        for place, symbol in enumerate(feed.symbols[: symbols - 12 * seed]):
            columns["ts"].append(block.first_open_ms + DAY_MS * np.arange(len(block)))
            columns["symbol"].append(np.full(len(block), f"{symbol.removesuffix('USDT')}{seed}USDT"))
            for name in FIELDS:
                columns[name].append(rounded(getattr(block, name)[:, place], digits))
    pq.write_table(pa.table({name: np.concatenate(parts) for name, parts in columns.items()}), path)
    return path


def rounded(values: np.ndarray, digits: int) -> np.ndarray:
    """To significant digits."""
    return np.array([float(f"{value:.{digits}g}") for value in values.tolist()])
