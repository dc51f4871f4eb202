"""What the account remembers between bars beyond ledger and orders: small, plain, and stored with every commit.

Everything the market alone determines is recomputed from its bars at start and is not kept here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

DAY_MS = 86_400_000
DAYS_KEPT = 120


@dataclass(slots=True)
class DayClose:
    """Equity and gross exposure (x equity) at the end of one UTC day."""

    day: int
    equity: float
    gross: float


@dataclass(slots=True)
class BookState:
    """`cursor_ms` is the close of the last bar that was decided; `venue_sequence` the last venue event booked.

    `frozen_atr`: A2's ATR when a position opened, kept until it is flat; `hold_since_ms`: when the hold a symbol is
    in began; `proven_ms`: when the venue's books last proved ours; `forecast`: F after stage `overlay` of the last
    decision; `guards`: the guards' own state as they serialise it.
    """

    cursor_ms: int = 0
    venue_sequence: int = 0
    decisions: int = 0
    fills: int = 0
    frozen_atr: dict[str, float] = field(default_factory=dict)
    hold_since_ms: dict[str, int] = field(default_factory=dict)
    forecast: dict[str, float] = field(default_factory=dict)
    days: list[DayClose] = field(default_factory=list)
    maximum_drawdown: float = 0.0
    initial: str = ""
    high_water_mark: str = ""
    proven_ms: int = 0
    guards: Mapping[str, object] = field(default_factory=dict)

    def close_day(self, close_ms: int, equity: float, gross: float) -> None:
        """Note the end of the UTC day that a bar closing at `close_ms` belongs to; the day's last bar wins."""
        day = (close_ms - 1) // DAY_MS
        if self.days and self.days[-1].day == day:
            self.days[-1] = DayClose(day, equity, gross)
            return
        self.days.append(DayClose(day, equity, gross))
        del self.days[:-DAYS_KEPT]

    def completed_days(self, close_ms: int) -> list[DayClose]:
        """Days that have ended by `close_ms`."""
        return [day for day in self.days if (day.day + 1) * DAY_MS <= close_ms]

    def dumps(self) -> str:
        """Exact text: floats as their shortest repr that reads back equal."""
        return json.dumps(
            {
                "cursor_ms": self.cursor_ms,
                "venue_sequence": self.venue_sequence,
                "decisions": self.decisions,
                "fills": self.fills,
                "frozen_atr": self.frozen_atr,
                "hold_since_ms": self.hold_since_ms,
                "forecast": self.forecast,
                "days": [[day.day, day.equity, day.gross] for day in self.days],
                "maximum_drawdown": self.maximum_drawdown,
                "initial": self.initial,
                "high_water_mark": self.high_water_mark,
                "proven_ms": self.proven_ms,
                "guards": self.guards,
            },
            separators=(",", ":"),
        )

    @classmethod
    def loads(cls, text: str) -> BookState:
        """The state `dumps` wrote."""
        raw = json.loads(text)
        raw["days"] = [DayClose(*row) for row in raw["days"]]
        return cls(**raw)
