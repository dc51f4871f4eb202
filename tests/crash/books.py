"""The venue's own books against the engine's database, read from the two files alone."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.venues.choose import venue_path

ZERO = Decimal(0)
_ACCEPTED = (
    "SELECT client_order_id FROM orders WHERE status NOT IN ('denied', 'rejected') "
    "AND NOT (status = 'expired' AND venue_order_id IS NULL)"
)
"""All but those proven never to have reached the venue."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the venue says of the account. `positions`: symbol to signed quantity, flat ones left out."""

    orders: dict[str, dict[str, Any]]
    fills: dict[str, dict[str, Any]]
    funding: dict[str, dict[str, Any]]
    positions: dict[str, Decimal]
    cash: Decimal
    duplicates: tuple[str, ...]

    @classmethod
    def of(cls, database: Path) -> Told:
        """The books beside `database`."""
        with closing(read_only(venue_path(database))) as books:
            orders = [json.loads(row[0]) for row in books.execute("SELECT payload FROM orders")]
            events = [(k, json.loads(p)) for k, p in books.execute("SELECT kind, payload FROM events")]
            positions = [json.loads(row[0]) for row in books.execute("SELECT payload FROM positions")]
            (cash,) = books.execute("SELECT cash FROM account").fetchone()
        fills = [payload for kind, payload in events if kind == "fill"]
        funding = [payload for kind, payload in events if kind == "funding"]
        names = [order["client_order_id"] for order in orders]
        names += [fill["fill_id"] for fill in fills] + [payment["funding_id"] for payment in funding]
        return cls(
            {order["client_order_id"]: order for order in orders},
            {fill["fill_id"]: fill for fill in fills},
            {payment["funding_id"]: payment for payment in funding},
            {p["symbol"]: Decimal(p["quantity"]) for p in positions if Decimal(p["quantity"])},
            Decimal(cash),
            tuple(name for name, count in Counter(names).items() if count > 1),
        )

    @property
    def working(self) -> dict[str, dict[str, Any]]:
        """Orders the venue may still act on."""
        ended = ("filled", "canceled", "expired", "rejected")
        return {name: order for name, order in self.orders.items() if order["status"] not in ended}


def read_only(path: Path) -> sqlite3.Connection:
    """A reader that may have to recover a file whose writer was killed."""
    return sqlite3.connect(path, timeout=10)


def compare(database: Path) -> list[str]:
    """Every disagreement in one line each: orders sent twice or lost, fills lost or invented, positions, cash."""
    told = Told.of(database)
    with closing(read_only(database)) as ours:
        orders = dict(ours.execute("SELECT client_order_id, status FROM orders"))
        accepted = {row[0] for row in ours.execute(_ACCEPTED)}
        fills = {
            name: (symbol, side, Decimal(price), Decimal(quantity), Decimal(fee))
            for name, symbol, side, price, quantity, fee in ours.execute(
                "SELECT fill_id, symbol, side, price, quantity, fee FROM fills"
            )
        }
        funding = {name: Decimal(a) for name, a in ours.execute("SELECT funding_id, amount FROM funding")}
        positions = {
            symbol: Decimal(quantity)
            for symbol, quantity in ours.execute("SELECT symbol, quantity FROM positions")
            if Decimal(quantity)
        }
        last = ours.execute(
            "SELECT initial, realised, fees, funding FROM equity ORDER BY ts_ms DESC LIMIT 1"
        ).fetchone()
    found = [f"the venue's books hold {name} twice" for name in told.duplicates]
    found += [f"order {name} is the venue's and not ours" for name in told.orders.keys() - orders.keys()]
    found += [
        f"order {name} is ours ({orders[name]}), not the venue's" for name in accepted - told.orders.keys()
    ]
    theirs = {
        name: (f["symbol"], f["side"], Decimal(f["price"]), Decimal(f["quantity"]), Decimal(f["fee"]))
        for name, f in told.fills.items()
    }
    found += _differences("fill", theirs, fills)
    found += _differences("funding", {n: Decimal(p["amount"]) for n, p in told.funding.items()}, funding)
    found += _differences("position", told.positions, positions)
    if last is not None:
        initial, realised, fees, received = map(Decimal, last)
        cash = initial + realised - fees + received
        if cash != told.cash:
            found.append(f"cash is {told.cash} at the venue and {cash} in our ledger")
    found += _two_intents_for_one_decision(database)
    return found


def _differences(what: str, theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    return [
        f"{what} {name}: the venue says {theirs.get(name)}, we say {ours.get(name)}"
        for name in sorted(theirs.keys() | ours.keys())
        if theirs.get(name) != ours.get(name)
    ]


def _two_intents_for_one_decision(database: Path) -> list[str]:
    """One decision asks a symbol for one order of each purpose, whatever ids they carry."""
    with closing(read_only(database)) as ours:
        rows = ours.execute(
            "SELECT decision_ts_ms, symbol, purpose, count(*) FROM orders GROUP BY 1, 2, 3 HAVING count(*) > 1"
        ).fetchall()
    return [
        f"{count} orders {purpose} on {symbol} for the decision at {ts}"
        for ts, symbol, purpose, count in rows
    ]
