"""Rows there is no room for: the pane says which of how many are in sight, and no alarm is out of sight unnamed."""

from __future__ import annotations

from dataclasses import replace

from console.screens.limit_words import RULES
from engine.snapshot import LimitRow, Snapshot
from tests.console import snapshots
from tests.console.snapshots import LIMITS, POSITIONS, WEIGHTS
from tests.console.stage import NARROW, Stage, stage

_MANY = 40
# At 80x24 a pane of the desk has room for so many rows, a foot not counted.
_ROOM = 13


def crowded() -> Snapshot:
    """More rows in every pane than any screen has lines."""
    base = snapshots.large(_MANY)
    return replace(
        base,
        positions=tuple(replace(POSITIONS[0], symbol=row.symbol) for row in base.signals),
        weights=tuple(replace(WEIGHTS[0], name=f"A{place}") for place in range(_MANY)),
        limits=tuple(replace(LIMITS[0], name=f"limit {place}") for place in range(_MANY)),
    )


def limits(alarm_at: int) -> Snapshot:
    """As many limits as take more room than there is, one of them breached."""
    rows = [LimitRow(f"limit {place}", 0.1, 1.0, "x", "ok") for place in range(_MANY)]
    rows[alarm_at] = LimitRow("the one", 2.0, 1.0, "x", "BREACH")
    return replace(snapshots.running(), limits=tuple(rows))


def edge_of(on: Stage) -> str:
    return on.lines[3]


def named_and_shown(on: Stage) -> tuple[bool, bool]:
    """Whether the foot says that the breach is below, and whether its row is in sight."""
    named = [line for line in on.lines if "below: the one BREACH" in line]
    shown = [line for line in on.lines if "the one" in line and "below:" not in line]
    return bool(named), bool(shown)


async def test_a_pane_says_which_of_its_rows_are_in_sight() -> None:
    async with stage(crowded(), NARROW) as on:
        for key in "1234":
            await on.press(key)
            first, last = on.table(on.focused_pane).window
            assert first == 0
            assert f" 1-{last} of {_MANY} ━┓" in edge_of(on)
            await on.pilot.press("G")
            await on.pilot.pause()
            assert f"-{_MANY} of {_MANY} ━┓" in edge_of(on)


async def test_a_pane_with_room_for_all_rows_says_how_many_there_are() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        for key, count in (("1", "12 symbols"), ("3", "3 positions"), ("4", "2 WARN")):
            await on.press(key)
            assert f" {count} ━┓" in edge_of(on)


async def test_a_log_that_does_not_follow_says_where_it_stands() -> None:
    async with stage(replace(snapshots.running(), log=snapshots.log_lines(100)), NARROW) as on:
        await on.press("5")
        assert " of " not in edge_of(on)
        await on.press("g", "g")
        shown = len(on.app.desk._log._view.shown)
        assert f" of {shown} ━┓" in edge_of(on)
        assert "1-" in edge_of(on)


async def test_a_budget_and_a_cap_that_bind_are_in_sight_beside_all_other_limits() -> None:
    rows = [LimitRow(name, 0.1, 1.0, "x", "ok") for name in RULES]
    for place, row in enumerate(rows):
        if row.name in ("directional", "signal share"):
            rows[place] = replace(row, used=0.35, maximum=0.35, unit="fraction", status="WARN")
    async with stage(replace(snapshots.running(), limits=tuple(rows)), NARROW) as on:
        await on.press("4")
        assert "2 WARN" in edge_of(on)
        for name in ("directional", "signal share"):
            (line,) = [line for line in on.lines if f" {name} " in line]
            assert " 35.00%   35.00% ████████████ WARN " in line
        assert {len(line) for line in on.lines} == {NARROW[0]}


async def test_a_breach_is_in_sight_or_named_at_the_foot() -> None:
    async with stage(limits(5), NARROW) as on:
        await on.press("4")
        for alarm_at, named in ((5, False), (_ROOM - 1, False), (_ROOM, True), (_MANY - 1, True), (5, False)):
            on.link.show(limits(alarm_at))
            await on.until(lambda named=named: named_and_shown(on) == (named, not named))  # type: ignore[misc]
            await on.turn()
            assert named_and_shown(on) == (named, not named)
            assert "1 BREACH" in edge_of(on)


async def test_a_breach_above_and_one_that_the_filter_hides_are_named_too() -> None:
    async with stage(limits(2), NARROW) as on:
        await on.press("4", "G")
        await on.until(lambda: "above: the one BREACH" in on.text)
        await on.press("slash", *"12", "enter")
        await on.until(lambda: "filtered out: the one BREACH" in on.text)
