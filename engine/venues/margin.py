"""Isolated margin, exact: what a book of orders ties up, and where a position is taken away.

Of an option the buyer pays the premium whole and can lose no more. The seller sets strike / leverage aside a unit, and
keeps the position until that and what is left of the premium are below the maintenance rate x strike: at leverage 1 the
strike is all there in cash.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from store.records import ZERO, Instrument, InstrumentKind, Order, Position, Side


def is_liquidated(instrument: Instrument, position: Position, price: Decimal) -> bool:
    """True where margin (cost / leverage) plus unrealised at `price` is below the maintenance margin there.

    A spot position carries no margin and is never liquidated, an option that was bought neither.
    """
    if _cannot_be_liquidated(instrument, position):
        return False
    value = position.quantity * price * instrument.contract_size
    unrealised = value - position.cost
    if instrument.kind is InstrumentKind.OPTION:
        strikes = abs(position.quantity) * instrument.strike * instrument.contract_size
        kept = unrealised - instrument.maintenance_margin_rate * strikes
        return strikes + instrument.leverage * kept < 0
    maintenance = instrument.maintenance_margin_rate * abs(value)
    # Multiplied through by the leverage, so that no division rounds.
    return abs(position.cost) + instrument.leverage * (unrealised - maintenance) < 0


def liquidation_bound(instrument: Instrument, position: Position) -> float | None:
    """A price (one tick to the careful side) that a bar has to reach before `is_liquidated` can hold.

    Below the market for a long position, above it for a short one; None where there is no such price.
    """
    if _cannot_be_liquidated(instrument, position):
        return None
    cost = abs(float(position.cost))
    quantity = abs(float(position.quantity * instrument.contract_size))
    leverage, rate = float(instrument.leverage), float(instrument.maintenance_margin_rate)
    if instrument.kind is InstrumentKind.OPTION:
        return cost / quantity + float(instrument.strike) * (1.0 / leverage - rate) - float(instrument.tick)
    if position.quantity > 0:
        return (cost - cost / leverage) / (quantity * (1.0 - rate)) + float(instrument.tick)
    return (cost + cost / leverage) / (quantity * (1.0 + rate)) - float(instrument.tick)


def liquidation_price(instrument: Instrument, position: Position) -> Decimal | None:
    """Where a position that is not flat would be taken away, as a person wants to read it; None: nowhere."""
    if _cannot_be_liquidated(instrument, position):
        return None
    side = 1 if position.quantity > 0 else -1
    rate, size, cost = instrument.maintenance_margin_rate, abs(position.quantity), abs(position.cost)
    if instrument.kind is InstrumentKind.OPTION:
        return cost / size + instrument.strike * (1 / instrument.leverage - rate)
    if instrument.leverage <= 1:
        return None
    return (cost - side * cost / instrument.leverage) / (size * (1 - side * rate))


def initial_margin(
    instrument: Instrument, quantity: Decimal, mark: Decimal, orders: Sequence[Order]
) -> Decimal:
    """Quote currency tied up by a position and the orders that could enlarge it, whichever side fills first.

    `orders` are the open ones of this instrument; those that only reduce count as far as they can reduce.
    """
    if instrument.kind is InstrumentKind.OPTION:
        return _option_margin(instrument, quantity, mark, orders)
    leverage = Decimal(1) if instrument.kind is InstrumentKind.SPOT else instrument.leverage
    held = quantity * mark
    if not orders:
        return abs(held) * instrument.contract_size / leverage
    wanted = {(side, reduce_only): ZERO for side in Side for reduce_only in (False, True)}
    for order in orders:
        price = mark if order.price is None else order.price
        wanted[order.side, order.reduce_only] += (order.quantity - order.filled_quantity) * price
    long_side = held + wanted[Side.BUY, False] + min(wanted[Side.BUY, True], max(-held, ZERO))
    short_side = -held + wanted[Side.SELL, False] + min(wanted[Side.SELL, True], max(held, ZERO))
    return max(long_side, short_side, ZERO) * instrument.contract_size / leverage


def _cannot_be_liquidated(instrument: Instrument, position: Position) -> bool:
    bought = instrument.kind is InstrumentKind.OPTION and position.quantity > 0
    return bought or instrument.kind is InstrumentKind.SPOT or not position.quantity


def _option_margin(
    instrument: Instrument, quantity: Decimal, mark: Decimal, orders: Sequence[Order]
) -> Decimal:
    """The dearer of all that could be bought and all that could be sold."""
    most = {Side.BUY: quantity, Side.SELL: -quantity}
    dearest = mark
    reducing = dict.fromkeys(Side, ZERO)
    for order in orders:
        rest = order.quantity - order.filled_quantity
        dearest = max(dearest, order.price or mark)
        if order.reduce_only:
            reducing[order.side] += rest
        else:
            most[order.side] += rest
    for side in Side:
        most[side] += min(reducing[side], max(-side.sign * quantity, ZERO))
    bought, sold = max(most[Side.BUY], ZERO), max(most[Side.SELL], ZERO)
    margin = max(bought * dearest, sold * instrument.strike / instrument.leverage)
    return margin * instrument.contract_size
