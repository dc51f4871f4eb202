"""Where a signal stands, as the screen says it: on, shadow or off; and where the key that switches it leads."""

from __future__ import annotations

from engine.snapshot import WeightRow

ON, SHADOW, OFF = "on", "shadow", "off"


def shown_state(row: WeightRow) -> str:
    """The state of a signal; an engine of an earlier version says only whether it is enabled."""
    return SHADOW if row.state == ON and not row.enabled else row.state


def not_decided_with(row: WeightRow) -> bool:
    """Whether the decisions are made without the signal: whatever makes them count it folds its past first."""
    return row.state == OFF or row.followed


def next_state(row: WeightRow) -> str:
    """What switching a signal makes of it: one with a weight goes into shadow and comes back, one without is computed
    in shadow or not at all. One that an estimate has yet to weigh is switched on to be seen by it, and off again."""
    state = shown_state(row)
    if state == ON:
        return SHADOW
    if row.waits:
        return OFF if row.enabled else ON
    if row.raw_weight > 0.0 or row.kind == "overlay":
        return ON
    return OFF if state == SHADOW else SHADOW
