"""The properties as functions of any signal, so that they can be turned on a planted cheat too."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from strategies.evaluate import evaluate, past_readings
from strategies.signal import CLOSE_MS, TAKER_BUY_VOLUME, Mirror, Reason, Signal
from tests.strategies.fixtures import START_MS, FloatArray, empty_panel, inputs, panel_for, walk

NO_FAULT = (Reason.OK, Reason.FIT_FAILED, Reason.DEGENERATE)
"""What may come of a clean random walk."""


def path(signal: Signal, seed: int, step: float) -> FloatArray:
    """Bars [5, W] of one random walk."""
    return walk(np.random.default_rng(seed), signal.window, 1, step)[:, :, 0]


def windows(signal: Signal, bars: FloatArray) -> list[FloatArray]:
    """Every window of bars [5, n, S] per field, [n - W + 1, S, W]."""
    return [sliding_window_view(field, signal.window, axis=0) for field in inputs(signal, bars)]


def within_bounds(signal: Signal, seed: int, step: float) -> None:
    reading = signal.explain(*inputs(signal, path(signal, seed, step)))
    assert reading.reason in NO_FAULT
    if reading.reason is Reason.OK:
        assert -1 <= reading.value <= 1
        assert 0 <= reading.confidence <= 1
    else:
        assert np.isnan(reading.value)
        assert reading.confidence == 0


def refuses_a_bad_price(signal: Signal, seed: int, position: int, bad: float) -> None:
    fields = inputs(signal, path(signal, seed, 0.01))
    prices = [field for name, field in zip(signal.fields, fields, strict=True) if is_price(name)]
    prices[position % len(prices)][position % signal.window] = bad
    reading = signal.explain(*fields)
    assert reading.reason is Reason.NAN_INPUT
    assert np.isnan(reading.value)
    assert reading.confidence == 0


def sees_no_future(signal: Signal, seed: int, step: float, later: int) -> None:
    rng = np.random.default_rng(seed)
    bars = walk(rng, signal.window + 40, 2, step)
    bars[:, rng.integers(0, signal.window + 40, 6), 0] = np.nan
    other = bars.copy()
    other[:, -later:] = walk(rng, later, 2, 0.5)
    one, two = (past_readings([signal], panel_for(signal, past), signal.bar) for past in (bars, other))
    for field in ("value", "confidence", "reason"):
        known = getattr(one, field)[:-later]
        assert known.tobytes() == getattr(two, field)[:-later].tobytes()


def has_no_unit(signal: Signal, seed: int, step: float, exponent: float) -> None:
    bars = path(signal, seed, step)
    scaled = bars.copy()
    scaled[:4] *= 10.0**exponent
    one, two = (signal.explain(*inputs(signal, prices)) for prices in (bars, scaled))
    assert two.reason is one.reason
    assert two.value == pytest.approx(one.value, abs=1e-9, nan_ok=True)
    assert two.confidence == pytest.approx(one.confidence, abs=1e-9)


def is_odd(signal: Signal, seed: int, step: float) -> None:
    assert signal.mirror is not None
    bars = path(signal, seed, step)
    one, two = (signal.explain(*inputs(signal, prices)) for prices in (bars, mirrored(signal.mirror, bars)))
    assert two.reason is one.reason
    assert two.value == pytest.approx(-one.value, abs=1e-9, nan_ok=True)


def has_one_answer(signal: Signal, seed: int, step: float) -> None:
    extra = 12
    bars = walk(np.random.default_rng(seed), signal.window + extra - 1, 3, step)
    batch = signal.evaluate(*windows(signal, bars))
    fields = inputs(signal, bars)
    panel = empty_panel(signal, 3, signal.window)
    panel.extend(START_MS, *bars[:, : signal.window - 1])
    for index in range(extra):
        row = signal.window - 1 + index
        closed_ms = START_MS + (row + 1) * signal.bar_ms
        panel.append(closed_ms - signal.bar_ms, *bars[:, row])
        live = evaluate([signal], panel, closed_ms)
        for column in range(3):
            alone = signal.evaluate(*(field[index : row + 1, column] for field in fields))
            for name, single, many in zip(("value", "confidence"), alone, batch, strict=True):
                assert single.tobytes() == many[index, column].tobytes()
                assert single.tobytes() == getattr(live, name)[0, column].tobytes()


def rolls_as_it_reads(signal: Signal, seed: int, step: float) -> None:
    bars = walk(np.random.default_rng(seed), signal.window + 60, 2, step)
    value, confidence = signal.evaluate(*windows(signal, bars))
    past = past_readings([signal], panel_for(signal, bars), signal.bar)
    rolled = slice(signal.window - 1, None)
    np.testing.assert_allclose(past.value[rolled, 0], value, rtol=0, atol=1e-9)
    np.testing.assert_allclose(past.confidence[rolled, 0], confidence, rtol=0, atol=1e-9)
    assert (past.reason[: signal.window - 1] == 1).all()


def mirrored(kind: Mirror, bars: FloatArray) -> FloatArray:
    def reflect(prices: FloatArray) -> FloatArray:
        if kind is Mirror.LOG:
            reflected: FloatArray = np.exp(2 * np.log(bars[3, 0]) - np.log(prices))
            return reflected
        return 2 * float(bars[1].max()) - prices

    open_, high, low, close, volume = bars
    return np.stack([reflect(open_), reflect(low), reflect(high), reflect(close), volume])


def is_price(field: str) -> bool:
    return field not in (CLOSE_MS, TAKER_BUY_VOLUME, "volume")
