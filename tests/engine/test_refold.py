"""Signals that were not computed are folded beside the running market: bars and commands go on meanwhile, and what
comes of it depends on the bar they are taken over at, which is told, and on nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.assembly import assemble
from engine.commands import CommandResult
from engine.config import load_config
from engine.feeds.feed import BarBlock, DataFault, Feed
from engine.market import MarketState
from engine.refold import Folded, Refold, fold_until
from engine.requests import LEFT
from engine.selection import DAY_MS, Selector
from engine.session import Session
from store.check import check
from store.digest import digest
from tests.engine.session_runs import (
    SMALL,
    Said,
    Script,
    ScriptedSession,
    engine,
    follow,
    give,
    rows,
    run,
    running,
)

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row
    from strategies.signal import Signal

REPOSITORY = Path(__file__).resolve().parents[2]
BARS, AT, TAKEN = 24, 6, 12
WEIGH_C1: Said = "weight", {"name": "C1", "weight": "0.5"}
ROWS = "SELECT signal, ts_ms, whole, cells FROM readings ORDER BY signal, ts_ms"


class HeldReader:
    """What a fold reads through: `read` waits until the test says so, or fails as it says."""

    def __init__(self, feed: Feed, go_on: threading.Event, fault: str = "") -> None:
        self._feed, self._go_on, self._fault = feed, go_on, fault
        self.bar_ms, self.first_open_ms = feed.bar_ms, feed.first_open_ms

    def read(self, first_open_ms: int, count: int) -> BarBlock:
        self._go_on.wait()
        if self._fault:
            raise DataFault(self._fault)
        return self._feed.read(first_open_ms, count)


class FoldingSession(Session):
    """A session whose operator wants C1 before bar `AT` and does not wait for it. The fold is held open until `release`
    bars were decided; from then on the bars wait until the command has been answered."""

    def __init__(self, database: Path, bars: int, release: int, fault: str = "") -> None:
        super().__init__(engine(database, run__bars=str(bars)).configuration, database)
        self.go_on, self._release, self._fault = threading.Event(), release, fault
        self.script: dict[int, Sequence[Said]] = {}
        self.answers: list[CommandResult] = []
        self.asked: asyncio.Task[CommandResult] | None = None
        self.dies_at = -1

    async def _pace(self, machine: Machine, row: Row) -> bool:
        if machine.book.decisions == AT and self.asked is None:
            reader = machine.feed.beside()
            machine.feed.beside = lambda: HeldReader(reader, self.go_on, self._fault)  # type: ignore
            self.asked = asyncio.create_task(give(self, WEIGH_C1[0], **WEIGH_C1[1]))
            await asyncio.sleep(0)
        for kind, arguments in self.script.pop(machine.book.decisions, ()):
            self.answers.append(await give(self, kind, **arguments))
        if machine.book.decisions == self._release and self.asked is not None:
            assert not self.asked.done()
            self.go_on.set()
            await self.asked
        if machine.book.decisions == self.dies_at:
            os._exit(9)
        return await super()._pace(machine, row)

    async def _close(self) -> None:
        # Once the engine has told the fold to end.
        asyncio.get_running_loop().call_soon(self.go_on.set)
        await super()._close()


def told_from(database: Path) -> int:
    """The close of the first bar the audit says C1 was decided with."""
    told = rows(database, "SELECT payload FROM audit WHERE kind = 'weights' AND actor <> 'engine'")
    (facts,) = [facts for (payload,) in told if (facts := json.loads(payload))["signal"] == "C1"]
    return int(facts["from_ms"])


async def test_bars_and_commands_go_on_beside_a_fold_and_only_the_bar_it_is_taken_over_at_counts(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    script: Script = {
        8: [("pause", {"on": "true"})],
        9: [("signal", {"name": "A2", "state": "off"})],
        10: [("pause", {"on": "false"})],
    }
    session = FoldingSession(database, BARS, TAKEN)
    session.script |= script
    await session.run()
    assert [answer.accepted for answer in session.answers] == [True] * 3
    assert session.asked is not None
    answer = session.asked.result()
    assert answer.accepted
    closes = [ts_ms for (ts_ms,) in rows(database, "SELECT ts_ms FROM decisions ORDER BY ts_ms")]
    assert told_from(database) == closes[TAKEN]
    assert "from 2024-01-01 13:00 UTC on" in answer.message
    same: Script = {**script, TAKEN: [WEIGH_C1]}
    await follow(tmp_path / "y.db", TAKEN + 3, same)
    await follow(tmp_path / "y.db", BARS - TAKEN - 3, same)
    assert digest(database) == digest(tmp_path / "y.db")
    assert rows(database, ROWS) == rows(tmp_path / "y.db", ROWS)


async def test_what_makes_the_account_safer_is_answered_while_a_fold_hangs(tmp_path: Path) -> None:
    session = FoldingSession(tmp_path / "x.db", BARS, TAKEN)
    session.script = {
        7: [
            ("flatten", {"symbol": "BTCUSDT"}),
            ("reduce", {"on": "true"}),
            ("signal", {"name": "A1", "on": "false"}),
        ],
        9: [("kill", {})],
    }
    await session.run()
    assert [answer.accepted for answer in session.answers] == [True] * 4
    assert session.answers[-1].state == "HALTED"
    assert session.asked is not None
    assert session.asked.result().accepted
    assert check(tmp_path / "x.db").sound


async def test_a_fold_that_fails_is_refused_in_a_line_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    session = FoldingSession(database, BARS, TAKEN, fault="x.parquet row 7: no number")
    await session.run()
    assert session.asked is not None
    answer = session.asked.result()
    assert not answer.accepted
    words = "nothing was changed: the past of the signals cannot be folded: x.parquet row 7: no number"
    assert answer.message == words
    assert rows(database, "SELECT accepted, message FROM commands") == [(0, words)]
    ((book,),) = rows(database, "SELECT value FROM session_state WHERE name = 'book'")
    assert json.loads(book)["choices"] == {}
    await run(database, 3)
    await run(tmp_path / "alone.db", BARS + 3)
    assert digest(database) == digest(tmp_path / "alone.db")


async def test_an_engine_that_ends_during_a_fold_ends_and_leaves_what_was_asked(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    session = FoldingSession(database, BARS, BARS + 1)
    await session.run()
    assert session.asked is not None
    answer = await session.asked
    assert (answer.accepted, answer.message) == (True, LEFT)
    await run(tmp_path / "alone.db", BARS)
    assert digest(database) == digest(tmp_path / "alone.db")


class NeverReady(Session):
    """A session whose operator wants C1 before bar `AT`, whose kernels are not compiled before `go_on` is set."""

    def __init__(self, database: Path) -> None:
        super().__init__(engine(database, run__bars=str(BARS)).configuration, database)
        self.compiles, self.go_on = threading.Event(), threading.Event()
        self.asked: asyncio.Task[CommandResult] | None = None

    async def _pace(self, machine: Machine, row: Row) -> bool:
        if machine.book.decisions == AT and self.asked is None:
            make = machine.make_market

            def compiled(signals: tuple[Signal, ...]) -> MarketState:
                self.compiles.set()
                self.go_on.wait()
                return make(signals)

            machine.refold = Refold(compiled, machine.feed)
            self.asked = asyncio.create_task(give(self, WEIGH_C1[0], **WEIGH_C1[1]))
        if machine.book.decisions == TAKEN:
            assert await asyncio.to_thread(self.compiles.wait, 10.0)
        return await super()._pace(machine, row)


async def test_an_engine_that_ends_does_not_wait_for_a_kernel_to_be_compiled(tmp_path: Path) -> None:
    session = NeverReady(tmp_path / "x.db")
    try:
        await session.run()
        assert session.asked is not None
        assert session.asked.done()
        assert session.asked.result().message == LEFT
    finally:
        session.go_on.set()
    assert check(tmp_path / "x.db").sound


END = (
    "import asyncio, sys; from pathlib import Path; from tests.engine import test_refold as test; "
    "asyncio.run(test.NeverReady(Path(sys.argv[1])).run())"
)


async def test_its_process_ends_as_well(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    ending = await asyncio.create_subprocess_exec(sys.executable, "-c", END, str(database), cwd=REPOSITORY)
    assert await ending.wait() == 0
    assert check(database).sound


async def test_two_that_are_asked_at_once_come_one_after_the_other(tmp_path: Path) -> None:
    async with running(engine(tmp_path / "x.db", run__speed="1")) as session:
        asked = [give(session, "signal", name=name, state="shadow") for name in ("B12", "C4", "B12")]
        answers = await asyncio.gather(*asked)
        snapshot = session.snapshot()
    assert [answer.accepted for answer in answers] == [True] * 3
    assert "already" in answers[2].message
    assert snapshot is not None
    states = {row.name: row.state for row in snapshot.weights}
    assert (states["B12"], states["C4"], states["A1"]) == ("shadow", "shadow", "on")


DIE = (
    "import asyncio, sys; from pathlib import Path; from tests.engine import test_refold as test; "
    "asyncio.run(test.die(Path(sys.argv[1]), sys.argv[2]))"
)


async def die(database: Path, when: str) -> None:
    """Die while the fold is held open, or at once when its operator has been answered; run in a process of its own."""
    session = FoldingSession(database, BARS, BARS + 1 if when == "folding" else TAKEN)
    session.dies_at = TAKEN
    await session.run()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["folding", "answered"])
async def test_killed_it_goes_on_as_if_it_had_not_been(tmp_path: Path, when: str) -> None:
    """What was being folded is gone on with; what was taken over is in force, and its end is the uninterrupted one."""
    database, bars = tmp_path / "x.db", 3
    dying = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DIE, str(database), when, cwd=REPOSITORY
    )
    assert await dying.wait() == 9
    decided = len(rows(database, "SELECT ts_ms FROM decisions"))
    assert decided == TAKEN if when == "answered" else decided <= TAKEN
    # What is asked of C1 next waits for what was asked before.
    again: Said = "signal", {"name": "C1", "state": "on"}
    await follow(database, bars, {decided: [again]})
    await follow(tmp_path / "y.db", decided + bars, {decided: [WEIGH_C1, again]})
    assert digest(database) == digest(tmp_path / "y.db")
    assert rows(database, ROWS) == rows(tmp_path / "y.db", ROWS)
    assert check(database).sound


async def test_the_prices_between_bars_are_shown_on_after_a_fold(tmp_path: Path) -> None:
    shown: list[bool] = []

    class Looking(ScriptedSession):
        async def _pace(self, machine: Machine, row: Row) -> bool:
            going_on = await super()._pace(machine, row)
            shown.append(machine.feed.quotes(row.open_ms, 0.5) is not None)
            return going_on

    configuration = engine(tmp_path / "x.db", run__bars="6").configuration
    script: Script = {2: [("signal", {"name": "C1", "state": "shadow"})]}
    await Looking(configuration, tmp_path / "x.db", script).run()
    assert shown == [True] * len(shown)


YOUNG: dict[str, str | list[str]] = {
    "sim.history_days": "60",
    "signals.A12.enabled": "true",
    "signals.B12.enabled": "true",
    "signals.C4.enabled": "true",
}
"""Two months of market, and signals that need less."""


@pytest.mark.parametrize("kept", [("A2", "A12", "C4"), ("B12", "C4"), ()], ids=str)
async def test_a_market_that_goes_on_without_signals_is_the_one_that_never_had_them(
    tmp_path: Path, kept: tuple[str, ...]
) -> None:
    machine = await assemble(load_config(None, {}, SMALL | YOUNG, {}), tmp_path / "x.db")
    try:
        few = tuple(signal for signal in machine.signals if signal.name in kept)
        narrowed, fresh = machine.make_market(machine.signals), machine.make_market(few)
        start_ms, bar_ms = machine.feed.first_open_ms, machine.feed.bar_ms
        for until_ms in (start_ms + 800 * bar_ms, start_ms + 1_000 * bar_ms):
            for market in (narrowed, fresh):
                last = await asyncio.to_thread(fold_until, market, machine.feed, until_ms)
                assert last is not None
                market.append(last)
            narrowed.keep_only(few)
            assert_same(narrowed, fresh)
            assert len(kept) < 2 or np.isfinite(fresh.forecast_correlation()).any()
    finally:
        await machine.close()


async def test_a_market_that_is_taken_over_stands_by_the_choice_of_symbols_that_was_made(
    tmp_path: Path,
) -> None:
    """The fold alone would choose two, at the very close the running engine chose one."""
    flags: dict[str, str | list[str]] = {
        "sim.history_days": "170",
        "blend.selector.enabled": "true",
        "blend.selector.count": "2",
    }
    configuration = load_config(None, {}, SMALL | flags, {})
    machine = await assemble(configuration, tmp_path / "x.db")
    try:
        running = machine.make_market(machine.signals)
        best = configuration.blend.selector.model_copy(update={"count": 1})
        running.selector = Selector(best, machine.feed.symbols, machine.signals)
        closed_ms = machine.feed.first_open_ms + 168 * DAY_MS
        last = await asyncio.to_thread(fold_until, running, machine.feed, closed_ms)
        assert last is not None
        running.append(last)
        folded = Folded(machine.make_market(machine.signals[1:]), machine.feed.beside())
        await folded.complete(running)
        assert sorted(running.instrument_weight) == [0.0, 0.0, 0.0, 1.0]
        assert folded.market.instrument_weight.tolist() == running.instrument_weight.tolist()
    finally:
        await machine.close()


def assert_same(one: MarketState, other: MarketState) -> None:
    assert one.signals == other.signals
    assert one.readings.closed_ms == other.readings.closed_ms
    assert one.readings.reasons == other.readings.reasons
    for name in ("value", "confidence"):
        assert getattr(one.readings, name).tobytes() == getattr(other.readings, name).tobytes()
    assert one.forecast_correlation().tobytes() == other.forecast_correlation().tobytes()
