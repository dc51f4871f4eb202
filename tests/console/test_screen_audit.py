"""The audit trail and the commands: who did what, from what to what; the chain; and the file that is written."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.screens.audit_cells import AuditFact, audit_fact
from console.screens.audit_export import export_path, write_table
from engine.commands import DetailKind, Question
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled
from tests.console.recorded_details import AUDIT, recorded
from tests.console.snapshots import WALL_MS
from tests.console.stage import MID, NARROW, WIDE, Stage


def audit_questions(on: Stage) -> list[Question]:
    return [question for question in on.link.questions if question.kind is DetailKind.AUDIT]


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_the_newest_row_comes_first_with_who_what_and_why(size: tuple[int, int]) -> None:
    async with drilled("audit", size=size) as on:
        assert list(drill_of(on).rows.keys) == ["5", "4", "3", "2", "1"]
        actor = "operator ann@console  " if size == WIDE else "operator ann@…"
        assert f"11-14 22:08:20 {actor} pause on true" in on.text
        assert "guard shock set" in " ".join(on.text.split())
        assert "cli uid=1000" in on.text
        assert ("ACTIVE    REDUCING" in on.text) == (size != NARROW)
        assert "5 rows" in on.text
        words = "operator ann@console · pause on true · entries are paused; asked: news at noon"
        assert words in " ".join(on.text.replace("┃", " ").split())


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_commands_are_the_second_table_with_mode_and_outcome(size: tuple[int, int]) -> None:
    async with drilled("audit", size=size) as on:
        await on.press("tab")
        await on.until(lambda: "[Commands]" in on.text and "REFUSED" in on.text)
        assert "pause on true        done" in on.text
        assert ("SIM    operator ann@console   pause" in on.text) == (size == WIDE)
        words = "operator ann@console · pause on true · entries are paused"
        assert words in " ".join(on.text.replace("┃", " ").split())
        await on.press("j")
        assert "the word is RESUME" in on.text
        await on.press("tab")
        assert "[Trail]" in on.text


async def test_a_filter_also_asks_the_engine_for_older_rows() -> None:
    async with drilled("audit") as on:
        older: dict[str, Any] = {
            "rows": [AUDIT["rows"][0] | {"sequence": 0, "actor": "operator bob@console"}]
        }
        recorded_answer = on.link.detail

        async def answer(question: Question) -> dict[str, Any]:
            found = await recorded_answer(question)
            return older if question.arguments.get("text") == "console" else found

        on.link.detail = answer  # type: ignore[method-assign]
        await on.press("slash", *"console", "enter")
        await on.until(lambda: "operator bob@" in on.text)
        assert list(drill_of(on).rows.keys) == ["5", "0"]
        assert {q.arguments.get("text") for q in audit_questions(on)} >= {None, "console"}
        await on.press("slash", "escape")
        await on.until(lambda: list(drill_of(on).rows.keys) == ["5", "4", "3", "2", "1"])


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ({"rows": 1204, "fault": ""}, "chain whole, 1,204 rows"),
        ({"rows": 0, "fault": "row 7 was changed"}, "CHAIN BROKEN: row 7 was changed"),
    ],
)
async def test_the_chain_is_checked_when_asked_and_what_was_found_is_said(
    chain: dict[str, Any], words: str
) -> None:
    async with drilled("audit") as on:
        assert "chain not checked, v checks" in on.text
        assert all("verify" not in question.arguments for question in audit_questions(on))
        on.link.details[DetailKind.AUDIT] = AUDIT | {"chain": chain}
        on.link.answers.clear()
        await on.press("v")
        assert "checking the chain..." in on.text
        on.link.answers.set()
        await on.until(lambda: words in on.text)
        assert ("ago" in on.lines[2]) == (not chain["fault"])
        asked = [question for question in audit_questions(on) if question.arguments.get("verify") == "true"]
        assert len(asked) == 1


async def test_a_chain_that_cannot_be_checked_is_not_called_whole() -> None:
    async with drilled("audit") as on:
        on.link.details = {}
        await on.press("v")
        await on.until(lambda: "chain: nothing was recorded for audit" in on.text)
        assert "chain whole" not in on.text


async def test_e_writes_what_is_shown_and_says_where(tmp_path: Path) -> None:
    picture = replace(snapshots.running(), database=str(tmp_path / "sim.db"))
    async with drilled("audit", snapshot=picture) as on:
        await on.press("slash", *"guard", "enter", "e")
        await on.until(lambda: "2 rows in" in on.text)
        (written,) = (tmp_path / "exports").iterdir()
        assert written.name == "audit-20231114-221320.csv"
        header, *rows = csv.reader(written.read_text(encoding="utf-8").splitlines())
        assert header[:5] == ["row", "time", "market_time", "actor", "kind"]
        assert [row[0] for row in rows] == ["4", "3"]
        assert rows[1][header.index("reason")].startswith("BTCUSDT moved more than 8 sigma")
        assert rows[1][header.index("payload")].startswith("{")
        assert written.stat().st_mode & 0o777 == 0o600
        await on.press("tab", "e")
        await on.until(lambda: len(list((tmp_path / "exports").iterdir())) == 2)


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file is in the way")
    picture = replace(snapshots.running(), database=str(tmp_path / "sim.db"))
    async with drilled("audit", snapshot=picture) as on:
        await on.press("e")
        await on.until(lambda: "Not written" in on.text)


async def test_an_empty_trail_and_no_commands_say_so() -> None:
    none = recorded() | {DetailKind.AUDIT: {"rows": []}, DetailKind.COMMANDS: {"rows": []}}
    async with drilled("audit", answers=none) as on:
        assert "Nothing was audited yet" in on.text
        await on.press("e")
        await on.until(lambda: "Nothing to export." in on.text)
        await on.press("tab")
        await on.until(lambda: "Nobody has commanded anything yet" in on.text)


@pytest.mark.parametrize(
    ("kind", "payload", "fact"),
    [
        (
            "command",
            {
                "kind": "kill",
                "arguments": {},
                "accepted": False,
                "message": "no",
                "reason": "",
                "state_before": "ACTIVE",
                "state_after": "ACTIVE",
            },
            AuditFact("kill", "ACTIVE", "ACTIVE", "REFUSED no"),
        ),
        (
            "override set",
            {
                "name": "stale_bars",
                "scope": "ADAUSDT",
                "state": "REDUCING",
                "reason": "no bar",
                "ends": "healthy",
            },
            AuditFact("stale bars set on ADAUSDT", "", "REDUCING", "no bar; ends: healthy"),
        ),
        (
            "stop",
            {"policy": "keep", "reason": "bars reached"},
            AuditFact("engine stopped, keep", "", "", "bars reached"),
        ),
        (
            "control",
            {"state": "HALTED", "progress": "flat", "reason": "test", "keep_positions": False},
            AuditFact("latch flat", "", "HALTED", "test"),
        ),
        (
            "weight",
            {"name": "A1", "before": 0.4, "after": 0.3, "reason": "told to"},
            AuditFact("weight name A1", "0.4", "0.3", "told to"),
        ),
        (
            "weights",
            {
                "signal": "A1",
                "before": {"A1": 0.4, "A2": 0.35, "D1": 0.0},
                "after": {"A1": 0.0, "A2": 0.5833333333333334, "D1": 0.0},
                "reason": "drill",
            },
            AuditFact(
                "weights, by A1", "0.40", "0.00", "shares A1 0.40 → 0.00, A2 0.35 → 0.58; asked: drill"
            ),
        ),
        (
            "flatten",
            {"symbol": "BTCUSDT", "held": "-0.042", "wanted": "0"},
            AuditFact("flatten BTCUSDT", "-0.042", "0", "-0.042 held, 0 wanted"),
        ),
        (
            "cancel asked",
            {"order": "qd1", "before": "partially_filled", "reason": ""},
            AuditFact("cancel asked", "partially filled", "", "order qd1, partially filled"),
        ),
        (
            "cancel ended",
            {"order": "qd1", "before": "accepted", "after": "canceled"},
            AuditFact("cancel ended", "accepted", "canceled", "order qd1, accepted → canceled"),
        ),
        (
            "unheard of",
            {"before": {"a": 1}, "after": {"a": [1, 2]}, "by": {"b": True}},
            AuditFact("unheard of by b true", "a 1", "a 1, 2"),
        ),
        ("odd", ["what", 1], AuditFact("odd", reason="what, 1")),
        ("odd", None, AuditFact("odd")),
    ],
)
def test_every_row_is_told_in_words(kind: str, payload: Any, fact: AuditFact) -> None:
    assert audit_fact(kind, payload) == fact


def test_an_export_never_writes_over_another(tmp_path: Path) -> None:
    path = export_path(str(tmp_path / "a.db"), "audit", WALL_MS)
    first = write_table(path, (("a",), [("1",)]))
    second = write_table(path, (("a",), [("2",)]))
    assert (first, second.name) == (path, "audit-20231114-221320-2.csv")
    assert first.read_bytes() == b"a\r\n1\r\n"
