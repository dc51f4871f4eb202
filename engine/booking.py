"""Venue news into the books: fills, funding, what became of orders, costs adopted, and the proof that both sides agree.

Everything is gathered in the journal for one transaction, and told on the tape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.bookstate import BookState
from engine.execution import Execution
from engine.ledger import Ledger
from engine.oversight import Oversight
from engine.reconcile import News
from engine.tape import Tape
from store.journal import Journal
from store.records import Fill


@dataclass(frozen=True, slots=True)
class Booked:
    """What news came to: whether anything changed, and the quantities now held of the symbols that were filled."""

    changed: bool
    quantities: dict[str, Decimal]


class Booking:
    """The one way in for what the venue tells of one account."""

    def __init__(
        self,
        ledger: Ledger,
        execution: Execution,
        journal: Journal,
        book: BookState,
        oversight: Oversight,
        tape: Tape,
    ) -> None:
        self._ledger = ledger
        self._execution = execution
        self._journal = journal
        self._book = book
        self._oversight = oversight
        self._tape = tape

    def take(self, news: News, now_ms: int) -> Booked:
        """Book all of it; what is known already changes nothing."""
        quantities = self._fills(news.fills)
        for payment in news.funding:
            if self._ledger.apply_funding(payment):
                self._journal.funding(payment)
                self._journal.position(self._ledger.position(payment.symbol))
                self._oversight.funded(payment)
        for report in news.reports:
            order = self._execution.believe(report)
            if order is not None:
                self._tape.report(order, report)
        for symbol, cost in news.costs.items():
            self._journal.position(self._ledger.adopt_cost(symbol, cost))
            self._journal.cost_adopted(symbol, cost, now_ms)
            text = f"{symbol}: fills were heard in another order than the venue's; its cost of the position stands"
            self._tape.say(now_ms, "WARN", "engine.reconcile", text)
        if news.recovered:
            self._tape.say(
                now_ms, "WARN", "engine.reconcile", f"{news.recovered} venue events recovered from its books"
            )
        unusual = self._oversight.proof(news, now_ms)
        self._book.venue_sequence = news.last_sequence
        if news.agrees:
            self._book.proven_ms = now_ms
        self._ledger.forget_old(self._book.proven_ms)
        return Booked(bool(news.fills or news.funding or news.reports or news.costs or unusual), quantities)

    def _fills(self, fills: Sequence[Fill]) -> dict[str, Decimal]:
        quantities = dict[str, Decimal]()
        for fill in fills:
            effect = self._ledger.apply_fill(fill)
            if effect is None:
                continue
            quantities[fill.symbol] = effect.after.quantity
            self._execution.fill(fill)
            self._journal.fill(fill)
            self._journal.position(effect.after)
            self._oversight.filled(fill, effect)
            self._book.fills += 1
            self._tape.fill(fill)
        return quantities
