"""What operators wish of signals: on, in shadow or off, another weight, other parameters. Nothing is changed here.

A command becomes a `Wish`, which `engine.interventions` puts in force, or an `Answer` where there is none to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.assignments import AssignmentFault, assignments
from engine.bookstate import Choice
from engine.commands import LEAST_WEIGHT, MOST_WEIGHT, Command, CommandKind
from engine.signal_state import FULL_WEIGHT, SignalState, is_computed, state_of, why
from engine.signal_table import chosen_weight, class_shares
from engine.tuning import change_words, not_computed, replaced, too_long, tuned, values_set
from store.records import SignalClass
from strategies.config import SignalConfigFault, check_bar_sizes

if TYPE_CHECKING:
    from engine.machine import Machine
    from strategies.signal import Signal

SWITCHED = {
    SignalState.ON: "enabled",
    SignalState.SHADOW: "in shadow: computed and recorded, not traded",
    SignalState.OFF: "off: not computed",
}
"""What a signal is when it has been switched."""
FOLLOWS = "in shadow: followed behind the decisions, not traded"


@dataclass(frozen=True, slots=True)
class Answer:
    """That there is nothing to put in force, and why, in one line for who asked: refused, or so already."""

    accepted: bool
    message: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator wants of one signal, and what is said once it is so; `signal` has the parameters it is to have,
    `choice` None: it stands where it stands. `lets_go`: no choice of it remains, and it follows the decisions."""

    signal: Signal
    said: str
    choice: Choice | None = None
    lets_go: bool = False


def wish_of(machine: Machine, command: Command) -> Wish | Answer:
    """What a command on a signal is to come to, before anything is changed."""
    return WISHES[command.kind](machine, command)


def to_fold(machine: Machine, command: Command) -> tuple[Signal, ...]:
    """The signals to be computed once this command is in force, where some of them are not yet; else none."""
    if command.kind not in WISHES:
        return ()
    wish = wish_of(machine, command)
    if isinstance(wish, Answer):
        return ()
    wanted = _wanted(machine, wish)
    return wanted if not_computed(machine.signals, wanted) else ()


def is_folded(machine: Machine, wish: Wish) -> bool:
    """Whether all that is to be computed has its past."""
    known = machine.signals if machine.folded is None else machine.folded.signals
    return not not_computed(known, _wanted(machine, wish))


def _wanted(machine: Machine, wish: Wish) -> tuple[Signal, ...]:
    """The signals to be computed, with the parameters they are to have, once a wish is in force."""
    choices = machine.book.choices
    if wish.choice is not None:
        choices = {**choices, wish.signal.name: wish.choice}
    if wish.lets_go:
        choices = {name: choice for name, choice in choices.items() if name != wish.signal.name}
    return tuple(
        signal for signal in replaced(machine.known_signals, wish.signal) if is_computed(signal, choices)
    )


def _parametrised(machine: Machine, command: Command) -> Wish | Answer:
    signal = _named(machine, command)
    if signal is None:
        return _unknown_signal(machine, command)
    configured, text = machine.configured(signal.name), command.arguments.get("parameters", "")
    try:
        values = assignments(text)
        if command.arguments.get("default") == "true":
            wanted = configured
        elif values:
            kind = machine.registry.kinds[signal.name]
            wanted = tuned(configured, kind, values_set(signal, configured) | values)
        else:
            return _refused(f"parameters of {signal.name}: give at least one as name=value, or the default")
    except (AssignmentFault, SignalConfigFault) as unfit:
        return _refused(str(unfit))
    if wanted.settings == signal.settings:
        return Answer(True, f"{signal.name} has these parameters already")
    known_ms = machine.clock.now_ms() - machine.feed.first_open_ms
    if fault := _too_fine(machine, wanted) or too_long(wanted, signal, known_ms):
        return _refused(fault)
    return Wish(wanted, f"{signal.name} {change_words(signal.settings, wanted.settings)}")


def _switched(machine: Machine, command: Command) -> Wish | Answer:
    signal = _named(machine, command)
    if signal is None:
        return _unknown_signal(machine, command)
    text = command.arguments.get("state") or ("shadow" if command.arguments.get("on") == "false" else "on")
    if text not in tuple(SignalState):
        return _refused(f"state {text}: say {', '.join(SignalState)}")
    wanted, choices = SignalState(text), machine.book.choices
    known, computed = choices.get(signal.name), is_computed(signal, choices)
    is_on, held = wanted is SignalState.ON, known.weight if known else None
    weight = held
    if signal.signal_class is SignalClass.OVERLAY:
        weight = FULL_WEIGHT if is_on and not signal.weight else None
    choice = Choice(
        is_on, weight, command.actor, machine.clock.now_ms(), computed=wanted is not SignalState.OFF
    )
    if wanted is not SignalState.OFF and (fault := _too_fine(machine, signal)):
        return _refused(fault)
    lets_go = wanted is SignalState.SHADOW and weight is None and machine.lane.would_follow(signal)
    if lets_go and known is None:
        return Answer(True, f"{signal.name} is {FOLLOWS}, already; {weights_said(machine)}")
    wished, standing = {**choices, signal.name: choice}, machine.weighting.standing
    aside = ""
    if is_on and state_of(signal, wished, standing) is SignalState.SHADOW:
        aside = f", yet {why(signal, wished, standing)}"
    stands = (computed and (known is None or known.enabled), held, computed)
    if stands == (choice.enabled, weight, choice.computed) and not (lets_go or machine.lane.follows(signal)):
        words = f"{signal.name} is {SWITCHED[wanted]} already{aside}"
        return Answer(True, f"{words}; {weights_said(machine)}")
    said = FOLLOWS if lets_go else SWITCHED[wanted]
    return Wish(signal, f"{signal.name} {said}{aside}", choice, lets_go)


def _weighed(machine: Machine, command: Command) -> Wish | Answer:
    signal = _named(machine, command)
    if signal is None:
        return _unknown_signal(machine, command)
    if signal.signal_class is SignalClass.OVERLAY:
        return _refused(f"{signal.name} is an overlay, which has no weight: enable or disable it")
    weight = _number(command.arguments.get("weight", ""))
    if weight is None:
        return _refused(
            f"weight {command.arguments.get('weight', '') or 'without a number'}: give a share from "
            f"{LEAST_WEIGHT:g} to {MOST_WEIGHT:g}, before the weights of a class are normalised to 1"
        )
    if fault := _too_fine(machine, signal):
        return _refused(fault)
    known, choices = machine.book.choices.get(signal.name), machine.book.choices
    before, was_off = (
        chosen_weight(signal, choices, machine.weighting.shares),
        not is_computed(signal, choices),
    )
    enabled = was_off or known is None or known.enabled
    choice = Choice(enabled, weight, command.actor, machine.clock.now_ms())
    aside = " and switched on" if was_off else "" if enabled else " (it is in shadow)"
    return Wish(signal, f"{signal.name} weight {before:g} to {weight:g}{aside}", choice)


def weights(machine: Machine) -> dict[str, float]:
    signals = machine.chosen_signals()
    cap = machine.configuration.blend.signal_cap
    shares = class_shares(signals, machine.book.choices, machine.weighting.shares, cap)
    return {signal.name: share for signal, share in zip(signals, shares, strict=True)}


def weights_said(machine: Machine) -> str:
    """The weights from the next decision on; where no directional signal is left, that everything is closed."""
    shares = weights(machine)
    parts = [f"{name} {share:.3f}" for name, share in shares.items() if share]
    left = any(
        signal.signal_class is SignalClass.DIRECTIONAL and shares[signal.name]
        for signal in machine.chosen_signals()
    )
    flat = "" if left else "no directional signal is left: the next decision closes every position; "
    return f"{flat}weights from the next decision on: {', '.join(parts) or 'none'}"


def _too_fine(machine: Machine, signal: Signal) -> str:
    """Why a signal cannot be computed in this market, "" where it can."""
    try:
        check_bar_sizes((signal,), machine.feed.bar_ms)
    except SignalConfigFault as fault:
        return str(fault)
    return ""


def _named(machine: Machine, command: Command) -> Signal | None:
    name = command.arguments.get("name", "")
    return next((signal for signal in machine.known_signals if signal.name == name), None)


def _unknown_signal(machine: Machine, command: Command) -> Answer:
    name = command.arguments.get("name", "")
    computed = [signal.name for signal in machine.signals]
    off = [signal.name for signal in machine.known_signals if signal.name not in computed]
    return _refused(
        f"signal {name or 'without a name'} is not known here (computed: {', '.join(computed)}; "
        f"off: {', '.join(off) or 'none'})"
    )


def _refused(message: str) -> Answer:
    return Answer(False, message)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    inside = math.isfinite(number) and LEAST_WEIGHT <= number <= MOST_WEIGHT
    return abs(number) if inside else None


WISHES: dict[CommandKind, Callable[[Machine, Command], Wish | Answer]] = {
    CommandKind.SIGNAL: _switched,
    CommandKind.WEIGHT: _weighed,
    CommandKind.PARAMETERS: _parametrised,
}
