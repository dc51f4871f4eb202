"""What every registered signal must keep, whatever it measures: no future, no unit, its mirror, one answer.

The project's whole registry is the parameter list, so a new signal is held to these without a new test.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from strategies.evaluate import daily_readings, evaluate
from strategies.panel import Panel
from strategies.registry import BUILT_IN
from strategies.signal import FIELDS, Mirror, Reason, Signal, SignalKind
from tests.strategies.fixtures import DAY_MS, START_MS, FloatArray, panel_of, walk

EVERY_SIGNAL = pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
SEEDS = st.integers(0, 2**32)
STEPS = st.floats(0.002, 0.2)


def built(kind: SignalKind) -> Signal:
    return kind.build(kind.settings())


def path(signal: Signal, seed: int, step: float, extra: int = 0) -> FloatArray:
    """Bars [5, W + extra] of one random walk."""
    return walk(np.random.default_rng(seed), signal.window + extra, 1, step)[:, :, 0]


def inputs(signal: Signal, bars: FloatArray) -> list[FloatArray]:
    return [np.ascontiguousarray(bars[FIELDS.index(field)]) for field in signal.fields]


def mirrored(kind: Mirror, bars: FloatArray) -> FloatArray:
    def reflect(prices: FloatArray) -> FloatArray:
        if kind is Mirror.LOG:
            reflected: FloatArray = np.exp(2 * np.log(bars[3, 0]) - np.log(prices))
            return reflected
        return 2 * float(bars[1].max()) - prices

    open_, high, low, close, volume = bars
    return np.stack([reflect(open_), reflect(low), reflect(high), reflect(close), volume])


@EVERY_SIGNAL
@given(seed=SEEDS, step=STEPS)
def test_an_opinion_lies_within_its_bounds(kind: SignalKind, seed: int, step: float) -> None:
    signal = built(kind)
    reading = signal.explain(*inputs(signal, path(signal, seed, step)))
    assert reading.reason is Reason.OK
    assert -1 <= reading.value <= 1
    assert 0 <= reading.confidence <= 1


@EVERY_SIGNAL
@given(seed=SEEDS, position=st.integers(0, 2**16), bad=st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -1.0]))
def test_a_bad_price_anywhere_is_no_opinion(kind: SignalKind, seed: int, position: int, bad: float) -> None:
    signal = built(kind)
    windows = inputs(signal, path(signal, seed, 0.01))
    windows[position % len(windows)][position % signal.window] = bad
    reading = signal.explain(*windows)
    assert reading.reason is Reason.NAN_INPUT
    assert np.isnan(reading.value)
    assert reading.confidence == 0


@EVERY_SIGNAL
@settings(max_examples=20)
@given(seed=SEEDS, step=STEPS, days=st.integers(1, 40))
def test_later_bars_never_change_an_earlier_reading(
    kind: SignalKind, seed: int, step: float, days: int
) -> None:
    signal = built(kind)
    rng = np.random.default_rng(seed)
    bars = walk(rng, signal.window + 40, 2, step)
    bars[:, rng.integers(0, signal.window + 40, 6), 0] = np.nan
    other = bars.copy()
    other[:, -days:] = walk(rng, days, 2, 0.5)
    one, two = daily_readings([signal], panel_of(bars)), daily_readings([signal], panel_of(other))
    for field in ("value", "confidence", "reason"):
        known = getattr(one, field)[:-days]
        assert known.tobytes() == getattr(two, field)[:-days].tobytes()


@EVERY_SIGNAL
@given(seed=SEEDS, step=STEPS, exponent=st.floats(-9, 9))
def test_the_unit_of_price_means_nothing(kind: SignalKind, seed: int, step: float, exponent: float) -> None:
    signal = built(kind)
    bars = path(signal, seed, step)
    scaled = bars.copy()
    scaled[:4] *= 10.0**exponent
    one = signal.explain(*inputs(signal, bars))
    two = signal.explain(*inputs(signal, scaled))
    assert two.reason is one.reason
    assert two.value == pytest.approx(one.value, abs=1e-9)
    assert two.confidence == pytest.approx(one.confidence, abs=1e-9)


@EVERY_SIGNAL
@given(seed=SEEDS, step=st.floats(0.002, 0.03))
def test_the_mirrored_path_negates_the_value(kind: SignalKind, seed: int, step: float) -> None:
    signal = built(kind)
    assert signal.mirror is not None
    bars = path(signal, seed, step)
    one = signal.explain(*inputs(signal, bars))
    two = signal.explain(*inputs(signal, mirrored(signal.mirror, bars)))
    assert two.value == pytest.approx(-one.value, abs=1e-9)


@EVERY_SIGNAL
@settings(max_examples=20)
@given(seed=SEEDS, step=STEPS)
def test_one_window_a_batch_and_the_live_panel_agree_to_the_last_bit(
    kind: SignalKind, seed: int, step: float
) -> None:
    signal = built(kind)
    days = 25
    bars = walk(np.random.default_rng(seed), signal.window + days - 1, 3, step)
    fields = [bars[FIELDS.index(field)] for field in signal.fields]
    batch = signal.evaluate(*(sliding_window_view(field, signal.window, axis=0) for field in fields))
    past = daily_readings([signal], panel_of(bars))
    panel = Panel(["S0", "S1", "S2"], DAY_MS)
    for row in range(bars.shape[1]):
        panel.append(START_MS + row * DAY_MS, *bars[:, row])
        day = row - signal.window + 1
        if day < 0:
            continue
        live = evaluate([signal], panel, START_MS + (row + 1) * DAY_MS)
        for column in range(3):
            alone = signal.evaluate(*(field[day : row + 1, column] for field in fields))
            for kind_of, single in enumerate(alone):
                name = ("value", "confidence")[kind_of]
                assert single.tobytes() == batch[kind_of][day, column].tobytes()
                assert single.tobytes() == getattr(live, name)[0, column].tobytes()
                assert single.tobytes() == getattr(past, name)[row, 0, column].tobytes()


@EVERY_SIGNAL
def test_leading_axes_are_kept(kind: SignalKind) -> None:
    signal = built(kind)
    bars = walk(np.random.default_rng(1), signal.window + 9, 4)
    windows = [
        sliding_window_view(bars[FIELDS.index(field)], signal.window, axis=0).reshape(5, 2, 4, signal.window)
        for field in signal.fields
    ]
    value, confidence = signal.evaluate(*windows)
    assert value.shape == confidence.shape == (5, 2, 4)


@EVERY_SIGNAL
def test_windows_that_do_not_fit_are_refused(kind: SignalKind) -> None:
    signal = built(kind)
    window = np.ones(signal.window)
    with pytest.raises(ValueError, match=f"signal {signal.name}"):
        signal.evaluate(*[window] * (len(signal.fields) + 1))
    if len(signal.fields) > 1:
        with pytest.raises(ValueError, match="one shape"):
            signal.evaluate(window[1:], *[window] * (len(signal.fields) - 1))


@EVERY_SIGNAL
def test_the_default_window_lies_in_a_default_panel(kind: SignalKind) -> None:
    signal = built(kind)
    assert evaluate([signal], Panel(["S0"], DAY_MS)).reasons == ((Reason.WARMUP,),)
