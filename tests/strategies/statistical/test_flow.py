"""B9: golden VPIN, buckets by hand and against plain Python, true sides, and midnight."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.signal import Reason
from strategies.statistical.flow import KIND
from strategies.statistical.kernels.flow import (
    BOUGHT,
    CHANGE,
    COLUMNS,
    LAST_BAR,
    SIZE,
    buckets_of,
    change_deviation,
    imbalances,
    toxicity,
)
from strategies.statistical.settings import FlowSettings
from tests.strategies.fixtures import DAY_MS, HOUR_MS, START_MS, FloatArray, inputs, walk

SIGNAL = KIND.build(FlowSettings())


def buckets(changes: list[float], bought: list[float] | None = None) -> FloatArray:
    """Buckets of volume 10."""
    made = np.zeros((len(changes), COLUMNS))
    made[:, SIZE], made[:, CHANGE] = 10.0, changes
    made[:, BOUGHT] = math.nan if bought is None else bought
    return made


def test_golden_bulk_classification() -> None:
    some = buckets(np.diff([100, 101, 100.5, 102, 101]).tolist())
    deviation = change_deviation(some)
    assert deviation == pytest.approx(1.190238071, rel=1e-6)
    imbalance = imbalances(some, deviation, False)
    assert (10 + imbalance) / 2 == pytest.approx([7.9959292, 3.3721204, 8.9621078, 2.0040708], rel=1e-6)
    shares = np.empty(1)
    assert toxicity(some, imbalance, 4, shares) == pytest.approx(0.1167114075, rel=1e-6)
    assert shares[0] == pytest.approx(0.5790922867, rel=1e-6)


def test_golden_true_sides() -> None:
    some = buckets([0.0] * 4, [9.0, 1, 8, 2])
    shares = np.empty(1)
    assert toxicity(some, imbalances(some, 0.0, True), 4, shares) == pytest.approx(0.0, abs=1e-12)
    assert shares[0] == pytest.approx(0.7)


def plain_buckets(
    closed: FloatArray, close: FloatArray, volume: FloatArray, bought: FloatArray, a_day: int
) -> list[tuple[float, float, float, int]]:
    """The rule read word for word, day by day, a bar's volume handed out piece by piece."""
    days = (np.floor((closed - 1) / DAY_MS)).astype(int)
    made = []
    for day in sorted(set(days)):
        before = np.flatnonzero(days == day - 1)
        if not len(before) or closed[before[0]] - HOUR_MS != (day - 1) * DAY_MS:
            continue
        size = volume[before].sum() / a_day
        filled, taken = 0.0, 0.0
        start = close[before[-1]]
        for bar in np.flatnonzero(days == day):
            left = float(volume[bar])
            while size > 0 and filled + left >= size * (1 - 1e-9):
                part = min(left, size - filled)
                taken += bought[bar] * part / volume[bar]
                made.append((size, close[bar] - start, taken, int(bar)))
                start, filled, taken, left = close[bar], 0.0, 0.0, left - part
            filled += left
            taken += bought[bar] * left / volume[bar]
    return made


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), start=st.integers(0, 23), a_day=st.sampled_from([1, 7, 50, 500]))
def test_buckets_follow_the_rule_word_for_word(seed: int, start: int, a_day: int) -> None:
    rng = np.random.default_rng(seed)
    _, _, _, close, volume = walk(rng, 120, 1)[:, :, 0]
    closed = START_MS + HOUR_MS * (start + np.arange(1.0, 121.0))
    bought = volume * rng.random(120)
    close, volume = np.ascontiguousarray(close), np.ascontiguousarray(volume)
    found = buckets_of(closed, close, volume, bought, float(HOUR_MS), a_day, 10_000)
    expected = plain_buckets(closed, close, volume, bought, a_day)
    assert found[:, [SIZE, CHANGE, BOUGHT, LAST_BAR]].tolist() == [pytest.approx(row) for row in expected]


def test_a_bar_fills_no_more_buckets_than_are_remembered() -> None:
    closed = START_MS + HOUR_MS * np.arange(1.0, 49.0)
    close = 100.0 + np.arange(48.0)
    volume = np.r_[np.full(24, 1e-6), np.full(24, 1e6)]
    found = buckets_of(closed, close, volume, volume / 2, float(HOUR_MS), 50, 30)
    assert len(found) == 30 * 24
    assert found[-1, LAST_BAR] == 47
    assert not found[:, CHANGE].any()


def test_the_day_after_a_day_that_is_not_whole_has_no_buckets() -> None:
    closed = START_MS + HOUR_MS * np.arange(3.0, 80.0)
    found = buckets_of(closed, np.ones(77), np.ones(77), np.ones(77), float(HOUR_MS), 50, 1_000)
    assert closed[int(found[0, LAST_BAR])] > START_MS + 2 * DAY_MS


def fields(bars: FloatArray, takers: FloatArray) -> list[FloatArray]:
    return inputs(SIGNAL, np.concatenate([bars, takers[None]]))


@pytest.mark.parametrize(("share", "vpin", "signed"), [(1.0, 1.0, 1.0), (0.0, 1.0, -1.0), (0.5, 0.0, 0.0)])
def test_true_sides(share: float, vpin: float, signed: float) -> None:
    bars = walk(np.random.default_rng(1), SIGNAL.window, 1)[:, :, 0]
    reading = SIGNAL.explain(*fields(bars, share * bars[4]))
    assert reading.statistics["sides_known"] == 1
    assert reading.statistics["vpin"] == pytest.approx(vpin, abs=1e-9)
    assert reading.statistics["signed"] == pytest.approx(signed, abs=1e-9)
    assert reading.value == pytest.approx(signed, abs=1e-9)


def test_one_bar_without_sides_makes_the_window_bulk_classified() -> None:
    bars = walk(np.random.default_rng(1), SIGNAL.window, 1)[:, :, 0]
    takers = 0.7 * bars[4]
    takers[500] = math.nan
    unknown = SIGNAL.explain(*fields(bars, np.full(SIGNAL.window, math.nan)))
    assert SIGNAL.explain(*fields(bars, takers)) == unknown
    assert unknown.statistics["sides_known"] == 0
    assert unknown.statistics["buckets"] == 1_050


def test_a_late_burst_of_buying_is_followed() -> None:
    rng = np.random.default_rng(2)
    bars = walk(rng, SIGNAL.window, 1)[:, :, 0]
    takers = bars[4] * np.clip(0.5 + 0.1 * rng.standard_normal(SIGNAL.window), 0, 1)
    takers[-30:] = 0.9 * bars[4, -30:]
    reading = SIGNAL.explain(*fields(bars, takers))
    assert (reading.statistics["place"], reading.confidence) == (1.0, 1.0)
    assert reading.value > 0.5


def test_volumes_in_another_unit_are_the_same_flow() -> None:
    bars = walk(np.random.default_rng(3), SIGNAL.window, 1)[:, :, 0]
    scaled = bars.copy()
    scaled[4] *= 1e-3
    one, two = SIGNAL.explain(*inputs(SIGNAL, bars)), SIGNAL.explain(*inputs(SIGNAL, scaled))
    assert two.value == pytest.approx(one.value, abs=1e-9)
    assert two.confidence == pytest.approx(one.confidence, abs=1e-9)


def test_days_without_volume_leave_too_few_buckets() -> None:
    bars = walk(np.random.default_rng(4), SIGNAL.window, 1)[:, :, 0]
    bars[4, : -24 * 5] = 0.0
    assert SIGNAL.explain(*inputs(SIGNAL, bars)).reason is Reason.WARMUP


def test_a_volume_that_cannot_be_is_no_input() -> None:
    bars = walk(np.random.default_rng(5), SIGNAL.window, 1)[:, :, 0]
    bars[4, 100] = -1.0
    assert SIGNAL.explain(*inputs(SIGNAL, bars)).reason is Reason.NAN_INPUT


def test_a_memory_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold average and fewest"):
        FlowSettings(memory=100)
