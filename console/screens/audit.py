"""The audit trail, newest first, and the operator's commands: who did what, from what to what, why, and to what end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from console.answers import AuditFacts, AuditRow, CommandLine
from console.arrangement import Size
from console.bindings import bindings
from console.details import Want
from console.format import counted
from console.read_answers import read_audit, read_commands
from console.screens.audit_cells import (
    audit_cells,
    audit_columns,
    audit_words,
    command_cells,
    command_columns,
    command_words,
)
from console.screens.audit_export import Table, audit_table, commands_table, export_path, write_table
from console.screens.drill import Drill, Rows
from console.widgets.ink import Line
from engine.commands import DetailKind, Question

_TRAIL, _COMMANDS = range(2)
SHOWN = 500
_NEWEST = Question(DetailKind.AUDIT, {"limit": str(SHOWN)})
_ASKED = Question(DetailKind.COMMANDS, {"limit": str(SHOWN)})
_CHAIN = Question(DetailKind.AUDIT, {"limit": "1", "verify": "true"})


class AuditScreen(Drill):
    """`key` is put into the filter: a word, or "" for all. A filter also finds rows older than those that are shown."""

    SCOPES = ("tabs", "audit")
    BINDINGS = bindings("screen", "tabs", "audit")
    TABS = ("Trail", "Commands")
    ORDER = "newest"

    _verifications = 0

    @property
    def heading(self) -> str:
        return "AUDIT"

    def on_mount(self) -> None:
        if self.key:
            self.rows.set_filter(self.key)

    def state(self) -> Line:
        count = len(self._trail()) if self._tab == _TRAIL else len(self._commands())
        words = f"newest {counted(count, 'row', 'rows')}" if count >= SHOWN else counted(count, "row", "rows")
        return [*self._chain(), (" · ", "frame"), (words, "soft")]

    def wants(self) -> Sequence[Want]:
        snapshot = self.snapshot
        if snapshot is None:
            return []
        mark = (snapshot.state, snapshot.overrides, snapshot.decisions, snapshot.config_hash)
        wanted = [Want(_NEWEST, mark, read_audit)]
        if self._tab == _COMMANDS:
            wanted.append(Want(_ASKED, mark, read_commands))
        elif self.rows.filter:
            wanted.append(Want(self._search(), mark, read_audit, slot="search"))
        if self._verifications:
            wanted.append(Want(_CHAIN, self._verifications, read_audit, slot="chain"))
        return wanted

    def head(self, width: int) -> Sequence[Line]:
        return []

    def table(self, tab: int) -> Rows:
        wide = self.size_class is Size.WIDE
        if tab == _TRAIL:
            rows = self._trail()
            empty = self.waiting_words(
                _NEWEST, "Nothing was audited yet: every command and restriction will be."
            )
            return Rows(audit_columns(wide=wide), list(rows), lambda key: audit_cells(rows[key]), empty)
        asked, mode = self._commands(), self.view.mode
        empty = self.waiting_words(_ASKED, "Nobody has commanded anything yet: p pauses entries, ^k kills.")
        return Rows(
            command_columns(wide=wide), list(asked), lambda key: command_cells(asked[key], mode), empty
        )

    def row_words(self, key: str) -> str:
        if self._tab == _TRAIL:
            return audit_words(self._trail()[key])
        return command_words(self._commands()[key])

    def on_live_table_rearranged(self) -> None:
        self.show(self.view)

    def action_next_tab(self, steps: int) -> None:
        super().action_next_tab(steps)
        self.show(self.view)

    def action_verify(self) -> None:
        self._verifications += 1
        self.show(self.view)

    def action_export(self) -> None:
        keys = list(self.rows.keys)
        if not keys:
            self.owner.say("Nothing to export.")
            return
        if self._tab == _TRAIL:
            trail = self._trail()
            name, table = "audit", audit_table([trail[key] for key in keys])
        else:
            asked = self._commands()
            name, table = "commands", commands_table([asked[key] for key in keys], self.view.mode)
        database = "" if self.snapshot is None else self.snapshot.database
        path = export_path(database, name, self.view.wall_ms)
        self.run_worker(self._export(path, table, len(keys)), exit_on_error=False)

    async def _export(self, path: Path, table: Table, count: int) -> None:
        try:
            written = await asyncio.to_thread(write_table, path, table)
        except OSError as error:
            self.owner.say(f"Not written: {path}: {error.strerror or error}. Make its folder writable.")
        else:
            self.owner.say(f"{counted(count, 'row', 'rows')} in {written}")

    def _search(self) -> Question:
        """What the engine looks for in the whole trail; each word is then looked for in what it finds."""
        longest = max(self.rows.filter.split(), key=len, default="")
        return Question(DetailKind.AUDIT, {"limit": str(SHOWN), "text": longest})

    def _trail(self) -> dict[str, AuditRow]:
        newest: AuditFacts | None = self.known(_NEWEST)
        found: AuditFacts | None = self.known(self._search()) if self._tables[_TRAIL].filter else None
        rows = {row.sequence: row for facts in (newest, found) if facts is not None for row in facts.rows}
        return {str(sequence): rows[sequence] for sequence in sorted(rows, reverse=True)}

    def _commands(self) -> dict[str, CommandLine]:
        rows: Sequence[CommandLine] = self.known(_ASKED) or ()
        return {str(row.sequence): row for row in rows}

    def _chain(self) -> Line:
        """Whether the trail is whole: found by the engine, in the whole of it, when somebody asked."""
        if not self._verifications:
            return ((f"chain not checked, {self.key_of('audit.verify')} checks", "soft"),)
        facts: AuditFacts | None = self.known(_CHAIN)
        if facts is None or not facts.chain:
            answer = self.fault(_CHAIN)
            return ((f"chain: {answer}", "warn"),) if answer else (("checking the chain...", "soft"),)
        if facts.broken:
            return ((f"CHAIN BROKEN: {facts.chain}", "breach"),)
        return ((f"chain whole, {facts.chain}, {self.age_of(_CHAIN)} ago", "plain"),)
