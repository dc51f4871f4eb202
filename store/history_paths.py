"""From what an operator names (files, folders, globs) to the files themselves."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from store.data_fault import DataFault

SUFFIXES = (".parquet", ".pq", ".csv")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may hold market data; one that was named itself must, one met in a folder need not."""

    path: Path
    is_named: bool


def candidates(items: Iterable[str]) -> list[Candidate]:
    """Every file behind the items, each once, in a fixed order. Raises DataFault for an item without any."""
    found: dict[Path, Candidate] = {}
    for item in items:
        for candidate in _behind(item):
            key = candidate.path.resolve()
            if key not in found or candidate.is_named:
                found[key] = candidate
    return sorted(found.values(), key=lambda candidate: str(candidate.path))


def _behind(item: str) -> list[Candidate]:
    try:
        path = Path(item).expanduser()
        if path.is_file():
            if path.suffix.lower() not in SUFFIXES:
                raise DataFault(f"{item}: is neither .parquet nor .csv")
            return [Candidate(path, is_named=True)]
        inside = (
            sorted(path.iterdir())
            if path.is_dir()
            else sorted(map(Path, glob.glob(str(path), recursive=True)))
        )
        files = [file for file in inside if file.is_file()]
    except (OSError, ValueError, RuntimeError) as error:
        raise DataFault(f"{item}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not files:
        what = "is a folder without files" if path.is_dir() else "no such file, and no file matches"
        raise DataFault(f"{item}: {what}")
    return [Candidate(file, is_named=False) for file in files]
