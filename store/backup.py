"""A copy of a database that is being written to: one consistent moment, one file, complete before it has its
name.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from store.errors import FAULTS, NotFound, StoreError, translate
from store.schema import check_version, require_sound


def backup(source: Path, target: Path) -> None:
    """Copy `source` to `target`, prove the copy sound, then give it its name; writers go on meanwhile.

    Raises NotFound without a source, StoreError where `target` exists, else what the disk or either file
    causes.
    """
    if not source.is_file():
        raise NotFound(f"{source}: there is no such database")
    if target.exists():
        raise StoreError(f"{target}: it exists already; name another file for the backup")
    partial_copy = target.with_name(target.name + ".partial")
    try:
        partial_copy.unlink(missing_ok=True)
        os.close(os.open(partial_copy, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        _copy(source, partial_copy)
        os.rename(partial_copy, target)
        _sync_folder(target.parent)
    except FAULTS as error:
        raise translate(error, target) from error
    finally:
        with suppress(OSError):
            partial_copy.unlink(missing_ok=True)


async def backup_in_thread(source: Path, target: Path) -> None:
    """`backup` beside the loop and beside the database's own thread, so neither waits for it."""
    await asyncio.to_thread(backup, source, target)


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target, isolation_level=None)) as writing,
    ):
        check_version(reading, source)
        # All pages in one step: a step by step copy starts over whenever the engine commits in between.
        reading.backup(writing, pages=-1)
        # A single self-contained file, readable from read-only media too.
        writing.execute("PRAGMA journal_mode = DELETE")
        require_sound(writing, target)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
