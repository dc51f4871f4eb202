"""The rows that are no records: what a decision, a reading, a mark, a command and the latch look like in the
database.

Also how records become rows and back. Decimals are written plainly (never 1E-8) and read back with equal
value.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from store.errors import Corrupt
from store.records import (
    Fill,
    FundingPayment,
    Instrument,
    InstrumentKind,
    LedgerTotals,
    Order,
    OrderPurpose,
    OrderStatus,
    OrderType,
    Override,
    Position,
    Side,
    TradingState,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Row = tuple[Any, ...]

to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode
_to_sorted_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision with its whole waterfall.

    `stages` is float64 [stage, symbol] in the order of `store.records.DECISION_STAGES`. `state` is the
    effective trading state, `halted` whether this very step halted. `scalars` are the step's own numbers
    (IDM, FDM, caps, E ...): pure results only, for they enter the digest.
    """

    ts_ms: int
    symbols: tuple[str, ...]
    state: TradingState
    halted: bool
    stages: NDArray[np.float64]
    scalars: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One signal's reading of every symbol, float64 [symbol] each; in force until the signal's next row."""

    ts_ms: int
    signal: str
    symbols: tuple[str, ...]
    values: NDArray[np.float64]
    confidences: NDArray[np.float64]
    reasons: Sequence[str] = ()
    statistics: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EquityRow:
    """The account at one market time; `gross` and `net` are exposures as fractions of equity."""

    ts_ms: int
    totals: LedgerTotals
    gross: float
    net: float


@dataclass(frozen=True, slots=True)
class CommandRow:
    """What an operator asked and what became of it. `wall_ms` None: now."""

    actor: str
    kind: str
    arguments: Mapping[str, str]
    reason: str
    accepted: bool
    message: str
    state_before: str
    state_after: str
    market_ts_ms: int
    wall_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ControlRow:
    """The latch. `state` is ACTIVE or HALTED, `progress` the kill path's (latched, cancelling, flattening,
    flat, kept, failed; empty while ACTIVE). `sequence` and `wall_ms` are set by the journal.
    """

    state: TradingState
    progress: str
    reason: str
    actor: str
    market_ts_ms: int
    keep_positions: bool = False
    wall_ms: int = 0
    sequence: int = 0


def plain(amount: Decimal) -> str:
    """The decimal without an exponent: 0.00000001, not 1E-8."""
    text = str(amount)
    return format(amount, "f") if "E" in text else text


def plain_or_none(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def printable(text: str) -> str:
    """`text` as SQLite can keep it: bytes that were never UTF-8 (from file names, from venues) become
    escapes.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def pack_scalars(scalars: Mapping[str, float]) -> bytes:
    """Names and float64 values in one BLOB: a JSON list of names, a newline, the values."""
    return to_json(list(scalars)).encode() + b"\n" + struct.pack(f"<{len(scalars)}d", *scalars.values())


def unpack_scalars(blob: bytes) -> dict[str, float]:
    """The inverse of `pack_scalars`. Raises ValueError for what that never wrote."""
    names, _, values = blob.partition(b"\n")
    return dict(zip(json.loads(names), unpack_floats(values), strict=True))


def unpack_floats(blob: bytes) -> tuple[float, ...]:
    """The float64 numbers of a BLOB. Raises ValueError where its length is no multiple of 8."""
    if len(blob) % 8:
        raise ValueError(f"{len(blob)} bytes are no whole number of float64")
    return struct.unpack(f"<{len(blob) // 8}d", blob)


def instrument_values(i: Instrument) -> Row:
    return (
        i.symbol,
        i.kind.value,
        i.base,
        i.quote,
        plain(i.tick),
        plain(i.lot),
        plain(i.min_quantity),
        plain(i.min_notional),
        plain(i.contract_size),
        plain(i.maker_fee_rate),
        plain(i.taker_fee_rate),
        plain(i.maintenance_margin_rate),
        plain(i.leverage),
        i.funding_interval_ms,
        plain(i.funding_cap_rate),
    )


def instrument_from(row: Row) -> Instrument:
    symbol, kind, base, quote, *decimals, funding_interval_ms, funding_cap_rate = row
    tick, lot, min_quantity, min_notional, contract_size, maker, taker, maintenance, leverage = (
        Decimal(text) for text in decimals
    )
    return Instrument(
        symbol=symbol,
        kind=InstrumentKind(kind),
        base=base,
        quote=quote,
        tick=tick,
        lot=lot,
        min_quantity=min_quantity,
        min_notional=min_notional,
        contract_size=contract_size,
        maker_fee_rate=maker,
        taker_fee_rate=taker,
        maintenance_margin_rate=maintenance,
        leverage=leverage,
        funding_interval_ms=funding_interval_ms,
        funding_cap_rate=Decimal(funding_cap_rate),
    )


def order_values(o: Order) -> Row:
    return (
        o.client_order_id,
        o.symbol,
        o.side.value,
        o.type.value,
        o.purpose.value,
        plain(o.quantity),
        o.decision_ts_ms,
        plain_or_none(o.price),
        plain_or_none(o.trigger_offset),
        o.whole_position,
        o.reduce_only,
        o.post_only,
        o.status.value,
        plain(o.filled_quantity),
        plain(o.filled_notional),
        plain(o.fee),
        o.venue_order_id,
        o.reason,
        o.attempt,
        o.updated_ts_ms,
    )


def order_from(row: Row) -> Order:
    return Order(
        client_order_id=row[0],
        symbol=row[1],
        side=Side(row[2]),
        type=OrderType(row[3]),
        purpose=OrderPurpose(row[4]),
        quantity=Decimal(row[5]),
        decision_ts_ms=row[6],
        price=None if row[7] is None else Decimal(row[7]),
        trigger_offset=None if row[8] is None else Decimal(row[8]),
        whole_position=bool(row[9]),
        reduce_only=bool(row[10]),
        post_only=bool(row[11]),
        status=OrderStatus(row[12]),
        filled_quantity=Decimal(row[13]),
        filled_notional=Decimal(row[14]),
        fee=Decimal(row[15]),
        venue_order_id=row[16],
        reason=row[17],
        attempt=row[18],
        updated_ts_ms=row[19],
    )


def fill_values(f: Fill) -> Row:
    return (
        f.fill_id,
        f.client_order_id,
        f.symbol,
        f.side.value,
        plain(f.price),
        plain(f.quantity),
        plain(f.fee),
        f.maker,
        f.ts_ms,
        f.reduce_only,
        f.liquidation,
    )


def fill_from(row: Row) -> Fill:
    (
        identifier,
        client_order_id,
        symbol,
        side,
        price,
        quantity,
        fee,
        maker,
        ts_ms,
        reduce_only,
        liquidation,
    ) = row
    return Fill(
        identifier,
        client_order_id,
        symbol,
        Side(side),
        Decimal(price),
        Decimal(quantity),
        Decimal(fee),
        bool(maker),
        ts_ms,
        bool(reduce_only),
        bool(liquidation),
    )


def funding_values(p: FundingPayment) -> Row:
    return (
        p.funding_id,
        p.symbol,
        plain(p.quantity),
        plain(p.mark_price),
        plain(p.rate),
        plain(p.amount),
        p.ts_ms,
    )


def funding_from(row: Row) -> FundingPayment:
    identifier, symbol, quantity, mark_price, rate, amount, ts_ms = row
    return FundingPayment(
        identifier, symbol, Decimal(quantity), Decimal(mark_price), Decimal(rate), Decimal(amount), ts_ms
    )


def position_values(p: Position) -> Row:
    return (
        p.symbol,
        plain(p.quantity),
        plain(p.cost),
        plain(p.realised),
        plain(p.fees),
        plain(p.funding),
        p.opened_ts_ms,
    )


def position_from(row: Row) -> Position:
    symbol, quantity, cost, realised, fees, funding, opened_ts_ms = row
    return Position(
        symbol,
        Decimal(quantity),
        Decimal(cost),
        Decimal(realised),
        Decimal(fees),
        Decimal(funding),
        opened_ts_ms,
    )


def equity_values(ts_ms: int, t: LedgerTotals, gross: float, net: float) -> Row:
    return (
        ts_ms,
        plain(t.initial),
        plain(t.realised),
        plain(t.unrealised),
        plain(t.fees),
        plain(t.funding),
        plain(t.equity),
        plain(t.high_water_mark),
        gross,
        net,
    )


def equity_from(row: Row) -> EquityRow:
    return EquityRow(row[0], LedgerTotals(*(Decimal(text) for text in row[1:8])), row[8], row[9])


def override_values(o: Override) -> Row:
    return (
        o.name,
        o.scope,
        o.state.name,
        printable(o.actor),
        printable(o.reason),
        o.since_ts_ms,
        o.ends,
        o.until_ts_ms,
    )


def override_from(row: Row) -> Override:
    name, scope, state, actor, reason, since_ts_ms, ends, until_ts_ms = row
    return Override(name, TradingState[state], actor, reason, since_ts_ms, ends, scope, until_ts_ms)


def control_values(c: ControlRow, sequence: int) -> Row:
    return (
        1,
        sequence,
        c.state.name,
        c.progress,
        printable(c.reason),
        printable(c.actor),
        c.wall_ms,
        c.market_ts_ms,
        c.keep_positions,
    )


def control_payload(c: ControlRow) -> str:
    """What the audit trail keeps of a change of the latch."""
    facts = {
        "state": c.state.name,
        "progress": c.progress,
        "reason": c.reason,
        "keep_positions": c.keep_positions,
    }
    return payload_text(facts)


def command_values(c: CommandRow, wall_ms: int) -> Row:
    return (
        wall_ms,
        c.market_ts_ms,
        printable(c.actor),
        c.kind,
        payload_text(c.arguments),
        printable(c.reason),
        c.accepted,
        printable(c.message),
        c.state_before,
        c.state_after,
    )


def command_payload(c: CommandRow) -> str:
    """What the audit trail keeps of a command."""
    return payload_text(
        {
            "kind": c.kind,
            "arguments": dict(c.arguments),
            "reason": c.reason,
            "accepted": c.accepted,
            "message": c.message,
            "state_before": c.state_before,
            "state_after": c.state_after,
        }
    )


def payload_text(payload: Mapping[str, Any]) -> str:
    """JSON with sorted keys, so that equal facts have equal text."""
    return _to_sorted_json(dict(payload))


def control_from(row: Row) -> ControlRow:
    sequence, state, progress, reason, actor, wall_ms, market_ts_ms, keep_positions = row
    return ControlRow(
        TradingState[state], progress, reason, actor, market_ts_ms, bool(keep_positions), wall_ms, sequence
    )


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn what a damaged row causes while it is decoded into Corrupt, naming the table."""
    try:
        yield
    except (ValueError, ArithmeticError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise Corrupt(f"table {what} holds a row that cannot be read ({error}); restore a backup") from error
