"""One signal: what it is, its reading of one symbol over time, the numbers behind it, and what it says of the others.

Opened from a symbol or from a signal; left and right walk through the signals, up and down through the symbols.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual.widget import Widget

from console.actions import BY_ID
from console.answers import SignalFacts
from console.arrangement import Size
from console.bindings import bindings, bindings_of
from console.details import Details, Want
from console.publisher import View
from console.read_answers import read_signal
from console.screens.drill import READING, Drill, Rows
from console.screens.signal_lines import (
    about_line,
    kinship_line,
    reading_lines,
    record_lines,
    series_of,
    settings_lines,
    statistic_lines,
    symbol_cells,
    symbol_columns,
    symbol_lines,
    weight_lines,
)
from console.weight_words import estimate_of
from console.widgets.faded import faded_line
from console.widgets.ink import Line, cut
from console.widgets.lines import Lines
from console.widgets.plot import Plot
from engine.commands import DetailKind, Question
from engine.snapshot import SignalCell, SignalRow, WeightRow

HISTORY = 500
# A long head on a small screen leaves the table its rows, and the plot the fewest it can be read in.
_LONG_HEAD, _LEAST_PLOT = 8, 4
_MOST_KIN = {Size.NARROW: 3, Size.MID: 5, Size.WIDE: 9}
_PLOT_HEIGHTS = {Size.NARROW: 6, Size.MID: 9, Size.WIDE: 17}


class SignalScreen(Drill):
    """`key`: a symbol, a signal, or both with a blank between."""

    SCOPES = ("signal",)
    ALSO = (BY_ID["signal.switch"], BY_ID["signal.weight"])
    BINDINGS: ClassVar = [*bindings("screen", "signal"), *bindings_of(ALSO)]
    TELLS_ROW = False
    ORDER = "as traded"
    DEFAULT_CSS = """
    SignalScreen Plot { height: 6; }
    SignalScreen .statistics { height: 0; }
    """

    def __init__(self, keymap: Mapping[str, str], view: View, details: Details, key: str) -> None:
        super().__init__(keymap, view, details, key)
        self._signal, self._first_symbol = "", ""
        self._choose()
        self._facts: SignalFacts | None = None
        self._plot = Plot()
        self._statistics = Lines(classes="statistics")

    def middle(self) -> Iterable[Widget]:
        yield self._plot
        yield self._statistics

    @property
    def names(self) -> list[str]:
        """The signals that can be walked through."""
        snapshot = self.snapshot
        if snapshot is None:
            return []
        cells = (cell.name for row in snapshot.signals for cell in row.cells)
        return list(dict.fromkeys([*(row.name for row in snapshot.weights), *cells]))

    @property
    def symbol(self) -> str:
        """The symbol whose reading is shown."""
        return self._first_symbol or self.rows.cursor_key or next(iter(self._symbols), "")

    @property
    def heading(self) -> str:
        return f"SIGNAL {self._signal}" + (f" · {self.symbol}" if self.symbol else "")

    def state(self) -> Line:
        names = self.names
        if self._signal not in names:
            return ()
        return ((f"{names.index(self._signal) + 1} of {len(names)} ← →", "soft"),)

    def show(self, view: View) -> None:
        if not self._signal:
            self.keep(view)
            self._choose()
        super().show(view)

    def wants(self) -> Sequence[Want]:
        decided = None if self.snapshot is None else self.snapshot.decision_ts_ms
        changed = "" if self._weight is None else self._weight.change
        return [Want(self._question, (decided, changed), read_signal)] if self._signal else []

    def head(self, width: int) -> Sequence[Line]:
        if not self._signal:
            return [((" No signal is computed here. Enable one under [signals] in config.toml.", "warn"),)]
        facts, weight, row = self._of_signal(), self._weight, self._symbols.get(self.symbol)
        estimate = estimate_of(weight, () if self.snapshot is None else self.snapshot.estimates)
        lines: list[Line] = [
            about_line(self._signal, weight, facts),
            *weight_lines(weight, estimate, width),
            *record_lines(weight, width),
            *kinship_line(facts, _MOST_KIN[self.size_class]),
            # The configuration has them all; on a small screen the symbols need their rows.
            *settings_lines(
                facts, width, 1 if estimate is not None and self.size_class is Size.NARROW else 2
            ),
        ]
        if row is not None:
            lines += symbol_lines(row, self.view.silent_ms, width)
            lines += reading_lines(self._cell(row), weight, facts, self.symbol, self.market_ms, width)
        return [cut(line, width) for line in lines]

    def table(self, tab: int) -> Rows:
        rows = self._symbols
        return Rows(
            symbol_columns(),
            list(rows),
            lambda symbol: symbol_cells(rows[symbol], self._cell(rows[symbol])),
            ["No symbols. Name some with --symbols, or leave it out for all the market has."],
        )

    def drawn(self) -> None:
        if self._first_symbol and self._symbols:
            wanted, self._first_symbol = self._first_symbol, ""
            self.go_to(wanted)
        self._draw_plot()
        facts = self._of_signal()
        reading = None if facts is None else facts.reading(self.symbol)
        lines = statistic_lines(reading, self._head.size.width)
        if self.view.silent:
            lines = [faded_line(line) for line in lines]
        if len(lines) != len(self._statistics.lines):
            self._statistics.styles.height = len(lines)
        self._statistics.show(lines)

    def moved(self) -> None:
        self.show(self.view)

    def action_move_columns(self, steps: int) -> None:
        names = self.names
        if names:
            at = names.index(self._signal) if self._signal in names else 0
            self._signal = names[(at + steps) % len(names)]
            self.show(self.view)

    def action_switch_signal(self) -> None:
        self.owner.interventions.switch(self._signal)

    def action_change_weight(self) -> None:
        self.owner.interventions.weigh(self._signal)

    def action_set_parameters(self) -> None:
        facts = self._of_signal()
        if facts is None or not facts.parameters:
            self.owner.say(f"The parameters of {self._signal or 'no signal'} are not known yet.")
        else:
            self.owner.interventions.set_parameters(self._signal, facts.parameters)

    def _choose(self) -> None:
        """Take signal and symbol from the key, as soon as a picture says which is which."""
        names = self.names
        if names:
            words = self.key.split()
            self._signal = next((word for word in words if word in names), names[0])
            self._first_symbol = next((word for word in words if word not in names), "")

    @property
    def _question(self) -> Question:
        arguments = {"name": self._signal, "symbol": self.symbol, "limit": str(HISTORY)}
        return Question(DetailKind.SIGNAL, arguments)

    @property
    def _symbols(self) -> dict[str, SignalRow]:
        return {} if self.snapshot is None else {row.symbol: row for row in self.snapshot.signals}

    @property
    def _weight(self) -> WeightRow | None:
        rows = () if self.snapshot is None else self.snapshot.weights
        return next((row for row in rows if row.name == self._signal), None)

    def _cell(self, row: SignalRow) -> SignalCell | None:
        return next((cell for cell in row.cells if cell.name == self._signal), None)

    def _of_signal(self) -> SignalFacts | None:
        """The newest facts of this signal: those of another symbol hold all but the history."""
        known: SignalFacts | None = self.known(self._question)
        if known is not None:
            self._facts = known
        return self._facts if self._facts is not None and self._facts.name == self._signal else None

    def _draw_plot(self) -> None:
        height = _PLOT_HEIGHTS[self.size_class]
        if self.size_class is Size.NARROW and len(self._head.lines) > _LONG_HEAD:
            height = _LEAST_PLOT
        if self._plot.styles.height is None or self._plot.styles.height.value != height:
            self._plot.styles.height = height
        facts: SignalFacts | None = self.known(self._question)
        if facts is None:
            self._plot.draw(None, "" if self.fault(self._question) or not self._signal else READING)
        elif not facts.history:
            self._plot.draw(None, "No history yet: it is written with each new bar of the signal.")
        else:
            self._plot.draw(series_of(facts.history))
