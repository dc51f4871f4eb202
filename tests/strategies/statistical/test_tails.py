"""Tail probabilities against scipy's over many magnitudes."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.kernels.tails import chi_square_tail, f_two_sided, normal_two_sided


@given(score=st.floats(-30, 30))
def test_normal(score: float) -> None:
    assert normal_two_sided(score) == pytest.approx(
        2 * scipy.stats.norm.sf(abs(score)), rel=1e-11, abs=1e-300
    )


@given(statistic=st.floats(0, 400), degrees=st.integers(1, 40))
def test_chi_square(statistic: float, degrees: int) -> None:
    expected = scipy.stats.chi2.sf(statistic, degrees)
    assert chi_square_tail(statistic, degrees) == pytest.approx(expected, rel=1e-11, abs=1e-300)


@given(ratio=st.floats(0.01, 20), upper=st.integers(1, 300), lower=st.integers(1, 300))
def test_f(ratio: float, upper: int, lower: int) -> None:
    spread = scipy.stats.f(upper, lower)
    expected = 2 * min(spread.cdf(ratio), spread.sf(ratio))
    assert f_two_sided(ratio, float(upper), float(lower)) == pytest.approx(expected, rel=1e-9, abs=1e-250)


def test_no_variance_at_all_is_the_end_of_the_tail() -> None:
    assert f_two_sided(0.0, 15.0, 240.0) == 0.0
    assert np.isfinite(f_two_sided(1e300, 15.0, 240.0))
