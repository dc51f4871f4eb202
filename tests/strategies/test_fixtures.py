"""The golden series are the ones golden values were computed on."""

import numpy as np
import pytest

from tests.strategies.fixtures import AR, BARS, G, U


def test_uniforms_and_normals() -> None:
    np.testing.assert_allclose(U(3, 1), [0.23645553, 0.36927067, 0.50424203], atol=5e-9)
    np.testing.assert_allclose(G(3, 1), [-0.71775064, -0.3337856, 0.0106334], atol=5e-8)


def test_autoregression_carries_the_share_phi() -> None:
    innovations = G(3, 1)
    assert AR(3, 0.5, 1)[2] == pytest.approx(innovations[2] + 0.5 * (innovations[1] + 0.5 * innovations[0]))


def test_last_bar() -> None:
    last = [float(field[-1]) for field in BARS(300, 1)]
    np.testing.assert_allclose(last, [105.456296, 105.467985, 102.8157, 102.836663, 1098.952398], atol=5e-7)
