"""The fourteen stages as one compiled step over packed arrays; `engine.decision` packs and unpacks them.

Importing this module compiles or loads the step, so `engine.kernel_cache.prepare` comes first. The order of
the stages is the order of the calls below; each rule lives in the kernel of its name under strategies/blend
and risk. Numba spends its time on functions and on arrays passed to them, so the groups of stages are written
into the step (`inline`) and kernels are no smaller than a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import boolean, float64, int64, njit, void

from engine import decision_layout as at
from risk import drawdown as drawdown_stage
from risk import limits, neutral, permission, rounding, sizing
from store.records import TradingState
from strategies.blend import blend, conflict, overlay

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

NEGLIGIBLE = 1e-12
STATE_HALTED = int(TradingState.HALTED)

# Stages that leave behind the value they were given, but for what they changed: (before, after).
NARROWING = (
    (at.STAGE_BLEND, at.STAGE_CONFLICT),
    (at.STAGE_CONFLICT, at.STAGE_OVERLAY),
    (at.STAGE_VOLATILITY, at.STAGE_TYPE),
    (at.STAGE_SYMBOL, at.STAGE_CLUSTER),
    (at.STAGE_CLUSTER, at.STAGE_NET),
    (at.STAGE_NET, at.STAGE_GROSS),
    (at.STAGE_GROSS, at.STAGE_DRAWDOWN),
    (at.STAGE_STATE, at.STAGE_BUFFER),
)


@njit(nogil=True)
def mark_changes(stages: FloatArray, bound: BoolArray) -> None:
    """`bound` [stage, S] of the stages in NARROWING; the others mark their own."""
    for before, after in NARROWING:
        for s in range(stages.shape[1]):
            bound[after, s] = abs(stages[after, s] - stages[before, s]) > NEGLIGIBLE


@njit(nogil=True, inline="always")
def measure_book(
    correlation: FloatArray,
    symbols: FloatArray,
    flags: BoolArray,
    inputs: FloatArray,
    facts: FloatArray,
    summary: FloatArray,
    checks: BoolArray,
) -> None:
    """What every stage refers to: usable symbols, IDM, average positions, current fractions, the drawdown."""
    weight, sigma, price = symbols[at.INSTRUMENT_WEIGHT], symbols[at.SIGMA], symbols[at.PRICE]
    orderable, usable, equity = checks[at.ORDERABLE], checks[at.USABLE], inputs[at.EQUITY]
    sizing.admit(
        flags[at.TRADABLE],
        price,
        sigma,
        symbols[at.LOT],
        symbols[at.MIN_QUANTITY],
        symbols[at.MIN_NOTIONAL],
        symbols[at.QUANTITY],
        symbols[at.WORKING],
        weight,
        orderable,
        usable,
    )
    idm = sizing.diversification(weight, correlation, usable)
    sizing.measure(
        weight,
        sigma,
        usable,
        idm,
        inputs[at.VOLATILITY_TARGET],
        symbols[at.QUANTITY],
        price,
        orderable,
        equity,
        facts[at.AVERAGE],
        facts[at.CURRENT],
    )
    drawdown = 1.0 - equity / inputs[at.HIGH_WATER_MARK]
    halt = drawdown >= inputs[at.DD_HALT] or equity <= 0.0
    shrink = drawdown_stage.drawdown_multiplier(drawdown, inputs[at.DD_START], inputs[at.DD_HALT])
    summary[at.IDM] = idm
    summary[at.DRAWDOWN] = drawdown
    summary[at.APPLIED_MULTIPLIER] = shrink * inputs[at.MULTIPLIER]
    summary[at.HALT] = 1.0 if halt else 0.0
    summary[at.EFFECTIVE_STATE] = float(STATE_HALTED) if halt else inputs[at.STATE]


@njit(nogil=True, inline="always")
def forecast(
    value: FloatArray,
    confidence: FloatArray,
    signals: FloatArray,
    codes: IntArray,
    directional: IntArray,
    overlays: IntArray,
    leaning: FloatArray,
    inputs: FloatArray,
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    hold: BoolArray,
    parts: FloatArray,
    usable: BoolArray,
) -> None:
    """Stages `blend`, `conflict`, `overlay`: one forecast in [-1, 1] per symbol."""
    blended, tempered, overlaid = stages[at.STAGE_BLEND], stages[at.STAGE_CONFLICT], stages[at.STAGE_OVERLAY]
    blend.blend(
        value,
        confidence,
        signals[at.WEIGHT],
        signals[at.SCALAR],
        directional,
        usable,
        inputs[at.FDM],
        inputs[at.CONFIDENCE_NETTING] > 0.0,
        inputs[at.SIGNAL_CAP],
        facts[at.COVERAGE],
        hold,
        parts,
        blended,
        bound[at.STAGE_BLEND],
    )
    conflict.temper(
        parts,
        directional,
        blended,
        inputs[at.AGREEMENT_FLOOR],
        inputs[at.FLIP_MARGIN],
        leaning,
        facts[at.AGREEMENT],
        facts[at.NETTED],
        tempered,
    )
    overlay.overlay(value, overlays, signals[at.UP], signals[at.DOWN], codes[at.SIDE], tempered, overlaid)


@njit(nogil=True, inline="always")
def limit(
    parts: FloatArray,
    codes: IntArray,
    directional: IntArray,
    type_limits: FloatArray,
    symbols: FloatArray,
    flags: BoolArray,
    cluster: IntArray,
    inputs: FloatArray,
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    hold: BoolArray,
    sums: FloatArray,
) -> None:
    """Stages `volatility` and `type` to `net`: the directional book under its own caps."""
    sized, typed, capped = stages[at.STAGE_VOLATILITY], stages[at.STAGE_TYPE], stages[at.STAGE_SYMBOL]
    clustered = stages[at.STAGE_CLUSTER]
    sizing.size(stages[at.STAGE_OVERLAY], facts[at.AVERAGE], sized)
    bound[at.STAGE_VOLATILITY, :] = False
    limits.cap_types(sized, parts, directional, codes[at.TYPE], type_limits, sums, typed)
    limits.cap_symbols(
        typed,
        hold,
        facts[at.CURRENT],
        symbols[at.HELD],
        flags[at.SHORTABLE],
        inputs[at.MAX_SYMBOL],
        capped,
        bound[at.STAGE_SYMBOL],
    )
    limits.cap_clusters(capped, cluster, inputs[at.MAX_CLUSTER], sums, clustered)
    limits.cap_net(clustered, inputs[at.MAX_NET], stages[at.STAGE_NET])


@njit(nogil=True, inline="always")
def permit(
    neutrals: IntArray,
    symbols: FloatArray,
    flags: BoolArray,
    inputs: FloatArray,
    state: float,
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    hold: BoolArray,
    legs: FloatArray,
    wanted: FloatArray,
    granted: FloatArray,
) -> None:
    """Stage `state`: the two books meet, and the trading state has its say.

    Legs are shrunk together, which can leave a symbol wanting another total: it is judged a second time.
    """
    target, z = stages[at.STAGE_STATE], facts[at.NEUTRAL]
    bound[at.STAGE_STATE, :] = False
    for last in (neutrals.size == 0, True):
        permission.restrict(
            stages[at.STAGE_DRAWDOWN],
            z,
            facts[at.CURRENT],
            state,
            hold,
            symbols[at.HOLD_AGE_MS],
            inputs[at.HOLD_MAX_AGE_MS],
            flags[at.LOCKED],
            flags[at.STALE],
            flags[at.COOLDOWN_LONG],
            flags[at.COOLDOWN_SHORT],
            wanted,
            target,
            bound[at.STAGE_STATE],
        )
        if last:
            break
        neutral.shrink_legs(
            legs,
            neutrals,
            int(inputs[at.OPTION_ROW]),
            int(inputs[at.OPTION_COLUMN]),
            facts[at.CURRENT],
            wanted,
            target,
            z,
            granted,
        )


@njit(nogil=True, inline="always")
def order(
    symbols: FloatArray,
    inputs: FloatArray,
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    marks: BoolArray,
    orders: IntArray,
    multiplier: float,
    checks: BoolArray,
) -> None:
    """Stages `buffer` and `round`: from a target to whole lots."""
    buffered, trade = stages[at.STAGE_BUFFER], checks[at.TRADE]
    permission.buffer(
        stages[at.STAGE_STATE],
        facts[at.CURRENT],
        facts[at.AVERAGE],
        symbols[at.COST_BAND],
        multiplier,
        inputs[at.BUFFER_FRACTION],
        trade,
        buffered,
    )
    rounding.round_orders(
        buffered,
        trade,
        facts[at.CURRENT],
        checks[at.ORDERABLE],
        inputs[at.EQUITY],
        symbols[at.PRICE],
        symbols[at.LOT],
        symbols[at.MIN_QUANTITY],
        symbols[at.MIN_NOTIONAL],
        symbols[at.QUANTITY],
        symbols[at.WORKING],
        orders,
        marks[at.WHOLE_CLOSE],
        bound[at.STAGE_ROUND],
        stages[at.STAGE_ROUND],
    )


_vector, _matrix = float64[::1], float64[:, ::1]
_integers, _codes = int64[::1], int64[:, ::1]
_booleans = boolean[:, ::1]


@njit(
    void(
        _matrix, _matrix, _matrix, _matrix, _booleans, _integers,  # value to cluster
        _matrix, _codes, _integers, _integers, _integers, _matrix, _vector, _vector,  # signals to inputs
        _matrix, _booleans, _matrix, _booleans, _codes, _matrix, _vector,  # stages to summary
        _matrix, _matrix, _matrix, _booleans,  # parts to checks
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def step(
    value: FloatArray,
    confidence: FloatArray,
    correlation: FloatArray,
    symbols: FloatArray,
    flags: BoolArray,
    cluster: IntArray,
    signals: FloatArray,
    codes: IntArray,
    directional: IntArray,
    neutrals: IntArray,
    overlays: IntArray,
    declared: FloatArray,
    type_limits: FloatArray,
    inputs: FloatArray,
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    marks: BoolArray,
    orders: IntArray,
    shares: FloatArray,
    summary: FloatArray,
    parts: FloatArray,
    legs: FloatArray,
    room: FloatArray,
    checks: BoolArray,
) -> None:
    """One decision: reads the first fourteen arrays, fills `stages` to `summary`, works in the rest.

    `directional`, `neutrals`, `overlays` are the rows of the signals that count; rows, entries and shapes are
    those of `engine.decision_layout`. Allocates nothing.
    """
    usable, hold, z = checks[at.USABLE], marks[at.HOLD], stages[at.STAGE_NEUTRAL]
    measure_book(correlation, symbols, flags, inputs, facts, summary, checks)
    multiplier, netted, grossed = summary[at.APPLIED_MULTIPLIER], stages[at.STAGE_NET], stages[at.STAGE_GROSS]
    forecast(
        value, confidence, signals, codes, directional, overlays, symbols[at.LEANING], inputs,
        stages, bound, facts, hold, parts, usable,
    )  # fmt: skip
    neutral.build_legs(
        value, confidence, signals[at.WEIGHT], neutrals, codes[at.TYPE], type_limits, inputs[at.MAX_SYMBOL],
        inputs[at.NEUTRAL_BUDGET], usable, declared, symbols[at.BETA], int(inputs[at.HEDGE]),
        legs, z, bound[at.STAGE_NEUTRAL], shares[at.LIMITED],
    )  # fmt: skip
    limit(
        parts, codes, directional, type_limits, symbols, flags, cluster, inputs,
        stages, bound, facts, hold, room[at.SUMS],
    )  # fmt: skip
    summary[at.DIRECTIONAL_FACTOR] = limits.cap_directional(netted, inputs[at.DIRECTIONAL_BUDGET], grossed)
    factor = limits.cap_gross(grossed, z, min(inputs[at.MAX_GROSS], inputs[at.KELLY]), grossed)
    summary[at.GROSS_FACTOR] = factor
    drawdown_stage.scale_unheld(grossed, hold, multiplier, stages[at.STAGE_DRAWDOWN])
    neutral.scale_legs(legs, neutrals, factor * multiplier, facts[at.NEUTRAL])
    permit(
        neutrals, symbols, flags, inputs, summary[at.EFFECTIVE_STATE],
        stages, bound, facts, hold, legs, room[at.WANTED, : cluster.size], shares[at.GRANTED],
    )  # fmt: skip
    order(symbols, inputs, stages, bound, facts, marks, orders, multiplier, checks)
    mark_changes(stages, bound)
