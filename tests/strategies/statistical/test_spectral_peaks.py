"""B5: golden values, Fisher's p in whole fractions, and a wave in noise."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.kernels.spectral_peaks import fisher_tail
from strategies.statistical.settings import SpectralPeaksSettings
from strategies.statistical.spectral_peaks import KIND
from tests.strategies.fixtures import G
from tests.strategies.statistical.noise import closes, no_less, runs

SIGNAL = KIND.build(SpectralPeaksSettings())


def test_golden() -> None:
    returns = 0.8 * np.sin(2 * np.pi * 16 * np.arange(256) / 256) + G(256, 31)
    reading = SIGNAL.explain(closes(returns))
    assert reading.statistics["cycles"] == 16
    assert reading.statistics["share"] == pytest.approx(0.2030879304, rel=1e-6)
    assert reading.statistics["p"] == pytest.approx(4.80302e-11, rel=1e-3)
    assert reading.statistics["forecast"] == pytest.approx(-0.1467082848, rel=1e-6)
    assert reading.value == pytest.approx(-0.1316184686, rel=1e-6)


@pytest.mark.parametrize(("ordinates", "share", "p"), [(10, 0.4448, 0.05012382), (2, 0.9, 0.2)])
def test_fisher_by_hand(ordinates: int, share: float, p: float) -> None:
    assert fisher_tail(share, ordinates) == pytest.approx(p, rel=1e-6)


@given(ordinates=st.integers(2, 200), place=st.floats(0, 1))
def test_fisher_in_whole_fractions(ordinates: int, place: float) -> None:
    share = 1 / ordinates + place * (1 - 1 / ordinates)
    g = Fraction(share)
    terms = range(1, int(1 / g) + 1)
    exact = sum(((-1) ** (j - 1)) * comb(ordinates, j) * (1 - j * g) ** (ordinates - 1) for j in terms)
    first = ordinates * (1 - g) ** (ordinates - 1)
    expected = 1.0 if first >= 1 else float(exact)
    assert fisher_tail(share, ordinates) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@runs(100, 1_000)
def test_finds_a_wave_as_large_as_the_noise(count: int) -> None:
    rng = np.random.default_rng(5)
    wave = np.sin(2 * np.pi * 20 * np.arange(256) / 256)
    result = SIGNAL.run(closes(0.01 * (wave + rng.standard_normal((count, 256)))))
    assert no_less((result.statistics[:, 0] == 20) & (result.confidence > 0), 0.95)


@pytest.mark.parametrize(("cycles", "acts"), [(3, False), (4, True), (64, True), (65, False)])
def test_acts_only_on_periods_it_can_see(cycles: int, acts: bool) -> None:
    wave = np.sin(0.3 + 2 * np.pi * cycles * np.arange(256) / 256)
    reading = SIGNAL.explain(closes(0.01 * wave + 0.001 * G(256, 3)))
    assert reading.statistics["cycles"] == cycles
    assert reading.statistics["p"] < 1e-9
    assert (reading.confidence > 0) == acts


def test_the_wave_is_carried_on() -> None:
    t = np.arange(257)
    wave = np.sin(0.7 + 2 * np.pi * 8 * t / 256)
    reading = SIGNAL.explain(closes(0.01 * wave[:256]))
    assert reading.statistics["forecast"] == pytest.approx(0.01 * wave[256], abs=1e-9)
