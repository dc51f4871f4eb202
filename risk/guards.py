"""Guards: what was measured at the close of a bar, and which overrides it sets or ends.

`step` is pure and folds bars in order: the same bars give the same overrides, whoever asks and whenever. Each
rule is a function of the state and the inputs; `RULES` is their order. Where nothing happens the state that
comes back is the very object that went in, so a caller can tell by identity that there is nothing to write
down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from risk import account_guards, market_guards
from risk.guard_changes import Action, Changes, GuardChange, Stepped
from risk.guard_config import GuardConfig
from risk.guard_inputs import GuardInputs, ProtectiveExit
from risk.guard_state import GuardState, from_dict
from risk.parameters import RiskParameters

__all__ = [
    "NOT_ARMED",
    "Action",
    "Changes",
    "GuardChange",
    "GuardConfig",
    "GuardInputs",
    "GuardState",
    "NotArmed",
    "ProtectiveExit",
    "from_dict",
    "step",
]

Rule = Callable[[GuardState, GuardInputs, GuardConfig, RiskParameters], Stepped]

RULES: tuple[Rule, ...] = (
    account_guards.days_gone,
    account_guards.cooldowns,
    account_guards.booked,
    account_guards.day_ends,
    account_guards.day_loss,
    account_guards.day_orders,
    account_guards.drawdown,
    market_guards.shock,
    market_guards.stale,
    market_guards.rejects,
    market_guards.refused,
    market_guards.proof,
    market_guards.expire,
)
"""Time runs out last, so what trips again in the bar its time ends stays in force without a gap."""


@dataclass(frozen=True, slots=True)
class NotArmed:
    """A rule that cannot run yet, and what would arm it."""

    guard: str
    rule: str
    needs: str


NOT_ARMED = (
    NotArmed(
        "backtest_band",
        "live results below the 5 % band of the book's own backtest halve the size, then reduce",
        "a backtest of this configuration to compare with",
    ),
    NotArmed(
        "stablecoin_peg",
        "the quote currency more than 2 % off its peg restricts the book to reducing",
        "a price of the quote currency in dollars",
    ),
    NotArmed(
        "clock_skew",
        "a venue's clock too far from ours is told, further off it restricts the book to reducing",
        "a venue with a clock of its own; the simulated market has none",
    ),
)


def step(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    """The state after a bar and what the guards did; the very same state where they did nothing."""
    changes: Changes = ()
    for rule in RULES:
        state, made = rule(state, inputs, config, limits)
        if made:
            changes += made
    return state, changes
