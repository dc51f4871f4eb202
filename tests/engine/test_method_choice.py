"""The weighting method is switched while the engine runs: an estimate is asked at once, takes effect at a stated bar,
and all of it is durable, audited, and the same however often the engine is restarted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import estimates
from engine.bookstate import MethodChoice
from engine.config import load_config
from engine.method_choice import CONFIGURED, counts, in_force, still_chosen
from engine.signal_catalogue import catalogue
from store import weight_rows
from store.digest import digest
from store.history_checks import utc
from store.weight_rows import WeightRow
from strategies.blend.weighting.settings import Method
from tests.engine.session_runs import SMALL, Script, ScriptedSession, engine, follow, rows

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row
    from engine.snapshot import EstimateRow

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
MANUAL = {
    "blend__every_days": "1",
    "blend__least_days": "2",
    "blend__effective_after_bars": "5",
}
A1 = "SELECT day_ms, weight FROM signal_days WHERE signal = 'A1' ORDER BY day_ms"
Estimates = dict[int, "EstimateRow"]


def by(method: str) -> tuple[str, dict[str, str]]:
    return "method", {"method": method}


TO_EQUAL: Script = {54: [by("equal")]}


class Watched(ScriptedSession):
    """A session of which the row of the directional class, and A1's share, are kept after every bar."""

    def __init__(self, database: Path, bars: int, script: Script, **flags: str) -> None:
        super().__init__(engine(database, run__bars=str(bars), **flags).configuration, database, script)
        self.estimates: Estimates = {}
        self.shares: dict[int, float] = {}
        self.classes: dict[int, set[str]] = {}

    async def _pace(self, machine: Machine, row: Row) -> bool:
        going_on = await super()._pace(machine, row)
        picture, decisions = self.snapshot(), machine.book.decisions
        self.classes[decisions] = set(machine.weighting.standing)
        if picture is not None and picture.estimates:
            self.estimates[decisions] = picture.estimates[0]
            self.shares[decisions] = machine.cycle.weights[0]
        return going_on


async def watched(database: Path, bars: int, script: Script, **flags: str) -> Watched:
    session = Watched(database, bars, script, **flags)
    await session.run()
    return session


def asked_at(database: Path) -> int:
    """The close at which the method was changed."""
    ((payload,),) = rows(database, "SELECT payload FROM audit WHERE kind = 'weighting'")
    return int(json.loads(payload)["from_ms"]) - 5 * HOUR_MS


async def test_the_weights_stay_until_the_stated_bar_and_are_the_estimate_s_from_there_on(
    tmp_path: Path,
) -> None:
    session = await watched(tmp_path / "engine.db", 64, TO_EQUAL, **MANUAL)
    (answer,) = session.answers
    effective_ms = asked_at(session.database_path) + 5 * HOUR_MS
    assert answer.accepted
    assert answer.message.startswith(
        "weights by manual to equal: the estimate is under way, in effect with the "
    )
    assert f"decision at {utc(effective_ms)} UTC" in answer.message
    shares = session.shares
    assert [shares[bar] for bar in (54, 55, 58)] == [0.4] * 3
    assert [shares[bar] for bar in (59, 60)] == [pytest.approx(1 / 3)] * 2
    assert session.estimates[56].note == f"equal from {utc(effective_ms)}"
    assert (session.estimates[60].method, session.estimates[60].note) == ("equal", "")
    row = weight_rows.read(session.database_path)[-1]
    assert (row.method, row.effective_ms) == ("equal", effective_ms)
    assert estimates.check(session.database_path) == []


async def test_it_is_audited_with_who_what_and_when(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    await follow(database, 64, TO_EQUAL, **MANUAL)
    ((actor, payload),) = rows(database, "SELECT actor, payload FROM audit WHERE kind = 'weighting'")
    facts = json.loads(payload)
    assert (actor, facts["before"], facts["after"], facts["reason"]) == (
        "operator@test",
        "manual",
        "equal",
        "told to",
    )
    asked = rows(database, "SELECT kind, accepted FROM commands")
    assert asked == [("method", 1)]


async def test_back_to_manual_the_configured_weights_stand_again_from_the_stated_bar_on(
    tmp_path: Path,
) -> None:
    script: Script = {54: [by("equal")], 62: [by("manual")]}
    session = await watched(tmp_path / "engine.db", 70, script, **MANUAL)
    assert all(answer.accepted for answer in session.answers)
    shares = session.shares
    assert shares[66] == pytest.approx(1 / 3)
    assert shares[67] == 0.4
    assert session.estimates[64].note.startswith("manual from ")
    assert session.estimates[68].method == "manual"
    said = [text for (text,) in rows(session.database_path, "SELECT message FROM events")]
    assert "directional weights are the configured ones again" in said


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(TO_EQUAL, marks=pytest.mark.slow),
        pytest.param(
            {48: [by("inverse-volatility")], 52: [by("equal")], 60: [by("manual")]}, marks=pytest.mark.slow
        ),
        {48: [by("equal"), by("manual"), by("performance")], 60: [by("equal")]},
        pytest.param({1: [by("equal")], 60: [by("hierarchical")]}, marks=pytest.mark.slow),
    ],
    ids=["once", "before the last one took effect", "thrice at one bar", "before there are days"],
)
async def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path, script: Script) -> None:
    whole, parts = tmp_path / "whole.db", tmp_path / "parts.db"
    await follow(whole, 80, script, **MANUAL)
    left, answers = dict(script), []
    for bars in (49, 3, 4, 5, 19):
        answers += await follow(parts, bars, left, **MANUAL)
        past = 80 if bars == 19 else sum((49, 3, 4, 5)[: (49, 3, 4, 5).index(bars) + 1])
        left = {bar: said for bar, said in left.items() if bar >= past}
    assert digest(parts) == digest(whole)
    assert weight_rows.read(parts) == weight_rows.read(whole)
    shares = "SELECT day_ms, signal, weight FROM signal_days ORDER BY day_ms, signal"
    assert rows(parts, shares) == rows(whole, shares)
    audits = "SELECT market_ts_ms, payload FROM audit WHERE kind IN ('weights', 'weighting') ORDER BY rowid"
    assert rows(parts, audits) == rows(whole, audits)


async def test_the_choice_outlives_a_start_whatever_is_configured_then(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    await follow(database, 60, TO_EQUAL, **MANUAL)
    later = await watched(database, 4, {}, **MANUAL | {"blend__method": "performance"})
    assert list(later.shares.values()) == [pytest.approx(1 / 3)] * len(later.shares)
    assert later.shares
    configured = load_config(None, {}, SMALL | {"blend.method": "performance"}, {})
    known = catalogue(configured.signals, database, configured.blend)
    assert (known.method, known.standings["directional"].method) == (Method.EQUAL, "equal")


async def test_a_choice_of_the_configured_method_gives_it_back_to_the_configuration(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    await follow(database, 68, {54: [by("equal")], 60: [by("manual")]}, **MANUAL)
    same = await watched(database, 2, {}, **MANUAL)
    assert set(same.shares.values()) == {0.4}
    other = await watched(database, 30, {}, **MANUAL | {"blend__method": "equal"})
    assert other.shares[72] == pytest.approx(1 / 3), "estimates by that method of before count"


async def test_without_days_the_weights_stay_until_an_estimate_has_enough(tmp_path: Path) -> None:
    session = await watched(tmp_path / "engine.db", 60, {1: [by("equal")]}, **MANUAL)
    assert "and longer: 0 of 2 days are known" in session.answers[0].message
    assert session.shares[7] == 0.4
    assert session.estimates[7].note == "no estimate: too few days in common"
    assert session.shares[60 - 1] == pytest.approx(1 / 3), "the scheduled one after two days"


async def test_a_class_of_which_nothing_is_on_goes_back_to_the_configured_weights(tmp_path: Path) -> None:
    """Nothing could be asked of it: what the method before made of it must not wait for whoever is switched on."""
    database = tmp_path / "engine.db"
    carry = MANUAL | {"signals__A4__enabled": "true", "signals__A4__weight": "0.5"}
    off = ("signal", {"name": "A4", "state": "off"})
    session = await watched(database, 62, {50: [by("equal")], 58: [off, by("performance")]}, **carry)
    assert all(answer.accepted for answer in session.answers)
    assert [session.classes[bar] for bar in (56, 57, 58)] == [
        {"directional", "neutral"},
        {"directional", "neutral"},
        {"directional"},
    ]
    later = await watched(database, 2, {}, **carry)
    assert set(map(frozenset, later.classes.values())) == {frozenset({"directional"})}
    configured = load_config(None, {}, SMALL | {"signals.A4.enabled": "true", "signals.A4.weight": "0.5"}, {})
    assert catalogue(configured.signals, database, configured.blend).standings.keys() == {"directional"}


async def test_where_nothing_is_on_no_bar_is_named(tmp_path: Path) -> None:
    off: list[tuple[str, dict[str, str]]] = [
        ("signal", {"name": name, "state": "shadow"}) for name in ("A1", "A2", "A3")
    ]
    database = tmp_path / "engine.db"
    session = await watched(database, 26, {20: [*off, by("equal")]}, **MANUAL)
    assert session.answers[-1].message == (
        "weights by manual to equal: no signal that has a weight is on, so none is estimated now; the next estimate "
        "is by it"
    )
    ((payload,),) = rows(database, "SELECT payload FROM audit WHERE kind = 'weighting'")
    assert json.loads(payload)["from_ms"] is None
    assert weight_rows.read(database) == []


async def test_what_is_no_method_is_refused_and_the_one_in_force_changes_nothing(tmp_path: Path) -> None:
    script: Script = {3: [by("best"), ("method", {}), by("manual")]}
    database = tmp_path / "engine.db"
    answers = await follow(database, 5, script, **MANUAL)
    assert [answer.accepted for answer in answers] == [False, False, True]
    assert answers[0].message == (
        "method best: say manual, equal, inverse-volatility, equal-risk, hierarchical, performance"
    )
    assert answers[1].message.startswith("method without a name: say ")
    assert answers[2].message == "weights are by manual already"
    assert weight_rows.read(database) == []


def row(method: str, at: int, result: str = "{}") -> WeightRow:
    return WeightRow("directional", at, at + 5, method, "{}", b"", "", result)


CHOSEN = [
    MethodChoice("manual", 0, CONFIGURED, own=False),
    MethodChoice("equal", 10, "ann"),
    MethodChoice("manual", 20, "ann", own=False),
]


@pytest.mark.parametrize(
    ("stored", "chosen", "counted"),
    [
        (row("manual", 5), CHOSEN, True),
        (row("equal", 5), CHOSEN, False),
        (row("equal", 10), CHOSEN, True),
        (row("manual", 10), CHOSEN, False),
        (row("equal", 19), CHOSEN, True),
        (row("equal", 19, result=""), CHOSEN, False),
        (row("manual", 20, result=""), CHOSEN, True),
        (row("equal", 20), CHOSEN, False),
        (row("manual", 5), [], False),
        (row("performance", 5, result=""), [], True),
    ],
)
def test_a_stored_estimate_counts_where_its_method_was_in_force(
    stored: WeightRow, chosen: list[MethodChoice], counted: bool
) -> None:
    assert counts(stored, chosen, Method.PERFORMANCE) is counted


def test_what_is_in_force_at_a_start() -> None:
    assert in_force(CHOSEN[:2], Method.MANUAL) is Method.EQUAL
    assert in_force([], Method.MANUAL) is Method.MANUAL
    assert still_chosen(CHOSEN[:2], Method.PERFORMANCE) == CHOSEN[:2]
    assert still_chosen(CHOSEN, Method.MANUAL) == CHOSEN
    assert still_chosen(CHOSEN, Method.PERFORMANCE) == []
