"""A file in use: what it holds of the symbols in use, judged once, and whether it is still the same."""

from __future__ import annotations

from dataclasses import dataclass

from store.history_checks import Span
from store.history_source import Source


@dataclass(frozen=True, slots=True)
class Part:
    """One file in use: what it holds of the symbols in use, and the SHA-256 of its content."""

    source: Source
    spans: dict[str, Span]
    digest: str
    stat: tuple[int, int]

    @property
    def first_ms(self) -> int:
        return min(span.first_ms for span in self.spans.values())

    @property
    def last_ms(self) -> int:
        return max(span.last_ms for span in self.spans.values())

    @property
    def name(self) -> str:
        return self.source.path.name

    @property
    def stem(self) -> str:
        return self.source.path.stem

    def check_unchanged(self) -> None:
        """Raise DataFault where the file is no longer the one that was opened."""
        if file_stat(self.source) != self.stat:
            raise self.source.fault("has changed since it was opened")


def file_stat(source: Source) -> tuple[int, int]:
    """Size and time of change of a file. Raises DataFault."""
    try:
        found = source.path.stat()
    except OSError as error:
        raise source.fault(f"cannot be read: {error.strerror}") from None
    return found.st_size, found.st_mtime_ns
