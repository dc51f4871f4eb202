"""How alike signals are, in one market or in two that are folded from the same bars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.daily_forecasts import DailyForecasts, JointForecasts, PastForecasts
from engine.lane_rows import followed_correlations
from engine.signal_records import correlations
from strategies.config import SignalsConfig, known_signals
from strategies.registry import assemble
from tests.engine.session_runs import engine
from tests.engine.test_shadow_lane import ALL, BARS, FOLLOWED, INLINE, ON

SIGNALS = known_signals(SignalsConfig(), assemble(()))[:5]
DAYS, COINS = 40, 3


def past(signals: tuple[int, ...], days: int = DAYS) -> PastForecasts:
    said = np.random.default_rng(1).uniform(-1.0, 1.0, (DAYS, len(SIGNALS), COINS))
    said[:, 1] = 0.7 * said[:, 0] + 0.3 * said[:, 1]
    said[said > 0.9] = np.nan
    rows = list(signals)
    return PastForecasts(
        tuple(SIGNALS[row] for row in rows), {day: said[day][rows] for day in range(1, days)}
    )


def test_in_two_markets_they_are_as_alike_as_in_one() -> None:
    together = JointForecasts().correlation(past((0, 1, 2, 3, 4)), past(()))
    apart = JointForecasts().correlation(past((0, 2, 4)), past((1, 3)))
    order = [0, 2, 4, 1, 3]
    assert apart.tobytes() == np.ascontiguousarray(together[np.ix_(order, order)]).tobytes()
    assert apart[0, 3] == pytest.approx(0.9, abs=0.05)


def test_day_by_day_and_behind_the_other_it_comes_to_the_same() -> None:
    joint = JointForecasts()
    for days in (5, 20, 30, DAYS):
        found = joint.correlation(past((0, 2), days), past((1, 3)))
        assert found.tobytes() == JointForecasts().correlation(past((0, 2), days), past((1, 3))).tobytes()


def test_another_signal_on_either_side_begins_anew() -> None:
    joint = JointForecasts()
    joint.correlation(past((0, 2)), past((1, 3)))
    tuned = replace(past((1, 4)), signals=(replace(SIGNALS[1]), SIGNALS[4]))
    assert joint.correlation(past((0, 2)), tuned).tobytes() == (
        JointForecasts().correlation(past((0, 2)), past((1, 4))).tobytes()
    )


def test_some_of_them_are_what_they_would_be_alone() -> None:
    both = DailyForecasts(SIGNALS)
    assert both.only(range(5)) is both
    assert both.only([0, 2]).past().signals == (SIGNALS[0], SIGNALS[2])


@pytest.mark.slow
async def test_a_follower_is_as_alike_those_that_decide_as_if_it_decided_with_them(tmp_path: Path) -> None:
    behind = engine(tmp_path / "behind.db", run__bars=str(BARS), **ON)
    inline = engine(tmp_path / "inline.db", run__bars=str(BARS), **INLINE)
    await behind.run()
    await inline.run()
    followers, all_along = behind._machine, inline._machine
    assert followers is not None
    assert all_along is not None
    view = followers.lane.view
    assert view is not None
    rows = {signal.name: row for row, signal in enumerate(all_along.signals)}
    for name in FOLLOWED:
        found = followed_correlations(view, view.rows[name])
        assert found == correlations(all_along, rows[name]), name
    known = followed_correlations(view, view.rows["C3"])
    assert {"A1", "A2", "A3", "C1"} <= known.keys() < ALL
    assert view.facts[view.rows["C3"]]["correlation"] == max(known.values(), key=abs)
