"""Tells in a few microseconds that a bar changes nothing at the venue, so that most bars cost no more.

It may be wrong in one direction only: a bar it calls quiet is quiet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.venues.account import Account
from engine.venues.fills import Level
from engine.venues.market_step import MarketStep
from engine.venues.matching import STOPS, level, trail_ticks
from store.records import Order, OrderType, Side

if TYPE_CHECKING:
    from engine.feeds.feed import FloatArray


@dataclass(slots=True)
class Watch:
    """Prices [S] that wake the venue when a bar reaches them, and the indices whose funding would settle.

    `busy`: an order is working whose fate the next bar decides, whatever its prices are. `armed`: there is a
    price to look out for at all. `trails`: closes below and above which a trailing stop follows; None: there is none.
    `expires_ms`: when the first contract ends that is held or ordered.
    """

    busy: bool
    armed: bool
    held: frozenset[int]
    lower: FloatArray
    upper: FloatArray
    trails: tuple[FloatArray, FloatArray] | None = None
    expires_ms: float = math.inf

    @classmethod
    def blind(cls) -> Watch:
        """Looks out for nothing, because no bar is quiet."""
        return cls(True, False, frozenset(), np.empty(0), np.empty(0))

    def quiet(self, step: MarketStep) -> bool:
        """True where playing `step` would change nothing but the clock and the marks."""
        if self.busy or step.close_ms >= self.expires_ms:
            return False
        if not self.armed and not self.held:
            return True
        if step.funding and any(settlement.symbol_index in self.held for settlement in step.funding):
            return False
        reached = (step.low <= self.lower) | (step.high >= self.upper)
        if self.trails is not None:
            reached |= (step.close < self.trails[0]) | (step.close > self.trails[1])
        return not np.count_nonzero(reached)


def watch(account: Account) -> Watch:
    """What to look out for, given the account as it is now."""
    if any(order.type in (OrderType.MARKET, OrderType.LIMIT) for order in account.orders.values()):
        return Watch.blind()
    lower = np.full(len(account.symbols), -math.inf)
    upper = np.full(len(account.symbols), math.inf)
    indices = {symbol: index for index, symbol in enumerate(account.symbols)}
    busy = False
    for order in account.orders.values():
        trigger = level(account, order)
        index = indices.get(order.symbol)
        if trigger is None or _to_record(account, order, trigger):
            busy = True
        elif index is None:
            continue
        elif (order.type in STOPS) is (order.side.sign > 0):
            upper[index] = min(upper[index], trigger.price)
        else:
            lower[index] = max(lower[index], trigger.price)
    held = {indices[p.symbol] for p in account.positions.values() if p.quantity and p.symbol in indices}
    for index in held:
        symbol = account.symbols[index]
        position = account.position(symbol)
        bound = account.liquidation_bound(symbol)
        if bound is not None and position.quantity > 0:
            lower[index] = max(lower[index], bound)
        elif bound is not None:
            upper[index] = min(upper[index], bound)
    at_stake = {*(account.symbols[index] for index in held), *(o.symbol for o in account.orders.values())}
    expiries = (account.instruments[symbol].expiry_ms for symbol in at_stake)
    expires_ms = min((expiry_ms for expiry_ms in expiries if expiry_ms), default=math.inf)
    armed = bool(np.isfinite(lower).any() or np.isfinite(upper).any())
    return Watch(busy, armed, frozenset(held), lower, upper, _followed(account, indices), expires_ms)


def _to_record(account: Account, order: Order, trigger: Level) -> bool:
    """True where the next bar writes down how far a trailing stop has come, whatever its close is."""
    if order.type is not OrderType.TRAILING_STOP:
        return False
    return account.trails.get(order.client_order_id) != trigger.ticks


def _followed(account: Account, indices: dict[str, int]) -> tuple[FloatArray, FloatArray] | None:
    """Closes [S] below and above which a trailing stop may move: those that give it the trigger it has."""
    trailing = [order for order in account.orders.values() if order.type is OrderType.TRAILING_STOP]
    if not trailing:
        return None
    below = np.full(len(account.symbols), -math.inf)
    above = np.full(len(account.symbols), math.inf)
    for order in trailing:
        trigger, index = level(account, order), indices.get(order.symbol)
        if trigger is None or index is None:
            continue
        instrument = account.instruments[order.symbol]
        best_ticks = trigger.ticks - order.side.sign * trail_ticks(order, instrument)
        close = float(best_ticks * instrument.tick)
        if order.side is Side.BUY:
            below[index] = max(below[index], close)
        else:
            above[index] = min(above[index], close)
    return below, above
