"""The vocabulary every room speaks: instruments, orders, fills, positions, readings, states.

Records are immutable. Money, prices and quantities are `Decimal`; times are milliseconds since 1970 UTC.
Arrays that belong to one decision stay NumPy float64 and are never money.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import IntEnum, StrEnum

MONEY_STEP = Decimal("0.00000001")
ZERO = Decimal(0)


def money(amount: Decimal) -> Decimal:
    """Round an amount of quote currency half-even to 1e-8, the resolution of every book we keep."""
    return amount.quantize(MONEY_STEP, rounding=ROUND_HALF_EVEN)


DECISION_STAGES = (
    "blend",
    "conflict",
    "overlay",
    "volatility",
    "neutral",
    "type",
    "symbol",
    "cluster",
    "net",
    "gross",
    "drawdown",
    "state",
    "buffer",
    "round",
)
"""The stages of a decision in order, by the names the operator sees; the rows of its recorded waterfall."""


class Mode(StrEnum):
    """Where market data and fills come from; a database belongs to exactly one mode."""

    SIM = "sim"
    REPLAY = "replay"


class InstrumentKind(StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"


class OptionRight(StrEnum):
    """What an option gives a right to: to buy at its strike, or to sell."""

    CALL = "call"
    PUT = "put"

    @property
    def sign(self) -> int:
        """+1 for a call, -1 for a put: the sign of its delta."""
        return 1 if self is OptionRight.CALL else -1


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"
    TRAILING_STOP = "trailing_stop"
    TAKE_PROFIT = "take_profit"


class OrderPurpose(StrEnum):
    """Why an order exists; the last letters of its client order id are derived from it."""

    OPEN = "open"
    CLOSE = "close"
    STOP = "stop"
    TRAIL = "trail"
    TARGET = "target"
    FLATTEN = "flatten"


class OrderStatus(StrEnum):
    INTENT = "intent"
    SUBMITTED = "submitted"
    UNRESOLVED = "unresolved"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DENIED = "denied"


TERMINAL_STATUSES = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
        OrderStatus.DENIED,
    }
)


class TradingState(IntEnum):
    """Ordered by severity, so the effective state is the maximum of all overrides in force."""

    ACTIVE = 0
    REDUCING = 1
    HALTED = 2


class SignalClass(StrEnum):
    DIRECTIONAL = "directional"
    NEUTRAL = "neutral"
    OVERLAY = "overlay"


class SignalType(StrEnum):
    """The families whose combined exposure stage `type` limits."""

    MOMENTUM = "momentum"
    REVERSION = "reversion"
    CARRY = "carry"
    FLOW = "flow"
    VOLATILITY = "volatility"
    STATISTICAL = "statistical"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What can be traded and in which steps.

    Rates are fractions of notional (0.0004 = 4 bps). `funding_cap_rate` is the venue's cap per funding interval. A
    future or an option ends at `expiry_ms`: what is held of it then is settled in cash. Any other instrument has 0
    there. An option is European, its `strike` and its price in quote currency per unit of `base`; its rates are
    fractions of its price, but for the maintenance margin, which is one of its strike.
    """

    symbol: str
    kind: InstrumentKind
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    contract_size: Decimal = Decimal(1)
    maker_fee_rate: Decimal = Decimal("0.0002")
    taker_fee_rate: Decimal = Decimal("0.0005")
    maintenance_margin_rate: Decimal = Decimal("0.005")
    leverage: Decimal = Decimal(3)
    funding_interval_ms: int = 8 * 3_600_000
    funding_cap_rate: Decimal = Decimal("0.0075")
    expiry_ms: int = 0
    strike: Decimal = ZERO
    right: OptionRight | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order as we believe it to be. `quantity` is unsigned.

    `whole_position`: a protective order that always covers the whole position of its instrument; its trigger lies
    `trigger_offset` (quote currency per unit) away from the position's average entry price, so it follows both the
    size and the average entry; `quantity` is 0 for it. That of a trailing stop also follows the best close since the
    order began to act, and never moves back. `decision_ts_ms` is the market time that created the order.
    """

    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    purpose: OrderPurpose
    quantity: Decimal
    decision_ts_ms: int
    price: Decimal | None = None
    trigger_offset: Decimal | None = None
    whole_position: bool = False
    reduce_only: bool = False
    post_only: bool = False
    status: OrderStatus = OrderStatus.INTENT
    filled_quantity: Decimal = ZERO
    filled_notional: Decimal = ZERO
    fee: Decimal = ZERO
    venue_order_id: str | None = None
    reason: str = ""
    attempt: int = 0
    updated_ts_ms: int = 0


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What a venue says about one order; what we believe of it is decided in exactly one place."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    status: OrderStatus
    filled_quantity: Decimal
    ts_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. `fill_id` is the venue's and unique; `fee` is positive when paid."""

    fill_id: str
    client_order_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    maker: bool
    ts_ms: int
    reduce_only: bool = False
    liquidation: bool = False


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """One funding settlement of one position; `amount` = -quantity * mark price * rate (positive: received)."""

    funding_id: str
    symbol: str
    quantity: Decimal
    mark_price: Decimal
    rate: Decimal
    amount: Decimal
    ts_ms: int


@dataclass(frozen=True, slots=True)
class Position:
    """An average-cost position: signed quantity and signed total cost (average entry = cost / quantity)."""

    symbol: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    opened_ts_ms: int = 0


@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """The account in quote currency; equity = initial + realised + unrealised - fees + funding, exactly."""

    initial: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    funding: Decimal
    equity: Decimal
    high_water_mark: Decimal


@dataclass(frozen=True, slots=True)
class Override:
    """A restriction in force: who set it, why, since when, and the rule that ends it.

    `scope` is "" for the whole book, else a symbol. `until_ts_ms` None: ends by `ends` (a rule in words and a name
    the guards know), never by time alone.
    """

    name: str
    state: TradingState
    actor: str
    reason: str
    since_ts_ms: int
    ends: str
    scope: str = ""
    until_ts_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A fact worth telling a person. `level` is one of DEBUG INFO WARN ERROR."""

    ts_ms: int
    level: str
    source: str
    message: str
    data: str = ""
