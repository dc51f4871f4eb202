"""Series for golden values (the same on every machine) and random bars for behaviour."""

from __future__ import annotations

import numpy as np
import scipy.special
from numpy.typing import NDArray

from strategies.config import SignalsConfig, enabled_signals
from strategies.panel import Panel
from strategies.registry import assemble
from strategies.signal import CLOSE_MS, FIELDS, TAKER_BUY_VOLUME, Signal

FloatArray = NDArray[np.float64]
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
START_MS = 1_600_041_600_000
"""A UTC midnight."""


def U(count: int, seed: int) -> FloatArray:
    """Uniforms of a linear congruential generator, for golden values only."""
    state, drawn = seed & 0xFFFFFFFF, []
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        drawn.append((state + 0.5) / 2**32)
    return np.array(drawn)


def G(count: int, seed: int) -> FloatArray:
    """Standard normals by inversion of U."""
    normals: FloatArray = scipy.special.ndtri(U(count, seed))
    return normals


def AR(count: int, phi: float, seed: int) -> FloatArray:
    """First-order autoregression with innovations G and x_0 = e_0."""
    series = G(count, seed)
    for index in range(1, count):
        series[index] += phi * series[index - 1]
    return series


def BARS(count: int, seed: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Open, high, low, close, volume of a geometric walk with 1 % steps."""
    close = 100 * np.exp(np.cumsum(0.01 * G(count, seed)))
    open_ = np.r_[100.0, close[:-1]]
    high = np.maximum(open_, close) * (1 + 0.003 * U(count, seed + 1))
    low = np.minimum(open_, close) * (1 - 0.003 * U(count, seed + 2))
    return open_, high, low, close, 1000 * (1 + U(count, seed + 3))


def default_signals() -> tuple[Signal, ...]:
    """The signals that run unless somebody says otherwise; no plug-ins."""
    return enabled_signals(SignalsConfig(), assemble(()))


def walk(
    rng: np.random.Generator, bars: int, symbols: int, step: float = 0.01, drift: float = 0.0
) -> FloatArray:
    """Bars [5, bars, symbols] of geometric random walks: open, high, low, close, volume."""
    moves = drift + step * rng.standard_normal((bars, symbols))
    close = np.exp(rng.uniform(-3, 8, symbols) + np.cumsum(moves, axis=0))
    open_ = np.vstack([close[:1], close[:-1]])
    high = np.maximum(open_, close) * (1 + 0.3 * step * rng.random((bars, symbols)))
    low = np.minimum(open_, close) * (1 - 0.3 * step * rng.random((bars, symbols)))
    return np.stack([open_, high, low, close, rng.uniform(1, 1000, (bars, symbols))])


def panel_of(bars: FloatArray, bar_ms: int = DAY_MS, start_ms: int = START_MS, days: int = 2_000) -> Panel:
    """A panel that has taken bars [5, n, S] from `start_ms` on."""
    panel = Panel([f"S{column}" for column in range(bars.shape[2])], bar_ms, days=days)
    panel.extend(start_ms, *bars)
    return panel


def inputs(signal: Signal, bars: FloatArray, start_ms: int = START_MS) -> list[FloatArray]:
    """The fields a signal reads of bars [5 or 6, n, ...] from `start_ms` on: each [n, ...]."""
    shape = bars.shape[1:]
    closed = start_ms + signal.bar_ms * np.arange(1.0, shape[0] + 1)
    known = {**dict(zip(FIELDS, bars, strict=False)), TAKER_BUY_VOLUME: np.full(shape, np.nan)}
    if len(bars) > len(FIELDS):
        known[TAKER_BUY_VOLUME] = bars[len(FIELDS)]
    known[CLOSE_MS] = np.broadcast_to(closed.reshape(-1, *(1 for _ in shape[1:])), shape)
    return [np.ascontiguousarray(known[field]) for field in signal.fields]


def panel_for(signal: Signal, bars: FloatArray, start_ms: int = START_MS) -> Panel:
    """A panel of bars [5, n, S] of the signal's own size, which has taken them all and forgotten none."""
    panel = empty_panel(signal, bars.shape[2], bars.shape[1])
    panel.extend(start_ms, *bars)
    return panel


def empty_panel(signal: Signal, symbols: int, bars: int) -> Panel:
    """A panel that will remember `bars` bars of the signal's size."""
    depth = max(bars, signal.window)
    return Panel(
        [f"S{column}" for column in range(symbols)], signal.bar_ms, days=depth, more={signal.bar: depth}
    )
