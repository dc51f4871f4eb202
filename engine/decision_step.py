"""The fourteen stages as one compiled step over packed arrays; `engine.decision` packs and unpacks them.

Importing this module compiles or loads the step, so `engine.kernel_cache.prepare` comes first. The order of
the stages is the order of the calls below; each rule lives in the kernel of its name under strategies/blend
and risk.
"""

from __future__ import annotations

import math
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
STATE_REDUCING = int(TradingState.REDUCING)
STATE_HALTED = int(TradingState.HALTED)


@njit(nogil=True)
def mark(before: FloatArray, after: FloatArray, bound: BoolArray) -> None:
    """`bound` [S]: where a stage changed what it was given by more than a rounding error."""
    for s in range(before.size):
        bound[s] = abs(after[s] - before[s]) > NEGLIGIBLE


@njit(nogil=True, inline="always")
def prepare_book(
    correlation: FloatArray,
    symbols: FloatArray,
    flags: BoolArray,
    inputs: FloatArray,
    facts: FloatArray,
    summary: FloatArray,
    checks: BoolArray,
) -> None:
    """What every stage refers to: usable symbols, IDM, average positions, current fractions, the drawdown."""
    sizing.admit(
        flags[at.TRADABLE],
        symbols[at.PRICE],
        symbols[at.SIGMA],
        symbols[at.LOT],
        symbols[at.MIN_QUANTITY],
        symbols[at.MIN_NOTIONAL],
        symbols[at.QUANTITY],
        symbols[at.WORKING],
        symbols[at.INSTRUMENT_WEIGHT],
        checks[at.ORDERABLE],
        checks[at.USABLE],
    )
    weight, equity = symbols[at.INSTRUMENT_WEIGHT], inputs[at.EQUITY]
    idm = sizing.diversification(weight, correlation, checks[at.USABLE])
    sizing.average_positions(
        weight, symbols[at.SIGMA], checks[at.USABLE], idm, inputs[at.VOLATILITY_TARGET], facts[at.AVERAGE]
    )
    sizing.current_fractions(
        symbols[at.QUANTITY], symbols[at.PRICE], checks[at.ORDERABLE], equity, facts[at.CURRENT]
    )
    drawdown = 1.0 - equity / inputs[at.HIGH_WATER_MARK]
    halt = drawdown >= inputs[at.DD_HALT] or equity <= 0.0
    summary[at.IDM] = idm
    summary[at.DRAWDOWN] = drawdown
    summary[at.APPLIED_MULTIPLIER] = (
        drawdown_stage.drawdown_multiplier(drawdown, inputs[at.DD_START], inputs[at.DD_HALT])
        * inputs[at.MULTIPLIER]
    )
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
    fdm: float,
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    marks: BoolArray,
    parts: FloatArray,
    raw: FloatArray,
    usable: BoolArray,
) -> None:
    """Stages `blend`, `conflict`, `overlay`: one forecast in [-1, 1] per symbol."""
    coverage, hold, weight = facts[at.COVERAGE], marks[at.HOLD], signals[at.WEIGHT]
    blended, tempered, overlaid = stages[at.STAGE_BLEND], stages[at.STAGE_CONFLICT], stages[at.STAGE_OVERLAY]
    blend.cover(value, confidence, weight, directional, coverage)
    blend.hold_uncovered(coverage, usable, directional, hold)
    blend.contribute(value, confidence, weight, signals[at.SCALAR], directional, coverage, hold, parts)
    blend.blend(parts, directional, fdm, raw, blended)
    mark(raw, blended, bound[at.STAGE_BLEND])
    conflict.temper(parts, directional, blended, tempered)
    mark(blended, tempered, bound[at.STAGE_CONFLICT])
    overlay.overlay(value, overlays, signals[at.UP], signals[at.DOWN], codes[at.SIDE], tempered, overlaid)
    mark(tempered, overlaid, bound[at.STAGE_OVERLAY])


@njit(nogil=True, inline="always")
def leg_stage(
    value: FloatArray,
    confidence: FloatArray,
    signals: FloatArray,
    codes: IntArray,
    neutrals: IntArray,
    declared: FloatArray,
    type_limits: FloatArray,
    symbols: FloatArray,
    inputs: FloatArray,
    stages: FloatArray,
    bound: BoolArray,
    legs: FloatArray,
    raw: FloatArray,
    usable: BoolArray,
) -> None:
    """Stage `neutral`: z, recorded apart from the directional book."""
    neutral.build_legs(
        value,
        confidence,
        signals[at.WEIGHT],
        neutrals,
        codes[at.TYPE],
        type_limits,
        inputs[at.MAX_SYMBOL],
        inputs[at.NEUTRAL_BUDGET],
        usable,
        declared,
        symbols[at.BETA],
        int(inputs[at.HEDGE]),
        legs,
        raw,
    )
    neutral.sum_legs(legs, neutrals, stages[at.STAGE_NEUTRAL])
    mark(raw, stages[at.STAGE_NEUTRAL], bound[at.STAGE_NEUTRAL])


@njit(nogil=True, inline="always")
def enter_holds(
    position: FloatArray, current: FloatArray, held_legs: FloatArray, hold: BoolArray, entered: FloatArray
) -> None:
    """Held symbols join at their own position (less what is held for neutral legs), so that the caps count
    them."""
    for s in range(position.size):
        legs = held_legs[s] if math.isfinite(held_legs[s]) else 0.0
        entered[s] = current[s] - legs if hold[s] else position[s]


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
    raw: FloatArray,
    sums: FloatArray,
) -> None:
    """Stages `volatility` and `type` to `net`: the directional book under its own caps."""
    sized, typed, capped = stages[at.STAGE_VOLATILITY], stages[at.STAGE_TYPE], stages[at.STAGE_SYMBOL]
    clustered, netted = stages[at.STAGE_CLUSTER], stages[at.STAGE_NET]
    sizing.size(stages[at.STAGE_OVERLAY], facts[at.AVERAGE], sized)
    bound[at.STAGE_VOLATILITY, :] = False
    limits.cap_types(sized, parts, directional, codes[at.TYPE], type_limits, sums, typed)
    mark(sized, typed, bound[at.STAGE_TYPE])
    enter_holds(typed, facts[at.CURRENT], symbols[at.HELD], hold, raw)
    limits.cap_symbols(raw, flags[at.SHORTABLE], inputs[at.MAX_SYMBOL], capped)
    mark(raw, capped, bound[at.STAGE_SYMBOL])
    limits.cap_clusters(capped, cluster, inputs[at.MAX_CLUSTER], sums, clustered)
    mark(capped, clustered, bound[at.STAGE_CLUSTER])
    limits.cap_net(clustered, inputs[at.MAX_NET], netted)
    mark(clustered, netted, bound[at.STAGE_NET])


@njit(nogil=True, inline="always")
def scale_book(
    neutrals: IntArray,
    inputs: FloatArray,
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    hold: BoolArray,
    summary: FloatArray,
    legs: FloatArray,
) -> None:
    """Stages `gross` and `drawdown`: both books scaled together."""
    netted, grossed = stages[at.STAGE_NET], stages[at.STAGE_GROSS]
    largest = min(inputs[at.MAX_GROSS], inputs[at.KELLY])
    factor = limits.gross_factor(netted, stages[at.STAGE_NEUTRAL], largest)
    limits.scale(netted, factor, grossed)
    mark(netted, grossed, bound[at.STAGE_GROSS])
    multiplier = summary[at.APPLIED_MULTIPLIER]
    drawdown_stage.scale_unheld(grossed, hold, multiplier, stages[at.STAGE_DRAWDOWN])
    mark(grossed, stages[at.STAGE_DRAWDOWN], bound[at.STAGE_DRAWDOWN])
    neutral.scale_legs(legs, neutrals, factor * multiplier)
    neutral.sum_legs(legs, neutrals, facts[at.NEUTRAL])


@njit(nogil=True, inline="always")
def restrictions(
    symbols: FloatArray,
    flags: BoolArray,
    inputs: FloatArray,
    hold: BoolArray,
    state: float,
    checks: BoolArray,
) -> None:
    """Which symbols must go flat, and which may only be reduced."""
    for s in range(hold.size):
        expired = hold[s] and symbols[at.HOLD_AGE_MS, s] > inputs[at.HOLD_MAX_AGE_MS]
        checks[at.FLAT, s] = state >= STATE_HALTED or expired
        checks[at.REDUCING, s] = state >= STATE_REDUCING or flags[at.LOCKED, s] or flags[at.STALE, s]


@njit(nogil=True, inline="always")
def permit(
    neutrals: IntArray,
    flags: BoolArray,
    stages: FloatArray,
    bound: BoolArray,
    facts: FloatArray,
    legs: FloatArray,
    raw: FloatArray,
    checks: BoolArray,
) -> None:
    """Stage `state`: the two books meet, and the trading state has its say.

    Legs are shrunk together, which can leave a symbol wanting another total: it is judged a second time.
    """
    target = stages[at.STAGE_STATE]
    flat, reducing = checks[at.FLAT], checks[at.REDUCING]
    cooldown_long, cooldown_short = flags[at.COOLDOWN_LONG], flags[at.COOLDOWN_SHORT]
    for s in range(target.size):
        raw[s] = stages[at.STAGE_DRAWDOWN, s] + facts[at.NEUTRAL, s]
    permission.restrict(raw, facts[at.CURRENT], flat, reducing, cooldown_long, cooldown_short, target)
    mark(raw, target, bound[at.STAGE_STATE])
    if neutrals.size > 0:
        neutral.shrink_legs(legs, neutrals, raw, target)
        neutral.sum_legs(legs, neutrals, facts[at.NEUTRAL])
        for s in range(target.size):
            raw[s] = stages[at.STAGE_DRAWDOWN, s] + facts[at.NEUTRAL, s]
        permission.restrict(raw, facts[at.CURRENT], flat, reducing, cooldown_long, cooldown_short, target)


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
    target, buffered, rounded = stages[at.STAGE_STATE], stages[at.STAGE_BUFFER], stages[at.STAGE_ROUND]
    permission.buffer(
        target,
        facts[at.CURRENT],
        facts[at.AVERAGE],
        symbols[at.COST_BAND],
        multiplier,
        inputs[at.BUFFER_FRACTION],
        checks[at.TRADE],
        buffered,
    )
    mark(target, buffered, bound[at.STAGE_BUFFER])
    rounding.round_orders(
        buffered,
        checks[at.TRADE],
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
        rounded,
    )


_vector, _matrix = float64[::1], float64[:, ::1]
_integers, _codes = int64[::1], int64[:, ::1]
_booleans = boolean[:, ::1]


@njit(
    void(
        _matrix, _matrix, _matrix, _matrix, _booleans, _integers,  # value to cluster
        _matrix, _codes, _integers, _integers, _integers, _matrix, _vector, _vector,  # signals to inputs
        _matrix, _booleans, _matrix, _booleans, _codes, _vector,  # stages to summary
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
    raw, sums, usable, hold = room[at.RAW, : cluster.size], room[at.SUMS], checks[at.USABLE], marks[at.HOLD]
    prepare_book(correlation, symbols, flags, inputs, facts, summary, checks)
    forecast(
        value, confidence, signals, codes, directional, overlays, inputs[at.FDM],
        stages, bound, facts, marks, parts, raw, usable,
    )  # fmt: skip
    leg_stage(
        value, confidence, signals, codes, neutrals, declared, type_limits, symbols, inputs,
        stages, bound, legs, raw, usable,
    )  # fmt: skip
    limit(
        parts, codes, directional, type_limits, symbols, flags, cluster, inputs,
        stages, bound, facts, hold, raw, sums,
    )  # fmt: skip
    scale_book(neutrals, inputs, stages, bound, facts, hold, summary, legs)
    restrictions(symbols, flags, inputs, hold, summary[at.EFFECTIVE_STATE], checks)
    permit(neutrals, flags, stages, bound, facts, legs, raw, checks)
    order(symbols, inputs, stages, bound, facts, marks, orders, summary[at.APPLIED_MULTIPLIER], checks)
