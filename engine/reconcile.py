"""What the venue has told us, made complete and put in the venue's own order before anything is booked.

A stream may repeat itself, arrive shuffled or lose events. So quantities and cash are compared with the venue's
books *before* booking: where they would disagree, executions and funding are asked for again. What still cannot be
explained locks its instrument; a query that fails proves nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from engine.intents import is_ours
from engine.ledger import Ledger
from engine.venues.choose import TradingVenue
from engine.venues.venue import Venue, VenueEvent, VenuePosition, VenueUnavailable
from store.records import ZERO, Fill, FundingPayment, OrderReport, Position


class SecondEngine(Exception):
    """Orders carrying our id pattern that we never wrote: another engine trades this account."""


@dataclass(frozen=True, slots=True)
class News:
    """One batch from the venue, each fact once, in the venue's order.

    `proven`: the venue's positions and cash were read and explain everything but `unexplained` (symbols); None there:
    they were not compared, and what was last proven stands. `costs`: positions whose fills were heard in another order
    than the venue's, with what they cost there; equity is the same either way, profit is realised in another place.
    """

    fills: tuple[Fill, ...]
    funding: tuple[FundingPayment, ...]
    reports: tuple[OrderReport, ...]
    last_sequence: int
    proven: bool
    unexplained: frozenset[str] | None
    cash_difference: Decimal
    recovered: int
    held: Mapping[str, Decimal] | None = None
    costs: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """True where the books were compared, and are equal: only then need nothing older be asked for again."""
        return self.proven and self.unexplained == frozenset() and not self.cash_difference


async def collect(
    venue: TradingVenue, ledger: Ledger, after_sequence: int, since_ms: int, until_ms: int
) -> News:
    """Everything new since `after_sequence` up to market time `until_ms`, completed from the venue's books where its
    stream has holes; they are read back to `since_ms`, when they last proved ours.

    A venue whose books are ahead of `until_ms` (we were killed and are catching up) cannot be compared yet: such bars
    were quiet when they were first decided, or they would have been committed.
    """
    events = [e for e in _unique(await venue.events(after_sequence)) if e.bar_open_ms < until_ms]
    fills = [e.fill for e in events if e.fill is not None and not ledger.knows(e.fill.fill_id)]
    funding = [e.funding for e in events if e.funding is not None and not ledger.knows(e.funding.funding_id)]
    reports = tuple(e.report for e in events if e.report is not None)
    last_sequence = max((e.sequence for e in events), default=after_sequence)
    recovered = 0
    if venue.books_ts_ms() > until_ms:
        return News(tuple(fills), tuple(funding), reports, last_sequence, True, None, ZERO, 0)
    try:
        positions = await venue.positions()
        held = {position.symbol: position.quantity for position in positions}
        cash = (await venue.balance()).cash
        unexplained, difference = _compared(ledger, fills, funding, held, cash)
        if unexplained or difference:
            known = len(fills) + len(funding)
            fills = _merged(fills, await venue.fills(since_ms), ledger)
            funding = _merged_funding(funding, await venue.funding(since_ms), ledger)
            recovered = len(fills) + len(funding) - known
            unexplained, difference = _compared(ledger, fills, funding, held, cash)
    except VenueUnavailable:
        return News(tuple(fills), tuple(funding), reports, last_sequence, False, None, ZERO, 0)
    costs = {} if unexplained or not difference else _ordered_otherwise(ledger, fills, positions, difference)
    return News(
        fills=tuple(fills),
        funding=tuple(funding),
        reports=reports,
        last_sequence=last_sequence,
        proven=True,
        unexplained=unexplained,
        cash_difference=ZERO if costs else difference,
        recovered=recovered,
        held=held,
        costs=costs,
    )


async def foreign_orders(venue: Venue, known: Callable[[str], Awaitable[bool]]) -> None:
    """Raise SecondEngine where the venue holds open orders of our pattern that `known` says we never wrote."""
    for report in await venue.open_orders():
        if is_ours(report.client_order_id) and not await known(report.client_order_id):
            raise SecondEngine(
                f"{venue.name} holds order {report.client_order_id}, which carries our id pattern but is not in this "
                "database: a second engine trades this account; stop it, or start this one with its own account"
            )


def _unique(events: Sequence[VenueEvent]) -> list[VenueEvent]:
    by_sequence = {event.sequence: event for event in events}
    return [by_sequence[sequence] for sequence in sorted(by_sequence)]


def _compared(
    ledger: Ledger,
    fills: Sequence[Fill],
    funding: Sequence[FundingPayment],
    held: Mapping[str, Decimal],
    cash: Decimal,
) -> tuple[frozenset[str], Decimal]:
    """Symbols whose quantity, and the cash, that the batch would leave different from the venue's."""
    return frozenset(_differing(ledger, fills, held)), cash - _cash_after(ledger, fills, funding)


def _differing(ledger: Ledger, fills: Sequence[Fill], held: Mapping[str, Decimal]) -> set[str]:
    expected = {
        symbol: position.quantity for symbol, position in ledger.positions.items() if position.quantity
    }
    for fill in fills:
        expected[fill.symbol] = expected.get(fill.symbol, ZERO) + fill.quantity * fill.side.sign
    if expected == held:
        return set()
    symbols = expected.keys() | held.keys()
    return {symbol for symbol in symbols if expected.get(symbol, ZERO) != held.get(symbol, ZERO)}


def _cash_after(ledger: Ledger, fills: Sequence[Fill], funding: Sequence[FundingPayment]) -> Decimal:
    """Cash once the batch is booked; exact, because booking itself is (a dry run over the touched positions)."""
    _, gained = _booked(ledger, fills)
    return ledger.cash + gained + sum((payment.amount for payment in funding), ZERO)


def _booked(ledger: Ledger, fills: Sequence[Fill]) -> tuple[dict[str, Position], Decimal]:
    """The positions that the fills touch as they would leave them, and the cash they would bring."""
    positions, cash = {fill.symbol: ledger.position(fill.symbol) for fill in fills}, ZERO
    for fill in fills:
        positions[fill.symbol], gained = ledger.dry_run(positions[fill.symbol], fill)
        cash += gained - fill.fee
    return positions, cash


def _ordered_otherwise(
    ledger: Ledger, fills: Sequence[Fill], held: Sequence[VenuePosition], difference: Decimal
) -> dict[str, Decimal]:
    """What positions cost at the venue where that alone explains the difference in cash; else nothing."""
    booked, _ = _booked(ledger, fills)
    costs = {
        position.symbol: position.cost
        for position in held
        if position.cost != (booked.get(position.symbol) or ledger.position(position.symbol)).cost
    }
    moved = sum(
        (cost - (booked.get(symbol) or ledger.position(symbol)).cost for symbol, cost in costs.items()), ZERO
    )
    return costs if moved == difference else {}


def _merged(streamed: Sequence[Fill], listed: Sequence[Fill], ledger: Ledger) -> list[Fill]:
    """The venue's list gives the order; a fill it does not list yet keeps its place at the end."""
    merged = {fill.fill_id: fill for fill in listed if not ledger.knows(fill.fill_id)}
    for fill in streamed:
        merged.setdefault(fill.fill_id, fill)
    return list(merged.values())


def _merged_funding(
    streamed: Sequence[FundingPayment], listed: Sequence[FundingPayment], ledger: Ledger
) -> list[FundingPayment]:
    merged = {p.funding_id: p for p in listed if not ledger.knows(p.funding_id)}
    for payment in streamed:
        merged.setdefault(payment.funding_id, payment)
    return list(merged.values())
