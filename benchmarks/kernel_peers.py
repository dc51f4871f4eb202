"""Each statistic of every window of one series: our compiled signal against the library it is checked with.

Ours is the whole signal (statistic, its test, value and confidence) over 26,280 hourly bars, the best of several runs;
the library's is what a user calls window by window for the statistic alone, timed on windows drawn at random and
scaled to all of them. Processor time of one core for both. The libraries are not needed to run the project: one that
is not installed is named and skipped.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numba import njit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.signals import BARS, simulated
from strategies.arithmetic import known_log_returns
from strategies.registry import BUILT_IN
from strategies.signal import FloatArray, Signal
from strategies.statistical.kernels.partial_autocorrelation import partial_correlations, products_of
from strategies.statistical.kernels.products import DEVIATION, window_moments

BUDGET_S = 3.0
RUNS = 5
KINDS = {kind.name: kind for kind in BUILT_IN}
Part = Callable[[Signal, FloatArray], FloatArray]
Told = Mapping[str, float]
"""What a library says of one window, by the name of the signal's own statistic."""


@dataclass(frozen=True, slots=True)
class Peer:
    """`ask` takes the library, the signal's settings and one window's log closes [W]; `every` is how many bars lie
    between two windows that need an answer of their own; `least` the ratio to be reached (0: none is set); `part`
    gives the signal's statistics from a part of its kernel, where the library does no more than that."""

    signal: str
    what: str
    library: str
    module: str
    ask: Callable[[ModuleType, Any, FloatArray], Told]
    least: float = 0.0
    every: Callable[[Any], int] = lambda settings: 1
    part: Part | None = None


def main() -> None:
    """Print the table."""
    close = np.ascontiguousarray(simulated(BARS)[3, :, 0])
    print(f"{BARS} hourly bars; microseconds a window; ratio of the processor time of all windows")
    head = (
        f"{'signal':<26}{'library':<28}{'windows':>8}{'library us':>12}{'ours us':>9}{'ratio':>9}{'least':>7}"
    )
    print(f"{head}{'difference':>12}")
    for peer in PEERS:
        try:
            library = import_module(peer.module)
        except ImportError:
            print(f"{peer.signal + ' ' + peer.what:<26}{peer.library:<28}skipped: not installed")
        else:
            print(compared(peer, library, close), flush=True)


def compared(peer: Peer, library: ModuleType, close: FloatArray) -> str:
    """One line of the table."""
    settings = KINDS[peer.signal].settings()
    signal = KINDS[peer.signal].build(settings)
    ours, statistics = rolled(signal, close, peer.part)
    windows, every = statistics.shape[0], peer.every(settings)
    logs = np.log(close)
    order = np.random.default_rng(1).permutation(
        [first for first in range(windows) if (first + signal.window) % every == 0]
    )
    peer.ask(library, settings, logs[: signal.window])
    asked: dict[int, Told] = {}
    began = time.process_time()
    for first in order.tolist():
        asked[first] = peer.ask(library, settings, logs[first : first + signal.window])
        if time.process_time() - began > BUDGET_S and len(asked) >= 20:
            break
    theirs = (time.process_time() - began) / len(asked)
    ratio = theirs * order.size / ours
    apart = difference(signal, statistics, asked)
    return (
        f"{peer.signal + ' ' + peer.what:<26}{peer.library:<28}{len(asked):>8}{theirs * 1e6:>12.1f}"
        f"{ours / windows * 1e6:>9.3f}{ratio:>9,.0f}{peer.least or '-':>7}{apart:>12.1e}"
    )


def rolled(signal: Signal, close: FloatArray, part: Part | None) -> tuple[float, FloatArray]:
    """Processor seconds of the signal (or a part of it) over the whole series, and its statistics [windows, n]."""
    hours_ms = 3_600_000.0 * np.arange(1, close.size + 1)
    series = [(hours_ms if field == "close_ms" else close)[None] for field in signal.fields]

    def once() -> FloatArray:
        if part is not None:
            return part(signal, close)
        assert signal.roll is not None
        return signal.roll(*series).statistics

    best, found = float("inf"), once()
    for _ in range(RUNS):
        began = time.process_time()
        once()
        best = min(best, time.process_time() - began)
    return best, found


def difference(signal: Signal, statistics: FloatArray, asked: Mapping[int, Told]) -> float:
    """The median difference of a statistic, as a share of its size; NaN where none is compared."""
    place = {name: column for column, name in enumerate(signal.statistic_names)}
    apart = [
        abs(statistics[row, place[name]] - said) / max(abs(said), 1e-12)
        for row, told in asked.items()
        for name, said in told.items()
    ]
    return float(np.median(apart)) if apart else float("nan")


def autocorrelations(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    _, joint, _ = library.acf(np.diff(logs), nlags=5, qstat=True, fft=False)
    return {"ljung_box_5": float(joint[-1])}


def variance_ratios(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    return {f"vr_{q}": float(library.VarianceRatio(logs, lags=q).vr) for q in settings.horizons}


def order_entropy(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    return {"entropy": float(library.perm_entropy(np.diff(logs), order=settings.order, normalize=True))}


def partial_autocorrelations(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    found = library.pacf(np.diff(logs), nlags=settings.lags, method="ldbiased")
    return {f"pacf_{lag}": float(found[lag]) for lag in range(1, settings.lags + 1)}


def partial_autocorrelations_by_default(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    """What a call without a method gives: another estimator, so nothing is compared."""
    library.pacf(np.diff(logs), nlags=settings.lags)
    return {}


def partial_autocorrelations_alone(signal: Signal, close: FloatArray) -> FloatArray:
    """What B11 computes before it tests anything, by its own kernels, over the same windows."""
    windows = close.size - signal.window + 1
    found = np.full((windows, len(signal.statistic_names)), np.nan)
    settings: Any = signal.settings
    roll_partial(known_log_returns(close), signal.window - 1, settings.lags, found)
    return found


@njit(nogil=True)
def roll_partial(returns: FloatArray, size: int, lags: int, found: FloatArray) -> None:
    moments = window_moments(returns, size, lags, np.empty(0, dtype=np.int64))
    for first in range(found.shape[0]):
        square = moments[first, DEVIATION] * moments[first, DEVIATION] * size
        partial_correlations(products_of(moments[first], square, lags), found[first, 3:])


def partial_tests(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    """All B11 computes: an autoregression of each order with White's errors, and the smallest p times their number."""
    returns = np.diff(logs)
    less, smallest = returns - returns.mean(), 1.0
    for order in range(1, settings.lags + 1):
        earlier = np.column_stack([less[order - lag : -lag] for lag in range(1, order + 1)])
        fit = library.OLS(less[order:], earlier).fit(cov_type="HC0")
        smallest = min(smallest, settings.lags * float(fit.pvalues[-1]))
    return {"p": smallest}


def spectrum_shares(library: ModuleType, settings: Any, logs: FloatArray) -> FloatArray:
    _, power = library.periodogram(np.diff(logs)[-settings.samples :], detrend="constant")
    shares: FloatArray = power[1:-1] / power[1:-1].sum()
    return shares


def spectrum_entropy(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    shares = spectrum_shares(library, settings, logs)
    return {"entropy": float(-(shares * np.log(shares)).sum() / np.log(shares.size))}


def spectrum_peak(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    return {"share": float(spectrum_shares(library, settings, logs).max())}


def wavelet_energies(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    returns = np.diff(logs)[-settings.samples :]
    smooth, *details = library.wavedec(
        returns - returns.mean(), "db4", mode="periodization", level=settings.levels
    )
    names = (f"energy_detail_{level}" for level in range(settings.levels, 0, -1))
    energies = {name: float(detail @ detail) for name, detail in zip(names, details, strict=True)}
    return {"energy_smooth": float(smooth @ smooth), **energies}


def volatility_model(library: ModuleType, settings: Any, logs: FloatArray) -> Told:
    returns = 100.0 * np.diff(logs)[-settings.history :]
    model = library.arch_model(returns, mean="Zero", vol="GARCH", p=1, q=1, rescale=False)
    found = model.fit(disp="off", show_warning=False).params
    return {"alpha": float(found["alpha[1]"]), "beta": float(found["beta[1]"])}


PEERS = (
    Peer("B1", "autocorrelation", "statsmodels acf", "statsmodels.tsa.stattools", autocorrelations, 300),
    Peer("B2", "variance ratio", "arch VarianceRatio", "arch.unitroot", variance_ratios, 300),
    Peer("B6", "permutation entropy", "antropy perm_entropy", "antropy", order_entropy, 300),
    Peer(
        "B11",
        "PACF alone",
        "statsmodels pacf, ldbiased",
        "statsmodels.tsa.stattools",
        partial_autocorrelations,
        50,
        part=partial_autocorrelations_alone,
    ),
    Peer(
        "B11",
        "PACF alone",
        "statsmodels pacf, default",
        "statsmodels.tsa.stattools",
        partial_autocorrelations_by_default,
        50,
        part=partial_autocorrelations_alone,
    ),
    Peer("B11", "with robust tests", "statsmodels OLS, HC0", "statsmodels.api", partial_tests, 50),
    Peer("B8", "spectral entropy", "scipy periodogram", "scipy.signal", spectrum_entropy, 20),
    Peer("B5", "spectral peak", "scipy periodogram", "scipy.signal", spectrum_peak, 20),
    Peer("B10", "wavelet energy", "PyWavelets wavedec", "pywt", wavelet_energies, 5),
    Peer(
        "B7",
        "GARCH(1,1)",
        "arch arch_model().fit",
        "arch",
        volatility_model,
        every=lambda settings: settings.refit,
    ),
)


if __name__ == "__main__":
    main()
