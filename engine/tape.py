"""The engine's voice: every event goes to the journal, to the ring the console shows, and to whoever listens."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable

from engine.snapshot import LogLine
from engine.venues.flattening import SETTLING
from store.journal import Journal
from store.records import Event, Fill, FundingPayment, Order, OrderReport, OrderStatus

RING = 2_000
LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
_LOUD = {OrderStatus.REJECTED: "WARN", OrderStatus.DENIED: "INFO"}


class Tape:
    """Says things once, in market time. Listeners are called on the loop and must not block."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._sequence = itertools.count(1)
        self.ring: deque[LogLine] = deque(maxlen=RING)
        self.listeners: list[Callable[[Event], None]] = []

    def say(self, ts_ms: int, level: str, source: str, message: str, data: str = "") -> None:
        """Record one event of `level` DEBUG, INFO, WARN or ERROR."""
        event = Event(ts_ms, level, source, message, data)
        self._journal.event(event)
        self.show(event)

    def show(self, event: Event) -> None:
        """Tell readers without recording, for what the journal can no longer take."""
        self.ring.append(LogLine(next(self._sequence), event.ts_ms, event.level, event.source, event.message))
        for listener in self.listeners:
            listener(event)

    def fill(self, fill: Fill) -> None:
        """One execution."""
        settles = fill.client_order_id.startswith(SETTLING)
        what = "liquidation" if fill.liquidation else "settled at its expiry" if settles else "fill"
        self.say(
            fill.ts_ms,
            "ERROR" if fill.liquidation else "WARN" if settles else "INFO",
            "engine.execution",
            f"{what} {fill.symbol} {fill.side.value} {fill.quantity} @ {fill.price} fee {fill.fee:.4f} "
            f"{fill.client_order_id}",
        )

    def funding(self, payment: FundingPayment) -> None:
        """One funding settlement."""
        self.say(
            payment.ts_ms,
            "DEBUG",
            "engine.ledger",
            f"funding {payment.symbol} {payment.amount:.4f} at {payment.rate}",
        )

    def report(self, order: Order, report: OrderReport) -> None:
        """What a venue said of an order, where it matters to a person."""
        if report.status in (OrderStatus.ACCEPTED, OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED):
            return
        self.say(
            report.ts_ms,
            _LOUD.get(report.status, "DEBUG"),
            "engine.execution",
            f"order {order.client_order_id} {order.symbol} {report.status.value}: {report.reason}",
        )
