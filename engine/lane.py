"""The signals in shadow, followed behind the decisions: read, judged and recorded, while nothing that is traded waits
for them or depends on them.

They follow what is durable: the bars of a feed of their own and the decisions in the database, from a cursor of their
own. So an engine that dies anywhere goes on from there, and ends with the rows of one that did not. Their heavy steps
are a thread's; a kill or a stop drops them at once, and whatever goes wrong with them ends them alone.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from engine import kernel_cache
from engine.lane_cursor import BEGINS, CURSOR, Cursor
from engine.lane_patience import COMPILES_WITHIN_S, Patience
from engine.refold import ENDS, FoldFault
from engine.signal_state import is_followed
from engine.tuning import since_ms
from engine.venues.worker import Worker
from store.history_checks import utc
from store.journal import Journal
from strategies.config import unfit_bars

if TYPE_CHECKING:
    from engine.config import Configuration
    from engine.lane_books import LaneBooks, LaneSource
    from engine.lane_view import LaneView
    from engine.machine import Machine
    from strategies.signal import Signal

Answer = TypeVar("Answer")

BEGINS_AFTER_S = 5.0
"""What a start is waited for, its first picture and decision, comes before the followers."""
LOOKS_EVERY_S = 0.5
DAY_MS = 86_400_000
SHOWN_EVERY_S = 0.25
CATCHES_UP_WITHIN_S = 300.0
MOST_OUTRUN = 3
"""How often in a run at full speed they begin anew because what they were to follow was thinned away."""
FIRST_WITHIN_S = 60.0
"""A run too short for its followers to have read anything shows them all the same."""
PACED_WITHIN_S = 5.0
"""Who paces a market looks on: what its followers have not come to where it ends is for the next run."""
TELLS_EVERY_S = 10.0
SOURCE = "engine.lane"


class Following(Enum):
    """How signals in shadow are followed: not at all, behind the decisions, or read once where the run ends."""

    OFF = auto()
    BEHIND = auto()
    AT_THE_END = auto()

    @classmethod
    def of(cls, configuration: Configuration) -> Following:
        """As [signals] shadow says; of itself nothing is read along at full speed, which is in a hurry."""
        wanted, hurries = configuration.signals.shadow, configuration.run.speed_factor is None
        if wanted == "off":
            return cls.OFF
        return cls.AT_THE_END if wanted == "auto" and hurries else cls.BEHIND


class ShadowLane:
    """The followers of one engine. `run` is its background task; everything else is called from the same loop.

    `view` is what they had come to when they were last looked at, None before they have folded their past.
    """

    def __init__(self, machine: Machine, following: Following) -> None:
        self.following = following
        self.view: LaneView | None = None
        self._machine = machine
        self._journal = Journal(machine.database)
        self._books: LaneBooks | None = None
        self._decided_ms = 0
        self._news = asyncio.Event()
        self._moved = asyncio.Event()
        self._hurried = threading.Event()
        self._finishing = self._ended = False
        self._shown_s = 0.0
        self._outrun = 0
        self._unread: frozenset[str] = frozenset()
        self._not_read = ""
        self._known: tuple[Signal, ...] = ()
        self._begins_ms: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        """Whether nothing is followed any more, by a fault or because the engine ends."""
        return self._ended

    @property
    def left_behind(self) -> str:
        """What the signals in shadow have not come to, in words, for the next run to go on from; "": nothing."""
        if self.following is not Following.BEHIND or self._caught_up:
            return self._not_read
        missed = "the decisions"
        if self._books is not None and (behind_ms := self._decided_ms - self._books.cursor.close_ms) > 0:
            missed = f"the last {behind_ms // self._machine.feed.bar_ms} decisions"
        return f"signals in shadow have not followed {missed} yet; the next run goes on where they stand"

    @property
    def follows_any(self) -> bool:
        """Whether signals that nobody chose for are followed at all."""
        return self.following is not Following.OFF

    def follows(self, signal: Signal) -> bool:
        """Whether a signal is one of those followed, now or once the past is folded."""
        return (
            self.follows_any
            and is_followed(signal, self._machine.book.choices)
            and signal.bar_ms % self._machine.feed.bar_ms == 0
        )

    def would_follow(self, signal: Signal) -> bool:
        """Whether a signal follows the decisions bar by bar once no operator has chosen anything for it."""
        return self.following is Following.BEHIND and is_followed(signal, {})

    def wanted(self) -> tuple[Signal, ...]:
        """The signals to be followed now."""
        return tuple(signal for signal in self._machine.known_signals if self.follows(signal))

    def restore(self, states: Mapping[str, Any], until_ms: int, fresh: bool) -> None:
        """At a start that trades on from the close `until_ms`: where the followers begin is durable before the first
        decision they follow. `fresh`: it is the account's first."""
        self._decided_ms, known, begins = until_ms, states.get(CURSOR), states.get(BEGINS, "{}")
        self._known = self.wanted()
        if self.following is not Following.BEHIND:
            if known or begins != "{}":
                # What is not followed is not made up for: their readings end here.
                self._machine.journal.state(CURSOR, "")
                self._machine.journal.state(BEGINS, "{}")
            return
        # What cannot be read is said by their own task, and ends them alone.
        with suppress(ValueError, TypeError):
            self._begins_ms = json.loads(begins)
            if known:
                self._begin_unknown(Cursor.loads(known), until_ms)
        if not known:
            first_ms = self._begin_with_first(until_ms)
            self._machine.journal.state(CURSOR, Cursor(first_ms, fresh, {}).dumps())

    def decided(self, close_ms: int) -> None:
        """Every decision up to this close is durable."""
        self._decided_ms = close_ms
        self._news.set()

    def look(self) -> None:
        """The operator has chosen otherwise: see who is followed now, and from this close on. It is durable with the
        command."""
        before, self._known = self._known, self.wanted()
        new = [signal.name for signal in self._known if not any(signal is known for known in before)]
        self._begin(new, self._machine.clock.now_ms())
        self._news.set()

    def _begin_unknown(self, cursor: Cursor, until_ms: int) -> None:
        """Those that did not take the bars so far, though they could, are new with this start, or were configured
        otherwise before."""
        if cursor.settings:
            new = (signal.name for signal in self._known if not cursor.knows(signal))
            # Who begins where they stand takes the bars after it.
            self._begin([name for name in new if self._begins_ms.get(name, 0) < cursor.close_ms], until_ms)

    def _begin_with_first(self, until_ms: int) -> int:
        """Where nobody took bars any more: the close of the first of those that an operator let begin since, else that
        of this start, with which the others begin."""
        names = [signal.name for signal in self._known]
        begins_ms = [self._begins_ms[name] for name in names if name in self._begins_ms]
        if begins_ms:
            self._begin([name for name in names if name not in self._begins_ms], until_ms)
        return min(begins_ms, default=until_ms)

    def _begin_at(self) -> dict[str, int]:
        """By name, the close from which on what is said is about a signal as it is."""
        tuned_ms = since_ms(self._machine.book.tunings)
        return tuned_ms | {name: max(ms, tuned_ms.get(name, ms)) for name, ms in self._begins_ms.items()}

    def _begin(self, names: Sequence[str], close_ms: int) -> None:
        """Let signals be followed from a close on, and nothing older be about them."""
        if names and self.following is Following.BEHIND:
            self._begins_ms |= dict.fromkeys(names, close_ms)
            self._machine.journal.state(BEGINS, json.dumps(self._begins_ms))

    def hurry(self) -> None:
        """Leave the processor to something urgent at once, for as long as it takes."""
        self._hurried.set()

    def stop(self) -> None:
        """Take no further bar: the engine ends. What a thread is still about is dropped, and done anew at a start."""
        self._ended = True
        self._hurried.set()
        self._news.set()
        self._moved.set()

    async def run(self) -> None:
        """Follow until stopped. Whatever goes wrong is said, and ends the followers alone."""
        if self.following is not Following.BEHIND:
            return
        worker = Worker("shadow lane")
        try:
            await self._wait(self._news, BEGINS_AFTER_S, until=lambda: self._finishing)
            while not self._ended:
                self._news.clear()
                # A fold that made way for something urgent is begun again.
                with suppress(FoldFault):
                    if await self._step(worker):
                        continue
                await self._wait(self._news, LOOKS_EVERY_S, until=self._news.is_set)
        except Exception as fault:  # noqa: BLE001 - a plug-in, a file and a disk fail in ways of their own
            words = " ".join(str(fault).split()) or type(fault).__name__
            self._say("ERROR", f"signals in shadow are followed no further: {words}")
        finally:
            self._ended = True
            self._moved.set()
            worker.stop()

    async def finish(self, given_up: Callable[[], bool], beat: Callable[[], None]) -> None:
        """Where a run ends by itself: come to its last decision, unless that is `given_up` or takes very long; says
        with `beat` once in a while that it does, and what could not be followed here."""
        self._say_unread()
        if self.following is Following.AT_THE_END:
            await self._read_once(given_up, beat)
            return
        self._finishing = True
        self._news.set()
        hurries = self._machine.configuration.run.speed_factor is None
        paced_s = FIRST_WITHIN_S if self.view is None else PACED_WITHIN_S
        within_s, words = CATCHES_UP_WITHIN_S if hurries else paced_s, "catch up with the last decision"
        await self._come_to(lambda: self._caught_up, given_up, beat, Patience(within_s), words)
        if not self._ended and self.left_behind:
            self._say("WARN", self.left_behind)

    async def _come_to(
        self,
        done: Callable[[], bool],
        given_up: Callable[[], bool],
        beat: Callable[[], None],
        patience: Patience,
        words: str,
    ) -> None:
        """Wait until it is `done`, while there is patience, saying what for and how far a compiler is."""
        told, told_s = False, 0.0
        while not (done() or given_up() or self._ended):
            self._moved.clear()
            await self._wait(self._moved, LOOKS_EVERY_S, until=self._moved.is_set)
            beat()
            if done():
                return
            if not told:
                told = True
                self._say("INFO", f"signals in shadow {words}; a stop ends that")
            compiling, now_s = kernel_cache.compiling(), time.monotonic()
            if not patience.lasts(now_s, compiles=bool(compiling)):
                return
            if compiling and now_s - told_s >= TELLS_EVERY_S:
                told_s = now_s
                until = f"waited for {COMPILES_WITHIN_S:g} s at most, and a stop ends that"
                self._say("INFO", f"signals in shadow: {compiling}; {until}", kernel_cache.SOURCE)

    @property
    def _caught_up(self) -> bool:
        # What they are shown to have come to is durable; their books may be ahead of it.
        if self.view is None:
            return not self.wanted()
        return self.view.now_ms >= self._decided_ms and self.view.signals == self.wanted()

    async def _step(self, worker: Worker) -> bool:
        """Do one thing that is due; False where nothing is."""
        kill = self._machine.kill.state
        if (kill is not None and not kill.done) or self._machine.refold.turn.locked():
            return False
        self._hurried.clear()
        if self._ended:
            return False
        books, wanted = self._books, self.wanted()
        if books is None:
            if wanted:
                await self._open(worker)
            return bool(wanted)
        close_ms, begins_ms = books.cursor.close_ms, self._begin_at()
        begun = tuple(signal for signal in wanted if begins_ms.get(signal.name, 0) <= close_ms)
        if not all(signal in begun for signal in books.signals):
            await self._let_go(worker, books, begun)
            return True
        if books.signals != begun:
            await self._open(worker)
            return True
        if close_ms >= self._decided_ms:
            return False
        if self._outrun >= MOST_OUTRUN and self._hurries:
            return False
        began_s = time.monotonic()
        # Whoever begins later is taken up where it begins.
        later_ms = (begins_ms[signal.name] for signal in wanted if signal not in begun)
        until_ms = min((self._decided_ms, *later_ms))
        anew_ms = await worker.ask(partial(books.follow, until_ms, self._hurried))
        if anew_ms is not None:
            await self._begin_anew(worker, books, anew_ms)
            return True
        await self._journal.commit()
        await self._show(worker, books)
        if self._hurries:
            # At full speed the bars and their followers want the same processor: each has half of it.
            await asyncio.sleep(time.monotonic() - began_s)
        return True

    @property
    def _hurries(self) -> bool:
        """Whether bars pass as fast as they can."""
        return not self._finishing and self._machine.configuration.run.speed_factor is None

    async def _begin_anew(self, worker: Worker, books: LaneBooks, anew_ms: int) -> None:
        """Go on where decisions are and stay kept. A run that thins them faster than they can be followed is left to
        end."""
        if days := self._machine.configuration.store.retention.decision_days:
            # What is old by now goes, too, however far thinning has come.
            anew_ms = max(anew_ms, (self._decided_ms // DAY_MS - days) * DAY_MS)
        await worker.ask(partial(books.begin_anew, anew_ms, self._begin_at(), self._hurried))
        words = f"decisions up to {utc(anew_ms)} UTC were thinned: signals in shadow begin anew there"
        self._outrun += 1
        if self._outrun >= MOST_OUTRUN and self._hurries:
            words = f"{words}, for the {self._outrun}. time: at this speed they go on where the run ends"
        self._say("WARN", words)

    async def _let_go(self, worker: Worker, books: LaneBooks, wanted: tuple[Signal, ...]) -> None:
        kept = tuple(signal for signal in books.signals if signal in wanted)
        if not kept:
            self._books = self.view = None
            self._journal.state(CURSOR, "")
            await self._journal.commit()
            return
        await worker.ask(partial(books.let_go, kept))
        await self._show(worker, books, at_once=True)

    async def _open(self, worker: Worker) -> None:
        from engine.lane_books import Ends, LaneBooks

        source = await worker.ask(self._source)
        ends = Ends(self._decided_ms, self._begin_at())
        opened = partial(LaneBooks.open, source, self._journal, self.wanted(), ends, self._hurried)
        self._books = await worker.ask(opened)
        await self._show(worker, self._books, at_once=True)

    def _source(self) -> LaneSource:
        from engine.lane_books import LaneSource
        from engine.shadow_terms import Terms

        machine = self._machine
        parameters, venue = machine.cycle.parameters, machine.configuration.venue
        # What signals in shadow would hold has prices here whether or not it is listed to be traded.
        feed = machine.feed.beside(options=True)
        return LaneSource(
            feed,
            machine.market_maker(feed),
            Terms.of(
                machine.feed.instruments, venue.half_spread_bps, parameters, venue.option_half_spread_bps
            ),
            parameters.volatility_target,
            machine.database.path,
        )

    def _say_unread(self) -> None:
        """Name the signals that would be followed and that this market has no bars for."""
        machine = self._machine
        for signal in machine.known_signals:
            unfit = unfit_bars(signal, machine.feed.bar_ms)
            if unfit and self.follows_any and is_followed(signal, machine.book.choices):
                self._say("WARN", f"{signal.name} is not read: {unfit}", f"signals.{signal.name}")

    async def _show(self, worker: Worker, books: LaneBooks, at_once: bool = False) -> None:
        """Publish where the followers stand, not more often than anybody looks."""
        now_s = time.monotonic()
        if not at_once and now_s - self._shown_s < SHOWN_EVERY_S and books.cursor.close_ms < self._decided_ms:
            return
        self._shown_s = now_s
        decided_with = self._machine.market.forecasts.past()
        self.view = view = await worker.ask(partial(books.view, decided_with))
        self._moved.set()
        for name, fault in books.fresh_faults():
            self._say("ERROR", f"{name} failed and has no opinion: {fault}", f"signals.{name}")
        for name, words in view.lacking.items():
            if name not in self._unread:
                self._say("WARN", f"{name} in shadow: {words}", f"signals.{name}")
        self._unread = frozenset(view.lacking)

    async def _read_once(self, given_up: Callable[[], bool], beat: Callable[[], None]) -> None:
        """Read every signal in shadow at the last close, for a run that nothing followed."""
        from engine.lane_once import read_once

        machine, worker = self._machine, Worker("shadow once")
        if not self._ended:
            # What they made way for is over, or ends this as well.
            self._hurried.clear()
        job = partial(
            read_once, machine.feed, machine.database.path, self._journal, self.wanted(), machine.clock.now_ms(),
            self._hurried,
        )  # fmt: skip
        try:
            answer = worker.ask(job)
            answer.add_done_callback(lambda _: self._moved.set())
            words, patience = "are read at the last close", Patience(CATCHES_UP_WITHIN_S)
            await self._come_to(answer.done, given_up, beat, patience, words)
            if not answer.done():
                why = (
                    "their kernels are still compiling" if kernel_cache.compiling() else "they take too long"
                )
                self._hurried.set()
                answer.cancel()
                raise FoldFault(ENDS if given_up() else why)
            for name, words in answer.result():
                self._say("WARN", f"{name} in shadow: {words}", f"signals.{name}")
            await self._journal.commit()
        except FoldFault as fault:
            self._not_read = f"signals in shadow are not read: {fault}; the next run reads them"
            self._say("WARN", self._not_read)
        except Exception as fault:  # noqa: BLE001 - a plug-in, a file and a disk fail in ways of their own
            self._not_read = f"signals in shadow are not read: {' '.join(str(fault).split())}"
            self._say("ERROR", self._not_read)
        finally:
            worker.stop()

    async def _wait(self, event: asyncio.Event, seconds: float, until: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + seconds
        while not (self._ended or until()) and (left_s := deadline_s - time.monotonic()) > 0.0:
            try:
                async with asyncio.timeout(left_s):
                    await event.wait()
            except TimeoutError:
                return
            if not until():
                event.clear()

    def _say(self, level: str, words: str, source: str = SOURCE) -> None:
        self._machine.tape.say(self._machine.clock.now_ms(), level, source, words)
