"""A signal that is switched on in a replay reads what its files hold as if it had always been on; what they do not hold
is named: in the answer, beside its weight, and beside each of its readings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands import DetailKind, Question
from engine.config import load_config
from engine.snapshot import Snapshot
from tests.engine.feeds.market_files import APRIL, HOUR_MS, bars, write_csv
from tests.engine.session_runs import ScriptedSession

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

HOURS, START = 24 * 9, "20210409-"
SWITCHED, LOOKED = 4, 6


class Watched(ScriptedSession):
    """Keeps the picture after `LOOKED` decisions, and what A4 and A12 said then of each symbol."""

    picture: Snapshot
    said: dict[str, list[dict[str, Any]]]

    async def _pace(self, machine: Machine, row: Row) -> bool:
        going_on = await super()._pace(machine, row)
        if machine.book.decisions == LOOKED:
            picture = self.snapshot()
            assert picture is not None
            self.picture = picture
            self.said = {}
            for name in ("A4", "A12"):
                answer = await self.detail(Question(DetailKind.SIGNAL, {"name": name}))
                self.said[name] = answer["symbols"]
        return going_on


def market(folder: Path) -> list[str]:
    """One coin with its funding, and nothing of what bitcoin's chain tells."""
    settled = [{"ts": APRIL + hour * HOUR_MS, "funding_rate": 1e-6 * hour} for hour in range(0, HOURS, 8)]
    return [
        str(write_csv(folder / "ohlcv_binance_BTCUSDT_1h.csv", bars(range(HOURS)))),
        str(write_csv(folder / "funding_binance_BTCUSDT_8h.csv", settled)),
    ]


async def test_what_the_files_hold_is_read_and_what_they_do_not_is_named(tmp_path: Path) -> None:
    flags: dict[str, str | list[str]] = {"run.mode": "replay", "run.speed": "max", "run.timerange": START}
    flags["run.data"] = market(tmp_path)
    asked = [("signal", {"name": name, "state": "shadow"}) for name in ("A4", "A12")]
    switched = Watched(load_config(None, {}, flags, {}), tmp_path / "x.db", {SWITCHED: asked})
    await switched.run()
    funded, chained = (answer.message for answer in switched.answers)
    assert "not known here" not in funded
    assert ", not traded, yet it reads what is not known here: mvrv_z; weights from" in chained
    notes = {row.name: row.note for row in switched.picture.weights}
    assert (notes["A4"], notes["A12"]) == ("", "it reads what is not known here: mvrv_z")
    (reading,) = switched.said["A12"]
    assert (reading["value"], reading["reason"], reading["unknown"]) == (None, "NO_INPUT", ["mvrv_z"])
    flags |= {"signals.A4.enabled": "true"}
    always = Watched(load_config(None, {}, flags, {}), tmp_path / "y.db", {})
    await always.run()
    (funding,) = switched.said["A4"]
    assert funding["value"]
    assert [funding] == always.said["A4"]
