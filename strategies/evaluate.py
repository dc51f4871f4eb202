"""Readings of all signals on all symbols, with what no kernel knows: warm-up, gaps, filled bars, stale
inputs.

One path serves one bar and a whole history: both judge the same windows by the same rules. A signal reads
the completed bars of its own size, and speaks anew when one of them completes. No opinion is (NaN, 0) with
the first reason that holds: WARMUP (fewer than W bars since the history began), STALE (the newest real bar
closed more than two bars ago), NAN_INPUT (a bar of the window is missing), GAP (fewer than 98 % of its bars
are real), then the kernel's own. Otherwise confidence is the kernel's times the share of real bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from strategies.panel import BoolArray, Frame, Panel
from strategies.signal import (
    REASONS,
    TAKER_BUY_VOLUME,
    Explanation,
    FloatArray,
    IntArray,
    KernelResult,
    Reason,
    Signal,
)

LEAST_REAL_SHARE = 0.98
STALE_BARS = 2
CHUNK_FLOATS = 500_000
"""Window elements copied at a time by the batch: bounds its memory, changes no result."""


T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Readings:
    """Values in [-1, 1] or NaN and confidences in [0, 1], [K, S] for K signals and S symbols.

    `closed_ms` [K] says when the newest bar each signal read had closed (-1 before the first), `ts_ms` the
    newest of them. `statistics` holds per signal the kernel's raw statistics by name, [S] each; NaN where it
    has none. Unlike value and confidence they are what the kernel said, whatever the framework's rules made
    of it.
    """

    ts_ms: int
    closed_ms: tuple[int, ...]
    value: FloatArray
    confidence: FloatArray
    reasons: tuple[tuple[Reason, ...], ...]
    statistics: tuple[Mapping[str, FloatArray], ...]


@dataclass(frozen=True, slots=True)
class PastReadings:
    """Readings of past completed bars: `ts_ms` [T] (close of each), value and confidence [T, K, S].

    `reason` [T, K, S] holds positions in `strategies.signal.REASONS`.
    """

    ts_ms: IntArray
    value: FloatArray
    confidence: FloatArray
    reason: IntArray


@dataclass(frozen=True, slots=True)
class Facts:
    """What the framework knows of windows, [...] each: which have a missing bar, the share of bars that are
    flat stand-ins, the bars since the symbol's history began, and the age of the newest real bar's close in
    ms."""

    missing: BoolArray
    filled_share: FloatArray
    count: IntArray
    age_ms: IntArray


def evaluate(
    signals: Sequence[Signal], panel: Panel, now_ms: int | None = None, before: Readings | None = None
) -> Readings:
    """Readings of the newest completed bars. `now_ms`, in market time, dates the newest bar's age.

    Without it the end of the newest completed bar counts as now. Given the readings `before`, signals of
    whose size no bar has completed since keep theirs. Raises ValueError where a signal's bar size or window
    is not in the panel's memory, and where a kernel gives other statistics than its signal names.
    """
    shape = (len(signals), len(panel.symbols))
    value, confidence = np.empty(shape), np.empty(shape)
    reasons, statistics, closed_ms = [], [], []
    for index, signal in enumerate(signals):
        closed_ms.append(panel.frame(signal.bar).close_ms)
        if before is not None and before.closed_ms[index] == closed_ms[index]:
            value[index], confidence[index] = before.value[index], before.confidence[index]
            reasons.append(before.reasons[index])
            statistics.append(before.statistics[index])
            continue
        fields, facts = _newest(signal, panel, now_ms)
        result = signal.run(*fields)
        value[index], confidence[index], reason = _judge(signal, result, facts)
        reasons.append(tuple(REASONS[code] for code in reason.tolist()))
        statistics.append(dict(zip(signal.statistic_names, result.statistics.T, strict=True)))
    return Readings(
        max(closed_ms, default=-1), tuple(closed_ms), value, confidence, tuple(reasons), tuple(statistics)
    )


def explain(signal: Signal, panel: Panel, symbol: str, now_ms: int | None = None) -> Explanation:
    """The newest reading of one signal on one symbol, with the kernel's raw statistics and the share of
    filled bars.

    Where the framework has no opinion the kernel's statistics are still given, as far as it could compute
    them.
    """
    column = panel.symbols.index(symbol)
    fields, facts = _newest(signal, panel, now_ms)
    value, confidence, reason = _judge(signal, signal.run(*fields), facts)
    raw = signal.explain(*(field[column] for field in fields))
    return Explanation(
        value=float(value[column]),
        confidence=float(confidence[column]),
        reason=REASONS[int(reason[column])],
        statistics={
            **raw.statistics,
            "bars": float(min(facts.count[column], signal.window)),
            "window": float(signal.window),
            "filled_share": float(facts.filled_share[column]),
        },
    )


def past_readings(signals: Sequence[Signal], panel: Panel, bar: str = "1d") -> PastReadings:
    """What `evaluate` would have said at the end of every bar of one size still wholly in the panel's memory,
    oldest first.

    Raises ValueError where a signal reads bars of another size.
    """
    if others := [signal.name for signal in signals if signal.bar != bar]:
        raise ValueError(f"past readings at {bar} need signals of {bar}: {', '.join(others)} read other bars")
    frame = panel.frame(bar)
    lost = frame.completed > frame.held
    reach = max((signal.window - 1 for signal in signals), default=0)
    bars = max(frame.held - (max(reach, STALE_BARS) if lost else 0), 0)
    shape = (bars, len(signals), len(panel.symbols))
    value, confidence = np.empty(shape), np.empty(shape)
    reason = np.empty(shape, dtype=np.int64)
    for index, signal in enumerate(signals if bars else ()):
        judged = _past(signal, frame, bars)
        value[:, index], confidence[:, index], reason[:, index] = (part.T for part in judged)
    ts_ms = frame.close_ms - frame.step_ms * np.arange(bars - 1, -1, -1, dtype=np.int64)
    return PastReadings(ts_ms, value, confidence, reason)


def _judge(signal: Signal, result: KernelResult, facts: Facts) -> tuple[FloatArray, FloatArray, IntArray]:
    """Value, confidence and reason code, shaped as the facts, under the framework's rules."""
    shape = facts.count.shape
    real_share = 1.0 - facts.filled_share
    reason = result.reason.reshape(shape)
    for code, holds in (
        (Reason.GAP, real_share < LEAST_REAL_SHARE),
        (Reason.NAN_INPUT, facts.missing),
        (Reason.STALE, facts.age_ms > STALE_BARS * signal.bar_ms),
        (Reason.WARMUP, facts.count < signal.window),
    ):
        reason = np.where(holds, REASONS.index(code), reason)
    silent = reason != REASONS.index(Reason.OK)
    return (
        np.where(silent, np.nan, result.value.reshape(shape)),
        np.where(silent, 0.0, result.confidence.reshape(shape) * real_share),
        reason,
    )


def _newest(signal: Signal, panel: Panel, now_ms: int | None) -> tuple[tuple[FloatArray, ...], Facts]:
    """The newest window [S, W] of each field, and the facts [S]."""
    frame = panel.frame(signal.bar)
    since_close_ms = 0 if now_ms is None else now_ms - frame.close_ms
    fields = tuple(frame.window(field, signal.window) for field in signal.fields)
    missing = np.zeros(len(panel.symbols), dtype=np.bool_)
    for name, field in zip(signal.fields, fields, strict=True):
        if name != TAKER_BUY_VOLUME:
            missing |= np.isnan(field).any(axis=-1)
    return fields, Facts(
        missing=missing,
        filled_share=frame.filled(signal.window).mean(axis=-1),
        count=frame.count,
        age_ms=frame.missing_run * frame.step_ms + since_close_ms,
    )


def _past(signal: Signal, frame: Frame, bars: int) -> tuple[FloatArray, FloatArray, IntArray]:
    """Readings [S, bars] of the windows that ended each of the newest `bars` bars."""
    span = min(bars + signal.window - 1, frame.held)
    absent = ((0, 0), (bars + signal.window - 1 - span, 0))
    fields = tuple(
        np.pad(frame.window(field, span), absent, constant_values=np.nan) for field in signal.fields
    )
    missing = np.zeros(fields[0].shape, dtype=np.bool_)
    for name, field in zip(signal.fields, fields, strict=True):
        if name != TAKER_BUY_VOLUME:
            missing |= np.isnan(field)
    filled = np.pad(frame.filled(span), absent, constant_values=False)
    facts = Facts(
        missing=_within(missing, signal.window) > 0,
        filled_share=_within(filled, signal.window) / signal.window,
        count=np.maximum(frame.count[:, None] - np.arange(bars - 1, -1, -1), 0),
        age_ms=_missing_runs(frame)[:, -bars:] * frame.step_ms,
    )
    pieces = [_rolled(signal, [field[row : row + 1] for field in fields]) for row in range(len(filled))]
    result = KernelResult(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))
    return _judge(signal, result, facts)


def _rolled(signal: Signal, series: Sequence[FloatArray]) -> KernelResult:
    """What the kernel says of every window of one symbol's series [1, n], statistics left out."""
    if signal.roll is not None:
        result = signal.roll(*series)
        return result._replace(statistics=result.statistics[:0])
    pieces = []
    windows = series[0].shape[1] - signal.window + 1
    chunk = max(1, CHUNK_FLOATS // signal.window)
    for start in range(0, windows, chunk):
        stop = min(windows, start + chunk)
        cut = (_cut(field[0], signal.window, start, stop) for field in series)
        result = signal.run(*cut)
        pieces.append(result._replace(statistics=result.statistics[:0]))
    return KernelResult(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))


def _within(flags: BoolArray, window: int) -> IntArray:
    """How many flags [S, n] are set in each window, [S, n - window + 1]."""
    count = np.zeros((flags.shape[0], flags.shape[1] + 1), dtype=np.int64)
    np.cumsum(flags, axis=1, out=count[:, 1:])
    return count[:, window:] - count[:, :-window]


def _missing_runs(frame: Frame) -> IntArray:
    """Bars [S, held] in a row without a real one, at the end of each bar in memory."""
    real = ~np.isnan(frame.window("close", frame.held)) & ~frame.filled(frame.held)
    position = np.arange(frame.held)
    return position - np.maximum.accumulate(np.where(real, position, -1), axis=1)


def _cut(series: NDArray[T], window: int, start: int, stop: int) -> NDArray[T]:
    """Windows [stop - start, window] of a series [n], copied so that each is contiguous."""
    return np.ascontiguousarray(sliding_window_view(series[start : stop + window - 1], window))
