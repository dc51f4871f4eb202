"""The audit trail: append-only in the database, and any change made behind its back is found and named."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import audit
from store.check import check
from store.errors import Corrupt, StoreError
from store.journal import Journal
from store.latch import latch_halt
from tests.store.samples import opened

COLUMNS = ("sequence", "wall_ms", "market_ts_ms", "actor", "kind", "payload", "previous_hash", "hash")
ROWS = 5


@pytest.fixture
async def trail(tmp_path: Path) -> Path:
    """A closed database with a few audited facts."""
    path = tmp_path / "x.db"
    async with opened(path) as database:
        journal = Journal(database, wall_ms=iter(range(1_000, 2_000)).__next__)
        for number in range(ROWS):
            journal.audit(f"kind{number}", "operator", {"b": number, "a": "text"}, 5_000 + number)
            if number % 2:
                await journal.commit()
        await journal.commit()
    return path


def tamper(path: Path, *statements: str) -> None:
    """Change the trail as somebody would who knows to remove the triggers first."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER audit_is_never_updated")
        connection.execute("DROP TRIGGER audit_is_never_deleted")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_an_unbroken_trail_is_verified(trail: Path) -> None:
    assert audit.verify(trail) == ROWS


async def test_an_empty_trail_is_unbroken(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db"):
        pass
    assert audit.verify(tmp_path / "x.db") == 0


def test_the_hash_of_a_row_is_the_documented_one() -> None:
    assert audit.link(audit.GENESIS, 1, (2, 3, "me", "start", '{"a":1}')) == (
        "d97aceedcabfb2b2870b0e06d07bd854027d503ffe62c9c9eaa712ffafade184"
    )


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'me'", "DELETE FROM audit"])
async def test_the_database_itself_refuses_to_change_the_trail(trail: Path, statement: str) -> None:
    async with opened(trail) as database:
        with pytest.raises(StoreError, match="append-only"):
            await database.transact([(statement, [()])])
    assert audit.verify(trail) == ROWS


@pytest.mark.parametrize("row", range(1, ROWS + 1))
@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_of_any_column_is_found(trail: Path, column: str, row: int) -> None:
    number = column in ("sequence", "wall_ms", "market_ts_ms")
    changed = f"{column} + 100" if number else f"{column} || ' '"
    tamper(trail, f"UPDATE audit SET {column} = {changed} WHERE sequence = {row}")
    with pytest.raises(Corrupt, match=rf"audit row {row} (is missing|does not follow|was changed)"):
        audit.verify(trail)


@given(data=st.data())
@settings(max_examples=40)
def test_a_change_of_any_one_byte_is_found(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)")
        connection.execute(f"CREATE TABLE audit ({', '.join(COLUMNS)})")
        entry = (1_000, 2_000, "operator", "command", '{"reason":"lunch"}')
        audit.append(connection, [entry] * 3)
        assert audit.verify_on(connection, Path("x.db")) == 3
        row, column = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(COLUMNS[3:]))
        ((text,),) = connection.execute(f"SELECT {column} FROM audit WHERE sequence = {row}").fetchall()
        at, letter = data.draw(st.integers(0, len(text) - 1)), data.draw(st.characters(codec="ascii"))
        other = text[:at] + letter + text[at + 1 :]
        connection.execute(f"UPDATE audit SET {column} = ? WHERE sequence = {row}", (other,))
        if other == text:
            assert audit.verify_on(connection, Path("x.db")) == 3
        else:
            with pytest.raises(Corrupt, match=f"audit row {row} "):
                audit.verify_on(connection, Path("x.db"))


@pytest.mark.parametrize(
    ("statements", "finding"),
    [
        (["DELETE FROM audit WHERE sequence = 1"], "audit row 1 is missing"),
        (["DELETE FROM audit WHERE sequence = 3"], "audit row 3 is missing"),
        (["DELETE FROM audit WHERE sequence = 5"], "ends at row 4, but more rows were written"),
        (["DELETE FROM audit"], "ends at row 0, but more rows were written"),
        (
            [
                "DELETE FROM audit WHERE sequence = 3",
                "UPDATE audit SET sequence = sequence - 1 WHERE sequence > 3",
            ],
            "audit row 3 does not follow the row before it",
        ),
        (
            [
                "UPDATE audit SET sequence = 99 WHERE sequence = 2",
                "UPDATE audit SET sequence = 2 WHERE sequence = 3",
                "UPDATE audit SET sequence = 3 WHERE sequence = 99",
            ],
            "audit row 2 does not follow the row before it",
        ),
        (
            ["INSERT INTO audit SELECT 6, wall_ms, 0, actor, kind, payload, hash, hash FROM audit LIMIT 1"],
            "audit row 6 does not follow the row before it",
        ),
    ],
    ids=["first", "middle", "last", "all", "renumbered", "swapped", "invented"],
)
def test_rows_taken_out_moved_or_invented_are_found(trail: Path, statements: list[str], finding: str) -> None:
    tamper(trail, *statements)
    with pytest.raises(Corrupt, match=finding):
        audit.verify(trail)
    assert any(re.search(finding, line) for line in check(trail).findings)


async def test_the_chain_holds_when_another_process_writes_in_between(trail: Path) -> None:
    async with opened(trail) as database:
        journal = Journal(database)
        for number in range(3):
            journal.audit("engine", "engine", {"number": number}, 0)
            await journal.commit()
            latch_halt(trail, "test", "cli", keep_positions=False)
        journal.audit("engine", "engine", {"number": 3}, 0)
        await journal.commit()
    halts = 3
    assert audit.verify(trail) == ROWS + halts * 2 + 4
