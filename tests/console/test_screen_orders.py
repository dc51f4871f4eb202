"""The blotter: working orders first, then the last ones; and the keys that explain and cancel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.read_answers import read_order_why
from console.screens.confirm import ConfirmScreen
from console.screens.order_cells import order_cells, trigger_price, working_first
from engine.commands import DetailKind
from engine.snapshot import OrderRow
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled
from tests.console.recorded_details import ORDER_ID, STOP, STOP_ID, WORKING_ID, recorded
from tests.console.snapshots import HOUR_MS, MARKET_MS, ORDER
from tests.console.stage import MID, NARROW, WIDE


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_working_orders_come_first_at_every_size(size: tuple[int, int]) -> None:
    async with drilled("orders", size=size) as on:
        assert list(drill_of(on).rows.keys) == [WORKING_ID, STOP_ID, ORDER_ID, "qds6fjc0XRPUSDTO"]
        assert "2 working, 4 orders" in on.lines[3 if size == MID else 2]
        assert "▸ 0.0s BTCUSDT    buy  open         0.0040      0.0000" in on.text
        assert "    6h XRPUSDT    buy  open        1,200.0         0.0" in on.text
        assert "rejected" in on.text
        assert "65,010.1" in on.text
        await on.press("G")
        assert "insufficient margin" in on.text


async def test_what_the_picture_says_later_overrides_what_was_read() -> None:
    async with drilled("orders") as on:
        on.link.details = {}
        filled = replace(ORDER, status="filled", filled="0.0040", ts_ms=MARKET_MS + 1)
        new = replace(ORDER, client_order_id="qd9", symbol="ETHUSDT", ts_ms=MARKET_MS + 2)
        await on.turn(replace(snapshots.running(), orders=(new, filled)))
        await on.until(lambda: "2 working, 5 orders" in on.text)
        assert drill_of(on).rows.keys[0] == "qd9"
        text = on.text.replace("┃", " ").replace("▸", " ")
        assert "0.0s BTCUSDT    buy  open         0.0040      0.0040" in text


async def test_of_what_was_read_and_what_the_picture_says_the_newer_is_shown() -> None:
    async with drilled("orders") as on:
        newer = replace(ORDER, client_order_id=STOP_ID, status="canceled", reason="by hand", ts_ms=MARKET_MS)
        older = replace(ORDER, client_order_id=ORDER_ID, status="accepted", ts_ms=MARKET_MS - 9 * HOUR_MS)
        await on.turn(replace(snapshots.running(), orders=(newer, older)))
        await on.until(lambda: "by hand" in on.text)
        rows = drill_of(on).rows
        assert [rows._cells_of(key)[7].text for key in (STOP_ID, ORDER_ID)] == ["canceled", "filled"]


async def test_a_key_is_the_first_filter() -> None:
    async with drilled("orders", "XRPUSDT") as on:
        assert "/XRPUSDT 1 of 4" in on.text
        assert len(drill_of(on).rows.keys) == 1


async def test_x_asks_before_it_cancels_and_the_row_stays_under_the_cursor() -> None:
    async with drilled("orders") as on:
        await on.press("j", "x")
        assert isinstance(on.app.screen, ConfirmScreen)
        await on.press("x", "escape")
        assert on.link.asked_for == []
        await on.press("x", "C")
        await on.until(lambda: on.link.asked_for == [("cancel", {"order": STOP_ID})])
        assert drill_of(on).rows.cursor_key == STOP_ID


async def test_an_order_that_is_done_cannot_be_cancelled() -> None:
    async with drilled("orders") as on:
        await on.press("j", "j", "x")
        await on.until(lambda: "Nothing to cancel: this order is done." in on.text)
        assert "┏━ ORDERS" in on.text


@pytest.mark.parametrize(
    ("state", "words"), [("ACTIVE", "No orders yet"), ("HALTED", "HALTED: nothing is sent until you resume")]
)
async def test_an_empty_blotter_says_what_to_expect(state: str, words: str) -> None:
    picture = replace(snapshots.running(), orders=(), state=state)
    answers: dict[DetailKind, dict[str, Any]] = recorded() | {DetailKind.ORDERS: {"orders": []}}
    async with drilled("orders", snapshot=picture, answers=answers) as on:
        assert words in on.text
        await on.press("x", "enter", "j")
        await on.until(lambda: "No order here." in on.text)


def row(**changes: Any) -> OrderRow:
    return replace(ORDER, **changes)


def test_orders_that_may_still_fill_stand_before_the_others_and_the_newest_before_the_older() -> None:
    rows = [
        row(client_order_id="a", status="filled", ts_ms=9),
        row(client_order_id="b", status="accepted", ts_ms=1),
        row(client_order_id="c", status="unresolved", ts_ms=5),
        row(client_order_id="d", status="canceled", ts_ms=10),
    ]
    assert [each.client_order_id for each in working_first(rows)] == ["c", "b", "d", "a"]


@pytest.mark.parametrize(
    ("status", "ink"),
    [
        ("accepted", "strong"),
        ("filled", "plain"),
        ("canceled", "soft"),
        ("rejected", "warn"),
        ("unresolved", "strong"),
    ],
)
def test_the_status_of_an_order_is_a_word_and_an_ink(status: str, ink: str) -> None:
    cells = order_cells(row(status=status), MARKET_MS + 3 * HOUR_MS)
    assert (cells[7].text, cells[7].ink) == (status, ink)
    assert cells[0].text == "3h"


def test_a_protective_order_covers_the_position_and_triggers_away_from_the_entry() -> None:
    stop = read_order_why(STOP).order
    assert order_cells(stop.row, MARKET_MS)[4].text == "position"
    assert trigger_price(stop, "64310.03571428") == "63100.0"
    target = replace(stop, row=replace(stop.row, purpose="target"))
    assert trigger_price(target, "64310.0") == "65520.0"
    short_stop = replace(stop, row=replace(stop.row, side="buy"))
    assert trigger_price(short_stop, "64310.0") == "65520.0"
    assert trigger_price(stop, None) is None
    trailing = replace(stop, row=replace(stop.row, purpose="trail"))
    assert trigger_price(trailing, "64310.0") is None, "how far it has come only the venue knows"
