"""The panel: the gap rule as a table, days made of hours, an independent model, and blocks equal to single bars."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.panel import Panel
from strategies.signal import FIELDS
from tests.strategies.fixtures import DAY_MS, HOUR_MS, START_MS, FloatArray, panel_of, walk

NAN = float("nan")


def daily_bars(closes: Sequence[float | None]) -> FloatArray:
    """Bars [5, n, 1] whose prices surround the closes; None is a missing bar."""
    close = np.array([[NAN if price is None else float(price)] for price in closes])
    return np.stack([close - 0.5, close + 1, close - 1, close, close * 100])


@pytest.mark.parametrize(
    ("closes", "expected", "filled"),
    [
        ([5, None, 7], [5, 5, 7], [0, 1, 0]),
        ([5, None, None, None, 7], [5, 5, 5, 5, 7], [0, 1, 1, 1, 0]),
        ([5, None, None, None, None, 7], [5, 5, 5, 5, NAN, 7], [0, 1, 1, 1, 0, 0]),
        ([5, None, None, None, None, None, 7, None], [5, 5, 5, 5, NAN, NAN, 7, 7], [0, 1, 1, 1, 0, 0, 0, 1]),
        ([None, None, 5, None], [NAN, NAN, 5, 5], [0, 0, 0, 1]),
    ],
    ids=["one", "three", "four: the fourth stays away", "five, then one", "nothing before the first"],
)
def test_gap_rule(closes: list[float | None], expected: list[float], filled: list[int]) -> None:
    panel = panel_of(daily_bars(closes))
    np.testing.assert_array_equal(panel.window("close", len(closes))[0], expected)
    assert panel.frame("1d").filled(len(closes))[0].tolist() == [bool(flag) for flag in filled]


def test_a_filled_bar_is_flat_and_without_volume() -> None:
    panel = panel_of(daily_bars([5, None]))
    assert [float(panel.window(name, 1)[0, 0]) for name in FIELDS] == [5, 5, 5, 5, 0]


def test_a_bar_without_volume_is_real() -> None:
    bars = daily_bars([5, 6])
    bars[4] = 0.0
    panel = panel_of(bars)
    assert not panel.frame("1d").filled(2).any()
    assert panel.missing_run.tolist() == [0]


@pytest.mark.parametrize("position", range(4))
def test_a_bar_that_lacks_one_price_is_missing(position: int) -> None:
    bars = daily_bars([5, 6])
    bars[position, 1] = NAN
    assert panel_of(bars).frame("1d").filled(2)[0].tolist() == [False, True]


def hourly(hours: int, closes: dict[int, float]) -> FloatArray:
    """Hourly bars [5, hours, 1] that exist only at the given hours."""
    return daily_bars([closes.get(hour) for hour in range(hours)])


def test_a_day_is_made_of_the_hours_that_exist() -> None:
    panel = panel_of(hourly(24, {0: 5, 3: 9, 4: 2, 20: 6}), HOUR_MS)
    assert [float(panel.window(name, 1)[0, 0]) for name in FIELDS] == [4.5, 10, 1, 6, 2200]
    assert panel.daily_count.tolist() == [1]


def test_only_completed_days_are_seen() -> None:
    panel = panel_of(hourly(47, dict.fromkeys(range(47), 5.0)), HOUR_MS)
    assert panel.frame("1d").completed == 1
    assert panel.frame("1d").close_ms == START_MS + DAY_MS


@pytest.mark.parametrize(("first", "count"), [(0, 3), (1, 2), (23, 2), (24, 2), (25, 1)])
def test_the_day_a_history_begins_in_counts_only_from_its_first_hour(first: int, count: int) -> None:
    panel = panel_of(hourly(72, dict.fromkeys(range(first, 72), 5.0)), HOUR_MS)
    assert panel.daily_count.tolist() == [count]
    assert int(np.isfinite(panel.window("close", 3)).sum()) == count


def test_a_history_that_begins_late_and_then_pauses_begins_with_its_first_whole_day() -> None:
    hours = dict.fromkeys([10, *range(60, 72), *range(96, 120)], 5.0)
    panel = panel_of(hourly(120, hours), HOUR_MS)
    np.testing.assert_array_equal(panel.window("close", 5)[0], [NAN, NAN, 5, 5, 5])
    assert panel.frame("1d").filled(5)[0].tolist() == [False, False, False, True, False]


def test_a_day_without_a_single_hour_is_a_missing_daily_bar() -> None:
    hours = dict.fromkeys([*range(24), 24 * 5 + 7], 5.0)
    panel = panel_of(hourly(24 * 7, hours), HOUR_MS)
    np.testing.assert_array_equal(panel.window("close", 7)[0], [5, 5, 5, 5, NAN, 5, 5])
    assert panel.frame("1d").missing_run.tolist() == [1]


def test_what_is_known_of_each_symbol() -> None:
    panel = panel_of(hourly(30, {2: 5, 3: 6, 9: 7, 26: 8}), HOUR_MS)
    assert panel.last_close.tolist() == [8]
    assert panel.missing_run.tolist() == [3]
    assert panel.bars_seen.tolist() == [4]
    assert panel.first_real_open_ms.tolist() == [START_MS + 2 * HOUR_MS]
    assert panel.volume_24h.tolist() == [1500]


def test_before_the_first_real_bar_nothing_is_missing() -> None:
    panel = panel_of(hourly(30, {}), HOUR_MS)
    assert panel.missing_run.tolist() == [0]
    assert panel.first_real_open_ms.tolist() == [-1]
    assert panel.daily_count.tolist() == [0]
    assert np.isnan(panel.last_close).all()


def test_append_says_when_a_day_completed() -> None:
    panel = Panel(["S0"], HOUR_MS)
    bars = hourly(49, dict.fromkeys(range(49), 5.0))
    said = [panel.append(START_MS + hour * HOUR_MS, *bars[:, hour]) for hour in range(49)]
    assert [hour for hour, completed in enumerate(said) if completed] == [23, 47]


def test_a_midnight_skipped_by_every_symbol_completes_the_day_with_the_next_bar() -> None:
    panel = Panel(["S0"], HOUR_MS)
    one = np.array([5.0])
    assert not panel.append(START_MS + 20 * HOUR_MS, one, one, one, one, one)
    assert panel.append(START_MS + 27 * HOUR_MS, one, one, one, one, one)
    assert panel.frame("1d").completed == 1


@pytest.mark.parametrize(
    ("bar_ms", "fault"),
    [(7 * HOUR_MS, "divide"), (2 * DAY_MS, "divide"), (0, "divide"), (-HOUR_MS, "divide")],
)
def test_a_base_bar_that_does_not_divide_the_day_is_refused(bar_ms: int, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Panel(["S0"], bar_ms)


def test_bars_out_of_place_are_refused() -> None:
    panel = Panel(["S0"], HOUR_MS)
    one = np.array([5.0])
    panel.append(START_MS, one, one, one, one, one)
    with pytest.raises(ValueError, match="not after the last one"):
        panel.append(START_MS, one, one, one, one, one)
    with pytest.raises(ValueError, match="off the grid"):
        panel.append(START_MS + 1, one, one, one, one, one)
    with pytest.raises(ValueError, match=r"arrays \[n, 1\]"):
        panel.extend(START_MS + HOUR_MS, *[np.ones((2, 3))] * 5)


def test_questions_beyond_the_memory_are_refused() -> None:
    panel = Panel(["S0"], HOUR_MS, days=10)
    with pytest.raises(ValueError, match="remembers 10 bars of 1d: 11"):
        panel.window("close", 11)
    with pytest.raises(ValueError, match="no field 'price'"):
        panel.window("price", 5)
    with pytest.raises(ValueError, match="not 4h"):
        panel.window("close", 5, "4h")
    with pytest.raises(ValueError, match="not a multiple"):
        Panel(["S0"], 2 * HOUR_MS, more={"1h": 10})


def test_windows_are_contiguous_and_their_own() -> None:
    panel = panel_of(walk(np.random.default_rng(0), 50, 3), days=40)
    window = panel.window("close", 40)
    assert window.flags.c_contiguous
    window[:] = 0.0
    assert (panel.window("close", 40) > 0).all()


@dataclass
class Model:
    """The panel by definition: dictionaries of bars and one pass over the periods of a grid for each question."""

    step_ms: int
    bars: list[dict[int, tuple[float, ...]]]
    closed_ms: int
    series: list[list[tuple[float, ...]]] = field(default_factory=list)
    filled: list[list[bool]] = field(default_factory=list)

    def compute(self, first_open_ms: int) -> Model:
        first = first_open_ms - first_open_ms % self.step_ms
        for column in self.bars:
            series: list[tuple[float, ...]] = []
            filled: list[bool] = []
            begun, run, close = False, 0, NAN
            for period in range(first, self.closed_ms - self.step_ms + 1, self.step_ms):
                parts = [
                    bar
                    for open_ms, bar in sorted(column.items())
                    if period <= open_ms < period + self.step_ms
                ]
                history = min(column) if column else self.closed_ms
                begun = begun or (bool(parts) and history <= period)
                run = 0 if parts else run + 1
                if begun and parts:
                    close = parts[-1][3]
                    high, low = max(bar[1] for bar in parts), min(bar[2] for bar in parts)
                    series.append((parts[0][0], high, low, close, sum(bar[4] for bar in parts)))
                elif begun and run <= 3:
                    series.append((close, close, close, close, 0.0))
                else:
                    series.append((NAN,) * 5)
                filled.append(begun and 0 < run <= 3)
            self.series.append(series)
            self.filled.append(filled)
        return self


@st.composite
def patchy_bars(draw: st.DrawFn) -> tuple[int, int, FloatArray]:
    """A base bar, the bars before midnight the series starts, and bars [5, n, 2] with gaps of all lengths."""
    bar_ms = draw(st.sampled_from([HOUR_MS * 12, HOUR_MS * 8, HOUR_MS * 4, DAY_MS]))
    early = draw(st.integers(0, DAY_MS // bar_ms))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bars = walk(rng, draw(st.integers(1, 90)), 2)
    for column in range(2):
        for _ in range(draw(st.integers(0, 4))):
            start = draw(st.integers(0, bars.shape[1]))
            bars[:, start : start + draw(st.integers(1, 40)), column] = NAN
    return bar_ms, START_MS - early * bar_ms, bars


def base_bars(bar_ms: int, start_ms: int, bars: FloatArray) -> list[dict[int, tuple[float, ...]]]:
    return [
        {
            start_ms + row * bar_ms: tuple(bars[:, row, column].tolist())
            for row in range(bars.shape[1])
            if np.isfinite(bars[3, row, column])
        }
        for column in range(2)
    ]


def compare_with_definition(market: tuple[int, int, FloatArray]) -> None:
    bar_ms, start_ms, bars = market
    more = None if 12 * HOUR_MS % bar_ms else {"12h": 200}
    panel = Panel(["S0", "S1"], bar_ms, days=100, more=more)
    panel.extend(start_ms, *bars)
    end_ms = start_ms + bars.shape[1] * bar_ms
    for bar, frame in panel.frames.items():
        closed_ms = end_ms - end_ms % frame.step_ms
        model = Model(frame.step_ms, base_bars(bar_ms, start_ms, bars), closed_ms).compute(start_ms)
        if not model.series[0]:
            assert frame.completed == 0
            continue
        count = len(model.series[0])
        assert frame.completed == count, bar
        assert frame.close_ms == closed_ms
        assert frame.filled(count).tolist() == model.filled
        for position, name in enumerate(FIELDS):
            expected = [[values[position] for values in series] for series in model.series]
            np.testing.assert_allclose(frame.window(name, count), expected, rtol=1e-15)


@given(market=patchy_bars())
def test_panel_equals_its_definition(market: tuple[int, int, FloatArray]) -> None:
    compare_with_definition(market)


@pytest.mark.slow
@settings(max_examples=5_000)
@given(market=patchy_bars())
def test_panel_equals_its_definition_at_length(market: tuple[int, int, FloatArray]) -> None:
    compare_with_definition(market)


def memory(panel: Panel) -> bytes:
    parts = [panel._symbols.tobytes(), panel._day_volume.tobytes(), str(panel.last_open_ms).encode()]
    for frame in panel.frames.values():
        parts += [array.tobytes() for array in (frame.clock, frame.symbols, frame.bars, frame.filled_ring)]
        parts += [frame.gathered.tobytes(), frame.inputs.tobytes()]
    return b"".join(parts)


@given(market=patchy_bars(), cuts=st.lists(st.integers(1, 89), max_size=4))
def test_blocks_and_single_bars_leave_the_same_bits(
    market: tuple[int, int, FloatArray], cuts: list[int]
) -> None:
    bar_ms, start_ms, bars = market
    singly, whole, pieces = (Panel(["S0", "S1"], bar_ms, days=20) for _ in range(3))
    days = sum(singly.append(start_ms + row * bar_ms, *bars[:, row]) for row in range(bars.shape[1]))
    assert whole.extend(start_ms, *bars) == days
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), bars.shape[1]], strict=True):
        pieces.extend(start_ms + start * bar_ms, *bars[:, start:stop])
    assert memory(singly) == memory(whole) == memory(pieces)


@given(market=patchy_bars())
def test_a_bar_nobody_has_may_be_left_out(market: tuple[int, int, FloatArray]) -> None:
    bar_ms, start_ms, bars = market
    told, untold = Panel(["S0", "S1"], bar_ms, days=20), Panel(["S0", "S1"], bar_ms, days=20)
    for row in range(bars.shape[1]):
        open_ms = start_ms + row * bar_ms
        told.append(open_ms, *bars[:, row])
        if row == 0 or np.isfinite(bars[3, row]).any() or row == bars.shape[1] - 1:
            untold.append(open_ms, *bars[:, row])
    assert memory(told) == memory(untold)


@given(market=patchy_bars())
def test_volume_of_the_last_day(market: tuple[int, int, FloatArray]) -> None:
    bar_ms, start_ms, bars = market
    panel = Panel(["S0", "S1"], bar_ms)
    for row in range(bars.shape[1]):
        panel.append(start_ms + row * bar_ms, *bars[:, row])
        recent = bars[4, max(0, row + 1 - DAY_MS // bar_ms) : row + 1]
        np.testing.assert_allclose(panel.volume_24h, np.nansum(recent, axis=0), rtol=1e-12)


def test_memory_does_not_grow_with_history() -> None:
    panel = Panel(["S0", "S1"], HOUR_MS, days=30)
    bars = walk(np.random.default_rng(0), 24 * 100, 2)
    panel.extend(START_MS, *bars)
    before = len(memory(panel))
    panel.extend(START_MS + 2_400 * HOUR_MS, *bars)
    assert len(memory(panel)) == before
    assert panel.frame("1d").held == 30
    assert panel.daily_count.tolist() == [200, 200]


@pytest.mark.benchmark
def test_a_bar_costs_microseconds_and_a_block_milliseconds() -> None:
    bars = walk(np.random.default_rng(0), 24_000, 12)
    names = [f"S{column}" for column in range(12)]
    Panel(names, HOUR_MS).extend(START_MS, *bars[:, :24])
    block_s, bar_s = [], []
    for _ in range(5):
        panel = Panel(names, HOUR_MS)
        begun = time.perf_counter()
        panel.extend(START_MS, *bars)
        block_s.append(time.perf_counter() - begun)
        rows = [bars[:, row] for row in range(2_000)]
        begun = time.perf_counter()
        for row, values in enumerate(rows):
            panel.append(START_MS + (24_000 + row) * HOUR_MS, *values)
        bar_s.append((time.perf_counter() - begun) / len(rows))
    assert min(block_s) < 0.050
    assert min(bar_s) < 30e-6
