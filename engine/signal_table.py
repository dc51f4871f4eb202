"""The enabled signals as the decision takes them: weights normalised within each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.decision import SignalSpec, SignalTable
from store.records import SignalClass
from strategies.signal import Signal


def signal_table(signals: Sequence[Signal]) -> tuple[SignalTable, NDArray[np.float64]]:
    """The table, and the directional weights [K] (0 for the other classes), which sum to 1 or to 0."""
    totals = {
        kind: sum(signal.weight for signal in signals if signal.signal_class is kind) for kind in SignalClass
    }
    specs = tuple(
        SignalSpec(
            name=signal.name,
            signal_class=signal.signal_class,
            signal_type=signal.type,
            weight=signal.weight / totals[signal.signal_class] if totals[signal.signal_class] else 0.0,
            scalar=signal.scalar,
        )
        for signal in signals
    )
    directional = [spec.weight if spec.signal_class is SignalClass.DIRECTIONAL else 0.0 for spec in specs]
    return SignalTable(specs), np.array(directional)
