"""What an operator may do to one symbol, one order or one signal, and what it comes to.

Each begins between two bars with the books in hand (`Begun` is made and committed at once: nothing has left yet),
and goes on to the venue where it has to. The next decision is the first that knows of it. A halt beats all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine import method_choice
from engine.bookstate import Tuning, Withdrawal
from engine.commands import Command, CommandKind
from engine.intents import flatten_order
from engine.lifecycle import is_open
from engine.oversight import OPERATOR_FLATTEN, RELEASE
from engine.signal_state import SignalState, as_configured, is_computed, missing_inputs, state_of
from engine.signal_wishes import Answer, is_folded, weights, weights_said, wish_of
from engine.tuning import replaced, values_set
from risk.state import find
from store.history_checks import utc
from store.records import Order, OrderPurpose, Override, TradingState

if TYPE_CHECKING:
    from engine.machine import Machine
    from strategies.signal import Signal

NAMED_SYMBOLS = 8
HALTED = "trading is HALTED: only the kill path acts on orders and positions until it is resumed"
STILL_ASKING = "cancelling order {}: the venue has not said how it ended; it is asked again after every bar"
AFTERWARDS = {
    OrderPurpose.OPEN: "the next decision may ask for it again",
    OrderPurpose.CLOSE: "the next decision may ask for it again",
    OrderPurpose.STOP: "{symbol} has no stop until the engine places one again at the next bar",
    OrderPurpose.TRAIL: "{symbol} has no trailing stop until the engine places one again at the next bar; that one "
    "starts anew, from the average entry price",
    OrderPurpose.TARGET: "{symbol} has no target until the engine places one again at the next bar",
    OrderPurpose.FLATTEN: "what is left is asked for again at the next bar until {symbol} is released",
}
"""What follows the cancelling of an order, by its purpose."""
CHANGED_MEANWHILE = "{} was changed this moment: ask again"


@dataclass(frozen=True, slots=True)
class Begun:
    """What a command came to inside the books: one line for who asked, and the orders to be sent or withdrawn once
    it is durable. `withdraws` "": nothing is to be cancelled but entries that may no longer work."""

    accepted: bool
    message: str
    sends: tuple[Order, ...] = ()
    withdraws: str = ""


def _refused(message: str) -> Begun:
    return Begun(False, message)


def begin(machine: Machine, command: Command) -> Begun:
    """Gather what the command changes; the caller commits it with the command itself."""
    return BEGIN[command.kind](machine, command)


def _flatten(machine: Machine, command: Command) -> Begun:
    symbol = command.arguments.get("symbol", "")
    if symbol not in machine.market.listed:
        return _refused(f"unknown symbol {symbol or 'without a name'}: {_symbols(machine)}")
    if command.arguments.get("on", "true") == "false":
        return _release(machine, command, symbol)
    if machine.oversight.state is TradingState.HALTED:
        return _refused(HALTED)
    now_ms, held = machine.clock.now_ms(), machine.ledger.quantity(symbol)
    if find(machine.oversight.overrides, OPERATOR_FLATTEN, symbol) is None:
        reason = command.reason or "flattened by the operator"
        machine.oversight.impose(
            Override(
                OPERATOR_FLATTEN, TradingState.REDUCING, command.actor, reason, now_ms, RELEASE, scope=symbol
            )
        )
    kept_out = f"it takes no new entries until it is released{_options_kept(machine, symbol)}"
    machine.journal.audit(
        "flatten", command.actor, {"symbol": symbol, "held": f"{held:f}", "wanted": "0"}, now_ms
    )
    _say(machine, command, f"{symbol} is to be flat: {held:f} held")
    if not held:
        return Begun(True, f"{symbol} is flat already; {kept_out}")
    if symbol in machine.execution.closing():
        return Begun(True, f"{symbol} is being closed already; {kept_out}")
    order = flatten_order(symbol, now_ms, held, machine.execution.orders)
    machine.execution.intend(order)
    return Begun(
        True, f"{symbol}: {order.side.value} {order.quantity:f} at the next open; {kept_out}", (order,)
    )


def _options_kept(machine: Machine, symbol: str) -> str:
    """The options on a coin that stay open when what may hedge them is closed, to be added to the answer."""
    listed = (*machine.feed.instruments, *machine.market.legs.instruments)
    instruments = {each.symbol: each for each in listed}
    coin = instruments[symbol]
    options = sorted(
        held
        for held, position in machine.ledger.positions.items()
        if position.quantity and instruments[held].strike and instruments[held].base == coin.base
    )
    if coin.strike or not options:
        return ""
    return f"; options on {coin.base} stay open, without it as a hedge: {', '.join(options)}"


def _release(machine: Machine, command: Command, symbol: str) -> Begun:
    if find(machine.oversight.overrides, OPERATOR_FLATTEN, symbol) is None:
        return Begun(True, f"{symbol} was not flattened by an operator: nothing to release")
    now_ms = machine.clock.now_ms()
    machine.oversight.lift(OPERATOR_FLATTEN, now_ms, command.reason or "released", symbol)
    _say(machine, command, f"{symbol} released")
    return Begun(True, f"{symbol} may trade again from the next decision on")


def _cancel(machine: Machine, command: Command) -> Begun:
    name = command.arguments.get("order", "")
    order = machine.execution.orders.get(name)
    if order is None:
        return _refused(
            f"no order {name or 'without a name'} is working or ended lately; `orders` lists them"
        )
    if not is_open(order):
        return _refused(f"order {name} has ended: {order.status.value}{_because(order)}")
    if machine.oversight.state is TradingState.HALTED:
        return _refused(HALTED)
    if name in machine.book.withdrawals:
        return Begun(True, STILL_ASKING.format(name))
    machine.book.withdrawals[name] = Withdrawal(command.actor, command.reason, order.status.value)
    facts = {"order": name, "before": order.status.value, "reason": command.reason}
    machine.journal.audit("cancel asked", command.actor, facts, machine.clock.now_ms())
    return Begun(True, "", withdraws=name)


def _choose(machine: Machine, command: Command) -> Begun:
    """Put a wish in force from the next decision on; one that says what the configuration says is forgotten."""
    wished = wish_of(machine, command)
    if isinstance(wished, Answer):
        return Begun(wished.accepted, wished.message)
    signal, choice, choices = wished.signal, wished.choice, machine.book.choices
    if choice is None or not is_folded(machine, wished):
        return _refused(CHANGED_MEANWHILE.format(signal.name))
    before = weights(machine)
    if choice.weight == signal.weight and signal.signal_class.value not in machine.weighting.shares:
        choice = replace(choice, weight=None)
    was_followed = machine.lane.follows(signal)
    choices[signal.name] = choice
    if wished.lets_go or as_configured(signal, choice, machine.lane.follows_any):
        del choices[signal.name]
    machine.put_in_force()
    if was_followed and not is_computed(signal, choices):
        machine.cycle.end_reading(signal.name)
    now_ms = machine.clock.now_ms()
    from_ms = now_ms + machine.feed.bar_ms
    standing = machine.weighting.standing
    followed = machine.lane.follows(signal)
    state = state_of(signal, choices, standing, followed)
    facts = {"signal": signal.name, "state": state.value, "from_ms": from_ms}
    states = {"before": before, "after": weights(machine), "reason": command.reason}
    machine.journal.audit("weights", command.actor, facts | states, now_ms)
    said = f"{wished.said}{_unread(machine, signal)}"
    if was_followed is not followed and machine.lane.would_follow(signal) and state is not SignalState.OFF:
        said = f"{said}; {_record_said(machine, signal, followed)}"
    message = f"{said}; {weights_said(machine)}; from {utc(from_ms)} UTC on"
    _say(machine, command, message)
    return Begun(True, message)


def _record_said(machine: Machine, signal: Signal, followed: bool) -> str:
    """What becomes of the record of a signal that goes among those that follow, or leaves them."""
    shadow = machine.cycle.shadow
    days = 0 if followed or shadow is None else shadow.days.health(signal.name).days
    return f"its record of {days} days with the decisions goes on" if days else "its record begins anew"


def _unread(machine: Machine, signal: Signal) -> str:
    """What a signal that is computed now will say nothing for want of, to be added to the answer."""
    missing = missing_inputs(machine.market, signal) if signal in machine.signals else ""
    return f", yet {missing}" if missing else ""


def _tune(machine: Machine, command: Command) -> Begun:
    """Put other parameters in force from the next decision on; those the configuration has anyway are forgotten. What
    the signal did with the old ones is no record of it any more."""
    wished = wish_of(machine, command)
    if isinstance(wished, Answer):
        return Begun(wished.accepted, wished.message)
    signal, now_ms = wished.signal, machine.clock.now_ms()
    if not is_folded(machine, wished):
        return _refused(CHANGED_MEANWHILE.format(signal.name))
    values = values_set(signal, machine.configured(signal.name))
    machine.known_signals = replaced(machine.known_signals, signal)
    machine.book.tunings[signal.name] = Tuning(values, command.actor, now_ms)
    machine.put_in_force()
    from_ms = now_ms + machine.feed.bar_ms
    facts = {"signal": signal.name, "change": wished.said, "set": values, "from_ms": from_ms}
    machine.journal.audit("parameters", command.actor, facts | {"reason": command.reason}, now_ms)
    aside = f"its record begins anew; from {utc(from_ms)} UTC on"
    if signal.signal_class.value in machine.weighting.shares:
        aside = f"{aside}; the next estimate of weights has not seen it"
    if machine.lane.follows(signal):
        read = machine.lane.would_follow(signal)
        aside = f"in shadow: {aside}" if read else "in shadow: it is read with them where the run ends"
    elif not is_computed(signal, machine.book.choices):
        aside = "it is off: they count once it is switched on"
    message = f"{wished.said}; {aside}"
    _say(machine, command, message)
    return Begun(True, message)


def ending(order: Order) -> tuple[bool, str]:
    """Whether a cancelled order is gone, and how it ended in one line."""
    name, status = order.client_order_id, order.status.value
    if order.status.value in ("filled", "rejected"):
        return False, f"too late: order {name} is {status}{_because(order)}"
    part = f" after {order.filled_quantity:f} of it was filled" if order.filled_quantity else ""
    return True, f"order {name} {status}{part}; {AFTERWARDS[order.purpose].format(symbol=order.symbol)}"


def _symbols(machine: Machine) -> str:
    symbols = machine.market.symbols
    more = f" and {len(symbols) - NAMED_SYMBOLS} more" if len(symbols) > NAMED_SYMBOLS else ""
    return f"traded here are {', '.join(symbols[:NAMED_SYMBOLS])}{more}"


def _because(order: Order) -> str:
    return f" ({order.reason})" if order.reason else ""


def _say(machine: Machine, command: Command, message: str) -> None:
    machine.tape.say(machine.clock.now_ms(), "WARN", "engine.interventions", f"{message}, by {command.actor}")


BEGIN: dict[CommandKind, Callable[[Machine, Command], Begun]] = {
    CommandKind.FLATTEN: _flatten,
    CommandKind.CANCEL: _cancel,
    CommandKind.SIGNAL: _choose,
    CommandKind.WEIGHT: _choose,
    CommandKind.PARAMETERS: _tune,
    CommandKind.METHOD: lambda machine, command: Begun(*method_choice.choose(machine, command)),
}
