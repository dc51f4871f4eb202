"""What the engine answers to a drill-down, as typed rows; `console.read_answers` makes them of its plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.snapshot import OrderRow

Record = Mapping[str, Any]
WHOLE_POSITION = "position"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order whole. Money and quantities are text; times are the market's, in ms."""

    row: OrderRow
    decision_ts_ms: int
    trigger_offset: str | None
    reduce_only: bool
    post_only: bool
    filled_notional: str
    fee: str
    venue_order_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class OrderEvent:
    ts_ms: int
    before: str
    after: str
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Fill:
    ts_ms: int
    symbol: str
    side: str
    price: str
    quantity: str
    fee: str
    order: str
    fill_id: str
    maker: bool
    liquidation: bool


@dataclass(frozen=True, slots=True)
class Funding:
    """`amount` is what was received; negative: paid. `rate` is a fraction of the position's worth."""

    ts_ms: int
    quantity: str
    mark: str
    rate: str
    amount: str
    funding_id: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one signal said of one symbol; `value` None: no opinion, `reason` says why. `name`: signal or symbol;
    `unknown`: the inputs it needs that are not known of the symbol."""

    name: str
    ts_ms: int
    value: float | None
    confidence: float | None
    reason: str
    statistics: Mapping[str, float | None]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The value after one stage; `bound`: a limit changed it here, `why` in words."""

    name: str
    value: float | None
    bound: bool
    why: str


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """`scalars`: the decision's own numbers (idm, fdm, kelly, drawdown, multiplier)."""

    ts_ms: int
    state: str
    halted: bool
    scalars: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class OrderWhy:
    """`price`: of the symbol when it was decided, `shares`: of the signals in their class on that day, where the books
    say so."""

    order: OrderFacts
    events: Sequence[OrderEvent]
    fills: Sequence[Fill]
    decision: DecisionFacts | None
    stages: Sequence[Stage]
    readings: Sequence[Reading]
    price: str | None
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PositionFacts:
    """`ours` and `venue` as the engine names what is in them; fills and funding newest first."""

    fills: Sequence[Fill]
    funding: Sequence[Funding]
    orders: Sequence[OrderFacts]
    ours: Record
    venue: Record | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """What can be set of a signal: its value as data, its bounds in words; `by` whom it was set, "": as configured;
    what a number of it counts ("": itself)."""

    name: str
    value: Any
    bounds: str
    by: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """`about`: title, class, type, bar, window, settings, weight, enabled. `history` oldest first."""

    about: Record
    history: Sequence[Reading]
    symbols: Mapping[str, Reading]
    parameters: Sequence[Parameter] = ()

    @property
    def name(self) -> str:
        """The signal these are about."""
        return str(self.about.get("name", ""))

    def reading(self, symbol: str) -> Reading | None:
        """The newest reading of one symbol."""
        return self.symbols.get(symbol)


@dataclass(frozen=True, slots=True)
class AuditRow:
    sequence: int
    wall_ms: int
    market_ts_ms: int
    actor: str
    kind: str
    payload: Any
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """`chain`: what the engine found when it checked the chain, "" where nobody asked; `broken`: it does not hold."""

    rows: Sequence[AuditRow]
    chain: str
    broken: bool


@dataclass(frozen=True, slots=True)
class CommandLine:
    sequence: int
    wall_ms: int
    market_ts_ms: int
    mode: str
    actor: str
    kind: str
    arguments: Record
    reason: str
    accepted: bool
    message: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Setting:
    """`source`: default, profile, file and line, environment, flag, reloaded, operator."""

    key: str
    value: str
    default: str
    source: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    hash: str
    rows: Sequence[Setting]

    def value(self, key: str) -> str | None:
        """The value of one key; None where there is none."""
        return next((row.value for row in self.rows if row.key == key), None)
