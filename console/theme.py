"""The look of the screen: which themes there are, which one a terminal starts with, and the inks panes write with.

A pane names what it means ("loss", "stale", "halted"), never a colour; the files in `console.themes` say what that
looks like. Every ink is legible on its ground at a contrast of at least 4.5:1, and meaning never hangs on hue: words,
signs and glyphs come first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.theme import Theme

from console.themes.dark import DARK
from console.themes.data import ThemeData
from console.themes.high_contrast import HIGH_CONTRAST
from console.themes.light import LIGHT
from console.themes.no_color import NO_COLOR
from console.themes.sixteen import SIXTEEN

Inks = Mapping[str, Style]

_DATA: dict[str, ThemeData] = {data.name: data for data in (DARK, LIGHT, HIGH_CONTRAST, SIXTEEN, NO_COLOR)}
THEMES: tuple[str, ...] = tuple(_DATA)
PROFIT_PAIRS: tuple[str, ...] = tuple(DARK.pairs)
AUTO = "auto"
_SCROLLBAR_THUMBS = ("scrollbar", "scrollbar-hover", "scrollbar-active")
_SCROLLBAR_TRACKS = (
    "scrollbar-background",
    "scrollbar-background-hover",
    "scrollbar-background-active",
    "scrollbar-corner-color",
)


def theme_at_start(chosen: str, *, no_color: bool, color_system: str | None) -> str:
    """The theme a screen starts with.

    `no_color`: NO_COLOR is set, which no configuration overrules. `color_system`: what the terminal can show, as Rich
    names it (None: nothing, "standard": sixteen colours); it decides where nobody chose.
    """
    if no_color:
        return NO_COLOR.name
    if chosen != AUTO:
        return chosen
    return {None: NO_COLOR.name, "standard": SIXTEEN.name}.get(color_system, DARK.name)


def themes(profit_colours: str) -> tuple[Theme, ...]:
    """Every theme as Textual takes it, with the chosen pair for gain and loss."""
    return tuple(_textual_theme(data, profit_colours) for data in _DATA.values())


@lru_cache(maxsize=16)
def inks(theme: str, profit_colours: str) -> Inks:
    """The style of every ink of `theme`, to be laid over the widget's own ground."""
    data = _DATA[theme]
    gain, loss = data.pairs[profit_colours]
    return {name: Style.parse(style) for name, style in {**data.inks, "profit": gain, "loss": loss}.items()}


def _textual_theme(data: ThemeData, profit_colours: str) -> Theme:
    def colour(name: str) -> str:
        return f"ansi_{name}" if data.own_colours else name

    gain, loss = (style.color for style in map(Style.parse, data.pairs[profit_colours]))
    text, soft, focus = colour(data.text), colour(data.soft), colour(data.focus)
    return Theme(
        name=data.name,
        primary=colour(gain.name) if gain else text,
        secondary=colour(loss.name) if loss else text,
        accent=focus,
        warning=focus,
        error=colour(data.danger),
        success=focus,
        foreground=text,
        background=colour(data.ground),
        surface=colour(data.ground),
        panel=colour(data.panel),
        dark=data.dark,
        ansi=data.own_colours,
        text_alpha=1.0,
        variables={
            "box": colour(data.panel),
            "ansi-background": colour(data.ground),
            "ansi-foreground": text,
            "border": focus,
            "border-blurred": colour(data.frame),
            "soft": soft,
            "text-muted": soft,
            "text-disabled": soft,
            "frame": colour(data.frame),
            "frame-focus": focus,
            "danger": colour(data.danger),
            "live-frame": colour(data.live_frame),
            **dict.fromkeys(_SCROLLBAR_THUMBS, soft),
            **dict.fromkeys(_SCROLLBAR_TRACKS, colour(data.panel)),
            "chosen": colour(data.cursor),
            "chosen-text": colour(data.cursor_text),
            "chosen-style": data.cursor_style,
            "block-cursor-background": colour(data.cursor),
            "block-cursor-foreground": colour(data.cursor_text),
            "input-cursor-background": text,
            "input-cursor-foreground": colour(data.ground),
            "input-cursor-text-style": "reverse" if data.ground == data.text else "none",
        },
    )
