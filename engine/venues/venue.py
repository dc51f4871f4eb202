"""The port every venue implements, simulated or real, and the words for how a request can end.

A request ends in one of four ways: an answer (a report), `Refused` (a definite no), `Unresolved` (we cannot know;
look the order up by its client order id, never resend before absence is proven), or `VenueUnavailable` (a query
that could not be answered; it proves nothing, above all not that a position is flat).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from store.records import Fill, FundingPayment, Instrument, Order, OrderReport


class VenueError(Exception):
    """Base of what a venue call can raise."""


class Refused(VenueError):
    """The venue said a definite no; the order does not and will not exist."""


class Unresolved(VenueError):
    """The outcome is unknown: the request may or may not have taken effect."""


class VenueUnavailable(VenueError):
    """A query failed; its subject keeps the state it was last proven to have."""


class VenueLocked(VenueUnavailable):
    """Another process kept the venue's file for itself for as long as it is waited for; what was asked did not happen.
    It is the cause of an Unresolved where that was a request."""


class VenueUnusable(VenueUnavailable):
    """The venue will not answer until a person has acted; asking again is of no use."""


@dataclass(frozen=True, slots=True)
class VenueEvent:
    """One numbered fact from the venue's stream; exactly one of the three payloads is set.

    `bar_open_ms`: the open of the bar the venue was in, or had last played, when it happened. A time stamp alone
    cannot tell what the close of a bar did from what the open of the next one did.
    """

    sequence: int
    report: OrderReport | None = None
    fill: Fill | None = None
    funding: FundingPayment | None = None
    bar_open_ms: int = 0


@dataclass(frozen=True, slots=True)
class VenuePosition:
    symbol: str
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class VenueBalance:
    """Cash of the account: initial + realised - fees + funding (no unrealised)."""

    cash: Decimal


Outcome = OrderReport | Refused | Unresolved
"""What became of one order: the venue's report, or the exception that `Venue.submit` raises."""


def outcome_of(outcomes: Sequence[Outcome]) -> OrderReport:
    """The report on a single order. Raises what became of it instead."""
    (outcome,) = outcomes
    if isinstance(outcome, OrderReport):
        return outcome
    raise outcome


class Venue(Protocol):
    """What the engine may ask of a venue. Idempotent by client order id: submitting twice creates one order."""

    name: str

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def instruments(self) -> Sequence[Instrument]: ...

    async def submit(self, order: Order) -> OrderReport:
        """Place `order` under its client order id. Raises Refused or Unresolved."""
        ...

    async def submit_all(self, orders: Sequence[Order]) -> Sequence[Outcome]:
        """Place several orders, which arrive in this order; the outcome of each in its place."""
        ...

    async def cancel(self, client_order_id: str, symbol: str, attempt: int = 0) -> OrderReport:
        """Cancel one order. Raises Refused (unknown or already terminal) or Unresolved."""
        ...

    async def cancel_all(self, keep_protective: bool = False, attempt: int = 0) -> int:
        """Cancel every open order, stops included unless `keep_protective`; the number cancelled."""
        ...

    async def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        """Single-order query; None means the venue does not know it. Raises VenueUnavailable."""
        ...

    async def open_orders(self) -> Sequence[OrderReport]: ...

    async def order_history(self, since_ms: int) -> Sequence[OrderReport]: ...

    async def fills(self, since_ms: int) -> Sequence[Fill]: ...

    async def funding(self, since_ms: int) -> Sequence[FundingPayment]: ...

    async def positions(self) -> Sequence[VenuePosition]:
        """Non-zero positions. Raises VenueUnavailable."""
        ...

    async def balance(self) -> VenueBalance: ...

    async def events(self, after_sequence: int) -> Sequence[VenueEvent]:
        """The venue's stream after `after_sequence`, as it arrived: possibly repeated, out of order or with holes."""
        ...
