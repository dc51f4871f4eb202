"""What can go wrong with the database, one narrow class each, and how SQLite's codes become them.

Every message is one line: what happened, to which file, what to do.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Final

LONGEST_MESSAGE: Final = 500


class StoreError(Exception):
    """The database cannot be used, or refused what was asked of it."""

    def __init__(self, message: str) -> None:
        # SQLite quotes the file's own words, and a damaged file says anything: one short printable line comes
        # out.
        line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(message.split()))
        super().__init__(line[:LONGEST_MESSAGE])


class Locked(StoreError):
    """Another process holds the database or its writer's place."""


class Corrupt(StoreError):
    """The file is not a database, is damaged, or holds what this program never writes."""


class NewerSchema(StoreError):
    """A newer program wrote the file; this one would misread it."""


class ReadOnly(StoreError):
    """The file or its folder cannot be written."""


class DiskFull(StoreError):
    """No space is left; the transaction under way was rolled back."""


class WrongAccount(StoreError):
    """The file belongs to another mode, account or market."""


class NotFound(StoreError):
    """There is no such database, or no such row in it."""


# Primary result codes of SQLite (the low byte of `sqlite_errorcode`).
_BY_CODE: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (Locked, "another process is writing to it; stop that process and try again"),
    sqlite3.SQLITE_LOCKED: (Locked, "it is locked; stop the process that uses it and try again"),
    sqlite3.SQLITE_CORRUPT: (Corrupt, "it is damaged; restore a backup and keep this file for inspection"),
    sqlite3.SQLITE_NOTADB: (Corrupt, "it is not a database; name another file or move this one away"),
    sqlite3.SQLITE_FORMAT: (Corrupt, "it is not a database; name another file or move this one away"),
    sqlite3.SQLITE_READONLY: (ReadOnly, "it is read-only; check the permissions of the file and its folder"),
    sqlite3.SQLITE_PERM: (ReadOnly, "access was denied; check the permissions of the file and its folder"),
    sqlite3.SQLITE_AUTH: (ReadOnly, "access was denied; check the permissions of the file and its folder"),
    sqlite3.SQLITE_FULL: (DiskFull, "the disk is full; free some space and start again"),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "it cannot be opened; check the path and its permissions"),
    sqlite3.SQLITE_IOERR: (StoreError, "the disk failed to read or write; check the disk and its quota"),
}

_BY_ERRNO: dict[int, tuple[type[StoreError], str]] = {
    errno.EACCES: _BY_CODE[sqlite3.SQLITE_PERM],
    errno.EPERM: _BY_CODE[sqlite3.SQLITE_PERM],
    errno.EROFS: _BY_CODE[sqlite3.SQLITE_READONLY],
    errno.ENOSPC: _BY_CODE[sqlite3.SQLITE_FULL],
    errno.EDQUOT: _BY_CODE[sqlite3.SQLITE_FULL],
    errno.EFBIG: (DiskFull, "the file may not grow any further; raise its limit and start again"),
    errno.ENOENT: (NotFound, "there is no such file or folder"),
    errno.EISDIR: (StoreError, "it is a folder; name a file"),
    errno.ENOTDIR: (StoreError, "a part of its path is a file, not a folder"),
    errno.EEXIST: (StoreError, "a part of its path is a file, not a folder"),
}


FAULTS: Final = (sqlite3.Error, OSError, UnicodeError, OverflowError, MemoryError)
"""What work on a database file raises of itself; `translate` makes a StoreError of each."""


def translate(error: BaseException, path: Path) -> StoreError:
    """The store's own error for one of SQLite's, the system's or a value's that cannot be stored or read."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error, path)
    if isinstance(error, OSError):
        kind, advice = _BY_ERRNO.get(error.errno or 0, (StoreError, error.strerror or str(error)))
        return kind(f"{path}: {advice}")
    if isinstance(error, UnicodeDecodeError):
        return Corrupt(f"{path}: it is damaged; restore a backup ({error})")
    if isinstance(error, MemoryError):
        return StoreError(f"{path}: it needs more memory than there is; run `db check`, it may be damaged")
    return StoreError(f"{path}: a value cannot be stored ({error})")


def _from_sqlite(error: sqlite3.Error, path: Path) -> StoreError:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # The sqlite3 module's own complaints carry no code; the one a damaged file causes is undecodable
        # text.
        kind: type[StoreError] = Corrupt if "decode" in str(error) else StoreError
        return kind(f"{path}: {error}")
    kind, advice = _BY_CODE.get(code & 0xFF, (StoreError, ""))
    if not advice:
        return StoreError(f"{path}: {error}")
    return kind(f"{path}: {advice} ({error})")
