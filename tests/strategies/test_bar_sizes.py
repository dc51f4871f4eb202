"""Signals of different bar sizes side by side: whose bars they see, and when they speak."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.classical import bands, convergence
from strategies.classical.settings import BandSettings, ConvergenceSettings
from strategies.evaluate import evaluate, past_readings
from strategies.panel import Panel
from strategies.settings import BarSize
from strategies.signal import CLOSE_MS, TAKER_BUY_VOLUME, bar_length_ms
from tests.strategies.fixtures import START_MS, FloatArray, walk

BASE_MS = 300_000
SIZES: tuple[BarSize, ...] = ("5m", "15m", "1h", "4h", "1d")
SIGNALS = tuple(bands.KIND.build(BandSettings(bar=bar, period=4)) for bar in SIZES)
DEPTHS: dict[str, int] = {str(bar): 30 for bar in SIZES[:-1]}


def panel_of_five_minutes() -> Panel:
    return Panel(["S0", "S1"], BASE_MS, days=30, more=DEPTHS)


def gathered(bars: FloatArray, bar: str) -> FloatArray:
    """Base bars [5, n, S] made into whole bars of one size, by slices; START_MS is a midnight."""
    parts = bar_length_ms(bar) // BASE_MS
    whole = bars.shape[1] // parts
    cut = bars[:, : whole * parts].reshape(5, whole, parts, bars.shape[2])
    return np.stack([cut[0, :, 0], cut[1].max(axis=1), cut[2].min(axis=1), cut[3, :, -1], cut[4].sum(axis=1)])


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 7 * 288))
def test_only_completed_bars_of_its_own_size_enter(seed: int, count: int) -> None:
    bars = walk(np.random.default_rng(seed), count, 2)
    panel = panel_of_five_minutes()
    panel.extend(START_MS, *bars)
    readings = evaluate(SIGNALS, panel)
    for row, signal in enumerate(SIGNALS):
        whole = gathered(bars, signal.bar)
        assert readings.closed_ms[row] == (START_MS + whole.shape[1] * signal.bar_ms if whole.size else -1)
        if whole.shape[1] < 4:
            assert np.isnan(readings.value[row]).all()
            continue
        value, _ = signal.evaluate(np.ascontiguousarray(whole[3, -4:].T))
        assert value.tobytes() == readings.value[row].tobytes()


def test_a_signal_speaks_when_a_bar_of_its_size_completes() -> None:
    bars = walk(np.random.default_rng(1), 6 * 288, 2)
    panel = panel_of_five_minutes()
    readings = evaluate(SIGNALS, panel)
    for row in range(bars.shape[1]):
        panel.append(START_MS + row * BASE_MS, *bars[:, row])
        fresh = evaluate(SIGNALS, panel)
        carried = evaluate(SIGNALS, panel, before=readings)
        assert carried.value.tobytes() == fresh.value.tobytes()
        assert carried.confidence.tobytes() == fresh.confidence.tobytes()
        assert (carried.reasons, carried.closed_ms) == (fresh.reasons, fresh.closed_ms)
        for index, signal in enumerate(SIGNALS):
            completed = (row + 1) * BASE_MS % signal.bar_ms == 0
            assert (carried.statistics[index] is readings.statistics[index]) == (not completed)
        readings = carried


@pytest.mark.parametrize("bar", SIZES)
def test_history_of_every_size_is_what_was_said(bar: BarSize) -> None:
    signal = convergence.KIND.build(ConvergenceSettings(bar=bar))
    signal = replace(signal, window=40, roll=None)
    bars = walk(np.random.default_rng(2), 50 * bar_length_ms(bar) // BASE_MS, 2)
    panel = Panel(["S0", "S1"], BASE_MS, days=60, more={bar: 60})
    said = []
    for row in range(bars.shape[1]):
        panel.append(START_MS + row * BASE_MS, *bars[:, row])
        if (row + 1) * BASE_MS % signal.bar_ms == 0:
            said.append(evaluate([signal], panel))
    past = past_readings([signal], panel, bar)
    assert past.ts_ms.tolist() == [readings.ts_ms for readings in said]
    assert past.value.tobytes() == np.stack([readings.value for readings in said]).tobytes()
    with pytest.raises(ValueError, match="C2 read other bars"):
        past_readings([signal], panel, "3m")


@pytest.mark.parametrize("bar", ["15m", "1h", "1d"])
def test_when_bars_closed(bar: str) -> None:
    panel = Panel(["S0", "S1"], BASE_MS, days=9, more={"15m": 9, "1h": 9})
    panel.extend(START_MS, *walk(np.random.default_rng(0), 1_000, 2))
    step = bar_length_ms(bar)
    newest = START_MS + 1_000 * BASE_MS // step * step
    closed = panel.window(CLOSE_MS, 3, bar)
    assert closed.tolist() == [[newest - 2 * step, newest - step, newest]] * 2


def test_taker_volume_is_summed_and_unknown_where_a_part_is() -> None:
    bars = walk(np.random.default_rng(0), 36, 2)
    takers = bars[4] * 0.25
    takers[13, 1] = np.nan
    told = np.concatenate([bars, takers[None]])
    panel = Panel(["S0", "S1"], BASE_MS, more={"1h": 3})
    panel.extend(START_MS, *told)
    known = panel.window(TAKER_BUY_VOLUME, 3, "1h")
    np.testing.assert_allclose(known[0], takers[:, 0].reshape(3, 12).sum(axis=1))
    assert np.isnan(known[1]).tolist() == [False, True, False]
    singly = Panel(["S0", "S1"], BASE_MS, more={"1h": 3})
    for row in range(36):
        singly.append(START_MS + row * BASE_MS, *told[:, row])
    assert singly.window(TAKER_BUY_VOLUME, 3, "1h").tobytes() == known.tobytes()
    silent = Panel(["S0"], BASE_MS, more={"1h": 3})
    silent.extend(START_MS, *bars[:, :, :1])
    assert np.isnan(silent.window(TAKER_BUY_VOLUME, 3, "1h")).all()
