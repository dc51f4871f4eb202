"""Which engine a command means: its database by --db, else by the configuration, and the socket beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from console.command_faults import Usage
from engine.paths import database_path, real_path, socket_path

if TYPE_CHECKING:
    from engine.config import Configuration

CONFIG_FILE = "config.toml"


@dataclass(frozen=True, slots=True)
class Target:
    """One engine, running or not."""

    database: Path

    @property
    def socket(self) -> Path:
        """Its control socket, which exists while it runs."""
        return socket_path(self.database)


def find_target(database: Path | None, config: Path | None) -> Target:
    """--db needs no configuration, so that a broken one never keeps an operator from an engine.

    Raises ConfigFault.
    """
    if database is not None:
        return Target(real_path(database))
    return Target(database_path(loader(config)()))


def loader(
    config: Path | None, flags: dict[str, str | list[str]] | None = None, settings: Sequence[str] = ()
) -> Callable[[], Configuration]:
    """A function that reads the configuration anew each time. Raises Usage for a --set that is no assignment."""
    merged = (flags or {}) | dict(_assignment(text) for text in settings)
    path = config if config is not None else Path(CONFIG_FILE) if Path(CONFIG_FILE).is_file() else None

    def load() -> Configuration:
        from console.config import ConsoleConfig
        from engine.config import load_config

        return load_config(path, os.environ, merged, {"console": ConsoleConfig})

    return load


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise Usage(f"--set {text}: write it as section.key=value")
    return key.strip(), value.strip()
