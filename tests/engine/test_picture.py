"""The picture of a running engine: limits as configured and as decided by, the venue as it answers."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import picture
from engine.limits_view import level, limit_rows
from engine.oversight import OPERATOR_PAUSE
from engine.reconcile import News
from engine.snapshot import LimitRow, Snapshot, VenueHealth
from risk.guard_config import GuardConfig
from risk.state import OPERATOR
from store.records import Override, TradingState
from strategies.blend.settings import BlendConfig
from tests.engine.daily_files import DAYS, write_market
from tests.engine.session_runs import bars_pass, engine, running
from tests.risk.guard_fixtures import LIMITS

Floats = NDArray[np.float64]
NOTHING = News((), (), (), 0, True, None, Decimal(0), 0)
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def maxima(snapshot: Snapshot | None) -> dict[str, float]:
    assert snapshot is not None
    return {row.name: row.maximum for row in snapshot.limits}


async def test_limits_are_those_in_force(tmp_path: Path) -> None:
    flags = {"risk__max_gross": "3", "risk__guards__stale_bars": "7", "risk__guards__loop_lag_ms": "300"}
    async with running(engine(tmp_path / "x.db", run__speed="360000", **flags)) as session:
        await bars_pass(session, 2)
        snapshot = session.snapshot()
        assert snapshot is not None
        kelly = dict(snapshot.scalars)["Kelly"]
        assert kelly < 3
        shown = maxima(snapshot)
        assert (shown["gross"], shown["bars missing"], shown["loop lag p99"]) == (kelly, 7.0, 300.0)
        assert session._machine is not None
        session._machine.cycle.decision = None
        assert maxima(session.snapshot())["gross"] == 3.0


@pytest.mark.parametrize(
    ("share", "band", "said"),
    [
        (0.79, None, "ok"),
        (0.8, None, "WARN"),
        (1.0, None, "BREACH"),
        (1.0, 0.0, "WARN"),
        (1.01, 0.0, "BREACH"),
        (0.79, 0.1, "ok"),
        (1.0, 0.1, "WARN"),
        (1.09, 0.1, "WARN"),
        (1.11, 0.1, "BREACH"),
    ],
)
def test_a_limit_on_what_is_wanted_is_breached_beyond_the_band(
    share: float, band: float | None, said: str
) -> None:
    assert level(share, band) == said


async def test_exposure_that_drifted_past_its_cap_within_the_band_is_no_breach(tmp_path: Path) -> None:
    flags = {"risk__buffer_fraction": "0.1"}
    async with running(engine(tmp_path / "x.db", run__speed="360000", **flags)) as session:
        await bars_pass(session, 3)
        cycle, snapshot = session._machine.cycle, session.snapshot()  # type: ignore[union-attr]
        assert snapshot is not None
        used = {row.name: row.used or 0.0 for row in snapshot.limits}
        capped = {"net": "max_net", "max position": "max_symbol", "gross": "max_gross"}
        for beyond, said in ((1.05, "WARN"), (1.2, "BREACH")):
            now = {key: used[name] / beyond for name, key in capped.items()}
            cycle.parameters, cycle.decision = replace(cycle.parameters, **now), None
            shown = {row.name: row.status for row in session.snapshot().limits}  # type: ignore[union-attr]
            assert {shown[name] for name in capped} == {said}


def shown_limits(held: Floats, legs: Floats, decision: Any = None, **limits: Any) -> dict[str, LimitRow]:
    """The rows of the limits, by name, of what is held."""
    cycle = SimpleNamespace(parameters=replace(LIMITS, **limits), decision=decision, cost_band=None)
    guards = SimpleNamespace(day=None, losing_streak=0)
    ledger = SimpleNamespace(high_water_mark=1)
    market = SimpleNamespace(cluster=np.array([0, 0]), missing_runs=np.zeros(3))
    machine: Any = SimpleNamespace(
        cycle=cycle,
        ledger=ledger,
        market=market,
        oversight=SimpleNamespace(guards=guards),
        configuration=SimpleNamespace(risk=SimpleNamespace(guards=GuardConfig()), blend=BlendConfig()),
    )
    session: Any = SimpleNamespace(lag=SimpleNamespace(p99_ms=0.0))
    return {row.name: row for row in limit_rows(session, machine, 1.0, 1.0, held, legs)}


def test_what_is_held_for_legs_is_measured_by_itself() -> None:
    """Short .10 as the limit of one symbol allows and .02 more against a coin: no limit is breached."""
    held, legs = np.array([-0.12, 0.10, 0.02]), np.array([-0.02, 0.0, 0.02])
    used = {name: row.used for name, row in shown_limits(held, legs).items()}
    assert used["max position"] == pytest.approx(0.10)
    assert used["corr cluster"] == pytest.approx(0.20)
    assert used["gross"] == pytest.approx(0.24)
    assert used["net"] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("directional", "left", "status"),
    [(0.1, 1.0, "ok"), (0.1, 0.5, "WARN"), (0.49, 1.0, "WARN"), (0.6, 1.0, "BREACH"), (0.6, 0.5, "BREACH")],
)
def test_a_directional_budget_that_cut_the_newest_decision_warns_though_less_of_it_is_held(
    directional: float, left: float, status: str
) -> None:
    decision = SimpleNamespace(directional_factor=left, kelly=1.0)
    held, legs = np.array([-directional, 0.3, 0.0]), np.array([0.0, 0.3, 0.0])
    row = shown_limits(held, legs, decision, directional_budget=0.5, buffer_fraction=0.1)["directional"]
    assert row.used == pytest.approx(directional)
    assert (row.maximum, row.unit, row.status) == (0.5, "x", status)


def test_neither_budget_nor_cap_has_a_row_where_none_is_set() -> None:
    assert not {"directional", "signal share"} & set(shown_limits(np.array([0.1, 0.0]), np.zeros(2)))


async def test_a_recorded_market_is_drawn_before_its_first_bar(tmp_path: Path) -> None:
    data = write_market(tmp_path, {"BTCUSDT": DAYS})
    flags = {"run__mode": "replay", "run__data": data, "run__symbols": "", "run__speed": "1"}
    async with running(engine(tmp_path / "x.db", **flags)) as session:
        snapshot = session.snapshot()
        assert snapshot is not None
        assert (snapshot.decisions, snapshot.phase) == (0, "running")


async def test_a_venue_that_does_not_answer_is_shown_down(tmp_path: Path) -> None:
    async with running(engine(tmp_path / "x.db", run__speed="1")) as session:
        machine = session._machine
        assert machine is not None
        for proven, word in ((False, "down"), (True, "up")):
            machine.oversight.proof(replace(NOTHING, proven=proven), machine.clock.now_ms())
            snapshot = session.snapshot()
            assert snapshot is not None
            assert snapshot.venues == (VenueHealth(machine.venue.name, word, word, None),)
            assert snapshot.version == tomllib.loads(PROJECT.read_text())["project"]["version"]


async def test_what_works_is_shown_however_old_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "SHOWN_ORDERS", 1)
    async with running(engine(tmp_path / "x.db", run__speed="360000")) as session:
        await bars_pass(session, 3)
        machine, snapshot = session._machine, session.snapshot()
        assert machine is not None
        assert snapshot is not None
        shown = [row.client_order_id for row in snapshot.orders]
        working = {order.client_order_id for order in machine.execution.open_orders()}
        assert len(working) > 1
        assert set(shown) == working | {next(reversed(machine.execution.orders))}
        assert len(shown) == len(set(shown))


async def test_a_row_is_blocked_by_the_hardest_of_what_restricts_it(tmp_path: Path) -> None:
    async with running(engine(tmp_path / "x.db", run__speed="1")) as session:
        oversight = session._machine.oversight if session._machine is not None else None
        assert oversight is not None
        paused = Override(OPERATOR_PAUSE, TradingState.REDUCING, "ann", "kill switch armed", 0, OPERATOR)
        oversight.impose(paused)
        oversight.halt("ann", "kill switch: flatten", 0, keep_positions=False)
        snapshot = session.snapshot()
        assert snapshot is not None
        assert {row.why_blocked for row in snapshot.signals} == {"kill: kill switch: flatten"}


async def test_amounts_in_the_log_have_four_decimals(tmp_path: Path) -> None:
    async with running(engine(tmp_path / "x.db", run__speed="360000")) as session:
        await bars_pass(session, 3)
        snapshot = session.snapshot()
        assert snapshot is not None
        fees = [line.message for line in snapshot.log if line.message.startswith("fill ")]
        assert fees
        assert all(re.search(r" fee -?\d+\.\d{4} ", message) for message in fees)
