"""Readings: who has no opinion and why, what filled bars cost, and history equal to what was said live."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.evaluate import evaluate, explain, past_readings
from strategies.panel import Panel
from strategies.signal import REASONS, Reason
from tests.strategies.fixtures import DAY_MS, HOUR_MS, START_MS, FloatArray, default_signals, panel_of, walk

SIGNALS = default_signals()
A1, A2, A3 = SIGNALS


def hole(bars: FloatArray, start: int, length: int) -> FloatArray:
    holed = bars.copy()
    holed[:, start : start + length] = np.nan
    return holed


@pytest.mark.parametrize(
    ("bars", "start", "length", "reason"),
    [
        (148, 0, 0, Reason.OK),
        (147, 0, 0, Reason.WARMUP),
        (300, 200, 2, Reason.OK),
        (300, 200, 3, Reason.GAP),
        (300, 200, 4, Reason.NAN_INPUT),
        (300, 298, 2, Reason.OK),
        (300, 297, 3, Reason.STALE),
        (300, 290, 10, Reason.STALE),
        (300, 20, 60, Reason.OK),
        (147, 140, 7, Reason.WARMUP),
        (160, 0, 12, Reason.OK),
        (160, 0, 13, Reason.WARMUP),
    ],
    ids=[
        "exactly the window",
        "one bar short",
        "2 of 148 filled: 98.6 % real",
        "3 of 148 filled: 98.0 % real",
        "4 in a row: the fourth is missing",
        "newest real bar closed 2 days ago",
        "newest real bar closed 3 days ago",
        "gone",
        "a gap that has left the window",
        "young and gone: young",
        "listed 12 days after the panel's start",
        "listed 13 days after the panel's start",
    ],
)
def test_reasons_of_a3(bars: int, start: int, length: int, reason: Reason) -> None:
    panel = panel_of(hole(walk(np.random.default_rng(2), bars, 1), start, length))
    readings = evaluate([A3], panel)
    assert readings.reasons == ((reason,),)
    assert np.isfinite(readings.value[0, 0]) == (reason is Reason.OK)
    assert reason is Reason.OK or readings.confidence[0, 0] == 0.0


@pytest.mark.parametrize(("hours", "reason"), [(47, Reason.OK), (48, Reason.OK), (49, Reason.STALE)])
def test_an_input_older_than_two_days_is_stale(hours: int, reason: Reason) -> None:
    panel = panel_of(walk(np.random.default_rng(2), 150, 1))
    close_ms = START_MS + 150 * DAY_MS
    assert evaluate([A3], panel, close_ms + hours * HOUR_MS).reasons == ((reason,),)


def test_confidence_pays_for_filled_bars_and_value_does_not() -> None:
    bars = walk(np.random.default_rng(2), 148, 1)
    holed = hole(bars, 60, 1)
    flat = bars.copy()
    flat[:4, 60] = bars[3, 59]
    paid, free = evaluate([A3], panel_of(holed)), evaluate([A3], panel_of(flat))
    assert paid.value[0, 0] == free.value[0, 0]
    assert paid.confidence[0, 0] == free.confidence[0, 0] * (1 - 1 / 148)


def test_readings_of_signals_and_symbols() -> None:
    panel = panel_of(walk(np.random.default_rng(3), 430, 5))
    readings = evaluate(SIGNALS, panel)
    assert readings.value.shape == readings.confidence.shape == (3, 5)
    assert readings.ts_ms == START_MS + 430 * DAY_MS
    assert all(reason is Reason.OK for row in readings.reasons for reason in row)
    for index, signal in enumerate(SIGNALS):
        for column, symbol in enumerate(panel.symbols):
            told = explain(signal, panel, symbol)
            assert told.value == readings.value[index, column]
            assert told.confidence == readings.confidence[index, column]
            said = {name: float(numbers[column]) for name, numbers in readings.statistics[index].items()}
            assert tuple(said) == signal.statistic_names
            assert said.items() < told.statistics.items()


def test_raw_statistics_are_the_kernels_even_where_the_framework_has_no_opinion() -> None:
    panel = panel_of(hole(walk(np.random.default_rng(2), 300, 1), 297, 3))
    readings = evaluate(SIGNALS, panel)
    assert readings.reasons[2] == (Reason.STALE,)
    assert {name: float(numbers[0]) for name, numbers in readings.statistics[2].items()} == A3.explain(
        *(panel.window(field, A3.window)[0] for field in A3.fields)
    ).statistics
    assert all(np.isnan(numbers).all() for numbers in readings.statistics[0].values())


def test_explain_tells_how_far_a_warm_up_is() -> None:
    panel = panel_of(walk(np.random.default_rng(3), 200, 1))
    told = explain(A1, panel, "S0")
    assert told.reason is Reason.WARMUP
    assert (told.statistics["bars"], told.statistics["window"]) == (200, 428)


def test_no_signals_are_no_readings() -> None:
    assert evaluate([], Panel(["S0"], DAY_MS)).value.shape == (0, 1)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    holes=st.lists(st.tuples(st.integers(0, 239), st.integers(1, 9), st.integers(0, 2)), max_size=5),
    memory=st.sampled_from([160, 200, 400]),
)
def test_history_is_what_was_said_live(seed: int, holes: list[tuple[int, int, int]], memory: int) -> None:
    rng = np.random.default_rng(seed)
    bars = walk(rng, 240 * 2, 3)
    for start, length, column in holes:
        bars[:, start * 2 : (start + length) * 2, column] = np.nan
    panel = Panel(["S0", "S1", "S2"], 12 * HOUR_MS, days=memory)
    live = [
        evaluate([A3], panel, START_MS + (row + 1) * 12 * HOUR_MS)
        for row in range(bars.shape[1])
        if panel.append(START_MS + row * 12 * HOUR_MS, *bars[:, row])
    ]
    past = past_readings([A3], panel)
    days = len(past.ts_ms)
    assert days == (240 if memory > 240 else memory - 147)
    for day, said in zip(range(days), live[-days:], strict=True):
        assert past.ts_ms[day] == said.ts_ms
        assert past.value[day].tobytes() == said.value.tobytes()
        assert past.confidence[day].tobytes() == said.confidence.tobytes()
        assert tuple(REASONS[code] for code in past.reason[day, 0]) == said.reasons[0]


def test_history_does_not_depend_on_how_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of(walk(np.random.default_rng(4), 500, 3))
    whole = past_readings(SIGNALS, panel)
    monkeypatch.setattr("strategies.evaluate.CHUNK_FLOATS", 7 * 428 * 3)
    pieces = past_readings(SIGNALS, panel)
    assert whole.value.tobytes() == pieces.value.tobytes()
    assert whole.confidence.tobytes() == pieces.confidence.tobytes()


def test_history_of_a_young_panel_is_empty() -> None:
    assert past_readings(SIGNALS, Panel(["S0"], DAY_MS)).value.shape == (0, 3, 1)
