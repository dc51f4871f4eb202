"""The property suite finds a cheat: one that peeks, one that remembers, one that has a unit, one that leans."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from strategies.classical import bands
from strategies.classical.settings import BandSettings
from strategies.signal import FloatArray, KernelResult, Signal
from tests.strategies import properties
from tests.strategies.toys import CARRY, RANK

HONEST = bands.KIND.build(BandSettings(bar="1h"))
ROLL = HONEST.roll
assert ROLL is not None


def peeks(close: FloatArray) -> KernelResult:
    """Reads every window one bar further than it may, where there is one."""
    assert ROLL is not None
    return ROLL(np.ascontiguousarray(np.c_[close[:, 1:], close[:, -1]]))


class Remembers:
    """Says a little more each time it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, close: FloatArray) -> KernelResult:
        self.asked += 1
        result = HONEST.kernel(close)
        return result._replace(value=np.clip(result.value + 1e-6 * self.asked, -1, 1))


def has_a_unit(close: FloatArray) -> KernelResult:
    """Trusts itself more where prices are high."""
    result = HONEST.kernel(close)
    return result._replace(confidence=np.clip(close[:, -1] / 1_000, 0, 1))


def leans(close: FloatArray) -> KernelResult:
    """Is a little long whatever happens."""
    result = HONEST.kernel(close)
    return result._replace(value=np.clip(result.value + 0.01, -1, 1))


def exaggerates(close: FloatArray) -> KernelResult:
    result = HONEST.kernel(close)
    return result._replace(value=3 * result.value)


def accepts_anything(close: FloatArray) -> KernelResult:
    result = HONEST.kernel(np.where(close > 0, close, 1.0))
    return result._replace(reason=np.zeros_like(result.reason), value=np.zeros_like(result.value))


Property = Callable[[Signal], None]
PROPERTIES: dict[str, Property] = {
    "bounds": lambda signal: properties.within_bounds(signal, 1, 0.05),
    "bad price": lambda signal: properties.refuses_a_bad_price(signal, 1, 3, float("nan")),
    "future": lambda signal: properties.sees_no_future(signal, 1, 0.02, 7),
    "unit": lambda signal: properties.has_no_unit(signal, 1, 0.02, 2.5),
    "mirror": lambda signal: properties.is_odd(signal, 1, 0.02),
    "one answer": lambda signal: properties.has_one_answer(signal, 1, 0.02),
    "roll": lambda signal: properties.rolls_as_it_reads(signal, 1, 0.02),
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_an_honest_signal_passes(name: str) -> None:
    PROPERTIES[name](HONEST)


@pytest.mark.parametrize(
    ("cheat", "found_by"),
    [
        (replace(HONEST, roll=peeks), {"future", "roll"}),
        (replace(HONEST, kernel=Remembers()), {"one answer", "roll"}),
        (replace(HONEST, kernel=has_a_unit, roll=None), {"unit"}),
        (replace(HONEST, kernel=leans, roll=None), {"mirror"}),
        (replace(HONEST, kernel=exaggerates, roll=None), {"bounds"}),
        (replace(HONEST, kernel=accepts_anything, roll=None), {"bad price"}),
    ],
    ids=["peeks", "remembers", "has a unit", "leans", "exaggerates", "accepts anything"],
)
def test_a_cheat_is_found(cheat: Signal, found_by: set[str]) -> None:
    caught = set()
    for name, holds in PROPERTIES.items():
        if name == "mirror" and cheat.mirror is None:
            continue
        try:
            holds(cheat)
        except AssertionError:
            caught.add(name)
    assert found_by <= caught


SEES_OTHERS = RANK.build(RANK.settings())
READS_INPUTS = CARRY.build(CARRY.settings())


@pytest.mark.parametrize("signal", [SEES_OTHERS, READS_INPUTS], ids=["cross-section", "inputs"])
def test_an_honest_signal_of_more_than_bars_passes(signal: Signal) -> None:
    for name, holds in PROPERTIES.items():
        if name != "mirror" or signal.mirror is not None:
            holds(signal)


def averages_the_batch(symbols: tuple[str, ...], close: FloatArray) -> KernelResult:
    """Is as sure as all the moments it is asked about together make it."""
    result = SEES_OTHERS.kernel(symbols, close)
    mood = np.nanmean(close[:, :, -1]) % 1
    return result._replace(confidence=np.full_like(result.confidence, mood))


def follows_the_price_of_money(*fields: FloatArray) -> KernelResult:
    """Trusts itself more where the spot price is high, in whatever it is counted."""
    result = READS_INPUTS.kernel(*fields)
    return result._replace(confidence=np.clip(fields[1][:, -1] / 1_000, 0, 1))


def peeks_at_inputs(*fields: FloatArray) -> KernelResult:
    """Reads each window of a series with the open interest of one bar later."""
    count = fields[0].shape[1] - READS_INPUTS.window + 1
    later = [*fields[:3], np.c_[fields[3][:, 1:], fields[3][:, -1]]]
    cut = [np.stack([part[0, i : i + READS_INPUTS.window] for i in range(count)]) for part in later]
    return READS_INPUTS.kernel(*cut)


@pytest.mark.parametrize(
    ("cheat", "found_by"),
    [
        (replace(SEES_OTHERS, kernel=averages_the_batch), {"future", "one answer", "unit"}),
        (replace(READS_INPUTS, kernel=follows_the_price_of_money), {"unit"}),
        (replace(READS_INPUTS, roll=peeks_at_inputs), {"future", "roll"}),
    ],
    ids=["averages the batch", "has a unit", "peeks at inputs"],
)
def test_a_cheat_with_more_than_bars_is_found(cheat: Signal, found_by: set[str]) -> None:
    test_a_cheat_is_found(cheat, found_by)
