"""What a theme file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThemeData:
    """Colours and inks of one theme.

    A colour is `#RRGGBB`, one of the terminal's own sixteen (`bright_cyan`), or `default`, the terminal's choice.
    `own_colours`: the terminal's sixteen are sent as they are instead of being turned into RGB. `inks`: by name, a
    style as `bold #FFFFFF on #B3261E`. `pairs`: the styles of gain and loss by the name of the pair.
    """

    name: str
    dark: bool
    own_colours: bool
    ground: str
    panel: str
    text: str
    soft: str
    frame: str
    focus: str
    danger: str
    live_frame: str
    cursor: str
    cursor_text: str
    cursor_style: str
    pairs: Mapping[str, tuple[str, str]]
    inks: Mapping[str, str]
