"""The running machine: one market, one venue, one book, moved bar by bar until the market or the operator ends it.

Starting is recovering, and there is no other way in: fold the market up to the stored cursor, restore the books,
look up every order whose fate is unknown, then trade. Each bar is one transaction; orders leave after it is durable.
"""

from __future__ import annotations

import asyncio
import importlib
import math
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import kernel_cache
from engine.clock import Pacer
from engine.commands import Command, CommandResult, Question
from engine.dealings import resolve, take_news, withdraw_entries
from engine.details import Details, Source
from engine.endings import Stop, leave_to_the_venue, wind_down
from engine.feeds.ahead import bars_ahead
from engine.group_commit import GroupCommit
from engine.kill import KillProgress
from engine.killing import Killing, close_out_the_dead, heed_latch, under_way
from engine.lag import LagProbe
from engine.recovery import settle
from engine.reload import merge
from engine.summary import Summary
from engine.thinning import keep_thin
from engine.watchdog import LoopWatchdog, halt_beside
from store.records import Event, Mode, Order

if TYPE_CHECKING:
    from engine.config import Configuration
    from engine.control import Control
    from engine.machine import Machine
    from engine.market import Row
    from engine.snapshot import Snapshot

WATCH_CONTROL_S = 0.25
BEAT_S = 1.0
YIELD_S = 0.004
UNSTARTED = "{}: nothing was cancelled or closed, the engine did not start; run `quarterdeck kill`"


class Session:
    """One engine. `run` does everything; the rest may be called beside it from the same loop."""

    def __init__(self, configuration: Configuration, database_path: Path) -> None:
        self.configuration = configuration
        self.database_path = database_path
        self.ready = asyncio.Event()
        self.phase = "starting"
        self.compile_seconds = 0.0
        self._listeners: list[Callable[[Event], None]] = []
        self._beat_listeners: list[Callable[[str], None]] = []
        self._machine: Machine | None = None
        self._control: Control | None = None
        self._wake = asyncio.Event()
        self._stop: Stop | None = None
        self._bars = 0
        self._pictures = 0
        self._started_s = self._ready_s = self._traded_s = self._gave_way_s = time.monotonic()
        self._groups = GroupCommit()
        self._pacer: Pacer | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._met = ""
        self._killing = Killing(self.hurry)
        self.unmet: dict[str, str] = {}
        """What was asked while the engine starts and not done yet, in words for a start that fails."""
        self.opening = asyncio.Lock()
        """Held while the database is opened, or by who needs its process lock beside that."""
        self.over = False
        self.lag = LagProbe()
        self._watchdog = LoopWatchdog(lambda: self.lag.beat_s, self._halt_beside)
        self._details = Details(database_path)

    async def run(self) -> Summary:
        """Recover, trade, end. Raises ConfigFault, DataFault, StoreError, VenueError or SecondEngine; whatever it
        raises, files are closed and what was decided is either wholly stored or not at all."""
        try:
            assemble = await asyncio.to_thread(_heavy_parts)
            self._machine = machine = await assemble(self.configuration, self.database_path, self.opening)
            self.compile_seconds = machine.compile_seconds
            machine.tape.listeners += self._listeners
            self._pacer = Pacer(machine.feed.bar_ms, self.configuration.run.speed_factor or math.inf)
            self.phase = "recovering"
            await self._recover(machine)
            self._watch(self.lag.run())
            self._watch(self._watch_orders(machine))
            self._watch(keep_thin(machine))
            self._watch(machine.lane.run())
            self._watchdog.start()
            self.phase = "running"
            self._ready_s = time.monotonic()
            self.ready.set()
            reason = await self._trade(machine)
            self._traded_s = time.monotonic()
            self.phase = "finished" if self._stop is None else "stopping"
            await self._let_followers_finish(machine)
            await self._wind_down(machine, reason)
            if self._failure is not None:
                raise self._failure
            return self._summary(machine, reason)
        except Exception as fault:
            if self._control is None:
                for words in self.unmet.values():
                    fault.add_note(words)
            raise
        finally:
            self.over = True
            await self._close()

    def snapshot(self) -> Snapshot | None:
        """The newest picture; None until the books are restored."""
        if self._machine is None or self._control is None:
            return None
        from engine.picture import draw

        return draw(self, self._machine)

    async def execute(self, command: Command) -> CommandResult:
        """Run one command beside the bars; KILL answers once HALTED is durable."""
        if self._control is None:
            return CommandResult(False, "the engine is still starting", "STARTING")
        return await self._control.execute(command)

    async def detail(self, question: Question) -> dict[str, Any]:
        """Answer what a snapshot is too small for, as `engine.details` says. Raises DetailFault."""
        return await self._details.answer(question, Source(self.configuration, self._machine))

    async def remember(self, name: str, value: str) -> None:
        """Keep one part of a screen's layout; while the engine starts, this waits for it."""
        await self.ready.wait()
        if self._machine is not None:
            journal = self._machine.journal
            await journal.commit_apart(lambda: journal.ui_state(name, value))

    def next_sequence(self) -> int:
        """Number the pictures."""
        self._pictures += 1
        return self._pictures

    def request_stop(self, policy: str, actor: str, reason: str) -> None:
        """End `run` soon: `keep`, `cancel` or `flatten` says what happens to orders and positions first."""
        if self._stop is None:
            self._stop = Stop(policy, actor, reason)
            if policy != "keep":
                self.unmet["stop"] = UNSTARTED.format(f"{reason}, stop ({policy})")
            self._wake.set()
            if self._machine is not None:
                self._machine.lane.stop()

    def reload(self, configuration: Configuration) -> list[str]:
        """Take the safe part of a configuration that was read anew; one line for each key taken or refused."""
        reloaded = merge(self.configuration, configuration)
        self.configuration = reloaded.configuration
        if self._machine is not None:
            self._machine.configuration = reloaded.configuration
        if self._pacer is not None:
            self._pacer.set_speed(self.configuration.run.speed_factor or math.inf)
            self._wake.set()
        lines = reloaded.lines()
        for line in lines:
            self.say("INFO", "engine.reload", line)
        return lines

    def say(self, level: str, source: str, message: str) -> None:
        """One line in the engine's own log; while there is no engine yet, for listeners only, in wall time."""
        if self._machine is not None:
            self._machine.tape.say(self._machine.clock.now_ms(), level, source, message)
            return
        for listener in self._listeners:
            listener(Event(time.time_ns() // 1_000_000, level, source, message))

    def add_listener(self, listener: Callable[[Event], None]) -> None:
        """Be told of every event; called on the loop, must not block."""
        self._listeners.append(listener)
        if self._machine is not None:
            self._machine.tape.listeners.append(listener)

    def add_beat_listener(self, listener: Callable[[str], None]) -> None:
        """Hear the heartbeats of the bar loop ("bars") and the order loop ("orders"); must not block."""
        self._beat_listeners.append(listener)

    @property
    def fraction(self) -> float:
        """How far the market is through the bar in progress, in [0, 1]."""
        return 0.0 if self._pacer is None else self._pacer.fraction()

    def hurry(self) -> None:
        """Let the market move on at once: a kill waits for its next open."""
        self._wake.set()

    def start_kill(self) -> None:
        """Carry a latched kill to its end in the background."""
        if self._machine is not None:
            self._killing.begin()
            self._machine.lane.hurry()
            self._watch(self._killing.carry_out(self._machine))

    async def _recover(self, machine: Machine) -> None:
        """Stand where the last run stood: market, books, orders of unknown fate, an unfinished kill."""
        from engine.control import Control

        await machine.restore()
        # Before the books are back neither a picture nor a command would find them in agreement.
        self._control = await Control.open(self, machine)
        await settle(machine, self._control, self._take_news)
        await self._commit(machine)
        self._watch(self._control.take_up())

    async def _trade(self, machine: Machine) -> str:
        limit = self.configuration.run.bars
        async for row in bars_ahead(machine.feed, machine.clock.now_ms()):
            if not await self._pace(machine, row):
                return "stopped"
            await self._bar(machine, row)
            self._bars += 1
            if limit and self._bars >= limit:
                return "bars reached"
        return "market ended"

    async def _let_followers_finish(self, machine: Machine) -> None:
        """Where a run ends by itself, the signals in shadow come to its last decision; a stop or a kill ends that.
        Commands that say how the next run begins are taken meanwhile, and come before the run is wound down."""
        if self._stop is None:
            await self._commit(machine)
            await machine.lane.finish(lambda: self._stop is not None or under_way(machine), self._beat_bars)
            machine.lane.stop()
        async with machine.books:
            self.phase = "stopping"

    def _beat_bars(self) -> None:
        self._beat("bars")

    async def _pace(self, machine: Machine, row: Row) -> bool:
        """Wait until the bar is over; False where the run is to stop instead."""
        if self._pacer is None:
            return False
        machine.showing_open_ms = row.open_ms
        if self._pacer.interval_s == 0.0 and not self._wake.is_set():
            await self._give_way()
            return self._stop is None
        self._pacer.begin_bar()
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    if await self._pacer.wait(self._wake):
                        return self._stop is None
            except TimeoutError:
                self._beat("bars")
                continue
            self._wake.clear()
            if self._stop is not None:
                return False
            if under_way(machine):
                return True

    async def _give_way(self) -> None:
        """At full speed, let the other tasks run as often as keeps them prompt, which is not at every bar."""
        now_s = time.monotonic()
        if now_s - self._gave_way_s > YIELD_S:
            self._gave_way_s = now_s
            await asyncio.sleep(0)

    def _beat(self, loop: str) -> None:
        """Say that a loop moves: "bars" or "orders"."""
        for listener in self._beat_listeners:
            listener(loop)

    async def _bar(self, machine: Machine, row: Row) -> None:
        close_ms = row.open_ms + machine.feed.bar_ms
        async with machine.books:
            machine.half_done = True
            await self._move(machine, row, close_ms)
            machine.half_done = False
        machine.execution.forget_old()

    async def _move(self, machine: Machine, row: Row, close_ms: int) -> None:
        revision = await machine.venue.advance(machine.market.step(row))
        machine.clock.advance_to(close_ms)
        changed = await self._take_news(machine, close_ms, revision)
        machine.market.append(row)
        machine.oversight.settled(row)
        await machine.take_estimated_weights(close_ms)
        outcome = machine.cycle.decide(close_ms)
        machine.ask_for_weights(close_ms)
        self._killing.bar_done()
        self._beat("bars")
        if outcome.halt_reason and self._control is not None:
            self._control.latch(outcome.halt_reason, "guard drawdown", keep_positions=False)
        await self._commit(machine, urgent=changed or outcome.urgent)
        if machine.journal.latched_elsewhere and self._control is not None:
            await self._control.adopt_latch()
        await self._send(machine, outcome.intents, close_ms)

    async def _send(self, machine: Machine, intents: tuple[Order, ...], close_ms: int) -> None:
        state = machine.kill.state
        if state is not None and state.progress is KillProgress.CANCELLING:
            await machine.kill.carry_out(close_ms)
        await withdraw_entries(machine)
        if machine.book.withdrawals and self._control is not None:
            await self._control.finish_cancels()
        if intents:
            await machine.execution.dispatch(intents, close_ms)
        if machine.execution.in_flight:
            await resolve(machine, close_ms)
        if state is not None and not state.done and not await machine.kill.prove_flat():
            await close_out_the_dead(machine)

    async def _take_news(self, machine: Machine, now_ms: int, revision: int | None = None) -> bool:
        return await take_news(machine, now_ms, revision)

    async def _commit(self, machine: Machine, urgent: bool = True) -> None:
        await self._groups.commit(machine, self.configuration.store, urgent)

    def _halt_beside(self) -> tuple[bool, str]:
        """On the watchdog's thread. A replay waits for its engine, and so does any market at full speed."""
        run = self.configuration.run
        if run.mode is Mode.REPLAY or run.speed_factor is None:
            return True, ""
        return halt_beside(self.database_path)

    async def _watch_orders(self, machine: Machine) -> None:
        """The order loop: see a latch that another process wrote while this one was idle or wedged."""
        while True:
            await asyncio.sleep(WATCH_CONTROL_S)
            self._beat("orders")
            machine.measure(self.lag.p99_ms)
            if await heed_latch(machine, self._control):
                self.start_kill()

    async def _wind_down(self, machine: Machine, ended: str) -> None:
        stop = self._stop or Stop("keep", "engine", ended)
        await wind_down(machine, self._control, stop, lambda: self._commit(machine), self._complain)
        self._met = stop.policy

    def _complain(self, text: str) -> None:
        self.say("WARN", "engine.session", text)

    def _watch(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        self._failure = failure = task.exception()
        if self._machine is not None:
            now_ms = self._machine.clock.now_ms()
            self._machine.tape.show(Event(now_ms, "ERROR", "engine.session", f"{failure}"))
        self.request_stop("keep", "engine", f"a part of the engine failed: {failure}")

    def _summary(self, machine: Machine, reason: str) -> Summary:
        now_s, trading_s = time.monotonic(), self._traded_s - self._ready_s
        return replace(
            machine.summary(reason),
            bars=self._bars,
            seconds=now_s - self._started_s,
            decisions_per_second=self._bars / trading_s if trading_s else 0.0,
            shadow=machine.lane.left_behind,
        )

    async def _close(self) -> None:
        self._watchdog.stop()
        self._details.close()
        if self._machine is not None:
            self._machine.lane.stop()
            await self._machine.refold.stop()
        try:
            if self._control is not None:
                await self._control.answer_all()
            for task in list(self._background):
                task.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)
            if self._machine is not None and self._control is not None:
                policy = self._stop.policy if self._stop else "keep"
                await leave_to_the_venue(self._machine, "keep" if policy == self._met else policy)
        finally:
            if self._machine is not None:
                await self._machine.close()


def _heavy_parts() -> Callable[[Configuration, Path, asyncio.Lock], Coroutine[None, None, Machine]]:
    """Import what stands on numba, off the loop: a screen beside it goes on painting."""
    kernel_cache.prepare()
    kernel_cache.load_numba()
    kernel_cache.warm(kernel_cache.needed_by(()))
    for late in ("engine.control", "engine.picture"):
        importlib.import_module(late)
    from engine.assembly import assemble

    return assemble
