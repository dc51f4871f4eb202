"""Who restricts trading now: guards, the operator, instrument locks. Feeds the pure guards, keeps what they say.

The state is folded bar by bar and stored with the book; the database holds each override in force as a row, too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.intents import EXIT_LETTERS, is_ours
from engine.ledger import FillEffect
from engine.market import MarketState, Row
from engine.reconcile import News
from engine.tape import Tape
from risk import guards
from risk.account_guards import booked
from risk.guard_config import GuardConfig
from risk.guard_state import GuardState, from_dict, to_json
from risk.health_guards import FRESH, Health, recalled, watch
from risk.parameters import RiskParameters
from risk.performance_guard import multiplier
from risk.state import OPERATOR, clear_override, effective_state, find, resume, set_override
from store.journal import Journal
from store.records import (
    ZERO,
    Fill,
    FundingPayment,
    Instrument,
    LedgerTotals,
    Order,
    OrderPurpose,
    Override,
    Side,
    TradingState,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]
    FloatArray = NDArray[np.float64]

LEADER = "BTC"
KILL = "kill"
OPERATOR_PAUSE = "operator pause"
OPERATOR_FLATTEN = "operator flatten"
RELEASE = "operator's release"
"""`ends` of a symbol's flattening: a resume of the whole book does not buy back what was closed by hand."""


class Oversight:
    """Overrides in force and everything guards remember."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        config: GuardConfig,
        parameters: RiskParameters,
        journal: Journal,
        tape: Tape,
        legs: Sequence[Instrument] = (),
    ) -> None:
        """`legs`: what is listed beside the universe; guards look whether it has bars, and any may be restricted."""
        self._listed = tuple(instrument.symbol for instrument in (*instruments, *legs))
        self._symbols = tuple(instrument.symbol for instrument in instruments)
        self._caps = np.array([float(instrument.funding_cap_rate) for instrument in instruments])
        self._leader = next((n for n, i in enumerate(instruments) if i.base == LEADER), -1)
        self._config = config
        self._parameters = parameters
        self._journal = journal
        self._tape = tape
        self.guards = GuardState()
        self.keep_positions = False
        self.multiplier = 1.0
        self._booked: list[Fill | FundingPayment] = []
        self._exits: list[guards.ProtectiveExit] = []
        self._rejects_ms: list[int] = []
        self._refused: list[str] = []
        self._funding_rate: FloatArray | None = None
        self._unproven: tuple[str, ...] = ()
        self._proven = True
        self._venue_held: Mapping[str, Decimal] | None = None
        self._watches = FRESH
        self._effective: tuple[tuple[Override, ...], TradingState] = ((), TradingState.ACTIVE)
        self._flattened: tuple[tuple[Override, ...], frozenset[str]] = ((), frozenset())
        nobody = np.zeros(len(self._listed), dtype=np.bool_)
        self._restricted: tuple[GuardState | None, tuple[BoolArray, BoolArray, BoolArray]] = (
            None,
            (nobody, nobody, nobody),
        )
        self._dumped: tuple[GuardState | None, str] = (None, "")

    @property
    def state(self) -> TradingState:
        """The effective trading state of the whole book."""
        overrides, state = self._effective
        if overrides is not self.guards.overrides:
            overrides = self.guards.overrides
            state = effective_state(overrides)
            self._effective = (overrides, state)
        return state

    @property
    def flattening(self) -> bool:
        """True while HALTED means that positions are to be closed."""
        return self.state is TradingState.HALTED and not self.keep_positions

    @property
    def withdraws_entries(self) -> bool:
        """True while the book may only be reduced; a pause alone lets entries that are at the venue work on."""
        return any(
            override.state is TradingState.REDUCING and not override.scope and override.name != OPERATOR_PAUSE
            for override in self.guards.overrides
        )

    @property
    def flattened(self) -> frozenset[str]:
        """Symbols the operator keeps out of the market: closed whole, and not bought back until released."""
        known, found = self._flattened
        if known is not self.guards.overrides:
            known = self.guards.overrides
            found = frozenset(each.scope for each in known if each.name == OPERATOR_FLATTEN)
            self._flattened = (known, found)
        return found

    def list_legs(self, legs: Sequence[Instrument]) -> None:
        """Go on with what stands beside the universe now."""
        self._listed = (*self._symbols, *(leg.symbol for leg in legs))
        nobody = np.zeros(len(self._listed), dtype=np.bool_)
        self._restricted = (None, (nobody, nobody, nobody))

    def why_restricted(self, symbol: str) -> str:
        """The override that lets this symbol only be reduced, "" where there is none."""
        return next((override.name for override in self.guards.overrides if override.scope == symbol), "")

    @property
    def overrides(self) -> tuple[Override, ...]:
        """All overrides in force, of the book and of single symbols."""
        return self.guards.overrides

    def filled(self, fill: Fill, effect: FillEffect) -> None:
        """Note an execution for the next step; an exit that took a position out starts its cooldown. So does a
        liquidation, the venue's own stop; a close-out by the venue was asked for, and does not."""
        self._booked.append(fill)
        name = fill.client_order_id
        exits = fill.reduce_only and is_ours(name) and name[-1:] in EXIT_LETTERS
        if (exits or fill.liquidation) and effect.before.quantity:
            side = Side.BUY if effect.before.quantity > 0 else Side.SELL
            self._exits.append(guards.ProtectiveExit(fill.symbol, side))

    def funded(self, payment: FundingPayment) -> None:
        """Note a funding settlement for the next step."""
        self._booked.append(payment)

    def rejected(self, order: Order) -> None:
        """Note an order the venue refused."""
        self._rejects_ms.append(order.decision_ts_ms)
        if order.purpose is OrderPurpose.OPEN:
            self._refused.append(order.symbol)
        words = (
            f"refused {order.symbol} {order.side} {order.quantity:f} {order.client_order_id}: {order.reason}"
        )
        self._tape.say(order.decision_ts_ms, "WARN", "engine.execution", words)

    def settled(self, row: Row) -> None:
        """Note the funding rates of a bar."""
        self._funding_rate = None
        if row.funding:
            self._funding_rate = np.full(len(self._symbols), np.nan)
            for settlement in row.funding:
                self._funding_rate[settlement.symbol_index] = settlement.rate

    def proof(self, news: News, now_ms: int) -> bool:
        """Note whether the venue's books explain ours; symbols they do not are locked until they do. True where
        that is not plainly so, now or until now: such a bar must be durable, for it cannot be decided again alike."""
        unusual = not (news.proven and self._proven) or bool(news.unexplained or self._unproven)
        self._proven = news.proven
        self._venue_held = news.held if news.proven else self._venue_held
        if news.unexplained is None:
            return unusual
        unproven = tuple(sorted(news.unexplained))
        if unproven != self._unproven:
            what = f"{', '.join(unproven)} locked: the venue holds a position the ledger cannot explain"
            text = what if unproven else "books agree with the venue again; locks cleared"
            self._tape.say(now_ms, "ERROR" if unproven else "INFO", "engine.reconcile", text)
        if news.proven and news.cash_difference and not unproven:
            self._tape.say(
                now_ms,
                "ERROR",
                "engine.reconcile",
                f"cash differs from the venue's by {news.cash_difference}",
            )
        self._unproven = unproven
        return unusual

    def step(
        self,
        now_ms: int,
        totals: LedgerTotals,
        market: MarketState,
        forecast: Mapping[str, float],
        paired: Collection[str] = (),
    ) -> tuple[guards.GuardChange, ...]:
        """Let every guard see the bar, `paired` being what is to stand against each other; what they did is journalled
        and told, and returned."""
        before = self.state
        inputs = self._inputs(now_ms, totals, market, forecast)
        if self._refused:
            inputs = replace(inputs, refused=tuple(symbol for symbol in self._refused if symbol in paired))
        self._exits.clear()
        self._rejects_ms.clear()
        self._refused.clear()
        self.guards, changes = guards.step(self.guards, inputs, self._config, self._parameters)
        for change in changes:
            self._record(change, now_ms)
        if self.state is not before:
            self._journal.risk_state(now_ms, self.state, "; ".join(c.message for c in changes))
        self.multiplier = multiplier(self.guards.performance, self._config)
        return changes

    def account(
        self, now_ms: int, totals: LedgerTotals, market: MarketState, forecast: Mapping[str, float]
    ) -> None:
        """Let the guards count what was booked between bars, at a start or a stop; nothing else is judged."""
        inputs = self._inputs(now_ms, totals, market, forecast)
        self.guards, changes = booked(self.guards, inputs, self._config, self._parameters)
        for change in changes:
            self._record(change, now_ms)

    def _inputs(
        self, now_ms: int, totals: LedgerTotals, market: MarketState, forecast: Mapping[str, float]
    ) -> guards.GuardInputs:
        """What is known now; what happened since the last call is handed over once."""
        inputs = guards.GuardInputs(
            ts_ms=now_ms,
            bar_ms=market.bar_ms,
            equity=float(totals.equity),
            high_water_mark=float(totals.high_water_mark),
            symbols=self._listed,
            leader=self._leader,
            bar_return=market.bar_return,
            sigma_bar=market.sigma_bar_before,
            missing_run=market.missing_runs,
            funding_rate=self._funding_rate,
            funding_cap_rate=self._caps,
            forecast=forecast,
            booked=tuple(self._booked),
            exits=tuple(self._exits),
            rejects_ms=tuple(self._rejects_ms),
            positions_proven=self._proven,
            unproven=self._unproven,
        )
        self._booked.clear()
        return inputs

    def measure(self, health: Health, acts: bool, now_ms: int) -> None:
        """Let the guards on the machine itself see how it is; on a virtual clock they only report."""
        self._watches, changes = watch(self._watches, health, self._config, acts)
        for change in changes:
            self._record(change, now_ms)
            if change.override is None:
                continue
            if change.action is guards.Action.SET:
                self.guards = replace(
                    self.guards, overrides=set_override(self.guards.overrides, change.override)
                )
            else:
                self.guards = replace(
                    self.guards, overrides=clear_override(self.guards.overrides, change.override.name)
                )

    @property
    def venue_answers(self) -> bool:
        """Whether the venue's books could be read when they were last asked for."""
        return self._proven

    def venue_word(self, symbol: str) -> dict[str, Any]:
        """What the venue's books last said of a symbol: whether they could be read, whether they explained ours, and
        the quantity they held (None: never read)."""
        held = None if self._venue_held is None else f"{self._venue_held.get(symbol, ZERO):f}"
        return {"answers": self._proven, "agrees": symbol not in self._unproven, "quantity": held}

    def restricted(self) -> tuple[BoolArray, BoolArray, BoolArray]:
        """[S + L] each: symbols that an override of their own allows to reduce only, and the sides (long, short) on
        which a cooldown allows no new exposure."""
        known, found = self._restricted
        if known is not self.guards:
            scoped = {override.scope for override in self.guards.overrides if override.scope}
            resting = {(cooldown.symbol, cooldown.side) for cooldown in self.guards.cooldowns}
            found = (
                np.array([symbol in scoped for symbol in self._listed], dtype=np.bool_),
                np.array([(symbol, Side.BUY) in resting for symbol in self._listed], dtype=np.bool_),
                np.array([(symbol, Side.SELL) in resting for symbol in self._listed], dtype=np.bool_),
            )
            self._restricted = (self.guards, found)
        return found

    def impose(self, override: Override) -> None:
        """Put an override of the operator (or the kill) in force."""
        before = self.state
        self.guards = replace(self.guards, overrides=set_override(self.guards.overrides, override))
        self._set(override)
        if self.state is not before:
            self._journal.risk_state(override.since_ts_ms, self.state, override.reason)

    def lift(self, name: str, now_ms: int, reason: str, scope: str = "") -> None:
        """End a milder override; HALTED ends by `resume` only."""
        known = find(self.guards.overrides, name, scope)
        if known is None:
            return
        self.guards = replace(self.guards, overrides=clear_override(self.guards.overrides, name, scope))
        self._cleared(known, now_ms, reason)
        if not scope:
            self._journal.risk_state(now_ms, self.state, reason)

    def halt(self, actor: str, reason: str, now_ms: int, keep_positions: bool) -> None:
        """HALTED until the operator's resume."""
        self.keep_positions = keep_positions
        self.impose(Override(KILL, TradingState.HALTED, actor, reason, now_ms, OPERATOR))

    def resume(self, now_ms: int, reason: str) -> None:
        """The operator's word: HALTED and everything that waits for it end; rules of the guards stay."""
        kept = resume(self.guards.overrides)
        for override in self.guards.overrides:
            if override not in kept:
                self._cleared(override, now_ms, reason)
        self.guards = replace(self.guards, overrides=kept)
        self.keep_positions = False
        self._journal.risk_state(now_ms, self.state, reason)

    def dump(self) -> str:
        """What must be stored, as JSON; written anew only where something changed. Exits and rejects that no step has
        seen are among it: a stop may come before the next bar."""
        known, text = self._dumped
        if known is not self.guards:
            text = to_json(self.guards)
            self._dumped = (self.guards, text)
        own: dict[str, Any] = {"keep_positions": self.keep_positions, "unproven": self._unproven}
        if self._exits:
            own["exits_not_seen"] = [(exit.symbol, exit.side.value) for exit in self._exits]
        if self._rejects_ms:
            own["rejects_not_seen_ms"] = self._rejects_ms
        if self._refused:
            own["refused_not_seen"] = self._refused
        return f"{text[:-1]},{json.dumps(own)[1:]}"

    def load(self, text: str) -> None:
        """The state `dump` gave."""
        known = json.loads(text)
        self.keep_positions = bool(known.pop("keep_positions", False))
        self._unproven = tuple(known.pop("unproven", ()))
        self._exits = [
            guards.ProtectiveExit(name, Side(side)) for name, side in known.pop("exits_not_seen", ())
        ]
        self._rejects_ms = list(known.pop("rejects_not_seen_ms", ()))
        self._refused = list(known.pop("refused_not_seen", ()))
        self.guards = from_dict(known)
        self._watches = recalled(self.guards.overrides)
        self.multiplier = multiplier(self.guards.performance, self._config)

    def _record(self, change: guards.GuardChange, now_ms: int) -> None:
        event = change.event(now_ms)
        self._tape.say(event.ts_ms, event.level, event.source, event.message)
        if change.override is None:
            return
        if change.action is guards.Action.SET:
            self._set(change.override)
        elif change.action is guards.Action.CLEARED:
            self._cleared(change.override, now_ms, change.message)

    def _set(self, override: Override) -> None:
        """An override goes into force: its row, and the audit trail."""
        self._journal.override_set(override)
        payload = {
            "name": override.name,
            "scope": override.scope,
            "state": override.state.name,
            "reason": override.reason,
            "ends": override.ends,
        }
        self._journal.audit("override set", override.actor, payload, override.since_ts_ms)

    def _cleared(self, override: Override, now_ms: int, reason: str) -> None:
        self._journal.override_cleared(override.name, override.scope, now_ms, reason)
        payload = {"name": override.name, "scope": override.scope, "reason": reason}
        self._journal.audit("override cleared", override.actor, payload, now_ms)
