"""What one action is: the row of the action table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal[
    "app",
    "desk",
    "screen",
    "orders",
    "audit",
    "dialog",
    "choice",
    "kill",
    "progress",
    "quit",
    "confirm",
    "resume",
    "help",
]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done.

    `priority`: works whatever has the focus, in text fields and dialogs too. `footer`: rank in the key footer, the
    lowest stays longest where room is short; None leaves it out. `palette`: offered in the command palette. `presses`:
    how often the key must be struck.
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
    palette: bool = False
    presses: int = 1
