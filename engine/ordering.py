"""From what a decision wants to the orders that ask for it: towards targets, exits for what is held, and what closes
a position that the operator or a kill wants flat.

Reads books and market, changes nothing but the ATR that is frozen when a position opens.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from engine.bookstate import BookState
from engine.decision import Decision
from engine.execution import Execution
from engine.intents import Protection, flatten_order, offset_on_tick, protective_orders, target_orders
from engine.ledger import Ledger
from engine.market import MarketState
from risk.parameters import RiskParameters
from store.records import Instrument, Order, OrderPurpose, Side

Exits = dict[tuple[str, Side], set[OrderPurpose]]
NOTHING: set[OrderPurpose] = set()


class Ordering:
    """What to ask of the venue after a decision. `passive`: limit orders instead of market orders. `instruments`: the
    universe, whose positions have exits, then the legs beside it, which have none: what guards them is their pair."""

    def __init__(
        self,
        market: MarketState,
        instruments: Sequence[Instrument],
        ledger: Ledger,
        execution: Execution,
        book: BookState,
        limits: RiskParameters,
        passive: bool,
    ) -> None:
        self._market = market
        self._instruments = tuple(instruments)
        self._ledger = ledger
        self._execution = execution
        self._book = book
        self._limits = limits
        self._passive = passive
        self._universe = len(market.symbols)
        self._exits = wanted_exits(limits)
        self._guarded: tuple[Exits, int] | None = None

    def list_legs(self, legs: Sequence[Instrument]) -> None:
        """Go on with what stands beside the universe now."""
        self._instruments = (*self._instruments[: self._universe], *legs)

    def intents(self, now_ms: int, decision: Decision, flattened: Collection[str]) -> list[Order]:
        """Orders towards the targets, and missing exits; of `flattened` symbols nothing but what closes them."""
        live = self._execution.protection()
        moves = decision.close_lots | decision.open_lots | decision.whole_close
        quiet = not flattened and not np.count_nonzero(moves)
        if quiet and self._all_guarded(live):
            return []
        orders: list[Order] = []
        closing = self._execution.closing() if flattened else ()
        volume = self._market.volumes
        for index, instrument in enumerate(self._instruments[: moves.size]):
            held = self._ledger.quantity(instrument.symbol)
            # Where nothing was traded nothing can fill, and an order would only be cancelled at the next close.
            trades = volume[index] > 0
            if flattened and instrument.symbol in flattened:
                if held and trades and instrument.symbol not in closing:
                    orders.append(flatten_order(instrument.symbol, now_ms, held, self._execution.orders))
            elif moves[index] and trades:
                orders += self._towards_target(index, now_ms, decision, held, live)
                continue
            if held and index < self._universe:
                side = Side.BUY if held > 0 else Side.SELL
                if not self._exits <= live.get((instrument.symbol, side.opposite), NOTHING):
                    quiet = False
                    orders += self._protect(index, now_ms, side, live)
        self._guarded = (live, self._ledger.fills) if quiet else None
        return orders

    def _all_guarded(self, live: Exits) -> bool:
        """True where every position was found to have its exits, and neither an order nor a position changed since."""
        return (
            self._guarded is not None and self._guarded[0] is live and self._guarded[1] == self._ledger.fills
        )

    def missing_exits(self, now_ms: int) -> list[Order]:
        """While a halt keeps positions: the exits of what is held that are not at the venue, and nothing else."""
        live = self._execution.protection()
        orders: list[Order] = []
        for index, instrument in enumerate(self._instruments[: self._universe]):
            held = self._ledger.quantity(instrument.symbol)
            side = Side.BUY if held > 0 else Side.SELL
            if held and not self._exits <= live.get((instrument.symbol, side.opposite), NOTHING):
                orders += self._protect(index, now_ms, side, live)
        return orders

    def leftovers(self, now_ms: int) -> list[Order]:
        """While a kill flattens, what the last open could not fill is asked for again at the next."""
        held = ((i.symbol, self._ledger.quantity(i.symbol)) for i in self._instruments)
        return [flatten_order(symbol, now_ms, quantity) for symbol, quantity in held if quantity]

    def _towards_target(
        self, index: int, now_ms: int, decision: Decision, held: Decimal, live: Exits
    ) -> list[Order]:
        instrument = self._instruments[index]
        close_lots, open_lots = int(decision.close_lots[index]), int(decision.open_lots[index])
        if decision.whole_close[index] and close_lots == 0:
            # Less than a lot is held: the order below takes exactly that.
            close_lots = -1 if held > 0 else 1
        price = float(self._market.closes[index])
        orders = target_orders(instrument, now_ms, close_lots, open_lots, price, self._passive)
        if orders and decision.whole_close[index] and orders[0].purpose is OrderPurpose.CLOSE:
            orders[0] = replace(orders[0], quantity=abs(held))
        if index >= self._universe:
            return orders
        if open_lots:
            side = Side.BUY if open_lots > 0 else Side.SELL
            if held == 0 or (held > 0) != (side is Side.BUY):
                self._book.frozen_atr[instrument.symbol] = float(self._market.atr[index])
                live = {}
            orders += self._protect(index, now_ms, side, live)
        elif held and not decision.whole_close[index]:
            orders += self._protect(index, now_ms, Side.BUY if held > 0 else Side.SELL, live)
        return orders

    def _protect(self, index: int, now_ms: int, side: Side, live: Exits) -> list[Order]:
        """Exits for a position of `side` that are not `live` yet: it is about to open, or an exit was refused, lost
        or cancelled by hand."""
        instrument = self._instruments[index]
        present = live.get((instrument.symbol, side.opposite), NOTHING)
        orders = protective_orders(instrument, now_ms, side, self._protection(index))
        return [order for order in orders if order.purpose not in present]

    def _protection(self, index: int) -> Protection:
        instrument, limits = self._instruments[index], self._limits
        atr = self._book.frozen_atr.get(instrument.symbol, float(self._market.atr[index]))
        price = float(self._market.last_close[index])
        stop = _distance(limits.stop_atr, atr, limits.stop_fraction, price)
        target = _distance(limits.target_atr, atr, limits.target_fraction, price)
        trail = _distance(limits.trail_atr, atr, 0.0, price)
        return Protection(
            None if stop is None else offset_on_tick(instrument, stop),
            None if target is None else offset_on_tick(instrument, target),
            None if trail is None else offset_on_tick(instrument, trail),
        )


def wanted_exits(limits: RiskParameters) -> frozenset[OrderPurpose]:
    """Which exits every position has."""
    exits = {
        OrderPurpose.STOP: limits.stop_atr > 0 or limits.stop_fraction > 0,
        OrderPurpose.TRAIL: limits.trail_atr > 0,
        OrderPurpose.TARGET: limits.target_atr > 0 or limits.target_fraction > 0,
    }
    return frozenset(purpose for purpose, wanted in exits.items() if wanted)


def _distance(atr_multiple: float, atr: float, fraction: float, price: float) -> float | None:
    """The nearer of the two ways to say how far an exit lies; 0 switches a way off."""
    candidates = []
    if atr_multiple > 0 and np.isfinite(atr):
        candidates.append(atr_multiple * atr)
    if fraction > 0:
        candidates.append(fraction * price)
    return min(candidates) if candidates else None
