"""What one action is: the row of the action table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal[
    "app",
    "desk",
    "screen",
    "tabs",
    "orders",
    "order",
    "position",
    "audit",
    "config",
    "signal",
    "filter",
    "dialog",
    "choice",
    "kill",
    "progress",
    "quit",
    "confirm",
    "weight",
    "parameters",
    "resume",
    "welcome",
    "help",
]

# What a screen over the desk has beside what all of them share: one line for each that has something of its own.
SCREENS: tuple[tuple[Scope, ...], ...] = (
    ("tabs", "orders", "order", "position"),
    ("orders", "order"),
    ("tabs", "audit"),
    ("config",),
    ("signal",),
)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done.

    `priority`: works whatever has the focus, in text fields and dialogs too. `footer`: rank in the key footer, the
    lowest stays longest where room is short; None leaves it out. `presses`: how often the key must be struck.
    `on_screens`: an action of the desk that the screens over it have as well.
    `intervenes`: it asks something of the engine, so a console that only watches refuses every action of this `call`.
    """

    id: str
    keys: str
    title: str
    group: str
    description: str
    call: str
    scope: Scope
    priority: bool = False
    footer: int | None = None
    presses: int = 1
    on_screens: bool = False
    intervenes: bool = False
