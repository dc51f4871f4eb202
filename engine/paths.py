"""Where an engine keeps its things: the database says it all, and everything else lies beside it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.config import Configuration

APPLICATION = "quarterdeck"
# sockaddr_un holds 108 bytes with its closing zero.
SOCKET_PATH_BYTES = 100


def real_path(path: Path) -> Path:
    """The one path of a file, whatever links lead to it: what is named after a database lies beside the file itself, or
    two engines could run on it. Never raises."""
    return Path(os.path.realpath(path.expanduser()))


def database_path(configuration: Configuration, given: Path | None = None) -> Path:
    """--db, else [store] path, else <mode>-<account>.db in the user's data folder."""
    if given is not None:
        return real_path(given)
    if configuration.store.path is not None:
        return real_path(configuration.store.path)
    import platformdirs

    folder = Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))
    return real_path(folder / f"{configuration.run.mode.value}-{configuration.run.account}.db")


def socket_path(database: Path) -> Path:
    """The control socket beside the database; a name by hash in the runtime folder where that is too long."""
    beside = database.with_name(f"{database.name}.sock")
    if len(os.fsencode(beside)) <= SOCKET_PATH_BYTES:
        return beside
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    digest = hashlib.sha256(os.fsencode(database)).hexdigest()[:16]
    return folder / f"{APPLICATION}-{os.getuid()}-{digest}.sock"


def log_path() -> Path:
    """The log file of an engine under a screen, unless [log] file names another."""
    import platformdirs

    return Path(platformdirs.user_state_dir(APPLICATION, appauthor=False)) / "quarterdeck.log"
