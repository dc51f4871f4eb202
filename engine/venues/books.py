"""The venue's own file: one SQLite database, committed apart from everything the engine keeps.

Promise: a call that changes the account is one transaction, or it did not happen. Several processes may use
the file at once: whoever changes something takes the write lock first and starts from what the file says.
Blocking, meant for one worker thread. Every failure is a `VenueUnavailable` that names the file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import TypeVar

from engine.venues.account import NEVER_MS, RECENT_EVENTS, Account, Changes, Mark
from engine.venues.config import VenueConfig
from engine.venues.forgetting import forgettable
from engine.venues.market_step import MarketStep
from engine.venues.rows import event_of, event_row, from_text, to_text
from engine.venues.venue import VenueEvent, VenueLocked, VenueUnavailable, VenueUnusable
from engine.venues.watch import Watch, watch
from store.records import Fill, FundingPayment, Instrument, Order, OrderStatus, Position

APPLICATION_ID = 0x51444B56
SCHEMA_VERSION = 2
UPGRADES = {1: "ALTER TABLE orders ADD COLUMN trail_ticks INTEGER"}
"""By version, what makes the next one of it."""
LOCK_TIMEOUT_S = 5.0
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)

Answer = TypeVar("Answer")
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a venue trades, at which cost, and with how much cash new books begin."""

    name: str
    instruments: dict[str, Instrument]
    symbols: tuple[str, ...]
    config: VenueConfig
    initial_cash: Decimal
    delisted: frozenset[str] = frozenset()


class Books:
    """The account and the file it lives in."""

    def __init__(self, path: Path, terms: Terms | None) -> None:
        """`terms` None: those the books were last opened with; the file must exist then."""
        self._path = path
        self._terms = terms
        self._connection: sqlite3.Connection | None = None
        self._account: Account | None = None
        self._version = -1
        self._stale = True
        self._recorded_open_ms = NEVER_MS
        self.recorded_at_s = 0.0
        self._watch: Watch | None = None
        self.revision = 0

    @property
    def account(self) -> Account:
        """The account as this process last saw it."""
        if self._account is None:
            raise VenueUnavailable(f"{self._path}: the venue is not open")
        return self._account

    def open(self) -> None:
        """Create or restore the books."""
        if self._terms is None and not self._path.exists():
            raise VenueUnavailable(f"{self._path}: there are no venue's books here")
        with self._named_errors():
            # Only the owner may read an account's books, whatever the umask says. Books that are there are not opened
            # here: closing a file lets go of every lock this process has on it, those of its other connections too.
            with suppress(OSError):
                path = os.path.realpath(self._path)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            connection = sqlite3.connect(
                self._path, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        self._connection = connection
        try:
            with self._named_errors():
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
            with self._transaction():
                self._create_or_check(connection)
                self._agree_on_terms(connection)
                self._refresh()
        except BaseException:
            self._connection = None
            connection.close()
            raise

    def close(self) -> None:
        """Record the marks and let go of the file."""
        if self._connection is None:
            return
        try:
            self.record_marks()
        finally:
            self._connection.close()
            self._connection = None

    def current(self) -> bool:
        """True where `account` is what the file says: no other process has committed since it was read."""
        if self._stale or self._connection is None:
            return False
        try:
            return self._data_version() == self._version
        except sqlite3.Error:
            return False

    def quiet(self, step: MarketStep) -> bool:
        """True where playing `step` would change nothing but the clock and the marks."""
        if self._watch is None:
            self._watch = watch(self.account)
        return self._watch.quiet(step)

    def change(self, act: Callable[[Account], Answer], *, record_marks: bool = False) -> Answer:
        """Let `act` work on the account and commit what it changed; nothing is kept where anything raises."""
        clock, self._watch = None, None
        self.revision += 1
        try:
            with self._transaction():
                self._refresh()
                account = self.account
                clock = (account.open_ms, account.bar_ms, account.marks)
                answer = act(account)
                if account.changes or record_marks:
                    self._save(account)
        except BaseException:
            if clock is not None:
                account.set_clock(*clock)
                self._stale = self._stale or bool(account.changes)
            raise
        if account.changes or record_marks:
            self._recorded_open_ms = account.open_ms
            self.recorded_at_s = time.monotonic()
            account.changes = Changes()
        return answer

    def read(self, look: Callable[[Account], Answer]) -> Answer:
        """Let `look` read the account, brought up to date first."""
        if not self.current():
            with self._transaction("DEFERRED"):
                self._refresh()
        with self._named_errors():
            return look(self.account)

    def amend(self, instrument: Instrument) -> None:
        """Trade a symbol on other terms, until the books are opened again."""
        self._trade(
            replace(self._agreed(), instruments=self._agreed().instruments | {instrument.symbol: instrument})
        )

    def list_legs(self, legs: Sequence[Instrument]) -> None:
        """Trade these in the last columns of a step from now on; what stood there before stays known until it has
        expired and is neither held nor ordered."""
        terms = self._agreed()
        first = len(terms.symbols) - len(legs)
        symbols = (*terms.symbols[:first], *(leg.symbol for leg in legs))
        if symbols == terms.symbols and all(terms.instruments.get(leg.symbol) == leg for leg in legs):
            return
        listed = terms.instruments | {leg.symbol: leg for leg in legs}
        self._trade(replace(terms, symbols=symbols, instruments=listed))
        try:
            with self._transaction():
                self._agree_on_terms(self._open_connection())
                self._refresh()
        except BaseException:
            # Asked for again with the next bar: whoever has only the file has to know it.
            self._trade(terms)
            raise

    def delist(self, symbol: str) -> None:
        """Trade a symbol no more, until the books are opened again."""
        self._trade(replace(self._agreed(), delisted=self._agreed().delisted | {symbol}))

    def record_marks(self) -> None:
        """Write clock and marks where they have moved since they were last written."""
        if self.account.open_ms != self._recorded_open_ms:
            self.change(lambda account: None, record_marks=True)

    def order(self, client_order_id: str) -> Order | None:
        """One order, working or ended."""
        sql = "SELECT payload FROM orders WHERE client_order_id = ?"
        row = self._open_connection().execute(sql, (client_order_id,)).fetchone()
        return None if row is None else from_text(Order, row[0])

    def refusal(self, client_order_id: str) -> str | None:
        """Why an order was refused, None where it was not."""
        sql = "SELECT reason FROM refusals WHERE client_order_id = ?"
        row = self._open_connection().execute(sql, (client_order_id,)).fetchone()
        return None if row is None else str(row[0])

    def history(self, since_ms: int) -> list[Order]:
        """Orders that changed at or after `since_ms`, in the order they were accepted."""
        sql = "SELECT payload FROM orders WHERE updated_ts_ms >= ? ORDER BY number"
        return [from_text(Order, row[0]) for row in self._open_connection().execute(sql, (since_ms,))]

    def fills(self, since_ms: int) -> list[Fill]:
        """Executions at or after `since_ms`, in the order they happened."""
        return self._payloads(Fill, "fill", since_ms)

    def funding(self, since_ms: int) -> list[FundingPayment]:
        """Funding settlements at or after `since_ms`, in the order they happened."""
        return self._payloads(FundingPayment, "funding", since_ms)

    def events(self, after_sequence: int) -> list[VenueEvent]:
        """Every event numbered above `after_sequence`, in order."""
        sql = "SELECT sequence, bar_open_ms, kind, payload FROM events WHERE sequence > ? ORDER BY sequence"
        return [event_of(*row) for row in self._open_connection().execute(sql, (after_sequence,))]

    def _payloads(self, kind: type[Record], name: str, since_ms: int) -> list[Record]:
        sql = "SELECT payload FROM events WHERE kind = ? AND ts_ms >= ? ORDER BY sequence"
        return [from_text(kind, row[0]) for row in self._open_connection().execute(sql, (name, since_ms))]

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise VenueUnavailable(f"{self._path}: the venue is closed")
        return self._connection

    def _data_version(self) -> int:
        return int(self._open_connection().execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGE:
                advice = "the venue's books are damaged; restore them, or move them away with the database"
                raise VenueUnusable(f"{self._path}: {error}; {advice}") from error
            kind = VenueLocked if code in _HELD else VenueUnavailable
            raise kind(f"{self._path}: {error}; the venue's books are as they were") from error

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        connection = self._open_connection()
        with self._named_errors():
            connection.execute(f"BEGIN {kind}")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _create_or_check(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        while application == APPLICATION_ID and version in UPGRADES:
            connection.execute(UPGRADES[version])
            version += 1
            connection.execute(f"PRAGMA user_version = {version}")
        if application == APPLICATION_ID and version == SCHEMA_VERSION:
            return
        if application == APPLICATION_ID:
            raise VenueUnusable(f"{self._path}: made by another version ({version}, not {SCHEMA_VERSION})")
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] or self._terms is None:
            raise VenueUnusable(f"{self._path}: this is not a venue's file")
        schema = resources.files("engine.venues").joinpath("schema.sql").read_text(encoding="utf-8")
        for statement in schema.split(";\n"):
            connection.execute(statement)
        cash = str(self._terms.initial_cash)
        connection.execute("INSERT INTO account VALUES (1, ?, ?, 0, ?, 0)", (cash, cash, NEVER_MS))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _agree_on_terms(self, connection: sqlite3.Connection) -> None:
        """Keep the terms in the file, so that it can be closed out by whoever has nothing but the file."""
        settings = dict(connection.execute("SELECT name, value FROM settings").fetchall())
        known = {
            instrument.symbol: instrument
            for text in json.loads(settings.get("instruments", "[]"))
            for instrument in (from_text(Instrument, text),)
        }
        if self._terms is None:
            self._terms = Terms(
                settings["name"],
                known,
                tuple(json.loads(settings["symbols"])),
                VenueConfig.model_validate_json(settings["config"]),
                Decimal(0),
            )
            return
        terms = self._terms
        # A symbol no longer traded may still be held, and has to stay closable.
        known |= terms.instruments
        clock_ms = NEVER_MS if self._account is None else self._account.clock_ms
        for symbol in forgettable(connection, known, terms.symbols, clock_ms):
            del known[symbol]
            connection.execute("DELETE FROM marks WHERE symbol = ?", (symbol,))
        self._terms = replace(terms, instruments=known)
        wanted = {
            "name": terms.name,
            "symbols": json.dumps(terms.symbols),
            "config": terms.config.model_dump_json(),
            "instruments": json.dumps([to_text(i) for i in self._terms.instruments.values()]),
        }
        if wanted != settings:
            connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", wanted.items())

    def _agreed(self) -> Terms:
        if self._terms is None:
            raise VenueUnavailable(f"{self._path}: the venue is not open")
        return self._terms

    def _trade(self, terms: Terms) -> None:
        self._terms = terms
        self._stale = True

    def _refresh(self) -> None:
        """Read the account again where another process, or a failure, made ours untrue."""
        version = self._data_version()
        if not self._stale and version == self._version:
            return
        self.revision += 1
        loaded, before = self._load(), self._account
        # Quiet bars move our clock without a write; the file does not know of them yet.
        if before is not None and before.open_ms > loaded.open_ms:
            loaded.set_clock(before.open_ms, before.bar_ms, before.marks)
        self._account, self._watch = loaded, None
        self._version, self._stale = version, False

    def _load(self) -> Account:
        connection, terms = self._open_connection(), self._agreed()
        cash, sequence, open_ms, bar_ms = connection.execute(
            "SELECT cash, sequence, open_ms, bar_ms FROM account"
        ).fetchone()
        account = Account(
            terms.name,
            terms.instruments,
            terms.symbols,
            terms.config,
            Decimal(cash),
            delisted=terms.delisted,
            sequence=sequence,
        )
        for (payload,) in connection.execute("SELECT payload FROM positions ORDER BY symbol"):
            position = from_text(Position, payload)
            account.positions[position.symbol] = position
        working = "SELECT payload, trail_ticks FROM orders WHERE working = 1 ORDER BY number"
        for payload, trail_ticks in connection.execute(working):
            order = from_text(Order, payload)
            account.orders[order.client_order_id] = order
            if trail_ticks is not None:
                account.trails[order.client_order_id] = trail_ticks
            if order.status is OrderStatus.CANCELED:
                account.racing.add(order.client_order_id)
        account.recent.extend(self.events(sequence - RECENT_EVENTS))
        marks = connection.execute("SELECT symbol, close, volume_24h, sigma_daily FROM marks")
        account.set_clock(open_ms, bar_ms, {symbol: Mark(*map(_number, row)) for symbol, *row in marks})
        self._recorded_open_ms = open_ms
        return account

    def _save(self, account: Account) -> None:
        connection, changes = self._open_connection(), account.changes
        connection.executemany(
            "INSERT INTO orders (client_order_id, working, updated_ts_ms, payload, trail_ticks) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (client_order_id) DO UPDATE SET working = excluded.working, "
            "updated_ts_ms = excluded.updated_ts_ms, payload = excluded.payload, "
            "trail_ticks = excluded.trail_ticks",
            [
                (name, name in account.orders, order.updated_ts_ms, to_text(order), account.trails.get(name))
                for name, order in changes.orders.items()
            ],
        )
        connection.executemany("INSERT INTO refusals VALUES (?, ?)", changes.refusals.items())
        connection.executemany(
            "INSERT OR REPLACE INTO positions VALUES (?, ?)",
            [(symbol, to_text(position)) for symbol, position in changes.positions.items()],
        )
        connection.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?)", [event_row(event) for event in changes.events]
        )
        connection.execute(
            "UPDATE account SET cash = ?, sequence = ?, open_ms = ?, bar_ms = ?",
            (str(account.cash), account.sequence, account.open_ms, account.bar_ms),
        )
        if account.open_ms != self._recorded_open_ms:
            connection.executemany(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)",
                [(symbol, m.close, m.volume_24h, m.sigma_daily) for symbol, m in account.marks.items()],
            )


def _number(value: float | None) -> float:
    """SQLite has no NaN and keeps it as NULL."""
    return float("nan") if value is None else value
