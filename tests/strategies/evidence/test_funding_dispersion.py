"""A8: values by hand, venues in any order and with any interval, and what a missing venue costs."""

from itertools import permutations

import numpy as np
import pytest

from strategies.evidence.funding_dispersion import KIND
from strategies.evidence.settings import FundingDispersionSettings
from strategies.signal import Explanation, FloatArray, Reason
from tests.strategies.evidence.settlements import funding

SIGNAL = KIND.build(FundingDispersionSettings())
Venue = tuple[FloatArray, FloatArray]
ABSENT: Venue = (np.full(72, np.nan), np.full(72, np.nan))
X, Y, Z = funding([(0.0003, 8)] * 9), funding([(0.00005, 8)] * 9), funding([(0.00002, 1)] * 72)


def read(*venues: Venue) -> Explanation:
    return SIGNAL.explain(*(field for venue in venues for field in venue))


def test_golden() -> None:
    reading = read(X, Y, Z)
    assert reading.reason is Reason.OK
    assert reading.statistics["capture"] == pytest.approx(0.00525, rel=1e-6)
    assert reading.value == pytest.approx(0.8125, rel=1e-6)
    assert (reading.statistics["short_venue"], reading.statistics["long_venue"]) == (1, 2)
    assert reading.confidence == 1.0


def test_golden_equal_by_the_day_is_nothing_to_earn() -> None:
    reading = read(funding([(0.0001, 8)] * 9), ABSENT, funding([(0.0000125, 1)] * 72))
    assert reading.statistics["capture"] == pytest.approx(0.0, abs=1e-12)
    assert (reading.reason, reading.value, reading.confidence) == (Reason.OK, 0.0, 0.0)


@pytest.mark.parametrize("interval", [1, 2, 4, 8])
@pytest.mark.parametrize("other", [1, 2, 4, 8])
@pytest.mark.parametrize("daily", [0.0009, -0.0021])
def test_what_is_settled_by_the_day_counts_whatever_the_interval(
    interval: int, other: int, daily: float
) -> None:
    venues = [funding([(daily * length / 24, length)] * (72 // length)) for length in (interval, other)]
    reading = read(*venues, ABSENT)
    assert (reading.reason, reading.value) == (Reason.OK, 0.0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_venues_moves_the_legs_alone(order: tuple[int, ...]) -> None:
    reading, known = read(*([X, Y, Z][place] for place in order)), read(X, Y, Z)
    assert (reading.value, reading.confidence) == (known.value, known.confidence)
    assert reading.statistics["short_venue"] == order.index(0) + 1
    assert reading.statistics["long_venue"] == order.index(1) + 1


@pytest.mark.parametrize("interval", [1, 2, 4, 8])
@pytest.mark.parametrize("other", [1, 2, 4, 8])
def test_the_length_of_an_interval_means_nothing(interval: int, other: int) -> None:
    daily = (0.0009, 0.0003)
    venues = [
        funding([(rate * length / 24, length)] * (72 // length))
        for rate, length in zip(daily, (interval, other), strict=True)
    ]
    reading = read(*venues, ABSENT)
    assert reading.statistics["capture"] == pytest.approx(0.0042, rel=1e-9)
    assert reading.value == pytest.approx(0.55, rel=1e-9)
    assert reading.confidence == 1.0


def test_confidence_is_the_share_of_common_intervals_that_agree() -> None:
    dear = funding([(0.0006, 8)] * 6 + [(0.00001, 8)] * 3)
    cheap = funding([(0.0001 / 8, 1)] * 72)
    for venues in ((dear, cheap), (cheap, dear)):
        assert read(*venues, ABSENT).confidence == pytest.approx(6 / 9)
    reversed_ = funding([(-0.0006, 8)] * 6 + [(0.0002, 8)] * 3)
    assert read(reversed_, cheap, ABSENT).confidence == pytest.approx(6 / 9)


def test_short_intervals_are_summed_within_the_longer_ones() -> None:
    dear = funding(([(0.0002, 1)] * 7 + [(0.0, 1)]) * 9)
    cheap = funding([(0.0001, 8)] * 9)
    assert read(dear, cheap, ABSENT).confidence == 1.0


def test_equal_intervals_do_not_agree() -> None:
    dear = funding([(0.001, 8)] + [(0.0001, 8)] * 8)
    assert read(dear, funding([(0.0001 / 8, 1)] * 72), ABSENT).confidence == pytest.approx(1 / 9)


def test_windows_that_begin_within_an_interval_compare_whole_ones() -> None:
    long = funding([(0.0003, 8)] * 10)
    short = funding([(0.0001, 1)] * 8 + [(0.00002, 1)] * 72)
    window = [field[3:75] for venue in (long, short) for field in venue]
    reading = SIGNAL.explain(*window, *ABSENT)
    assert (reading.reason, reading.confidence) == (Reason.OK, 1.0)


def test_a_missing_settlement_costs_its_share_and_too_many_the_venue() -> None:
    fields = [field.copy() for field in X]
    for field in fields:
        field[7] = np.nan
    assert read((fields[0], fields[1]), Y, ABSENT).confidence == pytest.approx(8 / 9)
    for field in fields:
        field[:24] = np.nan
    assert read((fields[0], fields[1]), Y, ABSENT).reason is Reason.TOO_FEW_ASSETS
    assert read((fields[0], fields[1]), Y, Z).statistics["short_venue"] == 3


@pytest.mark.parametrize("known", [0, 1])
def test_one_venue_is_too_few(known: int) -> None:
    assert read(*([X] * known + [ABSENT] * (3 - known))).reason is Reason.TOO_FEW_ASSETS


@pytest.mark.parametrize(("rate", "hours"), [(np.inf, 8.0), (0.0001, 0.0), (0.0001, np.nan), (np.nan, 8.0)])
def test_a_venue_that_reports_nonsense_is_left_out(rate: float, hours: float) -> None:
    fields = [field.copy() for field in X]
    fields[0][15], fields[1][15] = rate, hours
    assert read((fields[0], fields[1]), Y, ABSENT).reason is Reason.TOO_FEW_ASSETS


def test_too_short_a_window_is_a_warm_up() -> None:
    assert SIGNAL.explain(*(field[1:] for venue in (X, Y, Z) for field in venue)).reason is Reason.WARMUP
