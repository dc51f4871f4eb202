"""Databases of earlier versions: brought up to this one when an engine opens them, readable and killable before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store import query, recall, schema
from store.check import check
from store.digest import digest
from store.journal import Journal
from store.latch import latch_halt
from store.rows import CommandRow
from tests.store import samples
from tests.store.samples import HOUR_MS, opened

ROWS = Path(__file__).with_name("version_1.sql")
DIGEST = "58f16d15a75424596a5a71cdb510e763c55ba9305e4d5554ebe35747b2d6089e"
"""Of that book, as version 1 told it."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A book of version 1 with one of everything in it, rows as version 1 wrote them."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        rows = ROWS.read_text(encoding="utf-8")
        connection.executescript(f"{schema.migrations()[0]}\n{rows}\nPRAGMA user_version = 1;")
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def give(path: Path, kind: str) -> None:
    """One command, journalled and audited."""
    async with opened(path) as database:
        journal = Journal(database)
        journal.command(
            CommandRow("operator@tty", kind, {}, "", True, "done", "ACTIVE", "ACTIVE", samples.START_MS)
        )
        await journal.commit()


def modes(path: Path) -> list[tuple[str, str]]:
    return [(command["kind"], command["mode"]) for command in query.commands(path)]


def told(path: Path) -> object:
    """All that readers say of decisions and readings."""
    return (
        query.explain(path, "qd1"),
        query.decision(path),
        query.readings(path),
        query.reading_history(path, "A1", "ETHUSDT", limit=9),
        query.reading_history(path, "A1", "BTCUSDT", limit=9, step_ms=HOUR_MS),
    )


def test_readings_and_waterfalls_of_an_old_book_are_what_they_were(old: Path) -> None:
    why = query.explain(old, "qd1")
    assert [row["value"] for row in why["stages"]] == samples.decision().stages[:, 0].tolist()
    (heard,) = query.readings(old)
    assert (heard["signal"], heard["ts"]) == ("A1", samples.START_MS)
    assert heard["cells"] == {
        "BTCUSDT": {"value": 0.5, "confidence": 1.0, "reason": "UP", "statistics": {"t": 2.5}},
        "ETHUSDT": {"value": None, "confidence": None, "reason": "WARMUP", "statistics": {"t": None}},
    }


def test_the_files_are_numbered_without_a_hole() -> None:
    assert len(schema.migrations()) >= 2


async def test_an_old_book_is_the_same_book_afterwards(old: Path) -> None:
    before = told(old)
    assert digest(old) == DIGEST
    await give(old, "resume")
    assert version(old) == len(schema.migrations())
    assert digest(old) == DIGEST
    assert told(old) == before
    assert check(old).findings == ()
    assert modes(old)[-2:] == [("pause", "sim"), ("resume", "sim")]


def test_an_old_book_is_read_before_any_engine_has_opened_it(old: Path) -> None:
    assert modes(old)[-1] == ("pause", "sim")
    assert version(old) == 1


@pytest.mark.parametrize("is_old", [True, False], ids=["old", "new"])
async def test_a_kill_past_the_engine_meets_either_version(old: Path, is_old: bool) -> None:
    if not is_old:
        await give(old, "resume")
    latch_halt(old, "it hangs", "cli uid=0", keep_positions=False)
    assert modes(old)[-1] == ("kill", "sim")
    await give(old, "status")
    assert modes(old)[-2:] == [("kill", "sim"), ("status", "sim")]
    assert check(old).findings == ()


async def test_a_migration_cut_short_is_made_whole_at_the_next_start(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = schema.migrations()
    for number in range(1, len(whole)):
        cut = (*whole[:number], whole[number] + "\nINSERT INTO nowhere VALUES (1);")
        with monkeypatch.context() as patched:
            patched.setattr(schema, "migrations", lambda cut=cut: cut)
            with pytest.raises(Exception, match="nowhere"):
                await give(old, "resume")
        assert version(old) == number
        assert digest(old) == DIGEST
    assert modes(old)[-1] == ("pause", "sim")
    await give(old, "resume")
    assert modes(old)[-1] == ("resume", "sim")


async def test_an_old_book_knows_of_no_contract_until_one_is_listed(old: Path) -> None:
    assert query.contracts(old) == {}
    async with opened(old) as database:
        journal = Journal(database)
        journal.instrument(samples.option())
        await journal.commit()
        kept = {instrument.symbol: instrument for instrument in await recall.instruments(database)}
    assert kept["BTCUSDT"] == samples.instrument()
    assert kept[samples.option().symbol] == samples.option()
    told = {"right": "call", "strike": "64000", "expiry_ms": samples.option().expiry_ms}
    assert query.contracts(old) == {samples.option().symbol: told}
