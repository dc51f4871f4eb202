"""One risk limit: what it measures, how much is used, what happens when it is reached, and what ends that."""

from __future__ import annotations

from collections.abc import Sequence

from console.answers import ConfigFacts
from console.details import Want
from console.format import NONE_SHOWN, age, bar, percent
from console.panes.limits import amount
from console.read_answers import read_config
from console.screens.drill import Drill, Rows
from console.screens.limit_words import Rule, rule_of
from console.widgets.columns import Cell, Column
from console.widgets.facts import wrapped
from console.widgets.ink import Line
from engine.commands import DetailKind, Question
from engine.snapshot import LimitRow, OverrideRow

_CONFIG = Question(DetailKind.CONFIG)
_NAME = 14
_BAR = 30
_INKS = {"ok": "ok", "WARN": "warn", "BREACH": "breach", "not armed": "stale"}
_COLUMNS = (
    Column("state", 8, right=False),
    Column("of", 14, right=False),
    Column("where", 10, right=False, rank=1),
    Column("since", 5),
    Column("ends", 18, right=False),
    Column("why", 18, right=False, grow=True),
    Column("set by", 18, right=False, rank=2),
)


class LimitScreen(Drill):
    """`key`: the name of the limit. Below it, every restriction in force, those of this limit first."""

    ORDER = "severity"

    @property
    def heading(self) -> str:
        return f"LIMIT {self.key}"

    def state(self) -> Line:
        row = self._row
        return () if row is None else ((status_words(row), _INKS.get(row.status, "warn")),)

    def wants(self) -> Sequence[Want]:
        return [] if self.snapshot is None else [Want(_CONFIG, self.snapshot.config_hash, read_config)]

    def head(self, width: int) -> Sequence[Line]:
        row = self._row
        if row is None:
            return [((f" {self.key} is not among the limits now.", "warn"),)]
        rule = rule_of(row.name)
        lines: list[Line] = [_used(row)]
        for name, words in (("what", rule.what), ("when reached", rule.effect), ("ends", rule.ends)):
            lines += _told(name, words, width)
        for key in rule.keys:
            lines += _told("set by", self._setting(key), width)
        return lines

    def table(self, tab: int) -> Rows:
        rows = {f"{each.name} {each.scope}": each for each in self._overrides(rule_of(self.key))}
        market_ms = self.market_ms
        return Rows(
            _COLUMNS,
            list(rows),
            lambda key: override_cells(rows[key], market_ms),
            ["No restriction is in force: nothing holds trading back."],
        )

    @property
    def _row(self) -> LimitRow | None:
        rows = () if self.snapshot is None else self.snapshot.limits
        return next((row for row in rows if row.name == self.key), None)

    def _overrides(self, rule: Rule) -> list[OverrideRow]:
        rows = () if self.snapshot is None else self.snapshot.overrides
        severity = {"HALTED": 0, "REDUCING": 1}
        return sorted(
            rows,
            key=lambda row: (
                row.name.replace(" ", "_") != rule.override,
                severity.get(row.state, 2),
                -row.since_ts_ms,
            ),
        )

    def _setting(self, key: str) -> str:
        config: ConfigFacts | None = self.known(_CONFIG)
        found = None if config is None else next((row for row in config.rows if row.key == key), None)
        if found is None:
            return f"{key}: {'not read yet' if config is None else NONE_SHOWN}"
        unit = f" {found.unit}" if found.unit else ""
        return f"{key} = {found.value}{unit}, from {found.source}"


def status_words(row: LimitRow) -> str:
    """The status of a limit, and that it is used up where that alone is no breach."""
    used_up = row.status == "WARN" and (row.used or 0.0) >= row.maximum
    return f"{row.status}, at the limit" if used_up else row.status


def override_cells(row: OverrideRow, market_ts_ms: int) -> list[Cell]:
    """One restriction in force."""
    ink = {"HALTED": "breach", "REDUCING": "warn"}.get(row.state, "plain")
    return [
        Cell(row.state, ink),
        Cell(row.name.replace("_", " "), "strong"),
        Cell(row.scope or "the book"),
        Cell(age(max(0, market_ts_ms - row.since_ts_ms)), "soft"),
        Cell(row.ends, "plain"),
        Cell(row.reason, "plain"),
        Cell(row.actor, "soft"),
    ]


def _used(row: LimitRow) -> Line:
    share = row.used / row.maximum if row.used is not None and row.maximum else None
    ink = _INKS.get(row.status, "warn")
    plain = "plain" if ink == "ok" else ink
    return [
        (f" {'used':<{_NAME}}", "soft"),
        (f"{amount(row.used, row.unit)} ", plain),
        (f"of {amount(row.maximum or None, row.unit)} ", "soft"),
        (bar(share, _BAR), plain),
        (f" {percent(share, 0)} ", "plain"),
        (row.status, ink),
    ]


def _told(name: str, words: str, width: int) -> list[Line]:
    """Words beside their name, on as many lines as they need."""
    lines: list[Line] = []
    for place, line in enumerate(wrapped(words, width - _NAME - 2)):
        lines.append([(f" {name if place == 0 else '':<{_NAME}}", "soft"), *line])
    return lines
