"""The account's memory as a database has it, for whoever asks beside the engine or after it."""

from __future__ import annotations

from pathlib import Path

from engine.bookstate import BookState
from store.errors import NotFound
from store.query import read_only

BOOK = "book"
_NEWEST = "SELECT ts_ms FROM decisions ORDER BY ts_ms DESC LIMIT 2"


def recorded_book(database: Path) -> BookState:
    """The newest book without its days, with what an operator chose and set; a new one where nothing was ever written.
    Raises StoreError."""
    try:
        with read_only(database) as connection:
            row = connection.execute("SELECT value FROM session_state WHERE name = ?", (BOOK,)).fetchone()
    except NotFound:
        return BookState()
    return BookState() if row is None else BookState.loads(row[0], "[]")


def recorded_bar_ms(database: Path) -> int | None:
    """The bars that were decided last, in ms; None where there were no two. Raises StoreError."""
    try:
        with read_only(database) as connection:
            closed = [ts_ms for (ts_ms,) in connection.execute(_NEWEST)]
    except NotFound:
        return None
    return closed[0] - closed[1] if len(closed) == 2 else None
