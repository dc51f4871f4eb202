"""B10: golden energies, the transform by convolution, and that no energy is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.kernels.wavelets import energies, split
from strategies.statistical.settings import WaveletSettings
from strategies.statistical.wavelets import KIND, SMOOTHING
from tests.strategies.fixtures import AR, G
from tests.strategies.statistical.noise import FloatArray, autoregressive, closes, no_less, runs

SIGNAL = KIND.build(WaveletSettings())
HAAR = np.array([1.0, 1.0]) / np.sqrt(2)


def test_haar_by_hand() -> None:
    smooth, detail = np.empty(2), np.empty(2)
    split(np.array([1.0, 2, 3, 4]), HAAR, smooth, detail)
    assert detail == pytest.approx([-0.70710678] * 2)
    coarsest, coarse = np.empty(1), np.empty(1)
    split(smooth, HAAR, coarsest, coarse)
    assert (coarsest[0], coarse[0]) == pytest.approx((5.0, -2.0))


def test_golden() -> None:
    said = SIGNAL.explain(closes(G(256, 1))).statistics
    parts = [said["energy_smooth"], *(said[f"energy_detail_{level}"] for level in (4, 3, 2, 1))]
    assert parts == pytest.approx([18.942056, 18.693594, 34.543874, 70.021784, 122.51654], rel=1e-6)
    assert sum(parts) == pytest.approx(264.7178533, rel=1e-6)
    assert said["f"] == pytest.approx(1.2331275, rel=1e-6)
    assert said["p"] == pytest.approx(0.494889, rel=1e-6)


def test_golden_of_a_slow_series() -> None:
    reading = SIGNAL.explain(closes(AR(256, 0.5, 1)))
    assert reading.statistics["f"] == pytest.approx(3.773386444, rel=1e-6)
    assert reading.statistics["p"] == pytest.approx(1.061397989e-5, rel=1e-6)
    assert reading.value == 1.0


def test_the_filter_is_orthonormal_and_ignores_cubics() -> None:
    assert SMOOTHING.sum() == pytest.approx(np.sqrt(2), abs=1e-12)
    for shift in range(4):
        product = SMOOTHING[2 * shift :] @ SMOOTHING[: len(SMOOTHING) - 2 * shift]
        assert product == pytest.approx(float(shift == 0), abs=1e-12)
    detail = SMOOTHING[::-1] * (-1.0) ** np.arange(1, 9)
    for power in range(4):
        assert detail @ np.arange(8.0) ** power == pytest.approx(0.0, abs=1e-9)


def by_convolution(samples: FloatArray) -> list[float]:
    """Energies from filters laid over the periodic series, one inner product a coefficient."""
    found: list[float] = []
    detail = SMOOTHING[::-1] * (-1.0) ** np.arange(1, 9)
    for _ in range(4):
        periodic = np.tile(samples, 3 if len(samples) >= 8 else 9)
        offset = len(samples)
        rows = [
            periodic[offset + 4 + 2 * k - 7 : offset + 4 + 2 * k + 1][::-1] for k in range(len(samples) // 2)
        ]
        found.insert(0, float(((np.array(rows) @ detail) ** 2).sum()))
        samples = np.array(rows) @ SMOOTHING
    return [float((samples**2).sum()), *found]


@given(seed=st.integers(0, 2**32), size=st.sampled_from([32, 64, 256, 304]))
def test_definition_and_no_energy_is_lost(seed: int, size: int) -> None:
    samples = np.random.default_rng(seed).standard_normal(size)
    found = energies(samples, SMOOTHING, 4)
    np.testing.assert_allclose(found, by_convolution(samples), rtol=1e-9)
    assert found.sum() == pytest.approx((samples**2).sum(), rel=1e-10)


@runs(100, 1_000)
def test_finds_a_slow_series(count: int) -> None:
    statistics = SIGNAL.run(closes(autoregressive(np.random.default_rng(9), count, 256, 0.5))).statistics
    assert no_less((statistics[:, 0] > 1) & (statistics[:, 1] < 0.05), 0.8)


@pytest.mark.parametrize(
    ("changes", "fault"), [({"samples": 250}, "multiple of 16"), ({"move": 300}, "within")]
)
def test_impossible_settings_are_refused(changes: dict[str, int], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        WaveletSettings.model_validate(changes)
