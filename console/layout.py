"""How the operator left the screen: pane, zoom, filters, sorts, theme, log level. Kept by the engine, by name.

Nothing waits for it: the screen paints as it is by default, and takes over what was remembered when that comes, as far
as the operator has not changed it meanwhile. What cannot be used is left out with a line in the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from console.details import FAULT, Details
from engine.commands import DetailKind, EngineLink, Question

_LOG = logging.getLogger("quarterdeck.console")
WELCOMED = "welcomed"
Values = Mapping[str, str]


class Layout:
    """Reads what was remembered, once, and remembers what has changed and then stayed for a turn.

    `apply` is given a name and its value, and says whether it could be used.
    """

    def __init__(self, link: EngineLink, details: Details, apply: Callable[[str, str], bool]) -> None:
        self._link = link
        self._details = details
        self._apply = apply
        self._asking: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._first: Values | None = None
        self._last: Values = {}
        self._kept: dict[str, str] = {}
        self._unseen: dict[str, str] = {}
        self.known: Values | None = None

    def turn(self, values: Values, *, engine_ready: bool, may_write: bool) -> None:
        """Called with what the screen is like now; the first time is what it is like by itself."""
        values = {**values, **self._unseen}
        before, self._last = self._last, values
        if self._first is None:
            self._first, self._kept = values, dict(values)
        if self._asking is None:
            if engine_ready:
                self._asking = asyncio.create_task(self._ask())
            return
        stayed = {name: value for name, value in values.items() if before.get(name) == value}
        changed = {name: value for name, value in stayed.items() if self._kept.get(name) != value}
        if changed and may_write and self._asking.done() and (self._writing is None or self._writing.done()):
            self._kept |= changed
            self._writing = asyncio.create_task(self._write(changed))

    def keep(self, name: str, value: str) -> None:
        """Remember something that cannot be seen from what the screen is like."""
        self._unseen[name] = value

    async def _ask(self) -> None:
        answer = await self._details.ask(Question(DetailKind.LAYOUT))
        values = answer.get("values")
        if FAULT in answer or not isinstance(values, dict):
            _LOG.warning("how the screen was left is not known: %s", answer.get(FAULT, "no values"))
            return
        self.known = {str(name): str(value) for name, value in values.items()}
        for name, value in self.known.items():
            if name == WELCOMED or self._last.get(name) != (self._first or {}).get(name):
                continue
            if self._apply(name, value):
                self._kept[name] = value
            else:
                _LOG.warning("the remembered %s %r cannot be used and is left out", name, value[:40])

    async def _write(self, values: Values) -> None:
        for name, value in values.items():
            try:
                await self._link.remember(name, value)
            except Exception as error:  # noqa: BLE001 - a layout that is lost must not cost the screen
                _LOG.warning("%s is not remembered: %s", name, error)
