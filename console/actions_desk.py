"""What the operator can do on the desk and anywhere: safety, program, panes, moving, interventions."""

from __future__ import annotations

from console.action import Action
from strategies.blend.weighting.settings import Method

PANES = ("signals", "weights", "positions", "limits", "log")
PANE_TITLES = {
    "signals": "Signals",
    "weights": "Weights",
    "positions": "Positions",
    "limits": "Risk",
    "log": "Log",
}
THEME_NAMES = ("dark", "light", "high-contrast", "16-colours", "no-color")
_PANE_WORDS = {
    "signals": "what each signal says of each symbol, and what follows",
    "weights": "how the signals are weighed, and how many symbols each has an opinion on",
    "positions": "what is held, at what price, and what it is worth",
    "limits": "how much of each risk limit is used, and which restrictions are in force",
    "log": "what happened",
}


def _rows(
    id: str,
    keys: str,
    title: str,
    group: str,
    description: str,
    call: str,
    *,
    presses: int = 1,
    footer: int | None = None,
) -> Action:
    """What can be done with rows, on the desk and on the screens over it."""
    return Action(
        id,
        keys,
        title,
        group,
        description,
        call,
        "desk",
        presses=presses,
        footer=footer,
        on_screens=True,
    )


_SAFETY = (
    Action(
        "kill.arm",
        "ctrl+k",
        "Kill switch",
        "Safety",
        "arm the kill switch: entries pause at once, then F or H decides, Esc disarms",
        "arm_kill",
        "app",
        intervenes=True,
        priority=True,
        footer=0,
    ),
    Action(
        "entries.pause",
        "p",
        "Pause entries",
        "Safety",
        "pause new entries, or let them go on; exits and stops always go on",
        "toggle_pause",
        "app",
        intervenes=True,
        footer=5,
    ),
    Action(
        "mode.reduce",
        "r",
        "Reduce",
        "Safety",
        "only orders that reduce exposure, or lift that again",
        "toggle_reduce",
        "app",
        intervenes=True,
        footer=6,
    ),
    Action(
        "mode.resume",
        "",
        "Resume trading",
        "Safety",
        "leave HALTED: asks for the word RESUME and a reason",
        "resume",
        "app",
        intervenes=True,
    ),
    Action(
        "symbol.flatten",
        "x",
        "Flatten symbol",
        "Safety",
        "close the symbol of the row and keep it out of the market, or let it trade again",
        "flatten_symbol",
        "desk",
        intervenes=True,
    ),
    Action(
        "signal.switch",
        "t",
        "Signal on or off",
        "Safety",
        "put the signal of the row in Weights in shadow, or let it trade again",
        "switch_signal",
        "desk",
        intervenes=True,
    ),
    Action(
        "signal.weight",
        "w",
        "Signal weight",
        "Safety",
        "change the weight of the signal of the row in Weights, within its bounds",
        "change_weight",
        "desk",
        intervenes=True,
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
    ),
    Action(
        "screen.orders",
        "o",
        "Orders",
        "Program",
        "working orders and the last ones",
        "orders",
        "app",
        footer=9,
    ),
    Action(
        "screen.audit",
        "a",
        "Audit",
        "Program",
        "who did what, when and why; every command of the operator",
        "audit",
        "app",
        footer=10,
    ),
    Action(
        "screen.config",
        "c",
        "Config",
        "Program",
        "the configuration in force, each value with its source",
        "config",
        "app",
        footer=11,
    ),
    Action(
        "view.freeze",
        "f",
        "Freeze",
        "Program",
        "the display stands still, the engine goes on; the same key thaws it",
        "freeze",
        "app",
    ),
    Action(
        "view.export",
        "",
        "Save a picture",
        "Program",
        "write what the screen shows to an SVG file, and say where it is",
        "export_picture",
        "app",
    ),
    Action("palette", "ctrl+p", "Palette", "Program", "find any action by name", "palette", "app", footer=7),
    Action(
        "mouse.toggle",
        "m",
        "Mouse",
        "Program",
        "mouse on or off; off, the terminal's own selection works",
        "toggle_mouse",
        "app",
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
    )
    for place, name in enumerate(PANES, 1)
)

_PANE_KEYS = (
    Action(
        "open",
        "enter",
        "Detail",
        "Panes",
        "all there is to know of the row",
        "open",
        "desk",
        footer=3,
    ),
    Action(
        "back",
        "escape",
        "Back",
        "Panes",
        "show every row of the pane again; thaw the display",
        "back",
        "desk",
    ),
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
        footer=8,
    ),
)

_ROWS = (
    _rows("nav.down", "j,down", "Down", "Move", "one row down", "move_cursor(1)"),
    _rows("nav.up", "k,up", "Up", "Move", "one row up", "move_cursor(-1)"),
    _rows("nav.left", "h,left", "Left", "Move", "columns to the left", "move_columns(-1)"),
    _rows("nav.right", "l,right", "Right", "Move", "columns to the right", "move_columns(1)"),
    _rows("nav.half_down", "ctrl+d,pagedown", "Half down", "Move", "half a page down", "move_half(1)"),
    _rows("nav.half_up", "ctrl+u,pageup", "Half up", "Move", "half a page up", "move_half(-1)"),
    _rows("nav.first", "g", "First", "Move", "the first row", "move_first", presses=2),
    _rows("nav.last", "G", "Last", "Move", "the last row; in the log, follow it", "move_last"),
    _rows(
        "filter.open",
        "slash",
        "Filter",
        "Rows",
        "show only rows that contain what you type: each word, in any column",
        "filter",
        footer=4,
    ),
    _rows(
        "filter.next",
        "n",
        "Next found",
        "Rows",
        "the next row with the filter; in the log, with the lines around it",
        "find(1)",
    ),
    _rows("filter.previous", "N", "Previous found", "Rows", "the row with the filter before", "find(-1)"),
    _rows("sort.next", "s", "Sort", "Rows", "sort by the next column", "next_sort"),
    _rows("sort.reverse", "S", "Reverse", "Rows", "turn the order round", "reverse_sort"),
    _rows(
        "copy.row",
        "y",
        "Copy",
        "Rows",
        "send the row to the terminal's clipboard, and show its text",
        "copy_row",
        footer=12,
    ),
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
    )
    for level in ("DEBUG", "INFO", "WARN", "ERROR")
)

_METHODS = tuple(
    Action(
        f"weights.{method.value}",
        "",
        f"Weights by {method.value}",
        "Weights",
        f"weigh the signals by the method {method.value}: estimated at once, in effect at a bar that is said",
        f"weigh_by('{method.value}')",
        "app",
        intervenes=True,
    )
    for method in Method
)

_THEMES = tuple(
    Action(
        f"theme.{name}",
        "",
        f"Theme {name}",
        "Look",
        f"the colours of {name}, from now on and at the next start",
        f"theme('{name}')",
        "app",
    )
    for name in THEME_NAMES
)

DESK_ACTIONS: tuple[Action, ...] = (
    *_SAFETY,
    *_PROGRAM,
    *_PANE_ACTIONS,
    *_PANE_KEYS,
    *_ROWS,
    *_METHODS,
    *_LOG_LEVELS,
    *_THEMES,
)
