"""What the framework knows of a window and no kernel does: warm-up, gaps, stale bars, inputs nobody knows.

No opinion is (NaN, 0) with the first reason that holds: WARMUP (fewer than W bars since the history began), STALE (the
newest real bar closed more than two bars ago), NO_INPUT (an input it reads was known nowhere in the window), STALE (the
newest is not known), NAN_INPUT (a bar or an input of the window is missing), GAP (fewer than 98 % of its bars are
real), then the kernel's own. Otherwise confidence is the kernel's times the share of real bars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategies.inputs import INPUT_NAMES
from strategies.signal import IS_OPINION, REASONS, FloatArray, IntArray, KernelResult, Reason, Signal

BoolArray = NDArray[np.bool_]

LEAST_REAL_SHARE = 0.98
STALE_BARS = 2
OK = REASONS.index(Reason.OK)
_CODES = {reason: code for code, reason in enumerate(REASONS)}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the framework knows of windows, [...] each: which have a missing bar or input, the share of bars that are
    flat stand-ins, the bars since the symbol's history began, and the age of the newest real bar's close in ms.

    `unknown`: one of the inputs it reads is nowhere in the window; `outdated`: not in its newest bar. None where
    it reads none.
    """

    missing: BoolArray
    filled_share: FloatArray
    count: IntArray
    age_ms: IntArray
    unknown: BoolArray | None = None
    outdated: BoolArray | None = None


def required(signal: Signal) -> tuple[str, ...]:
    """The fields a signal cannot do without."""
    return tuple(field for field in signal.fields if field not in signal.optional)


def required_inputs(signal: Signal) -> tuple[str, ...]:
    """Those of them that are not of its bars."""
    return tuple(field for field in required(signal) if field in INPUT_NAMES)


def silenced(signal: Signal, facts: Facts) -> IntArray:
    """The framework's own reason code [...], OK where it has none."""
    code = np.full(facts.count.shape, OK, dtype=np.int64)
    for reason, holds in (
        (Reason.GAP, 1.0 - facts.filled_share < LEAST_REAL_SHARE),
        (Reason.NAN_INPUT, facts.missing),
        (Reason.STALE, facts.outdated),
        (Reason.NO_INPUT, facts.unknown),
        (Reason.STALE, facts.age_ms > STALE_BARS * signal.bar_ms),
        (Reason.WARMUP, facts.count < signal.window),
    ):
        if holds is not None:
            code[holds] = _CODES[reason]
    return code


def judged(result: KernelResult, facts: Facts, code: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Value, confidence and reason code, shaped as the facts; `code` is the framework's own."""
    shape = facts.count.shape
    reason = np.where(code == OK, result.reason.reshape(shape), code)
    speaks = IS_OPINION[reason]
    real_share = 1.0 - facts.filled_share
    return (
        np.where(speaks, result.value.reshape(shape), np.nan),
        np.where(speaks, result.confidence.reshape(shape) * real_share, 0.0),
        reason,
    )
