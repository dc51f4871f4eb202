"""Signals whose bars are finer than the market's: what is said of them names what would end it, everywhere alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from console.command_signals import list_signals
from engine.config import load_config
from engine.signal_catalogue import catalogue
from strategies.config import SignalsConfig
from strategies.registry import BUILT_IN
from tests.engine.session_runs import SMALL, ScriptedSession, rows

FOUR_HOURS_MS = 14_400_000
FINE = [kind.name for kind in BUILT_IN if kind.build(kind.settings()).bar == "1h"]
FINER = "its bars of 1h are finer than this market's 4h: set signals.{}.bar"
COARSE = {"run.bar": "4h", "run.symbols": "BTCUSDT,ETHUSDT", "sim.history_days": "40", "run.bars": "8"}
SAID = "SELECT source, level, message FROM events WHERE message LIKE '%finer%' ORDER BY sequence"


def test_there_are_some() -> None:
    assert {"A4", "A8", "A9", "B1", "C7", "C8"} <= set(FINE)


@pytest.mark.parametrize("shadow", ["on", "off"])
async def test_a_run_says_so_and_doing_what_it_says_ends_it(tmp_path: Path, shadow: str) -> None:
    asked: list[tuple[str, dict[str, str]]] = [
        ("signal", {"name": "A4", "state": "shadow"}),
        ("parameters", {"name": "A8", "parameters": "bar=4h"}),
    ]
    flags: dict[str, Any] = SMALL | COARSE | {"signals.shadow": shadow}
    session = ScriptedSession(load_config(None, {}, flags, {}), tmp_path / "x.db", {4: asked})
    await session.run()
    refused, tuned = session.answers
    assert not refused.accepted
    assert "its bars of 1h cannot be made of the market's" in refused.message
    assert tuned.accepted, tuned.message
    picture = session.snapshot()
    assert picture is not None
    shown = {row.name: row for row in picture.weights}
    for name in FINE:
        coarser = name == "A8"
        assert (shown[name].why == f"not computed: {FINER.format(name)}") != coarser, shown[name].why
        assert (shown[name].state == "shadow") == (coarser and shadow == "on")
    told = rows(tmp_path / "x.db", SAID)
    expected = [
        (f"signals.{name}", "WARN", f"{name} is not read: {FINER.format(name)}")
        for name in FINE
        if name != "A8"
    ]
    assert sorted(told) == sorted(expected if shadow == "on" else [])


async def test_a_list_says_the_same_by_the_configured_bar_and_by_the_recorded_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "x.db"
    configured = {row["name"]: row for row in catalogue(SignalsConfig(), bar_ms=FOUR_HOURS_MS).rows()}
    assert {name for name, row in configured.items() if "finer" in row["why"]} == set(FINE)
    assert configured["A4"]["state"] == "off"
    assert not [row for row in catalogue(SignalsConfig()).rows() if "finer" in row["why"]]
    flags: dict[str, Any] = SMALL | COARSE
    await ScriptedSession(load_config(None, {}, flags, {}), database, {}).run()
    recorded = {row["name"]: row for row in catalogue(SignalsConfig(), database).rows()}
    assert {name: row["why"] for name, row in recorded.items()} == {
        name: row["why"] for name, row in configured.items()
    }
    list_signals(database, None, False)
    assert f"A4 cannot be computed: {FINER.format('A4')}\n" in capsys.readouterr().out
