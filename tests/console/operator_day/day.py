"""A day's work at the console, as the runbook has it: without a mouse, and the same at every size of terminal."""

from __future__ import annotations

from tests.console.operator_day.steps import Answer, Chapter, Look, Press, PullThePlug, Shell, Write

RUN = "quarterdeck run --db day.db --speed 3600"

DAY = (
    Chapter(
        "Begin the day: the first screen explains itself once, then the engine trades",
        (
            Shell(RUN, sees="WELCOME"),
            Answer("Escape", question="WELCOME", sees="ACTIVE"),
            Look("kill: ready"),
            Look("HOLD"),
        ),
    ),
    Chapter(
        "Find a key I have forgotten",
        (Press("?", sees="HELP"), Answer("Escape", question="HELP", sees="SIGNALS")),
    ),
    Chapter(
        "Why was this order sized so? The waterfall, down to the cap that bound it",
        (
            Press("o", sees="ORDERS"),
            Press("/", sees="every word, in any column"),
            Write("BTC open", sees="/BTC open"),
            Press("Enter", sees="▸"),
            Press("Enter", sees="WHY sell BTCUSDT"),
            Look("READINGS"),
            Look("bound by risk.max_net"),
            Press("Escape", sees="ORDERS", gone="WHY"),
            Press("Escape", sees="SIGNALS", gone="ORDERS"),
        ),
    ),
    Chapter(
        "A signal has lost my trust: put it in shadow, look, switch it on again",
        (
            Press("2", sees="▸A1"),
            Press("t", sees="PUT A1 IN SHADOW?"),
            Answer("T", question="PUT A1 IN SHADOW?", sees="2 of 3 on"),
            Press("Enter", sees="SIGNAL A1"),
            Press("Escape", sees="▸A1", gone="SIGNAL A1"),
            Press("t", sees="SWITCH A1 ON?"),
            Answer("T", question="SWITCH A1 ON?", sees="3 of 3 on"),
        ),
    ),
    Chapter(
        "Give a signal less weight",
        (
            Press("w", sees="WEIGHT OF A1?"),
            Write("0.2", sees="Enter, then the key below changes it."),
            Press("Enter", sees="▸ [Esc]"),
            Answer("W", question="WEIGHT OF A1?", sees="0.25"),
        ),
    ),
    Chapter(
        "Out of one symbol, and in again",
        (
            Press("3", sees="▸BTCUSDT"),
            Press("/", sees="every word, in any column"),
            Write("SOL", sees="/SOL"),
            Press("Enter", sees="▸SOLUSDT"),
            Press("x", sees="FLATTEN SOLUSDT?"),
            Answer("X", question="FLATTEN SOLUSDT?", sees="No row contains"),
            Press("/", sees=" SOL "),
            Press("Escape", sees="▸", gone=" SOL "),
            Press("1", sees="SIGNALS"),
            Press("/", sees="every word, in any column"),
            Write("SOL", sees="/SOL"),
            Press("Enter", sees="▸SOLUSDT"),
            Press("x", sees="LET SOLUSDT TRADE AGAIN?"),
            Answer("X", question="LET SOLUSDT TRADE AGAIN?", sees="may trade again"),
            Press("/", sees=" SOL "),
            Press("Escape", sees="ETHUSDT", gone=" SOL "),
        ),
    ),
    Chapter(
        "Cancel one order",
        (
            Press("o", sees="ORDERS"),
            Press("/", sees="every word, in any column"),
            Write("BTC stop accepted", sees="/BTC stop"),
            Press("Enter", sees="▸"),
            Press("x", sees="CANCEL ORDER?"),
            Look("It protects BTCUSDT"),
            Answer("C", question="CANCEL ORDER?", sees="canceled"),
            Press("Escape", sees="SIGNALS", gone="ORDERS"),
        ),
    ),
    Chapter(
        "Take no new entries while the numbers come out",
        (
            Press("p", sees="PAUSE ENTRIES?"),
            Answer("P", question="PAUSE ENTRIES?", sees="operator pause"),
            Look("REDUCING"),
            Press("p", sees="LET ENTRIES GO ON?"),
            Answer("P", question="LET ENTRIES GO ON?", sees="ACTIVE"),
        ),
    ),
    Chapter(
        "Read in peace: sort, copy, zoom, freeze",
        (
            Press("3", sees="▸"),
            Press("s", sees="sort symbol"),
            Press("S", sees="sort symbol"),
            Press("y", sees="Sent to terminal"),
            Press("z", sees="POSITIONS"),
            Press("z", sees="POSITIONS"),
            Press("f", sees="FROZEN"),
            Press("f", sees="▸", gone="FROZEN"),
        ),
    ),
    Chapter(
        "Who did what? And by which configuration?",
        (
            Press("a", sees="AUDIT"),
            Look("weight"),
            Press("Escape", sees="POSITIONS", gone="AUDIT"),
            Press("c", sees="CONFIGURATION"),
            Press("Escape", sees="POSITIONS", gone="CONFIGURATION"),
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
        "Go home: the engine stops, positions are kept, of which there are none",
        (Press("q", sees="QUIT?"), Answer("e", question="QUIT?", sees="main: stopped")),
    ),
    Chapter(
        "Start again: the halt has outlived the night",
        (Shell(RUN, sees="HALTED"), Look("kill: flat")),
    ),
    Chapter(
        "The machine fails, and the halt outlives that too",
        (PullThePlug(), Shell(RUN, sees="HALTED"), Look("kill: flat")),
    ),
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
            Press("1", sees="HOLD"),
        ),
    ),
    Chapter(
        "Leave the books in order",
        (
            Press("q", sees="QUIT?"),
            Answer("e", question="QUIT?", sees="main: stopped"),
            Shell("quarterdeck commands --db day.db", sees="resume"),
            Shell("quarterdeck audit verify --db day.db", sees="ok"),
        ),
    ),
)
