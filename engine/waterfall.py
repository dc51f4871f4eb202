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
CAPS = ("type", "symbol", "cluster", "net", "gross", "drawdown", "state", "buffer")
"""The stages at which a cap binds that somebody sets."""
# A limit lowers a value; the others turn it into something else.
_LIMITS = ("conflict", *CAPS, "round")
_SAME = 1e-12


def with_bounds(stages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each {stage, value} with `bound` (a limit changed the value here) and `why` in words, "" where nothing changed.

    The neutral stage holds what market-neutral signals want beside the rest, which has the caps from `type` on to
    itself; in `state` the two meet, the legs scaled as the rest was by `gross` and `drawdown`.
    """
    told = []
    values = {stage["stage"]: stage["value"] for stage in stages}
    before: float | None = None
    for stage in stages:
        value, name = stage["value"], stage["stage"]
        if name == "neutral":
            why, bound = ("market-neutral signals add this" if value else ""), False
        else:
            legs = (values.get("neutral") or 0.0) if name == "state" else 0.0
            met = before if not legs else _with_legs(values, legs)
            changed = _differs(met, value) and name in _WHY
            why, bound = (_WHY[name] if changed else ""), changed and name in _LIMITS
            if legs and (met is None or not bound):
                why, bound = _MET, False
            before = value
        told.append({**stage, "bound": bound, "why": why})
    return told


def _with_legs(values: Mapping[str, float | None], legs: float) -> float | None:
    """Where the rest and its legs meet; None where nothing says how far the legs were scaled."""
    rest, before = values.get("drawdown"), values.get("net")
    return None if rest is None or not before else rest + legs * rest / before


def _differs(before: float | None, value: float | None) -> bool:
    if before is None or value is None:
        return before is not value
    return abs(before - value) > _SAME * max(1.0, abs(before), abs(value))
