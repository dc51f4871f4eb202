"""Orders the venue itself places to end a position, and the close-out that ends all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.venues import fills
from engine.venues.account import NO_MARK, Account
from engine.venues.filters import WAITING_FOR_A_TRIGGER
from store.records import (
    Fill,
    Order,
    OrderPurpose,
    OrderStatus,
    OrderType,
    Side,
)

SETTLING = "exp"
"""What the names of orders begin with by which an expired contract is settled."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class CloseOut:
    """What a close-out did: how many orders it cancelled, and the fills that closed positions."""

    cancelled: int
    fills: tuple[Fill, ...]


def flattening_order(prefix: str, symbol: str, quantity: Decimal, ts_ms: int) -> Order:
    """A reduce-only market order against a signed position, named after symbol and market time."""
    return Order(
        client_order_id=f"{prefix}{_base36(ts_ms // 1_000)}{symbol}",
        symbol=symbol,
        side=Side.SELL if quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        purpose=OrderPurpose.FLATTEN,
        quantity=abs(quantity),
        decision_ts_ms=ts_ms,
        reduce_only=True,
    )


def is_protective(order: Order) -> bool:
    """Stops and targets that can only take risk off."""
    return order.whole_position or (order.reduce_only and order.type in WAITING_FOR_A_TRIGGER)


def cancel_working(account: Account, keep_protective: bool, too_late: frozenset[str] = frozenset()) -> int:
    """Cancel every working order, protective ones unless kept; how many. `too_late` lose the race."""
    doomed = [
        order
        for order in account.orders.values()
        if order.client_order_id not in account.racing and not (keep_protective and is_protective(order))
    ]
    for order in doomed:
        cancel(account, order, too_late=order.client_order_id in too_late)
    return len(doomed)


def cancel(account: Account, order: Order, *, too_late: bool) -> Order:
    """Cancel one order; `too_late` it is confirmed all the same, yet may fill until the next bar ends."""
    if too_late and order.type in (OrderType.MARKET, OrderType.LIMIT):
        return account.race(order, account.clock_ms)
    return account.end(order, OrderStatus.CANCELED, "cancelled", account.clock_ms)


def close_out(account: Account, keep_positions: bool) -> CloseOut:
    """Cancel, then close every position at its last known close as if that were the next open.

    The cost rule is that of any market order. The volume cap is not applied: while nobody moves the market
    there is no next bar for a rest to fill in, and flat has to mean flat.
    """
    for name in list(account.racing):
        account.end_race(account.orders[name])
    cancelled = cancel_working(account, keep_positions)
    if keep_positions:
        return CloseOut(cancelled, ())
    held = [position.symbol for position in account.positions.values() if position.quantity]
    return CloseOut(cancelled, tuple(_close(account, symbol) for symbol in held))


def _close(account: Account, symbol: str) -> Fill:
    mark, position = account.marks.get(symbol, NO_MARK), account.positions[symbol]
    instrument = account.instruments[symbol]
    known = mark.close if mark.close > 0 else float(position.cost / position.quantity)
    order = flattening_order("out", symbol, position.quantity, account.clock_ms)
    order = replace(order, client_order_id=_unused(account, order.client_order_id))
    order = replace(account.accept(order), reason="closed out at the last known close")
    cost = account.taker_cost(symbol, order.quantity, mark.volume_24h, mark.sigma_daily)
    execution = fills.market(known, order.side.sign, cost, float(instrument.tick))
    account.fill(order, execution, order.quantity, account.clock_ms)
    return next(event.fill for event in reversed(account.recent) if event.fill is not None)


def _unused(account: Account, name: str) -> str:
    """`name`, numbered where the market has stood still since it was last used."""
    told = {event.report.client_order_id for event in account.recent if event.report is not None}
    return next(candidate for n in range(len(told) + 1) if (candidate := f"{name}{n or ''}") not in told)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
