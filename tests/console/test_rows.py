"""Filter, find, sort and copy on the desk, with keys alone."""

from __future__ import annotations

import pytest

from console.screens.desk import Desk
from console.screens.kill import KillScreen
from console.widgets.filterline import FilterLine
from console.widgets.logview import LogView
from tests.console import snapshots
from tests.console.stage import MID, NARROW, WIDE, Stage, stage


def filter_lines(on: Stage) -> list[FilterLine]:
    return list(on.app.screen_stack[0].query(FilterLine))


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_a_filter_is_obeyed_letter_by_letter_and_stays_in_the_title(size: tuple[int, int]) -> None:
    async with stage(snapshots.running(), size) as on:
        await on.press("slash", *"us")
        assert "/us 12 of 12" in on.text
        await on.press("backspace", "backspace", *"btc")
        assert list(on.table("signals").keys) == ["BTCUSDT"]
        assert "/btc 1 of 12" in on.text
        await on.press("enter")
        assert filter_lines(on) == []
        assert on.focused_pane == "signals"
        assert "/btc 1 of 12" in on.text
        await on.press("j", "k")
        assert on.table("signals").cursor_key == "BTCUSDT"


async def test_giving_the_filter_up_shows_every_row_again() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        before = on.table("signals").keys
        await on.press("slash", *"xyz")
        assert "No row contains 'xyz'." in on.text
        await on.press("escape")
        assert filter_lines(on) == []
        assert list(on.table("signals").keys) == list(before)
        assert "/xyz" not in on.text
        assert isinstance(on.app.screen, Desk)


async def test_the_filter_line_opens_with_the_filter_in_force_and_only_once() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("slash", *"usdt", "enter", "slash")
        assert [line.value for line in filter_lines(on)] == ["usdt"]
        await on.press("slash")
        assert [line.value for line in filter_lines(on)] == ["usdt/"]


async def test_letters_typed_into_the_filter_do_nothing_else_but_the_kill_key_does() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("slash", *"qprxt1")
        assert isinstance(on.app.screen, Desk)
        assert on.link.commands == []
        assert on.focused_pane == "signals"
        await on.press("ctrl+k")
        assert isinstance(on.app.screen, KillScreen)
        await on.press("escape")
        assert [line.value for line in filter_lines(on)] == ["qprxt1"]


async def test_going_to_another_pane_keeps_the_filter_and_closes_its_line() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("slash", *"eth", "tab")
        await on.until(lambda: not filter_lines(on))
        assert on.focused_pane == "weights"
        assert "/eth 1 of 12" in on.text


async def test_each_pane_has_a_filter_of_its_own() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("slash", *"eth", "enter", "3", "slash", *"btc", "enter")
        assert list(on.table("signals").keys) == ["ETHUSDT"]
        assert list(on.table("positions").keys) == ["simulated BTCUSDT"]


async def test_finding_in_the_log_shows_what_stood_around_it() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("5", "z", "slash", *"warn", "enter")
        log = on.app.screen_stack[0].query_one(LogView)
        matching = len(log.shown)
        assert f"/warn {matching} of" in on.text
        await on.press("N")
        assert len(log.shown) > matching
        assert "find warn" in on.text
        assert log.cursor_line is not None
        assert log.cursor_line.level == "WARN"
        first = log.cursor_line
        await on.press("N")
        assert log.cursor_line != first
        await on.press("n")
        assert log.cursor_line == first


async def test_finding_without_a_filter_says_what_to_do() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("n")
        assert "set a filter first" in on.text


async def test_sorting_is_named_in_the_title_and_turned_round() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        assert "sort |blend| ▾" in on.text
        await on.press("s")
        assert "sort symbol ▴" in on.text
        assert list(on.table("signals").keys) == sorted(snapshots.PRICES)
        await on.press("S")
        assert "sort symbol ▾" in on.text
        assert list(on.table("signals").keys) == sorted(snapshots.PRICES, reverse=True)
        await on.press("5", "s")
        assert "The log is sorted by time." in on.text


async def test_a_sorted_pane_keeps_the_cursor_on_its_symbol() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("j", "j")
        symbol = on.table("signals").cursor_key
        await on.press("s", "S")
        assert on.table("signals").cursor_key == symbol
        await on.turn(snapshots.running(step=3))
        assert on.table("signals").cursor_key == symbol


async def test_a_row_is_sent_to_the_terminal_and_shown_and_never_called_copied() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("3", "y")
        assert "Sent to terminal" in on.text
        assert on.app.clipboard.startswith("BTCUSDT\tsimulated\tL\t")
        assert "opied" not in on.text


async def test_a_row_with_marks_in_it_is_shown_as_it_is() -> None:
    wicked = snapshots.log_lines(1)[0]
    async with stage(snapshots.running(), NARROW) as on:
        on.app.copy_text("[red]a[/red]\t" + wicked.message)
        await on.turn()
        assert "[red]a[/red]" in on.text
