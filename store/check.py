"""Does a database hold together? The file, the references between its rows, the books, the audit trail.

The books are recomputed from fills and funding alone, apart from the engine's own ledger, and must agree with
the last equity row and every position to the last digit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from pathlib import Path

from store.audit import verify_on
from store.codecs import POSITION, TOTALS, readable
from store.errors import Corrupt
from store.query import read_only
from store.records import MONEY_STEP, ZERO, LedgerTotals, Position
from store.retention import thinned_until
from store.schema import unsound

# Wide enough that only the named rounding rounds.
_WIDE = Context(prec=120)

_REFERENCES = {
    "fill {0} belongs to order {1}, which does not exist": (
        "SELECT fill_id, client_order_id FROM fills WHERE NOT liquidation "
        "AND client_order_id NOT IN (SELECT client_order_id FROM orders) ORDER BY sequence LIMIT 10"
    ),
    "order event {0} belongs to order {1}, which does not exist": (
        "SELECT sequence, client_order_id FROM order_events "
        "WHERE client_order_id NOT IN (SELECT client_order_id FROM orders) ORDER BY sequence LIMIT 10"
    ),
    "table {0} names a row of table {1} that does not exist": (
        'SELECT DISTINCT "table", parent FROM pragma_foreign_key_check LIMIT 10'
    ),
}

_FINDINGS_PER_KIND = 10


# The market time of a row, in the tables that grow with it.
_TIMES = {
    "audit": "market_ts_ms",
    "commands": "market_ts_ms",
    "cost_adoptions": "ts_ms",
    "decisions": "ts_ms",
    "equity": "ts_ms",
    "events": "ts_ms",
    "fills": "ts_ms",
    "followed_days": "day_ms",
    "funding": "ts_ms",
    "order_events": "ts_ms",
    "orders": "decision_ts_ms",
    "override_history": "ts_ms",
    "readings": "ts_ms",
    "risk_states": "ts_ms",
    "signal_days": "day_ms",
    "weights": "estimated_ms",
}
_DAY_MS = 86_400_000
_GROWTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class TableSize:
    """`bytes` counts pages with the table's indexes; None where this SQLite cannot tell. `bytes_a_day` is what the
    newest 30 days of market time added, for each of them; None too for a table that does not grow with time.
    """

    name: str
    rows: int
    bytes: int | None
    bytes_a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`findings` is empty for a sound database; each is one line. `file_bytes` is the size of the file, of which
    `free_bytes` wait to be used again; `thinned_until_ms` says up to when each kind of telemetry was thinned.
    """

    findings: tuple[str, ...]
    tables: tuple[TableSize, ...]
    audit_rows: int
    file_bytes: int = 0
    free_bytes: int = 0
    thinned_until_ms: Mapping[str, int] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        return not self.findings


@dataclass(slots=True)
class _Book:
    """One symbol's position as its fills and funding make it."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO


@dataclass(slots=True)
class _OrderSums:
    quantity: Decimal = ZERO
    notional: Decimal = ZERO
    fee: Decimal = ZERO


def check(path: Path) -> Report:
    """Look at everything and report; damage is a finding. Raises StoreError where nothing can be read."""
    with read_only(path) as connection:
        connection.execute("BEGIN")
        damage = unsound(connection, full=True)
        if damage:
            # What the pages hold cannot be trusted, so nothing is derived from it.
            return Report(tuple(f"file: {finding}" for finding in damage), (), 0)
        findings: list[str] = []
        with localcontext(_WIDE):
            for part in (_references, _books, _orders):
                try:
                    with readable("the books"):
                        findings.extend(part(connection))
                except Corrupt as error:
                    findings.append(str(error))
        audit_rows = 0
        try:
            audit_rows = verify_on(connection, path)
        except Corrupt as error:
            findings.append(str(error))
        page, pages, free = (
            _pragma(connection, name) for name in ("page_size", "page_count", "freelist_count")
        )
        return Report(
            tuple(findings),
            tuple(_sizes(connection)),
            audit_rows,
            page * pages,
            page * free,
            thinned_until(connection),
        )


def _references(connection: sqlite3.Connection) -> Iterator[str]:
    for finding, sql in _REFERENCES.items():
        for row in connection.execute(sql):
            yield finding.format(*row)


def _books(connection: sqlite3.Connection) -> Iterator[str]:
    books = recompute(connection)
    yield from _adoptions(connection)
    yield from _positions(connection, books)
    last: LedgerTotals | None = None
    broken = 0
    for ts_ms, *row in connection.execute(f"SELECT ts_ms, {TOTALS.columns} FROM equity ORDER BY ts_ms"):
        totals = TOTALS.record(row)
        for finding in _identity(ts_ms, totals, last):
            broken += 1
            if broken <= _FINDINGS_PER_KIND:
                yield finding
        last = totals
    if last is None:
        if books:
            yield "the ledger has fills or funding but no equity row"
        return
    for name in ("realised", "fees", "funding"):
        expected = sum((getattr(book, name) for book in books.values()), ZERO)
        if getattr(last, name) != expected:
            kept = getattr(last, name)
            yield f"the last equity row has {name} {kept:f}, fills and funding make {expected:f}"


def _identity(ts_ms: int, totals: LedgerTotals, before: LedgerTotals | None) -> Iterator[str]:
    expected = totals.initial + totals.realised + totals.unrealised - totals.fees + totals.funding
    if totals.equity != expected:
        yield f"equity at {ts_ms} is {totals.equity:f}, its parts make {expected:f}"
    if before is not None and totals.initial != before.initial:
        yield f"initial equity changes at {ts_ms} from {before.initial:f} to {totals.initial:f}"


def _positions(connection: sqlite3.Connection, books: dict[str, _Book]) -> Iterator[str]:
    stored = POSITION.records(connection.execute(f"SELECT {POSITION.columns} FROM positions ORDER BY symbol"))
    held = {position.symbol: position for position in stored}
    for symbol in sorted(held.keys() | books.keys()):
        position, book = held.get(symbol, Position(symbol)), books.get(symbol, _Book())
        for part in fields(_Book):
            kept, made = getattr(position, part.name), getattr(book, part.name)
            if kept != made:
                yield f"position {symbol} has {part.name} {kept:f}, its fills and funding make {made:f}"


def _adoptions(connection: sqlite3.Connection) -> Iterator[str]:
    fills = dict(connection.execute("SELECT fill_id, symbol FROM fills"))
    for fill_id, (symbol, _) in _adopted_costs(connection).items():
        if fills.get(fill_id) != symbol:
            yield f"the cost of {symbol} was taken over after fill {fill_id}, which is none of its fills"


def recompute(connection: sqlite3.Connection) -> dict[str, _Book]:
    """Average-cost books from fills in the order they were taken, and funding.

    A reduction releases cost * closed / quantity, rounded half-even to 1e-8; a fill through zero closes the old
    position whole and opens the rest at the fill's price. Where fills were heard in another order than the venue's, the
    cost it had there was taken over, and what it differs by was realised.
    """
    books: dict[str, _Book] = {}
    adopted = _adopted_costs(connection)
    fills = connection.execute(
        "SELECT fill_id, symbol, side, price, quantity, fee FROM fills ORDER BY sequence"
    )
    for fill_id, symbol, side, price, quantity, fee in fills:
        book = books.setdefault(symbol, _Book())
        signed = Decimal(quantity) if side == "buy" else -Decimal(quantity)
        _take(book, signed, Decimal(price))
        book.fees += Decimal(fee)
        if fill_id in adopted:
            _, cost = adopted[fill_id]
            book.realised += cost - book.cost
            book.cost = cost
    for symbol, amount in connection.execute("SELECT symbol, amount FROM funding"):
        books.setdefault(symbol, _Book()).funding += Decimal(amount)
    return books


def _adopted_costs(connection: sqlite3.Connection) -> dict[str, tuple[str, Decimal]]:
    """Symbols and costs taken over from the venue, by the fill after which they held; files older than the table have
    none."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'cost_adoptions'").fetchone():
        return {}
    found = connection.execute("SELECT fill_id, symbol, cost FROM cost_adoptions")
    return {fill_id: (symbol, Decimal(cost)) for fill_id, symbol, cost in found}


def _take(book: _Book, signed: Decimal, price: Decimal) -> None:
    if book.quantity * signed < 0:
        closed = min(abs(signed), abs(book.quantity)).copy_sign(signed)
        released = _rounded(book.cost * closed / book.quantity)
        # `closed` has the fill's sign, against the position's: proceeds and what they cost are both negated.
        book.realised += released - _rounded(price * closed)
        book.cost += released
        book.quantity += closed
        signed -= closed
    if signed:
        book.cost += _rounded(price * signed)
        book.quantity += signed


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(MONEY_STEP, rounding=ROUND_HALF_EVEN)


def _orders(connection: sqlite3.Connection) -> Iterator[str]:
    sums: dict[str, _OrderSums] = {}
    for order_id, price, quantity, fee in connection.execute(
        "SELECT client_order_id, price, quantity, fee FROM fills"
    ):
        made = sums.setdefault(order_id, _OrderSums())
        made.quantity += Decimal(quantity)
        made.notional += _rounded(Decimal(price) * Decimal(quantity))
        made.fee += Decimal(fee)
    broken = 0
    for order_id, *stored in connection.execute(
        "SELECT client_order_id, filled_quantity, filled_notional, fee FROM orders ORDER BY client_order_id"
    ):
        made = sums.get(order_id, _OrderSums())
        expected = (made.quantity, made.notional, made.fee)
        for name, kept, value in zip(("quantity", "notional", "fee"), stored, expected, strict=True):
            if Decimal(kept) != value and broken < _FINDINGS_PER_KIND:
                broken += 1
                yield f"order {order_id} has filled {name} {kept}, its fills make {value:f}"


def _sizes(connection: sqlite3.Connection) -> Iterator[TableSize]:
    names = [
        row[0]
        for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    ]
    try:
        pages = dict(
            connection.execute(
                "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) GROUP BY tbl_name"
            ).fetchall()
        )
    except sqlite3.OperationalError:
        # Not every build of SQLite has the table that knows.
        pages = {}
    span_ms = _newest_span_ms(connection)
    for name in names:
        (count,) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        size = pages.get(name)
        yield TableSize(name, count, size, _growth(connection, name, count, size, span_ms))


def _newest_span_ms(connection: sqlite3.Connection) -> tuple[int, int]:
    """The newest days of market time that the account has lived through, (after, up to and including)."""
    first_ms, last_ms = connection.execute("SELECT min(ts_ms), max(ts_ms) FROM equity").fetchone()
    return max(first_ms or 0, (last_ms or 0) - _GROWTH_DAYS * _DAY_MS), last_ms or 0


def _growth(
    connection: sqlite3.Connection, table: str, rows: int, size: int | None, span_ms: tuple[int, int]
) -> int | None:
    """Bytes a day, from how many of the rows are of the newest days."""
    after_ms, last_ms = span_ms
    if table not in _TIMES or size is None or last_ms == after_ms:
        return None
    if not rows:
        return 0
    sql = f"SELECT count(*) FROM {table} WHERE {_TIMES[table]} > ?"
    added = int(connection.execute(sql, (after_ms,)).fetchone()[0])
    return round(size * added / rows * _DAY_MS / (last_ms - after_ms))


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
