"""What a year of telemetry takes: every signal on 20 symbols at hourly bars, written by the journal itself.

How often readings repeat is measured first, on recorded hourly coins where there are any (else on the embedded
market): each signal's share of (reading, symbol) pairs that say something new, and the share of stages that change
nothing. A year is then written with exactly these shares and random numbers, which nothing can shrink further. A
signal whose inputs the recorded market lacks is taken at the mean share of the others of its bar size.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from engine import kernel_cache
from engine.reading_log import ReadingLog
from store.check import check
from store.database import Database
from store.journal import Journal
from store.records import DECISION_STAGES, LedgerTotals, TradingState
from store.rows import DecisionRow

REPOSITORY = Path(__file__).resolve().parent.parent
FILES = "ohlcv_binance_*USDT_1h_2021-2023.parquet"
SYMBOLS = tuple(f"COIN{number:02d}USDT" for number in range(20))
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = 1_640_995_200_000
HOURS = 365 * 24
COMMIT_BARS = 64
CHANGING_STAGES = (0, 3, 4, 5, 6, 12, 13)
"""Half of the stages change something: measured 5.6 of 14 on recorded coins."""
SCALARS = {"idm": 1.5, "fdm": 1.2, "kelly": 1.0, "drawdown": 0.05, "multiplier": 0.9}


@dataclass(frozen=True, slots=True)
class Habit:
    """How a signal speaks: how many statistics it gives, and the share of its readings that say something new."""

    name: str
    bar: str
    bar_ms: int
    statistics: tuple[str, ...]
    share: float
    is_measured: bool


def main() -> None:
    """Print habits, then the size of a year by table."""
    kernel_cache.prepare()
    habits = measured_habits()
    print(f"{'signal':<8}{'bar':>5}{'statistics':>12}{'new':>9}")
    for habit in habits:
        source = "" if habit.is_measured else "  (mean of its bar size)"
        print(f"{habit.name:<8}{habit.bar:>5}{len(habit.statistics):>12}{habit.share:>9.1%}{source}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.db"
        began = time.perf_counter()
        asyncio.run(write_year(path, habits))
        seconds = time.perf_counter() - began
        report = check(path)
    print(f"\n{'table':<18}{'rows':>10}{'MB':>9}")
    for table in sorted(report.tables, key=lambda table: -(table.bytes or 0))[:6]:
        print(f"{table.name:<18}{table.rows:>10}{(table.bytes or 0) / 1e6:>9.2f}")
    print(
        f"{'file':<18}{'':>10}{report.file_bytes / 1e6:>9.2f}\n\n{len(habits)} signals, {len(SYMBOLS)} symbols, "
        f"{HOURS} hours, written in {seconds:.1f} s; budget 100 MB"
    )


def measured_habits() -> Sequence[Habit]:
    """Every signal of the project's own, from one pass over the market."""
    from engine.feeds.feed import Feed
    from engine.market import inputs_to_keep
    from strategies.evaluate import past_readings
    from strategies.panel import Panel
    from strategies.registry import BUILT_IN

    signals = [kind.build(kind.settings()) for kind in BUILT_IN]
    kernel_cache.warm(kernel_cache.needed_by(name for signal in signals for name in signal.modules))
    feed: Feed = _market({field for signal in signals for field in signal.fields})
    if feed.end_ms is None:
        last_ms = feed.start_ms
    else:
        last_ms = min(feed.end_ms, feed.first_open_ms + 2 * 365 * DAY_MS)
    block = feed.read(feed.first_open_ms, (last_ms - feed.first_open_ms) // feed.bar_ms)
    shares: dict[str, float] = {}
    for signal in signals:
        # Half a year of readings behind the window, which is what one block of memory holds.
        depth = signal.window + 183 * DAY_MS // signal.bar_ms
        more = {} if signal.bar == "1d" else {signal.bar: depth}
        panel = Panel(feed.symbols, feed.bar_ms, depth if not more else 1, more, inputs_to_keep([signal]))
        fields = (block.open, block.high, block.low, block.close, block.volume)
        takers = block.inputs.get("taker_buy_volume")
        panel.extend(block.first_open_ms, *fields, takers, inputs=block.inputs)
        past = past_readings([signal], panel, signal.bar)
        said = np.stack((past.value[:, 0], past.confidence[:, 0], past.reason[:, 0].astype(float)))
        new = ((said[:, 1:] != said[:, :-1]) & ~(np.isnan(said[:, 1:]) & np.isnan(said[:, :-1]))).any(axis=0)
        if np.isfinite(past.value).any():
            shares[signal.name] = float(new.mean())
    feed.close()
    of_size = defaultdict(list)
    for signal in signals:
        if signal.name in shares:
            of_size[signal.bar].append(shares[signal.name])
    return [
        Habit(
            signal.name,
            signal.bar,
            signal.bar_ms,
            signal.statistic_names,
            shares.get(signal.name, float(np.mean(of_size[signal.bar] or [1.0]))),
            signal.name in shares,
        )
        for signal in signals
    ]


async def write_year(path: Path, habits: Sequence[Habit]) -> None:
    """The year, through the journal and the log of readings that an engine writes with."""
    from strategies.evaluate import Readings
    from strategies.signal import Reason

    draw = np.random.default_rng(1)
    count = len(SYMBOLS)
    database = await Database.open(path, mode="sim", account="bench", identity="synthetic")
    journal = Journal(database)
    log = ReadingLog(journal, [habit.name for habit in habits], SYMBOLS)
    value, confidence = np.zeros((2, len(habits), count))
    statistics = [dict.fromkeys(habit.statistics, np.zeros(count)) for habit in habits]
    reasons = ((Reason.OK,) * count,) * len(habits)
    faults = ("",) * len(habits)
    for hour in range(1, HOURS + 1):
        now_ms = START_MS + hour * HOUR_MS
        value, confidence = value.copy(), confidence.copy()
        closed = tuple(now_ms // habit.bar_ms * habit.bar_ms for habit in habits)
        for row, habit in enumerate(habits):
            if closed[row] != now_ms:
                continue
            new = draw.random(count) < habit.share
            value[row, new] = draw.normal(size=new.sum())
            confidence[row, new] = draw.random(new.sum())
            statistics[row] = {name: draw.normal(size=count) for name in habit.statistics}
        log.write(Readings(now_ms, closed, value, confidence, reasons, tuple(statistics), faults), now_ms)
        _decide(journal, draw, now_ms)
        if hour % COMMIT_BARS == 0:
            await journal.commit()
    await journal.commit()
    await database.close()


def _decide(journal: Journal, draw: np.random.Generator, now_ms: int) -> None:
    stages = np.empty((len(DECISION_STAGES), len(SYMBOLS)))
    for row in range(len(stages)):
        stages[row] = draw.normal(size=len(SYMBOLS)) if row in CHANGING_STAGES else stages[row - 1]
    journal.decision(DecisionRow(now_ms, SYMBOLS, TradingState.ACTIVE, False, stages, SCALARS))
    profit = Decimal(f"{draw.normal() * 1e3:.8f}")
    start = Decimal(100_000)
    totals = LedgerTotals(start, profit, Decimal(0), Decimal(0), Decimal(0), start + profit, start)
    journal.equity(now_ms, replace(totals), 1.0, 0.5)


def _market(inputs: set[str]):  # type: ignore[no-untyped-def]
    """Recorded coins where there are any, else the embedded market."""
    from engine.config import load_config
    from engine.feeds.choose import open_feed

    data = Path(os.environ.get("QUARTERDECK_DATA") or REPOSITORY.parent / "shared" / "data")
    if list(data.glob(FILES)):
        flags: dict[str, str | list[str]] = {"run.mode": "replay", "run.data": [str(data / FILES)]}
        flags["run.symbols"] = "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT"
    else:
        print("no recorded market: repetition is that of the embedded one", file=sys.stderr)
        flags = {"run.mode": "sim"}
    return open_feed(load_config(None, {}, flags, {}), inputs)


if __name__ == "__main__":
    main()
