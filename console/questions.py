"""What the console asks before it changes something, in words: one question for each intervention. Pure.

A question is about a key that was fixed when it was asked; what it says of it is read from the newest picture as long
as it stands. It names what will happen, to what, and when it takes effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from console.answers import WHOLE_POSITION
from console.format import age, counted, duration, number, plain, price, profit, profit_ink
from console.operator import PAUSE_OVERRIDE, restriction
from console.publisher import View
from console.signal_state import OFF, ON, SHADOW, next_state, not_decided_with
from console.widgets.ink import Line
from engine.shares import to_one
from engine.snapshot import OrderRow, OverrideRow, PositionRow, Snapshot, WeightRow
from strategies.blend.weighting.settings import Method

FLATTENED = "operator flatten"
OVERLAY = "overlay"
WAITS = "It trades nothing before the next estimate gives it a share"
_LIVE = "live"
_STOPS = {"stop": "stop", "trail": "trailing stop"}
_PROTECTIVE = _STOPS | {"target": "take profit"}

Kind = Literal["pause", "reduce", "stop", "flatten", "cancel", "signal", "method"]


@dataclass(frozen=True, slots=True)
class Question:
    """`kind` decides which key confirms; `heading`, `lines` and `yes` are what is read. `typed`: a word that must be
    typed before the key confirms; "" where the key is enough. `about`: the key it is bound to."""

    kind: Kind
    heading: str
    yes: str
    lines: Callable[[View], Sequence[Line]]
    typed: str = ""
    about: str = ""


def _said(*words: str) -> Callable[[View], Sequence[Line]]:
    return lambda view: [((line, "plain"),) for line in words]


PAUSE = Question(
    "pause",
    "PAUSE ENTRIES?",
    "Pause entries",
    _said("No new entries until you lift it.", "Exits, stops and reductions go on."),
)
UNPAUSE = Question(
    "pause", "LET ENTRIES GO ON?", "Let entries go on", lambda view: _unpause_lines(view.snapshot)
)
REDUCE = Question(
    "reduce",
    "ONLY REDUCE?",
    "Only reduce from now on",
    _said("State REDUCING: only orders that reduce exposure,", "until you lift it."),
)
UNREDUCE = Question(
    "reduce",
    "LIFT REDUCE?",
    "Lift it",
    _said("REDUCING was set by the operator; a guard may still hold it."),
)
STOP = Question(
    "stop",
    "STOP THE ENGINE?",
    "Stop the engine",
    _said("It stops for everybody who is attached.", "Positions and their stops stay at the venue."),
)


def flatten_question(view: View, symbol: str) -> Question:
    """Close one symbol and keep it out of the market, or let it trade again where that was done."""
    typed = symbol if is_live(view) else ""
    if flattened(view.snapshot, symbol) is not None:
        return Question(
            "flatten",
            f"LET {symbol} TRADE AGAIN?",
            f"Let {symbol} trade again",
            lambda view: _release_lines(view.snapshot, symbol),
            typed,
            symbol,
        )
    return Question(
        "flatten",
        f"FLATTEN {symbol}?",
        f"Flatten {symbol}",
        lambda view: _flatten_lines(view.snapshot, symbol),
        typed,
        symbol,
    )


def cancel_question(view: View, order: str) -> Question:
    """Cancel one order."""
    row = order_row(view.snapshot, order)
    typed = row.symbol if row is not None and is_live(view) else ""
    return Question(
        "cancel",
        "CANCEL ORDER?",
        "Cancel the order",
        lambda view: _cancel_lines(view.snapshot, order),
        typed,
        order,
    )


def signal_question(view: View, name: str) -> Question:
    """Put one signal in shadow, switch it off, or on again."""
    row = weight_row(view.snapshot, name)
    state = SHADOW if row is None else next_state(row)
    words = f"Put {name} in shadow" if state == SHADOW else f"Switch {name} {state}"
    return Question(
        "signal",
        f"{words.upper()}?",
        words,
        lambda view: _signal_lines(view.snapshot, name, state),
        name if is_live(view) else "",
        name,
    )


def method_question(view: View, method: str) -> Question:
    """Weigh the signals of every class by another method."""
    return Question(
        "method",
        f"WEIGHTS BY {method.upper()}?",
        f"Weigh by {method}",
        lambda view: _method_lines(view.snapshot, method),
        method if is_live(view) else "",
        method,
    )


def flattened(snapshot: Snapshot | None, symbol: str) -> OverrideRow | None:
    """What keeps `symbol` out of the market because an operator flattened it; None where nothing does."""
    rows = () if snapshot is None else snapshot.overrides
    return next((row for row in rows if row.name == FLATTENED and row.scope == symbol), None)


def order_row(snapshot: Snapshot | None, order: str) -> OrderRow | None:
    """An order of the picture; None where it is not among those it holds."""
    rows = () if snapshot is None else snapshot.orders
    return next((row for row in rows if row.client_order_id == order), None)


def weight_row(snapshot: Snapshot | None, name: str) -> WeightRow | None:
    """A signal of the picture; None where there is none of that name."""
    rows = () if snapshot is None else snapshot.weights
    return next((row for row in rows if row.name == name), None)


def next_decision(snapshot: Snapshot | None) -> str:
    """When what is asked takes effect."""
    wait = None if snapshot is None else snapshot.next_decision_in_ms
    return "at the next decision" if wait is None else f"at the next decision, in {duration(wait)}"


def shares_if(snapshot: Snapshot, name: str, raw: float, *, enabled: bool = True) -> dict[str, float]:
    """The share of each signal in the class of `name` if its weight were `raw`, as the engine would share it out."""
    about = weight_row(snapshot, name)
    if about is None:
        return {}
    there = {row.name: row.raw_weight for row in snapshot.weights if row.kind == about.kind and row.enabled}
    cap = 1.0 if about.share_cap is None else about.share_cap
    return to_one(there | {name: raw if enabled else 0.0}, cap)


def is_live(view: View) -> bool:
    return view.mode.lower() == _LIVE


def _unpause_lines(snapshot: Snapshot | None) -> list[Line]:
    row = restriction(snapshot, PAUSE_OVERRIDE)
    if snapshot is None or row is None:
        return [(("Entries are not paused in the newest picture.", "warn"),)]
    since = age(snapshot.market_ts_ms - row.since_ts_ms)
    lines: list[Line] = [((f"Entries were paused {since} ago by {row.actor}: {row.reason}.", "plain"),)]
    if snapshot.state == "HALTED":
        lines.append((("HALTED stays all the same: no entries until you resume.", "warn"),))
    return lines


def _flatten_lines(snapshot: Snapshot | None, symbol: str) -> list[Line]:
    held = [row for row in _positions(snapshot) if row.symbol == symbol]
    lines: list[Line] = [line for row in held for line in _held_lines(row)]
    if not held:
        lines.append(((f"No position in {symbol} just now.", "plain"),))
    else:
        lines.append((("A reduce-only market order closes all of it at the next price.", "plain"),))
    lines.append(((f"Then no new entries in {symbol} until you lift it with the same key.", "plain"),))
    if snapshot is not None and snapshot.state == "HALTED":
        lines.append((("HALTED: only the kill path acts, until you resume.", "warn"),))
    return lines


def _held_lines(row: PositionRow) -> list[Line]:
    worth = abs((number(row.quantity) or Decimal(0)) * (number(row.mark) or Decimal(0)))
    gain = number(row.unrealised)
    return [
        (
            (f"{row.symbol}  {row.side} {price(row.quantity)}", "strong"),
            (f" at {row.venue}, mark {price(row.mark)}", "plain"),
        ),
        (
            (f"worth {price(str(worth), 2)}, uPnL ", "plain"),
            (profit(row.unrealised), profit_ink(gain)),
            (f", {counted(row.working_orders, 'working order', 'working orders')}", "plain"),
        ),
    ]


def _release_lines(snapshot: Snapshot | None, symbol: str) -> list[Line]:
    row = flattened(snapshot, symbol)
    lines: list[Line] = []
    if row is not None and snapshot is not None:
        since = age(snapshot.market_ts_ms - row.since_ts_ms)
        lines.append(((f"Flattened {since} ago by {row.actor}: {row.reason}.", "plain"),))
    lines.append(((f"Entries may come again {next_decision(snapshot)}.", "plain"),))
    return lines


def _cancel_lines(snapshot: Snapshot | None, order: str) -> list[Line]:
    row = order_row(snapshot, order)
    if row is None:
        return [
            ((order, "strong"),),
            (("It is not in the newest picture: it may have ended already.", "warn"),),
        ]
    status = row.status.replace("_", " ")
    lines: list[Line] = [
        ((f"{row.symbol}  {_order_words(row)}", "strong"),),
        ((f"{row.purpose}, {status}, {price(row.filled)} filled · {order}", "plain"),),
    ]
    if row.purpose in _STOPS:
        lost = f"without it there is no {_STOPS[row.purpose]} until a new one"
        lines.append(((f"It protects {row.symbol}: {lost}.", "warn"),))
    else:
        lines.append((("The next decision may ask for it again.", "plain"),))
    return lines


def _order_words(row: OrderRow) -> str:
    """What an order would do, and from which price on."""
    level = row.price or row.trigger
    at = f" at {price(level)}" if level else ""
    amount = "the whole position" if row.quantity == WHOLE_POSITION else price(row.quantity)
    if row.purpose in _PROTECTIVE:
        return f"{row.side}, {_PROTECTIVE[row.purpose]}{at} for {amount}"
    return f"{row.side} {amount} {row.type.replace('_', ' ')}{at}"


def _signal_lines(snapshot: Snapshot | None, name: str, state: str) -> list[Line]:
    row = weight_row(snapshot, name)
    if snapshot is None or row is None:
        return [(("It is not in the newest picture.", "warn"),)]
    lines: list[Line] = [((f"{row.name}  {row.title}", "strong"), (f", {row.kind}", "plain"))]
    on = state == ON
    after = shares_if(snapshot, name, row.raw_weight, enabled=on)
    counted_by_none = not_decided_with(row) and not on
    if not counted_by_none:
        lines.append(_effect_line(snapshot, row, after[name]))
    if row.state == OFF or (row.followed and on):
        counts = "" if row.waits or counted_by_none else ": it counts from the next decision after that"
        lines.append(((f"Its past is computed first, beside the bars{counts}.", "plain"),))
    if on and row.waits:
        lines.append(((f"{WAITS}, or you give it a weight.", "warn"),))
    if row.change:
        lines.append(((f"Before: {row.change}.", "soft"),))
    if flat := _flat_lines(row, after):
        lines += flat
    elif not on:
        shadow = "It is computed, shown and recorded, and traded by nobody."
        lines.append(((shadow if state == SHADOW else "It is computed no longer.", "plain"),))
    return lines


def _method_lines(snapshot: Snapshot | None, method: str) -> list[Line]:
    rows = () if snapshot is None else snapshot.estimates
    lines: list[Line] = [
        ((f"{row.kind} ", "soft"), (f"{row.method} to {method}", "strong"), (f"  {row.note}", "warn"))
        for row in rows
    ]
    back = "Then the configured weights stand again." if method == Method.MANUAL else ""
    words = (
        "An estimate begins at once.",
        "The answer says at which bar it takes effect;",
        "until then weights stay.",
    )
    return [*lines, *(((line, "plain"),) for line in (*words, back) if line)]


def _effect_line(snapshot: Snapshot, row: WeightRow, share: float) -> Line:
    """What switching a signal changes in the decisions, and from when on."""
    if row.kind == OVERLAY:
        return ((f"It acts on every position, {next_decision(snapshot)}.", "plain"),)
    now = plain(row.weight if row.enabled else 0.0)
    return (
        (f"Its share of {row.kind}: ", "plain"),
        (f"{now} to {plain(share)}", "strong"),
        (f", {next_decision(snapshot)}.", "plain"),
    )


def _flat_lines(row: WeightRow, after: Mapping[str, float]) -> list[Line]:
    """That a change takes the last directional signal out of the decisions, where it does."""
    if row.kind != "directional" or not row.weight or any(after.values()):
        return []
    return [(("No directional signal is left: the next decision closes every position.", "warn"),)]


def weight_lines(snapshot: Snapshot | None, name: str, wanted: float | None) -> list[Line]:
    """What a new weight comes to: old, new, and the shares it makes, from what was typed (None: no number yet)."""
    row = weight_row(snapshot, name)
    if snapshot is None or row is None:
        return [(("It is not in the newest picture.", "warn"),)]
    lines: list[Line] = [
        ((f"{row.name}  {row.title}", "strong"), (f", {row.kind}", "plain")),
        (
            ("weight in force ", "soft"),
            (f"{row.raw_weight:g}", "strong"),
            (", share ", "soft"),
            (plain(row.weight), "plain"),
            (", by configuration ", "soft"),
            (plain(row.configured_weight), "plain"),
            (f" · {row.change}" if row.change else "", "soft"),
        ),
    ]
    if wanted is None:
        return lines
    after = shares_if(snapshot, name, wanted, enabled=row.enabled or not_decided_with(row))
    others = ", ".join(f"{each} {plain(share)}" for each, share in after.items() if each != name)
    lines.append(
        (
            (f"{row.raw_weight:g} to {wanted:g}: ", "strong"),
            (f"share {plain(row.weight)} to {plain(after[name])}", "strong"),
            (f", {next_decision(snapshot)}", "plain"),
        )
    )
    lines.append(((f"the others: {others or 'none'}", "soft"),))
    lines += _flat_lines(row, after)
    if not row.enabled:
        follows = "switches it on" if not_decided_with(row) else "waits until it is on"
        lines.append(
            ((f"{name} is {'off' if row.state == OFF else 'in shadow'}: the weight {follows}.", "warn"),)
        )
    return lines


def _positions(snapshot: Snapshot | None) -> tuple[PositionRow, ...]:
    return () if snapshot is None else snapshot.positions
