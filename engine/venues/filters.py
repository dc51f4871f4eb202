"""What the venue refuses: every reason names the filter and what would have passed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from engine.venues.account import Account
from engine.venues.margin import initial_margin
from engine.venues.venue import Refused
from store.records import ZERO, Instrument, InstrumentKind, Order, OrderType, Side

LONGEST_ID = 32
WAITING_FOR_A_TRIGGER = frozenset({OrderType.STOP_MARKET, OrderType.TRAILING_STOP, OrderType.TAKE_PROFIT})


def check(account: Account, order: Order) -> None:
    """Raise Refused with the first filter that `order` does not pass."""
    instrument = account.instruments.get(order.symbol)
    if instrument is None or order.symbol in account.delisted:
        raise Refused(f"symbol: {order.symbol} is not traded at {account.name}")
    if 0 < instrument.expiry_ms <= account.clock_ms:
        raise Refused(f"expiry: {order.symbol} has expired")
    for rule in _RULES:
        if fault := rule(account, order, instrument):
            raise Refused(f"{fault} (order {order.client_order_id}, {order.symbol})")


def _identifier(account: Account, order: Order, instrument: Instrument) -> str:
    name = order.client_order_id
    fits = 1 <= len(name) <= LONGEST_ID and name.isascii() and name.isalnum()
    return "" if fits else f"client order id: 1 to {LONGEST_ID} letters and digits are allowed"


def _shape(account: Account, order: Order, instrument: Instrument) -> str:
    if order.whole_position:
        if order.type not in WAITING_FOR_A_TRIGGER:
            return "whole position: only a stop or a take-profit can cover it"
        offset = order.trigger_offset
        return "" if offset is not None and offset > 0 else "trigger offset: must be above 0"
    if order.type is OrderType.TRAILING_STOP:
        return "trailing stop: it can only cover a whole position"
    if order.post_only and order.type is not OrderType.LIMIT:
        return "post-only: only a limit order can be"
    if order.type is not OrderType.MARKET and order.price is None:
        return f"price: a {order.type} order needs one"
    return ""


def _tick(account: Account, order: Order, instrument: Instrument) -> str:
    if order.price is None or (order.price > 0 and order.price % instrument.tick == 0):
        return ""
    return f"tick: price {order.price} is not a positive multiple of {instrument.tick}"


def _lot(account: Account, order: Order, instrument: Instrument) -> str:
    if order.whole_position or (order.quantity > 0 and order.quantity % instrument.lot == 0):
        return ""
    return f"lot: quantity {order.quantity} is not a positive multiple of {instrument.lot}"


def _reduces(account: Account, order: Order, instrument: Instrument) -> str:
    if not account.only_reduces(order) or order.type in WAITING_FOR_A_TRIGGER:
        return ""
    reducible = account.reducible(order.symbol, order.side)
    if not reducible:
        return f"reduce-only: there is no position that a {order.side} would reduce"
    if instrument.kind is InstrumentKind.SPOT and not order.reduce_only:
        promised = sum((o.quantity - o.filled_quantity for o in _sales(account, order.symbol)), ZERO)
        if promised + order.quantity > reducible:
            return f"balance: {reducible - promised} {instrument.base} are free to be sold"
    return ""


def _minimums(account: Account, order: Order, instrument: Instrument) -> str:
    if order.whole_position or _closes_whole_position(account, order):
        return ""
    if order.quantity < instrument.min_quantity:
        return f"min quantity: {order.quantity} is below {instrument.min_quantity}"
    price = _reference_price(account, order)
    if price is None:
        return f"price: {order.symbol} has not traded yet"
    notional = order.quantity * price * instrument.contract_size
    if notional < instrument.min_notional:
        return f"min notional: {notional.normalize():f} is below {instrument.min_notional}"
    return ""


def _margin(account: Account, order: Order, instrument: Instrument) -> str:
    if account.only_reduces(order):
        return ""
    with_order = _margin_of(account, order.symbol, [*account.working(order.symbol), order])
    if with_order <= _margin_of(account, order.symbol, account.working(order.symbol)):
        return ""
    tied_up = _tied_up(account, order.symbol)
    price = _reference_price(account, order) or ZERO
    fee = order.quantity * price * instrument.contract_size * instrument.taker_fee_rate
    free = account.equity() - tied_up
    if with_order + fee > free:
        return f"margin: {with_order + fee:.2f} {instrument.quote} needed, {free:.2f} free"
    return ""


_RULES: tuple[Callable[[Account, Order, Instrument], str], ...] = (
    _identifier,
    _shape,
    _tick,
    _lot,
    _reduces,
    _minimums,
    _margin,
)


def _closes_whole_position(account: Account, order: Order) -> bool:
    """Dust must never be trapped: closing all of it is allowed at any size."""
    reducible = account.reducible(order.symbol, order.side)
    return account.only_reduces(order) and 0 < reducible <= order.quantity


def _reference_price(account: Account, order: Order) -> Decimal | None:
    return account.mark_price(order.symbol) if order.price is None else order.price


def _margin_of(account: Account, symbol: str, orders: list[Order]) -> Decimal:
    sized = [order for order in orders if not order.whole_position]
    quantity = account.position(symbol).quantity
    mark = account.mark_price(symbol) or ZERO
    return initial_margin(account.instruments[symbol], quantity, mark, sized)


def _tied_up(account: Account, but: str) -> Decimal:
    """Margin of every symbol but one."""
    exposed: dict[str, list[Order]] = {
        position.symbol: [] for position in account.positions.values() if position.quantity
    }
    for order in account.orders.values():
        if not order.whole_position:
            exposed.setdefault(order.symbol, []).append(order)
    margins = (_margin_of(account, symbol, orders) for symbol, orders in exposed.items() if symbol != but)
    return sum(margins, ZERO)


def _sales(account: Account, symbol: str) -> list[Order]:
    return [
        order for order in account.working(symbol) if order.side is Side.SELL and not order.whole_position
    ]
