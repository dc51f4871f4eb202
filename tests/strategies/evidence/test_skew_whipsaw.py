"""A10: golden paths of the score, how long it speaks, and that it fires only after a peak."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from strategies.evidence.kernels.skew_whipsaw import ARMED, FIRED, IDLE, score_before, whipsaw
from strategies.evidence.skew_whipsaw import KIND
from strategies.options.settings import WhipsawSettings
from strategies.signal import Explanation, FloatArray, Reason
from tests.strategies.statistical.noise import runs

SETTINGS = WhipsawSettings()
SIGNAL = KIND.build(SETTINGS)


def said(scores: list[float]) -> list[float]:
    """The value after each of the scores."""
    path = np.array(scores)
    s = SETTINGS
    return [whipsaw(path[: n + 1], s.arm, s.release, s.calm, s.full, s.hold)[0] for n in range(len(path))]


def read(skew: FloatArray, points: float = 2.0) -> Explanation:
    return SIGNAL.explain(skew, np.full(skew.shape, points))


@pytest.mark.parametrize(
    ("scores", "values"),
    [
        ([0.5, 1.9, 2.4, 2.7, 2.1, 1.9, 1.2, 0.6, 0.4, 0.0], [0, 0, 0, 0, 0, 0.9, 0.9, 0.9, 0, 0]),
        ([1.0, 1.5, 1.9, 1.99, 1.5, 0.0], [0] * 6),
        ([-2.4, -1.5, -1.0, 0.6], [0, -0.8, -0.8, 0]),
        ([4.0, 2.9, 2.9], [0, 1, 1]),
        ([2.4, -2.4, -1.0], [0, 0, -0.8]),
        ([2.4, 0.5, 1.0], [0, 0, 0]),
        ([2.4, 1.7, -2.1, -1.0], [0, 0.8, 0, -0.7]),
        ([2.4, 1.7, 2.5, 3.5, 2.0], [0, 0.8, 0.8, 0.8, 0.8]),
    ],
    ids=[
        "to calm",
        "never armed",
        "calls",
        "at most 1",
        "flips armed",
        "calms armed",
        "flips fired",
        "rises",
    ],
)
def test_paths_by_hand(scores: list[float], values: list[float]) -> None:
    assert said(scores) == pytest.approx(values)


def test_it_goes_on_for_five_days_after_it_fired_and_may_arm_at_once() -> None:
    values = said([2.4, 1.7, *[2.2] * 6, 1.6])
    assert values == pytest.approx([0, 0.8, *[0.8] * 5, 0, 1.1 / 1.5])


@given(st.lists(st.floats(0.01, 9), min_size=1, max_size=31), st.sampled_from([-1, 1]))
def test_a_score_that_only_grows_never_fires(sizes: list[float], side: int) -> None:
    assert not any(said([side * size for size in sorted(sizes)]))


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=31))
def test_it_speaks_only_of_a_peak_that_has_passed(scores: list[float]) -> None:
    for newest, value in enumerate(said(scores)):
        if value:
            sizes = [score * np.sign(value) for score in scores[: newest + 1]]
            peak = 3 * abs(value) if abs(value) < 1 else 3.0
            assert max(sizes[:newest]) >= max(peak - 1e-9, 2.0)
            assert sizes[newest] > 0.5
            assert min(sizes[max(newest - 5, 0) : newest + 1]) <= 0.75 * max(sizes[:newest])


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=31))
def test_calls_and_puts_are_treated_alike(scores: list[float]) -> None:
    assert said([-score for score in scores]) == [-value for value in said(scores)]


def test_scores_are_against_the_thirty_days_before() -> None:
    skew = np.random.default_rng(0).standard_normal(61)
    expected = (skew[60] - skew[30:60].mean()) / skew[30:60].std(ddof=1)
    assert score_before(skew, 60, 30) == pytest.approx(expected, rel=1e-12)
    assert read(skew).statistics["z"] == pytest.approx(expected, rel=1e-12)


def planted(rng: np.random.Generator, *ends: float) -> FloatArray:
    """61 skews of noise of .01 about .1, the newest of which stand so many deviations off."""
    skew = 0.1 + 0.01 * rng.standard_normal(61)
    skew[-len(ends) :] = 0.1 + 0.01 * np.array(ends)
    return skew


def test_a_fright_that_fades_is_bought() -> None:
    rng = np.random.default_rng(3)
    assert read(planted(rng, 8.0)).statistics["state"] == ARMED
    fading = read(planted(rng, 8.0, 6.0, 3.5))
    assert (fading.statistics["state"], fading.value) == (FIRED, 1.0)
    assert read(planted(rng, -8.0, -3.5)).value == -1.0
    assert read(planted(rng, 8.0, 3.5, 0.0)).statistics["state"] == IDLE


@pytest.mark.parametrize(("points", "confidence"), [(2.0, 1.0), (1.0, 0.5)])
def test_confidence_is_that_of_its_quotes(points: float, confidence: float) -> None:
    assert read(planted(np.random.default_rng(3), 8.0, 3.5), points).confidence == confidence


def test_without_good_quotes_it_says_nothing() -> None:
    assert read(planted(np.random.default_rng(3), 8.0, 3.5), 0.0).reason is Reason.DEGENERATE


def test_edges() -> None:
    skew = planted(np.random.default_rng(3), 1.0)
    assert read(np.full(61, 0.1)).reason is Reason.ZERO_VAR
    assert read(skew[:60]).reason is Reason.WARMUP
    skew[20] = np.nan
    assert read(skew).reason is Reason.NAN_INPUT


@runs(fast=20, full=400)
def test_a_skew_that_reverts_fires_rarely_and_after_a_peak(count: int) -> None:
    rng = np.random.default_rng(4)
    speaks = 0.0
    for _ in range(count):
        decay = 0.5 ** (1 / rng.uniform(3, 30))
        skew = np.zeros(400)
        shocks = np.sqrt(1 - decay**2) * rng.standard_normal(400)
        for day in range(1, 400):
            skew[day] = decay * skew[day - 1] + shocks[day]
        windows = np.ascontiguousarray(sliding_window_view(skew, 61))
        result = SIGNAL.run(windows, np.full(windows.shape, 2.0))
        told = np.flatnonzero(result.value)
        score, peak = result.statistics[told, 0], result.statistics[told, 1]
        assert (result.statistics[told, 2] == FIRED).all()
        assert (np.abs(peak) >= 2.0).all()
        assert (np.sign(score) == np.sign(result.value[told])).all()
        speaks += told.size / windows.shape[0] / count
    assert 0.05 < speaks < 0.35


def test_settings() -> None:
    with pytest.raises(ValueError, match="must be below arm"):
        WhipsawSettings(calm=2.0)
    assert WhipsawSettings(lookback=20).window == 41
