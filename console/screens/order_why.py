"""Why an order is what it is: from the readings through every stage and the caps that bound to its quantity, and what
became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.answers import ConfigFacts, OrderWhy
from console.bindings import bindings
from console.details import Want
from console.read_answers import read_config, read_order_why
from console.screens.cap_words import Limits
from console.screens.drill import Rows
from console.screens.order_cells import is_working
from console.screens.order_keys import OrderKeys
from console.screens.order_why_rows import (
    COLUMNS,
    Said,
    WhyRows,
    caps_words,
    conflict_facts,
    order_facts,
    what_was_said,
    why_rows,
)
from console.widgets.facts import fact_lines, wrapped
from console.widgets.ink import Line, cut
from engine.commands import DetailKind, Question
from engine.snapshot import OrderRow, Snapshot, WeightRow

_CONFIG = Question(DetailKind.CONFIG)
_MADE_BY_RULE = frozenset({"stop", "trail", "target", "flatten"})


class OrderWhyScreen(OrderKeys):
    """`key`: the client order id."""

    SCOPES = ("order",)
    BINDINGS = bindings("screen", "order")

    @property
    def heading(self) -> str:
        row = self._row
        return f"WHY {self.key}" if row is None else f"WHY {row.side} {row.symbol} · {self.key}"

    def wants(self) -> Sequence[Want]:
        row, snapshot = self._seen, self.snapshot
        if snapshot is None:
            return []
        mark = None if row is None else (row.status, row.filled, row.ts_ms)
        return [
            Want(self._question, mark, read_order_why),
            Want(_CONFIG, snapshot.config_hash, read_config),
        ]

    def head(self, width: int) -> Sequence[Line]:
        why = self._why
        if why is None:
            row = self._seen
            return (
                []
                if row is None
                else [((f" {row.side} {row.quantity} {row.symbol}, {row.status}", "strong"),)]
            )
        limits = self._limits(why)
        said = what_was_said(why, limits, self._weights)
        facts = [*order_facts(why), *conflict_facts(why, limits, said)]
        lines = [*fact_lines(facts, width), *self._words(why, limits, said, width)]
        return [cut(line, width) for line in lines]

    def table(self, tab: int) -> Rows:
        rows = self._rows()
        return Rows(
            COLUMNS,
            list(rows),
            lambda key: rows[key],
            self.waiting_words(self._question, "Nothing is known of this order."),
        )

    def order_here(self) -> tuple[str, bool]:
        row = self._row
        return (self.key, row is not None and is_working(row.status))

    def _words(self, why: OrderWhy, limits: Limits, said: Said, width: int) -> list[Line]:
        """Which rule made it, which caps bound, and why it ended as it did."""
        row = why.order.row
        made, caps = limits.of_order(why.order), ""
        if row.purpose in _MADE_BY_RULE:
            made += ". The decision below was made at the same time" if why.stages else ""
        elif why.stages:
            caps = caps_words(why, limits, said)
        elif not made:
            made = "no decision made it: orders of this purpose come from a rule of their own"
        ended = f"{row.status}: {row.reason}" if row.reason else ""
        lines: list[Line] = []
        for words, ink in (
            (made, "plain"),
            (caps, "warn" if caps.startswith("bound") else "soft"),
            (ended, "warn"),
        ):
            lines += [[(" ", "plain"), *line] for line in wrapped(words, width - 2, ink)]
        return lines

    def _rows(self) -> WhyRows:
        why = self._why
        estimates = () if self.snapshot is None else self.snapshot.estimates
        return {} if why is None else why_rows(why, self._limits(why), self._weights, estimates)

    def _limits(self, why: OrderWhy) -> Limits:
        config: ConfigFacts | None = self.known(_CONFIG)
        return Limits(config, why.decision, {name: row.type for name, row in self._weights.items()})

    @property
    def _question(self) -> Question:
        return Question(DetailKind.ORDER, {"order": self.key})

    @property
    def _why(self) -> OrderWhy | None:
        known: OrderWhy | None = self.known(self._question)
        return known

    @property
    def _seen(self) -> OrderRow | None:
        """The order in the picture, which holds the newest ones only."""
        rows = () if self.snapshot is None else self.snapshot.orders
        return next((row for row in rows if row.client_order_id == self.key), None)

    @property
    def _row(self) -> OrderRow | None:
        return self._seen or (None if self._why is None else self._why.order.row)

    @property
    def _weights(self) -> Mapping[str, WeightRow]:
        snapshot: Snapshot | None = self.snapshot
        return {} if snapshot is None else {row.name: row for row in snapshot.weights}
