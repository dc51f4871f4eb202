"""The account in `Decimal`: average-cost positions, realised and unrealised profit, fees, funding, equity.

Promise: equity = initial + realised + unrealised - fees + funding, to the last digit, after every event; and
applying the same fill or funding settlement twice equals applying it once, as long as the venue may repeat it: what
its lists are read back to (`forget_old`), and the newest `REMEMBERED_IDS` for a stream that repeats itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.bookstate import BookState
from store.records import ZERO, Fill, FundingPayment, LedgerTotals, Position, money

REMEMBERED_IDS = 20_000
FORGOTTEN_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class FillEffect:
    """What one fill did to its position; `realised` is before fees, in quote currency."""

    before: Position
    after: Position
    realised: Decimal


class Ledger:
    """Books of one account in one quote currency; `fills` counts what was booked by this process."""

    def __init__(self, initial: Decimal, high_water_mark: Decimal | None = None) -> None:
        self.initial = initial
        self.high_water_mark = initial if high_water_mark is None else high_water_mark
        self.positions: dict[str, Position] = {}
        self.realised = ZERO
        self.fees = ZERO
        self.funding = ZERO
        self.fills = 0
        self._seen: dict[str, int] = {}

    def restore(
        self, positions: Iterable[Position], book: BookState, applied_ids: Iterable[tuple[str, int]]
    ) -> None:
        """Continue from stored books; `applied_ids` are fills and funding settlements already inside them, with their
        market times, oldest first."""
        self.positions = {position.symbol: position for position in positions}
        self.realised = sum((position.realised for position in self.positions.values()), ZERO)
        self.fees = sum((position.fees for position in self.positions.values()), ZERO)
        self.funding = sum((position.funding for position in self.positions.values()), ZERO)
        if book.initial:
            self.initial, self.high_water_mark = Decimal(book.initial), Decimal(book.high_water_mark)
        self._seen = dict(applied_ids)

    def quantity(self, symbol: str) -> Decimal:
        """Signed quantity held, 0 where nothing is."""
        position = self.positions.get(symbol)
        return ZERO if position is None else position.quantity

    @property
    def cash(self) -> Decimal:
        """Everything but what open positions have not realised."""
        return self.initial + self.realised - self.fees + self.funding

    def position(self, symbol: str) -> Position:
        """The position held, an empty one where nothing is."""
        return self.positions.get(symbol) or Position(symbol)

    @staticmethod
    def dry_run(position: Position, fill: Fill) -> tuple[Position, Decimal]:
        """What booking `fill` would make of `position`, and the profit it would realise."""
        return book(position, fill.quantity * fill.side.sign, fill.price)

    def knows(self, identifier: str) -> bool:
        """True where this fill or funding settlement has been applied."""
        return identifier in self._seen

    def apply_fill(self, fill: Fill) -> FillEffect | None:
        """Book one execution; None where it was booked before."""
        if fill.fill_id in self._seen:
            return None
        self._seen[fill.fill_id] = fill.ts_ms
        before = self.position(fill.symbol)
        after, realised = self.dry_run(before, fill)
        opened = before.opened_ts_ms if _same_direction(before, after) else fill.ts_ms
        after = replace(
            after, realised=before.realised + realised, fees=before.fees + fill.fee, opened_ts_ms=opened
        )
        self.positions[fill.symbol] = after
        self.realised += realised
        self.fees += fill.fee
        self.fills += 1
        return FillEffect(before, after, realised)

    def apply_funding(self, payment: FundingPayment) -> bool:
        """Book one funding settlement; False where it was booked before."""
        if payment.funding_id in self._seen:
            return False
        self._seen[payment.funding_id] = payment.ts_ms
        position = self.position(payment.symbol)
        self.positions[payment.symbol] = replace(position, funding=position.funding + payment.amount)
        self.funding += payment.amount
        return True

    def adopt_cost(self, symbol: str, cost: Decimal) -> Position:
        """Give a position the cost it has at the venue, whose order of fills decides; equity stays as it is."""
        position = self.position(symbol)
        moved = cost - position.cost
        self.positions[symbol] = replace(position, cost=cost, realised=position.realised + moved)
        self.realised += moved
        return self.positions[symbol]

    def mark(self, mark_prices: Mapping[str, Decimal]) -> LedgerTotals:
        """Totals at `mark_prices` (needed for every open position); raises the high-water mark where passed."""
        unrealised = ZERO
        for symbol, position in self.positions.items():
            if position.quantity:
                unrealised += money(position.quantity * mark_prices[symbol]) - position.cost
        return self.totals(unrealised)

    def totals(self, unrealised: Decimal) -> LedgerTotals:
        """Totals with this profit of the open positions; raises the high-water mark where passed."""
        equity = self.cash + unrealised
        if equity > self.high_water_mark:
            self.high_water_mark = equity
        return LedgerTotals(
            initial=self.initial,
            realised=self.realised,
            unrealised=unrealised,
            fees=self.fees,
            funding=self.funding,
            equity=equity,
            high_water_mark=self.high_water_mark,
        )

    def forget_old(self, proven_ms: int) -> None:
        """Let the ids beyond the newest `REMEMBERED_IDS` go, many at a time, but none from `proven_ms` on: the venue's
        lists are read back to there, however much has happened since."""
        if len(self._seen) < REMEMBERED_IDS + FORGOTTEN_AT_ONCE:
            return
        oldest = itertools.islice(self._seen.items(), len(self._seen) - REMEMBERED_IDS)
        for identifier in [name for name, ts_ms in oldest if ts_ms < proven_ms]:
            del self._seen[identifier]


def book(position: Position, signed_quantity: Decimal, price: Decimal) -> tuple[Position, Decimal]:
    """Average-cost booking of one trade: the new position (quantity and cost) and the realised profit.

    A reduction releases cost * closed / quantity, rounded half-even to 1e-8; a trade through zero closes the old
    position whole and opens the rest at the trade's price.
    """
    held = position.quantity
    if held == 0 or (held > 0) == (signed_quantity > 0):
        cost = position.cost + money(price * signed_quantity)
        return replace(position, quantity=held + signed_quantity, cost=cost), ZERO
    closed = min(abs(signed_quantity), abs(held))
    direction = 1 if held > 0 else -1
    whole = closed == abs(held)
    released = position.cost if whole else money(position.cost * closed / abs(held))
    realised = money(price * closed) * direction - released
    rest = signed_quantity + closed * direction
    if whole:
        return replace(position, quantity=rest, cost=money(price * rest)), realised
    return replace(position, quantity=held + signed_quantity, cost=position.cost - released), realised


def _same_direction(before: Position, after: Position) -> bool:
    return before.quantity != 0 and (before.quantity > 0) == (after.quantity > 0) and after.quantity != 0
