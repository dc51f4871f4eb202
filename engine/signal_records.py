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

if TYPE_CHECKING:
    from engine.machine import Machine
    from strategies.signal import Signal


def with_records(machine: Machine, rows: Sequence[WeightRow]) -> tuple[WeightRow, ...]:
    """The rows of the computed signals with state and record, then the signals that are off."""
    choices, closed_ms = machine.book.choices, machine.market.readings.closed_ms
    closest = _closest(machine)
    told = [
        replace(
            row,
            state=state_of(signal, choices, machine.weighting.standing).value,
            why=why(signal, choices, machine.weighting.standing),
            age_ms=machine.clock.now_ms() - closed_ms[index] if closed_ms[index] >= 0 else None,
            closest=closest[index][0],
            correlation=closest[index][1],
            **_record(health_of(machine, index)),
        )
        for index, (row, signal) in enumerate(zip(rows, machine.signals, strict=True))
    ]
    computed = {signal.name for signal in machine.signals}
    off = [signal for signal in machine.known_signals if signal.name not in computed]
    return (*told, *(_off(machine, signal) for signal in off))


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


def _closest(machine: Machine) -> list[tuple[str, float | None]]:
    found: list[tuple[str, float | None]] = []
    for row in machine.market.forecast_correlation():
        if np.isnan(row).all():
            found.append(("", None))
        else:
            nearest = int(np.nanargmax(np.abs(row)))
            found.append((machine.signals[nearest].name, float(row[nearest])))
    return found


def _record(health: SignalHealth) -> dict[str, Any]:
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


def _off(machine: Machine, signal: Signal) -> WeightRow:
    choices, estimated = machine.book.choices, machine.weighting.shares
    return WeightRow(
        name=signal.name,
        title=signal.title,
        kind=signal.signal_class.value,
        type=signal.type.value,
        weight=0.0,
        enabled=False,
        coverage=0.0,
        mean_abs=0.0,
        opinions=0,
        symbols=len(machine.market.symbols),
        raw_weight=chosen_weight(signal, choices, estimated),
        waits=waits(signal, choices, estimated),
        change=changed(signal, choices.get(signal.name)),
        state=state_of(signal, choices).value,
        why=why(signal, choices),
        family=family_of(signal.name),
    )
