"""The configuration in force: every key, its value, its default and where it was set. Nothing can be changed here."""

from __future__ import annotations

from collections.abc import Sequence

from console.answers import ConfigFacts, Setting
from console.bindings import bindings
from console.details import Want
from console.format import NONE_SHOWN, counted
from console.read_answers import read_config
from console.screens.drill import Drill, Rows
from console.widgets.columns import Cell, Column
from console.widgets.ink import Line, cut
from engine.commands import DetailKind, Question

_QUESTION = Question(DetailKind.CONFIG)
_COLUMNS = (
    Column("key", 30, right=False),
    Column("value", 16),
    Column("default", 12, rank=1),
    Column("source", 14, right=False, grow=True),
    Column("unit", 22, right=False, rank=2),
    Column("what it is", 36, right=False, rank=3),
)


class ConfigurationScreen(Drill):
    """`key` is put into the filter: part of a key, or "" for all."""

    SCOPES = ("config",)
    BINDINGS = bindings("screen", "config")
    ORDER = "by section"

    _only_differences = False

    @property
    def heading(self) -> str:
        return "CONFIGURATION"

    def on_mount(self) -> None:
        if self.key:
            self.rows.set_filter(self.key)

    def state(self) -> Line:
        known: ConfigFacts | None = self.known(_QUESTION)
        if known is None:
            return ()
        changed = sum(differs(row) for row in known.rows)
        shown: tuple[str, str] = (
            ("only differences", "warn") if self._only_differences else ("all keys", "soft")
        )
        return (
            shown,
            (" · ", "frame"),
            (f"{changed} of {counted(len(known.rows), 'key', 'keys')} differ", "soft"),
        )

    def wants(self) -> Sequence[Want]:
        if self.snapshot is None:
            return []
        weights = tuple((row.name, row.enabled, row.weight) for row in self.snapshot.weights)
        return [Want(_QUESTION, (self.snapshot.config_hash, weights), read_config)]

    def head(self, width: int) -> Sequence[Line]:
        known: ConfigFacts | None = self.known(_QUESTION)
        running = "" if self.snapshot is None else self.snapshot.config_hash
        line = [(" running ", "soft"), (running or NONE_SHOWN, "strong")]
        if known is not None and running and known.hash and known.hash != running:
            line += [(f"  what is shown is {known.hash}: the configuration was reloaded", "warn")]
        profile = "" if self.snapshot is None else self.snapshot.profile
        line += [("  profile ", "soft"), (profile, "plain")] if profile else []
        return [cut([*line, ("  read-only: change config.toml or use quarterdeck run --set", "soft")], width)]

    def table(self, tab: int) -> Rows:
        known: ConfigFacts | None = self.known(_QUESTION)
        rows = {
            row.key: row
            for row in (() if known is None else known.rows)
            if differs(row) or not self._only_differences
        }
        nothing = "Nothing differs from the defaults." if self._only_differences else "No keys."
        return Rows(
            _COLUMNS, list(rows), lambda key: setting_cells(rows[key]), self.waiting_words(_QUESTION, nothing)
        )

    def row_words(self, key: str) -> str:
        known: ConfigFacts | None = self.known(_QUESTION)
        row = None if known is None else next((row for row in known.rows if row.key == key), None)
        return "" if row is None else f"{row.value or 'not set'} ({row.source}): {row.description}"

    def action_differences(self) -> None:
        self._only_differences = not self._only_differences
        self.show(self.view)


def differs(row: Setting) -> bool:
    """Whether the value is another than the default, whoever set it."""
    return row.value != row.default


def setting_cells(row: Setting) -> list[Cell]:
    """One key."""
    ink = "strong" if differs(row) else "plain"
    return [
        Cell(row.key, ink),
        Cell(row.value or NONE_SHOWN, ink),
        Cell(row.default or NONE_SHOWN, "soft"),
        Cell(row.source, "plain" if differs(row) else "soft"),
        Cell(row.unit, "soft"),
        Cell(row.description, "soft"),
    ]
