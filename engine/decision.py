"""The decision: from readings to whole lots, in fourteen recorded stages.

`decide` is pure and deterministic: what it returns depends on its arguments alone. The same compiled step serves one
live bar and every bar of a backtest. Fractions are of equity; arrays are float64 and indexed [signal, symbol] or
[symbol]; nothing here is money.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from risk.parameters import RiskParameters
from store.records import SignalClass, SignalType, TradingState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

STAGES = (
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


class OverlaySide(IntEnum):
    """The sign of the forecast an overlay multiplies."""

    BOTH = 0
    LONG = 1
    SHORT = 2


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """One signal as the decision sees it.

    `weight` is its share of its own class (directional and neutral weights each sum to 1 over the enabled ones; 0 is
    shadow: computed and recorded, never traded). `scalar` brings mean abs forecast to 1/2. An overlay multiplies by
    1 + `up` * value (value >= 0) or 1 + `down` * value, and counts while `weight` > 0.
    """

    name: str
    signal_class: SignalClass
    signal_type: SignalType
    weight: float
    scalar: float = 1.0
    up: float = 0.0
    down: float = 0.0
    side: OverlaySide = OverlaySide.BOTH


@dataclass(frozen=True, slots=True)
class SignalTable:
    """The signals in the order of the rows of `Readings`."""

    signals: tuple[SignalSpec, ...]


@dataclass(frozen=True, slots=True)
class Readings:
    """`value` [K, S] in [-1, 1], `confidence` [K, S] in [0, 1]; NaN in either: no opinion.

    A neutral signal without an opinion is given its last one by the caller while that is at most 3 of its periods old.
    """

    value: FloatArray
    confidence: FloatArray


@dataclass(frozen=True, slots=True)
class NeutralLegs:
    """The legs of the neutral signals: `legs` [K, S] signed weights (rows of other classes are ignored), `beta` [S]
    to BTC, `hedge` the index of the BTC perpetual (-1: none), `held` [S] the fraction now held for neutral legs."""

    legs: FloatArray
    beta: FloatArray
    hedge: int
    held: FloatArray


@dataclass(frozen=True, slots=True)
class Market:
    """The market at a bar's close, [S] each unless said.

    `sigma` is annualised; `correlation` [S, S]; `instrument_weight` is g (0 where not tradable); `cluster` labels in
    [0, S), -1 for none; `lot` and `min_quantity` in units, `min_notional` in quote currency; `cost_band` a fraction of
    equity added to the band, None for none.
    """

    price: FloatArray
    sigma: FloatArray
    correlation: FloatArray
    tradable: BoolArray
    stale: BoolArray
    shortable: BoolArray
    lot: FloatArray
    min_quantity: FloatArray
    min_notional: FloatArray
    instrument_weight: FloatArray
    cluster: IntArray
    cost_band: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What we have: `equity` and `high_water_mark` in quote currency, `quantity` [S] signed units, `hold_age_ms` [S]
    since the hold that a symbol is in began (0 where none), `working` [S] signed units of open orders (None: none;
    stops and targets do not count)."""

    equity: float
    high_water_mark: float
    quantity: FloatArray
    hold_age_ms: FloatArray
    working: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class RiskInputs:
    """What guards and estimators say, [S] each unless said. `guard_multiplier` and `regime_multiplier` are <= 1;
    `fdm` comes from `strategies.blend.diversification`, `kelly` from `risk.kelly`."""

    state: TradingState
    locked: BoolArray
    cooldown_long: BoolArray
    cooldown_short: BoolArray
    guard_multiplier: float = 1.0
    regime_multiplier: float = 1.0
    fdm: float = 1.0
    kelly: float = 1.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """What does not change from bar to bar."""

    signals: SignalTable
    risk: RiskParameters


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome for every symbol, with everything that led to it.

    `stages` [14, S] holds every symbol's value after every stage of `STAGES`: the forecast up to `overlay`, then
    fractions of equity; row `neutral` holds the neutral legs alone and rows `type` to `drawdown` the rest alone, which
    meet in `state`; row `round` is the quantity that will result as a fraction. `bound` [14, S] marks what a stage
    changed by more than 1e-12 (for `round`: an order that a minimum suppressed). `neutral` [S] are the legs after
    `drawdown`, `current` [S] is c, `average` [S] the position of an average forecast.

    Orders in signed lots: `close_lots` reduce only and go first, `open_lots` follow; `whole_close` says that the close
    takes the whole position, whatever its lots. `state` is the effective trading state and `halt` says that this step
    itself reached dd_halt. Under HALTED the orders are recorded and must not be sent.
    """

    stages: FloatArray
    bound: BoolArray
    coverage: FloatArray
    hold: BoolArray
    current: FloatArray
    average: FloatArray
    neutral: FloatArray
    close_lots: IntArray
    open_lots: IntArray
    whole_close: BoolArray
    idm: float
    fdm: float
    kelly: float
    drawdown: float
    multiplier: float
    state: TradingState
    halt: bool


class Decider:
    """`decide` for one universe: shapes checked and parameters packed once. Not shared between threads."""

    def __init__(self, parameters: Parameters, symbols: int) -> None:
        raise NotImplementedError

    def decide(
        self,
        readings: Readings,
        market: Market,
        portfolio: Portfolio,
        risk: RiskInputs,
        neutral: NeutralLegs | None = None,
    ) -> Decision:
        """One bar. Raises ValueError where a shape is wrong or equity is not finite."""
        raise NotImplementedError


def decide(
    readings: Readings,
    market: Market,
    portfolio: Portfolio,
    risk: RiskInputs,
    parameters: Parameters,
    neutral: NeutralLegs | None = None,
) -> Decision:
    """One decision from its arguments alone; `Decider` does the same faster where many bars share parameters."""
    symbols = int(market.price.shape[0])
    return Decider(parameters, symbols).decide(readings, market, portfolio, risk, neutral)
