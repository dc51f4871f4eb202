"""Every signal stands alone: left out, moved, or raising, it changes nothing but its own readings; and what one reads
of all symbols leaves out whom the framework silenced."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.evaluate import Readings, evaluate, explain, past_readings
from strategies.panel import Panel
from strategies.signal import REASONS, FloatArray, KernelResult, Reason, Signal
from tests.strategies.fixtures import HOUR_MS, START_MS, empty_panel, panel_for, universe, walk
from tests.strategies.toys import CARRY, RANK, WINDOW

NAN = float("nan")
PLAIN = CARRY.build(CARRY.settings())
CROSS = RANK.build(RANK.settings())
HOURLY = replace(CROSS, name="NEXT", cross=False, kernel=lambda close: CROSS.kernel(("",), close[:, None]))


def market(seed: int = 3, bars: int = 40, symbols: int = 5) -> tuple[Panel, FloatArray]:
    panel = Panel(universe(CROSS, symbols), HOUR_MS, more={"1h": bars}, inputs={"1h": PLAIN.fields[1:]})
    prices = walk(np.random.default_rng(seed), bars, symbols)
    known = {name: np.ones(prices.shape[1:]) for name in PLAIN.fields[1:]}
    panel.extend(START_MS, *prices, inputs=known)
    return panel, prices


def of_each(readings: Readings, signals: list[Signal]) -> dict[str, tuple[object, ...]]:
    return {
        signal.name: (
            readings.value[index].tobytes(),
            readings.confidence[index].tobytes(),
            readings.reasons[index],
            {name: numbers.tobytes() for name, numbers in readings.statistics[index].items()},
        )
        for index, signal in enumerate(signals)
    }


@settings(max_examples=20)
@given(order=st.permutations([PLAIN, CROSS, HOURLY]), count=st.integers(1, 3))
def test_order_and_company_change_no_reading(order: list[Signal], count: int) -> None:
    panel, _ = market()
    whole = of_each(evaluate([PLAIN, CROSS, HOURLY], panel), [PLAIN, CROSS, HOURLY])
    some = order[:count]
    assert of_each(evaluate(some, panel), some).items() <= whole.items()


def raises(*_: object) -> KernelResult:
    raise ZeroDivisionError("no\nluck")


def leaves(*_: object) -> KernelResult:
    sys.exit("enough")


def too_few(close: FloatArray) -> KernelResult:
    value, confidence, reason, statistics = HOURLY.kernel(close)
    return KernelResult(value[1:], confidence[1:], reason[1:], statistics[1:])


def one_statistic_more(close: FloatArray) -> KernelResult:
    return HOURLY.kernel(close)._replace(statistics=np.zeros((len(close), 2)))


def beyond(close: FloatArray) -> KernelResult:
    return HOURLY.kernel(close)._replace(value=np.full(len(close), 1.5))


def nobody_knows(close: FloatArray) -> KernelResult:
    return HOURLY.kernel(close)._replace(value=np.full(len(close), NAN))


def no_such_reason(close: FloatArray) -> KernelResult:
    return HOURLY.kernel(close)._replace(reason=np.full(len(close), 99))


@pytest.mark.parametrize(
    ("kernel", "fault"),
    [
        (raises, "ZeroDivisionError: no luck"),
        (leaves, "SystemExit: enough"),
        (too_few, "ValueError: it says (4,) values and (4,) confidences of 5 windows"),
        (one_statistic_more, "ValueError: it says (5, 2) statistics of 5 windows"),
        (beyond, "ValueError: it says value 1.5 with confidence"),
        (nobody_knows, "ValueError: it says value nan with confidence"),
        (no_such_reason, "ValueError: it gives a reason that does not exist, codes 99 to 99"),
        (lambda close: None, "TypeError"),
    ],
)
def test_a_signal_that_fails_is_named_and_silent_alone(
    kernel: Callable[..., KernelResult], fault: str
) -> None:
    panel, _ = market()
    broken = replace(HOURLY, name="BAD", kernel=kernel)
    signals = [PLAIN, broken, CROSS]
    readings = evaluate(signals, panel)
    assert readings.reasons[1] == (Reason.BROKEN,) * 5
    assert np.isnan(readings.value[1]).all()
    assert (readings.confidence[1] == 0).all()
    assert readings.faults[0] == readings.faults[2] == ""
    assert readings.faults[1].startswith(fault)
    sound = of_each(evaluate([PLAIN, CROSS], panel), [PLAIN, CROSS])
    assert sound.items() <= of_each(readings, signals).items()
    kept = evaluate(signals, panel, None, readings)
    assert kept.faults == readings.faults
    assert explain(broken, panel, "BTCUSDT").reason is Reason.BROKEN
    assert (past_readings(signals, panel, "1h").reason[WINDOW:, 1] == REASONS.index(Reason.BROKEN)).all()


def test_a_roll_that_ends_the_program_is_passed_over() -> None:
    panel, _ = market()
    past = past_readings([replace(HOURLY, roll=leaves)], panel, "1h")
    assert past.value.tobytes() == past_readings([HOURLY], panel, "1h").value.tobytes()


def test_a_window_it_fails_on_takes_no_other_with_it() -> None:
    panel, prices = market()
    dear = float(np.max(prices[3, -1]))
    column = int(np.argmax(prices[3, -1]))

    def moody(close: FloatArray) -> KernelResult:
        if (close[:, -1] == dear).any():
            raise RuntimeError("too dear")
        return HOURLY.kernel(close)

    signal = replace(HOURLY, kernel=moody)
    readings, sound = evaluate([signal], panel), evaluate([HOURLY], panel)
    assert readings.faults == ("RuntimeError: too dear",)
    past = past_readings([signal], panel, "1h")
    for symbol in range(5):
        failed = symbol == column
        assert (readings.reasons[0][symbol] is Reason.BROKEN) == failed
        assert failed or readings.value[0, symbol].tobytes() == sound.value[0, symbol].tobytes()
        assert past.value[-1, 0, symbol].tobytes() == readings.value[0, symbol].tobytes()
    assert (past.reason == REASONS.index(Reason.BROKEN)).sum() == 1


def test_a_roll_that_fails_leaves_the_windows() -> None:
    panel, _ = market()
    one = past_readings([replace(HOURLY, roll=raises)], panel, "1h")
    assert one.value.tobytes() == past_readings([HOURLY], panel, "1h").value.tobytes()


@pytest.mark.parametrize("gap", [1, 5])
def test_whom_the_framework_silences_is_not_in_the_cross_section(gap: int) -> None:
    bars = walk(np.random.default_rng(8), WINDOW + 10, 4)
    bars[:, 12 : 12 + gap, 1] = NAN
    bars[:, :-3, 2] = NAN
    panel = panel_for(CROSS, bars)
    readings = evaluate([CROSS], panel)
    silent = Reason.GAP if gap == 1 else Reason.NAN_INPUT
    assert readings.reasons[0] == (Reason.OK, silent, Reason.WARMUP, Reason.OK)
    assert sorted(readings.value[0, [0, 3]].tolist()) == [-1.0, 1.0]
    np.testing.assert_array_equal(readings.confidence[0], [0.5, 0, 0, 0.5])
    assert np.isnan(explain(CROSS, panel, "COIN1USDT").value)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_the_history_of_a_cross_section_is_what_was_said_live(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bars = walk(rng, 70, 4)
    for column in range(1, 4):
        start = rng.integers(0, 70)
        bars[:, start : start + rng.integers(1, 6), column] = NAN
    panel = empty_panel(CROSS, 4, 70)
    live = []
    for row in range(70):
        panel.append(START_MS + row * HOUR_MS, *bars[:, row])
        live.append(evaluate([CROSS], panel))
    past = past_readings([CROSS], panel, "1h")
    for index, said in enumerate(live):
        assert past.value[index].tobytes() == said.value.tobytes()
        assert past.confidence[index].tobytes() == said.confidence.tobytes()
        assert tuple(REASONS[code] for code in past.reason[index, 0]) == said.reasons[0]


def test_windows_without_the_names_of_their_symbols_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"signal RANK: its fields need \[..., 0 symbols, w\], got \(3, 20\)"
    ):
        CROSS.run(np.ones((3, WINDOW)))
