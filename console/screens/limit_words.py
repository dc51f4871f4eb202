"""What each limit of the risk pane is, what it does when it is reached, what ends that, and which keys set it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """`override`: the name of the restriction it sets, "" where it only cuts sizes. `keys` of the configuration."""

    what: str
    effect: str
    ends: str
    keys: tuple[str, ...]
    override: str = ""


_CUTS = (
    "a decision cuts what it wants to this, before it trades: nothing is closed at once. What is held may stand beyond "
    "it by the no-trade band of the last key: a WARN; only what is further is a BREACH"
)
_ALWAYS = "never: every decision keeps to it"
_BAND = "risk.buffer_fraction"
_GUARD = "risk.guards."

RULES: Mapping[str, Rule] = {
    "day loss": Rule(
        "what equity has lost since 00:00 UTC",
        "REDUCING: only orders that reduce exposure",
        "the next UTC day",
        ("risk.day_loss",),
        "day_loss",
    ),
    "drawdown": Rule(
        "how far equity is below its highest",
        "sizes shrink from the first key on; at the second the book is HALTED and flattened",
        "sizes grow again with equity; HALTED ends only by Resume",
        ("risk.dd_start", "risk.dd_halt"),
        "drawdown",
    ),
    "gross": Rule(
        "the sum of all position sizes over equity; the Kelly cap where that is lower",
        _CUTS,
        _ALWAYS,
        ("risk.max_gross", "risk.kelly_fraction", _BAND),
    ),
    "directional": Rule(
        "the sum of position sizes over equity, without what is held for neutral signals",
        _CUTS,
        _ALWAYS,
        ("risk.directional_budget", _BAND),
    ),
    "net": Rule("longs less shorts, over equity", _CUTS, _ALWAYS, ("risk.max_net", _BAND)),
    "max position": Rule(
        "the largest position of one symbol, over equity; what of it is held for neutral signals counts by itself",
        _CUTS,
        _ALWAYS,
        ("risk.max_symbol", _BAND),
    ),
    "corr cluster": Rule(
        "the largest sum of positions that move together, over equity, without what is held for neutral signals",
        _CUTS,
        _ALWAYS,
        ("risk.max_cluster", "risk.cluster_correlation", _BAND),
    ),
    "signal share": Rule(
        "the largest share one signal has: of the weight of its class, or of what is said of a symbol",
        "what is cut goes to the signals below it; where there are none the forecast is smaller. A share at it is held "
        "there: a WARN",
        _ALWAYS,
        ("blend.signal_cap",),
    ),
    "orders today": Rule(
        "filled orders that opened exposure since 00:00 UTC",
        "REDUCING: only orders that reduce exposure",
        "the next UTC day",
        ("risk.trades_per_day",),
        "day_orders",
    ),
    "losing streak": Rule(
        "round trips lost in a row; any gain ends the streak",
        "REDUCING: only orders that reduce exposure",
        "after the hours of the second key",
        ("risk.consecutive_losses", f"{_GUARD}losing_pause_hours", f"{_GUARD}counted_loss_fraction"),
        "losing_streak",
    ),
    "bars missing": Rule(
        "bars in a row without a price, of the symbol that lacks most",
        "REDUCING for that symbol",
        "healthy for the minutes of the second key",
        (f"{_GUARD}stale_bars", f"{_GUARD}healthy_minutes"),
        "stale_bars",
    ),
    "loop lag p99": Rule(
        "how late the engine's event loop is",
        "REDUCING where it stays too late; reported only while the market's clock is not the wall's",
        "healthy for the minutes of the last key",
        (f"{_GUARD}loop_lag_ms", f"{_GUARD}loop_lag_seconds", f"{_GUARD}healthy_minutes"),
        "loop_lag",
    ),
    "backtest band": Rule(
        "not armed: it needs a backtest of this configuration to compare live results with",
        "results below the 5 % band of the backtest halve the sizes, then only reduce",
        "results back within the band",
        (),
    ),
    "stablecoin peg": Rule(
        "not armed: it needs a price of the quote currency in dollars",
        "a quote currency more than 2 % off its peg: REDUCING",
        "back on the peg",
        (),
    ),
    "clock skew": Rule(
        "not armed where the venue has no clock of its own, as the simulated one",
        "a clock that is off is told; further off: REDUCING",
        "in order again for the minutes of the last key",
        (f"{_GUARD}clock_skew_warn_ms", f"{_GUARD}clock_skew_block_ms", f"{_GUARD}healthy_minutes"),
        "clock_skew",
    ),
}

UNKNOWN = Rule("a limit this console has no words for", "see the restrictions below", "see below", ())


def rule_of(limit: str) -> Rule:
    """The rule behind a row of the pane."""
    return RULES.get(limit, UNKNOWN)
