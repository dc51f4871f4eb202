"""The transform against NumPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.angles import angles
from strategies.statistical.kernels.spectrum import half_spectrum, power_spectrum


@pytest.mark.parametrize("size", [4, 8, 64, 128, 256, 512, 1024, 4096])
@given(seed=st.integers(0, 2**32))
def test_the_transform_is_numpys(size: int, seed: int) -> None:
    samples = np.random.default_rng(seed).standard_normal(size)
    expected = np.fft.rfft(samples)[:-1]
    real, imaginary = half_spectrum(samples, *angles(size))
    np.testing.assert_allclose(real + 1j * imaginary, expected, rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(power_spectrum(samples, *angles(size)), abs(expected[1:]) ** 2, rtol=1e-9)


def test_a_negated_series_has_the_same_power_to_the_last_bit() -> None:
    samples = np.random.default_rng(1).standard_normal(256)
    one, two = (power_spectrum(sign * samples, *angles(256)) for sign in (1.0, -1.0))
    assert one.tobytes() == two.tobytes()
