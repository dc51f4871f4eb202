"""What readings cost: each kernel a window, a whole history, one live bar of every signal, compiling and loading.

The history is 26,280 hourly bars (three years) of 20 symbols whose volatility clusters, with every input a signal can
read beside them; each signal reads it at its own bar size. `--quick` takes a tenth of it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from engine import kernel_cache

kernel_cache.prepare()

from engine.market import bars_to_remember, inputs_to_keep  # noqa: E402 - kernels are cached where the line above says
from strategies.evaluate import evaluate, past_readings  # noqa: E402
from strategies.panel import Panel  # noqa: E402
from strategies.registry import BUILT_IN  # noqa: E402
from strategies.signal import Signal  # noqa: E402

HOUR_MS = 3_600_000
START_MS = 1_600_041_600_000
SYMBOLS = 20
Took = tuple[float, float]
"""Seconds that passed, and seconds of the processor, which a busy machine does not stretch."""
Inputs = Mapping[str, NDArray[np.float64]]
BARS = 26_280
LIVE_BARS = 480
CORES = 2
LOAD = """
import sys, time
from engine import kernel_cache
kernel_cache.prepare()
import strategies.arithmetic
started = time.process_time()
__import__(sys.argv[1])
print(time.process_time() - started)
"""


def main() -> None:
    """Print the tables."""
    bars = BARS // 10 if "--quick" in sys.argv else BARS
    signals = tuple(kind.build(kind.settings()) for kind in BUILT_IN)
    market = simulated(bars)
    inputs = beside(market[3])
    panel = panel_of(signals, market, inputs)
    warm = panel_of(signals, market[:, :2_400], inputs)
    for signal in signals:
        evaluate([signal], warm)
        past_readings([signal], warm, signal.bar)
    took = print_kernels(signals, panel)
    longest = sorted(signals, key=lambda signal: -took[signal.name])
    print_history([signal for signal in longest if signal.name[0] in "AB"], panel, bars)
    print_live(signals, market, inputs)
    print_loading(signals)


def simulated(bars: int) -> NDArray[np.float64]:
    """Bars [5, n, S] whose volatility clusters: open, high, low, close, volume."""
    rng = np.random.default_rng(1)
    shocks = rng.standard_normal((bars, SYMBOLS))
    variance = np.ones(SYMBOLS)
    returns = np.empty_like(shocks)
    for row in range(bars):
        returns[row] = np.sqrt(variance) * shocks[row]
        variance = 0.03 + 0.08 * returns[row] ** 2 + 0.89 * variance
    close = 100 * np.exp(np.cumsum(0.005 * returns, axis=0))
    open_ = np.vstack([np.full((1, SYMBOLS), 100.0), close[:-1]])
    high = np.maximum(open_, close) * (1 + 0.002 * rng.random(close.shape))
    low = np.minimum(open_, close) * (1 - 0.002 * rng.random(close.shape))
    return np.stack([open_, high, low, close, rng.lognormal(5, 0.7, close.shape)])


def panel_of(signals: Sequence[Signal], market: NDArray[np.float64], inputs: Inputs) -> Panel:
    """A panel of hourly bars that remembers all of them, at every size the signals read."""
    hours = market.shape[1]
    depths = bars_to_remember(signals, {})
    depths = {bar: max(depth, hours * HOUR_MS // length(signals, bar)) for bar, depth in depths.items()}
    days = depths.pop("1d")
    kept = inputs_to_keep(signals)
    panel = Panel([f"S{column}" for column in range(SYMBOLS)], HOUR_MS, days, depths, kept)
    panel.extend(START_MS, *market, inputs={name: values[:hours] for name, values in inputs.items()})
    return panel


def beside(close: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Every input [n, S] of a market with these closes: prices near them, three venues' settlements, slow sums."""
    rng = np.random.default_rng(2)
    hours = np.arange(1, close.shape[0] + 1)[:, np.newaxis]
    noise = rng.standard_normal(close.shape)
    walk = np.exp(np.cumsum(0.003 * rng.standard_normal(close.shape), axis=0))
    slow = np.repeat(walk[:, :1], close.shape[1], axis=1)
    found = dict.fromkeys(("mark_price", "index_price", "spot_price"), close * (1 + 0.0005 * noise))
    found |= {"open_interest": 1e6 * walk, "future_price": close * (1 + 0.0003 * (90 - hours / 24 % 90))}
    found["future_days"] = 90 - hours / 24 % 90 + 0 * close
    for venue, every in (("", 8), ("_2", 4), ("_3", 1)):
        due = (hours % every == 0) & (close > 0)
        found[f"funding_rate{venue}"] = np.where(due, every * 1e-5 * (1 + noise), np.nan)
        found[f"funding_hours{venue}"] = np.where(due, float(every), np.nan)
    found |= {
        "implied_volatility": 0.6 * walk**0.2,
        "skew_25_delta": 0.05 * noise,
        "skew_points": 2 + 0 * close,
    }
    found |= {"bitcoin_market_cap": 1e12 * slow, "bitcoin_realised_cap": 5e11 * slow**0.5}
    return found | {"stablecoin_supply": 1e11 * slow**0.3, "mvrv_z": noise}


def length(signals: Sequence[Signal], bar: str) -> int:
    """Milliseconds of a bar size one of the signals reads."""
    return next(signal.bar_ms for signal in signals if signal.bar == bar)


def seconds(signal: Signal, panel: Panel) -> tuple[float, int]:
    """Wall time of one signal's whole history, and its windows."""
    started = time.perf_counter()
    said = past_readings([signal], panel, signal.bar)
    took = time.perf_counter() - started
    return took, max(len(said.ts_ms) - signal.window + 1, 1) * SYMBOLS


def print_kernels(signals: Sequence[Signal], panel: Panel) -> dict[str, float]:
    """Each signal alone: a window in a series, a window of a batch of one bar, the whole history in seconds."""
    histories = {}
    print(f"{'signal':<32}{'bar':>5}{'window':>8}{'us in a series':>16}{'us alone':>10}{'history s':>11}")
    for signal in signals:
        took, windows = seconds(signal, panel)
        histories[signal.name] = took
        alone = min(timed(lambda signal=signal: evaluate([signal], panel)) for _ in range(9))
        title = f"{signal.name} {signal.title}"
        print(
            f"{title:<32}{signal.bar:>5}{signal.window:>8}{took / windows * 1e6:>16.2f}"
            f"{alone / SYMBOLS * 1e6:>10.1f}{took:>11.2f}"
        )
    print()
    return histories


def print_history(signals: Sequence[Signal], panel: Panel, bars: int) -> None:
    """Families A and B over the whole history on two cores, in the order given."""
    started, processor = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(lambda signal: seconds(signal, panel), signals))
    took, processor = time.perf_counter() - started, time.process_time() - processor
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"families A and B, {bars} hourly bars x {SYMBOLS} symbols, {CORES} threads: {took:.1f} s, "
        f"{processor:.1f} s of processor time"
    )
    print(f"peak memory of the process: {peak_mb:.0f} MB\n")


def print_live(signals: Sequence[Signal], market: NDArray[np.float64], inputs: Inputs) -> None:
    """One bar at a time, every signal of whose size a bar completed."""
    warm_bars = market.shape[1] - LIVE_BARS
    panel = panel_of(signals, market[:, :warm_bars], inputs)
    readings = evaluate(signals, panel)
    hourly: list[Took] = []
    midnights: list[Took] = []
    for row in range(warm_bars, market.shape[1]):
        known = {name: values[row] for name, values in inputs.items()}
        panel.append(START_MS + row * HOUR_MS, *market[:, row], inputs=known)
        wall, processor = time.perf_counter(), time.thread_time()
        readings = evaluate(signals, panel, None, readings)
        took = time.perf_counter() - wall, time.thread_time() - processor
        (midnights if (row + 1) % 24 == 0 else hourly).append(took)
    every: list[Took] = []
    for _ in range(200):
        wall, processor = time.perf_counter(), time.thread_time()
        evaluate(signals, panel)
        every.append((time.perf_counter() - wall, time.thread_time() - processor))
    head = f"{f'{len(signals)} signals x {SYMBOLS} symbols, ms':<42}{'p50':>8}{'p99':>8}"
    print(f"{head}{'processor p50':>16}{'processor p99':>16}")
    for name, times in (("a bar of an hour", hourly), ("midnight", midnights), ("all due", every)):
        passed, spent = (np.array(times) * 1e3).T
        figures = f"{np.quantile(passed, 0.5):>8.2f}{np.quantile(passed, 0.99):>8.2f}"
        print(f"{name:<42}{figures}{np.quantile(spent, 0.5):>16.2f}{np.quantile(spent, 0.99):>16.2f}")
    print()


def print_loading(signals: Sequence[Signal]) -> None:
    """Processor time of compiling each signal's kernels in an empty cache, and of loading them from a full one."""
    print(f"{'kernels of':<32}{'compile s':>11}{'load s':>9}")
    for signal in signals:
        if signal.kernels:
            with tempfile.TemporaryDirectory() as folder:
                compiled, loaded = (load_s(signal.kernels, folder) for _ in range(2))
            print(f"{signal.name:<32}{compiled:>11.2f}{loaded:>9.3f}")


def load_s(module: str, folder: str) -> float:
    """Processor seconds of importing a kernel module in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, module],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, kernel_cache.VARIABLE: folder},
        cwd=kernel_cache.ROOT,
    )
    return float(done.stdout)


def timed(action: object) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    action()  # type: ignore[operator]
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
