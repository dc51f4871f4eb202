"""One position: worth, protection, the venue's word, and the fills, funding and orders behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.read_answers import read_position
from console.screens.position_lines import parts_line, position_facts, proof_line
from console.widgets.ink import plain_text
from engine.commands import DetailKind
from engine.snapshot import OverrideRow
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled
from tests.console.recorded_details import ORDER_ID, POSITION, STOP_ID, recorded
from tests.console.snapshots import FLATTENED, HOUR_MS, MARKET_MS, POSITIONS
from tests.console.stage import MID, NARROW, WIDE, Stage


def squeezed(on: Stage) -> str:
    """The screen with single blanks."""
    return " ".join(on.text.replace("┃", " ").split())


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_worth_protection_and_profit_fit_every_size(size: tuple[int, int]) -> None:
    async with drilled("position", "simulated BTCUSDT", size) as on:
        text = squeezed(on)
        for words in (
            "quantity L 0.0420",
            "entry 64,310.0",
            "mark 65,012.5",
            "worth 2,730.52",
            "unrealised ▲ +29.50",
            "of cost +1.1%",
            "R +0.8",
            "held 5h",
            "stop 63,100.0",
            "take profit 66,730.0",
            "liquidation none",
            "realised ▲ +46.10",
            "fees paid 3.12",
            "funding ▼ −0.54",
            "all in all ▲ +71.94",
            "ours 0.0420 · venue 0.0420 · they agree · proof 4.0s old",
            "[Fills 2] Funding 2 Orders 2",
        ):
            assert words in text, words
        assert "F Flatten" in on.lines[-1]


async def test_tab_leads_from_fills_to_funding_to_orders_and_round() -> None:
    async with drilled("position", "BTCUSDT") as on:
        assert "06-01 09:00:00 buy       0.0210    64,310.1     1,350.51      0.64 taker" in on.text
        await on.press("tab")
        assert "06-01 05:00:00      0.0420    64,400.5   0.0100%      ▼ −0.27" in on.text
        await on.press("tab")
        assert "[Orders 2]" in on.text
        assert "stop    " in on.text
        assert "63,100.0 accepted" in on.text
        assert "66,730.0 accepted" in on.text
        await on.press("tab")
        assert "[Fills 2]" in on.text
        await on.press("shift+tab")
        assert "[Orders 2]" in on.text


async def test_each_table_keeps_its_own_place() -> None:
    async with drilled("position", "BTCUSDT") as on:
        await on.press("j")
        row = drill_of(on).rows.cursor_key
        await on.press("tab", "tab", "j", "tab")
        assert drill_of(on).rows.cursor_key == row


async def test_enter_on_a_fill_or_an_order_opens_why_it_is_what_it_is() -> None:
    async with drilled("position", "BTCUSDT") as on:
        await on.press("enter")
        assert f"WHY buy BTCUSDT · {ORDER_ID}" in on.text
        await on.press("escape", "tab", "tab", "enter")
        assert STOP_ID in on.lines[2]
        await on.press("escape")
        assert "[Orders 2]" in on.text


async def test_a_symbol_without_a_position_still_shows_what_the_books_hold() -> None:
    async with drilled("position", "BTCUSDT", snapshot=replace(snapshots.running(), positions=())) as on:
        assert "No position in BTCUSDT now." in on.text
        assert "realised" in on.text
        await on.press("F")
        await on.until(lambda: "Nothing to flatten: no position in BTCUSDT." in on.text)


async def test_flatten_asks_before_it_flattens_and_lets_the_symbol_trade_again() -> None:
    async with drilled("position", "BTCUSDT") as on:
        await on.press("F", "F", "enter")
        assert on.link.asked_for == []
        await on.press("F", "X")
        await on.until(lambda: on.link.asked_for == [("flatten", {"symbol": "BTCUSDT", "on": "true"})])
        flat = replace(POSITIONS[0], flattening=True)
        held_out = replace(FLATTENED, scope="BTCUSDT")
        await on.turn(replace(snapshots.running(), positions=(flat,), overrides=(held_out,)))
        await on.until(lambda: "FLATTENING" in on.text)
        await on.press("F", "X")
        await on.until(lambda: on.link.asked_for[-1] == ("flatten", {"symbol": "BTCUSDT", "on": "false"}))


async def test_a_lock_and_a_flatten_are_told_with_what_ends_them() -> None:
    lock = OverrideRow("cooldown", "REDUCING", "BTCUSDT", "guard", "stopped out", MARKET_MS, "24 bars")
    row = replace(POSITIONS[0], locked=True, flattening=True)
    picture = replace(snapshots.running(), positions=(row,), overrides=(lock,))
    async with drilled("position", "BTCUSDT", snapshot=picture) as on:
        assert "LOCKED" in on.lines[2]
        assert "REDUCING cooldown by guard: stopped out. Ends: 24 bars." in on.text
        assert "FLATTENING flattened by the operator" in on.text


async def test_empty_tables_say_what_is_not_there() -> None:
    bare = POSITION | {"fills": [], "funding": [], "orders": []}
    async with drilled("position", "BTCUSDT", answers=recorded() | {DetailKind.POSITION: bare}) as on:
        assert "No fill of this symbol is in the books yet." in on.text
        await on.press("enter")
        await on.until(lambda: "No order here." in on.text)
        await on.press("tab")
        assert "No funding was paid or received" in on.text
        await on.press("tab")
        assert "No working order of this symbol." in on.text


VENUE: dict[str, Any] = POSITION["venue"]


@pytest.mark.parametrize(
    ("venue", "words"),
    [
        (VENUE, "they agree"),
        (VENUE | {"quantity": "0.0400"}, "THEY DIFFER"),
        (VENUE | {"agrees": False}, "THEY DIFFER"),
        (VENUE | {"answers": False}, "the venue does not answer"),
        (VENUE | {"quantity": None}, "never read"),
        ({}, "never read"),
        (None, "never read"),
    ],
)
def test_the_word_of_the_venue_stands_beside_ours(venue: dict[str, Any] | None, words: str) -> None:
    facts = read_position(POSITION | {"venue": venue})
    assert words in plain_text(proof_line(POSITIONS[0], facts, MARKET_MS))


def test_the_age_of_the_proof_grows() -> None:
    facts = read_position(POSITION)
    assert plain_text(proof_line(POSITIONS[0], facts, MARKET_MS + HOUR_MS)).endswith("proof 60m old")


OURS: dict[str, Any] = POSITION["ours"]


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        ({"neutral": "-0.0123", "neutral_signals": ["A6", "C5"]}, " directional 0.054300 · legs −0.012300 (A6, C5)"),
        ({"neutral": "0.042", "neutral_signals": ["C6"]}, " directional 0.000000 · legs 0.042000 (C6)"),
        ({"neutral": "0.01", "neutral_signals": []}, " directional 0.032000 · legs 0.010000 (being closed)"),
        ({"neutral": "0", "neutral_signals": ["A6"]}, ""),
        ({"neutral": "1e-09", "neutral_signals": ["A6"]}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_what_is_held_for_legs_is_told_with_whose_they_are(ours: dict[str, Any], words: str) -> None:
    assert plain_text(parts_line(read_position(POSITION | {"ours": OURS | ours}))) == words
    assert parts_line(None) == ()


async def test_the_parts_stand_above_the_word_of_the_venue() -> None:
    mixed = POSITION | {"ours": OURS | {"neutral": "-0.0123", "neutral_signals": ["A6", "C5"]}}
    async with drilled("position", "BTCUSDT", answers=recorded() | {DetailKind.POSITION: mixed}) as on:
        place = next(n for n, line in enumerate(on.lines) if "legs −0.012300 (A6, C5)" in line)
        assert "ours 0.0420" in on.lines[place + 1]


def test_profit_is_realised_and_open_less_fees_with_funding() -> None:
    facts = read_position(
        POSITION | {"ours": {"realised": "100", "fees": "7.5", "funding": "2", "quantity": "0", "cost": "0"}}
    )
    shown = {fact.name: fact.value for fact in position_facts(None, facts, MARKET_MS)}
    assert shown["all in all"] == "▲ +94.50"
    assert shown["funding"] == "▲ +2.00"
    short = replace(POSITIONS[2], stop=None)
    shown = {fact.name: fact.value for fact in position_facts(short, None, MARKET_MS)}
    assert shown["quantity"] == "S 14.00"
    assert shown["stop"] == "none"
    assert "all in all" not in shown
