"""What is known of how each signal has done, and those that are off, beside their weights in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.shadow_days import SignalHealth, with_today
from engine.signal_catalogue import family_of
from engine.signal_state import changed, state_of, why
from engine.signal_table import chosen_weight, waits
from engine.snapshot import WeightRow
from strategies.config import unfit_bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.machine import Machine
    from strategies.signal import Signal

    FloatArray = NDArray[np.float64]


def with_records(machine: Machine, rows: Sequence[WeightRow]) -> tuple[WeightRow, ...]:
    """The rows of the computed signals with state and record, then those that follow the decisions, and those that are
    off."""
    from engine.lane_rows import followed_rows

    choices, closed_ms = machine.book.choices, machine.market.readings.closed_ms
    kin = [closest(row, machine.signals) for row in machine.market.forecast_correlation()]
    told = [
        replace(
            row,
            state=state_of(signal, choices, machine.weighting.standing).value,
            why=why(signal, choices, machine.weighting.standing),
            age_ms=machine.clock.now_ms() - closed_ms[index] if closed_ms[index] >= 0 else None,
            closest=kin[index][0],
            correlation=kin[index][1],
            **recorded(health_of(machine, index)),
        )
        for index, (row, signal) in enumerate(zip(rows, machine.signals, strict=True))
    ]
    followed = followed_rows(machine)
    shown = {row.name for row in (*told, *followed)}
    off = (off_row(machine, signal) for signal in machine.known_signals if signal.name not in shown)
    return (*told, *followed, *off)


def health_of(machine: Machine, index: int) -> SignalHealth:
    """The record of one computed signal, the day in progress included."""
    shadow = machine.cycle.shadow
    if shadow is None:
        return SignalHealth()
    return with_today(shadow.days.health(machine.signals[index].name), shadow.today(index))


def correlations(machine: Machine, index: int) -> dict[str, float]:
    """The correlation of one signal's daily forecasts with those of each other, where enough is known."""
    row = machine.market.forecast_correlation()[index].tolist()
    names = (signal.name for signal in machine.signals)
    return {name: number for name, number in zip(names, row, strict=True) if number == number}


def closest(correlations: FloatArray, signals: Sequence[Signal]) -> tuple[str, float | None]:
    """Which of the signals [K] one is most like or unlike, by its correlations [K] with them; "" where none is."""
    if np.isnan(correlations).all():
        return "", None
    nearest = int(np.nanargmax(np.abs(correlations)))
    return signals[nearest].name, float(correlations[nearest])


def recorded(health: SignalHealth) -> dict[str, Any]:
    """A record as the fields of its row."""
    return {
        "days": health.days,
        "pnl": health.pnl,
        "recent_pnl": health.recent_pnl,
        "attribution": health.attribution,
        "recent_attribution": health.recent_attribution,
        "judged": health.judged,
        "hit_rate": health.hit_rate,
        "information_coefficient": health.information_coefficient,
        "standard_error": health.standard_error,
        "heard": health.coverage,
    }


def off_row(machine: Machine, signal: Signal, **known: Any) -> WeightRow:
    """A signal that is not computed for the decisions, with what is `known` of it all the same."""
    said: dict[str, Any] = {"coverage": 0.0, "mean_abs": 0.0, "opinions": 0} | known
    followed = machine.lane.follows(signal)
    choices, estimated = machine.book.choices, machine.weighting.shares
    return WeightRow(
        name=signal.name,
        title=signal.title,
        kind=signal.signal_class.value,
        type=signal.type.value,
        weight=0.0,
        enabled=False,
        symbols=len(machine.market.symbols),
        raw_weight=chosen_weight(signal, choices, estimated),
        waits=waits(signal, choices, estimated),
        change=changed(signal, choices.get(signal.name), machine.book.tunings.get(signal.name)),
        state=state_of(signal, choices, followed=followed).value,
        why=why(signal, choices, followed=followed, unfit=unfit_bars(signal, machine.feed.bar_ms)),
        family=family_of(signal.name),
        **said,
    )
