"""One engine per database: a lock on `<database>.lock` that the kernel releases with the process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.errors import Locked, translate

_held: set[Path] = set()
"""The lock files of this process."""


class ProcessLock:
    """Held from construction until `release`; the lock file names the holder's process id.

    Raises Locked with that id while another process (or another Database of this one) holds it.
    """

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        try:
            self._descriptor: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise translate(error, self.path) from error
        try:
            self._take(database)
        except BaseException:
            os.close(self._descriptor)
            raise
        _held.add(self.path)

    def _take(self, database: Path) -> None:
        assert self._descriptor is not None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise Locked(
                f"{database}: process {holder} is running on this database; stop it or pass another --db"
            ) from error
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise translate(error, self.path) from error

    def release(self) -> None:
        """Let go. The file stays: removing it would let two later processes lock two different files."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _held.discard(self.path)
            os.close(descriptor)


@contextmanager
def owning(database: Path) -> Iterator[None]:
    """Hold the lock of `database`, links resolved, for a moment where this process does not hold it anyway. Raises
    Locked."""
    if database.with_name(database.name + ".lock") in _held:
        yield
        return
    lock = ProcessLock(database)
    try:
        yield
    finally:
        lock.release()


def holder(database: Path) -> int | None:
    """The process id that holds `database`, None when no engine does. Takes nothing and waits for nothing."""
    path = database.with_name(database.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)
    return None
