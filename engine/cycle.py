"""What one bar changes: the books by the venue's news, the mark, guards, the decision, the orders it asks for.

Everything here is synchronous between two awaits of the session and gathers its rows in the journal, so that one
transaction holds all of it. Nothing here reads a wall clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from engine.booking import Booking
from engine.bookstate import BookState
from engine.cost_band import CostBand, scalars
from engine.decision import STAGES, Decider, Decision, Parameters, Portfolio, RiskInputs, SignalTable
from engine.decision import Readings as DecisionReadings
from engine.execution import Execution
from engine.ledger import Ledger
from engine.leg_book import LegBook
from engine.leg_columns import universe_part
from engine.market import MarketState
from engine.neutral_book import NeutralBook
from engine.ordering import Ordering
from engine.overlay_watch import overlay_news
from engine.oversight import Oversight
from engine.reading_log import ReadingLog
from engine.reconcile import News
from engine.shadow import Shadow
from engine.tape import Tape
from engine.tuning import since_ms
from engine.valuation import Valuation, Worth, mark_price
from risk.kelly import kelly_cap
from risk.parameters import RiskParameters
from store.journal import Journal
from store.reading_rows import Reading
from store.records import (
    ZERO,
    Instrument,
    LedgerTotals,
    Order,
    TradingState,
)
from store.rows import DecisionRow
from strategies.blend.rules import PLAIN_RULES, BlendRules
from strategies.signal import Signal

KELLY_DAYS = 90
BOOK, DAYS = "book", "days"
TRAIL = 24
OVERLAY = STAGES.index("overlay")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the session must do after a bar: make it durable if `urgent`, then send `intents` (or carry out a kill)."""

    ts_ms: int
    intents: tuple[Order, ...]
    urgent: bool
    halt_reason: str
    decision: Decision
    totals: LedgerTotals


class BarCycle:
    """The books of one account moving through bars. `instruments`: the universe, then the legs beside it; a decision is
    as wide as both together only while a leg is wanted or held."""

    def __init__(
        self,
        market: MarketState,
        instruments: Iterable[Instrument],
        ledger: Ledger,
        execution: Execution,
        journal: Journal,
        book: BookState,
        oversight: Oversight,
        decider: Decider,
        parameters: RiskParameters,
        weights: np.ndarray,
        tape: Tape,
        passive: bool = False,
        rules: BlendRules = PLAIN_RULES,
        costs: CostBand | None = None,
    ) -> None:
        self._market = market
        self._instruments = tuple(instruments)
        self._ledger = ledger
        self._execution = execution
        self._journal = journal
        self._book = book
        self._oversight = oversight
        self._decider = decider
        self._universe = len(market.symbols)
        self._legs = market.legs.instruments
        self.parameters = parameters
        self._rules = rules
        self._costs = costs
        self.cost_band: np.ndarray | None = None
        self.weights = weights
        self._tape = tape
        self._booking = Booking(ledger, execution, journal, book, oversight, tape)
        self._ordering = Ordering(market, self._instruments, ledger, execution, book, parameters, passive)
        self._fdm = 1.0
        self._kelly = 1.0
        self._index = {instrument.symbol: index for index, instrument in enumerate(self._instruments)}
        self._quantity = np.zeros(len(self._instruments))
        self._no_holds = np.zeros(self._universe)
        self._readings = ReadingLog(journal, [signal.name for signal in market.signals], market.symbols)
        self.totals: LedgerTotals | None = None
        self.decision: Decision | None = None
        self.shadow: Shadow | None = None
        self.neutral = NeutralBook(
            self._instruments[: self._universe], market, parameters.allow_short, market.legs.instruments
        )
        self._leg_book = LegBook(market, self.neutral, Parameters(decider.table, parameters, rules))
        self._valuation = Valuation(self._instruments)
        self._worth = Worth(ZERO, {}, 0.0)
        self._trail: deque[np.ndarray] = deque(maxlen=TRAIL)

    def weigh(self, table: SignalTable, weights: np.ndarray) -> None:
        """Decide with these weights from now on."""
        parameters = Parameters(table, self.parameters, self._rules)
        self._decider = Decider(parameters, self._universe)
        self._leg_book.weigh(parameters)
        self.weights = weights
        self._fdm = self._market.forecast_multiplier(weights)
        self.neutral.weigh(self._market.signals, table)
        if self.shadow is not None:
            self.shadow.weigh(table)

    def compute(
        self,
        signals: Sequence[Signal],
        table: SignalTable,
        weights: np.ndarray,
        elsewhere: Collection[str] = (),
    ) -> None:
        """Go on with other signals, or other parameters of them, which the market is now folded with; what those say
        that are not computed here from now on is written `elsewhere`, or ends."""
        since = since_ms(self._book.tunings)
        if self.shadow is not None:
            self.shadow = self.shadow.moved_to(signals, table, since)
        names = [signal.name for signal in signals]
        self._readings = self._readings.of(
            names, self._market.readings.closed_ms if self._book.decisions else (), since, elsewhere
        )
        self.weigh(table, weights)

    def leave_readings(self, signals: Collection[str]) -> None:
        """What these say is written by those who follow the decisions."""
        self._readings.leave(signals)

    def end_reading(self, signal: str) -> None:
        """Nobody hears a signal from the next bar on that followed the decisions so far."""
        self._readings.end(signal)

    @property
    def marks(self) -> dict[str, Decimal]:
        """The newest close of every position held, on its instrument's tick."""
        closes, held = self._market.closes, [self._index[symbol] for symbol in self._worth.values]
        return {self._instruments[n].symbol: mark_price(self._instruments[n], float(closes[n])) for n in held}

    def trail(self, index: int) -> tuple[float, ...]:
        """The last forecasts of one symbol, oldest first."""
        return tuple(float(forecasts[index]) for forecasts in self._trail)

    def take(self, news: News, now_ms: int) -> bool:
        """Book what the venue told; True where anything changed."""
        booked = self._booking.take(news, now_ms)
        for symbol, quantity in booked.quantities.items():
            self._quantity[self._index[symbol]] = float(quantity)
        return booked.changed

    def decide(self, now_ms: int) -> Outcome:
        """Mark the books at the close of the newest bar, let guards speak, decide, and gather all rows."""
        if self._market.legs.instruments is not self._legs:
            self._list_legs()
        totals = self._mark(now_ms)
        equity = float(totals.equity)
        paired = self._leg_book.paired
        changes = self._oversight.step(now_ms, totals, self._market, self._book.forecast, paired)
        halt_reason = next((change.message for change in changes if change.flatten), "")
        self._note_day(now_ms, equity)
        for signal, fault in self._market.fresh_faults():
            self._tape.say(
                now_ms, "ERROR", f"signals.{signal}", f"{signal} failed and has no opinion: {fault}"
            )
        for signal in self.neutral.fresh_idle():
            text = f"{signal} has a weight and holds nothing: its legs are not listed in this market"
            self._tape.say(now_ms, "WARN", f"signals.{signal}", text)
        for level, signal, text in overlay_news(self._market, self._decider.table, self._book.overlays):
            self._tape.say(now_ms, level, f"signals.{signal}", text)
        decision = self._decide(now_ms, totals)
        self._remember(now_ms, decision)
        halt_reason = halt_reason or self._halt_reason(decision)
        halted = decision.halt or self._oversight.state is TradingState.HALTED
        flattened = self._oversight.flattened
        intents = [] if halted else self._ordering.intents(now_ms, decision, flattened)
        if halted and self._oversight.flattening:
            intents = self._ordering.leftovers(now_ms)
        elif halted and self._oversight.keep_positions:
            intents = self._ordering.missing_exits(now_ms)
        for order in intents:
            self._execution.intend(order)
        own = universe_part(decision, self._universe)
        if self.shadow is not None:
            beside = decision.current[self._universe :]
            for day in self.shadow.fold(now_ms, own, self.neutral.held, beside):
                self._journal.signal_day(day)
        self._write(now_ms, decision, totals)
        self._book.cursor_ms = now_ms
        self._book.decisions += 1
        self.decision, self.totals = decision, totals
        return Outcome(now_ms, tuple(intents), bool(intents or halt_reason), halt_reason, decision, totals)

    def record_equity(self, now_ms: int) -> LedgerTotals:
        """Mark the books again at the same close, after orders moved them between bars."""
        totals = self._mark(now_ms)
        self._oversight.account(now_ms, totals, self._market, self._book.forecast)
        value = float(totals.equity)
        held = [part / value if value else 0.0 for part in self._worth.values.values()]
        self._journal.equity(now_ms, totals, sum(abs(part) for part in held), sum(held))
        self.totals = totals
        return totals

    def _list_legs(self) -> None:
        """Go on with what stands beside the universe now."""
        self._legs = legs = self._market.legs.instruments
        self._instruments = (*self._instruments[: self._universe], *legs)
        self._index = {instrument.symbol: index for index, instrument in enumerate(self._instruments)}
        self._valuation = Valuation(self._instruments)
        self._quantity = np.array([float(self._ledger.quantity(each.symbol)) for each in self._instruments])
        self._ordering.list_legs(legs)
        self._oversight.list_legs(legs)
        self.neutral.list_legs(legs)
        self._leg_book.list_legs()
        for leg in legs:
            self._journal.instrument(leg)

    def store_book(self) -> None:
        """Gather the account's memory; the session calls it once for each commit."""
        self._book.guards = self._oversight.dump()
        self._book.initial = str(self._ledger.initial)
        self._book.high_water_mark = str(self._ledger.high_water_mark)
        self._journal.state(BOOK, self._book.dumps())
        self.neutral.store(self._journal)
        if self.shadow is not None:
            self.shadow.store(self._journal)

    def _mark(self, now_ms: int) -> LedgerTotals:
        self._worth = self._valuation.worth(self._ledger.positions, self._market.closes)
        totals = self._ledger.totals(self._worth.unrealised)
        high = totals.high_water_mark
        drawdown = float(1 - totals.equity / high) if high > 0 else 1.0
        self._book.maximum_drawdown = max(self._book.maximum_drawdown, drawdown)
        return totals

    def _decide(self, now_ms: int, totals: LedgerTotals) -> Decision:
        if self._market.day_completed or self.decision is None:
            self._fdm = self._market.forecast_multiplier(self.weights)
        hold_age = self._no_holds
        if self._book.hold_since_ms:
            since = self._book.hold_since_ms
            hold_age = np.array(
                [now_ms - since.get(s, now_ms) for s in self._market.symbols], dtype=np.float64
            )
        count = self._universe
        working = None
        if under_way := self._execution.working():
            working = np.array([under_way.get(symbol, 0.0) for symbol in self._market.listed])
        restricted = locked, no_long, no_short = self._oversight.restricted()
        readings, equity = self._market.readings, float(totals.equity)
        held = self._leg_book.held(self._quantity, working, restricted)
        said, legs = self.neutral.join(
            DecisionReadings(readings.value, readings.confidence),
            now_ms,
            self._quantity[:count],
            equity,
            held.under_way,
        )
        portfolio = Portfolio(
            equity,
            float(totals.high_water_mark),
            self._quantity[:count],
            hold_age,
            None if working is None else working[:count],
            self._leaning(),
        )
        risk = RiskInputs(
            state=self._oversight.state,
            # Without an ATR no stop can be placed, and nothing is opened that cannot be stopped.
            locked=locked[:count] | np.isnan(self._market.atr),
            cooldown_long=no_long[:count],
            cooldown_short=no_short[:count],
            guard_multiplier=self._oversight.multiplier,
            fdm=self._fdm,
            kelly=self._kelly,
        )
        view = self._market.view()
        if self._costs is not None:
            self.cost_band = self._costs.of(view, self._market.volume_24h, equity)
            view = replace(view, cost_band=self.cost_band)
        if legs is not None and self._leg_book.concerned(held):
            return self._leg_book.decide(said, view, portfolio, risk, legs, held)
        decision = self._decider.decide(said, view, portfolio, risk, legs)
        self.neutral.decided(decision, equity)
        return decision

    def _leaning(self) -> np.ndarray | None:
        """The side each symbol was last on, where leaving it needs a margin."""
        if not self._rules.flip_margin:
            return None
        return np.array([self._book.leaning.get(symbol, 0.0) for symbol in self._market.symbols])

    def _note_day(self, now_ms: int, equity: float) -> None:
        """Keep the ends of days, and with each new one the Kelly cap that follows from the last ninety."""
        gross = self._worth.gross / equity if equity else 0.0
        if self._book.close_day(now_ms, equity, gross):
            self._journal.state(DAYS, self._book.dumps_days())
            self._kelly = self._kelly_cap()

    def _kelly_cap(self) -> float:
        days = self._book.days[-(KELLY_DAYS + 1) :]
        if len(days) < 2:
            return 1.0
        equity = np.array([day.equity for day in days])
        gross = np.array([day.gross for day in days])
        return kelly_cap(equity[1:] / equity[:-1] - 1.0, gross[:-1], self.parameters.kelly_fraction)

    def _remember(self, now_ms: int, decision: Decision) -> None:
        """When each hold began, and the forecasts that end cooldowns."""
        forecasts = decision.stages[OVERLAY, : self._universe]
        self._trail.append(forecasts)
        symbols, since = self._market.symbols, self._book.hold_since_ms
        self._book.forecast = dict(zip(symbols, forecasts.tolist(), strict=True))
        if self._rules.flip_margin:
            sides = zip(symbols, np.sign(forecasts).tolist(), strict=True)
            self._book.leaning |= {symbol: side for symbol, side in sides if side}
        if since or np.count_nonzero(decision.hold[: self._universe]):
            holding = decision.hold[: self._universe].tolist()
            self._book.hold_since_ms = {
                symbol: since.get(symbol, now_ms)
                for symbol, held in zip(symbols, holding, strict=True)
                if held
            }

    def _halt_reason(self, decision: Decision) -> str:
        if not decision.halt or self._oversight.state is TradingState.HALTED:
            return ""
        limit = self.parameters.dd_halt
        return f"drawdown {decision.drawdown:.2%} reached the halt at {limit:.2%} of equity"

    def _write(self, now_ms: int, decision: Decision, totals: LedgerTotals) -> None:
        current = decision.current
        gross, net = np.add.reduce(np.abs(current)), np.add.reduce(current)
        self._journal.equity(now_ms, totals, float(gross), float(net))
        self._journal.decision(
            DecisionRow(
                ts_ms=now_ms,
                symbols=self._market.listed[: current.size],
                state=decision.state,
                halted=decision.halt,
                stages=decision.stages,
                scalars={
                    "idm": decision.idm,
                    "fdm": decision.fdm,
                    "kelly": decision.kelly,
                    "drawdown": decision.drawdown,
                    "multiplier": decision.multiplier,
                    **_budgeted(decision),
                    **self.neutral.scalars(decision),
                    **scalars(self._market.symbols, self.cost_band),
                },
            )
        )
        self._readings.write(self._market.readings, now_ms)

    def restored(self, readings: Iterable[Reading]) -> None:
        """After a restart: guards as they were, and the readings that are in the database already."""
        self._oversight.load(self._book.guards)
        if self._book.decisions:
            since = since_ms(self._book.tunings)
            self._readings.restore(readings, self._market.readings.closed_ms, since)
        self._fdm = self._market.forecast_multiplier(self.weights)
        self._kelly = self._kelly_cap()
        self._list_legs()
        self.totals = self._mark(self._book.cursor_ms)


def _budgeted(decision: Decision) -> dict[str, float]:
    """What its budget left of the directional book, where it did not leave all of it."""
    factor = decision.directional_factor
    return {"directional": factor} if factor < 1.0 else {}
