"""The simulated market's draws are the published hash, uniform and normal, and its functions need no library."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from engine.feeds.sim_draws import exact_exp, exact_log, normal, uniform

WORD = 2**64


def splitmix64(key: int, counter: int) -> int:
    """The reference, in integers of any size."""
    z = (key + counter * 0x9E3779B97F4A7C15) % WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % WORD
    return z ^ (z >> 31)


def test_the_reference_is_the_published_generator() -> None:
    # The first outputs of splitmix64 seeded with 1234567, as its author's code prints them.
    assert [splitmix64(1234567, i) for i in (1, 2, 3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


@given(
    key=st.integers(0, WORD - 1),
    count=st.integers(0, 2**40),
    draw=st.integers(0, 15),
)
def test_a_draw_is_the_hash_of_key_count_and_number(key: int, count: int, draw: int) -> None:
    expected = ((splitmix64(key, count * 16 + draw) >> 11) + 0.5) / 2**53
    assert uniform(np.uint64(key), count, draw) == expected
    assert 0.0 < expected < 1.0


def test_draws_are_uniform_and_one_tells_nothing_of_the_next() -> None:
    counts = range(20_000)
    here = np.array([uniform(np.uint64(11), n, 0) for n in counts])
    beside = np.array([uniform(np.uint64(11), n, 1) for n in counts])
    other_key = np.array([uniform(np.uint64(12), n, 0) for n in counts])
    assert stats.kstest(here, "uniform").pvalue > 1e-3
    for other in (here[1:], beside[1:], other_key[1:]):
        assert abs(np.corrcoef(here[:-1], other)[0, 1]) < 4.0 / math.sqrt(len(other))


@given(st.floats(-300.0, 300.0))
def test_exp_agrees_with_the_library(x: float) -> None:
    assert exact_exp(x) == pytest.approx(math.exp(x), rel=2e-14)


@given(st.floats(1e-300, 1e300))
def test_log_agrees_with_the_library(x: float) -> None:
    assert exact_log(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)


@given(st.floats(2.0**-54, 1.0 - 2.0**-53))
def test_normal_is_the_quantile_function(u: float) -> None:
    assert normal(u) == pytest.approx(special.ndtri(u), rel=1e-11, abs=1e-15)


def test_normal_is_odd_and_reaches_far_into_the_tails() -> None:
    for u in (2.0**-54, 1e-9, 0.0125, 0.25):
        assert normal(u) == pytest.approx(special.ndtri(u), rel=1e-12)
    assert normal(0.5) == 0.0
    assert normal(0.25) == -normal(0.75)
