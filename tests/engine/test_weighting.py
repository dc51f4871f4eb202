"""Weights that follow what signals earned, in a running engine: asked on schedule, in effect at a stated bar, stored
with all they were made of, and never a matter of how fast a thread was."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import estimates, weighting
from engine.config import ConfigFault
from store import weight_rows
from store.digest import digest
from store.weight_rows import WeightRow
from tests.engine.session_runs import engine, follow, rows, run

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
DAILY = {
    "blend__method": "equal-risk",
    "blend__every_days": "1",
    "blend__least_days": "2",
    "blend__effective_after_bars": "5",
    "blend__alert_correlation": "0.1",
}
REST = ("equal", "inverse-volatility", "equal-risk", "performance")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of 100 hours under daily estimates."""
    database = tmp_path_factory.mktemp("weights") / "lived.db"
    asyncio.run(run(database, 100, **DAILY))
    return database


def stored(database: Path) -> list[WeightRow]:
    return weight_rows.read(database)


def test_each_estimate_is_stored_with_its_days_and_the_bar_it_takes_effect_at(lived: Path) -> None:
    found = stored(lived)
    assert len(found) >= 2
    for row in found:
        assert (row.kind, row.method) == ("directional", "equal-risk")
        assert row.estimated_ms % DAY_MS == 0
        assert row.effective_ms == row.estimated_ms + 5 * HOUR_MS
        said = json.loads(row.settings)
        assert said["names"] == ["A1", "A2", "A3"]
        assert said["day_ms"][-1] == row.estimated_ms - DAY_MS
        days = dict(rows(lived, "SELECT day_ms, pnl FROM signal_days WHERE signal = 'A2'"))
        inputs = weight_rows.unpack_inputs(row, 3)
        assert inputs[:, 1].tolist() == [days[day] for day in said["day_ms"]]


def test_it_decides_from_its_bar_on_and_not_before(lived: Path) -> None:
    """The weight a signal has in the books, day by day: the configured ones until the first estimate is in effect."""
    first = stored(lived)[0]
    weights = dict(rows(lived, "SELECT day_ms, weight FROM signal_days WHERE signal = 'A1' ORDER BY day_ms"))
    share = json.loads(first.result)["share"]["A1"]
    assert share != 0.4
    in_effect = first.effective_ms // DAY_MS * DAY_MS
    assert weights[in_effect - DAY_MS] == 0.4
    assert weights[in_effect] == share


def test_every_weight_can_be_worked_out_again(lived: Path) -> None:
    assert estimates.check(lived) == []
    assert all(json.loads(row.result)["days"] >= 2 for row in stored(lived) if row.result)


def test_what_was_tampered_with_is_named(lived: Path, tmp_path: Path) -> None:
    row = stored(lived)[0]
    result = json.loads(row.result)
    result["share"]["A1"] += 1e-6
    about = f"directional weights of {row.estimated_ms}"
    forged = replace(row, result=json.dumps(result))
    assert estimates.difference(forged) == f"{about}: share cannot be reproduced from its inputs"
    other = replace(row, settings=row.settings.replace('"floor":0.05', '"floor":0.06'))
    assert (
        estimates.difference(other)
        == f"{about}: inputs of the directional weights are not those that were written"
    )
    assert "cannot be read" in estimates.difference(replace(row, inputs=b"nothing"))


def test_the_log_and_the_audit_trail_say_what_changed(lived: Path) -> None:
    said = [text for (text,) in rows(lived, "SELECT message FROM events WHERE source = 'engine.weighting'")]
    assert any(text.startswith("directional weights by equal-risk of 2 days: A1 0.") for text in said)
    pairs = [tuple(json.loads(row.result)["pair"]) for row in stored(lived) if row.result]
    begun = sum(pair == ("A1", "A2") != before for before, pair in zip([(), *pairs], pairs, strict=False))
    told = sum(text.startswith("A1 and A2 are nearly one: correlation ") for text in said)
    assert 0 < told == begun < len(pairs), "it is said when it begins, and not again while it lasts"
    payloads = [
        json.loads(text) for (text,) in rows(lived, "SELECT payload FROM audit WHERE kind = 'weights'")
    ]
    answered = [row for row in stored(lived) if row.result]
    assert [payload["share"] for payload in payloads] == [json.loads(row.result)["share"] for row in answered]


async def test_no_more_days_count_than_the_window_and_too_few_bets_are_told_once(tmp_path: Path) -> None:
    flags = DAILY | {"blend__window_days": "3", "blend__alert_bets": "100"}
    await run(tmp_path / "engine.db", 150, **flags)
    days = [json.loads(row.settings)["day_ms"] for row in stored(tmp_path / "engine.db")]
    assert [len(seen) for seen in days] == [2, *[3] * (len(days) - 1)]
    assert len(days) > 2
    assert all(np.diff(seen).tolist() == [DAY_MS] * (len(seen) - 1) for seen in days)
    said = [
        text for (text,) in rows(tmp_path / "engine.db", "SELECT message FROM events WHERE level = 'WARN'")
    ]
    (told,) = [text for text in said if "independent bets" in text]
    assert re.fullmatch(r"directional signals amount to \d\.\d\d independent bets, fewer than 100", told)


@pytest.mark.timeout(300)
async def test_a_run_in_parts_is_the_run_in_one(lived: Path, tmp_path: Path) -> None:
    """Stopped between question and effect, at the bar of the effect, and long after it."""
    parts = tmp_path / "parts.db"
    for bars in (49, 3, 1, 24, 23):
        await run(parts, bars, **DAILY)
    assert digest(parts) == digest(lived)
    assert stored(parts) == stored(lived)


async def test_the_speed_of_the_thread_changes_nothing(
    lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is not there before the bar it is due at is waited for."""
    late: list[str] = []

    def begin(self: weighting.Weighting, question: WeightRow) -> None:
        work: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        pending.append((question, work))
        self._pending.append((question, work))

    async def take_effect(self: weighting.Weighting, now_ms: int) -> bool:
        question, work = pending.pop(0)
        asyncio.get_running_loop().call_soon(lambda: work.set_result(estimates.answer(question)))
        late.append(question.kind)
        return await original(self, now_ms)

    pending: list[tuple[WeightRow, asyncio.Future[str]]] = []
    original: Callable[..., Awaitable[bool]] = weighting.Weighting.take_effect
    monkeypatch.setattr(weighting.Weighting, "_begin", begin)
    monkeypatch.setattr(weighting.Weighting, "take_effect", take_effect)
    await run(tmp_path / "late.db", 100, **DAILY)
    assert late
    assert digest(tmp_path / "late.db") == digest(lived)


async def test_manual_weights_are_measured_and_left_alone(tmp_path: Path) -> None:
    manual = DAILY | {"blend__method": "manual"}
    await run(tmp_path / "measured.db", 60, **manual)
    await run(tmp_path / "plain.db", 60)
    assert digest(tmp_path / "measured.db") == digest(tmp_path / "plain.db")
    (row,) = [row for row in stored(tmp_path / "measured.db") if row.result]
    assert json.loads(row.result)["share"] == {"A1": 0.4, "A2": 0.4, "A3": 0.2}
    assert json.loads(row.result)["bets"] > 0
    assert stored(tmp_path / "plain.db") == []


@pytest.mark.parametrize(
    "method", ["hierarchical", *(pytest.param(name, marks=pytest.mark.slow) for name in REST)]
)
async def test_every_method_runs(tmp_path: Path, method: str) -> None:
    await run(tmp_path / "engine.db", 54, **DAILY | {"blend__method": method})
    (row,) = stored(tmp_path / "engine.db")
    share = json.loads(row.result)["share"]
    assert sum(share.values()) == pytest.approx(1)
    assert estimates.check(tmp_path / "engine.db") == []


async def test_each_class_is_weighed_by_itself(tmp_path: Path) -> None:
    neutral = {
        "signals__A4__enabled": "true",
        "signals__A4__weight": "0.7",
        "signals__A6__enabled": "true",
        "signals__A6__weight": "0.7",
    }
    await run(tmp_path / "engine.db", 54, **DAILY | neutral)
    found = {row.kind: row for row in stored(tmp_path / "engine.db")}
    for kind, names in (("directional", {"A1", "A2", "A3"}), ("neutral", {"A4", "A6"})):
        share = estimates.shares(found[kind])
        assert share is not None
        assert share.keys() == names
        assert sum(share.values()) == pytest.approx(1)
    assert json.loads(found["neutral"].settings)["manual"] == [0.5, 0.5]


async def test_the_operators_word_stands_above_an_estimate(tmp_path: Path) -> None:
    script = {
        56: [("signal", {"name": "A3", "on": "false"}), ("weight", {"name": "A1", "weight": "0.4"})],
        80: [("signal", {"name": "A3", "on": "true"})],
    }
    answers = await follow(tmp_path / "engine.db", 100, script, **DAILY)
    first, *later = stored(tmp_path / "engine.db")
    found = json.loads(first.result)["share"]
    assert "A1 weight" in answers[1].message
    total = 0.4 + found["A2"]
    assert f"A1 {0.4 / total:.3f}, A2 {found['A2'] / total:.3f}" in answers[1].message
    assert [json.loads(row.settings)["names"] for row in later[:1]] == [["A1", "A2"]]
    assert estimates.check(tmp_path / "engine.db") == []


async def test_the_configured_weight_is_the_operators_word_too(tmp_path: Path) -> None:
    """For a signal that no estimate has seen, which would have no share without it."""
    script = {
        56: [("signal", {"name": "A3", "on": "true"})],
        58: [("weight", {"name": "A3", "weight": "0.2"})],
    }
    answers = await follow(tmp_path / "engine.db", 70, script, signals__A3__enabled="false", **DAILY)
    assert f"A3 {0.2 / 1.2:.3f}" in answers[1].message


async def test_another_method_takes_over_at_its_first_estimate(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    await run(database, 60, **DAILY)
    session = engine(database, **DAILY | {"blend__method": "equal", "run__bars": "1"})
    await session.run()
    assert session._machine is not None
    assert session._machine.weighting.shares == {}
    await run(database, 20, **DAILY | {"blend__method": "equal"})
    assert {row.method for row in stored(database)} == {"equal-risk", "equal"}


async def test_the_picture_tells_what_stands_in_the_database_after_a_restart_too(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    first = engine(database, **DAILY | {"run__bars": "80"})
    await first.run()
    told = first.snapshot()
    assert told is not None
    (row, *others) = (row for row in reversed(stored(database)) if row.result)
    (estimate,) = told.estimates
    assert (estimate.estimated_ms, estimate.method, estimate.signals) == (row.estimated_ms, "equal-risk", 3)
    assert estimate.next_ms == row.estimated_ms + DAY_MS * (
        1 + (told.market_ts_ms - row.estimated_ms) // DAY_MS
    )
    result, before = json.loads(row.result), json.loads(others[0].result)["share"]
    assert (estimate.bets, estimate.days) == (result["bets"], result["days"])
    weights = [weight for weight in told.weights if weight.weight > 0]
    assert {weight.name: weight.weight for weight in weights} == pytest.approx(result["share"])
    for weight in weights:
        assert (weight.method, weight.estimated_ms) == ("equal-risk", row.estimated_ms)
        assert weight.estimated_change == pytest.approx(result["share"][weight.name] - before[weight.name])
        assert weight.family == "evidence"
    again = engine(database, **DAILY | {"run__bars": "1"})
    await again.run()
    snapshot = again.snapshot()
    assert snapshot is not None
    assert snapshot.estimates == told.estimates
    for old, new in zip(told.weights, snapshot.weights, strict=True):
        assert (old.estimated_ms, old.estimated_change, old.estimated_why) == (
            new.estimated_ms,
            new.estimated_change,
            new.estimated_why,
        )


async def test_before_the_first_estimate_the_picture_says_how_many_days_are_missing(tmp_path: Path) -> None:
    session = engine(tmp_path / "engine.db", **DAILY | {"run__bars": "30", "blend__least_days": "40"})
    await session.run()
    snapshot = session.snapshot()
    assert snapshot is not None
    (estimate,) = snapshot.estimates
    assert (estimate.estimated_ms, estimate.note) == (None, "no estimate yet: 1 of 40 days")
    told = {row.name: (row.method, row.estimated_why) for row in snapshot.weights if row.weight > 0}
    assert told == dict.fromkeys(("A1", "A2", "A3"), ("manual", "no estimate yet"))
    agreed = [row for row in snapshot.signals if row.agreement is not None]
    assert agreed
    assert all(0.0 <= row.agreement <= 1.0 and (row.netted or 0.0) >= 0.0 for row in agreed if row.agreement)


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        ({"blend__floor": "0.6"}, "floor 0.6 must not exceed cap 0.5"),
        ({"blend__least_days": "400"}, "least_days 400 must not exceed window_days 365"),
        ({"blend__selector__every_hours": "36"}, "not a whole number of days"),
        ({"blend__method": "best"}, "blend.method"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(flags: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigFault, match=fault):
        engine(Path("never.db"), **flags)


def test_a_database_from_before_has_no_weights(lived: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(lived)) as source, closing(sqlite3.connect(old)) as target:
        source.backup(target)
        target.execute("DROP TABLE weights")
        target.commit()
    assert stored(old) == []
