"""What signals would have said of recorded bars, and whether they were right: one pass, in memory that does not grow.

Each reading is judged by the close of the next bar of the signal's own size, as if nothing cost anything: this says
whether a signal speaks, and whether it speaks of what comes; it is no backtest. Rules speak with their prior
confidence.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.feeds.feed import BarBlock, Feed
from engine.market import inputs_to_keep
from engine.shadow_days import DAY_MS, rank_correlation
from engine.signal_catalogue import inputs_of
from strategies.evaluate import PastReadings, past_readings
from strategies.panel import Panel
from strategies.signal import OPINIONS, REASONS, TAKER_BUY_VOLUME, Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

BLOCK_BARS = 2_048
_OPINIONS = [REASONS.index(reason) for reason in OPINIONS]


def check_signals(feed: Feed, signals: Sequence[Signal]) -> Iterator[dict[str, Any]]:
    """What each signal said of all the feed's bars, one row a signal, in their order; the rows come when all have been
    heard. Blocking. Raises DataFault, and ValueError for a feed without end.

    `coverage` is the share of readings that were an opinion; of those, `zeros` the share that were 0 and `mean_abs`
    the mean of |v q|. `hit_rate` is the share of judged readings with the sign of the next bar's return, and
    `information_coefficient` the mean over UTC days of the rank correlation of v q with it, over symbols and bars of
    the day, with its standard error; None where nothing could be judged, and of signals that hold something else than
    the symbol (`Signal.judged_by_symbol`). `missing` names inputs the data never has.
    """
    if feed.end_ms is None:
        raise ValueError("a market without end cannot be checked: record it first")
    hearings = [_Hearing(signal, feed) for signal in signals]
    known: set[str] = set()
    open_ms = feed.first_open_ms
    while open_ms < feed.end_ms and len(block := feed.read(open_ms, BLOCK_BARS)):
        known |= {name for name, values in block.inputs.items() if np.isfinite(values).any()}
        for hearing in hearings:
            hearing.hear(block)
        open_ms = block.first_open_ms + len(block) * block.bar_ms
    yield from (hearing.row(known) for hearing in hearings)


@dataclass(slots=True)
class _Tally:
    """Sums over what was heard; `said` and `followed` hold the readings of the day that has not ended."""

    reasons: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(REASONS), dtype=np.int64))
    opinions: int = 0
    zeros: int = 0
    strength: float = 0.0
    hits: int = 0
    misses: int = 0
    day: int = -1
    said: list[FloatArray] = field(default_factory=list)
    followed: list[FloatArray] = field(default_factory=list)
    days: int = 0
    coefficient_sum: float = 0.0
    coefficient_squares: float = 0.0

    def end_day(self) -> None:
        if self.said:
            found = rank_correlation(np.concatenate(self.said), np.concatenate(self.followed))
            if found is not None:
                self.days += 1
                self.coefficient_sum += found
                self.coefficient_squares += found * found
        self.said, self.followed = [], []


class _Hearing:
    """One signal on its own panel, which remembers a block and the window before it."""

    def __init__(self, signal: Signal, feed: Feed) -> None:
        self.signal = signal
        depth = signal.window + math.ceil(BLOCK_BARS * feed.bar_ms / signal.bar_ms) + 3
        more = {} if signal.bar == "1d" else {signal.bar: depth}
        days = depth if signal.bar == "1d" else 1
        self._panel = Panel(feed.symbols, feed.bar_ms, days, more, inputs_to_keep([signal]))
        self._heard_ms = -1
        self._tally = _Tally()
        self._last: tuple[FloatArray, FloatArray, int] | None = None
        self._seconds = 0.0

    def hear(self, block: BarBlock) -> None:
        """Take the next bars."""
        began = time.perf_counter()
        self._panel.extend(
            block.first_open_ms,
            block.open,
            block.high,
            block.low,
            block.close,
            block.volume,
            block.inputs.get(TAKER_BUY_VOLUME),
            inputs=block.inputs,
        )
        past = past_readings([self.signal], self._panel, self.signal.bar)
        new = past.ts_ms > self._heard_ms
        if new.any():
            self._count(past, new)
            self._heard_ms = int(past.ts_ms[-1])
        self._seconds += time.perf_counter() - began

    def _count(self, past: PastReadings, new: NDArray[np.bool_]) -> None:
        tally = self._tally
        value, confidence, reason = (part[new, 0] for part in (past.value, past.confidence, past.reason))
        spoken = np.isin(reason, _OPINIONS)
        score = np.where(spoken, value * confidence, np.nan)
        tally.reasons += np.bincount(reason.ravel(), minlength=len(REASONS))
        tally.opinions += int(spoken.sum())
        tally.zeros += int((spoken & (value == 0.0)).sum())
        tally.strength += float(np.nansum(np.abs(score)))
        if self.signal.judged_by_symbol:
            close = self._panel.window("close", len(past.ts_ms), self.signal.bar).T[new]
            self._judge(score, close, past.ts_ms[new])

    def _judge(self, score: FloatArray, close: FloatArray, ts_ms: NDArray[np.int64]) -> None:
        """Set each reading against the return of the bar after it; the newest waits for the next block."""
        if self._last is not None:
            score = np.vstack((self._last[0], score))
            close = np.vstack((self._last[1], close))
            ts_ms = np.concatenate(([self._last[2]], ts_ms))
        self._last = score[-1], close[-1], int(ts_ms[-1])
        followed = close[1:] / close[:-1] - 1.0
        score, tally = score[:-1], self._tally
        judged = np.isfinite(score) & np.isfinite(followed)
        tally.hits += int((judged & (score * followed > 0.0)).sum())
        tally.misses += int((judged & (score * followed < 0.0)).sum())
        days = (ts_ms[:-1] - 1) // DAY_MS
        for day in np.unique(days).tolist():
            if day != tally.day:
                tally.end_day()
                tally.day = day
            within = judged & (days == day)[:, None]
            tally.said.append(score[within])
            tally.followed.append(followed[within])

    def row(self, known: set[str]) -> dict[str, Any]:
        """All that was heard, as `check_signals` says."""
        tally, signal = self._tally, self.signal
        tally.end_day()
        readings, judged = int(tally.reasons.sum()), tally.hits + tally.misses
        return {
            "name": signal.name,
            "bar": signal.bar,
            "window": signal.window,
            "readings": readings,
            "coverage": _share(tally.opinions, readings),
            "zeros": _share(tally.zeros, tally.opinions),
            "mean_abs": _share(tally.strength, tally.opinions),
            "judged": judged,
            "hit_rate": _share(tally.hits, judged),
            **_coefficient(tally),
            "reasons": {
                REASONS[code].value: count for code, count in enumerate(tally.reasons.tolist()) if count
            },
            "missing": [name for name in inputs_of(signal) if name not in known],
            "seconds": self._seconds,
        }


def _coefficient(tally: _Tally) -> dict[str, float | int | None]:
    days = tally.days
    mean = _share(tally.coefficient_sum, days)
    error = None
    if mean is not None and days > 1:
        variance = max(tally.coefficient_squares - days * mean * mean, 0.0) / (days - 1)
        error = math.sqrt(variance / days)
    return {"days": days, "information_coefficient": mean, "standard_error": error}


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
