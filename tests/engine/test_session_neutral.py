"""Market-neutral signals in a running engine: their legs are ordered, hedged and kept apart, and where a run was
interrupted makes no difference."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import shadow_kernel
from engine.commands import DetailKind, Question
from engine.config import Configuration
from engine.decision import STAGES
from risk.betas import BETA_DAYS, daily_betas
from store.digest import digest
from tests.engine.session_runs import Script, ScriptedSession, engine, rows, run

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

Floats = NDArray[np.float64]
NAMES = ("A6", "C5", "C6")
NEUTRAL = {
    "run__symbols": "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT,ADAUSDT,DOGEUSDT",
    "sim__history_days": "110",
    "signals__A6__enabled": "true",
    "signals__A6__weight": "0.4",
    "signals__A6__fewest": "3",
    "signals__C5__enabled": "true",
    "signals__C5__weight": "0.3",
    "signals__C5__samples": "100",
    "signals__C6__enabled": "true",
    "signals__C6__weight": "0.3",
    "signals__C6__window": "100",
    "signals__C6__fewest": "5",
}
"""So short a past that no directional signal speaks."""
ALONE = NEUTRAL | {f"signals__{name}__enabled": "false" for name in ("A1", "A2", "A3")}
SLOW_FILLS = {"venue__volume_share": "0.0001"}
"""So little of a bar's volume that large legs are bought and sold over several."""
BARS, AT = 30, 16
STAGE, TARGET = STAGES.index("neutral"), STAGES.index("state")
BOOKS = "SELECT name, value FROM session_state WHERE name IN ('neutral', 'shadow') ORDER BY name"


@dataclass(slots=True)
class Seen:
    """What stood after one decision: legs and targets [S], their betas, and the signals' own books [N, S]."""

    neutral: Floats
    target: Floats
    betas: Floats
    own: Floats
    shares: dict[str, float]


class WatchedSession(ScriptedSession):
    """Remembers every decision beside the books that signals would have had by themselves."""

    def __init__(self, configuration: Configuration, database: Path, script: Script) -> None:
        super().__init__(configuration, database, script)
        self.seen: list[Seen] = []
        self.told: list[dict[str, Any]] = []

    async def _pace(self, machine: Machine, row: Row) -> bool:
        decision, shadow = machine.cycle.decision, machine.cycle.shadow
        if decision is not None and shadow is not None:
            own = [
                shadow._book[shadow_kernel.HELD, k]
                for k, signal in enumerate(shadow.signals)
                if signal.name in NAMES
            ]
            self.seen.append(
                Seen(
                    decision.stages[STAGE],
                    decision.stages[TARGET],
                    daily_betas(machine.market.daily_closes(BETA_DAYS + 1), 0),
                    np.array(own),
                    machine.cycle.neutral.scalars(decision),
                )
            )
        if machine.book.decisions == BARS - 1:
            questions = [Question(DetailKind.POSITION, {"symbol": each}) for each in machine.market.symbols]
            self.told = [(await self.detail(question))["ours"] for question in questions]
        return await super()._pace(machine, row)


def watched(database: Path, script: Script, **flags: str) -> WatchedSession:
    """A session that traded so many bars."""
    configuration = engine(database, run__bars=str(BARS), **flags).configuration
    session = WatchedSession(configuration, database, script)
    asyncio.run(session.run())
    assert all(answer.accepted for answer in session.answers), session.answers
    return session


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> WatchedSession:
    return watched(tmp_path_factory.mktemp("neutral") / "x.db", {}, **ALONE)


def test_legs_are_ordered_and_filled(traded: WatchedSession) -> None:
    seen = traded.seen
    filled = rows(traded.database_path, "SELECT DISTINCT symbol FROM fills")
    assert len(filled) == 6
    assert all(np.abs(each.neutral).sum() > 0.0 for each in seen)
    assert [each.target.tolist() for each in seen] == [each.neutral.tolist() for each in seen]


def test_the_legs_of_every_decision_have_no_beta(traded: WatchedSession) -> None:
    assert max(abs(float(each.neutral @ each.betas)) for each in traded.seen) < 1e-12


def test_the_legs_are_what_the_signals_hold_in_their_own_books(traded: WatchedSession) -> None:
    """Bitcoin's against their betas among them, as long as no limit binds."""
    for each in traded.seen:
        assert set(each.shares.values()) == {1.0}
        assert each.neutral == pytest.approx(np.array([0.4, 0.3, 0.3]) @ each.own, abs=1e-12)


def test_a_position_is_told_with_the_signals_whose_legs_it_is(traded: WatchedSession) -> None:
    for n, ours in enumerate(traded.told):
        assert float(ours["neutral"]) == pytest.approx(float(ours["quantity"]))
        own = zip(NAMES, traded.seen[-1].own, strict=True)
        assert ours["neutral_signals"] == [name for name, held in own if held[n]]
    assert traded.told[0]["neutral_signals"] != []


def test_a_run_in_parts_holds_the_legs_of_the_run_in_one(tmp_path: Path) -> None:
    """Beside a directional book that is held as it is, so that what is whose counts."""
    asyncio.run(run(tmp_path / "one.db", BARS, **NEUTRAL))
    for bars in (AT, BARS - AT):
        asyncio.run(run(tmp_path / "parts.db", bars, **NEUTRAL))
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")
    assert rows(tmp_path / "parts.db", BOOKS) == rows(tmp_path / "one.db", BOOKS) != []


def test_a_signal_that_is_removed_takes_its_legs_and_nothing_else(
    tmp_path: Path, traded: WatchedSession
) -> None:
    """Its share of the budget goes to the others of its class, whose own books are as before."""
    script: Script = {AT: [("signal", {"name": "A6", "state": "shadow"})]}
    seen = watched(tmp_path / "x.db", script, **ALONE).seen
    for n, (with_it, without) in enumerate(zip(traded.seen, seen, strict=True)):
        np.testing.assert_array_equal(with_it.own, without.own)
        # What was seen before a bar is the decision at the bar before it.
        weights = np.array([0.4, 0.3, 0.3]) if n < AT else np.array([0.0, 0.5, 0.5])
        assert without.neutral == pytest.approx(weights @ without.own, abs=1e-12)
    assert "A6_limited" not in seen[-1].shares


@pytest.mark.parametrize("flags", [ALONE, NEUTRAL | SLOW_FILLS], ids=["alone", "beside a hold, in parts"])
def test_the_last_neutral_signal_removed_leaves_nothing_held(tmp_path: Path, flags: dict[str, str]) -> None:
    script: Script = {AT: [("signal", {"name": name, "state": "shadow"}) for name in NAMES]}
    session = watched(tmp_path / "x.db", script, **flags)
    assert not session.seen[-1].target.any()
    assert {(float(ours["quantity"]), ours["neutral"]) for ours in session.told} == {(0.0, "0")}
    assert rows(tmp_path / "x.db", "SELECT quantity FROM positions WHERE CAST(quantity AS REAL) != 0") == []
