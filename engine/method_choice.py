"""The weighting method an operator chose while the engine ran, in the place of the configured one, and since when.

It asks for an estimate at once; until that takes effect, at a close that is stated, the weights stay as they are. Which
method a stored estimate was to be made by follows from when it was asked, so that a restart counts the same ones. The
configuration says the default: an operator who chooses what it says gives the choice back to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.bookstate import MethodChoice
from store.history_checks import utc
from store.weight_rows import WeightRow
from strategies.blend.weighting.settings import Method

if TYPE_CHECKING:
    from engine.commands import Command
    from engine.machine import Machine

CONFIGURED = "configuration"
SOURCE = "engine.method_choice"

Methods = Sequence[MethodChoice]
"""What was chosen, oldest first; the first is what was configured then, from the beginning. Empty: nothing ever was."""


def in_force(chosen: Methods, configured: Method) -> Method:
    """The method of the estimates to come."""
    return Method(chosen[-1].method) if chosen else configured


def counting(rows: Sequence[WeightRow], chosen: Methods, configured: Method) -> list[WeightRow]:
    """Of all stored estimates of signals, oldest first, those that count: a choice at which nothing was asked of a
    class, because nothing of it was on, gave up what stood there."""
    asked = {(row.kind, row.estimated_ms, row.method) for row in rows}

    def stands(row: WeightRow) -> bool:
        later = [each for each in chosen if each.from_ms > row.estimated_ms]
        return all((row.kind, each.from_ms, each.method) in asked for each in later)

    return [row for row in rows if counts(row, chosen, configured) and stands(row)]


def counts(row: WeightRow, chosen: Methods, configured: Method) -> bool:
    """Whether a stored estimate was asked by the method that was in force then; one that has no answer, whether it was
    asked after the newest choice, which gives up what was under way."""
    since = [each for each in chosen if each.from_ms <= row.estimated_ms]
    wanted = since[-1].method if since else configured.value
    return row.method == wanted and bool(row.result or not chosen or row.estimated_ms >= chosen[-1].from_ms)


def still_chosen(chosen: Methods, configured: Method) -> list[MethodChoice]:
    """What was chosen, at a start under this configuration; nothing where it was given back to the configuration, and
    that says something else by now."""
    given_back = bool(chosen) and not chosen[-1].own
    return [] if given_back and chosen[-1].method != configured.value else list(chosen)


def choose(machine: Machine, command: Command) -> tuple[bool, str]:
    """Ask for an estimate by another method at once, in effect at a later close that the answer says; whether that was
    accepted, and the answer."""
    name, weighting, shadow = command.arguments.get("method", ""), machine.weighting, machine.cycle.shadow
    if name not in tuple(Method):
        return False, f"method {name or 'without a name'}: say {', '.join(Method)}"
    before, wanted = weighting.method, Method(name)
    if wanted is before or shadow is None:
        return True, f"weights are by {before.value} already"
    now_ms, configured = machine.clock.now_ms(), machine.configuration.blend.method
    chosen = [each for each in machine.book.methods if each.from_ms < now_ms]
    chosen = chosen or [MethodChoice(configured.value, 0, CONFIGURED, own=False)]
    machine.book.methods = [*chosen, MethodChoice(name, now_ms, command.actor, own=wanted is not configured)]
    effective_ms = weighting.change_method(wanted, now_ms, machine.signals, machine.book.choices, shadow.days)
    facts = {"before": before.value, "after": name, "from_ms": effective_ms, "reason": command.reason}
    machine.journal.audit("weighting", command.actor, facts, now_ms)
    message = f"weights by {before.value} to {name}: {_takes_effect(machine, wanted, effective_ms)}"
    machine.tape.say(now_ms, "WARN", SOURCE, f"{message}, by {command.actor}")
    return True, message


def _takes_effect(machine: Machine, wanted: Method, effective_ms: int | None) -> str:
    if effective_ms is None:
        return "no signal that has a weight is on, so none is estimated now; the next estimate is by it"
    said = (
        f"the estimate is under way, in effect with the decision at {utc(effective_ms)} UTC; "
        "until then they stay as they are"
    )
    least, shadow = machine.configuration.blend.least_days, machine.cycle.shadow
    days = 0 if shadow is None else shadow.days.count
    if wanted is Method.MANUAL or days >= least:
        return said
    return f"{said}, and longer: {days} of {least} days are known"
