"""Files that stand beside bars in a history, and what is known of them at the closes of those bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.feeds.feed import BarBlock
from engine.feeds.replay import ReplayFeed, open_replay
from tests.engine.feeds.market_files import APRIL, DAY_MS, HOUR_MS, bars, write_csv

NAN = float("nan")
DAYS = 6


def market(folder: Path, *names: str, hours: int = 24 * DAYS) -> list[Path]:
    """Hourly bars of symbols, in files of a venue's perpetual futures."""
    return [write_csv(folder / f"ohlcv_binanceum_{name}_1h.csv", bars(range(hours))) for name in names]


def beside(folder: Path, name: str, columns: Mapping[str, Sequence[Any]], step_ms: int = DAY_MS) -> Path:
    """A file of one row every `step_ms` from the first bar on."""
    count = len(next(iter(columns.values())))
    return write_csv(
        folder / f"{name}.csv",
        [
            {"ts": APRIL + row * step_ms, **{key: values[row] for key, values in columns.items()}}
            for row in range(count)
        ],
    )


def opened(*files: Path, symbols: Sequence[str] = ()) -> ReplayFeed:
    return open_replay([str(file) for file in files], symbols=symbols)


def whole(feed: ReplayFeed) -> BarBlock:
    return feed.read(feed.first_open_ms, 24 * DAYS)


def at_closes(block: BarBlock, name: str, hours: Sequence[int], symbol: int = 0) -> list[float]:
    """What is known of an input at the close of the bar that ends so many hours after the first one's open."""
    return [float(block.inputs[name][hour - 1, symbol]) for hour in hours]


def settled(folder: Path, name: str, rates: Sequence[object], step_hours: int = 8) -> Path:
    return beside(folder, name, {"funding_rate": rates}, step_hours * HOUR_MS)


def archived(folder: Path, name: str, settlements: Sequence[tuple[int, object, float]]) -> Path:
    """Rates as the archive of an exchange writes them: (hour, interval in hours, rate)."""
    return write_csv(
        folder / f"{name}.csv",
        [
            {
                "calc_time": APRIL + hour * HOUR_MS,
                "funding_interval_hours": interval,
                "last_funding_rate": rate,
            }
            for hour, interval, rate in settlements
        ],
    )
