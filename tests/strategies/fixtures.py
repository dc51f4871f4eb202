"""Series for golden values (the same on every machine) and random bars for behaviour."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special
from numpy.typing import NDArray

from strategies.config import SignalsConfig, enabled_signals
from strategies.inputs import INPUT_NAMES
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
    known = {**dict(zip(FIELDS, bars, strict=False)), TAKER_BUY_VOLUME: np.full(shape, np.nan)}
    if len(bars) > len(FIELDS):
        known[TAKER_BUY_VOLUME] = bars[len(FIELDS)]
    known[CLOSE_MS] = _along(closes_ms(shape[0], signal.bar_ms, start_ms), shape)
    known.update(beside(signal, bars, start_ms))
    return [np.ascontiguousarray(known[field]) for field in signal.fields]


def beside(signal: Signal, bars: FloatArray, start_ms: int = START_MS) -> dict[str, FloatArray]:
    """What a signal reads beside bars [5 or 6, n, ...], each [n, ...]."""
    names = [field for field in signal.fields if field in INPUT_NAMES]
    everything = market_inputs(bars, signal.bar_ms, start_ms) if names else {}
    return {name: everything[name] for name in names}


def market_inputs(bars: FloatArray, bar_ms: int, start_ms: int = START_MS) -> dict[str, FloatArray]:
    """Every input [n, ...] beside bars [5 or 6, n, ...]: prices near the closes, the rest walks of their own."""
    close, shape = bars[3], bars.shape[1:]
    rng = np.random.default_rng(len(close))
    closed = closes_ms(shape[0], bar_ms, start_ms)
    days = _along(85.0 - np.mod((closed - START_MS) / DAY_MS, 80.0), shape)

    def noise(size: float) -> FloatArray:
        return size * rng.standard_normal(shape)

    def walked(level: float, step: float) -> FloatArray:
        moves = _along(rng.standard_normal((shape[0],)), shape)
        return level * np.exp(step * np.cumsum(moves, axis=0))

    def settled(hours: float) -> tuple[FloatArray, FloatArray]:
        length = max(hours * HOUR_MS, bar_ms)
        falls = _along(closed % length == 0, shape)
        return np.where(falls, 1e-4 + noise(2e-4), np.nan), np.where(falls, length / HOUR_MS, np.nan)

    funding = {
        f"funding_{part}{venue}": values
        for venue, hours in (("", 8.0), ("_2", 8.0), ("_3", 1.0))
        for part, values in zip(("rate", "hours"), settled(hours), strict=True)
    }
    prices = {name: close * np.exp(noise(5e-4)) for name in ("mark_price", "index_price", "spot_price")}
    return {
        **prices,
        **funding,
        "open_interest": 1e5 * np.exp(np.cumsum(noise(0.02), axis=0)),
        "future_price": close * np.exp(0.1 * days / 365 + noise(1e-3)),
        "future_days": np.array(days),
        "implied_volatility": 0.6 * np.exp(noise(0.1)),
        "skew_25_delta": 0.1 + noise(0.05),
        "skew_points": np.full(shape, 2.0),
        "bitcoin_market_cap": walked(1e12, 0.01),
        "bitcoin_realised_cap": walked(6e11, 0.001),
        "stablecoin_supply": walked(1e11, 0.002),
        "mvrv_z": 2.0 + np.log(walked(1.0, 0.1)),
    }


def closes_ms(count: int, bar_ms: int, start_ms: int = START_MS) -> FloatArray:
    """When each of `count` bars from `start_ms` on closes."""
    closed: FloatArray = start_ms + bar_ms * np.arange(1.0, count + 1)
    return closed


def universe(signal: Signal, symbols: int) -> tuple[str, ...]:
    """Names for the symbols of a panel; those of a cross-section begin with Bitcoin."""
    return tuple(f"S{n}" if not signal.cross else f"COIN{n}USDT" if n else "BTCUSDT" for n in range(symbols))


def panel_for(signal: Signal, bars: FloatArray, start_ms: int = START_MS) -> Panel:
    """A panel of bars [5, n, S] of the signal's own size, which has taken them all and forgotten none."""
    panel = empty_panel(signal, bars.shape[2], bars.shape[1])
    panel.extend(start_ms, *bars, inputs=beside(signal, bars, start_ms))
    return panel


def empty_panel(signal: Signal, symbols: int, bars: int) -> Panel:
    """A panel that will remember `bars` bars of the signal's size."""
    depth = max(bars, signal.window)
    read = [field for field in signal.fields if field in INPUT_NAMES]
    return Panel(
        universe(signal, symbols),
        signal.bar_ms,
        days=depth,
        more={signal.bar: depth},
        inputs={signal.bar: read},
    )


def _along(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Values [n] for every symbol, [n, ...]."""
    return np.broadcast_to(values.reshape(-1, *(1 for _ in shape[1:])), shape)
