"""C1, relative strength index: what rose or fell too one-sidedly is expected to come back.

RSI = 100 AG / (AG + AL) in points, AG and AL the averages of gains and losses in the manner of Wilder: seeded with
the mean of the window's first `period` moves, then ((n - 1) A + x) / n. Value: (L - RSI) / L below L = `oversold`,
-(RSI - U) / L above U = 100 - L, else 0. Confidence: a prior, a rule has no evidence in one window.

Wilder 1978, New Concepts in Technical Trading Systems.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.classical.settings import RelativeStrengthSettings
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror


def spans(settings: RelativeStrengthSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.classical.kernels.relative_strength import relative_strength

    result = span_results(close, span, 3)
    relative_strength(close, span, settings.period, settings.oversold, settings.prior, *result)
    return result


KIND = bar_signal(
    name="C1",
    title="Relative strength reversion",
    type=SignalType.REVERSION,
    settings=RelativeStrengthSettings,
    fields=("close",),
    mirror=Mirror.DIFFERENCE,
    statistics=lambda settings: ("rsi", "average_gain", "average_loss"),
    spans=spans,
    kernels="strategies.classical.kernels.relative_strength",
)
