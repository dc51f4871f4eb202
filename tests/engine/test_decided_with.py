"""The database knows with which signals each decision was made, whatever was switched, configured or restarted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from store.decided_with import decided_with
from store.query import read_only
from tests.engine.session_runs import Script, ScriptedSession, engine, rows

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

OFF, ON, SHADOW = (("signal", {"name": "A2", "state": state}) for state in ("off", "on", "shadow"))


class Noted(ScriptedSession):
    """A session that notes with which signals it made each decision."""

    def __init__(self, database: Path, bars: int, script: Script, **flags: str) -> None:
        super().__init__(engine(database, run__bars=str(bars), **flags).configuration, database, script)
        self.computed: dict[int, frozenset[str]] = {}

    async def _bar(self, machine: Machine, row: Row) -> None:
        await super()._bar(machine, row)
        self.computed[machine.clock.now_ms()] = frozenset(signal.name for signal in machine.signals)


async def test_each_decision(tmp_path: Path) -> None:
    database, noted = tmp_path / "x.db", dict[int, frozenset[str]]()
    young = {"sim__history_days": "60"}
    script: Script = {3: [OFF], 7: [("weight", {"name": "C1", "weight": "0.5"}), ON], 9: [SHADOW]}
    for bars, said, flags in (
        (12, script, young),
        (5, {14: [("signal", {"name": "C1", "state": "off"})]}, young),
        (6, {}, young | {"signals__C4__enabled": "true"}),
        (4, {}, young),
    ):
        session = Noted(database, bars, said, **flags)
        await session.run()
        noted |= session.computed
    assert len(set(noted.values())) == 4
    with read_only(database) as connection:
        for (ts_ms,) in rows(database, "SELECT ts_ms FROM decisions"):
            assert decided_with(connection, ts_ms) == noted[ts_ms]
