"""What is known beside the bars: kept per bar size, judged by the framework, the same in blocks and bar by bar."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.evaluate import evaluate, past_readings
from strategies.inputs import ADDED_UP, INPUT_NAMES, INPUTS, PRICES
from strategies.panel import Panel
from strategies.signal import READABLE, REASONS, FloatArray, Reason, Signal
from tests.strategies.fixtures import DAY_MS, HOUR_MS, START_MS, empty_panel, walk
from tests.strategies.test_panel import memory, patchy_bars
from tests.strategies.toys import CARRY, WINDOW

NAN = float("nan")
SIGNAL = CARRY.build(CARRY.settings())
KEPT = ("spot_price", "funding_rate", "future_days")


def test_every_input_has_a_name_a_unit_and_a_meaning() -> None:
    assert len(set(INPUT_NAMES)) == len(INPUTS)
    assert all(item.unit and item.meaning for item in INPUTS)
    assert {"funding_rate_2", "funding_hours_3"} < ADDED_UP
    assert {"mark_price", "index_price", "spot_price", "future_price"} == PRICES
    assert set(INPUT_NAMES) < set(READABLE)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("open_interest", [1, 2, 3, 4, 5, 6], [3, 6]),
        ("open_interest", [1, 2, NAN, 4, 5, 6], [NAN, 6]),
        ("open_interest", [NAN, NAN, 3, NAN, NAN, NAN], [3, NAN]),
        ("funding_rate", [1, NAN, 2, NAN, NAN, NAN], [3, NAN]),
        ("funding_rate", [NAN, NAN, NAN, NAN, 5, NAN], [NAN, 5]),
        ("funding_hours", [8, 8, 8, 8, NAN, 8], [24, 16]),
    ],
)
def test_a_day_of_three_bars(name: str, values: list[float], expected: list[float]) -> None:
    panel = Panel(["S0"], 8 * HOUR_MS, days=5, inputs={"1d": (name,)})
    ones = np.ones((6, 1))
    panel.extend(START_MS, *[ones] * 5, inputs={name: np.array(values, dtype=float)[:, None]})
    np.testing.assert_array_equal(panel.window(name, 2)[0], expected)


def test_the_value_at_the_close_counts_whether_or_not_there_are_prices() -> None:
    panel = Panel(["S0"], 12 * HOUR_MS, days=5, inputs={"1d": ("mvrv_z",)})
    nothing = np.full((2, 1), NAN)
    panel.extend(START_MS, *[nothing] * 5, inputs={"mvrv_z": np.array([[1.0], [2.0]])})
    assert panel.window("mvrv_z", 1)[0].tolist() == [2.0]
    assert np.isnan(panel.window("close", 1)).all()


def test_an_input_that_is_nowhere_known_is_nan_and_one_nobody_reads_is_not_kept() -> None:
    panel = Panel(["S0"], DAY_MS, days=5, inputs={"1d": ("mvrv_z",)})
    panel.append(START_MS, *[np.ones(1)] * 5, inputs={"open_interest": np.ones(1)})
    assert np.isnan(panel.window("mvrv_z", 1)).all()
    with pytest.raises(
        ValueError, match=r"keeps open, .*, mvrv_z of its bars of 1d: no field 'open_interest'"
    ):
        panel.window("open_interest", 1)


def test_unknown_inputs_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="no input 'moon_phase'"):
        Panel(["S0"], DAY_MS, inputs={"1d": ("moon_phase",)})
    panel = Panel(["S0"], DAY_MS, inputs={"1d": ("mvrv_z",)})
    with pytest.raises(ValueError, match=r"arrays \[n, 1\]"):
        panel.extend(START_MS, *[np.ones((2, 1))] * 5, inputs={"mvrv_z": np.ones((1, 1))})


def holed(rng: np.random.Generator, count: int, symbols: int) -> dict[str, FloatArray]:
    """Inputs [n, S] with holes of their own."""
    values = rng.standard_normal((len(KEPT), count, symbols))
    values[rng.random(values.shape) < 0.3] = NAN
    return dict(zip(KEPT, values, strict=True))


@given(
    market=patchy_bars(), cuts=st.lists(st.integers(1, 89), max_size=4), skipped=st.sets(st.integers(0, 88))
)
def test_blocks_and_single_bars_keep_the_same_bits(
    market: tuple[int, int, FloatArray], cuts: list[int], skipped: set[int]
) -> None:
    bar_ms, start_ms, bars = market
    count = bars.shape[1]
    known = holed(np.random.default_rng(count), count, 2)
    for row in skipped & set(range(1, count - 1)):
        bars[:, row] = NAN
        for values in known.values():
            values[row] = NAN
    more = {} if 12 * HOUR_MS % bar_ms else {"12h": 9}

    def panel() -> Panel:
        return Panel(["S0", "S1"], bar_ms, days=20, more=more, inputs={"1d": KEPT[:2], "12h": KEPT})

    singly, whole, pieces = panel(), panel(), panel()
    for row in range(count):
        if row in skipped and 0 < row < count - 1:
            continue
        singly.append(
            start_ms + row * bar_ms,
            *bars[:, row],
            inputs={name: values[row] for name, values in known.items()},
        )
    whole.extend(start_ms, *bars, inputs=known)
    edges = [0, *sorted(min(cut, count) for cut in cuts), count]
    for start, stop in pairwise(edges):
        part = {name: values[start:stop] for name, values in known.items()}
        pieces.extend(start_ms + start * bar_ms, *bars[:, start:stop], inputs=part)
    assert memory(singly) == memory(whole) == memory(pieces)
    compare_with_definition(whole, start_ms, known)


def compare_with_definition(panel: Panel, start_ms: int, known: dict[str, FloatArray]) -> None:
    closes = start_ms + panel.bar_ms * np.arange(1, len(known[KEPT[0]]) + 1)
    for frame in panel.frames.values():
        for name in frame.input_names:
            window = frame.window(name, frame.depth)
            for back in range(min(frame.held, frame.depth)):
                close_ms = frame.close_ms - back * frame.step_ms
                inside = (closes > close_ms - frame.step_ms) & (closes <= close_ms)
                for column in range(2):
                    values = known[name][inside, column]
                    if name in ADDED_UP:
                        settled = values[~np.isnan(values)]
                        expected = sum(settled.tolist()) if settled.size else NAN
                    else:
                        expected = values[-1] if closes[inside][-1] == close_ms else NAN
                    np.testing.assert_array_equal(window[column, -1 - back], expected)


def fed(signal: Signal, bars: FloatArray, known: dict[str, FloatArray]) -> Panel:
    panel = empty_panel(signal, bars.shape[2], bars.shape[1])
    panel.extend(START_MS, *bars, inputs=known)
    return panel


def complete(bars: FloatArray) -> dict[str, FloatArray]:
    return {name: np.ones(bars.shape[1:]) for name in ("spot_price", "funding_rate", "open_interest")}


@pytest.mark.parametrize(
    ("name", "start", "stop", "reason"),
    [
        ("spot_price", 0, 0, Reason.OK),
        ("spot_price", 0, 30, Reason.NO_INPUT),
        ("spot_price", 10, 30, Reason.NO_INPUT),
        ("spot_price", 11, 30, Reason.STALE),
        ("spot_price", 29, 30, Reason.STALE),
        ("spot_price", 10, 29, Reason.NAN_INPUT),
        ("spot_price", 20, 21, Reason.NAN_INPUT),
        ("spot_price", 0, 10, Reason.OK),
        ("open_interest", 0, 30, Reason.NO_INPUT),
        ("funding_rate", 0, 30, Reason.OK),
        ("funding_rate", 29, 30, Reason.OK),
    ],
    ids=[
        "all there",
        "never there",
        "gone since before the window",
        "gone in the window",
        "only the newest missing",
        "only the newest there",
        "a hole",
        "missing before the window",
        "another one never there",
        "optional, never there",
        "optional, newest missing",
    ],
)
def test_reasons(name: str, start: int, stop: int, reason: Reason) -> None:
    bars = walk(np.random.default_rng(5), 30, 2)
    known = complete(bars)
    known[name][start:stop, 0] = NAN
    panel = fed(SIGNAL, bars, known)
    readings = evaluate([SIGNAL], panel)
    assert readings.reasons == ((reason, Reason.OK),)
    assert np.isfinite(readings.value[0]).tolist() == [reason is Reason.OK, True]
    assert np.isfinite(readings.statistics[0]["raw"]).all() or reason is not Reason.OK
    assert REASONS[past_readings([SIGNAL], panel, "1h").reason[-1, 0, 0]] is reason


def test_a_young_symbol_warms_up_before_anything_is_said_of_its_inputs() -> None:
    bars = walk(np.random.default_rng(5), WINDOW - 1, 1)
    assert evaluate([SIGNAL], fed(SIGNAL, bars, {})).reasons == ((Reason.WARMUP,),)


def test_two_sizes_of_bars_keep_what_each_signal_reads() -> None:
    daily = replace(
        SIGNAL, bar="1d", window=3, fields=("close", "spot_price", "funding_rate", "open_interest")
    )
    panel = Panel(
        ["S0"], HOUR_MS, days=9, more={"1h": 30}, inputs={"1h": ("mvrv_z",), "1d": daily.fields[1:]}
    )
    bars = walk(np.random.default_rng(5), 24 * 4, 1)
    panel.extend(START_MS, *bars, inputs=complete(bars))
    assert panel.window("funding_rate", 4)[0].tolist() == [24.0] * 4
    assert panel.window("open_interest", 4)[0].tolist() == [1.0] * 4
    assert evaluate([daily], panel).reasons[0][0] is not Reason.NO_INPUT


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), memory_bars=st.sampled_from([WINDOW + 5, 80, 200]))
def test_history_is_what_was_said_live(seed: int, memory_bars: int) -> None:
    rng = np.random.default_rng(seed)
    bars = walk(rng, 90, 2)
    bars[:, rng.integers(0, 90, 2), 0] = NAN
    known = complete(bars)
    for values in known.values():
        start = rng.integers(0, 90)
        values[start : start + rng.integers(1, 30), 1] = NAN
    panel = empty_panel(SIGNAL, 2, memory_bars)
    live = []
    for row in range(90):
        aside = {name: values[row] for name, values in known.items()}
        panel.append(START_MS + row * HOUR_MS, *bars[:, row], inputs=aside)
        live.append(evaluate([SIGNAL], panel))
    past = past_readings([SIGNAL], panel, "1h")
    for index, said in enumerate(live[-len(past.ts_ms) :]):
        assert past.ts_ms[index] == said.ts_ms
        assert past.value[index].tobytes() == said.value.tobytes()
        assert past.confidence[index].tobytes() == said.confidence.tobytes()
        assert tuple(REASONS[code] for code in past.reason[index, 0]) == said.reasons[0]
