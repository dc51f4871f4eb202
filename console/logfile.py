"""The log of an engine under a screen: a rotating file, written by a thread of its own, never by the event loop."""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from console.lines import LEVELS, line_of
from store.errors import translate

if TYPE_CHECKING:
    from engine.config_sections import LogConfig
    from store.records import Event

PROGRAM = "quarterdeck"
_LOGGING_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
}


class LogFile:
    """A listener for events; it also takes what the console's own modules log under `quarterdeck`.

    A file that can no longer be written to loses lines, never the engine. Raises StoreError where it cannot be opened.
    """

    def __init__(self, path: Path, config: LogConfig) -> None:
        self.path = path
        self._least = LEVELS.index(config.level)
        self._as_json = config.format == "json"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = _OwnersFile(
                path,
                maxBytes=config.rotate_mb * 1_000_000,
                backupCount=config.keep_files,
                encoding="utf-8",
                errors="backslashreplace",
            )
        except OSError as error:
            raise translate(error, path) from error
        self._file.setFormatter(_Formatter("%(asctime)s %(levelname)-5s %(name)-18s %(message)s"))
        self._file.handleError = lambda record: None  # type: ignore[method-assign]
        self._queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
        self._handler = QueueHandler(self._queue)
        self._listener = QueueListener(self._queue, self._file)
        self._listener.start()
        self._logger = logging.getLogger(PROGRAM)
        self._logger.addHandler(self._handler)
        self._logger.propagate = False

    def __call__(self, event: Event) -> None:
        if LEVELS.index(event.level) < self._least:
            return
        level = _LOGGING_LEVELS[event.level]
        line = line_of(event, self._as_json).rstrip("\n")
        record = logging.LogRecord(event.source, level, "", 0, line, None, None)
        record.whole_line = True
        self._queue.put(record)

    def close(self) -> None:
        """Write what waits and let go of the file."""
        self._logger.removeHandler(self._handler)
        self._listener.stop()
        self._file.close()


class _OwnersFile(RotatingFileHandler):
    """Every file it begins is readable by its owner alone, whatever the umask says."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


class _Formatter(logging.Formatter):
    """Events come as whole lines in market time; the program's own records are given one in wall time."""

    def format(self, record: logging.LogRecord) -> str:
        if getattr(record, "whole_line", False):
            return record.getMessage()
        return super().format(record)
