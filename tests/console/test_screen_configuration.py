"""The configuration in force: values, defaults, sources; differences alone; and nothing that can be changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.commands import DetailKind
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled
from tests.console.recorded_details import CONFIG, recorded
from tests.console.stage import MID, NARROW, WIDE

DIFFERENT = ["risk.profile", "risk.max_gross", "risk.day_loss", "risk.type_limits.momentum"]


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_every_key_has_value_default_and_source(size: tuple[int, int]) -> None:
    async with drilled("config", size=size) as on:
        assert "running a91f0c55d2b7e610  profile balanced  read-only" in on.text
        assert "4 of 19 keys differ" in on.text
        assert "risk.max_gross                              1.5          1.0 flag --set risk" in on.text
        assert ("fraction of equity" in on.text) == (size == WIDE)


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_below_stands_what_the_key_under_the_cursor_means(size: tuple[int, int]) -> None:
    async with drilled("config", "max_gross", size) as on:
        assert "1.5 (flag --set risk.max_gross): what max gross means" in on.text


async def test_d_shows_only_what_differs_and_everything_again() -> None:
    async with drilled("config") as on:
        await on.press("d")
        assert list(drill_of(on).rows.keys) == DIFFERENT
        assert "only differences" in on.text
        await on.press("d")
        assert len(drill_of(on).rows.keys) == 19


async def test_a_book_by_the_defaults_says_that_nothing_differs() -> None:
    plain = {"hash": "", "rows": [CONFIG["rows"][0]]}
    async with drilled("config", answers=recorded() | {DetailKind.CONFIG: plain}) as on:
        await on.press("d")
        assert "Nothing differs from the defaults." in on.text


async def test_a_reload_is_noticed_and_read() -> None:
    async with drilled("config") as on:
        on.link.answers.clear()
        await on.turn(replace(snapshots.running(), config_hash="ffff000011112222"))
        await on.until(lambda: "what is shown is a91f0c55d2b7e610: the configuration was reloaded" in on.text)
        on.link.details[DetailKind.CONFIG] = CONFIG | {"hash": "ffff000011112222"}
        on.link.answers.set()
        on.clock.forward(3)
        await on.until(lambda: "was reloaded" not in on.text)


async def test_a_key_is_the_first_filter() -> None:
    async with drilled("config", "day_loss") as on:
        assert list(drill_of(on).rows.keys) == ["risk.day_loss"]
