"""Parameters of a signal that an operator set while the engine ran, in the place of the configured ones.

They beat the configuration key by key, as the operator's weight does; what was not set follows it. The signal's own
model judges all of them together: they are taken whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from engine.bookstate import Tuning
from engine.config_text import toml_text
from strategies.attempt import FOREIGN_FAULTS, one_line
from strategies.config import SignalConfigFault, check_bar_sizes
from strategies.registry import check_signal
from strategies.settings import SignalSettings
from strategies.signal import Signal, SignalKind

if TYPE_CHECKING:
    from engine.machine import Machine

Tunings = Mapping[str, Tuning]
ANY_BAR_MS = 1
COMMANDED = {"enabled": "`signals enable`, `shadow` and `off` do", "weight": "`signals weight` does"}
"""What stands among the settings of a signal and is no parameter of it, and what changes it."""


def parameter_names(settings: type[BaseModel]) -> list[str]:
    """What can be set of a signal with these settings."""
    return [name for name in settings.model_fields if name not in COMMANDED]


def tuned(configured: Signal, kind: SignalKind, values: Mapping[str, Any]) -> Signal:
    """The signal with these values (JSON) in the place of the configured ones; itself where there are none.

    Raises SignalConfigFault in one line naming the signal, the parameter and what is wrong with it.
    """
    if not values:
        return configured
    name, model = configured.name, type(configured.settings)
    known = parameter_names(model)
    for key in values:
        if key in COMMANDED:
            raise SignalConfigFault(f"{name}: {key} is no parameter: {COMMANDED[key]} that")
        if key not in known:
            raise SignalConfigFault(f"{name} has no parameter {key}: it has {', '.join(known)}")
    whole = json.dumps(configured.settings.model_dump(mode="json") | dict(values))
    try:
        # Strict: in JSON a list stands for a tuple, but neither "30" nor true for a number.
        signal = kind.build(model.model_validate_json(whole, strict=True))
        check_signal(signal)
    except ValidationError as fault:
        first = fault.errors()[0]
        key = ".".join(map(str, first["loc"]))
        words = first["msg"].removeprefix("Value error, ")
        raise SignalConfigFault(
            f"{name}{f' {key}' if key else ''}: {words[:1].lower()}{words[1:]}"
        ) from fault
    except FOREIGN_FAULTS as fault:
        raise SignalConfigFault(f"{name}: {one_line(fault)}") from fault
    return signal


def as_set(
    configured: Sequence[Signal],
    kinds: Mapping[str, SignalKind],
    tunings: Tunings,
    market_bar_ms: int = ANY_BAR_MS,
) -> tuple[tuple[Signal, ...], dict[str, str]]:
    """The signals with what was set of them; by name what can be set no longer, in one line: they are as configured."""
    signals, faults = [], {}
    for signal in configured:
        try:
            values = tunings[signal.name].values if signal.name in tunings else {}
            wanted = tuned(signal, kinds[signal.name], values) if values else signal
            check_bar_sizes((wanted,) if values else (), market_bar_ms)
        except SignalConfigFault as fault:
            faults[signal.name], wanted = str(fault), signal
        signals.append(wanted)
    return tuple(signals), faults


def set_again(machine: Machine, now_ms: int) -> None:
    """At a start, know the signals as an operator set them. What no longer fits the configuration is given up and said:
    there are positions to look after."""
    tunings = machine.book.tunings
    machine.known_signals, faults = as_set(
        machine.configured_signals, machine.registry.kinds, tunings, machine.feed.bar_ms
    )
    for name, fault in faults.items():
        words = f"what {tunings[name].actor} set of {name} is given up for the configuration: {fault}"
        tunings[name] = Tuning({}, "engine", now_ms)
        machine.tape.say(now_ms, "ERROR", "engine.tuning", words)
        machine.journal.audit("parameters", "engine", {"signal": name, "change": words}, now_ms)


def too_long(wanted: Signal, signal: Signal, known_ms: int) -> str:
    """Why a signal would have no opinion for want of bars that it does not ask for now, "" where a history of so many
    ms has them."""
    span_ms = wanted.window * wanted.bar_ms
    if span_ms <= max(known_ms, signal.window * signal.bar_ms):
        return ""
    return (
        f"{wanted.name}: its window of {wanted.window} bars of {wanted.bar} is longer than the history there is, "
        f"{known_ms // wanted.bar_ms} of them: choose a shorter one, or start with more history"
    )


def values_set(signal: Signal, configured: Signal) -> dict[str, Any]:
    """What is set of a signal otherwise than configured, as JSON."""
    usual = configured.settings.model_dump(mode="json")
    return {key: value for key, value in _values(signal.settings).items() if value != usual[key]}


def change_words(before: SignalSettings, after: SignalSettings) -> str:
    """What differs between two settings of one signal: `window 420 to 300, shorting true to false`."""
    old, new = _values(before), _values(after)
    changes = (f"{key} {toml_text(old[key])} to {toml_text(new[key])}" for key in new if new[key] != old[key])
    return ", ".join(changes)


def set_words(tuning: Tuning | None) -> str:
    """What an operator set of a signal, for the screen; "" where nothing."""
    if tuning is None or not tuning.values:
        return ""
    return (
        f"{', '.join(f'{key} {toml_text(value)}' for key, value in tuning.values.items())} by {tuning.actor}"
    )


def since_ms(tunings: Tunings) -> dict[str, int]:
    """By signal the close of the last bar before it got the parameters it has: what is older is not about it."""
    return {name: tuning.ts_ms for name, tuning in tunings.items()}


def replaced(signals: Sequence[Signal], signal: Signal) -> tuple[Signal, ...]:
    """The signals with this one in the place of the one of its name."""
    return tuple(signal if one.name == signal.name else one for one in signals)


def not_computed(computed: Sequence[Signal], wanted: Sequence[Signal]) -> list[Signal]:
    """The signals that are wanted and not computed, or with other parameters."""
    settings = {signal.name: signal.settings for signal in computed}
    return [signal for signal in wanted if settings.get(signal.name) != signal.settings]


def _values(settings: SignalSettings) -> dict[str, Any]:
    return {key: value for key, value in settings.model_dump(mode="json").items() if key not in COMMANDED}
