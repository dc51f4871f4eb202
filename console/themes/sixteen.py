"""The terminal's own sixteen colours on black: for a Linux console, a plain xterm, an old multiplexer.

Palettes differ, and some terminals make bold black grey or have no bright grounds, so only pairs are used that are
legible in all of the usual ones: no blue, dark red, dark magenta or grey as ink, no bright ground, no bold black. Gain
and loss are bright cyan and bright yellow, as near to blue and orange as the sixteen come.
"""

from console.themes.data import ThemeData

SIXTEEN = ThemeData(
    name="16-colours",
    dark=True,
    own_colours=True,
    ground="black",
    panel="black",
    text="bright_white",
    soft="white",
    frame="white",
    focus="bright_green",
    danger="bright_red",
    live_frame="bright_red",
    cursor="blue",
    cursor_text="bright_white",
    cursor_style="bold",
    pairs={"blue-orange": ("bright_cyan", "bright_yellow"), "green-red": ("bright_green", "bright_red")},
    inks={
        "plain": "bright_white",
        "strong": "bold bright_white",
        "soft": "white",
        "header": "white",
        "frame": "white",
        "frame-focus": "bright_green",
        "title": "bold bright_white",
        "title-focus": "bold bright_green",
        "gauge": "bright_green",
        "ok": "white",
        "warn": "bold bright_yellow",
        "breach": "bold bright_white on red",
        "danger": "bold bright_red",
        "stale": "italic white",
        "key": "bold bright_green",
        "mode": "black on cyan",
        "mode-paper": "black on white",
        "mode-live": "bold bright_white on red",
        "active": "bold bright_white",
        "reducing": "bold bright_yellow on blue",
        "halted": "bold bright_white on red",
        "armed": "bold bright_white on red",
        "cursor": "underline",
        "cursor-away": "",
        "flash": "reverse",
        "tab": "black on green",
        "veil": "white on black",
    },
)
