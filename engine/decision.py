"""The decision: from readings to whole lots, in fourteen recorded stages.

`decide` is pure and deterministic: what it returns depends on its arguments alone. The same compiled step
serves one live bar and every bar of a backtest. Fractions are of equity; arrays are float64 and indexed
[signal, symbol] or [symbol]; nothing here is money.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from engine import decision_layout as at
from engine import decision_packing as packing
from engine import kernel_cache
from risk.parameters import RiskParameters
from store.records import SignalClass, SignalType, TradingState
from strategies.blend.rules import PLAIN_RULES, BlendRules
from strategies.blend.veto import NEVER, OverlaySide, vetoes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

STAGES = at.STAGES
NO_OPTIONS = (2**31, 0)
"""The first row of signals that hold options and their first column, where there are none."""


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """One signal as the decision sees it.

    `weight` is its share of its own class (directional and neutral weights each sum to 1 over the enabled
    ones; 0 is shadow: computed and recorded, never traded). `scalar` brings mean abs forecast to 1/2. An
    overlay multiplies by 1 + `up` * value (value >= 0) or 1 + `down` * value, and counts while `weight` > 0.
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

    A neutral signal without an opinion is given its last one by the caller while that is at most 3 of its
    periods old; `engine.neutral_book` gives it 1 and legs that hold what it says already.
    """

    value: FloatArray
    confidence: FloatArray


@dataclass(frozen=True, slots=True)
class NeutralLegs:
    """The legs of the neutral signals: `legs` [K, S] signed weights (rows of other classes are ignored),
    `beta` [S] to BTC, `hedge` the index of the BTC perpetual (-1: none), `held` [S] the fraction now held for
    neutral legs. `options`: the first row of signals that hold options, and the first column of what they hold; what
    stands before it only hedges them."""

    legs: FloatArray
    beta: FloatArray
    hedge: int
    held: FloatArray
    options: tuple[int, int] = NO_OPTIONS


@dataclass(frozen=True, slots=True)
class Market:
    """The market at a bar's close, [S] each unless said.

    `sigma` is annualised; `correlation` [S, S]; `instrument_weight` is g (0 where not tradable); `cluster`
    labels in [0, S), -1 for none; `lot` and `min_quantity` in units, `min_notional` in quote currency;
    `cost_band` a fraction of equity added to the band, None for none.
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
    """What we have: `equity` and `high_water_mark` in quote currency, `quantity` [S] signed units,
    `hold_age_ms` [S] since the hold that a symbol is in began (0 where none), `working` [S] signed units of
    open orders (None: none; stops and targets do not count), `leaning` [S] the sign of the last forecast that was
    not 0 (None: none yet)."""

    equity: float
    high_water_mark: float
    quantity: FloatArray
    hold_age_ms: FloatArray
    working: FloatArray | None = None
    leaning: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class RiskInputs:
    """What guards and estimators say, [S] each unless said. `guard_multiplier` and `regime_multiplier` are <=
    1; `fdm` comes from `strategies.blend.diversification`, `kelly` from `risk.kelly`."""

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
    rules: BlendRules = PLAIN_RULES


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome for every symbol, with everything that led to it.

    `stages` [14, S] holds every symbol's value after every stage of `STAGES`: the forecast up to `overlay`,
    then fractions of equity; row `neutral` holds the neutral legs alone and rows `type` to `drawdown` the
    rest alone, which meet in `state`; row `round` is the quantity that will result as a fraction. `bound`
    [14, S] marks what a stage changed by more than 1e-12 (for `round`: an order that a minimum suppressed).
    `agreement` [S] is what of all directional forecasts points one way, and `netted` [S] what opposing ones took
    from each other (sum of sizes less the size of the sum; forecast units, before diversification).
    `neutral` [S] are the legs in the target after `state`, `current` [S] is c, `average` [S] the position of an
    average forecast. `leg_shares` [2, K] is what limits (0 also: not to be traded or hedged) and then the trading
    state left of each neutral signal's legs. `directional_factor` is what its budget left of the directional book in
    `gross`, and `gross_factor` what the account's cap then left of both.

    Orders in signed lots: `close_lots` reduce only and go first, `open_lots` follow; `whole_close` says that
    the close takes the whole position, whatever its lots. `state` is the effective trading state and `halt`
    says that this step itself reached dd_halt. Under HALTED the orders are recorded and must not be sent.
    """

    stages: FloatArray
    bound: BoolArray
    coverage: FloatArray
    hold: BoolArray
    agreement: FloatArray
    netted: FloatArray
    current: FloatArray
    average: FloatArray
    neutral: FloatArray
    leg_shares: FloatArray
    close_lots: IntArray
    open_lots: IntArray
    whole_close: BoolArray
    idm: float
    fdm: float
    kelly: float
    drawdown: float
    multiplier: float
    gross_factor: float
    directional_factor: float
    state: TradingState
    halt: bool


class Decider:
    """`decide` for one universe of `symbols` symbols: parameters packed and checked once.

    Keeps working memory, so one thread at a time; every `Decision` owns its arrays. Raises ValueError for
    weights of a class that sum neither to 1 nor, where none is enabled, to 0, nor to less under a cap for each signal.
    """

    def __init__(self, parameters: Parameters, symbols: int) -> None:
        self.table = parameters.signals
        table = self.table.signals
        self._shape = (len(table), symbols)
        self._signals, self._codes = packing.pack_signals(table)
        cap = parameters.rules.signal_cap
        self._rows = tuple(packing.enabled_rows(table, signal_class, cap) for signal_class in _CLASSES)
        self._type_limits = np.array([parameters.risk.type_limits[kind] for kind in SignalType])
        self._inputs = packing.pack_parameters(parameters.risk, parameters.rules)
        self._veto_below, self._overlays = parameters.rules.veto_below, self._rows[2]
        self._allow_short, self._use_cost_band = parameters.risk.allow_short, parameters.risk.cost_band
        self._symbols = np.zeros((at.SYMBOL_ROWS, symbols))
        self._flags = np.zeros((at.FLAG_ROWS, symbols), dtype=np.bool_)
        self._nothing = np.zeros(symbols)
        self._all_left = np.ones((at.SHARE_ROWS, len(table)))
        self._no_legs = NeutralLegs(np.zeros(self._shape), self._nothing, -1, self._nothing)
        self._memory = (
            np.zeros(self._shape),
            np.zeros(self._shape),
            np.zeros((at.ROOM_ROWS, max(symbols, len(SignalType)))),
            np.zeros((at.CHECK_ROWS, symbols), dtype=np.bool_),
        )
        self._step = _load_step()

    def decide(
        self,
        readings: Readings,
        market: Market,
        portfolio: Portfolio,
        risk: RiskInputs,
        neutral: NeutralLegs | None = None,
    ) -> Decision:
        """One bar. Raises ValueError where a shape is wrong or a number that scales the whole book is no
        number."""
        legs = self._no_legs if neutral is None else neutral
        symbols = self._shape[1]
        self._pack_symbols(market, portfolio, legs)
        self._pack_flags(market, self._with_vetoes(readings, risk))
        self._pack_book(portfolio, risk, legs)
        stages, bound = np.empty((at.STAGE_COUNT, symbols)), np.empty((at.STAGE_COUNT, symbols), np.bool_)
        facts, marks = np.empty((at.FACT_ROWS, symbols)), np.empty((at.MARK_ROWS, symbols), np.bool_)
        orders, summary = np.empty((at.ORDER_ROWS, symbols), np.int64), np.empty(at.SUMMARY)
        shares = self._all_left if neutral is None else np.ones_like(self._all_left)
        self._step(
            packing.contiguous("readings.value", readings.value, self._shape),
            packing.contiguous("readings.confidence", readings.confidence, self._shape),
            packing.contiguous("market.correlation", market.correlation, (symbols, symbols)),
            self._symbols,
            self._flags,
            packing.labels(market.cluster, symbols),
            self._signals,
            self._codes,
            *self._rows,
            packing.contiguous("neutral.legs", legs.legs, self._shape),
            self._type_limits,
            self._inputs,
            stages,
            bound,
            facts,
            marks,
            orders,
            shares,
            summary,
            *self._memory,
        )
        return _decision(stages, bound, facts, marks, orders, shares, summary, risk)

    @property
    def final_legs(self) -> FloatArray:
        """The legs [K, S] of every neutral signal after stage `state` of the last decision (x equity), hedge included;
        until the next one."""
        return self._memory[1]

    def _pack_symbols(self, market: Market, portfolio: Portfolio, legs: NeutralLegs) -> None:
        """Fill the rows of numbers per symbol, in the order of `decision_layout`."""
        nothing = self._nothing
        cost_band = market.cost_band if self._use_cost_band else None
        columns = (
            market.price,
            market.sigma,
            market.lot,
            market.min_quantity,
            market.min_notional,
            market.instrument_weight,
            nothing if cost_band is None else cost_band,
            portfolio.quantity,
            nothing if portfolio.working is None else portfolio.working,
            portfolio.hold_age_ms,
            legs.beta,
            legs.held,
            nothing if portfolio.leaning is None else portfolio.leaning,
        )
        packing.fill_rows(self._symbols, columns)

    def _pack_flags(self, market: Market, risk: RiskInputs) -> None:
        shortable = market.shortable if self._allow_short else np.zeros_like(market.shortable)
        columns = (
            market.tradable,
            market.stale,
            shortable,
            risk.locked,
            risk.cooldown_long,
            risk.cooldown_short,
        )
        packing.fill_rows(self._flags, columns)

    def _with_vetoes(self, readings: Readings, risk: RiskInputs) -> RiskInputs:
        """What overlays forbid is not wanted just as during a cooldown: held, reduced, never opened."""
        if self._veto_below <= NEVER:
            return risk
        long, short = vetoes(readings.value, self._overlays, self._codes[at.SIDE], self._veto_below)
        return replace(
            risk, cooldown_long=risk.cooldown_long | long, cooldown_short=risk.cooldown_short | short
        )

    def _pack_book(self, portfolio: Portfolio, risk: RiskInputs, legs: NeutralLegs) -> None:
        """Fill the entries that change from bar to bar."""
        multiplier = risk.guard_multiplier * risk.regime_multiplier
        numbers = (portfolio.equity, portfolio.high_water_mark, multiplier, risk.fdm, risk.kelly)
        if not all(map(math.isfinite, numbers)) or portfolio.high_water_mark <= 0.0:
            raise ValueError(
                "decide needs finite equity, high-water mark (> 0), multipliers, FDM and Kelly, got "
                f"{portfolio.equity}, {portfolio.high_water_mark}, {multiplier}, {risk.fdm}, {risk.kelly}"
            )
        if not -1 <= legs.hedge < self._shape[1]:
            raise ValueError(f"the hedge must be a symbol's index or -1, got {legs.hedge}")
        self._inputs[: at.VOLATILITY_TARGET] = (
            portfolio.equity,
            portfolio.high_water_mark,
            int(risk.state),
            multiplier,
            risk.fdm,
            risk.kelly,
            legs.hedge,
            *legs.options,
        )


def decide(
    readings: Readings,
    market: Market,
    portfolio: Portfolio,
    risk: RiskInputs,
    parameters: Parameters,
    neutral: NeutralLegs | None = None,
) -> Decision:
    """One decision from its arguments alone; a `Decider` does the same faster where many bars share
    parameters."""
    symbols = int(market.price.shape[0])
    return Decider(parameters, symbols).decide(readings, market, portfolio, risk, neutral)


_CLASSES = (SignalClass.DIRECTIONAL, SignalClass.NEUTRAL, SignalClass.OVERLAY)


def _load_step() -> Callable[..., None]:
    """The compiled step; imported here, so that naming a `Decision` does not load numba."""
    kernel_cache.prepare()
    from engine.decision_step import step

    return cast("Callable[..., None]", step)


def _decision(
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    marks: BoolArray,
    orders: IntArray,
    shares: FloatArray,
    summary: FloatArray,
    risk: RiskInputs,
) -> Decision:
    return Decision(
        stages=stages,
        bound=bound,
        coverage=facts[at.COVERAGE],
        hold=marks[at.HOLD],
        agreement=facts[at.AGREEMENT],
        netted=facts[at.NETTED],
        current=facts[at.CURRENT],
        average=facts[at.AVERAGE],
        neutral=facts[at.NEUTRAL],
        leg_shares=shares,
        close_lots=orders[at.CLOSE_LOTS],
        open_lots=orders[at.OPEN_LOTS],
        whole_close=marks[at.WHOLE_CLOSE],
        idm=float(summary[at.IDM]),
        fdm=risk.fdm,
        kelly=risk.kelly,
        drawdown=float(summary[at.DRAWDOWN]),
        multiplier=float(summary[at.APPLIED_MULTIPLIER]),
        gross_factor=float(summary[at.GROSS_FACTOR]),
        directional_factor=float(summary[at.DIRECTIONAL_FACTOR]),
        state=TradingState(int(summary[at.EFFECTIVE_STATE])),
        halt=bool(summary[at.HALT]),
    )
