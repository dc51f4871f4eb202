"""Options that many commands share, spelled and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LARGEST = 2**63 - 1


def named_file(path: Path | None) -> Path | None:
    """The engine's other files are named after its database, so that one has to have a name."""
    try:
        if path is not None and not path.expanduser().absolute().name:
            raise typer.BadParameter(f"{path} is a folder; name a file")
    except RuntimeError:
        raise typer.BadParameter(f"{path}: there is no such home folder") from None
    return path


def countable(number: int | None) -> int | None:
    """More rows than the database can count are not to be asked for."""
    if number is not None and number > LARGEST:
        raise typer.BadParameter(f"{number} is too large; 0 shows all")
    return number


Db = Annotated[
    Path | None, typer.Option("--db", callback=named_file, help="database of the engine that is meant")
]
Config = Annotated[Path | None, typer.Option("-c", "--config", help="configuration file (TOML)")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Symbol = Annotated[str | None, typer.Option(help="of one symbol only")]
Since = Annotated[
    str | None, typer.Option(help="from this market time on: 2023-01-31, 2023-01-31T12:00 or milliseconds")
]
Limit = Annotated[
    int | None,
    typer.Option(
        min=0, callback=countable, help="newest rows only; 0: all, which is the default with --json"
    ),
]
Reason = Annotated[str, typer.Option(help="why, for the audit trail")]
Off = Annotated[bool, typer.Option("--off", help="end it")]
