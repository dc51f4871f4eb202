"""Where each signal stands: on, in shadow, or off; and in words why, and what would end it.

On: computed, and what it says is traded. In shadow: computed, shown and recorded, with the P&L it would have had, and
traded by nobody. Off: not computed at all. The operator's choice stands above an estimate, and that above the
configuration; a signal that neither of them names is in shadow, followed behind the decisions where [signals] shadow
has it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.bookstate import Choice, Tuning
from engine.estimates import shares_in_force
from engine.signal_table import Choices, chosen_weight, in_force
from engine.tuning import set_words
from engine.weight_facts import UNSEEN, Standings
from store.records import SignalClass
from strategies.signal import Reason, Signal

if TYPE_CHECKING:
    from engine.market import MarketState

NO_ESTIMATES: Standings = {}
FULL_WEIGHT = 1.0
"""Of an overlay that is switched on: it multiplies or it does not."""
FOLLOWED = "in shadow: followed behind the decisions, which do not depend on it, until an operator "


class SignalState(StrEnum):
    ON = "on"
    SHADOW = "shadow"
    OFF = "off"


def is_computed(signal: Signal, choices: Choices) -> bool:
    """Whether a signal is computed."""
    choice = choices.get(signal.name)
    return signal.settings.enabled if choice is None else choice.computed


def is_followed(signal: Signal, choices: Choices) -> bool:
    """Whether a signal is one of those that are followed behind the decisions, where any are."""
    return not signal.settings.enabled and signal.name not in choices


def state_of(
    signal: Signal, choices: Choices, standings: Standings = NO_ESTIMATES, followed: bool = False
) -> SignalState:
    """Where a signal stands under what was chosen, and what the estimates of each class have come to; `followed`:
    where it is not computed for the decisions it is followed behind them."""
    if not is_computed(signal, choices):
        return SignalState.SHADOW if followed else SignalState.OFF
    on = in_force(signal, choices, shares_in_force(standings.values())) > 0.0
    return SignalState.ON if on else SignalState.SHADOW


def why(
    signal: Signal,
    choices: Choices,
    standings: Standings = NO_ESTIMATES,
    followed: bool = False,
    unfit: str = "",
) -> str:
    """Why a signal is not on and what would end that, in one line; of one that is on the estimate that gives it its
    share, "" where none does. `unfit`: why this market has no bars for it, as `strategies.config.unfit_bars` says."""
    state, choice = state_of(signal, choices, standings, followed), choices.get(signal.name)
    if followed and not is_computed(signal, choices):
        by_itself = signal.weight > 0.0 or signal.signal_class is SignalClass.OVERLAY
        return f"{FOLLOWED}{'switches it on' if by_itself else 'gives it a weight'}"
    estimate = _estimate(signal, choices, standings)
    if state is SignalState.ON:
        return estimate
    if state is SignalState.OFF and unfit:
        return f"not computed: {unfit}"
    if state is SignalState.OFF:
        who = "by the configuration" if choice is None else f"by {choice.actor}"
        return f"switched off {who}: not computed, until an operator puts it in shadow or gives it a weight"
    if choice is not None and not choice.enabled:
        lacks = signal.signal_class is not SignalClass.OVERLAY and not chosen_weight(signal, choices)
        return f"in shadow by {choice.actor}, until an operator enables it{' and gives it a weight' if lacks else ''}"
    if signal.signal_class is SignalClass.OVERLAY:
        return "in shadow: it multiplies nothing, until an operator switches it on"
    if estimate:
        return f"in shadow: {estimate}, until an estimate or an operator gives it one"
    return "in shadow: it has no weight, until an operator gives it one"


def missing_inputs(market: MarketState, signal: Signal) -> str:
    """Which inputs keep a computed signal from reading any symbol, in words; "" where it can read one."""
    return missing_words(market.bars_known(signal), market.unknown_inputs(signal))


def missing_words(bars: int, unknown: Sequence[Sequence[str]]) -> str:
    """The same of a signal that knows so many of its bars, by symbol the inputs that are `unknown`."""
    if not all(unknown) or not bars:
        return ""
    names = dict.fromkeys(name for own in unknown for name in own)
    return f"it reads what is not known here: {', '.join(names)}"


def silence_words(
    signal: Signal, bars: int, unknown: Sequence[Sequence[str]], reasons: Sequence[Reason]
) -> str:
    """Why a signal that knows so many of its bars has no opinion of any symbol, should it have none: the inputs that
    are `unknown`, how far its warm-up is, and past that what its newest readings say, each reason once."""
    if words := missing_words(bars, unknown):
        return words
    if bars < signal.window:
        size = "daily bars" if signal.bar == "1d" else f"bars of {signal.bar}"
        return f"warm-up: {bars} of {signal.window} {size}"
    return f"no opinion: {', '.join(dict.fromkeys(reason.value for reason in reasons))}"


def as_configured(signal: Signal, choice: Choice, follows: bool = False) -> bool:
    """Whether a choice says what the configuration says anyway; where the engine `follows` what it does not compute,
    what is switched off is not."""
    is_on = signal.settings.enabled
    if follows and not is_on:
        return False
    return choice.weight is None and choice.computed is is_on and choice.enabled is is_on


def changed(signal: Signal, choice: Choice | None, tuning: Tuning | None = None) -> str:
    """What an operator changed of a signal, for the screen; "" where nothing."""
    return "; ".join(words for words in (_chosen(signal, choice), set_words(tuning)) if words)


def _chosen(signal: Signal, choice: Choice | None) -> str:
    if choice is None:
        return ""
    is_on, parts = signal.settings.enabled, []
    if not choice.computed:
        parts = ["switched off"] if is_on else []
    elif not choice.enabled:
        parts = ["put in shadow"]
    elif not is_on or (signal.signal_class is SignalClass.OVERLAY and choice.weight is not None):
        parts = ["switched on"]
    if choice.weight is not None and signal.signal_class is not SignalClass.OVERLAY:
        parts.append(f"weight {signal.weight:g} to {chosen_weight(signal, {signal.name: choice}):g}")
    return f"{', '.join(parts)} by {choice.actor}" if parts else ""


def _estimate(signal: Signal, choices: Choices, standings: Standings) -> str:
    """The estimated share and its reason in words; "" where no estimate decides on this signal's weight."""
    choice, known = choices.get(signal.name), standings.get(signal.signal_class.value)
    if known is None or not known.in_force or signal.weight <= 0.0:
        return ""
    if choice is not None and choice.weight is not None:
        return ""
    reason = known.why.get(signal.name, UNSEEN)
    said = f"its estimated share is {known.share.get(signal.name, 0.0):.3f} by {known.method}"
    return f"{said} ({reason})" if reason else said
