"""A day's work at the console, as the runbook has it: without a mouse, and the same at every size of terminal."""

from __future__ import annotations

from tests.console.operator_day.steps import Answer, Chapter, Look, Press, PullThePlug, Shell, Write

RUN = Shell("quarterdeck run --db day.db --speed 3600", sees="BTCUSDT")

DAY = (
    Chapter("Begin the day", (RUN, Look("ACTIVE"), Look("kill: ready"))),
    Chapter(
        "See who holds what",
        (
            Press("3 z", sees="POSITIONS"),
            Look("BTCUSDT"),
            Press("G", sees="▸"),
            Press("g g", sees="▸BTCUSDT"),
            Press("z", sees="POSITIONS"),
        ),
    ),
    Chapter(
        "Find a key I have forgotten",
        (Press("?", sees="HELP"), Answer("Escape", question="HELP", sees="POSITIONS")),
    ),
    Chapter(
        "Take no new entries while the numbers come out",
        (
            Press("p", sees="PAUSE ENTRIES?"),
            Answer("P", question="PAUSE ENTRIES?", sees="operator pause"),
            Press("p", sees="LET ENTRIES GO ON?"),
            Answer("P", question="LET ENTRIES GO ON?", sees="ACTIVE"),
        ),
    ),
    Chapter(
        "Stop everything",
        (
            Press("C-k", sees="KILL SWITCH ARMED"),
            Look("entries are paused"),
            Answer("F", question="KILL SWITCH ARMED", sees="FLAT: the venue confirms it."),
            Answer("Escape", question="FLAT: the venue", sees="HALTED"),
        ),
    ),
    Chapter(
        "Leave the screen, and stop the engine",
        (Press("q", sees="QUIT?"), Answer("e", question="QUIT?", sees="main: stopped")),
    ),
    Chapter(
        "Start again: the halt has outlived the night",
        (RUN, Look("HALTED"), Look("kill: flat")),
    ),
    Chapter("The machine fails", (PullThePlug(), RUN, Look("HALTED"))),
    Chapter(
        "Trade again, with the word and a reason",
        (
            Press("C-p", sees="Find an action"),
            Write("resume", sees="Resume trading", gone="Kill switch"),
            Press("Enter", sees="RESUME TRADING"),
            Write("RESUME", sees="A reason is needed too."),
            Press("Enter", sees="A reason is needed too."),
            Write("looked into it", sees="Enter resumes trading."),
            Answer("Enter", question="RESUME TRADING", sees="ACTIVE"),
            Look("HOLD"),
        ),
    ),
)
