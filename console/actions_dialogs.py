"""What the operator can do in dialogs: the keys that choose, confirm and cancel."""

from __future__ import annotations

from console.action import Action

DIALOG_ACTIONS: tuple[Action, ...] = (
    Action(
        "filter.keep",
        "enter",
        "Keep the filter",
        "Rows",
        "keep the filter, go back to the rows",
        "keep",
        "filter",
    ),
    Action("filter.clear", "escape", "Clear the filter", "Rows", "show every row again", "clear", "filter"),
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
    Action(
        "quit.stop",
        "e",
        "Stop the engine",
        "Quit",
        "stop the engine, keep positions",
        "stop",
        "quit",
        intervenes=True,
    ),
    Action("quit.kill", "k", "Kill switch", "Quit", "open the kill switch", "kill", "quit", intervenes=True),
    Action(
        "pause.confirm", "P", "Pause or go on", "Confirm", "confirm the question of p", "pause", "confirm"
    ),
    Action(
        "reduce.confirm", "R", "Reduce or lift", "Confirm", "confirm the question of r", "reduce", "confirm"
    ),
    Action(
        "stop.confirm",
        "S",
        "Stop the engine",
        "Confirm",
        "confirm stopping an engine that runs by itself",
        "stop",
        "confirm",
        intervenes=True,
    ),
    Action(
        "flatten.confirm",
        "X",
        "Flatten or let trade",
        "Confirm",
        "confirm the question of x",
        "flatten",
        "confirm",
    ),
    Action(
        "cancel.confirm",
        "C",
        "Cancel the order",
        "Confirm",
        "confirm cancelling the order",
        "confirm_cancel",
        "confirm",
    ),
    Action(
        "signal.confirm",
        "T",
        "Switch the signal",
        "Confirm",
        "confirm the question of t",
        "switch",
        "confirm",
    ),
    Action(
        "weight.confirm", "W", "Change the weight", "Confirm", "confirm the new weight", "change", "weight"
    ),
    Action("weight.cancel", "escape", "Cancel", "Confirm", "leave the weight as it is", "cancel", "weight"),
    Action(
        "parameters.confirm",
        "E",
        "Set the parameters",
        "Confirm",
        "confirm the new parameters",
        "change",
        "parameters",
    ),
    Action(
        "parameters.cancel",
        "escape",
        "Cancel",
        "Confirm",
        "leave the parameters as they are",
        "cancel",
        "parameters",
    ),
    Action("confirm.cancel", "escape", "Cancel", "Confirm", "leave everything as it is", "cancel", "confirm"),
    Action("resume.cancel", "escape", "Cancel", "Resume", "stay HALTED", "cancel", "resume"),
    Action("welcome.close", "escape", "Go on", "Help", "close the first words", "close", "welcome"),
    Action("help.close", "escape,q,question_mark", "Close", "Help", "close the help", "close", "help"),
)
