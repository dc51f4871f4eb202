"""Commands of the operator and of guards on a running machine, each audited with the state before and after.

A kill latches first and answers as soon as the latch is durable; everything else about it happens behind.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.commands import Command, CommandKind, CommandResult
from engine.dealings import resolve, withdraw_entries, withdraw_unwanted
from engine.interventions import BEGIN, STILL_ASKING, begin, ending
from engine.kill import KillProgress, KillState
from engine.lifecycle import is_open
from engine.machine import Machine
from engine.oversight import OPERATOR_PAUSE
from engine.refold import Folded, FoldFault
from engine.requests import GIVEN_UP, LEFT, STATE, UNDER_WAY, Request, Requests
from engine.signal_wishes import to_fold
from engine.tuning import not_computed
from risk.state import OPERATOR, find
from store import recall
from store.latch import DONE
from store.records import Event, Override, TradingState
from store.rows import CommandRow

if TYPE_CHECKING:
    from engine.session import Session

RESUME_WORD = "RESUME"
# Less than a peer on the socket waits for its answer.
BAR_ENDS_WITHIN_S = 3.0
BAR_FAILED = "nothing was changed: the bar in progress failed, and the engine ends"
TOO_LATE = "HALTED is stored, but the engine is ending and may close nothing: run `quarterdeck kill`"
ENDS = "nothing was changed: the engine ends"
OVER = "nothing was changed: the run has decided its last bar, and no further one comes to carry it out"
HOLDS_OVER = (CommandKind.RESUME, CommandKind.PAUSE, CommandKind.REDUCE, CommandKind.CANCEL)
"""What needs no further bar: the next run begins with it."""
BAR_HANGS = "nothing was changed: the bar in progress does not end (a kill works all the same)"
Handler = Callable[[Command], Coroutine[Any, Any, CommandResult]]

_PROGRESS = {"flat": KillProgress.FLAT, "kept": KillProgress.KEPT, "flattening": KillProgress.FLATTENING}


class Control:
    """The one place where commands change a machine."""

    def __init__(self, session: Session, machine: Machine) -> None:
        self._session = session
        self._machine = machine
        self._at_once: dict[CommandKind, Handler] = {
            CommandKind.KILL: self._kill,
            CommandKind.STOP: self._stop,
        }
        self._between_bars: dict[CommandKind, Handler] = {
            CommandKind.RESUME: self._resume,
            CommandKind.PAUSE: self._pause,
            CommandKind.REDUCE: self._reduce,
            **dict.fromkeys(BEGIN, self._intervene),
        }
        self._begun: set[asyncio.Task[CommandResult]] = set()
        self._requests = Requests(machine.journal)
        self._ended = False

    @classmethod
    async def open(cls, session: Session, machine: Machine) -> Control:
        """The control of a machine that stands where its database does, with the requests that are left there."""
        control = cls(session, machine)
        states = await recall.session_state(machine.database)
        control._requests.restore(states.get(STATE, "[]"))
        return control

    async def execute(self, command: Command) -> CommandResult:
        """Carry out one command and answer when it has taken effect; it is finished even if nobody waits for it."""
        begun = asyncio.ensure_future(self._carry_out(command))
        self._begun.add(begun)
        begun.add_done_callback(self._begun.discard)
        if command.patience_s is not None:
            await asyncio.wait({begun}, timeout=command.patience_s)
            if not begun.done() and self._requests.durable(command):
                return CommandResult(True, UNDER_WAY, self._machine.oversight.state.name)
        return await asyncio.shield(begun)

    async def answer_all(self) -> None:
        """Where the engine ends: let whoever still waits be answered while the database is open; bounded."""
        if self._begun:
            await asyncio.wait(self._begun, timeout=BAR_ENDS_WITHIN_S)
        self._ended = True

    async def take_up(self) -> None:
        """Go on with what earlier engines were asked and did not come to, before what is asked of the same signals from
        now on; the log says what becomes of each."""
        await asyncio.gather(*(self._take_up(request) for request in self._requests))

    async def _take_up(self, request: Request) -> None:
        if request.outlived:
            self._complain((await self._refuse(request.command, GIVEN_UP)).message)
        else:
            await self.execute(request.command)

    async def _carry_out(self, command: Command) -> CommandResult:
        """A kill and a stop wait for nobody; what changes the account's memory waits until no bar is half done, but
        not so long that it would surprise whoever gave it up."""
        if command.kind in self._at_once:
            return await self._at_once[command.kind](command)
        if to_fold(self._machine, command) or self._requests.concern(command):
            return await self._fold_first(command)
        return await self._between(command)

    async def _fold_first(self, command: Command) -> CommandResult:
        """Bars and commands go on while signals that were not computed are folded beside them. Before they are taken
        over nothing is durable but that it was asked."""
        machine = self._machine
        await self._hold(command)
        async with machine.refold.turn:
            # After the last bar nothing is folded for it, and nobody makes way.
            if machine.refold.ends or self._session.phase in ("finished", "stopping"):
                return CommandResult(True, LEFT, machine.oversight.state.name)
            machine.lane.hurry()
            folded, wanted = None, to_fold(machine, command)
            try:
                if wanted:
                    names = [signal.name for signal in not_computed(machine.signals, wanted)]
                    words = f"{', '.join(names)}: the past is folded beside the bars"
                    machine.tape.say(machine.clock.now_ms(), "INFO", "engine.refold", words)
                    folded = await machine.refold.beside(wanted, lambda: machine.market.now_ms)
                result = await self._between(command, folded)
            except FoldFault as fault:
                if machine.refold.ends:
                    return CommandResult(True, LEFT, machine.oversight.state.name)
                result = await self._refuse(command, f"nothing was changed: {fault}")
            if not result.accepted:
                self._complain(result.message)
            return result

    async def _hold(self, command: Command) -> None:
        """Make a request durable behind the bars decided before it, so that no restart comes to it earlier; where a bar
        hangs, alone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(BAR_ENDS_WITHIN_S), self._machine.books:
                if not self._machine.half_done:
                    await self._commit()
        await self._requests.hold(command)

    def _complain(self, words: str) -> None:
        self._machine.tape.say(self._machine.clock.now_ms(), "ERROR", "engine.refold", words)

    async def _between(self, command: Command, folded: Folded | None = None) -> CommandResult:
        machine = self._machine
        try:
            async with asyncio.timeout(BAR_ENDS_WITHIN_S):
                await machine.books.acquire()
        except TimeoutError:
            return await self._refuse(command, BAR_HANGS)
        try:
            refusal = self._refusal(command)
            if refusal and self._requests.durable(command):
                return CommandResult(True, LEFT, machine.oversight.state.name)
            if refusal:
                return await self._refuse(command, refusal)
            if folded is not None:
                await folded.complete(machine.market)
                machine.folded = folded.market
            return await self._between_bars[command.kind](command)
        finally:
            machine.folded = None
            machine.books.release()

    def _refusal(self, command: Command) -> str:
        """Why no command of its kind changes anything now; "" where it may."""
        if self._machine.half_done:
            return BAR_FAILED
        if self._session.phase == "finished" and command.kind not in HOLDS_OVER:
            return OVER
        return ENDS if self._session.phase == "stopping" else ""

    async def _refuse(self, command: Command, words: str) -> CommandResult:
        machine, state = self._machine, self._machine.oversight.state
        return await machine.journal.commit_apart(lambda: self._answer(command, False, words, state))

    def latch(self, reason: str, actor: str, keep_positions: bool) -> None:
        """HALTED, gathered for the caller's commit; used by guards inside a bar and by the kill command."""
        machine, now_ms = self._machine, self._machine.clock.now_ms()
        machine.oversight.halt(actor, reason, now_ms, keep_positions)
        machine.kill.latch(
            KillState(KillProgress.CANCELLING, keep_positions, actor, reason, int(time.time() * 1e3), now_ms)
        )
        machine.tape.say(now_ms, "ERROR", "engine.kill", f"HALTED by {actor}: {reason}")

    async def adopt_latch(self) -> None:
        """Take over a halt found in the database: from before a restart, or written by another process."""
        machine = self._machine
        control = await machine.journal.load_control()
        if control is None or control.state is not TradingState.HALTED:
            return
        known = machine.kill.state
        if known is not None and known.keep_positions == control.keep_positions:
            if known.done and control.progress not in DONE:
                # Whoever asked once more while this one was ending has written over how far it had come.
                await machine.journal.commit_apart(lambda: machine.kill.latch(known))
            return
        progress = _PROGRESS.get(control.progress, KillProgress.CANCELLING)
        machine.kill.state = KillState(
            progress,
            control.keep_positions,
            control.actor,
            control.reason,
            control.wall_ms,
            control.market_ts_ms,
        )
        now_ms = machine.clock.now_ms()
        machine.oversight.halt(
            control.actor, control.reason, control.market_ts_ms or now_ms, control.keep_positions
        )
        machine.tape.say(now_ms, "ERROR", "engine.kill", f"HALTED by {control.actor}: {control.reason}")

    async def _kill(self, command: Command) -> CommandResult:
        """A bar may be half done (or hang): the latch waits for nobody, and makes nothing of it durable."""
        result = await self._machine.journal.commit_apart(lambda: self._latched(command))
        if self._ended:
            self._machine.tape.show(Event(self._machine.clock.now_ms(), "ERROR", "engine.kill", TOO_LATE))
            return replace(result, message=TOO_LATE)
        self._session.start_kill()
        return result

    def _latched(self, command: Command) -> CommandResult:
        machine = self._machine
        keep = command.arguments.get("keep_positions", "false") == "true"
        known, before = machine.kill.state, machine.oversight.state
        if known is not None and known.keep_positions <= keep:
            return self._answer(command, True, f"already HALTED ({known.progress.value})", before)
        self.latch(command.reason or "kill switch", command.actor, keep)
        what = "HALTED; cancelling" + ("" if keep else " and flattening")
        return self._answer(command, True, what, before)

    async def finish_cancels(self) -> dict[str, CommandResult]:
        """Cancel what operators want cancelled; each order that has ended, with the answer to who asked. The caller
        holds the books and commits."""
        machine, told = self._machine, {}
        for order in await withdraw_unwanted(machine):
            wanted = machine.book.withdrawals.pop(order.client_order_id)
            accepted, message = ending(order)
            now_ms = machine.clock.now_ms()
            facts = {
                "order": order.client_order_id,
                "before": wanted.before,
                "after": order.status.value,
            }
            machine.journal.audit("cancel ended", wanted.actor, facts, now_ms)
            machine.tape.say(now_ms, "WARN", "engine.interventions", f"{message}, by {wanted.actor}")
            command = Command(
                CommandKind.CANCEL, wanted.actor, wanted.reason, {"order": order.client_order_id}
            )
            told[order.client_order_id] = self._answer(command, accepted, message, machine.oversight.state)
        return told

    async def _intervene(self, command: Command) -> CommandResult:
        """What `engine.interventions` begins is durable before the venue hears of it."""
        machine = self._machine
        begun, before = begin(machine, command), machine.oversight.state
        if begun.withdraws:
            # How an order ends is the venue's to say; the command is journalled with that.
            await self._commit()
            told = (await self.finish_cancels()).get(begun.withdraws)
            await self._commit()
            return told or CommandResult(True, STILL_ASKING.format(begun.withdraws), before.name)
        result = self._answer(command, begun.accepted, begun.message, before)
        await self._commit()
        await withdraw_entries(machine)
        await machine.execution.dispatch(begun.sends, machine.clock.now_ms())
        await resolve(machine, machine.clock.now_ms())
        sent = [machine.execution.orders[order.client_order_id] for order in begun.sends]
        refused = [order.reason for order in sent if not is_open(order)]
        if refused:
            return replace(result, message=f"{result.message}; refused now, asked again: {refused[0]}")
        return result

    async def _commit(self) -> None:
        """Make what changed the account's memory durable with all of it; only while no bar is half done."""
        self._machine.cycle.store_book()
        await self._machine.journal.commit()

    async def _resume(self, command: Command) -> CommandResult:
        result = self._resumed(command)
        await self._commit()
        return result

    def _resumed(self, command: Command) -> CommandResult:
        machine = self._machine
        before = machine.oversight.state
        if command.arguments.get("confirm") != RESUME_WORD:
            return self._answer(
                command, False, f"not resumed: the word {RESUME_WORD} must be typed out", before
            )
        if not command.reason:
            return self._answer(command, False, "not resumed: a reason is needed", before)
        kill = machine.kill.state
        if kill is not None and not kill.done:
            return self._answer(
                command, False, f"not resumed: the kill is still {kill.progress.value}", before
            )
        now_ms = machine.clock.now_ms()
        machine.oversight.resume(now_ms, command.reason)
        machine.kill.release()
        if machine.cycle.totals is not None and before is TradingState.HALTED:
            machine.ledger.high_water_mark = machine.cycle.totals.equity
            machine.cycle.record_equity(now_ms)
        machine.tape.say(now_ms, "WARN", "engine.control", f"resumed by {command.actor}: {command.reason}")
        return self._answer(command, True, f"resumed, now {machine.oversight.state.name}", before)

    async def _pause(self, command: Command) -> CommandResult:
        return await self._restrict(command, OPERATOR_PAUSE, "entries paused")

    async def _reduce(self, command: Command) -> CommandResult:
        return await self._restrict(command, "operator reduce", "reducing only")

    async def _restrict(self, command: Command, name: str, what: str) -> CommandResult:
        result = self._restricted(command, name, what)
        await self._commit()
        await withdraw_entries(self._machine)
        return result

    def _restricted(self, command: Command, name: str, what: str) -> CommandResult:
        machine = self._machine
        before, now_ms = machine.oversight.state, machine.clock.now_ms()
        known = find(machine.oversight.overrides, name, "")
        if known is not None and not _may_change(command, known):
            return self._answer(command, True, f"{what} by {known.actor} as before: {known.reason}", before)
        if command.arguments.get("on", "true") == "false":
            machine.oversight.lift(name, now_ms, command.reason or "operator")
            message = f"{what}: ended"
        else:
            machine.oversight.impose(
                Override(name, TradingState.REDUCING, command.actor, command.reason or what, now_ms, OPERATOR)
            )
            message = what
        machine.tape.say(now_ms, "WARN", "engine.control", f"{message} by {command.actor}")
        return self._answer(command, True, message, before)

    async def _stop(self, command: Command) -> CommandResult:
        policy = command.arguments.get("policy", self._machine.stop_policy)
        state = self._machine.oversight.state
        known = policy in ("keep", "cancel", "flatten")
        message = (
            f"stopping ({policy})" if known else f"unknown stop policy {policy}: keep, cancel or flatten"
        )
        result = await self._machine.journal.commit_apart(
            lambda: self._answer(command, known, message, state)
        )
        if known:
            self._session.request_stop(policy, command.actor, command.reason or "stop")
        return result

    def _answer(self, command: Command, accepted: bool, message: str, before: TradingState) -> CommandResult:
        """Journal and audit the command with its outcome (not yet committed), and say it to who asked."""
        after = self._machine.oversight.state
        self._requests.let_go(command)
        self._machine.journal.command(
            CommandRow(
                actor=command.actor,
                kind=command.kind.value,
                arguments=command.arguments,
                reason=command.reason,
                accepted=accepted,
                message=message,
                state_before=before.name,
                state_after=after.name,
                market_ts_ms=self._machine.clock.now_ms(),
            )
        )
        return CommandResult(accepted, message, after.name)


def _may_change(command: Command, known: Override) -> bool:
    """A passing hold, known by its reason, leaves alone what was asked for on purpose: the screen that begins or ends
    it has seen less than the engine. It takes over another one's hold, but ends only its own, or that of `whose`."""
    hold = command.arguments.get("hold")
    if hold is None:
        return True
    ending = command.arguments.get("on") == "false"
    return known.reason == hold and (
        not ending or known.actor == command.arguments.get("whose", command.actor)
    )
