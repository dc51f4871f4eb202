"""The trading state: the most severe of all overrides in force, and how overrides come and go.

An override is known by its name and scope ("" for the whole book, else a symbol). HALTED ends by the
operator's resume alone: it never runs out, is never cleared by a rule and never replaced by anything milder.
"""

from __future__ import annotations

from collections.abc import Iterable

from store.records import Override, TradingState

Overrides = tuple[Override, ...]

OPERATOR = "operator"
"""`ends` of an override that waits for the operator."""


class OverrideRefused(ValueError):
    """A change to the overrides that would lift or soften HALTED without the operator."""


def effective_state(overrides: Iterable[Override]) -> TradingState:
    """The trading state of the whole book."""
    return max((override.state for override in overrides if not override.scope), default=TradingState.ACTIVE)


def find(overrides: Iterable[Override], name: str, scope: str = "") -> Override | None:
    for override in overrides:
        if override.name == name and override.scope == scope:
            return override
    return None


def set_override(overrides: Overrides, override: Override) -> Overrides:
    """With `override` in force; it replaces one of its name and scope, whose place it takes.

    Raises OverrideRefused where it would soften HALTED.
    """
    known = find(overrides, override.name, override.scope)
    if known is None:
        return (*overrides, override)
    if known.state is TradingState.HALTED and override.state is not TradingState.HALTED:
        raise OverrideRefused(
            f"override {known.name} holds HALTED and cannot become {override.state.name}: resume first"
        )
    return tuple(override if other is known else other for other in overrides)


def clear_override(overrides: Overrides, name: str, scope: str = "") -> Overrides:
    """Without the override of that name and scope. Raises OverrideRefused where it is HALTED."""
    known = find(overrides, name, scope)
    if known is None:
        return overrides
    if known.state is TradingState.HALTED:
        raise OverrideRefused(f"override {name} holds HALTED: only the operator's resume ends it")
    return tuple(other for other in overrides if other is not known)


def expired(overrides: Iterable[Override], now_ms: int) -> Overrides:
    """The overrides whose time has run out at `now_ms`; HALTED is never among them."""
    return tuple(
        override
        for override in overrides
        if override.until_ts_ms is not None
        and override.until_ts_ms <= now_ms
        and override.state is not TradingState.HALTED
    )


def resume(overrides: Overrides) -> Overrides:
    """After the operator's resume: without HALTED and without what waits for the operator.

    Restrictions that end by their own rule stay.
    """
    return tuple(
        override
        for override in overrides
        if override.state is not TradingState.HALTED and override.ends != OPERATOR
    )
