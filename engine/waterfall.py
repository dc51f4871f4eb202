"""A decision's stages in the operator's words: which of them changed the value, and which of those was a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# What moved a value from the stage before to this one.
_WHY = {
    "conflict": "signals of one class disagree: cut",
    "overlay": "overlay signals scale it",
    "volatility": "sized to the volatility target",
    "type": "limit of one signal type bound",
    "symbol": "limit of one symbol bound",
    "cluster": "limit of its cluster bound",
    "net": "net limit bound",
    "gross": "gross limit or Kelly cap bound",
    "drawdown": "drawdown or guard multiplier bound",
    "state": "trading state, cooldown or lock bound",
    "buffer": "no-trade band: kept nearer to what is held",
    "round": "rounded to whole lots and minimum size",
}
_MET = "market-neutral legs join"
_FOLLOWS = "follows what is held against it, in a band of its own"
CAPS = ("type", "symbol", "cluster", "net", "gross", "drawdown", "state", "buffer")
"""The stages at which a cap binds that somebody sets."""
BUDGET, ACCOUNT = "directional budget", "account"
# A limit lowers a value; the others turn it into something else.
_LIMITS = ("conflict", *CAPS, "round")
_SAME = 1e-12
# A symbol's part of the no-trade band that is for costs, where it is on.
_COSTS = "cost_band"

_BUDGET = "directional budget bound"
# What a decision says beside its stages: what its budget left of the directional book, where that was less than all; of
# legs the factors of both books by stage, shares by signal.
_BUDGETED = "directional"
_SCALES = {"gross": "neutral_gross", "drawdown": "multiplier"}
_LIMITED, _GRANTED = "_limited", "_granted"


def with_bounds(
    stages: Sequence[Mapping[str, Any]], decision: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Each {stage, value} with `bound` (a limit changed the value here) and `why` in words, "" where nothing changed.

    The neutral stage holds what market-neutral signals want beside the rest, which has the caps from `type` on to
    itself; `gross` and `drawdown` scale both, and in `state` the two meet. How far legs were scaled, and which
    signal's, stands in the `scalars` of the `decision`.
    """
    told = []
    scalars = {} if decision is None else decision["scalars"]
    values = {stage["stage"]: stage["value"] for stage in stages}
    words = _WHY if decision is None or not decision.get("beside") else {**_WHY, "buffer": _FOLLOWS}
    legs, before = values.get("neutral") or 0.0, None
    for stage in stages:
        value, name = stage["value"], stage["stage"]
        if name == "neutral":
            why, bound = _of_legs(legs, scalars)
        else:
            met = _with_legs(before, legs, scalars) if name == "state" and legs else before
            changed = (_differs(met, value) or _scaled(name, legs, scalars)) and name in _WHY
            why, bound = (words[name] if changed else ""), changed and name in _LIMITS
            if name == "gross" and changed:
                why = "; ".join(
                    _BUDGET if cap == BUDGET else why for cap in gross_caps(before, value, scalars)
                )
            if name == "state" and legs and (met is None or not bound):
                why, bound = _MET, False
            elif name == "state" and bound and (left := _left(scalars, _GRANTED)):
                why = f"{why}: {left}"
            if name == "buffer" and bound and (costs := scalars.get(_COSTS)):
                why = f"{why}; its part for costs is {costs:.3%} of equity"
            before = value
        told.append({**stage, "bound": bound, "why": why})
    return told


def gross_caps(
    before: float | None, value: float | None, scalars: Mapping[str, float | None]
) -> tuple[str, ...]:
    """Which caps made `value` of what it was `before` stage `gross`: the budget of the directional book, which a symbol
    without a part in that book knows nothing of, or the account's cap."""
    left = scalars.get(_BUDGETED)
    if left is None or not before:
        return (ACCOUNT,)
    factor = scalars.get(_SCALES["gross"])
    further = factor is not None and factor < 1.0
    further = further or (before is not None and _differs(before * left, value))
    return (BUDGET, ACCOUNT) if further else (BUDGET,)


def _of_legs(legs: float, scalars: Mapping[str, float | None]) -> tuple[str, bool]:
    """What is said of the neutral stage, and whether a limit is behind it."""
    left = _left(scalars, _LIMITED)
    if not left:
        return ("market-neutral signals add this" if legs else ""), False
    nothing = " (0%: one cannot be traded or hedged)" if left.endswith(" 0%") or " 0%," in left else ""
    return f"limit of one leg bound: {left}{nothing}", bool(legs)


def _left(scalars: Mapping[str, float | None], rule: str) -> str:
    """The signals whose legs a rule made smaller, all by one factor, each with what it left of them."""
    shares = {name.removesuffix(rule): share for name, share in scalars.items() if name.endswith(rule)}
    return ", ".join(
        f"legs of {name} to {share:.0%}"
        for name, share in shares.items()
        if share is not None and share < 1.0
    )


def _scaled(stage: str, legs: float, scalars: Mapping[str, float | None]) -> bool:
    """Whether a stage that scales both books made the legs smaller, whatever the rest is."""
    factor = scalars.get(_SCALES.get(stage, ""))
    return bool(legs) and factor is not None and factor < 1.0


def _with_legs(rest: float | None, legs: float, scalars: Mapping[str, float | None]) -> float | None:
    """Where the rest and its legs meet; None where nothing says how far the legs were scaled."""
    gross, multiplier = (scalars.get(name) for name in _SCALES.values())
    return None if rest is None or gross is None or multiplier is None else rest + legs * gross * multiplier


def _differs(before: float | None, value: float | None) -> bool:
    if before is None or value is None:
        return before is not value
    return abs(before - value) > _SAME * max(1.0, abs(before), abs(value))
