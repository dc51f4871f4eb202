"""The properties as functions of any signal, so that they can be turned on a planted cheat too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from strategies.evaluate import evaluate, past_readings
from strategies.inputs import PRICES
from strategies.signal import FIELDS, OPINIONS, Explanation, Mirror, Reason, Signal
from tests.strategies.fixtures import (
    START_MS,
    FloatArray,
    beside,
    empty_panel,
    inputs,
    panel_for,
    universe,
    walk,
)

NO_FAULT = (Reason.FIT_FAILED, Reason.DEGENERATE, Reason.NEAR_EXPIRY)
"""What may come of a clean random walk instead of an opinion."""
CROSS_SECTION = 12


def columns(signal: Signal, least: int = 1) -> int:
    """How many symbols to ask a signal about."""
    return CROSS_SECTION if signal.cross else least


def path(signal: Signal, seed: int, step: float) -> FloatArray:
    """Bars [5, W, S] of random walks."""
    return walk(np.random.default_rng(seed), signal.window, columns(signal), step)


def windows(signal: Signal, bars: FloatArray) -> list[FloatArray]:
    """Every window of bars [5, n, S] per field, [n - W + 1, S, W]."""
    return [sliding_window_view(field, signal.window, axis=0) for field in inputs(signal, bars)]


def readings(signal: Signal, fields: Sequence[FloatArray]) -> list[Explanation]:
    """What is said of each symbol of one window: fields [W, S]."""
    result = signal.run(*(field.T for field in fields), symbols=universe(signal, fields[0].shape[1]))
    return [signal.explanation(result, column) for column in range(fields[0].shape[1])]


def within_bounds(signal: Signal, seed: int, step: float) -> None:
    for reading in readings(signal, inputs(signal, path(signal, seed, step))):
        assert reading.reason in (*OPINIONS, *NO_FAULT)
        if reading.reason in OPINIONS:
            assert -1 <= reading.value <= 1
            assert 0 <= reading.confidence <= 1
        else:
            assert np.isnan(reading.value)
            assert reading.confidence == 0


def refuses_a_bad_price(signal: Signal, seed: int, position: int, bad: float) -> None:
    fields = inputs(signal, path(signal, seed, 0.01))
    prices = [field for name, field in zip(signal.fields, fields, strict=True) if is_price(signal, name)]
    if not prices:
        return
    column = position % columns(signal)
    prices[position % len(prices)][position % signal.window, column] = bad
    reading = readings(signal, fields)[column]
    assert reading.reason is Reason.NAN_INPUT
    assert np.isnan(reading.value)
    assert reading.confidence == 0


def sees_no_future(signal: Signal, seed: int, step: float, later: int) -> None:
    rng = np.random.default_rng(seed)
    count, symbols = signal.window + 40, columns(signal, 2)
    bars = walk(rng, count, symbols, step)
    bars[:, rng.integers(0, count, 6), 0] = np.nan
    other = bars.copy()
    other[:, -later:] = walk(rng, later, symbols, 0.5)
    known = beside(signal, bars)
    changed = {name: values.copy() for name, values in known.items()}
    for values in changed.values():
        values[-later:] *= rng.uniform(0.5, 2, (later, symbols))
    past = []
    for market, aside in ((bars, known), (other, changed)):
        panel = empty_panel(signal, symbols, count)
        panel.extend(START_MS, *market, inputs=aside)
        past.append(past_readings([signal], panel, signal.bar))
    for field in ("value", "confidence", "reason"):
        one, two = (getattr(told, field)[:-later] for told in past)
        assert one.tobytes() == two.tobytes()


def has_no_unit(signal: Signal, seed: int, step: float, exponent: float) -> None:
    bars = path(signal, seed, step)
    scaled = bars.copy()
    scaled[:4] *= 10.0**exponent
    for one, two in _compared(signal, bars, scaled):
        assert two.reason is one.reason
        assert two.value == pytest.approx(one.value, abs=1e-9, nan_ok=True)
        assert two.confidence == pytest.approx(one.confidence, abs=1e-9)


def is_odd(signal: Signal, seed: int, step: float) -> None:
    assert signal.mirror is not None
    bars = path(signal, seed, step)
    for one, two in _compared(signal, bars, mirrored(signal.mirror, bars)):
        assert two.reason is one.reason
        assert two.value == pytest.approx(-one.value, abs=1e-9, nan_ok=True)


def has_one_answer(signal: Signal, seed: int, step: float) -> None:
    extra, symbols = 12, columns(signal, 3)
    bars = walk(np.random.default_rng(seed), signal.window + extra - 1, symbols, step)
    names = universe(signal, symbols)
    batch = signal.evaluate(*windows(signal, bars), symbols=names)
    fields, known = inputs(signal, bars), beside(signal, bars)
    panel = empty_panel(signal, symbols, signal.window)
    first = signal.window - 1
    panel.extend(START_MS, *bars[:, :first], inputs={name: values[:first] for name, values in known.items()})
    for index in range(extra):
        row = first + index
        closed_ms = START_MS + (row + 1) * signal.bar_ms
        aside = {name: values[row] for name, values in known.items()}
        panel.append(closed_ms - signal.bar_ms, *bars[:, row], inputs=aside)
        live = evaluate([signal], panel, closed_ms)
        window = [field[index : row + 1].T for field in fields]
        if signal.cross:
            alone = signal.evaluate(*window, symbols=names)
        else:
            single = [signal.evaluate(*(field[column] for field in window)) for column in range(symbols)]
            alone = (np.array([said[0] for said in single]), np.array([said[1] for said in single]))
        for name, one, many in zip(("value", "confidence"), alone, batch, strict=True):
            assert one.tobytes() == many[index].tobytes()
            assert one.tobytes() == getattr(live, name)[0].tobytes()


def rolls_as_it_reads(signal: Signal, seed: int, step: float) -> None:
    symbols = columns(signal, 2)
    bars = walk(np.random.default_rng(seed), signal.window + 60, symbols, step)
    value, confidence = signal.evaluate(*windows(signal, bars), symbols=universe(signal, symbols))
    past = past_readings([signal], panel_for(signal, bars), signal.bar)
    rolled = slice(signal.window - 1, None)
    np.testing.assert_allclose(past.value[rolled, 0], value, rtol=0, atol=1e-9)
    np.testing.assert_allclose(past.confidence[rolled, 0], confidence, rtol=0, atol=1e-9)
    assert (past.reason[: signal.window - 1] == 1).all()


def _compared(signal: Signal, bars: FloatArray, other: FloatArray) -> zip[tuple[Explanation, Explanation]]:
    """What is said of each symbol of two markets [5, W, S]."""
    return zip(*(readings(signal, inputs(signal, prices)) for prices in (bars, other)), strict=True)


def mirrored(kind: Mirror, bars: FloatArray) -> FloatArray:
    def reflect(prices: FloatArray) -> FloatArray:
        if kind is Mirror.LOG:
            return np.exp(2 * np.log(bars[3, 0]) - np.log(prices))  # type: ignore[no-any-return]
        return np.subtract(2 * bars[1].max(axis=0), prices)  # type: ignore[no-any-return]

    open_, high, low, close, volume = bars
    return np.stack([reflect(open_), reflect(low), reflect(high), reflect(close), volume])


def is_price(signal: Signal, field: str) -> bool:
    return field in (*FIELDS[:4], *PRICES) and field not in signal.optional
