"""A span of market time as an operator writes it: 20210401-20231230, 20210401-, -20231230.

Days are UTC, also written 2021-04-01, and both ends are included; a side left out is open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_DAY = r"\d{8}|\d{4}-\d{2}-\d{2}"
_RANGE = re.compile(rf"(?P<first>{_DAY})?\s*(?:-|:|\.\.)\s*(?P<last>{_DAY})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Milliseconds since 1970 UTC: from `start_ms` on, up to but without `end_ms`; None where it is open."""

    start_ms: int | None = None
    end_ms: int | None = None

    @classmethod
    def parse(cls, text: str) -> TimeRange:
        """Read the text of `--timerange`; ValueError says what is wrong with it. Empty text: everything."""
        if not text.strip():
            return cls()
        match = _RANGE.fullmatch(text.strip())
        if match is None or not any(match.groups()):
            raise ValueError(f"{text!r} is not a time range: write 20210401-20231230, 20210401- or -20231230")
        first, last = (_day(match[name]) if match[name] else None for name in ("first", "last"))
        if first and last and first > last:
            raise ValueError(f"{text!r} ends before it begins")
        return cls(
            None if first is None else _midnight_ms(first),
            None if last is None else _midnight_ms(last) + 86_400_000,
        )


def _day(text: str) -> date:
    digits = text.replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise ValueError(f"{text} is not a day of the calendar") from None


def _midnight_ms(day: date) -> int:
    since = datetime(day.year, day.month, day.day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)
