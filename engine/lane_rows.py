"""The signals that follow the decisions, as the picture and its drill-downs show them: rows and cells like any other's,
of the market as it was when they last came so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.lane import Following
from engine.signal_records import off_row
from engine.snapshot import SignalCell, WeightRow

if TYPE_CHECKING:
    from engine.lane_view import LaneView
    from engine.machine import Machine
    from strategies.signal import Signal

FOLDING = "warming up: its past is folded beside the bars"
AT_THE_END = "read once, where the run ends: at full speed the market waits for nobody"
ENDED = "followed no further: the log says why"


def followed_rows(machine: Machine) -> list[WeightRow]:
    """One row for each signal that is followed."""
    return [_row(machine, signal) for signal in machine.lane.wanted()]


def followed_cells(machine: Machine) -> tuple[tuple[SignalCell, ...], ...]:
    """By symbol, what each of those said when it was last looked at; nothing before."""
    view, count = machine.lane.view, len(machine.market.symbols)
    if view is None:
        return ((),) * count
    wanted = {signal.name for signal in machine.lane.wanted()}
    if all(signal.name in wanted for signal in view.signals):
        return view.cells
    return tuple(tuple(cell for cell in cells if cell.name in wanted) for cells in view.cells)


def place_of(machine: Machine, signal: Signal) -> tuple[LaneView, int] | None:
    """Where a followed signal stands in what is known of them; None where nothing is known of it yet."""
    view = machine.lane.view
    if view is None or not machine.lane.follows(signal):
        return None
    row = view.rows.get(signal.name)
    return None if row is None or view.signals[row] is not signal else (view, row)


def followed_correlations(view: LaneView, row: int) -> dict[str, float]:
    """The correlation of one's daily forecasts with those of each other, on or in shadow, where enough is known."""
    numbers = view.correlation[row].tolist()
    return {name: number for name, number in zip(view.kin, numbers, strict=True) if number == number}


def _row(machine: Machine, signal: Signal) -> WeightRow:
    place = place_of(machine, signal)
    if place is None:
        return off_row(machine, signal, note=_waiting(machine), followed=True)
    view, index = place
    closed_ms = view.readings.closed_ms[index]
    age_ms = machine.clock.now_ms() - closed_ms if closed_ms >= 0 else None
    return off_row(machine, signal, age_ms=age_ms, followed=True, **view.facts[index])


def _waiting(machine: Machine) -> str:
    if machine.lane.following is Following.AT_THE_END:
        return AT_THE_END
    return ENDED if machine.lane.ended else FOLDING
