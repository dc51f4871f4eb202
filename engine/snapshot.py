"""The one immutable picture of the engine that every reader gets: console, socket, status file.

Plain data only (str, int, float, bool, None, tuples), so that it crosses a socket as JSON unchanged. Money and
quantities are strings with their exact digits; ratios are floats.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SignalCell:
    """One signal's reading of one symbol; value None: no opinion, `reason` says why (WARMUP, GAP, ...)."""

    name: str
    value: float | None
    confidence: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignalRow:
    """`price` is the newest shown price; `action` what the last decision wants: BUY SELL HOLD L, HOLD S, flat, BLOCKED,
    WARMUP. `forecast` is F after `overlay`, None where the symbol is on hold. `why_blocked` names guard or lock.
    `agreement` and `netted` are those of stage `conflict`, None where there is no forecast; `caps` the stages at which
    a cap bound."""

    symbol: str
    price: str
    forecast: float | None
    confidence: float | None
    cells: tuple[SignalCell, ...]
    target_fraction: float
    position_fraction: float
    action: str
    age_ms: int
    stale: bool
    why_blocked: str = ""
    spread_bps: float | None = None
    expected_cost_bps: float | None = None
    trail: tuple[float, ...] = ()
    agreement: float | None = None
    netted: float | None = None
    caps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightRow:
    """A signal in the blend: its share of its class in force, share of symbols with an opinion, mean abs value.

    `enabled` False: the operator switched it off; it is computed and shown all the same. `raw_weight` is the share
    before normalising, the number a WEIGHT command sets; `configured_weight` what `weight` would be by configuration
    alone. `waits`: it has a weight, which counts for nothing before an estimate gives it a share. `change`: what the
    operator changed, who and when ("" where nothing). `state` is on, shadow or off (not computed: all it has is a
    name), `why` says why it is not on and what would end that. `age_ms`: since the newest bar it read closed. The rest
    is its record, today included, as `engine.shadow_days.SignalHealth` says; `recent_`: the last 30 days. `closest` is
    the signal whose daily forecasts correlate most with its own, by `correlation`. `family` is where it comes from;
    `method`, `estimated_ms`, `estimated_change` and `estimated_why` say where its weight does, as
    `engine.weight_facts.WeightFacts`. `share_cap`: the most that `weight` may be; None: all of the class. `followed`:
    it is in shadow behind the decisions, and may be some bars late. `no_book`: why its `pnl` is not known,
    "" where it is.
    """

    name: str
    title: str
    kind: str
    type: str
    weight: float
    enabled: bool
    coverage: float
    mean_abs: float
    opinions: int
    symbols: int
    note: str = ""
    configured_weight: float = 0.0
    raw_weight: float = 0.0
    change: str = ""
    state: str = "on"
    why: str = ""
    age_ms: int | None = None
    days: int = 0
    pnl: float = 0.0
    recent_pnl: float = 0.0
    attribution: float = 0.0
    recent_attribution: float = 0.0
    judged: int = 0
    hit_rate: float | None = None
    information_coefficient: float | None = None
    standard_error: float | None = None
    heard: float | None = None
    closest: str = ""
    correlation: float | None = None
    family: str = ""
    method: str = ""
    estimated_ms: int | None = None
    estimated_change: float | None = None
    estimated_why: str = ""
    waits: bool = False
    share_cap: float | None = None
    no_book: str = ""
    followed: bool = False


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """What the estimates of one class of signals have come to: by which `method` and when, on so many `days`, how many
    independent `bets` its `signals` amount to, and which two are most alike, by `correlation`. `next_ms`: when the
    next one is due. `note`: why there is none yet, why the newest has no answer, or why none applies. `method` is
    operator where all weights of the class are the operator's."""

    kind: str
    method: str
    signals: int
    next_ms: int
    estimated_ms: int | None = None
    days: int = 0
    bets: float | None = None
    first: str = ""
    second: str = ""
    correlation: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PositionRow:
    """`flattening`: the operator flattened this symbol, and it stays out of the market until released. An option has a
    `right` (call or put), a `strike`, an expiry and, while a signal holds options, the forward `delta` of one unit as
    it is held: negative for a call that was sold."""

    symbol: str
    venue: str
    side: str
    quantity: str
    entry: str
    mark: str
    unrealised: str
    unrealised_fraction: float
    r_multiple: float | None
    stop: str | None
    liquidation: str | None
    working_orders: int
    locked: bool
    opened_ts_ms: int
    flattening: bool = False
    right: str = ""
    strike: str = ""
    expiry_ms: int = 0
    delta: float | None = None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """`status` is ok, WARN, BREACH or "not armed"; `unit` is fraction, x, count or ms."""

    name: str
    used: float | None
    maximum: float
    unit: str
    status: str


@dataclass(frozen=True, slots=True)
class OverrideRow:
    name: str
    state: str
    scope: str
    actor: str
    reason: str
    since_ts_ms: int
    ends: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """`trigger`: the price at which a protective order acts, None of any other and while it is not known."""

    client_order_id: str
    symbol: str
    side: str
    type: str
    purpose: str
    quantity: str
    price: str | None
    filled: str
    status: str
    reason: str
    ts_ms: int
    trigger: str | None = None


@dataclass(frozen=True, slots=True)
class KillRow:
    """Progress of the kill path: latched, cancelling, flattening, flat, kept, failed; one line per venue."""

    progress: str
    venue: str
    cancelled: int
    open_orders: int
    open_positions: int
    started_wall_ms: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    sequence: int
    ts_ms: int
    level: str
    source: str
    message: str


@dataclass(frozen=True, slots=True)
class VenueHealth:
    name: str
    stream: str
    rest: str
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a reader may show. `market_ts_ms` is the market's clock, `wall_ts_ms` when this was taken.

    `engine_pid` and `database` (its path) say which engine this is, to whoever is attached.
    """

    sequence: int
    version: str
    mode: str
    account: str
    phase: str  # starting, recovering, running, finished, stopping
    state: str  # ACTIVE, REDUCING, HALTED
    profile: str
    market_ts_ms: int
    wall_ts_ms: int
    decision_ts_ms: int
    next_decision_in_ms: int | None
    bar_ms: int
    speed: str
    decisions: int
    initial: str
    equity: str
    realised: str
    unrealised: str
    fees: str
    funding: str
    high_water_mark: str
    day_profit: str
    day_profit_fraction: float
    drawdown: float
    drawdown_limit: float
    gross: float
    net: float
    working_orders: int
    fills: int
    loop_lag_p99_ms: float
    database_ms: float
    config_hash: str
    reconciled_ts_ms: int | None
    signals: tuple[SignalRow, ...] = ()
    weights: tuple[WeightRow, ...] = ()
    estimates: tuple[EstimateRow, ...] = ()
    positions: tuple[PositionRow, ...] = ()
    limits: tuple[LimitRow, ...] = ()
    overrides: tuple[OverrideRow, ...] = ()
    orders: tuple[OrderRow, ...] = ()
    venues: tuple[VenueHealth, ...] = ()
    kill: KillRow | None = None
    log: tuple[LogLine, ...] = ()
    notice: str = ""
    scalars: tuple[tuple[str, float], ...] = field(default=())
    engine_pid: int = 0
    database: str = ""
