"""B6: printed and golden entropies, counts by definition, and a series that leans on its last step."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.signal import Reason
from strategies.statistical.kernels.permutation import normalised_entropy, permutation_entropy
from strategies.statistical.permutation import KIND
from strategies.statistical.settings import PermutationSettings
from tests.strategies.fixtures import AR, G
from tests.strategies.statistical.noise import autoregressive, closes, no_less, runs

SIGNAL = KIND.build(PermutationSettings())


@pytest.mark.parametrize(("order", "bits"), [(2, 0.9182958341), (3, 1.521928095)])
def test_printed(order: int, bits: float) -> None:
    """The example of Bandt and Pompe."""
    series = np.array([4.0, 7, 9, 10, 6, 11, 3])
    assert permutation_entropy(series, order) / math.log(2) == pytest.approx(bits, rel=1e-6)


def test_golden_entropy() -> None:
    assert normalised_entropy(G(300, 1), 4) == pytest.approx(0.986247448, rel=1e-6)


def test_golden() -> None:
    reading = SIGNAL.explain(closes(AR(500, 0.8, 1)))
    assert reading.statistics["entropy"] == pytest.approx(0.9592901859, rel=1e-6)
    assert (reading.statistics["up"], reading.statistics["down"]) == (42, 30)
    assert reading.value == pytest.approx(0.3243243243, rel=1e-6)


def ranks(values: list[float]) -> tuple[int, ...]:
    """The order pattern, ties in the order of time."""
    return tuple(np.argsort(values, kind="stable").tolist())


@given(seed=st.integers(0, 2**32), samples=st.sampled_from([(250, 3), (500, 4)]), ties=st.booleans())
def test_definition(seed: int, samples: tuple[int, int], ties: bool) -> None:
    size, order = samples
    rng = np.random.default_rng(seed)
    returns = 0.01 * (rng.integers(-2, 3, size) if ties else rng.standard_normal(size)).astype(np.float64)
    prices = closes(returns)
    # Steps taken from the prices, so that ties which rounding breaks are broken here too.
    seen = np.log(prices[1:] / prices[:-1]).tolist()
    counted = Counter(ranks(seen[i : i + order]) for i in range(size - order + 1))
    share = np.array(list(counted.values())) / (size - order + 1)
    current = ranks(seen[-(order - 1) :])
    after = [
        seen[i + order - 1] for i in range(size - order + 1) if ranks(seen[i : i + order - 1]) == current
    ]
    said = KIND.build(PermutationSettings.model_validate({"samples": size})).explain(prices).statistics
    assert said["entropy"] == pytest.approx(-(share * np.log(share)).sum() / math.log(math.factorial(order)))
    assert said["up"] == sum(step > 0 for step in after)
    assert said["down"] == sum(step < 0 for step in after)


def test_a_series_of_ever_larger_steps_has_one_pattern() -> None:
    reading = SIGNAL.explain(closes(1e-5 * np.arange(1.0, 501.0)))
    assert reading.statistics["entropy"] == 0.0
    assert reading.value == 1.0


def test_a_series_that_never_changes_pace_is_no_opinion() -> None:
    assert SIGNAL.explain(1.001 ** np.arange(501.0)).reason is Reason.ZERO_VAR


def test_a_pattern_seen_too_seldom_says_nothing() -> None:
    reading = KIND.build(PermutationSettings(fewest=200)).explain(closes(AR(500, 0.8, 1)))
    assert reading.statistics["p"] < 0.05
    assert (reading.reason, reading.value, reading.confidence) == (Reason.OK, 0.0, 0.0)


@runs(100, 1_000)
def test_finds_a_series_that_leans_on_its_last_step(count: int) -> None:
    result = SIGNAL.run(closes(autoregressive(np.random.default_rng(6), count, 500, 0.8)))
    assert result.statistics[:, 0].mean() < 0.96
    assert no_less(result.statistics[:, 1] < 0.05, 0.95)
