"""Readings of all signals on all symbols, with what no kernel knows: warm-up, gaps, filled bars, stale
inputs.

One path serves one bar and a whole history: both cut the same contiguous windows and judge them by the same
rules. No opinion is (NaN, 0) with the first reason that holds: WARMUP (fewer than W bars since the history
began), STALE (the newest real bar closed more than two bars ago), NAN_INPUT (a bar of the window is
missing), GAP (fewer than 98 % of its bars are real), then the kernel's own. Otherwise confidence is the
kernel's times the share of real bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from strategies.panel import BoolArray, Frame, Panel
from strategies.signal import REASONS, Explanation, FloatArray, IntArray, Reason, Signal

LEAST_REAL_SHARE = 0.98
STALE_BARS = 2
CHUNK_FLOATS = 4_000_000
"""Window elements copied at a time by the batch: bounds its memory, changes no result."""


T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Readings:
    """Values in [-1, 1] or NaN and confidences in [0, 1], [K, S] for K signals and S symbols.

    `statistics` holds per signal the kernel's raw statistics by name, [S] each; NaN where it has none. Unlike
    value and confidence they are what the kernel said, whatever the framework's rules made of it.
    """

    ts_ms: int
    value: FloatArray
    confidence: FloatArray
    reasons: tuple[tuple[Reason, ...], ...]
    statistics: tuple[Mapping[str, FloatArray], ...]


@dataclass(frozen=True, slots=True)
class DailyReadings:
    """Readings of past completed days: `ts_ms` [D] (close of each day), value and confidence [D, K, S].

    `reason` [D, K, S] holds positions in `strategies.signal.REASONS`.
    """

    ts_ms: IntArray
    value: FloatArray
    confidence: FloatArray
    reason: IntArray


@dataclass(frozen=True, slots=True)
class Windows:
    """T windows of S symbols: one array [T, S, W] per field, which bars are filled [T, S, W], and per
    window [T, S] the bars since its symbol's history began and the age of its newest real bar's close in
    ms."""

    fields: tuple[FloatArray, ...]
    filled: BoolArray
    count: IntArray
    age_ms: IntArray


def evaluate(signals: Sequence[Signal], panel: Panel, now_ms: int | None = None) -> Readings:
    """Readings of the newest completed bars. `now_ms`, in market time, dates the newest bar's age.

    Without it the end of the newest completed bar counts as now. Raises ValueError where a signal's bar
    size or window is not in the panel's memory, and where a kernel gives other statistics than its signal
    names.
    """
    shape = (len(signals), len(panel.symbols))
    value, confidence = np.empty(shape), np.empty(shape)
    reasons, statistics = [], []
    for index, signal in enumerate(signals):
        readings = _judge(signal, _newest(signal, panel, now_ms))
        value[index], confidence[index] = readings.value[0], readings.confidence[0]
        reasons.append(tuple(REASONS[code] for code in readings.reason[0].tolist()))
        statistics.append(dict(zip(signal.statistic_names, readings.statistics.T, strict=True)))
    ts_ms = max((panel.frame(signal.bar).close_ms for signal in signals), default=-1)
    return Readings(ts_ms, value, confidence, tuple(reasons), tuple(statistics))


def explain(signal: Signal, panel: Panel, symbol: str, now_ms: int | None = None) -> Explanation:
    """The newest reading of one signal on one symbol, with the kernel's raw statistics and the share of
    filled bars.

    Where the framework has no opinion the kernel's statistics are still given, as far as it could compute
    them.
    """
    column = panel.symbols.index(symbol)
    windows = _newest(signal, panel, now_ms)
    judged = _judge(signal, windows)
    raw = signal.explain(*(field[0, column] for field in windows.fields))
    return Explanation(
        value=float(judged.value[0, column]),
        confidence=float(judged.confidence[0, column]),
        reason=REASONS[int(judged.reason[0, column])],
        statistics={
            **raw.statistics,
            "bars": float(min(windows.count[0, column], signal.window)),
            "window": float(signal.window),
            "filled_share": float(windows.filled[0, column].mean()),
        },
    )


def daily_readings(signals: Sequence[Signal], panel: Panel) -> DailyReadings:
    """What `evaluate` would have said at the end of every day still wholly in the panel's memory, oldest
    first.

    All signals read daily bars. Raises ValueError where one does not.
    """
    if others := [signal.name for signal in signals if signal.bar != "1d"]:
        raise ValueError(f"daily readings need daily signals: {', '.join(others)} read other bars")
    frame = panel.frame("1d")
    lost = frame.completed > frame.held
    reach = max((signal.window - 1 for signal in signals), default=0)
    days = frame.held - (max(reach, STALE_BARS) if lost else 0)
    shape = (max(days, 0), len(signals), len(panel.symbols))
    value, confidence = np.empty(shape), np.empty(shape)
    reason = np.empty(shape, dtype=np.int64)
    for index, signal in enumerate(signals):
        start = 0
        for windows in _past(signal, frame, shape[0]):
            judged = _judge(signal, windows)
            stop = start + len(judged.value)
            value[start:stop, index] = judged.value
            confidence[start:stop, index] = judged.confidence
            reason[start:stop, index] = judged.reason
            start = stop
    ts_ms = frame.close_ms - frame.step_ms * np.arange(shape[0] - 1, -1, -1, dtype=np.int64)
    return DailyReadings(ts_ms, value, confidence, reason)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Value, confidence and reason code [T, S], and the kernel's raw statistics [T * S, n]."""

    value: FloatArray
    confidence: FloatArray
    reason: IntArray
    statistics: FloatArray


def _judge(signal: Signal, windows: Windows) -> _Judged:
    """Kernel results of T x S windows with the framework's rules applied."""
    result = signal.run(*windows.fields)
    shape = windows.count.shape
    share = 1.0 - windows.filled.mean(axis=-1)
    missing = np.zeros(shape, dtype=np.bool_)
    for field in windows.fields:
        missing |= np.isnan(field).any(axis=-1)
    reason = result.reason.reshape(shape)
    stale_ms = STALE_BARS * signal.bar_ms
    for code, holds in (
        (Reason.GAP, share < LEAST_REAL_SHARE),
        (Reason.NAN_INPUT, missing),
        (Reason.STALE, windows.age_ms > stale_ms),
        (Reason.WARMUP, windows.count < signal.window),
    ):
        reason = np.where(holds, REASONS.index(code), reason)
    silent = reason != REASONS.index(Reason.OK)
    return _Judged(
        value=np.where(silent, np.nan, result.value.reshape(shape)),
        confidence=np.where(silent, 0.0, result.confidence.reshape(shape) * share),
        reason=reason,
        statistics=result.statistics,
    )


def _newest(signal: Signal, panel: Panel, now_ms: int | None) -> Windows:
    frame = panel.frame(signal.bar)
    since_close_ms = 0 if now_ms is None else now_ms - frame.close_ms
    return Windows(
        fields=tuple(frame.window(field, signal.window)[None] for field in signal.fields),
        filled=frame.filled(signal.window)[None],
        count=frame.count[None],
        age_ms=(frame.missing_run * frame.step_ms + since_close_ms)[None],
    )


def _past(signal: Signal, frame: Frame, days: int) -> Iterator[Windows]:
    """The windows that ended each of the newest `days` days, in chunks."""
    if days < 1:
        return
    span = min(days + signal.window - 1, frame.held)
    absent = ((0, 0), (days + signal.window - 1 - span, 0))
    fields = tuple(
        np.pad(frame.window(field, span), absent, constant_values=np.nan) for field in signal.fields
    )
    filled = np.pad(frame.filled(span), absent, constant_values=False)
    back = np.arange(days - 1, -1, -1)[:, None]
    count = np.maximum(frame.count[None, :] - back, 0)
    age_ms = _missing_runs(frame)[-days:] * frame.step_ms
    chunk = max(1, CHUNK_FLOATS // (signal.window * len(frame.symbols)))
    for start in range(0, days, chunk):
        stop = min(days, start + chunk)
        yield Windows(
            fields=tuple(_cut(field, signal.window, start, stop) for field in fields),
            filled=_cut(filled, signal.window, start, stop),
            count=count[start:stop],
            age_ms=age_ms[start:stop],
        )


def _missing_runs(frame: Frame) -> IntArray:
    """Bars [held, S] in a row without a real one, at the end of each bar in memory."""
    real = ~np.isnan(frame.window("close", frame.held)) & ~frame.filled(frame.held)
    position = np.arange(frame.held)
    newest_real = np.maximum.accumulate(np.where(real, position, -1), axis=1)
    return (position - newest_real).T


def _cut(series: NDArray[T], window: int, start: int, stop: int) -> NDArray[T]:
    """Windows [stop - start, S, window] of a series [S, n], copied so that the window axis is contiguous."""
    views = sliding_window_view(series[:, start : stop + window - 1], window, axis=1)
    return np.ascontiguousarray(views.transpose(1, 0, 2))
