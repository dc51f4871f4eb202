"""Where each input and output of the compiled step lies in the few arrays it is called with.

Passing an array to compiled code costs a tenth of a microsecond, so many short rows travel as one matrix. The
numbers are compile-time constants of the kernels; this module imports nothing heavy.
"""

from __future__ import annotations

# Rows of `symbols`, float64 [SYMBOL_ROWS, S].
PRICE, SIGMA, LOT, MIN_QUANTITY, MIN_NOTIONAL, INSTRUMENT_WEIGHT = range(6)
COST_BAND, QUANTITY, WORKING, HOLD_AGE_MS, BETA, HELD, LEANING = range(6, 13)
SYMBOL_ROWS = 13

# Rows of `flags`, bool [FLAG_ROWS, S].
TRADABLE, STALE, SHORTABLE, LOCKED, COOLDOWN_LONG, COOLDOWN_SHORT = range(6)
FLAG_ROWS = 6

# Rows of `signals`, float64 [SIGNAL_ROWS, K], and of `codes`, int64 [CODE_ROWS, K].
WEIGHT, SCALAR, UP, DOWN = range(4)
SIGNAL_ROWS = 4
TYPE, SIDE = range(2)
CODE_ROWS = 2

# Entries of `inputs`, float64: what changes from bar to bar, then what does not.
EQUITY, HIGH_WATER_MARK, STATE, MULTIPLIER, FDM, KELLY, HEDGE, OPTION_ROW, OPTION_COLUMN = range(9)
VOLATILITY_TARGET, NEUTRAL_BUDGET, MAX_SYMBOL, MAX_CLUSTER, MAX_NET, MAX_GROSS = range(9, 15)
DD_START, DD_HALT, HOLD_MAX_AGE_MS, BUFFER_FRACTION = range(15, 19)
AGREEMENT_FLOOR, CONFIDENCE_NETTING, FLIP_MARGIN, SIGNAL_CAP, DIRECTIONAL_BUDGET = range(19, 24)
INPUTS = 24

# Rows of `stages`, float64 [STAGE_COUNT, S], and of `bound`, bool [STAGE_COUNT, S].
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
(
    STAGE_BLEND,
    STAGE_CONFLICT,
    STAGE_OVERLAY,
    STAGE_VOLATILITY,
    STAGE_NEUTRAL,
    STAGE_TYPE,
    STAGE_SYMBOL,
    STAGE_CLUSTER,
    STAGE_NET,
    STAGE_GROSS,
    STAGE_DRAWDOWN,
    STAGE_STATE,
    STAGE_BUFFER,
    STAGE_ROUND,
) = range(len(STAGES))
STAGE_COUNT = len(STAGES)

# Rows of `facts`, float64 [FACT_ROWS, S]: beside the stages, what is reported of every symbol.
COVERAGE, CURRENT, AVERAGE, NEUTRAL, AGREEMENT, NETTED = range(6)
FACT_ROWS = 6

# Rows of `marks`, bool [MARK_ROWS, S].
HOLD, WHOLE_CLOSE = range(2)
MARK_ROWS = 2

# Rows of `orders`, int64 [ORDER_ROWS, S].
CLOSE_LOTS, OPEN_LOTS = range(2)
ORDER_ROWS = 2

# Rows of `shares`, float64 [SHARE_ROWS, K]: what limits and then the trading state left of a neutral signal's legs.
LIMITED, GRANTED = range(2)
SHARE_ROWS = 2

# Entries of `summary`, float64.
IDM, DRAWDOWN, APPLIED_MULTIPLIER, EFFECTIVE_STATE, HALT, GROSS_FACTOR, DIRECTIONAL_FACTOR = range(7)
SUMMARY = 7

# Working memory: float64 [ROOM_ROWS, max(S, number of types)] and bool [CHECK_ROWS, S].
WANTED, SUMS = range(2)
ROOM_ROWS = 2
ORDERABLE, USABLE, TRADE = range(3)
CHECK_ROWS = 3
