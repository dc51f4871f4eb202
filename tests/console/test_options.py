"""Options on the screen: the pane and the position's own page say what one is, at every size."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.commands import DetailKind
from tests.console import snapshots
from tests.console.drilled import drilled
from tests.console.recorded_details import POSITION, recorded
from tests.console.stage import MID, NARROW, WIDE, stage

SYMBOL = "BTC240517C44000"
OPTION = snapshots.position(
    SYMBOL,
    "short",
    "0.028",
    "3361.2",
    "3443.0",
    "-4.90",
    stop=None,
    liquidation="15827.8",
    right="call",
    strike="44000",
    expiry_ms=int(datetime(2024, 5, 17, 8, tzinfo=UTC).timestamp()) * 1000,
    delta=0.523,
)
PICTURE = replace(snapshots.running(), positions=(*snapshots.POSITIONS, OPTION))


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_the_pane_shows_the_whole_symbol_and_breaks_no_line(size: tuple[int, int]) -> None:
    async with stage(PICTURE, size) as on:
        await on.press("3")
        (line,) = (line for line in on.lines if SYMBOL in line)
        assert f"{SYMBOL} " in line
        assert all(len(line) <= size[0] for line in on.lines)


async def test_a_wide_pane_shows_the_delta() -> None:
    async with stage(PICTURE, WIDE) as on:
        await on.press("3", "z")
        (line,) = (line for line in on.lines if SYMBOL in line)
        assert "Δ +0.52" in line


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_the_page_of_a_position_says_what_the_option_is(size: tuple[int, int]) -> None:
    answers = recorded() | {DetailKind.POSITION: POSITION | {"symbol": SYMBOL}}
    async with drilled("position", f"simulated {SYMBOL}", size, PICTURE, answers=answers) as on:
        text = " ".join(on.text.replace("┃", " ").split())
        for words in (
            "call strike 44,000",
            "expires 2024-05-17 08:00",
            "delta +0.52",
            "liquidation 15,827.8",
        ):
            assert words in text, (words, text)
        assert "take profit" not in text
