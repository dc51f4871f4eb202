"""A12: the expanding score by hand and on recorded values, the multiplier it becomes, and its zones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.blend.overlay import overlay_multiplier
from strategies.evidence.realised_value import KIND, market_value_scores
from strategies.evidence.settings import RealisedValueSettings
from strategies.signal import Reason

SETTINGS = RealisedValueSettings()
SIGNAL = KIND.build(SETTINGS)
MARKET = np.array([100.0, 110, 130, 120, 150, 200, 180])
REALISED = np.array([90.0, 95, 100, 102, 105, 110, 115])


def multiplier(score: float) -> float:
    return overlay_multiplier(SIGNAL.explain(np.array([score])).value, SETTINGS.up, SETTINGS.down)


def test_golden_scores() -> None:
    scores = market_value_scores(MARKET, REALISED, least_days=2)
    assert np.isnan(scores[0])
    assert scores[1:] == pytest.approx(
        [3, 2.40535118, 1.60996894, 2.61557187, 2.72393967, 1.88928467], rel=1e-6
    )


@pytest.mark.parametrize(("score", "m"), [(-0.5, 1.5), (0, 1.5), (2.8, 1), (7, 0.25), (9, 0.25)])
def test_golden_multiplier(score: float, m: float) -> None:
    assert multiplier(score) == pytest.approx(m, abs=1e-12)


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_the_multiplier_never_rises_with_the_score(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert 0.25 <= multiplier(high) <= multiplier(low) <= 1.5
    assert multiplier(low) == pytest.approx(np.clip(1.5 - 1.25 * low / 7, 0.25, 1.5))


@pytest.mark.parametrize(("score", "zone"), [(0.09, -1), (0.1, 0), (7.0, 0), (7.01, 1)])
def test_zones(score: float, zone: float) -> None:
    reading = SIGNAL.explain(np.array([score]))
    assert (reading.statistics["zone"], reading.confidence) == (zone, 1.0)


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_known_is_no_opinion(score: float) -> None:
    assert SIGNAL.explain(np.array([score])).reason is Reason.NAN_INPUT


@given(st.lists(st.floats(1, 1e13), min_size=3, max_size=50), st.integers(1, 48))
def test_later_days_change_no_score(caps: list[float], days: int) -> None:
    market = np.array(caps)
    known = min(days, len(caps))
    all_days = market_value_scores(market, 0.8 * market, least_days=2)
    assert (
        market_value_scores(market[:known], 0.8 * market[:known], least_days=2).tobytes()
        == all_days[:known].tobytes()
    )


def test_scores_are_those_of_pandas_whose_first_year_and_unknown_days_are_silent() -> None:
    rng = np.random.default_rng(1)
    market = 1e11 * np.exp(np.cumsum(0.03 * rng.standard_normal(900)))
    realised = market * rng.uniform(0.4, 1.2, 900)
    market[500], realised[600], realised[700] = np.nan, 0.0, -1.0
    scores = market_value_scores(market, realised)
    deviations = pd.Series(market).expanding(min_periods=365).std(ddof=0).to_numpy()
    expected = (market - realised) / deviations
    expected[[500, 600, 700]] = np.nan
    np.testing.assert_allclose(scores, expected, rtol=1e-9)


def test_values_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        market_value_scores(MARKET, REALISED[1:])


RECORDED = {
    "2013-04-09": 10.66,
    "2013-11-22": 9.58,
    "2017-12-07": 10.09,
    "2021-02-21": 7.15,
    "2021-10-20": 3.67,
    "2024-12-16": 3.35,
    "2015-01-14": -0.60,
    "2018-12-15": -0.49,
    "2022-11-09": -0.36,
}


def recorded_scores(folder: Path, start: str) -> dict[str, float]:
    """The score of every recorded day from `start` on."""
    table = pd.read_parquet(folder / "onchain_coinmetrics_BTC_1d.parquet")
    days = np.datetime_as_string(table["ts"].to_numpy(np.int64).astype("datetime64[ms]"), unit="D")
    first = int(np.searchsorted(days, start))
    market, realised = (table[name].to_numpy(np.float64)[first:] for name in ("CapMrktCurUSD", "CapRealUSD"))
    return dict(zip(days[first:].tolist(), market_value_scores(market, realised).tolist(), strict=True))


def test_recorded_tops_and_bottoms(data_folder: Path) -> None:
    scores = recorded_scores(data_folder, "2010-07-18")
    found = {day: scores[day] for day in RECORDED}
    assert found == pytest.approx(RECORDED, abs=0.02)
    zones = {day: SIGNAL.explain(np.array([score])).statistics["zone"] for day, score in found.items()}
    assert [zones[day] for day in RECORDED] == [1, 1, 1, 1, 0, 0, -1, -1, -1]


def test_the_first_day_is_pinned_because_the_score_depends_on_it(data_folder: Path) -> None:
    assert recorded_scores(data_folder, "2016-01-01")["2021-02-21"] == pytest.approx(5.96, abs=0.02)


@pytest.mark.parametrize("changes", [{"bottom": 3.0}, {"top": 2.0}])
def test_zones_that_do_not_rise_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must rise"):
        RealisedValueSettings.model_validate(changes)
