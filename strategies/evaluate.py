"""Readings of all signals on all symbols: one path serves one bar and a whole history, and both judge the same
windows by the same rules.

A signal reads the completed bars of its own size, and speaks anew when one of them completes. What the framework
makes of a window stands in `strategies.judgement`. A signal that raises is silent alone: its readings are BROKEN, its
fault is told, and no other reading changes; nor does it when signals are added, left out or put in another order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from strategies.attempt import FOREIGN_FAULTS, attempt, check, joined, leg_weights
from strategies.inputs import INPUT_NAMES
from strategies.judgement import (
    OK,
    STALE_BARS,
    BoolArray,
    Facts,
    judged,
    required,
    required_inputs,
    silenced,
)
from strategies.panel import Frame, Panel
from strategies.signal import REASONS, Explanation, FloatArray, IntArray, KernelResult, Reason, Signal

CHUNK_FLOATS = 500_000
"""Window elements copied at a time by the batch: bounds its memory, changes no result."""


T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Readings:
    """Values in [-1, 1] or NaN and confidences in [0, 1], [K, S] for K signals and S symbols.

    `closed_ms` [K] says when the newest bar each signal read had closed (-1 before the first), `ts_ms` the
    newest of them. `statistics` holds per signal the kernel's raw statistics by name, [S] each; NaN where it
    has none. Unlike value and confidence they are what the kernel said, whatever the framework's rules made
    of it. `faults` [K] says in a line what is wrong with a signal that raised, "" where nothing is.
    """

    ts_ms: int
    closed_ms: tuple[int, ...]
    value: FloatArray
    confidence: FloatArray
    reasons: tuple[tuple[Reason, ...], ...]
    statistics: tuple[Mapping[str, FloatArray], ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastReadings:
    """Readings of past completed bars: `ts_ms` [T] (close of each), value and confidence [T, K, S].

    `reason` [T, K, S] holds positions in `strategies.signal.REASONS`.
    """

    ts_ms: IntArray
    value: FloatArray
    confidence: FloatArray
    reason: IntArray


def evaluate(
    signals: Sequence[Signal], panel: Panel, now_ms: int | None = None, before: Readings | None = None
) -> Readings:
    """Readings of the newest completed bars. `now_ms`, in market time, dates the newest bar's age.

    Without it the end of the newest completed bar counts as now. Given the readings `before`, signals of
    whose size no bar has completed since keep theirs. Raises ValueError where a signal's bar size, window or
    input is not in the panel's memory.
    """
    shape = (len(signals), len(panel.symbols))
    value, confidence = np.empty(shape), np.empty(shape)
    reasons, statistics, closed_ms, faults = [], [], [], []
    for index, signal in enumerate(signals):
        closed_ms.append(panel.frame(signal.bar).close_ms)
        if before is not None and before.closed_ms[index] == closed_ms[index]:
            value[index], confidence[index] = before.value[index], before.confidence[index]
            reasons.append(before.reasons[index])
            statistics.append(before.statistics[index])
            faults.append(before.faults[index])
            continue
        result, fault, facts, code = _said(signal, panel, now_ms)
        value[index], confidence[index], reason = judged(result, facts, code)
        if not fault and (fault := _fault_of_legs(signal, panel.symbols, value[index])):
            value[index], confidence[index] = np.nan, 0.0
            reason = np.full_like(reason, REASONS.index(Reason.BROKEN))
        reasons.append(tuple(REASONS[code] for code in reason.tolist()))
        statistics.append(dict(zip(signal.statistic_names, result.statistics.T, strict=True)))
        faults.append(fault)
    return Readings(
        max(closed_ms, default=-1),
        tuple(closed_ms),
        value,
        confidence,
        tuple(reasons),
        tuple(statistics),
        tuple(faults),
    )


def explain(signal: Signal, panel: Panel, symbol: str, now_ms: int | None = None) -> Explanation:
    """The newest reading of one signal on one symbol, with the kernel's raw statistics and the share of
    filled bars.

    Where the framework has no opinion the kernel's statistics are still given, as far as it could compute
    them.
    """
    column = panel.symbols.index(symbol)
    result, _, facts, code = _said(signal, panel, now_ms)
    value, confidence, reason = judged(result, facts, code)
    return Explanation(
        value=float(value[column]),
        confidence=float(confidence[column]),
        reason=REASONS[int(reason[column])],
        statistics={
            **signal.explanation(result, column).statistics,
            "bars": float(min(facts.count[column], signal.window)),
            "window": float(signal.window),
            "filled_share": float(facts.filled_share[column]),
        },
    )


def unknown_inputs(signal: Signal, panel: Panel) -> tuple[tuple[str, ...], ...]:
    """Which of the inputs a signal needs are known nowhere in its newest window, by symbol: what NO_INPUT is for. One
    that could do without each of its inputs needs them where it has none."""
    frame, needed = panel.frame(signal.bar), required_inputs(signal)
    names = needed or tuple(name for name in signal.fields if name in INPUT_NAMES)
    absent = {name: _all(np.isnan(frame.window(name, signal.window))).tolist() for name in names}
    unknown = (
        tuple(name for name, holes in absent.items() if holes[column]) for column in range(len(panel.symbols))
    )
    return tuple(found if needed or len(found) == len(names) else () for found in unknown)


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
        said = _past(signal, panel.symbols, frame, bars)
        value[:, index], confidence[:, index], reason[:, index] = (part.T for part in said)
    ts_ms = frame.close_ms - frame.step_ms * np.arange(bars - 1, -1, -1, dtype=np.int64)
    return PastReadings(ts_ms, value, confidence, reason)


def _said(signal: Signal, panel: Panel, now_ms: int | None) -> tuple[KernelResult, str, Facts, IntArray]:
    """What the kernel says of the newest windows, its fault, the facts [S], and the framework's reason codes [S]."""
    fields, facts = _newest(signal, panel, now_ms)
    code = silenced(signal, facts)
    if signal.cross:
        fields = tuple(_without(field, code)[None] for field in fields)
    result, fault = attempt(signal, fields, panel.symbols if signal.cross else ())
    return result, fault, facts, code


def _fault_of_legs(signal: Signal, symbols: tuple[str, ...], value: FloatArray) -> str:
    """What is wrong with the legs a signal declares for its values [S], in one line; "" where nothing is."""
    if signal.legs is None or not np.isfinite(value).any():
        return ""
    return leg_weights(signal.legs, symbols, np.nan_to_num(value))[1]


def _newest(signal: Signal, panel: Panel, now_ms: int | None) -> tuple[tuple[FloatArray, ...], Facts]:
    """The newest window [S, W] of each field, and the facts [S]."""
    frame = panel.frame(signal.bar)
    since_close_ms = 0 if now_ms is None else now_ms - frame.close_ms
    known = {field: frame.window(field, signal.window) for field in signal.fields}
    missing = np.zeros(len(panel.symbols), dtype=np.bool_)
    for name in required(signal):
        missing |= np.isnan(known[name]).any(axis=-1)
    absent = [np.isnan(known[name]) for name in required_inputs(signal)]
    return tuple(known.values()), Facts(
        missing=missing,
        filled_share=frame.filled_share(signal.window),
        count=frame.count,
        age_ms=frame.missing_run * frame.step_ms + since_close_ms,
        unknown=_any([_all(holes) for holes in absent]),
        outdated=_any([holes[:, -1] for holes in absent]),
    )


def _past(
    signal: Signal, symbols: tuple[str, ...], frame: Frame, bars: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Readings [S, bars] of the windows that ended each of the newest `bars` bars."""
    span = min(bars + signal.window - 1, frame.held)
    before = ((0, 0), (bars + signal.window - 1 - span, 0))
    known = {
        field: np.pad(frame.window(field, span), before, constant_values=np.nan) for field in signal.fields
    }
    filled = np.pad(frame.filled(span), before, constant_values=False)
    missing = np.zeros(filled.shape, dtype=np.bool_)
    for name in required(signal):
        missing |= np.isnan(known[name])
    absent = [np.isnan(known[name]) for name in required_inputs(signal)]
    facts = Facts(
        missing=_within(missing, signal.window) > 0,
        filled_share=_within(filled, signal.window) / signal.window,
        count=np.maximum(frame.count[:, None] - np.arange(bars - 1, -1, -1), 0),
        age_ms=_missing_runs(frame)[:, -bars:] * frame.step_ms,
        unknown=_any([_within(holes, signal.window) == signal.window for holes in absent]),
        outdated=_any([holes[:, -bars:] for holes in absent]),
    )
    code = silenced(signal, facts)
    series = tuple(known.values())
    if signal.cross:
        return judged(_crossed(signal, symbols, series, code), facts, code)
    pieces = [_rolled(signal, [field[row : row + 1] for field in series]) for row in range(len(symbols))]
    return judged(joined(pieces), facts, code)


def _rolled(signal: Signal, series: Sequence[FloatArray]) -> KernelResult:
    """What the kernel says of every window of one symbol's series [1, n], statistics left out."""
    windows = series[0].shape[1] - signal.window + 1
    if signal.roll is not None:
        try:
            result = signal.roll(*series)
            check(signal, result, windows)
            return _spoken(result)
        except FOREIGN_FAULTS:  # the windows one by one say on which it is that it raises
            pass
    pieces = []
    chunk = max(1, CHUNK_FLOATS // signal.window)
    for start in range(0, windows, chunk):
        cut = [_cut(field, signal.window, start, min(windows, start + chunk))[0] for field in series]
        pieces.append(_spoken(attempt(signal, cut)[0]))
    return joined(pieces)


def _crossed(
    signal: Signal, symbols: tuple[str, ...], series: Sequence[FloatArray], code: IntArray
) -> KernelResult:
    """What the kernel says of every window of all symbols' series [S, n], in the order [S, windows]; no statistics."""
    pieces = []
    windows = code.shape[1]
    chunk = max(1, CHUNK_FLOATS // (signal.window * len(symbols)))
    for start in range(0, windows, chunk):
        stop = min(windows, start + chunk)
        cut = [
            _without(_cut(field, signal.window, start, stop), code[:, start:stop]).swapaxes(0, 1)
            for field in series
        ]
        pieces.append(_spoken(attempt(signal, [np.ascontiguousarray(field) for field in cut], symbols)[0]))
    said = joined(pieces)
    return KernelResult(
        _turned(said.value, windows),
        _turned(said.confidence, windows),
        _turned(said.reason, windows),
        said[3],
    )


def _turned(said: NDArray[T], windows: int) -> NDArray[T]:
    """What is said in the order [windows, S], flat, in the order [S, windows], flat."""
    return said.reshape(windows, -1).T.ravel()


def _any(flags: Sequence[BoolArray]) -> BoolArray | None:
    return np.logical_or.reduce(flags) if flags else None


def _all(flags: BoolArray) -> BoolArray:
    return np.logical_and.reduce(flags, axis=-1)  # type: ignore[no-any-return]


def _without(windows: NDArray[T], code: IntArray) -> NDArray[T]:
    """The windows [..., W] with NaN for whole windows the framework has a reason against."""
    windows[code != OK] = np.nan
    return windows


def _spoken(result: KernelResult) -> KernelResult:
    return result._replace(statistics=result.statistics[:0])


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
    """Windows [R, stop - start, window] of series [R, n], copied so that each is contiguous."""
    view = sliding_window_view(series[:, start : stop + window - 1], window, axis=1)
    return np.array(view, order="C")
