"""After a sudden death the engine goes on where the last whole bar stood, whatever it was told or asked just before."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.check import check
from store.digest import digest
from tests.crash.books import Told, compare
from tests.engine.session_runs import rows, run
from tests.engine.sudden_death import Death, die_all

QUIET = {
    "risk__buffer_fraction": "0.9",
    "store__group_commit_bars": "4096",
    "store__group_commit_ms": "10000",
}
UNANSWERED = {"venue__faults__position_query_fails": ".3", "venue__faults__balance_query_fails": ".3"}
BARS = 60
QUIET_BAR = 30
"""The last settlement was five bars ago, the next is three bars ahead; nothing is ordered between them."""

COMMANDS: dict[str, tuple[str, dict[str, str]]] = {
    "kill": ("kill", {}),
    "refused resume": ("resume", {"confirm": "yes"}),
    "pause": ("pause", {}),
}


def decided(database: Path) -> int:
    ((count,),) = rows(database, "SELECT count(*) FROM decisions")
    return int(count)


async def go_on(database: Path, bars: int, **flags: str) -> None:
    """Trade until so many bars are decided."""
    await run(database, bars - decided(database), **flags)
    assert decided(database) == bars
    assert check(database).findings == ()
    assert compare(database) == []


@pytest.mark.slow
@pytest.mark.parametrize("inside", [False, True], ids=["between bars", "inside a bar"])
async def test_a_command_among_bars_that_are_not_durable_makes_no_half_of_them_so(
    tmp_path: Path, inside: bool
) -> None:
    slowly = QUIET | {"run__speed": "360000"}
    die_all(
        [
            Death(str(tmp_path / f"{name}.db"), slowly, QUIET_BAR, 4, kind, inside, arguments)
            for name, (kind, arguments) in COMMANDS.items()
        ]
    )
    states = {}
    for name, (kind, _) in COMMANDS.items():
        database = tmp_path / f"{name}.db"
        assert rows(database, "SELECT kind FROM commands") == [(kind,)]
        await go_on(database, BARS, **QUIET)
        ((states[name],),) = rows(database, "SELECT state FROM decisions ORDER BY ts_ms DESC LIMIT 1")
    assert states == {"kill": "HALTED", "refused resume": "ACTIVE", "pause": "REDUCING"}
    assert Told.of(tmp_path / "kill.db").positions == {}
    await run(tmp_path / "undisturbed.db", BARS, **QUIET)
    assert digest(tmp_path / "refused resume.db") == digest(tmp_path / "undisturbed.db")


@pytest.mark.slow
async def test_deaths_under_unanswered_questions_change_no_decision(tmp_path: Path) -> None:
    flags = QUIET | UNANSWERED
    await run(tmp_path / "undisturbed.db", BARS, **flags)
    instants = (7, 18, 29, 41, 53)
    die_all([Death(str(tmp_path / f"{bars}.db"), flags, bars) for bars in instants])
    for bars in instants:
        assert decided(tmp_path / f"{bars}.db") < bars
        await go_on(tmp_path / f"{bars}.db", BARS, **flags)
    assert {digest(path) for path in tmp_path.glob("[0-9]*.db") if "venue" not in path.name} == {
        digest(tmp_path / "undisturbed.db")
    }
