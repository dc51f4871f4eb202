"""The life of an order as one table of legal transitions; nothing else changes an order's status.

Venues really do: fill before they acknowledge, fill after they cancel, repeat themselves and speak out of order.
So a terminal status is final for acknowledgements, never for fills.
"""

from __future__ import annotations

from dataclasses import replace

from store.records import TERMINAL_STATUSES, Fill, Order, OrderReport, OrderStatus, money

INTENT = OrderStatus.INTENT
SUBMITTED = OrderStatus.SUBMITTED
UNRESOLVED = OrderStatus.UNRESOLVED
ACCEPTED = OrderStatus.ACCEPTED
PARTIALLY_FILLED = OrderStatus.PARTIALLY_FILLED
FILLED = OrderStatus.FILLED
CANCELED = OrderStatus.CANCELED
EXPIRED = OrderStatus.EXPIRED
REJECTED = OrderStatus.REJECTED
DENIED = OrderStatus.DENIED

_ENDS = frozenset({FILLED, CANCELED, EXPIRED, REJECTED})

TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    # INTENT reaches the venue's words directly when a look-up after a crash finds the order there.
    INTENT: frozenset({SUBMITTED, UNRESOLVED, ACCEPTED, PARTIALLY_FILLED, DENIED}) | _ENDS,
    SUBMITTED: frozenset({UNRESOLVED, ACCEPTED, PARTIALLY_FILLED}) | _ENDS,
    # Proven absent and still wanted, an unresolved order is sent again under its own id.
    UNRESOLVED: frozenset({SUBMITTED, ACCEPTED, PARTIALLY_FILLED}) | _ENDS,
    # UNRESOLVED beside a pending cancel whose answer was lost.
    ACCEPTED: frozenset({UNRESOLVED, PARTIALLY_FILLED, FILLED, CANCELED, EXPIRED, REJECTED}),
    PARTIALLY_FILLED: frozenset({UNRESOLVED, PARTIALLY_FILLED, FILLED, CANCELED, EXPIRED}),
    # The fill crossed the cancel on its way to us.
    CANCELED: frozenset({FILLED}),
    EXPIRED: frozenset({FILLED}),
    FILLED: frozenset(),
    REJECTED: frozenset(),
    DENIED: frozenset(),
}


class IllegalTransition(Exception):
    """Our own code asked for a change the table does not allow."""


def moved(
    order: Order, status: OrderStatus, ts_ms: int, reason: str = "", venue_order_id: str | None = None
) -> Order:
    """`order` in its next status, by the name the venue gave it; IllegalTransition where the table forbids it."""
    if status not in TRANSITIONS[order.status]:
        raise IllegalTransition(
            f"order {order.client_order_id} cannot go from {order.status} to {status}; the order is left as it was"
        )
    return replace(
        order,
        status=status,
        updated_ts_ms=ts_ms,
        reason=reason or order.reason,
        venue_order_id=venue_order_id or order.venue_order_id,
    )


def with_report(order: Order, report: OrderReport) -> Order:
    """What we believe after a venue's report. Old, repeated and out-of-order news changes nothing."""
    status, reason, allowed = report.status, report.reason, TRANSITIONS[order.status]
    if status is FILLED and not order.whole_position and order.filled_quantity < order.quantity:
        # The fills themselves decide: until they are here the books do not hold them.
        status, reason = ACCEPTED, ""
    if status in allowed and report.status in allowed and report.status is not order.status:
        return moved(order, status, report.ts_ms, reason, order.venue_order_id or report.venue_order_id)
    return order if order.venue_order_id else replace(order, venue_order_id=report.venue_order_id)


def with_fill(order: Order, fill: Fill) -> Order:
    """The order after one execution (the caller has made sure that it is new)."""
    filled = order.filled_quantity + fill.quantity
    complete = order.whole_position or filled >= order.quantity
    status = FILLED if complete else PARTIALLY_FILLED
    return replace(
        order,
        status=status if status in TRANSITIONS[order.status] else order.status,
        filled_quantity=filled,
        filled_notional=order.filled_notional + money(fill.price * fill.quantity),
        fee=order.fee + fill.fee,
        updated_ts_ms=fill.ts_ms,
    )


def is_open(order: Order) -> bool:
    """True while the venue may still act on the order."""
    return order.status not in TERMINAL_STATUSES
