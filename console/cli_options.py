"""Options that many commands share, spelled and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Db = Annotated[Path | None, typer.Option("--db", help="database of the engine that is meant")]
Config = Annotated[Path | None, typer.Option("-c", "--config", help="configuration file (TOML)")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Symbol = Annotated[str | None, typer.Option(help="of one symbol only")]
Since = Annotated[
    str | None, typer.Option(help="from this market time on: 2023-01-31, 2023-01-31T12:00 or milliseconds")
]
Limit = Annotated[
    int | None, typer.Option(min=0, help="newest rows only; 0: all, which is the default with --json")
]
Reason = Annotated[str, typer.Option(help="why, for the audit trail")]
Off = Annotated[bool, typer.Option("--off", help="end it")]
