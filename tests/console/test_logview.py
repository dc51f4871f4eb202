"""The log: it follows its end, and a word is found in it with what stood around it."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from console.theme import Inks, inks
from console.widgets.ink import plain_text
from console.widgets.logview import LogView
from engine.snapshot import LogLine
from tests.console.snapshots import MARKET_MS


class LogApp(App[None]):
    """One log on an empty screen."""

    def __init__(self, level: str = "INFO") -> None:
        super().__init__()
        self.log_view = LogView(level)

    @property
    def inks(self) -> Inks:
        return inks("dark", "blue-orange")

    def compose(self) -> ComposeResult:
        yield self.log_view

    @property
    def lines(self) -> list[str]:
        return [self.log_view.render_line(y).text.rstrip() for y in range(self.log_view.size.height)]


def line(sequence: int, message: str, level: str = "INFO", source: str = "engine.exec") -> LogLine:
    return LogLine(sequence, MARKET_MS + sequence * 1_000, level, source, message)


def book(count: int) -> list[LogLine]:
    """Every tenth line is of BTCUSDT, every seventh of level DEBUG."""
    return [
        line(
            place,
            f"{'BTCUSDT' if place % 10 == 0 else 'ETHUSDT'} fill {place}",
            "DEBUG" if place % 7 == 1 else "INFO",
        )
        for place in range(count)
    ]


def found(app: LogApp) -> str:
    on = app.log_view.cursor_line
    return "" if on is None else on.message


async def test_a_filter_leaves_lines_with_every_word_at_the_level() -> None:
    app = LogApp()
    async with app.run_test(size=(120, 10)):
        app.log_view.add(book(100))
        app.log_view.set_filter("btc FILL")
        assert [one.message for one in app.log_view.shown] == [
            f"BTCUSDT fill {n}" for n in range(0, 100, 10) if n % 7 != 1
        ]
        assert plain_text(app.log_view.title_words) == f"/btc FILL {len(app.log_view.shown)} of 85"
        app.log_view.add([line(100, "BTCUSDT fill late"), line(101, "ETHUSDT fill late")])
        assert app.log_view.shown[-1].message == "BTCUSDT fill late"
        app.log_view.level = "DEBUG"
        assert len(app.log_view.shown) == 11
        app.log_view.set_filter("")
        assert len(app.log_view.shown) == 102


@pytest.mark.parametrize("words", ["exec", "info", "fill 3"])
async def test_level_source_and_message_are_searched(words: str) -> None:
    app = LogApp()
    async with app.run_test(size=(120, 10)):
        app.log_view.add(book(5))
        app.log_view.set_filter(words)
        assert app.log_view.shown


async def test_finding_shows_each_line_among_its_neighbours() -> None:
    app = LogApp("DEBUG")
    async with app.run_test(size=(120, 11)) as pilot:
        app.log_view.add(book(100))
        app.log_view.set_filter("btcusdt")
        await pilot.pause()
        assert found(app) == "BTCUSDT fill 90"
        assert app.log_view.find(-1)
        await pilot.pause()
        assert found(app) == "BTCUSDT fill 80"
        assert plain_text(app.log_view.title_words) == "find btcusdt 9 of 10"
        assert ["fill 79" in text for text in app.lines].count(True) == 1
        assert "BTCUSDT fill 80" in app.lines[5]
        assert app.log_view.find(1)
        assert found(app) == "BTCUSDT fill 90"
        assert app.log_view.find(1)
        assert found(app) == "BTCUSDT fill 0"
        assert app.log_view.find(-1)
        assert found(app) == "BTCUSDT fill 90"
        app.log_view.set_filter("btcusdt")
        assert len(app.log_view.shown) == 10
        assert found(app) == "BTCUSDT fill 90"


async def test_what_was_looked_for_stands_out() -> None:
    app = LogApp()
    async with app.run_test(size=(120, 10)):
        app.log_view.add([line(1, "fill a.b FILL")])
        app.log_view.set_filter("fill a.b")
        marked = [s.text for s in app.log_view.render_line(0) if s.style is not None and s.style.reverse]
        assert marked == ["fill", "a.b", "FILL"]


async def test_finding_nothing_says_so_and_an_empty_filter_finds_nothing() -> None:
    app = LogApp()
    async with app.run_test(size=(120, 10)) as pilot:
        app.log_view.add(book(3))
        assert not app.log_view.find(1)
        app.log_view.set_filter("xyz")
        await pilot.pause()
        assert "No line contains 'xyz'." in app.lines[0]
        assert "Clear the filter to see all 2 lines." in app.lines[1]
        assert not app.log_view.find(1)
        assert plain_text(app.log_view.title_words) == "find xyz 0"


async def test_the_cursor_keeps_its_line_while_others_come_and_the_level_changes() -> None:
    app = LogApp("DEBUG")
    async with app.run_test(size=(120, 10)) as pilot:
        app.log_view.add(book(60))
        app.log_view.focus()
        await pilot.pause()
        assert app.log_view.following
        app.log_view.move_cursor(-20)
        assert not app.log_view.following
        assert found(app) == "ETHUSDT fill 39"
        app.log_view.add([line(60 + n, f"more {n}") for n in range(30)])
        assert found(app) == "ETHUSDT fill 39"
        assert app.lines[0].startswith("▸")
        app.log_view.level = "INFO"
        assert found(app) == "ETHUSDT fill 39"
        app.log_view.level = "ERROR"
        assert found(app) == ""
        app.log_view.level = "INFO"
        app.log_view.move_last()
        assert app.log_view.following
        assert found(app) == "more 29"


async def test_the_oldest_lines_fall_out_and_the_cursor_goes_with_its_line() -> None:
    app = LogApp()
    async with app.run_test(size=(120, 10)):
        app.log_view.add([line(n, f"old {n}") for n in range(2_000)])
        app.log_view.move_cursor(-100)
        app.log_view.add([line(2_000 + n, f"new {n}") for n in range(500)])
        assert found(app) == "old 1899"
        app.log_view.add([line(2_500 + n, f"new {n}") for n in range(1_600)])
        assert len(app.log_view.shown) == 2_000
        assert found(app) == app.log_view.shown[0].message


async def test_a_line_is_copied_whole() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 5)):
        assert app.log_view.row_text() == ""
        app.log_view.add([line(1, "x" * 200)])
        assert app.log_view.row_text().endswith("\tINFO\tengine.exec\t" + "x" * 200)
