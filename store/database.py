"""One connection to one SQLite file, held by one process: transactions that are durable when they return.

Work travels to aiosqlite's thread as one function per transaction, so a bar costs one hop, however many rows
it writes. Whatever fails arrives as a StoreError; a transaction is in the file whole or not at all.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TypeVar

import aiosqlite

from store import backup
from store.errors import FAULTS, StoreError, translate
from store.lock import ProcessLock
from store.schema import claim, prepare, require_sound

BUSY_TIMEOUT_MS: Final = 5_000
_LATENCIES: Final = 512

T = TypeVar("T")
Statement = tuple[str, Sequence[Sequence[Any]]]


class Database:
    """Made by `Database.open`; `close` must be called in the end, as often as one likes."""

    def __init__(self, path: Path, connection: aiosqlite.Connection, lock: ProcessLock) -> None:
        self.path = path
        self._connection: aiosqlite.Connection | None = connection
        self._lock = lock
        self._latencies_ms: deque[float] = deque(maxlen=_LATENCIES)

    @classmethod
    async def open(
        cls,
        path: Path | str,
        *,
        mode: str,
        account: str,
        identity: str,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
    ) -> Database:
        """Open `path`, making it and its folder where missing, for this mode, account and market identity.

        Raises Locked (with the holder's process id), Corrupt, NewerSchema, ReadOnly, DiskFull, WrongAccount
        or plain StoreError; whatever it raises, nothing stays open or locked.
        """
        # Links resolved: the lock is named after the path, and the file must have one lock whatever leads to it.
        path = Path(os.path.realpath(path))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = ProcessLock(path)
        except OSError as error:
            raise translate(error, path.parent) from error
        try:
            connection = await _connect(path)
        except BaseException:
            lock.release()
            raise
        database = cls(path, connection, lock)
        try:
            await database.run(partial(prepare, path=path, busy_timeout_ms=busy_timeout_ms))
            belongs_to = {"mode": mode, "account": account, "identity": identity}
            await database.run(partial(claim, path=path, belongs_to=belongs_to))
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Finish what is queued, close the file, end the thread, give up the lock. Safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.close()
        except FAULTS as error:
            raise translate(error, self.path) from error
        finally:
            self._lock.release()

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `function(connection)`, called on the database's own thread, in the order asked.

        Cancelling the await does not stop the function: it runs to its end. Raises StoreError.
        """
        connection = self._connection
        if connection is None:
            raise StoreError(f"{self.path}: the database is closed")
        try:
            # aiosqlite's public methods make one hop per statement, four times slower at our sizes; this
            # private one takes any function. The lock file holds aiosqlite to one version and a test holds it
            # to this contract.
            return await connection._execute(_call, connection, function)  # type: ignore[no-untyped-call,no-any-return]
        except FAULTS as error:
            raise translate(error, self.path) from error

    async def write(
        self,
        work: Callable[[sqlite3.Connection], T],
        settled: Callable[[StoreError | None], None] | None = None,
    ) -> T:
        """Run `work` inside one transaction, durable when this returns, undone whole when it raises.

        `settled` hears on the database's thread, before any later transaction starts, that this one is
        durable (None) or what undid it: a caller whose await was cancelled learns it too.
        """
        return await self.run(partial(self._write, work, settled, perf_counter()))

    def _write(
        self,
        work: Callable[[sqlite3.Connection], T],
        settled: Callable[[StoreError | None], None] | None,
        asked: float,
        connection: sqlite3.Connection,
    ) -> T:
        try:
            with transaction(connection):
                result = work(connection)
        except BaseException as error:
            if settled is not None:
                settled(translate(error, self.path))
            raise
        if settled is not None:
            settled(None)
        self._latencies_ms.append((perf_counter() - asked) * 1e3)
        return result

    async def transact(self, statements: Sequence[Statement]) -> None:
        """Each statement with all its rows, in order, as one transaction, durable when this returns."""
        await self.write(partial(execute_statements, statements=statements))

    async def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one SELECT."""
        return await self.run(lambda connection: connection.execute(sql, parameters).fetchall())

    async def backup(self, target: Path | str) -> None:
        """Copy the database to `target` while writing goes on; see `store.backup.backup`."""
        await backup.backup_in_thread(self.path, Path(target))

    async def check_integrity(self) -> None:
        """SQLite's full integrity check; raises Corrupt with the first finding."""
        await self.run(partial(require_sound, path=self.path, full=True))

    @property
    def commit_ms(self) -> float:
        """Milliseconds the newest transaction took, from being asked for to being durable."""
        return self._latencies_ms[-1] if self._latencies_ms else 0.0

    @property
    def commit_p99_ms(self) -> float:
        """The 99th percentile of the last few hundred transactions, in milliseconds."""
        if not self._latencies_ms:
            return 0.0
        latencies = sorted(self._latencies_ms)
        return latencies[int(0.99 * (len(latencies) - 1))]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block in the file, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has already rolled back where it could not even do that: out of space, I/O error.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def execute_statements(connection: sqlite3.Connection, statements: Sequence[Statement]) -> None:
    """Every statement once per row, in order."""
    for sql, rows in statements:
        connection.executemany(sql, rows)


def _call(connection: aiosqlite.Connection, function: Callable[[sqlite3.Connection], T]) -> T:
    return function(connection._conn)


async def _connect(path: Path) -> aiosqlite.Connection:
    try:
        # Only the owner may read the books; SQLite itself would go by the umask, and would fall back to
        # reading.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = aiosqlite.connect(path, isolation_level=None)
        # The thread would keep the process alive for ever if an exception lost the connection before `close`.
        connection._thread.daemon = True
        return await connection
    except FAULTS as error:
        raise translate(error, path) from error
