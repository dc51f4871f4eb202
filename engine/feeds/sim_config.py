"""The [sim] section: when the embedded market begins and how much of its past is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from pydantic import Field

from engine.config_sections import Section


class SimConfig(Section):
    """The embedded market; its seed, symbols and bar size are those of [run]."""

    start: date = Field(
        date(2024, 1, 1),
        ge=date(1971, 1, 1),
        le=date(2100, 1, 1),
        json_schema_extra={"unit": "UTC day"},
        description="first day that is traded",
    )
    history_days: int = Field(
        600,
        ge=1,
        le=3_650,
        json_schema_extra={"unit": "days"},
        description="days of bars before the start, for signals to warm up on",
    )
    options: bool = Field(
        False,
        description="list options on bitcoin and ether beside the rest, for signals that are to hold them; they are "
        "listed in any case where the configuration enables such a signal (A9, C7, C8)",
    )

    @property
    def start_ms(self) -> int:
        """The first traded day's first moment, in milliseconds since 1970 UTC."""
        return int(datetime.combine(self.start, time(), UTC).timestamp()) * 1000
