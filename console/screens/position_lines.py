"""What the screen of a position says, line by line and cell by cell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from console.answers import Fill, Funding, PositionFacts, Record
from console.format import (
    NONE_SHOWN,
    age,
    decimals_of,
    log_time,
    money,
    number,
    percent,
    price,
    profit,
    profit_ink,
    signed,
    signed_percent,
)
from console.screens.order_cells import trigger_price
from console.widgets.columns import Cell, Column
from console.widgets.facts import Fact
from console.widgets.ink import Line, Span, join
from engine.snapshot import OverrideRow, PositionRow

_BETWEEN: Span = (" · ", "frame")
_RATE_DECIMALS = 4
_BELOW_A_LOT = 2

FILL_COLUMNS = (
    Column("time", 14, right=False),
    Column("side", 4, right=False),
    Column("quantity", 11),
    Column("price", 11),
    Column("worth", 12, rank=1),
    Column("fee", 9),
    Column("", 10, right=False, rank=2),
    Column("order", 25, right=False, rank=3, grow=True),
)
FUNDING_COLUMNS = (
    Column("time", 14, right=False),
    Column("position", 11),
    Column("mark", 11),
    Column("rate", 9),
    Column("received", 12),
)


def position_facts(row: PositionRow | None, facts: PositionFacts | None, market_ts_ms: int) -> list[Fact]:
    """What is held, what it is worth, what it has brought, what protects it."""
    shown = [] if row is None else _held(row, market_ts_ms) + _protected(row, facts)
    return [*shown, *_brought(row, facts)]


def proof_line(row: PositionRow | None, facts: PositionFacts | None, market_ts_ms: int) -> Line:
    """The venue's quantity beside ours, whether the two agree, and how old the proof is."""
    if facts is None:
        return ()
    venue: Record = facts.venue or {}
    ours = str(facts.ours.get("quantity", _signed_quantity(row)))
    theirs, proven = venue.get("quantity"), venue.get("proven_ts_ms")
    if theirs is None:
        word: Span = ("the venue's books were never read: no proof of this position", "warn")
    elif not venue.get("answers", True):
        word = ("the venue does not answer: what it said is old", "warn")
    elif not venue.get("agrees", True) or number(str(theirs)) != number(ours):
        word = ("THEY DIFFER: orders of this symbol only reduce until they agree", "breach")
    else:
        word = ("they agree", "plain")
    parts: list[Line] = [
        (("ours ", "soft"), (price(ours), "strong")),
        (("venue ", "soft"), (price(None if theirs is None else str(theirs)), "strong")),
        (word,),
        () if proven is None else ((f"proof {age(max(0, market_ts_ms - int(proven)))} old", "soft"),),
    ]
    return [(" ", "plain"), *join(parts, _BETWEEN)]


def parts_line(facts: PositionFacts | None) -> Line:
    """What of the position is the directional book's, and what market-neutral signals hold; nothing where they hold
    none of it."""
    ours: Record = {} if facts is None else facts.ours
    whole = str(ours.get("quantity", ""))
    quantity, legs = number(whole), number(str(ours.get("neutral", "")))
    # A part may be less than a lot, as signals share what was bought.
    decimals = decimals_of(whole) + _BELOW_A_LOT
    if quantity is None or legs is None or not round(legs, decimals):
        return ()
    signals = ", ".join(map(str, ours.get("neutral_signals", ()))) or "being closed"
    parts: list[Line] = [
        (("directional ", "soft"), (price(str(quantity - legs), decimals), "strong")),
        (("legs ", "soft"), (price(str(legs), decimals), "strong"), (f" ({signals})", "soft")),
    ]
    return [(" ", "plain"), *join(parts, _BETWEEN)]


def warning_lines(row: PositionRow | None, symbol: str, overrides: Sequence[OverrideRow]) -> list[Line]:
    """What holds this symbol back, and what ends it."""
    lines: list[Line] = []
    if row is None:
        lines.append(((f" No position in {symbol} now. Below is what the books hold of it.", "plain"),))
    elif row.flattening:
        words = "flattened by the operator, and out of the market until released"
        lines.append(((" FLATTENING", "warn"), (f" {words}", "plain")))
    for override in overrides:
        if override.scope == symbol:
            told = f" {override.name} by {override.actor}: {override.reason}. Ends: {override.ends}."
            lines.append(((f" {override.state}", "warn"), (told, "plain")))
    return lines


def fill_cells(fill: Fill) -> list[Cell]:
    """One execution."""
    quantity, at = number(fill.quantity), number(fill.price)
    worth = None if quantity is None or at is None else quantity * at
    kind = "LIQUIDATION" if fill.liquidation else "maker" if fill.maker else "taker"
    return [
        Cell(log_time(fill.ts_ms), "soft"),
        Cell(fill.side, "strong"),
        Cell(price(fill.quantity)),
        Cell(price(fill.price)),
        Cell(NONE_SHOWN if worth is None else money(str(worth))),
        Cell(money(fill.fee)),
        Cell(kind, "breach" if fill.liquidation else "soft"),
        Cell(fill.order, "soft"),
    ]


def funding_cells(payment: Funding) -> list[Cell]:
    """One funding settlement."""
    rate = number(payment.rate)
    return [
        Cell(log_time(payment.ts_ms), "soft"),
        Cell(price(payment.quantity)),
        Cell(price(payment.mark)),
        Cell(percent(None if rate is None else float(rate), _RATE_DECIMALS)),
        Cell(profit(payment.amount), profit_ink(number(payment.amount))),
    ]


def entry_of(row: PositionRow | None, facts: PositionFacts | None) -> str | None:
    """The average entry: the books' own where they were read, else the picture's."""
    if facts is not None:
        quantity, cost = number(str(facts.ours.get("quantity", ""))), number(str(facts.ours.get("cost", "")))
        if quantity and cost is not None:
            return f"{cost / quantity:f}"
    return None if row is None else row.entry


def _held(row: PositionRow, market_ts_ms: int) -> list[Fact]:
    decimals = decimals_of(row.mark)
    side = {"long": "L", "short": "S", "buy": "L", "sell": "S"}.get(row.side.lower(), row.side)
    quantity, mark = number(row.quantity), number(row.mark)
    worth = None if quantity is None or mark is None else abs(quantity) * mark
    gain = profit_ink(number(row.unrealised))
    return [
        Fact("quantity", f"{side} {price(row.quantity)}", "strong"),
        Fact("entry", price(row.entry, decimals)),
        Fact("mark", price(row.mark)),
        Fact("worth", NONE_SHOWN if worth is None else money(str(worth))),
        Fact("unrealised", profit(row.unrealised), gain),
        Fact("of cost", signed_percent(row.unrealised_fraction, 1), gain),
        Fact("R", signed(row.r_multiple, 1)),
        Fact("held", age(market_ts_ms - row.opened_ts_ms), "soft"),
    ]


def _protected(row: PositionRow, facts: PositionFacts | None) -> list[Fact]:
    if row.right:
        return _option(row)
    decimals = decimals_of(row.mark)
    target: str | None = None
    entry = entry_of(row, facts)
    for order in () if facts is None else facts.orders:
        if order.row.purpose == "target":
            target = trigger_price(order, entry) or order.row.price
    return [
        Fact("stop", price(row.stop, decimals) if row.stop else "none", "plain" if row.stop else "warn"),
        Fact("take profit", price(target, decimals) if target else "none", "plain" if target else "soft"),
        Fact("liquidation", price(row.liquidation, decimals) if row.liquidation else "none", "soft"),
        Fact("working orders", str(row.working_orders)),
    ]


def _option(row: PositionRow) -> list[Fact]:
    """What an option is; it has no exits, for what guards it is what it is held against."""
    expiry = datetime.fromtimestamp(row.expiry_ms / 1000, UTC)
    return [
        Fact(row.right, f"strike {price(row.strike)}"),
        Fact("expires", f"{expiry:%Y-%m-%d %H:%M}"),
        Fact("delta", signed(row.delta, 2)),
        Fact("liquidation", price(row.liquidation) if row.liquidation else "none", "soft"),
        Fact("working orders", str(row.working_orders)),
    ]


def _brought(row: PositionRow | None, facts: PositionFacts | None) -> list[Fact]:
    """What the symbol has brought since the books began: realised + unrealised - fees + funding."""
    if facts is None:
        return []
    parts = {name: number(str(facts.ours.get(name, ""))) for name in ("realised", "fees", "funding")}
    open_gain = Decimal(0) if row is None else number(row.unrealised)
    realised, fees, funding = parts["realised"], parts["fees"], parts["funding"]
    total = None
    if realised is not None and fees is not None and funding is not None and open_gain is not None:
        total = realised + open_gain - fees + funding
    return [
        _gain("realised", realised),
        Fact("fees paid", NONE_SHOWN if fees is None else money(str(fees))),
        _gain("funding", funding),
        _gain("all in all", total),
    ]


def _gain(name: str, amount: Decimal | None) -> Fact:
    return Fact(name, NONE_SHOWN if amount is None else profit(str(amount)), profit_ink(amount))


def _signed_quantity(row: PositionRow | None) -> str:
    if row is None:
        return "0"
    short = row.side.lower() in ("s", "short", "sell") and not row.quantity.startswith("-")
    return f"-{row.quantity}" if short else row.quantity
