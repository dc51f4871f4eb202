"""As-of joins: nothing before it was available, nothing that is no longer fresh, nothing that depends on later rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.as_of import SETTLED_BEFORE_MS, as_of, fallen_into, hours_covered, mvrv_z

NAN = float("nan")
HOUR_MS = 3_600_000
TIMES = st.lists(st.integers(0, 400), max_size=30)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("close", "expected"),
    [(9, NAN), (10, 1.0), (19, 1.0), (20, 2.0), (29, 2.0), (30, 2.0), (40, 2.0), (41, NAN)],
)
def test_the_newest_value_that_is_available_and_fresh(close: int, expected: float) -> None:
    joined = as_of(ints(close), ints(10, 20, 30), np.array([1.0, 2.0, NAN]), 20)
    np.testing.assert_array_equal(joined, [expected])


def test_order_of_rows_means_nothing_and_the_last_of_one_moment_counts() -> None:
    joined = as_of(ints(25, 35), ints(30, 20, 20), np.array([3.0, 1.0, 2.0]), 10)
    assert joined.tolist() == [2.0, 3.0]


def test_nothing_is_known_where_nothing_was_ever_published() -> None:
    assert np.isnan(as_of(ints(1, 2), ints(), np.array([]), 10)).all()
    assert as_of(ints(), ints(1), np.array([1.0]), 10).shape == (0,)


@given(times=TIMES, closes=TIMES, fresh=st.integers(0, 100), seed=st.integers(0, 99))
def test_as_of_is_its_definition(times: list[int], closes: list[int], fresh: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(len(times))
    values[rng.random(len(times)) < 0.2] = NAN
    joined = as_of(ints(*closes), ints(*times), values, fresh)
    for close, value in zip(closes, joined.tolist(), strict=True):
        seen = [
            (at, row)
            for row, at in enumerate(times)
            if at <= close and close - at <= fresh and np.isfinite(values[row])
        ]
        assert (value == values[max(seen)[1]]) if seen else np.isnan(value)


@given(times=TIMES, closes=TIMES, later=st.integers(0, 400), seed=st.integers(0, 99))
def test_what_is_published_later_changes_nothing(
    times: list[int], closes: list[int], later: int, seed: int
) -> None:
    values = np.random.default_rng(seed).standard_normal(len(times))
    known = [row for row, at in enumerate(times) if at <= later]
    before = [close for close in closes if close <= later]
    whole = as_of(ints(*before), ints(*times), values, 50)
    part = as_of(ints(*before), ints(*times)[known], values[known], 50)
    assert whole.tobytes() == part.tobytes()


def test_settlements_fall_into_the_bar_they_open() -> None:
    ts = ints(0, 9, 10, 25, 40)
    sums = fallen_into(0, 10, 4, ts, np.array([1.0, 2.0, NAN, 4.0, 8.0]))
    np.testing.assert_array_equal(sums, [3.0, NAN, 4.0, NAN])
    np.testing.assert_array_equal(fallen_into(10, 10, 2, ts, np.ones(5)), [1.0, 1.0])


@pytest.mark.parametrize(
    ("at", "first", "covered"),
    [
        ([], 8, []),
        ([3], 8, [8]),
        ([0, 8, 16, 24], 8, [8, 8, 8, 8]),
        ([0, 1, 2, 3], 1, [1, 1, 1, 1]),
        ([0, 8, 16, 20, 24, 25, 26, 27], 8, [8, 8, 8, 4, 4, 1, 1, 1]),  # it settles more often from then on
        ([0, 1, 2, 6, 10, 14], 1, [1, 1, 1, 1, 4, 4]),  # less often: believed when it has come twice
        ([0, 4, 8, 16, 20, 24], 4, [4, 4, 4, 4, 4, 4]),  # one of every 4 hours is missing
        ([0, 1, 2, 4, 5, 8, 9], 1, [1, 1, 1, 1, 1, 1, 1]),  # and of every hour
        ([0, 2, 4, 8, 10, 16, 18], 2, [2, 2, 2, 2, 2, 2, 2]),
        ([0, 8, 16, 40, 48], 8, [8, 8, 8, 8, 8]),
        ([0, 8, 17, 24, 32], 8, [8, 8, 8, 7, 8]),  # one comes an hour late
        ([0, 8, 11, 16, 24], 8, [8, 8, 3, 5, 8]),  # one between two is no new interval
        ([0, 4, 8, 24, 40, 44], 4, [4, 4, 4, 4, 4, 4]),  # nobody settles every 16 hours
        ([0, 24, 48], 24, [24, 24, 24]),  # but where the first says so
        ([0, 4, 8, 192, 196], 8, [8, 4, 4, 8, 4]),  # after a week the first interval is as good as any
    ],
)
def test_hours_follow_the_venue_and_a_missing_settlement_covers_nothing(
    at: list[int], first: float, covered: list[float]
) -> None:
    ts = ints(*at) * HOUR_MS + 7
    assert hours_covered(ts, np.full(len(at), NAN), first).tolist() == covered


def test_what_the_file_tells_of_an_interval_is_what_it_covers() -> None:
    ts = ints(0, 8, 12, 16, 20, 24, 32) * HOUR_MS
    told = np.array([8, 8, 4, NAN, NAN, 1, NAN])
    assert hours_covered(ts, told, 8).tolist() == [8, 8, 4, 4, 4, 1, 1]


@given(
    steps=st.lists(st.sampled_from([1, 1, 2, 4, 4, 8, 8, 8, 16, 200]), min_size=1, max_size=40),
    told=st.lists(st.sampled_from([NAN, NAN, NAN, 1, 4, 8]), min_size=40, max_size=40),
    cut=st.integers(0, 40),
    start_h=st.integers(0, 400),
)
def test_later_settlements_change_nothing_and_older_ones_than_that_are_not_needed(
    steps: list[int], told: list[float], cut: int, start_h: int
) -> None:
    ts, hours = np.cumsum(ints(*steps)) * HOUR_MS, np.array(told[: len(steps)])
    whole = hours_covered(ts, hours, 8)
    assert whole[:cut].tobytes() == hours_covered(ts[:cut], hours[:cut], 8).tobytes()
    assert (whole[1:] <= np.where(np.isnan(hours[1:]), np.diff(ts) / HOUR_MS, 8)).all()
    wanted, read = ts >= start_h * HOUR_MS, ts >= start_h * HOUR_MS - SETTLED_BEFORE_MS
    assert whole[wanted].tobytes() == hours_covered(ts[read], hours[read], 8)[wanted[read]].tobytes()


def test_mvrv_z_of_small_numbers() -> None:
    market = np.array([100, 110, 130, 120, 150, 200, 180], dtype=float)
    realised = np.array([90, 95, 100, 102, 105, 110, 115], dtype=float)
    expected = [NAN, 3, 2.40535118, 1.60996894, 2.61557187, 2.72393967, 1.88928467]
    np.testing.assert_allclose(mvrv_z(market, realised, least_days=2), expected, rtol=1e-8)


@given(seed=st.integers(0, 2**32), cut=st.integers(0, 60))
def test_a_later_day_changes_no_earlier_z(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    market, realised = rng.uniform(1, 2, (2, 60))
    market[rng.random(60) < 0.1] = NAN
    realised[rng.random(60) < 0.1] = 0.0
    whole = mvrv_z(market, realised, least_days=1)
    assert whole[:cut].tobytes() == mvrv_z(market[:cut], realised[:cut], least_days=1).tobytes()
    for day in np.flatnonzero(np.isfinite(whole)):
        seen = market[: day + 1]
        expected = (market[day] - realised[day]) / np.nanstd(seen)
        assert whole[day] == pytest.approx(expected, rel=1e-9)


def test_mvrv_z_needs_a_year() -> None:
    market = np.linspace(1.0, 2.0, 400)
    assert np.flatnonzero(np.isfinite(mvrv_z(market, 0.5 * market)))[0] == 364


RECORDED_Z = {
    "2013-04-09": 10.66,
    "2013-11-22": 9.58,
    "2015-01-14": -0.60,
    "2017-12-07": 10.09,
    "2018-12-15": -0.49,
    "2021-02-21": 7.15,
    "2021-10-20": 3.67,
    "2022-11-09": -0.36,
    "2024-12-16": 3.35,
}


@pytest.fixture(scope="module")
def caps(data_folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import duckdb

    file = data_folder / "onchain_coinmetrics_BTC_1d.parquet"
    if not file.exists():
        pytest.skip(f"no {file.name} in the data folder")
    with duckdb.connect() as connection:
        query = f"SELECT ts, CapMrktCurUSD, CapRealUSD FROM '{file}' ORDER BY ts"
        rows = connection.execute(query).fetchnumpy()
    ts, *both = (
        np.ma.filled(column, NAN) if column.dtype.kind == "f" else column for column in rows.values()
    )
    return np.asarray(ts), np.asarray(both[0]), np.asarray(both[1])


@pytest.mark.parametrize(("day", "expected"), RECORDED_Z.items())
def test_mvrv_z_of_the_recorded_tops_and_bottoms(
    caps: tuple[np.ndarray, np.ndarray, np.ndarray], day: str, expected: float
) -> None:
    ts, market, realised = caps
    at = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
    z = mvrv_z(market, realised)[np.searchsorted(ts, at)]
    assert z == pytest.approx(expected, abs=0.02)


def test_mvrv_z_depends_on_the_day_its_series_begins(
    caps: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    ts, market, realised = caps
    begun, at = (int(datetime(*day, tzinfo=UTC).timestamp() * 1000) for day in ((2016, 1, 1), (2021, 2, 21)))
    late = ts >= begun
    assert mvrv_z(market[late], realised[late])[np.searchsorted(ts[late], at)] == pytest.approx(
        5.96, abs=0.02
    )
