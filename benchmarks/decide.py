"""What one decision costs: the compiled step, the whole call from Python, the estimators, loading and compiling."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from engine import kernel_cache

BATCHES = 9
CALLS = 2_000
SIZES = ((3, 12), (30, 20), (3, 200))
LOAD = """
import json, time
started = time.perf_counter()
from engine import kernel_cache
kernel_cache.prepare()
import numba
imported = time.perf_counter()
from engine import decision_step
print(json.dumps([imported - started, time.perf_counter() - imported]))
"""


def microseconds(action: Callable[[], object]) -> float:
    """The fastest of several batches, per call: what the code costs when nobody else is on the machine."""
    best = float("inf")
    for _ in range(BATCHES):
        started = time.perf_counter()
        for _ in range(CALLS):
            action()
        best = min(best, time.perf_counter() - started)
    return best / CALLS * 1e6


def decision(signals: int, symbols: int) -> tuple[Any, tuple[Any, ...]]:
    """A decider and the arguments of one typical bar: positions in place, some caps binding."""
    from engine import decision as d
    from risk.config import RiskConfig
    from store.records import SignalClass, SignalType, TradingState

    rng = np.random.default_rng(1)
    specs = tuple(
        d.SignalSpec(f"s{k}", SignalClass.DIRECTIONAL, list(SignalType)[k % 7], 1 / signals)
        for k in range(signals)
    )
    no = np.zeros(symbols, dtype=np.bool_)
    price = rng.uniform(1, 1000, symbols)
    market = d.Market(
        price=price,
        sigma=rng.uniform(0.3, 1.0, symbols),
        correlation=np.full((symbols, symbols), 0.6) + 0.4 * np.eye(symbols),
        tradable=~no,
        stale=no,
        shortable=~no,
        lot=np.full(symbols, 0.001),
        min_quantity=np.full(symbols, 0.001),
        min_notional=np.full(symbols, 5.0),
        instrument_weight=np.full(symbols, 1 / symbols),
        cluster=np.arange(symbols) % 4,
    )
    quantity = rng.uniform(-0.1, 0.1, symbols) * 100_000 / price
    arguments = (
        d.Readings(rng.uniform(-1, 1, (signals, symbols)), rng.uniform(0, 1, (signals, symbols))),
        market,
        d.Portfolio(100_000.0, 105_000.0, quantity, np.zeros(symbols)),
        d.RiskInputs(TradingState.ACTIVE, no, no, no, fdm=1.3, kelly=1.0),
    )
    parameters = d.Parameters(d.SignalTable(specs), RiskConfig().resolve())
    return d.Decider(parameters, symbols), arguments


def step_alone(decider: Any, arguments: tuple[Any, ...]) -> Callable[[], object]:
    """The compiled step with the arrays one decision passes to it."""
    compiled = decider._step
    seen: list[tuple[Any, ...]] = []

    def recorded(*arrays: Any) -> None:
        seen.append(arrays)
        compiled(*arrays)

    decider._step = recorded
    decider.decide(*arguments)
    decider._step = compiled
    return lambda: compiled(*seen[0])


def decision_rows() -> Iterator[tuple[str, str]]:
    from engine.decision import STAGES

    for signals, symbols in SIZES:
        decider, arguments = decision(signals, symbols)
        step = microseconds(step_alone(decider, arguments))
        whole = microseconds(lambda decider=decider, arguments=arguments: decider.decide(*arguments))  # type: ignore[misc]
        yield (
            f"decide, {signals} signals, {symbols} symbols",
            f"step {step:.1f} us ({step / len(STAGES):.2f} a stage), from Python {whole:.1f} us",
        )


def estimator_rows() -> Iterator[tuple[str, str]]:
    from risk import volatility
    from strategies.blend import diversification

    rng = np.random.default_rng(2)
    for symbols in (12, 200):
        closes = np.exp(np.cumsum(0.01 * rng.normal(size=(2_000, symbols)), axis=0))
        state = volatility.initial(symbols, 3_600_000)
        volatility.extend(state, closes)
        update = microseconds(lambda state=state, bar=closes[-1]: volatility.update(state, bar))  # type: ignore[misc]
        correlate = microseconds(lambda state=state: volatility.correlation(state))  # type: ignore[misc]
        yield f"volatility, {symbols} symbols", f"update {update:.1f} us, correlation {correlate:.1f} us"
    forecasts = diversification.initial(3)
    day = rng.uniform(-1, 1, (3, 12))
    yield (
        "forecast correlation, 3 signals, 12 symbols",
        f"update {microseconds(lambda: diversification.update(forecasts, day)):.1f} us",
    )


def process_rows() -> Iterator[tuple[str, str]]:
    """In processes of their own, the first with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("compiled", "loaded from the cache"):
            done = subprocess.run(
                [sys.executable, "-c", LOAD],
                env={**os.environ, kernel_cache.VARIABLE: folder},
                cwd=kernel_cache.ROOT,
                capture_output=True,
                check=True,
            )
            numba, step = json.loads(done.stdout)
            yield f"the step {name}", f"{step:.3f} s, after {numba:.2f} s for numba itself"


def main() -> None:
    kernel_cache.prepare()
    for rows in (decision_rows, estimator_rows, process_rows):
        for name, figure in rows():
            print(f"{name:<46} {figure}", flush=True)


if __name__ == "__main__":
    main()
