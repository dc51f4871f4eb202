"""Where each signal stands: on, in shadow, or off; and in words why, and what would end it.

On: computed, and what it says is traded. In shadow: computed, shown and recorded, with the P&L it would have had, and
traded by nobody. Off: not computed at all. The operator's choice stands above the configuration.
"""

from __future__ import annotations

from enum import StrEnum

from engine.bookstate import Choice
from engine.signal_table import Choices, chosen_weight, in_force
from store.records import SignalClass
from strategies.signal import Signal

PROMOTION = "its deflated Sharpe ratio reaches .95"


class SignalState(StrEnum):
    ON = "on"
    SHADOW = "shadow"
    OFF = "off"


def is_computed(signal: Signal, choices: Choices) -> bool:
    """Whether a signal is computed."""
    choice = choices.get(signal.name)
    return signal.settings.enabled if choice is None else choice.computed


def state_of(signal: Signal, choices: Choices) -> SignalState:
    if not is_computed(signal, choices):
        return SignalState.OFF
    return SignalState.ON if in_force(signal, choices) > 0.0 else SignalState.SHADOW


def why(signal: Signal, choices: Choices) -> str:
    """Why a signal is not on and what would end that, in one line; "" where it is on."""
    state, choice = state_of(signal, choices), choices.get(signal.name)
    if state is SignalState.ON:
        return ""
    if state is SignalState.OFF:
        who = "by the configuration" if choice is None else f"by {choice.actor}"
        return f"switched off {who}: not computed, until an operator puts it in shadow or gives it a weight"
    if choice is not None and not choice.enabled:
        return f"in shadow by {choice.actor}, until an operator enables it"
    if signal.signal_class is SignalClass.OVERLAY:
        return f"in shadow: it multiplies nothing, until {PROMOTION} or the configuration gives it a weight"
    return f"in shadow: it has no weight, until {PROMOTION} or an operator gives it one"


def as_configured(signal: Signal, choice: Choice) -> bool:
    """Whether a choice says what the configuration says anyway."""
    is_on = signal.settings.enabled
    return choice.weight is None and choice.computed is is_on and choice.enabled is is_on


def changed(signal: Signal, choice: Choice | None) -> str:
    """What an operator changed of a signal, for the screen; "" where nothing."""
    if choice is None:
        return ""
    is_on, parts = signal.settings.enabled, []
    if not choice.computed:
        parts = ["switched off"] if is_on else []
    elif not choice.enabled:
        parts = ["put in shadow"]
    elif not is_on:
        parts = ["switched on"]
    if choice.weight is not None:
        parts.append(f"weight {signal.weight:g} to {chosen_weight(signal, {signal.name: choice}):g}")
    return f"{', '.join(parts)} by {choice.actor}"
