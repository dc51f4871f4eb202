"""B3: golden exponents, the objective minimised by scipy, and noise of known memory."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.signal import Reason
from strategies.statistical.angles import angles
from strategies.statistical.hurst import KIND
from strategies.statistical.kernels.hurst import hurst_exponent
from strategies.statistical.settings import HurstSettings
from tests.strategies.fixtures import AR, G, U
from tests.strategies.statistical.noise import FloatArray, closes, fractional, no_less, runs

SIGNAL = KIND.build(HurstSettings())


def test_golden_of_a_spectrum_that_is_a_power() -> None:
    turns, k = U(512, 6), np.arange(1, 513)[:, None]
    series = (k**-0.2 * np.cos(2 * np.pi * (k * np.arange(1024) / 1024 + turns[:, None]))).sum(axis=0)
    assert hurst_exponent(series, *angles(1024)) == pytest.approx(0.7, abs=1e-6)


@pytest.mark.parametrize(("returns", "hurst"), [(G(1024, 1), 0.53511144), (AR(1024, 0.2, 1), 0.57172830)])
def test_golden(returns: FloatArray, hurst: float) -> None:
    said = SIGNAL.explain(closes(returns)).statistics
    assert said["hurst"] == pytest.approx(hurst, abs=1e-5)
    assert said["standard_error"] == pytest.approx(0.5 / np.sqrt(181))


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), hurst=st.floats(0.2, 0.8))
def test_it_minimises_the_objective(seed: int, hurst: float) -> None:
    series = fractional(np.random.default_rng(seed), 1, 512, hurst)[0]
    m = int(512**0.75)
    power = np.abs(np.fft.rfft(series - series.mean())[1 : m + 1]) ** 2
    lam = 2 * np.pi * np.arange(1, m + 1) / 512

    def objective(h: float) -> float:
        return float(np.log(np.mean(power * lam ** (2 * h - 1))) - (2 * h - 1) * np.log(lam).mean())

    best = scipy.optimize.minimize_scalar(
        objective, bounds=(0.01, 0.99), method="bounded", options={"xatol": 1e-10}
    )
    assert hurst_exponent(series, *angles(512)) == pytest.approx(best.x, abs=1e-5)


def test_an_exponent_at_its_bound_is_degenerate() -> None:
    walk = np.cumsum(G(1024, 2))
    assert SIGNAL.explain(closes(0.001 * walk)).reason is Reason.DEGENERATE


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.7])
@runs(20, 50)
def test_noise_of_known_memory(hurst: float, count: int) -> None:
    paths = fractional(np.random.default_rng(4), count, 4_096, hurst)
    found = np.array([hurst_exponent(np.ascontiguousarray(path), *angles(4_096)) for path in paths])
    assert found.mean() == pytest.approx(hurst, abs=0.02)
    assert no_less(abs(found - hurst) < 0.05, 0.85)
