"""The action table as Textual's bindings."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingType

from console.actions import Action, Scope, of_scope


def bindings(*scopes: Scope) -> list[BindingType]:
    """A binding for each action of these scopes that has a key; the keymap finds it by its id."""
    return bindings_of(of_scope(*scopes))


def names_of(keys: Iterable[str]) -> frozenset[str]:
    """What Textual calls these keys in its events: `!` is struck as `exclamation_mark`."""
    return frozenset(one.key for one in Binding.make_bindings((key, "", "") for key in keys))


def bindings_of(actions: Iterable[Action]) -> list[BindingType]:
    """A binding for each of these actions that has a key."""
    return [
        Binding(action.keys, action.call, action.title, id=action.id, priority=action.priority, show=False)
        for action in actions
        if action.keys
    ]
