"""Round trips: from flat to flat, or through zero, with what each earned after fees and funding.

A fill that crosses zero ends one trip and begins the next; its fee is split by quantity, rounded half-even to
1e-8 for the part that closes, so the sum over all trips is the sum over all fills, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from store.records import ZERO, Fill, FundingPayment, money


@dataclass(frozen=True, slots=True)
class OpenTrip:
    """A position since it was last flat: signed quantity, and its cash with fees and funding."""

    symbol: str
    quantity: Decimal
    cash: Decimal
    opened_ts_ms: int


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A closed trip. `direction` is +1 for a long one; `result` in quote currency after fees and funding."""

    symbol: str
    direction: int
    opened_ts_ms: int
    closed_ts_ms: int
    result: Decimal


OpenTrips = Mapping[str, OpenTrip]


def apply_fill(trips: OpenTrips, fill: Fill) -> tuple[OpenTrips, RoundTrip | None]:
    """The open trips after a fill, and the trip it closed."""
    trip = trips.get(fill.symbol) or OpenTrip(fill.symbol, ZERO, ZERO, fill.ts_ms)
    change = fill.side.sign * fill.quantity
    crosses = trip.quantity != 0 and (trip.quantity > 0) != (change > 0)
    closing = min(abs(trip.quantity), fill.quantity) if crosses else ZERO
    if not crosses or closing < abs(trip.quantity):
        after = replace(
            trip, quantity=trip.quantity + change, cash=trip.cash - change * fill.price - fill.fee
        )
        return {**trips, fill.symbol: after}, None
    fee = money(fill.fee * closing / fill.quantity)
    result = trip.cash + trip.quantity * fill.price - fee
    direction = 1 if trip.quantity > 0 else -1
    closed = RoundTrip(fill.symbol, direction, trip.opened_ts_ms, fill.ts_ms, result)
    rest = {symbol: other for symbol, other in trips.items() if symbol != fill.symbol}
    remainder = trip.quantity + change
    if remainder:
        cash = -remainder * fill.price - (fill.fee - fee)
        rest[fill.symbol] = OpenTrip(fill.symbol, remainder, cash, fill.ts_ms)
    return rest, closed


def apply_funding(trips: OpenTrips, payment: FundingPayment) -> OpenTrips:
    """The open trips after a funding payment; one that finds no open trip belongs to none."""
    trip = trips.get(payment.symbol)
    if trip is None:
        return trips
    return {**trips, payment.symbol: replace(trip, cash=trip.cash + payment.amount)}
