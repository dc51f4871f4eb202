"""The choice of symbols, and a margin to change sides, in a running engine: decided on, recorded, the same in parts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine import estimates
from engine.decision import STAGES
from store import weight_rows
from store.digest import digest
from store.query import decision
from strategies.blend.selector import Measures, SelectorSettings, select
from strategies.blend.settings import SelectorConfig
from tests.engine.session_runs import Script, follow, rows, run
from tests.engine.test_shadow_lane import DAYS, INLINE, ON

DAY_MS = 86_400_000
BEST_TWO = {"blend__selector__enabled": "true", "blend__selector__count": "2"}


async def test_only_the_chosen_are_traded_and_every_choice_is_recorded(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    await run(database, 80, **BEST_TWO)
    first, *choices = weight_rows.read(database)
    assert [row.kind for row in (first, *choices)] == ["instruments"] * 4
    ((began_ms,),) = rows(database, "SELECT min(ts_ms) FROM decisions")
    assert first.estimated_ms < began_ms, "what the market had chosen before the first decision stands in it"
    for row in choices:
        assert (row.method, row.effective_ms) == ("selector", row.estimated_ms)
        share = estimates.shares(row)
        assert share is not None
        chosen = {symbol for symbol, weight in share.items() if weight}
        assert [share[symbol] for symbol in chosen] == [0.5, 0.5]
        for hour in (0, 23):
            made = decision(database, at_ms=row.estimated_ms + hour * 3_600_000)
            assert made is not None
            sized = {
                symbol for symbol, values in made["stages"].items() if values[STAGES.index("volatility")] != 0
            }
            assert sized
            assert sized <= chosen
    assert estimates.check(database) == []


@pytest.mark.parametrize(
    ("allocation", "shares"),
    [
        ("equal", [0.5, 0.5, 0.0]),
        ("inverse-volatility", [0.75, 0.25, 0.0]),
        ("risk-parity", [0.75, 0.25, 0.0]),
    ],
)
def test_how_the_chosen_ones_share(allocation: str, shares: list[float]) -> None:
    """One third as volatile, three times as large: each carries the same risk by itself."""
    config = SelectorConfig.model_validate({"count": 2, "allocation": allocation})
    settings = SelectorSettings(2, 0, 0.0, config.by_inverse_volatility)
    told = np.array([3.0, 2.0, 1.0])
    measures = Measures(told, told, told / 3.0, np.array([0.2, 0.6, 0.9]), np.full(3, 1e9))
    weight = select(measures, np.zeros(3, dtype=np.bool_), settings).weight
    assert weight is not None
    assert weight.tolist() == pytest.approx(shares)


@pytest.mark.timeout(300)
async def test_a_run_in_parts_chooses_as_the_run_in_one(tmp_path: Path) -> None:
    """Who was chosen before matters to who is chosen next; no part of it is stored."""
    flags = BEST_TWO | {
        "blend__selector__stay_ranks": "2",
        "blend__selector__allocation": "inverse-volatility",
    }
    await run(tmp_path / "one.db", 80, **flags)
    for bars in (23, 2, 55):
        await run(tmp_path / "parts.db", bars, **flags)
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")
    assert weight_rows.read(tmp_path / "parts.db") == weight_rows.read(tmp_path / "one.db")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_what_was_chosen_stands_whatever_is_switched_since_and_however_often_it_is_folded(
    tmp_path: Path,
) -> None:
    flags = BEST_TWO | {"blend__selector__stay_ranks": "2"}
    script: Script = {
        5: [("signal", {"name": name, "state": "off"}) for name in ("A1", "A2")],
        30: [("signal", {"name": "A2", "state": "on"}), ("signal", {"name": "B12", "state": "shadow"})],
    }
    await run(tmp_path / "alone.db", 24, **flags)
    await follow(tmp_path / "one.db", 60, script, **flags)
    for start, stop in ((0, 7), (7, 31), (31, 60)):
        await follow(tmp_path / "parts.db", stop - start, script, **flags)
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")
    made = weight_rows.read(tmp_path / "one.db")
    assert weight_rows.read(tmp_path / "parts.db") == made
    assert weight_rows.read(tmp_path / "alone.db")[0] == made[0]
    sized = "SELECT ts_ms FROM decisions ORDER BY ts_ms LIMIT 23"
    for (ts_ms,) in rows(tmp_path / "one.db", sized):
        chosen = {symbol for symbol, weight in (estimates.shares(made[0]) or {}).items() if weight}
        told = decision(tmp_path / "one.db", at_ms=ts_ms)
        assert told is not None
        stage = STAGES.index("volatility")
        assert {symbol for symbol, values in told["stages"].items() if values[stage]} <= chosen


@pytest.mark.slow
async def test_a_choice_falls_every_so_many_days_and_not_at_all_by_default(tmp_path: Path) -> None:
    await run(tmp_path / "two.db", 120, **BEST_TWO | {"blend__selector__every_hours": "48"})
    _, *made = [row.estimated_ms for row in weight_rows.read(tmp_path / "two.db")]
    assert 2 <= len(made) <= 3
    assert all(at % (2 * DAY_MS) == 0 for at in made)
    await run(tmp_path / "plain.db", 30)
    assert weight_rows.read(tmp_path / "plain.db") == []


async def test_where_nobody_trades_enough_nobody_is_left_out(tmp_path: Path) -> None:
    await run(tmp_path / "thin.db", 30, **BEST_TWO | {"blend__selector__least_quote_volume": "1e15"})
    *_, row = weight_rows.read(tmp_path / "thin.db")
    said = json.loads(row.result)
    assert said["share"] is None
    assert set(said["score"].values()) == {None}
    assert estimates.check(tmp_path / "thin.db") == []
    await run(tmp_path / "plain.db", 30)
    assert digest(tmp_path / "thin.db") == digest(tmp_path / "plain.db")


@pytest.mark.timeout(300)
async def test_the_side_a_symbol_leans_to_is_remembered_over_a_restart(tmp_path: Path) -> None:
    flags = {"blend__flip_margin": "0.3", "blend__netting": "confidence", "blend__agreement_floor": "0.2"}
    await run(tmp_path / "one.db", 60, **flags)
    for bars in (20, 40):
        await run(tmp_path / "parts.db", bars, **flags)
    await run(tmp_path / "plain.db", 60)
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")
    assert digest(tmp_path / "plain.db") != digest(tmp_path / "one.db")
    ((book,),) = rows(tmp_path / "parts.db", "SELECT value FROM session_state WHERE name = 'book'")
    assert set(np.abs(list(json.loads(book)["leaning"].values()))) == {1.0}


@pytest.mark.slow
async def test_signals_in_shadow_follow_the_choice_that_was_decided_with(tmp_path: Path) -> None:
    """What they would have earned is what they would have computed for the decisions, before and after a choice."""
    behind, inline, all_of_them = (tmp_path / f"{name}.db" for name in ("behind", "inline", "all"))
    await run(behind, 54, **ON, **BEST_TWO)
    await run(inline, 54, **INLINE, **BEST_TWO)
    assert len([row for row in weight_rows.read(behind) if row.kind == estimates.INSTRUMENTS]) >= 2
    days = rows(behind, DAYS.format("followed_days"))
    assert days == rows(inline, DAYS.format("signal_days"))
    await run(all_of_them, 54, **ON)
    assert days != rows(all_of_them, DAYS.format("followed_days"))
