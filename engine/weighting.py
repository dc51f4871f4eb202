"""Weights of signals that follow what the signals earned: estimated on schedule, off the loop, in effect at a bar that
is known when they are asked for.

At the close of each `every_days`-th UTC day the days so far become a stored question (one for each class), which is
worked out in a thread. At the close `effective_after_bars` later the engine waits for the answer, so that a decision
never depends on how fast it was, and neither does one made after a crash: the question is in the database, and is
worked out again. A method that is changed takes over at its first estimate; until then the configured weights stand.
One that an operator changes while the engine runs is estimated at once, and until that takes effect weights stay as
they are (`engine.method_choice`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from engine import method_choice
from engine.estimates import Standing, When, answer, ask_signals, shares_in_force, standing
from engine.signal_table import NOT_ESTIMATED, Choices, Estimated, class_shares
from store import weight_rows
from store.records import SignalClass
from strategies.blend.settings import BlendConfig
from strategies.blend.weighting.settings import Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.method_choice import Methods
    from engine.tape import Tape
    from store.database import Database
    from store.journal import Journal
    from store.weight_rows import WeightRow
    from strategies.signal import Signal

DAY_MS = 86_400_000
ESTIMATED = (SignalClass.DIRECTIONAL, SignalClass.NEUTRAL)
SOURCE = "engine.weighting"


class DailyReturns(Protocol):
    """What the `signals` [K] earned by themselves: `returns` float64 [D, K] (fraction of equity, NaN: no such day) on
    the UTC days that began at `day_ms` int64 [D], oldest first."""

    @property
    def signals(self) -> Sequence[str]: ...

    @property
    def returns(self) -> NDArray[np.float64]: ...

    @property
    def day_ms(self) -> NDArray[np.int64]: ...


class Weighting:
    """The estimated weights in force, and those under way. `shares` holds the former by signal; empty: the configured
    weights are in force. `standing` says by class what the estimates have come to. Those to come are by `method`."""

    def __init__(self, settings: BlendConfig, bar_ms: int, journal: Journal, tape: Tape) -> None:
        self._settings = settings
        self.method = settings.method
        self._bar_ms = bar_ms
        self._journal = journal
        self._tape = tape
        self._pending: list[tuple[WeightRow, asyncio.Future[str]]] = []
        self.newest: dict[str, WeightRow] = {}
        self.standing: dict[str, Standing] = {}
        self.shares: Estimated = NOT_ESTIMATED

    async def restore(self, database: Database, now_ms: int, chosen: Methods = ()) -> None:
        """Stand where the last engine stood at the close `now_ms`: what was in force, and what was under way, by the
        methods that were `chosen`."""
        configured = self._settings.method
        self.method = method_choice.in_force(chosen, configured)
        kinds = ", ".join(f"'{kind.value}'" for kind in ESTIMATED)
        stored = await weight_rows.load(database, f"WHERE kind IN ({kinds})")
        for row in method_choice.counting(stored, chosen, configured):
            if row.result:
                self._put_in_force(row)
            elif row.effective_ms > now_ms:
                self._begin(row)

    def due(self, now_ms: int) -> bool:
        """Whether an estimate takes effect with the decision at this close."""
        return bool(self._pending) and self._pending[0][0].effective_ms <= now_ms

    async def take_effect(self, now_ms: int) -> bool:
        """Wait for what is due and put it in force; True where weights changed."""
        before = self.shares
        while self.due(now_ms):
            row, work = self._pending[0]
            row = replace(row, result=await work)
            del self._pending[0]
            self._journal.weights(row)
            known = self._concerns(self.newest.get(row.kind))
            was_estimated = row.kind in self.shares
            self._put_in_force(row)
            self._tell(row, known, now_ms, was_estimated)
        return self.shares != before

    def schedule(
        self, now_ms: int, signals: Sequence[Signal], choices: Choices, record: DailyReturns
    ) -> None:
        """Begin an estimate where this close ends a day on which one is due."""
        if now_ms % (DAY_MS * self._settings.every_days):
            return
        known = record.day_ms[record.day_ms < now_ms][-self._settings.window_days :]
        if known.size >= self._settings.least_days:
            self._ask(now_ms, signals, choices, record)

    def change_method(
        self,
        method: Method,
        now_ms: int,
        signals: Sequence[Signal],
        choices: Choices,
        record: DailyReturns,
    ) -> int | None:
        """Begin an estimate by another method, whatever day it is, and give up what was under way; the close at which
        it takes effect, None where no signal that has a weight is on. A class of which none is goes back to the
        configured weights."""
        self.close()
        self._pending.clear()
        self.method = method
        effective_ms = self._ask(now_ms, signals, choices, record)
        asked = {row.kind for row, _ in self._pending}
        self.newest = {kind: row for kind, row in self.newest.items() if kind in asked}
        self.standing = {kind: known for kind, known in self.standing.items() if kind in asked}
        self.shares = shares_in_force(self.standing.values())
        return effective_ms if asked else None

    def _ask(self, now_ms: int, signals: Sequence[Signal], choices: Choices, record: DailyReturns) -> int:
        when = When(now_ms, now_ms + self._settings.effective_after_bars * self._bar_ms)
        manual = class_shares(signals, choices)
        ended = record.day_ms < now_ms
        days = record.day_ms[ended][-self._settings.window_days :]
        returns = record.returns[ended][-self._settings.window_days :]
        columns = {name: column for column, name in enumerate(record.signals)}
        for kind in ESTIMATED:
            rows = [row for row, s in enumerate(signals) if s.signal_class is kind and manual[row] > 0.0]
            if rows:
                names = [signals[row].name for row in rows]
                question = ask_signals(
                    kind.value,
                    when,
                    names,
                    [manual[row] for row in rows],
                    days,
                    returns[:, [columns[name] for name in names]],
                    replace(self._settings.weighting(), method=self.method),
                )
                self._journal.weights(question)
                self._begin(question)
        return when.effective_ms

    def awaited(self, kind: str) -> WeightRow | None:
        """The estimate of a class that is under way, and takes effect at a later close."""
        return next((row for row, _ in self._pending if row.kind == kind), None)

    def record(self, choice: WeightRow | None) -> None:
        """Keep a choice of instruments, which is answered at once and was in force with this decision already."""
        if choice is not None:
            self._journal.weights(replace(choice, result=answer(choice)))

    def close(self) -> None:
        """Wait for nothing more."""
        for _, work in self._pending:
            work.cancel()

    def _begin(self, question: WeightRow) -> None:
        work = asyncio.get_running_loop().run_in_executor(None, answer, question)
        self._pending.append((question, work))

    def _put_in_force(self, row: WeightRow) -> None:
        self.newest[row.kind] = row
        self.standing[row.kind] = standing(row, self.standing.get(row.kind))
        self.shares = shares_in_force(self.standing.values())

    def _tell(self, row: WeightRow, known: Collection[str], now_ms: int, was_estimated: bool) -> None:
        """What took effect, and what there is to worry about that was not `known` before."""
        result = json.loads(row.result)
        if fault := self.standing[row.kind].fault:
            self._tape.say(now_ms, "WARN", SOURCE, f"{row.kind} weights stay as they were: {fault}")
            return
        if row.method == Method.MANUAL and was_estimated:
            self._tape.say(now_ms, "INFO", SOURCE, f"{row.kind} weights are the configured ones again")
            facts = {"kind": row.kind, "method": row.method, "share": result["share"]}
            self._journal.audit("weights", "engine", facts, now_ms)
        if not result["days"]:
            return
        if row.method != Method.MANUAL:
            said = ", ".join(f"{name} {share:.3f}" for name, share in result["share"].items())
            self._tape.say(
                now_ms, "INFO", SOURCE, f"{row.kind} weights by {row.method} of {result['days']} days: {said}"
            )
            facts = {key: result[key] for key in ("share", "why", "days")} | {"kind": row.kind}
            self._journal.audit("weights", "engine", {**facts, "method": row.method}, now_ms)
        for concern, words in self._concerns(row).items():
            if concern not in known:
                self._tape.say(now_ms, "WARN", SOURCE, words)

    def _concerns(self, row: WeightRow | None) -> dict[str, str]:
        """Where a class leans on fewer bets than it has signals, in words, by what it is about."""
        result = json.loads(row.result) if row is not None and row.result else {}
        if row is None or not result.get("days"):
            return {}
        found = {}
        if self._settings.alert_bets > result["bets"] and len(result["share"]) > 1:
            found["bets"] = (
                f"{row.kind} signals amount to {result['bets']:.2f} independent bets, fewer than "
                f"{self._settings.alert_bets:g}"
            )
        correlation = result["correlation"]
        if correlation is not None and correlation > self._settings.alert_correlation:
            first, second = result["pair"]
            found[f"{first} {second}"] = f"{first} and {second} are nearly one: correlation {correlation:.2f}"
        return found
