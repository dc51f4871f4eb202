"""The engine's plain answers as typed rows: the one place where its data becomes ours.

A row that lacks what it must have, or has it in another form, is no answer: KeyError, TypeError or ValueError, which
the asker turns into one line. What may be missing has a default here and nowhere else.
"""

from __future__ import annotations

from typing import Any

from console.answers import (
    WHOLE_POSITION,
    AuditFacts,
    AuditRow,
    CommandLine,
    ConfigFacts,
    DecisionFacts,
    Fill,
    Funding,
    OrderEvent,
    OrderFacts,
    OrderWhy,
    Parameter,
    PositionFacts,
    Reading,
    Record,
    Setting,
    SignalFacts,
    Stage,
)
from engine.snapshot import OrderRow


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
