"""B8: golden values, NumPy's spectrum, a pure wave and white noise."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.angles import angles
from strategies.statistical.kernels.spectral_entropy import entropy_and_centroid, spectral_entropy_of
from strategies.statistical.settings import SpectralEntropySettings
from strategies.statistical.spectral_entropy import KIND
from tests.strategies.fixtures import AR, G
from tests.strategies.statistical.noise import closes, runs, white

SIGNAL = KIND.build(SpectralEntropySettings())
EXPECTED = (scipy.special.digamma(128) - scipy.special.digamma(2)) / np.log(127)


def test_golden() -> None:
    said = SIGNAL.explain(closes(G(256, 1))).statistics
    assert said["entropy"] == pytest.approx(0.908346911, rel=1e-6)
    assert said["entropy"] * np.log(127) == pytest.approx(4.400202376, rel=1e-6)
    assert said["centroid"] == pytest.approx(0.2430683586, rel=1e-6)


def test_golden_of_a_slow_series() -> None:
    reading = SIGNAL.explain(closes(AR(256, 0.8, 1)))
    assert reading.statistics["entropy"] == pytest.approx(0.6951043093, rel=1e-6)
    assert reading.statistics["centroid"] == pytest.approx(0.07605385303, rel=1e-6)
    assert reading.value == 1.0


def test_entropy_by_hand() -> None:
    entropy, place = entropy_and_centroid(np.array([7.0, 1.0, 1.0, 1.0]))
    assert entropy == pytest.approx(0.6783898247, rel=1e-6)
    assert place == pytest.approx(0.7 + 0.2 + 0.3 + 0.4)


def test_expectation_of_the_null() -> None:
    assert pytest.approx(0.9135350294, rel=1e-6) == EXPECTED


@given(seed=st.integers(0, 2**32))
def test_definition(seed: int) -> None:
    returns = white(np.random.default_rng(seed), 1, 256)[0]
    power = np.abs(np.fft.rfft(returns - returns.mean())[1:128]) ** 2
    share = power / power.sum()
    said = SIGNAL.explain(closes(returns)).statistics
    assert said["entropy"] == pytest.approx(-(share * np.log(share)).sum() / np.log(127), rel=1e-9)
    assert said["centroid"] == pytest.approx((np.arange(1, 128) / 256 * share).sum(), rel=1e-9)


def test_a_pure_wave_has_none() -> None:
    wave = np.sin(2 * np.pi * 10 * np.arange(256) / 256)
    assert SIGNAL.explain(closes(0.01 * wave)).statistics["entropy"] < 0.05


@runs(2_000, 20_000)
def test_white_noise_has_what_theory_gives_it(count: int) -> None:
    noise = white(np.random.default_rng(8), count, 256)
    found = [spectral_entropy_of(series, *angles(256)) for series in noise]
    assert np.mean(found) == pytest.approx(EXPECTED, abs=0.002)
