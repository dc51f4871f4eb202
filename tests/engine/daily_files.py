"""Daily files of a market that trends, long enough for every signal to speak; a symbol may end before the others."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.engine.feeds.market_files import APRIL, DAY_MS, write_csv

DAYS = 520


def write_market(folder: Path, days: dict[str, int], drift: float = 0.004) -> str:
    """One CSV of daily bars for each symbol with its number of days; the folder, as `run.data` takes it."""
    for seed, (symbol, count) in enumerate(days.items()):
        write_csv(folder / f"{symbol}-1d.csv", _walk(random.Random(seed), count, drift))
    return str(folder)


def day(index: int) -> str:
    """From day `index` on, as `run.timerange` writes it."""
    return datetime.fromtimestamp((APRIL + index * DAY_MS) / 1000, UTC).strftime("%Y%m%d-")


def close_of_day(index: int) -> int:
    """When day `index` ends (ms)."""
    return APRIL + (index + 1) * DAY_MS


def _walk(draw: random.Random, count: int, drift: float) -> list[dict[str, Any]]:
    close, bars = 100.0, []
    for index in range(count):
        opened, close = close, close * math.exp(draw.gauss(drift, 0.02))
        bars.append(
            {
                "ts": APRIL + index * DAY_MS,
                "open": round(opened, 4),
                "high": round(max(opened, close) * 1.01, 4),
                "low": round(min(opened, close) * 0.99, 4),
                "close": round(close, 4),
                "volume": 1e6,
            }
        )
    return bars
