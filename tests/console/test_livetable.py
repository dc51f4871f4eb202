"""The live table: the cursor belongs to a key, and only what differs is drawn again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from console.theme import Inks, inks
from console.widgets.columns import Cell, Column
from console.widgets.ink import plain_text
from console.widgets.livetable import LiveTable

COLUMNS = (Column("name", 8, right=False), Column("value", 8), Column("age", 5))


class TableApp(App[None]):
    """One table on an empty screen."""

    def __init__(self, *, flash: bool = False) -> None:
        super().__init__()
        self.table = LiveTable(flash=flash)
        self.asked: list[str] = []
        self.regions: list[Region] = []

    @property
    def inks(self) -> Inks:
        return inks("dark", "blue-orange")

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        plain_refresh = self.table.refresh

        def refresh(*regions: Region, **options: bool) -> LiveTable:
            self.regions += regions or (Region(0, 0, *self.table.size),)
            return plain_refresh(*regions, **options)

        self.table.refresh = refresh  # type: ignore[method-assign]

    def show(self, rows: dict[str, Sequence[str]], empty: Sequence[str] = ()) -> None:
        def cells(key: str) -> list[Cell]:
            self.asked.append(key)
            return [Cell(text) for text in (key, *rows[key])]

        self.asked.clear()
        self.regions.clear()
        self.table.show(COLUMNS, list(rows), cells, empty)

    @property
    def lines(self) -> list[str]:
        return [self.table.render_line(y).text for y in range(self.table.size.height)]


def many(count: int, value: str = "1.0") -> dict[str, Sequence[str]]:
    return {f"row{place}": (value, "0.1s") for place in range(count)}


async def test_only_the_cell_that_differs_is_drawn_again() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(5))
        await pilot.pause()
        app.show(many(5) | {"row2": ("2.0", "0.1s")})
        assert app.regions == [Region(10, 3, 8, 1)]
        app.show(many(5) | {"row2": ("2.0", "0.1s")})
        assert app.regions == []


async def test_only_rows_in_sight_are_ever_turned_into_text() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(500))
        await pilot.pause()
        app.show(many(500, "2.0"))
        await pilot.pause()
        assert set(app.asked) == {f"row{place}" for place in range(11)}


async def test_the_cursor_stays_on_its_key_when_rows_move() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(5))
        app.table.move_cursor(2)
        assert app.table.cursor_key == "row2"
        turned = dict(reversed(many(5).items()))
        app.show({"new": ("9.9", "0.1s"), **turned})
        await pilot.pause()
        assert app.table.cursor_key == "row2"
        assert app.lines[4].startswith("▸row2")
        app.table.move_cursor(1)
        assert app.table.cursor_key == "row1"


async def test_when_its_row_is_gone_the_cursor_takes_the_one_in_its_place() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)):
        app.show(many(5))
        app.table.move_cursor(2)
        rows = many(5)
        del rows["row2"]
        app.show(rows)
        assert app.table.cursor_key == "row3"
        app.show(many(1))
        assert app.table.cursor_key == "row0"
        app.show({})
        assert app.table.cursor_key is None
        app.show(many(3))
        assert app.table.cursor_key == "row0"


async def test_a_cursor_in_sight_is_followed_when_its_row_moves_out_of_sight() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(50))
        app.table.move_cursor(3)
        rows = many(50)
        moved = {key: value for key, value in rows.items() if key != "row3"} | {"row3": rows["row3"]}
        app.show(moved)
        await pilot.pause()
        assert any(line.startswith("▸row3") for line in app.lines)


async def test_a_scrolled_table_draws_the_right_rows_and_regions() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(50))
        app.table.move_last()
        await pilot.pause()
        assert app.lines[-1].startswith("▸row49")
        assert app.lines[0].split() == ["name", "value", "age"]
        assert app.table.window == (39, 50)
        app.show(many(50) | {"row40": ("2.0", "0.1s")})
        await pilot.pause()
        app.show(many(50) | {"row40": ("3.0", "0.1s")})
        assert app.regions == [Region(10, 2, 8, 1)]


@pytest.mark.parametrize("count", [0, 1])
async def test_an_empty_table_says_what_it_was_told(count: int) -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(count), empty=["Nothing yet.", "Wait."])
        await pilot.pause()
        text = "\n".join(app.lines)
        assert ("Nothing yet." in text) == (count == 0)
        app.table.move_cursor(1)
        app.table.move_first()
        app.table.move_last()
        app.table.move_half(1)


async def test_a_flash_lasts_for_one_refresh() -> None:
    app = TableApp(flash=True)
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(3))
        await pilot.pause()
        app.show(many(3) | {"row1": ("2.0", "0.1s")})
        flashed = [segment for segment in app.table.render_line(2) if segment.style and segment.style.reverse]
        assert [segment.text.strip() for segment in flashed] == ["2.0"]
        app.show(many(3) | {"row1": ("2.0", "0.1s")})
        assert not any(segment.style and segment.style.reverse for segment in app.table.render_line(2))
        assert app.regions == [Region(10, 2, 8, 1)]


async def test_a_text_that_is_too_wide_is_cut_with_a_mark() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show({"a": ("123456789012", "0.1s"), "wide": ("日本語日本語", "0.1s")})
        await pilot.pause()
        assert "1234567…" in app.lines[1]
        assert all(app.table.render_line(y).cell_length == 40 for y in range(12))


async def test_a_filter_leaves_matching_rows_and_the_cursor_on_its_key() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(30))
        app.table.move_cursor(12)
        app.table.set_filter("ROW1")
        assert list(app.table.keys) == ["row1", *(f"row{place}" for place in range(10, 20))]
        assert app.table.cursor_key == "row12"
        assert plain_text(app.table.title_words) == "/ROW1 11 of 30"
        app.table.set_filter("")
        await pilot.pause()
        assert len(app.table.keys) == 30
        assert app.table.cursor_key == "row12"
        assert any(line.startswith("▸row12") for line in app.lines)


async def test_a_filter_holds_for_rows_that_come_later_and_says_so_when_nothing_is_left() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.show(many(5), empty=["Nothing yet."])
        app.table.set_filter("xyz")
        await pilot.pause()
        assert "No row contains 'xyz'." in "\n".join(app.lines)
        assert "Clear the filter to see all 5." in "\n".join(app.lines)
        app.show(many(5) | {"xyz1": ("1.0", "0.1s")}, empty=["Nothing yet."])
        await pilot.pause()
        assert app.lines[1].startswith("▸xyz1")
        app.show({}, empty=["Nothing yet."])
        await pilot.pause()
        assert "Nothing yet." in "\n".join(app.lines)


async def test_finding_goes_round_the_rows_that_match() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)):
        app.show(many(30))
        assert not app.table.find(1)
        app.table.set_filter("row2")
        assert app.table.cursor_key == "row2"
        found = []
        for direction in (1, 1, -1, -1, -1):
            assert app.table.find(direction)
            found.append(app.table.cursor_key)
        assert found == ["row20", "row21", "row20", "row2", "row29"]


async def test_sorting_moves_rows_and_not_the_cursor_from_its_key() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 12)) as pilot:
        rows: dict[str, Sequence[str]] = {
            f"row{place}": (f"{place * 7 % 5}.0", f"{place}s") for place in range(5)
        }
        app.show(rows)
        app.table.move_cursor(3)
        app.table.next_sort()
        app.table.next_sort()
        assert plain_text(app.table.title_words) == "sort value ▾"
        assert list(app.table.keys) == ["row2", "row4", "row1", "row3", "row0"]
        assert app.table.cursor_key == "row3"
        app.table.reverse_sort()
        assert plain_text(app.table.title_words) == "sort value ▴"
        assert list(app.table.keys) == ["row0", "row3", "row1", "row4", "row2"]
        app.show(rows | {"row0": ("9.9", "0s")})
        await pilot.pause()
        assert list(app.table.keys) == ["row3", "row1", "row4", "row2", "row0"]
        assert app.table.cursor_key == "row3"
        app.table.next_sort()
        app.table.next_sort()
        assert plain_text(app.table.title_words) == ""
        assert list(app.table.keys) == list(rows)


async def test_a_row_is_copied_whole_with_plain_minus_signs() -> None:
    app = TableApp()
    async with app.run_test(size=(12, 12)):
        app.show({"a": ("−1.5", " 0.1s")})
        assert app.table.row_text() == "a\t-1.5\t0.1s"
        app.show({})
        assert app.table.row_text() == ""
