"""What the signals that follow the decisions had come to at a close, worked out off the loop to be shown on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.shadow_days import SignalHealth, with_today
from engine.signal_records import closest, recorded
from engine.signal_state import silence_words
from engine.snapshot import SignalCell
from store.query import finite
from strategies.evaluate import Readings
from strategies.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.daily_forecasts import JointForecasts, PastForecasts
    from engine.market import MarketState
    from engine.shadow import Shadow

    FloatArray = NDArray[np.float64]

Unknown = Sequence[Sequence[str]]
"""By symbol, the inputs a signal needs and knows nothing of."""


@dataclass(frozen=True, slots=True)
class LaneView:
    """Of signals [K] and symbols [S] at the close `now_ms`; nothing of it changes any more.

    `rows`: where each stands, by name; `unknown` [K]; `health` [K] with the day in progress; `correlation`
    [K + C, K + C] of their daily forecasts and those of the signals decided with, NaN where unknown, in the order of
    the names `kin` [K + C]; `cells` [S, K]: what each says of each symbol; `facts` [K]: what is known
    of each beside, as the fields of its row in the picture.
    """

    signals: tuple[Signal, ...]
    now_ms: int
    readings: Readings
    rows: Mapping[str, int]
    unknown: tuple[Unknown, ...]
    health: tuple[SignalHealth, ...]
    kin: tuple[str, ...]
    correlation: FloatArray
    cells: tuple[tuple[SignalCell, ...], ...]
    facts: tuple[Mapping[str, Any], ...]

    @property
    def lacking(self) -> dict[str, str]:
        """By name, the signals that can read no symbol for want of inputs, and of which, in words."""
        said = zip(self.signals, self.facts, self.unknown, strict=True)
        return {
            signal.name: facts["note"] for signal, facts, unknown in said if facts["note"] and all(unknown)
        }


def lane_view(
    market: MarketState, shadow: Shadow, decided_with: PastForecasts, joint: JointForecasts
) -> LaneView:
    """What these signals have come to, in their market and their books, and beside those `decided_with`."""
    signals, readings = market.signals, market.readings
    correlation = joint.correlation(market.forecasts.past(), decided_with)
    kin = (*signals, *decided_with.signals)
    health = tuple(
        with_today(shadow.days.health(signal.name), shadow.today(row)) for row, signal in enumerate(signals)
    )
    silent = ((),) * len(market.symbols)
    unknown: tuple[Unknown, ...] = tuple(
        silent if np.isfinite(readings.value[row]).all() else market.unknown_inputs(signal)
        for row, signal in enumerate(signals)
    )
    facts = tuple(
        _spoken(
            readings.value[row],
            silence_words(signal, market.bars_known(signal), unknown[row], readings.reasons[row]),
        )
        | dict(zip(("closest", "correlation"), closest(correlation[row], kin), strict=True))
        | recorded(health[row])
        | {"no_book": shadow.no_book(row)}
        for row, signal in enumerate(signals)
    )
    rows = {signal.name: row for row, signal in enumerate(signals)}
    cells = tuple(_cells(signals, readings, column) for column in range(len(market.symbols)))
    names = tuple(signal.name for signal in kin)
    return LaneView(signals, market.now_ms, readings, rows, unknown, health, names, correlation, cells, facts)


def _spoken(said: FloatArray, silence: str) -> dict[str, Any]:
    present = np.isfinite(said)
    opinions = int(present.sum())
    return {
        "opinions": opinions,
        "coverage": opinions / present.size if present.size else 0.0,
        "mean_abs": float(np.abs(said[present]).mean()) if opinions else 0.0,
        "note": "" if opinions else silence,
    }


def _cells(signals: Sequence[Signal], readings: Readings, column: int) -> tuple[SignalCell, ...]:
    return tuple(
        SignalCell(
            signal.name,
            finite(float(readings.value[row, column])),
            float(readings.confidence[row, column]),
            readings.reasons[row][column].value,
        )
        for row, signal in enumerate(signals)
    )
