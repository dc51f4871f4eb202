"""What the account remembers between bars beyond ledger and orders: small, plain, and stored with every commit.

Everything the market alone determines is recomputed from its bars at start and is not kept here.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, field
from typing import Any

DAY_MS = 86_400_000
DAYS_KEPT = 120


@dataclass(slots=True)
class DayClose:
    """Equity and gross exposure (x equity) at the end of one UTC day, or at its newest bar."""

    day: int
    equity: float
    gross: float
    _text: str = field(default="", repr=False, compare=False)

    @property
    def text(self) -> str:
        """This day as JSON; worked out when it is first asked for, which is when the day has ended."""
        if not self._text:
            self._text = _to_json((self.day, self.equity, self.gross))
        return self._text


@dataclass(frozen=True, slots=True)
class Choice:
    """What the operator chose for one signal, by whom and when; `weight` None: the configured one.

    `enabled` False: nothing that is traded depends on it; `computed` False: it is not even computed.
    """

    enabled: bool
    weight: float | None
    actor: str
    ts_ms: int
    computed: bool = True


@dataclass(frozen=True, slots=True)
class Tuning:
    """The parameters of one signal that the operator set, as JSON, by whom, and the close of the last bar that was
    decided without them; none: it went back to the configuration then."""

    values: dict[str, Any]
    actor: str
    ts_ms: int


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """The weighting method of the estimates asked from a close on, by whom; `own`: otherwise than configured."""

    method: str
    from_ms: int
    actor: str
    own: bool = True


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An order the operator wants cancelled, until the venue has said how it ended; `before`: what it was then."""

    actor: str
    reason: str
    before: str


@dataclass(slots=True)
class BookState:
    """`cursor_ms` is the close of the last bar that was decided; `venue_sequence` the last venue event booked.

    `frozen_atr`: A2's ATR when a position opened, kept until it is flat; `hold_since_ms`: when the hold a symbol is
    in began; `proven_ms`: when the venue's books last proved ours; `forecast`: F after stage `overlay` of the last
    decision; `leaning`: the sign of the last one that was not 0, where a change of sides needs a margin; `guards`: the
    guards' own state as JSON text; `choices` and `tunings`: the operator's, by signal; `withdrawals`: by client order
    id; `methods`: weighting methods as `engine.method_choice` has them; `overlays`: of which symbols those in force
    had an opinion, as `engine.overlay_watch` has them.
    """

    cursor_ms: int = 0
    venue_sequence: int = 0
    decisions: int = 0
    fills: int = 0
    frozen_atr: dict[str, float] = field(default_factory=dict)
    hold_since_ms: dict[str, int] = field(default_factory=dict)
    forecast: dict[str, float] = field(default_factory=dict)
    leaning: dict[str, float] = field(default_factory=dict)
    days: list[DayClose] = field(default_factory=list)
    today: DayClose | None = None
    maximum_drawdown: float = 0.0
    initial: str = ""
    high_water_mark: str = ""
    proven_ms: int = 0
    guards: str = "{}"
    choices: dict[str, Choice] = field(default_factory=dict)
    withdrawals: dict[str, Withdrawal] = field(default_factory=dict)
    tunings: dict[str, Tuning] = field(default_factory=dict)
    methods: list[MethodChoice] = field(default_factory=list)
    overlays: dict[str, dict[str, bool]] = field(default_factory=dict)

    def close_day(self, close_ms: int, equity: float, gross: float) -> bool:
        """Note how the UTC day that a bar closing at `close_ms` belongs to ends, as far as is known; True where that
        completes a day."""
        day = (close_ms - 1) // DAY_MS
        known = len(self.days)
        if self.today is not None and self.today.day != day:
            self.days.append(self.today)
        self.today = DayClose(day, equity, gross)
        if close_ms % DAY_MS == 0:
            self.days.append(self.today)
            self.today = None
        completed = len(self.days) > known
        del self.days[:-DAYS_KEPT]
        return completed

    def dumps(self) -> str:
        """Exact text: floats as their shortest repr that reads back equal."""
        text = _to_json(
            {
                "cursor_ms": self.cursor_ms,
                "venue_sequence": self.venue_sequence,
                "decisions": self.decisions,
                "fills": self.fills,
                "frozen_atr": self.frozen_atr,
                "hold_since_ms": self.hold_since_ms,
                "forecast": self.forecast,
                "leaning": self.leaning,
                "today": None if self.today is None else _day_row(self.today),
                "maximum_drawdown": self.maximum_drawdown,
                "initial": self.initial,
                "high_water_mark": self.high_water_mark,
                "proven_ms": self.proven_ms,
                "choices": {name: astuple(choice) for name, choice in self.choices.items()},
                "withdrawals": {name: astuple(order) for name, order in self.withdrawals.items()},
                "tunings": {name: astuple(tuning) for name, tuning in self.tunings.items()},
                "methods": [astuple(choice) for choice in self.methods],
                "overlays": self.overlays,
            }
        )
        return f'{text[:-1]},"guards":{self.guards}}}'

    def dumps_days(self) -> str:
        """The completed days, which change once a day and are kept apart for that."""
        return f"[{','.join([day.text for day in self.days])}]"

    @classmethod
    def loads(cls, text: str, days: str) -> BookState:
        """The state that `dumps` and `dumps_days` wrote."""
        raw = json.loads(text)
        raw["guards"] = _to_json(raw["guards"])
        raw["today"] = None if raw["today"] is None else DayClose(*raw["today"])
        # A book of an earlier version does not know them.
        raw["choices"] = {name: Choice(*row) for name, row in raw.get("choices", {}).items()}
        raw["withdrawals"] = {name: Withdrawal(*row) for name, row in raw.get("withdrawals", {}).items()}
        raw["tunings"] = {name: Tuning(*row) for name, row in raw.get("tunings", {}).items()}
        raw["methods"] = [MethodChoice(*row) for row in raw.get("methods", [])]
        return cls(**raw, days=[DayClose(*row) for row in json.loads(days)])


_to_json = json.JSONEncoder(separators=(",", ":")).encode


def _day_row(day: DayClose) -> tuple[int, float, float]:
    return day.day, day.equity, day.gross
