"""What every registered signal must keep, whatever it measures: no future, no unit, its mirror, one answer.

The project's whole registry is the parameter list, so a new signal is held to these without a new test, whatever it
reads: every input is fed to it, and a universe to one that reads a cross-section.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.evaluate import evaluate
from strategies.inputs import INPUT_NAMES
from strategies.judgement import required_inputs
from strategies.registry import BUILT_IN
from strategies.signal import OPINIONS, Mirror, Reason, Signal, SignalKind
from tests.strategies import properties
from tests.strategies.fixtures import START_MS, empty_panel, inputs, universe, walk
from tests.strategies.toys import TOYS

ALL = (*BUILT_IN, *TOYS)
EVERY_SIGNAL = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
EVERY_MIRRORED_SIGNAL = pytest.mark.parametrize(
    "kind",
    [kind for kind in ALL if kind.build(kind.settings()).mirror is not None],
    ids=lambda kind: kind.name,
)
SEEDS = st.integers(0, 2**32)
STEPS = st.floats(0.002, 0.2)


IN_RETURNS = ("A1", "A3", "B1", "B2", "B3", "B4", "B5", "B7", "B8", "B10", "B11")
IN_PRICES = ("A2", "C1", "C2", "C3", "C4")
"""What reads returns is odd in their signs, what reads differences of prices in those of the differences."""


def test_no_signal_of_price_alone_is_excused_from_its_mirror() -> None:
    """B6 breaks ties in the order of time, the sides of B9 and the ranges of B12 have no sign; the others read more."""
    found = {kind.name: mirror for kind in BUILT_IN if (mirror := built(kind).mirror) is not None}
    assert found == dict.fromkeys(IN_RETURNS, Mirror.LOG) | dict.fromkeys(IN_PRICES, Mirror.DIFFERENCE)


def built(kind: SignalKind) -> Signal:
    return kind.build(kind.settings())


@EVERY_SIGNAL
@given(seed=SEEDS, step=STEPS)
def test_an_opinion_lies_within_its_bounds(kind: SignalKind, seed: int, step: float) -> None:
    properties.within_bounds(built(kind), seed, step)


@EVERY_SIGNAL
@given(seed=SEEDS, position=st.integers(0, 2**16), bad=st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -1.0]))
def test_a_bad_price_anywhere_is_no_opinion(kind: SignalKind, seed: int, position: int, bad: float) -> None:
    properties.refuses_a_bad_price(built(kind), seed, position, bad)


@EVERY_SIGNAL
@settings(max_examples=15)
@given(seed=SEEDS, step=STEPS, later=st.integers(1, 40))
def test_later_bars_never_change_an_earlier_reading(
    kind: SignalKind, seed: int, step: float, later: int
) -> None:
    properties.sees_no_future(built(kind), seed, step, later)


@EVERY_SIGNAL
@given(seed=SEEDS, step=STEPS, exponent=st.floats(-9, 9))
def test_the_unit_of_price_means_nothing(kind: SignalKind, seed: int, step: float, exponent: float) -> None:
    properties.has_no_unit(built(kind), seed, step, exponent)


@EVERY_MIRRORED_SIGNAL
@given(seed=SEEDS, step=st.floats(0.002, 0.03))
def test_the_mirrored_path_negates_the_value(kind: SignalKind, seed: int, step: float) -> None:
    properties.is_odd(built(kind), seed, step)


@EVERY_SIGNAL
@settings(max_examples=15)
@given(seed=SEEDS, step=STEPS)
def test_one_window_a_batch_and_the_live_panel_agree_to_the_last_bit(
    kind: SignalKind, seed: int, step: float
) -> None:
    properties.has_one_answer(built(kind), seed, step)


@EVERY_SIGNAL
@settings(max_examples=15)
@given(seed=SEEDS, step=STEPS)
def test_a_series_is_read_as_its_windows_are(kind: SignalKind, seed: int, step: float) -> None:
    properties.rolls_as_it_reads(built(kind), seed, step)


@EVERY_SIGNAL
def test_leading_axes_are_kept(kind: SignalKind) -> None:
    signal = built(kind)
    bars = walk(np.random.default_rng(1), signal.window + 9, 4)
    windows = [batch.reshape(5, 2, 4, signal.window) for batch in properties.windows(signal, bars)]
    value, confidence = signal.evaluate(*windows, symbols=universe(signal, 4))
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
def test_a_window_that_is_far_too_short_is_a_warm_up(kind: SignalKind) -> None:
    signal = built(kind)
    bars = walk(np.random.default_rng(1), min(2, signal.window - 1), properties.columns(signal))
    for reading in properties.readings(signal, inputs(signal, bars)) if bars.shape[1] else ():
        assert (reading.reason, reading.confidence) == (Reason.WARMUP, 0.0)


@EVERY_SIGNAL
def test_a_panel_without_bars_is_a_warm_up(kind: SignalKind) -> None:
    signal = built(kind)
    assert evaluate([signal], empty_panel(signal, 1, 1)).reasons == ((Reason.WARMUP,),)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in ALL if not set(kind.build(kind.settings()).fields) & set(INPUT_NAMES)],
    ids=lambda kind: kind.name,
)
def test_a_price_that_never_moves_is_no_opinion_or_none_worth_having(kind: SignalKind) -> None:
    signal = built(kind)
    bars = np.full((5, signal.window, properties.columns(signal)), 7.0)
    for reading in properties.readings(signal, inputs(signal, bars)):
        assert reading.reason not in OPINIONS or reading.value == 0.0 or signal.cross


@EVERY_SIGNAL
def test_a_market_without_the_inputs_it_needs_is_no_opinion(kind: SignalKind) -> None:
    signal = built(kind)
    needed = required_inputs(signal)
    bars = walk(np.random.default_rng(1), signal.window, properties.columns(signal))
    panel = empty_panel(signal, bars.shape[2], signal.window)
    panel.extend(START_MS, *bars)
    told = {reason for row in evaluate([signal], panel).reasons for reason in row}
    assert not needed or told == {Reason.NO_INPUT}
    assert Reason.BROKEN not in told
