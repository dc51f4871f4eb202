"""The [console] section: how the screen looks and how often it is drawn. Nothing here changes a decision."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from console.keymap import faults
from engine.config_sections import Section


class ConsoleConfig(Section):
    """What the operator may choose about the screen."""

    refresh_hz: float = Field(
        default=4.0,
        ge=0.5,
        le=10,
        description="how often the panes are brought up to date; half of it while the event loop lags, "
        "once a second where nothing moves (Hz)",
    )
    theme: Literal["auto", "dark", "light", "high-contrast", "16-colours", "no-color"] = Field(
        default="auto",
        description="colours of the screen; auto: dark, or 16-colours where the terminal has no more; "
        "NO_COLOR in the environment always starts no-color",
    )
    profit_colours: Literal["blue-orange", "green-red"] = Field(
        default="blue-orange", description="pair for gain and loss; sign and glyph say it too"
    )
    flash: bool = Field(
        default=False, description="show a changed cell reversed for one refresh; costs bytes"
    )
    mouse: bool = Field(
        default=False, description="take the mouse; without, the terminal's own selection works"
    )
    log_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = Field(
        default="INFO", description="least level shown in the log pane"
    )
    welcome: bool = Field(
        default=True, description="explain the panes on the first screen of a new database, once"
    )
    kill_disarm_s: float = Field(
        default=10.0,
        ge=1,
        le=60,
        description="an armed kill switch disarms itself after so long (s)",
    )
    keymap: dict[str, Annotated[str, Field(max_length=80)]] = Field(
        default_factory=dict,
        description='own keys by action, as "nav.down" = "n,down"; the help lists the actions',
    )

    @field_validator("keymap")
    @classmethod
    def _usable(cls, value: dict[str, str]) -> dict[str, str]:
        found = faults(value)
        if found:
            raise ValueError("; ".join(found))
        return value
