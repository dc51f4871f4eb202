"""A rule's confidence follows from how often its own trades were right, once a hundred of them have ended: by hand, by
a slow reading of the definition, and in a market however it was folded."""

from __future__ import annotations

import asyncio
import math
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from engine.assembly import assemble
from engine.config import load_config
from engine.lane_once import past_record
from engine.refold import fold_until
from strategies.evaluate import Readings
from strategies.registry import BUILT_IN
from strategies.signal import Reason
from strategies.track_record import FEWEST, TrackRecord, earned, wilson_lower
from tests.engine.session_runs import SMALL

SIGNALS = {kind.name: kind.build(kind.settings()) for kind in BUILT_IN}
RULES = [SIGNALS[name] for name in ("C1", "C2", "C3", "C4", "C6")]
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


@pytest.mark.parametrize(("right", "ended"), [(0, 1), (1, 1), (55, 100), (70, 100), (100, 100), (640, 1_000)])
def test_the_interval_is_wilson_s(right: int, ended: int) -> None:
    expected = stats.binomtest(right, ended).proportion_ci(method="wilson").low
    assert wilson_lower(right, ended) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("right", "ended", "confidence"),
    [
        (99, FEWEST - 1, 0.5),
        (50, 100, 0.0),
        (59, 100, 0.0),
        (70, 100, 0.2083),
        (100, 100, 0.9260),
        (600, 1_000, 0.1386),
    ],
)
def test_a_prior_stands_until_a_hundred_trades_have_ended(right: int, ended: int, confidence: float) -> None:
    assert earned(right, ended, 0.5) == pytest.approx(confidence, abs=5e-5)


def test_who_has_one() -> None:
    names = [name for name, signal in SIGNALS.items() if signal.prior is not None]
    assert names == ["C1", "C2", "C3", "C4", "C6", "C7", "C8"]
    record = TrackRecord(list(SIGNALS.values()), 1)
    assert [list(SIGNALS)[row] for row in record.rules] == ["C1", "C2", "C3", "C4", "C6"]


def counted(value: np.ndarray, close: np.ndarray) -> tuple[int, int]:
    """Trades that ended, and those of them that were right, of one symbol's days."""
    side, ended, right = 0.0, 0, 0
    entry = math.nan
    for said, price in zip(value, close, strict=True):
        if math.isnan(said) or math.isnan(price):
            continue
        sign = float(np.sign(said))
        if sign == side:
            continue
        if side:
            ended += 1
            right += int(side * (price / entry - 1.0) > 0.0)
        side, entry = sign, price
    return ended, right


@pytest.mark.parametrize("seed", range(4))
def test_trades_are_counted_as_they_are_defined(seed: int) -> None:
    draw = np.random.default_rng(seed)
    days, symbols = 300, 3
    value = draw.choice([-1.0, -0.2, 0.0, 0.3, math.nan], (days, len(RULES), symbols))
    close = 100.0 * np.exp(np.cumsum(draw.normal(0.0, 0.02, (days, symbols)), axis=0))
    close[draw.random(close.shape) < 0.05] = math.nan
    record = TrackRecord(RULES, symbols)
    for day in range(days):
        record.close_day(value[day], close[day])
    for row in range(len(RULES)):
        expected = np.sum([counted(value[:, row, s], close[:, s]) for s in range(symbols)], axis=0)
        assert [record.ended[row], record.right[row]] == expected.tolist()


def test_readings_that_stand_keep_the_confidence_they_were_given_with() -> None:
    signals = [SIGNALS["A1"], SIGNALS["C2"]]
    record, shape = TrackRecord(signals, 2), (2, 2)
    said = Readings(
        0, (0, 0), np.full(shape, 0.4), np.full(shape, 0.5), ((Reason.OK,) * 2,) * 2, ({}, {}), ("", "")
    )
    assert record.applied(said).confidence.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    record.ended[1], record.right[1] = 100, 70
    once = record.applied(said)
    assert once.confidence[1].tolist() == pytest.approx([earned(70, 100, 0.5)] * 2)
    assert once.confidence[0].tolist() == [0.5, 0.5]
    assert {name: number.tolist() for name, number in once.statistics[1].items()} == {
        "ended_trades": [100.0, 100.0],
        "hit_rate": [0.7, 0.7],
    }
    assert record.applied(once, before=once) is once


FLAGS = SMALL | {
    "sim.history_days": "440",
    **{f"signals.{rule.name}.enabled": "true" for rule in RULES if rule.name != "C6"},
}


async def test_it_is_the_same_however_the_bars_came_and_whoever_else_was_computed(tmp_path: Path) -> None:
    machine = await assemble(load_config(None, {}, FLAGS, {}), tmp_path / "x.db")
    try:
        feed, hours = machine.feed, 440 * 24
        until_ms = feed.first_open_ms + hours * HOUR_MS + 5 * HOUR_MS
        slow = replace(SIGNALS["C4"], bar="4h")
        signals = (*(rule for rule in RULES if rule.name in ("C1", "C2", "C3")), slow)
        whole, pieces = machine.make_market(signals), machine.make_market((SIGNALS["A3"], *signals))
        for market, stops in ((whole, ()), (pieces, (until_ms - 30 * HOUR_MS, until_ms - 29 * HOUR_MS))):
            for stop_ms in (*stops, until_ms):
                last = await asyncio.to_thread(fold_until, market, feed, stop_ms, 31)
                assert last is not None
                market.append(last)
        pieces.keep_only(signals)
        assert_same(whole.readings, pieces.readings)
        record = past_record(feed.beside(), signals, until_ms, threading.Event())
        trades = [said["ended_trades"][0] for said in whole.readings.statistics]
        assert [float(ended) for ended in record.ended] == trades
        assert any(number >= FEWEST for number in trades)
        for row in range(len(signals)):
            given = whole.readings.confidence[row]
            expected = earned(record.right[row], record.ended[row], 0.5)
            assert given[np.isfinite(whole.readings.value[row])] == pytest.approx(expected)
    finally:
        await machine.close()


def assert_same(one: Readings, other: Readings) -> None:
    np.testing.assert_array_equal(one.value, other.value)
    np.testing.assert_array_equal(one.confidence, other.confidence)
    for first, second in zip(one.statistics, other.statistics, strict=True):
        assert first.keys() == second.keys()
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])


def test_no_later_bar_changes_what_was_said_before() -> None:
    """The confidence of a day is that of the trades which had ended before it."""
    record = TrackRecord([SIGNALS["C2"]], 1)
    said = Readings(0, (0,), np.ones((1, 1)), np.full((1, 1), 0.5), ((Reason.OK,),), ({},), ("",))
    for day in range(2 * FEWEST + 2):
        given = record.applied(said).confidence[0, 0]
        assert (given == 0.5) == (record.ended[0] < FEWEST)
        record.close_day(np.array([[1.0 if day % 2 else -1.0]]), np.array([100.0 + day % 2]))
    assert record.ended[0] == 2 * FEWEST + 1
