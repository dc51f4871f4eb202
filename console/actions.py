"""Everything the operator can do, in one table: bindings, footer, help and palette are read from it and nowhere else.

An action belongs to a scope: the whole program, the desk (the five panes), every screen over it, every dialog, or one
of them. `keys` are the defaults; the keymap may give others by `id`. `call` is the method the scope's owner has for
it, as Textual spells actions.
"""

from __future__ import annotations

from console.action import Action, Scope
from console.actions_desk import DESK_ACTIONS, PANE_TITLES, PANES
from console.actions_dialogs import DIALOG_ACTIONS
from console.actions_screens import SCREEN_ACTIONS

__all__ = ["ACTIONS", "BY_ID", "INTERVENTIONS", "PANES", "PANE_TITLES", "Action", "Scope", "of_scope"]

ACTIONS: tuple[Action, ...] = (*DESK_ACTIONS, *SCREEN_ACTIONS, *DIALOG_ACTIONS)
INTERVENTIONS = frozenset(action.call.partition("(")[0] for action in ACTIONS if action.intervenes)
BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}


def of_scope(*scopes: Scope) -> tuple[Action, ...]:
    """The actions of some scopes, in the order of the table; "screen" has those of the desk it shares as well."""
    return tuple(a for a in ACTIONS if a.scope in scopes or (a.on_screens and "screen" in scopes))
