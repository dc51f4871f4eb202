"""A2: golden values, an independent computation, the average true range, ramps and waves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from strategies.arithmetic import wilder_ranges
from strategies.evidence.breakout import average_true_range, build
from strategies.evidence.kernels.breakout import above_all, below_all, breakout_positions
from strategies.settings import BreakoutSettings
from strategies.signal import Reason
from tests.strategies.fixtures import BARS, FloatArray, walk

SIGNAL = build(BreakoutSettings())


def test_golden() -> None:
    _, high, low, close, _ = BARS(300, 1)
    reading = SIGNAL.explain(high, low, close)
    assert reading.reason is Reason.OK
    assert reading.statistics == pytest.approx(
        {
            "atr_20": 1.086782986,
            "upper_20": 106.8030964,
            "lower_20": 99.33889258,
            "position_20_10": 0.0,
            "position_55_20": 1.0,
        },
        rel=1e-6,
    )
    assert reading.value == 0.5
    assert reading.confidence == pytest.approx(0.1078095092, rel=1e-6)


@pytest.mark.parametrize(("channel", "total", "changes"), [((20, 10), 10, 28), ((55, 20), 11, 7)])
def test_golden_positions(channel: tuple[int, int], total: int, changes: int) -> None:
    _, high, low, close, _ = BARS(300, 1)
    positions = breakout_positions(high, low, close, wilder_ranges(high, low, close, 20), *channel, 2.0)
    assert int(positions.sum()) == total
    assert int((np.diff(positions) != 0).sum()) == changes


def test_positions_by_hand() -> None:
    high = np.array([10, 11, 12, 13, 14, 13.5, 12, 11])
    low = np.array([9, 10, 11, 12, 13, 12, 10.5, 9])
    close = np.array([9.5, 10.5, 11.5, 12.9, 13.8, 12.2, 10.6, 9.2])
    positions = breakout_positions(high, low, close, np.ones(8), 3, 2, 2.0)
    assert positions.tolist() == [0, 0, 0, 1, 1, 1, -1, -1]


def test_average_true_range_by_hand() -> None:
    high = np.array([10, 11, 12, 11.5, 13])
    low = np.array([9, 9.5, 10.5, 10, 11])
    close = np.array([9.5, 10.8, 11, 10.2, 12.9])
    assert wilder_ranges(high, low, close, 1)[1:] == pytest.approx([1.5, 1.5, 1.5, 2.8])
    ranges = wilder_ranges(high, low, close, 3)
    assert np.isnan(ranges[:3]).all()
    assert ranges[3:] == pytest.approx([1.5, 1.9333333333])


def test_average_true_range_starts_after_the_last_unusable_bar() -> None:
    _, high, low, close, _ = BARS(120, 4)
    expected = wilder_ranges(high[60:], low[60:], close[60:], 20)[-1]
    high[59] = math.nan
    assert average_true_range(high, low, close) == expected


@pytest.mark.parametrize(("bars", "exists"), [(20, False), (21, True)])
def test_average_true_range_needs_21_bars(bars: int, exists: bool) -> None:
    _, high, low, close, _ = BARS(bars, 4)
    padded = (
        np.r_[np.full(30, math.nan), high],
        np.r_[np.full(30, math.nan), low],
        np.r_[np.full(30, math.nan), close],
    )
    assert np.isfinite(average_true_range(*padded)) == exists


def test_average_true_range_keeps_leading_axes() -> None:
    bars = walk(np.random.default_rng(0), 100, 6).transpose(0, 2, 1)
    _, high, low, close, _ = bars.reshape(5, 2, 3, 100)
    ranges = average_true_range(high, low, close)
    assert ranges.shape == (2, 3)
    assert ranges[1, 2] == average_true_range(high[1, 2], low[1, 2], close[1, 2])


def positions_by_definition(
    high: FloatArray, low: FloatArray, close: FloatArray, entry: int, leave: int
) -> list[int]:
    """The rule read word for word, one slice per bound."""
    ranges = wilder_ranges(high, low, close, 20)
    position, stop, positions = 0, 0.0, [0] * len(close)
    for t in range(entry, len(close)):
        out_long = position == 1 and (close[t] < low[t - leave : t].min() or close[t] <= stop)
        out_short = position == -1 and (close[t] > high[t - leave : t].max() or close[t] >= stop)
        if out_long or out_short:
            position = 0
        if position == 0 and close[t] > high[t - entry : t].max():
            position, stop = 1, close[t] - 2 * ranges[t]
        elif position == 0 and close[t] < low[t - entry : t].min():
            position, stop = -1, close[t] + 2 * ranges[t]
        positions[t] = position
    return positions


@given(
    seed=st.integers(0, 2**32),
    step=st.floats(0.001, 0.1),
    channel=st.sampled_from([(20, 10), (55, 20), (25, 25)]),
)
def test_positions_follow_the_rule_word_for_word(seed: int, step: float, channel: tuple[int, int]) -> None:
    _, high, low, close, _ = walk(np.random.default_rng(seed), 200, 1, step)[:, :, 0]
    high, low, close = (np.ascontiguousarray(field) for field in (high, low, close))
    found = breakout_positions(high, low, close, wilder_ranges(high, low, close, 20), *channel, 2.0)
    assert found.tolist() == positions_by_definition(high, low, close, *channel)


@given(prices=st.lists(st.integers(1, 6), min_size=1, max_size=60), count=st.integers(1, 12))
def test_beyond_a_channel_means_beyond_every_bar_of_it(prices: list[int], count: int) -> None:
    series = np.array(prices, dtype=np.float64)
    for t in range(len(series)):
        channel = series[t - count : t] if t >= count else np.array([math.nan])
        for price in (series[t], series[t] + 0.5, series[t] - 0.5):
            assert above_all(price, series, t, count) == (price > channel.max())
            assert below_all(price, series, t, count) == (price < channel.min())


def test_a_ramp_is_long_at_every_bar_from_the_first() -> None:
    close = 100 * 1.01 ** np.arange(420.0)
    for length in (56, 57, 100, 420):
        part = np.ascontiguousarray(close[:length])
        assert SIGNAL.explain(part, part, part).value == 1.0
    ranges = wilder_ranges(close, close, close, 20)
    for entry, leave in ((20, 10), (55, 20)):
        assert breakout_positions(close, close, close, ranges, entry, leave, 2.0)[entry:].min() == 1


@pytest.mark.parametrize("period", [5, 10, 20])
def test_a_wave_inside_the_first_channel_is_never_entered(period: int) -> None:
    close = 100 + 5 * np.sin(2 * np.pi * (np.arange(500) % period) / period)
    high, low = close * 1.001, close * 0.999
    windows = (sliding_window_view(field, 420) for field in (high, low, close))
    value, confidence = SIGNAL.evaluate(*windows)
    assert (value == 0.0).all()
    assert np.isfinite(confidence).all()


def test_needs_56_bars() -> None:
    _, high, low, close, _ = BARS(56, 2)
    assert SIGNAL.explain(high, low, close).reason is Reason.OK
    assert SIGNAL.explain(high[1:], low[1:], close[1:]).reason is Reason.WARMUP


@pytest.mark.parametrize(
    ("field", "factor"),
    [("high", 0.5), ("low", 2.0), ("close", 2.0), ("close", 0.5), ("close", -1.0), ("low", math.nan)],
)
def test_an_impossible_bar_is_no_input(field: str, factor: float) -> None:
    _, high, low, close, _ = BARS(300, 1)
    {"high": high, "low": low, "close": close}[field][150] *= factor
    assert SIGNAL.explain(high, low, close).reason is Reason.NAN_INPUT


def test_a_flat_path_has_no_range() -> None:
    flat = np.full(420, 1e-9)
    assert SIGNAL.explain(flat, flat, flat).reason is Reason.ZERO_VAR


def test_without_shorting_the_value_is_floored() -> None:
    _, high, low, close, _ = walk(np.random.default_rng(5), 600, 1, 0.02)[:, :, 0]
    windows = [sliding_window_view(field, 420) for field in (high, low, close)]
    both, _ = SIGNAL.evaluate(*windows)
    long_only, _ = build(BreakoutSettings(shorting=False)).evaluate(*windows)
    assert (both < 0).any()
    assert (long_only == np.maximum(both, 0.0)).all()


def test_a_window_shorter_than_a_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="must exceed the longest channel"):
        BreakoutSettings(window=55)
