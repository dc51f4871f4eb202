"""Everything the operator can do, in one table: bindings, footer, help and palette are read from it and nowhere else.

An action belongs to a scope: the whole program, the desk (the five panes), every dialog, or one of them. `keys` are
the defaults; the keymap may give others by `id`. `call` is the method the scope's owner has for it, as Textual spells
actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["app", "desk", "dialog", "choice", "kill", "progress", "quit", "confirm", "resume", "help"]


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


PANES = ("signals", "weights", "positions", "limits", "log")
PANE_TITLES = {
    "signals": "Signals",
    "weights": "Weights",
    "positions": "Positions",
    "limits": "Risk",
    "log": "Log",
}
_PANE_WORDS = {
    "signals": "what each signal says of each symbol, and what is done about it",
    "weights": "how the signals are weighed, and how many symbols each has an opinion on",
    "positions": "what is held, at what price, and what it is worth",
    "limits": "how much of each risk limit is used, and which restrictions are in force",
    "log": "what happened",
}

_SAFETY = (
    Action(
        "kill.arm",
        "ctrl+k",
        "Kill switch",
        "Safety",
        "arm the kill switch: entries pause at once, then F or H decides, Esc disarms",
        "arm_kill",
        "app",
        priority=True,
        footer=0,
        palette=True,
    ),
    Action(
        "entries.pause",
        "p",
        "Pause entries",
        "Safety",
        "pause new entries, or let them go on; exits and stops always go on",
        "toggle_pause",
        "app",
        footer=3,
        palette=True,
    ),
    Action(
        "mode.reduce",
        "r",
        "Reduce",
        "Safety",
        "only orders that reduce exposure, or lift that again",
        "toggle_reduce",
        "app",
        footer=4,
        palette=True,
    ),
    Action(
        "mode.resume",
        "",
        "Resume trading",
        "Safety",
        "leave HALTED: asks for the word RESUME and a reason",
        "resume",
        "app",
        palette=True,
    ),
)

_PROGRAM = (
    Action(
        "quit",
        "q,ctrl+q,ctrl+c",
        "Quit…",
        "Program",
        "leave the screen, stop the engine, or neither: asks first",
        "ask_quit",
        "app",
        footer=1,
        palette=True,
    ),
    Action(
        "help",
        "question_mark",
        "Help",
        "Program",
        "every key, those of the focused pane first",
        "help",
        "app",
        footer=2,
        palette=True,
    ),
    Action("palette", "ctrl+p", "Palette", "Program", "find any action by name", "palette", "app", footer=6),
    Action(
        "mouse.toggle",
        "m",
        "Mouse",
        "Program",
        "mouse on or off; off, the terminal's own selection works",
        "toggle_mouse",
        "app",
        palette=True,
    ),
)

_PANE_ACTIONS = tuple(
    Action(
        f"pane.{place}",
        str(place),
        PANE_TITLES[name],
        "Panes",
        _PANE_WORDS[name],
        f"focus_pane('{name}')",
        "desk",
        palette=True,
    )
    for place, name in enumerate(PANES, 1)
)

_MOVES = (
    Action("pane.next", "tab", "Next pane", "Panes", "the next pane", "cycle_pane(1)", "desk"),
    Action(
        "pane.previous", "shift+tab", "Previous pane", "Panes", "the pane before", "cycle_pane(-1)", "desk"
    ),
    Action(
        "pane.zoom",
        "z",
        "Zoom",
        "Panes",
        "give the focused pane the whole screen, or take it back",
        "zoom",
        "desk",
        footer=5,
        palette=True,
    ),
    Action("nav.down", "j,down", "Down", "Move", "one row down", "move_cursor(1)", "desk"),
    Action("nav.up", "k,up", "Up", "Move", "one row up", "move_cursor(-1)", "desk"),
    Action("nav.left", "h,left", "Left", "Move", "columns to the left", "move_columns(-1)", "desk"),
    Action("nav.right", "l,right", "Right", "Move", "columns to the right", "move_columns(1)", "desk"),
    Action(
        "nav.half_down", "ctrl+d,pagedown", "Half down", "Move", "half a page down", "move_half(1)", "desk"
    ),
    Action("nav.half_up", "ctrl+u,pageup", "Half up", "Move", "half a page up", "move_half(-1)", "desk"),
    Action("nav.first", "g", "First", "Move", "the first row", "move_first", "desk", presses=2),
    Action("nav.last", "G", "Last", "Move", "the last row; in the log, follow it", "move_last", "desk"),
)

_LOG_LEVELS = tuple(
    Action(
        f"log.{level.lower()}",
        "",
        f"Log level {level}",
        "Log",
        f"show {level} and above in the log pane",
        f"log_level('{level}')",
        "app",
        palette=True,
    )
    for level in ("DEBUG", "INFO", "WARN", "ERROR")
)

_DIALOGS = (
    Action("dialog.next", "tab,down", "Next choice", "Dialogs", "the next choice", "next_choice", "dialog"),
    Action(
        "dialog.previous",
        "shift+tab,up",
        "Previous choice",
        "Dialogs",
        "the one before",
        "previous_choice",
        "dialog",
    ),
    Action(
        "dialog.choose",
        "enter",
        "Choose",
        "Dialogs",
        "take the choice that has the focus",
        "choose",
        "choice",
    ),
    Action(
        "kill.flatten",
        "F",
        "Halt, cancel, flatten",
        "Kill switch",
        "halt, cancel, flatten",
        "flatten",
        "kill",
    ),
    Action(
        "kill.halt",
        "H",
        "Halt, cancel, keep positions",
        "Kill switch",
        "halt, cancel, keep positions and their reduce-only stops",
        "halt",
        "kill",
    ),
    Action("kill.disarm", "escape", "Disarm", "Kill switch", "disarm; entries go on", "disarm", "kill"),
    Action(
        "kill.leave",
        "escape",
        "Back",
        "Kill switch",
        "back to the panes; the kill goes on",
        "leave",
        "progress",
    ),
    Action("quit.stay", "escape,s", "Stay", "Quit", "stay", "stay", "quit"),
    Action(
        "quit.leave", "u", "Leave the screen", "Quit", "leave the screen; the engine goes on", "leave", "quit"
    ),
    Action("quit.stop", "e", "Stop the engine", "Quit", "stop the engine, keep positions", "stop", "quit"),
    Action("quit.kill", "k", "Kill switch", "Quit", "open the kill switch", "kill", "quit"),
    Action(
        "pause.confirm", "P", "Pause or go on", "Confirm", "confirm the question of p", "pause", "confirm"
    ),
    Action(
        "reduce.confirm", "R", "Reduce or lift", "Confirm", "confirm the question of r", "reduce", "confirm"
    ),
    Action("confirm.cancel", "escape", "Cancel", "Confirm", "leave everything as it is", "cancel", "confirm"),
    Action("resume.cancel", "escape", "Cancel", "Resume", "stay HALTED", "cancel", "resume"),
    Action("help.close", "escape,q,question_mark", "Close", "Help", "close the help", "close", "help"),
)

ACTIONS: tuple[Action, ...] = (*_SAFETY, *_PROGRAM, *_PANE_ACTIONS, *_MOVES, *_LOG_LEVELS, *_DIALOGS)
BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}


def of_scope(*scopes: Scope) -> tuple[Action, ...]:
    """The actions of some scopes, in the order of the table."""
    return tuple(action for action in ACTIONS if action.scope in scopes)
