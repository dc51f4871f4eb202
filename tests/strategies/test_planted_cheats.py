"""The property suite finds a cheat: one that peeks, one that remembers, one that has a unit, one that leans."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from strategies.classical import bands
from strategies.classical.settings import BandSettings
from strategies.signal import FloatArray, KernelResult, Signal
from tests.strategies import properties

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
        try:
            holds(cheat)
        except AssertionError:
            caught.add(name)
    assert found_by <= caught
