"""What the engine answers to a drill-down, as typed rows: the one place where its plain data becomes ours.

A row that lacks what it must have, or has it in another form, is no answer: KeyError, TypeError or ValueError, which
the asker turns into one line. What may be missing has a default here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.snapshot import OrderRow

Record = Mapping[str, Any]
WHOLE_POSITION = "position"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order whole. Money and quantities are text; times are the market's, in ms."""

    row: OrderRow
    decision_ts_ms: int
    trigger_offset: str | None
    reduce_only: bool
    post_only: bool
    filled_notional: str
    fee: str
    venue_order_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class OrderEvent:
    ts_ms: int
    before: str
    after: str
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Fill:
    ts_ms: int
    symbol: str
    side: str
    price: str
    quantity: str
    fee: str
    order: str
    fill_id: str
    maker: bool
    liquidation: bool


@dataclass(frozen=True, slots=True)
class Funding:
    """`amount` is what was received; negative: paid. `rate` is a fraction of the position's worth."""

    ts_ms: int
    quantity: str
    mark: str
    rate: str
    amount: str
    funding_id: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one signal said of one symbol; `value` None: no opinion, `reason` says why. `name`: signal or symbol;
    `unknown`: the inputs it needs that are not known of the symbol."""

    name: str
    ts_ms: int
    value: float | None
    confidence: float | None
    reason: str
    statistics: Mapping[str, float | None]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The value after one stage; `bound`: a limit changed it here, `why` in words."""

    name: str
    value: float | None
    bound: bool
    why: str


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """`scalars`: the decision's own numbers (idm, fdm, kelly, drawdown, multiplier)."""

    ts_ms: int
    state: str
    halted: bool
    scalars: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class OrderWhy:
    """`price`: of the symbol when it was decided, `shares`: of the signals in their class on that day, where the books
    say so."""

    order: OrderFacts
    events: Sequence[OrderEvent]
    fills: Sequence[Fill]
    decision: DecisionFacts | None
    stages: Sequence[Stage]
    readings: Sequence[Reading]
    price: str | None
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PositionFacts:
    """`ours` and `venue` as the engine names what is in them; fills and funding newest first."""

    fills: Sequence[Fill]
    funding: Sequence[Funding]
    orders: Sequence[OrderFacts]
    ours: Record
    venue: Record | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """What can be set of a signal: its value as data, its bounds in words; `by` whom it was set, "": as configured;
    what a number of it counts ("": itself)."""

    name: str
    value: Any
    bounds: str
    by: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """`about`: title, class, type, bar, window, settings, weight, enabled. `history` oldest first."""

    about: Record
    history: Sequence[Reading]
    symbols: Mapping[str, Reading]
    parameters: Sequence[Parameter] = ()

    @property
    def name(self) -> str:
        """The signal these are about."""
        return str(self.about.get("name", ""))

    def reading(self, symbol: str) -> Reading | None:
        """The newest reading of one symbol."""
        return self.symbols.get(symbol)


@dataclass(frozen=True, slots=True)
class AuditRow:
    sequence: int
    wall_ms: int
    market_ts_ms: int
    actor: str
    kind: str
    payload: Any
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """`chain`: what the engine found when it checked the chain, "" where nobody asked; `broken`: it does not hold."""

    rows: Sequence[AuditRow]
    chain: str
    broken: bool


@dataclass(frozen=True, slots=True)
class CommandLine:
    sequence: int
    wall_ms: int
    market_ts_ms: int
    mode: str
    actor: str
    kind: str
    arguments: Record
    reason: str
    accepted: bool
    message: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Setting:
    """`source`: default, profile, file and line, environment, flag, reloaded, operator."""

    key: str
    value: str
    default: str
    source: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    hash: str
    rows: Sequence[Setting]

    def value(self, key: str) -> str | None:
        """The value of one key; None where there is none."""
        return next((row.value for row in self.rows if row.key == key), None)


def read_orders(answer: Record) -> tuple[OrderRow, ...]:
    """ORDERS: as a snapshot names them, in the order they came."""
    return tuple(_order_row(row) for row in answer["orders"])


def read_order_why(answer: Record) -> OrderWhy:
    """ORDER."""
    decision = answer.get("decision")
    return OrderWhy(
        order=_order(answer["order"]),
        events=tuple(_event(row) for row in answer["events"]),
        fills=tuple(_fill(row) for row in answer["fills"]),
        decision=None if decision is None else _decision(decision),
        stages=tuple(
            Stage(str(row["stage"]), _real(row["value"]), bool(row.get("bound")), str(row.get("why", "")))
            for row in answer.get("stages", ())
        ),
        readings=tuple(_reading(row, str(row["signal"])) for row in answer.get("readings", ())),
        price=_text_or_none(answer.get("decision_price")),
        shares={str(name): float(share) for name, share in (answer.get("shares") or {}).items()},
    )


def read_position(answer: Record) -> PositionFacts:
    """POSITION."""
    venue = answer.get("venue")
    return PositionFacts(
        fills=tuple(_fill(row) for row in reversed(answer["fills"])),
        funding=tuple(_funding(row) for row in reversed(answer.get("funding", ()))),
        orders=tuple(_order(row) for row in answer.get("orders", ())),
        ours=dict(answer.get("ours") or {}),
        venue=None if venue is None else dict(venue),
    )


def read_signal(answer: Record) -> SignalFacts:
    """SIGNAL."""
    return SignalFacts(
        about=dict(answer["signal"]),
        history=tuple(_reading(row, "") for row in answer["history"]),
        symbols={str(row["symbol"]): _reading(row, str(row["symbol"])) for row in answer.get("symbols", ())},
        parameters=tuple(
            Parameter(
                str(row["name"]), row["value"], str(row["bounds"]), str(row["by"]), str(row.get("unit", ""))
            )
            for row in answer["signal"].get("parameters", ())
        ),
    )


def read_audit(answer: Record) -> AuditFacts:
    """AUDIT."""
    chain = answer.get("chain")
    rows = tuple(
        AuditRow(
            int(row["sequence"]),
            int(row["wall_ms"]),
            int(row["market_ts_ms"]),
            str(row["actor"]),
            str(row["kind"]),
            row["payload"],
            str(row.get("hash", "")),
        )
        for row in answer["rows"]
    )
    if chain is None:
        return AuditFacts(rows, "", False)
    fault = str(chain.get("fault", ""))
    return AuditFacts(rows, fault or f"{int(chain['rows']):,} rows", bool(fault))


def read_commands(answer: Record) -> tuple[CommandLine, ...]:
    """COMMANDS."""
    return tuple(
        CommandLine(
            int(row.get("sequence", place)),
            int(row["wall_ms"]),
            int(row["market_ts_ms"]),
            str(row.get("mode", "")),
            str(row["actor"]),
            str(row["kind"]),
            dict(row.get("arguments") or {}),
            str(row.get("reason", "")),
            bool(row["accepted"]),
            str(row.get("message", "")),
            str(row.get("state_before", "")),
            str(row.get("state_after", "")),
        )
        for place, row in enumerate(answer["rows"])
    )


def read_config(answer: Record) -> ConfigFacts:
    """CONFIG."""
    names = ("key", "value", "default", "source", "unit", "description")
    rows = tuple(Setting(*(_said(row.get(name)) for name in names)) for row in answer["rows"])
    return ConfigFacts(str(answer.get("hash", "")), rows)


def _order(row: Record) -> OrderFacts:
    return OrderFacts(
        row=_order_row(row),
        decision_ts_ms=int(row["decision_ts_ms"]),
        trigger_offset=_text_or_none(row.get("trigger_offset")),
        reduce_only=bool(row.get("reduce_only")),
        post_only=bool(row.get("post_only")),
        filled_notional=str(row.get("filled_notional", "0")),
        fee=str(row.get("fee", "0")),
        venue_order_id=str(row.get("venue_order_id") or ""),
        attempt=int(row.get("attempt", 0)),
    )


def _order_row(row: Record) -> OrderRow:
    return OrderRow(
        client_order_id=str(row["client_order_id"]),
        symbol=str(row["symbol"]),
        side=str(row["side"]),
        type=str(row["type"]),
        purpose=str(row["purpose"]),
        quantity=WHOLE_POSITION if row.get("whole_position") else str(row["quantity"]),
        price=_text_or_none(row.get("price")),
        filled=str(row["filled_quantity"]),
        status=str(row["status"]),
        reason=str(row.get("reason", "")),
        ts_ms=int(row["updated_ts_ms"]),
    )


def _event(row: Record) -> OrderEvent:
    return OrderEvent(
        int(row["ts_ms"]),
        str(row.get("from_status") or ""),
        str(row["to_status"]),
        str(row.get("reason", "")),
        int(row.get("attempt", 0)),
    )


def _fill(row: Record) -> Fill:
    return Fill(
        int(row["ts"]),
        str(row["symbol"]),
        str(row["side"]),
        str(row["price"]),
        str(row["quantity"]),
        str(row["fee"]),
        str(row.get("order_id", "")),
        str(row["fill_id"]),
        bool(row.get("maker")),
        bool(row.get("liquidation")),
    )


def _funding(row: Record) -> Funding:
    names = ("quantity", "mark_price", "rate", "amount", "funding_id")
    return Funding(int(row["ts"]), *(str(row[name]) for name in names))


def _reading(row: Record, name: str) -> Reading:
    ts_ms = row["ts_ms"] if "ts_ms" in row else row["ts"]
    statistics = {str(key): _real(value) for key, value in (row.get("statistics") or {}).items()}
    return Reading(
        name,
        int(ts_ms),
        _real(row["value"]),
        _real(row.get("confidence")),
        str(row.get("reason", "")),
        statistics,
        tuple(map(str, row.get("unknown", ()))),
    )


def _decision(row: Record) -> DecisionFacts:
    scalars = {str(name): _real(value) for name, value in (row.get("scalars") or {}).items()}
    return DecisionFacts(int(row["ts"]), str(row.get("state", "")), bool(row.get("halted")), scalars)


def _real(value: Any) -> float | None:
    return None if value is None else float(value)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _said(value: Any) -> str:
    return "" if value is None else str(value)
