"""What the world does to a database file: full disk, no permission, other writers, damaged bytes, SIGKILL."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import query, recall
from store.check import check
from store.database import Database
from store.digest import digest
from store.errors import LONGEST_MESSAGE, Corrupt, DiskFull, Locked, ReadOnly, StoreError
from store.journal import Journal
from tests.store.samples import event, gather_run, opened, write_run

REPOSITORY = Path(__file__).resolve().parents[2]
PAIR = "INSERT INTO ui_state VALUES (?, ?)"


async def fill_up(database: Database) -> StoreError:
    """Commit ever more pairs until the database refuses."""
    for number in range(10_000):
        try:
            await database.transact(
                [(PAIR, [(f"{number} {side}", "x" * 20_000) for side in ("left", "right")])]
            )
        except StoreError as error:
            return error
    raise AssertionError("nothing ever filled up")


def assert_pairs_whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM ui_state")]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert {f"{name.split()[0]} {side}" for name in names for side in ("left", "right")} == set(names)


async def test_when_the_file_may_not_grow_the_transaction_is_undone(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        await database.query("PRAGMA max_page_count = 100")
        error = await fill_up(database)
        assert isinstance(error, DiskFull)
        assert "the disk is full; free some space" in str(error)
        assert await database.query("SELECT count(*) % 2, count(*) > 0 FROM ui_state") == [(0, 1)]
    assert_pairs_whole(tmp_path / "x.db")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes; skips where mounting is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root and CAP_SYS_ADMIN")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_fails_the_journal_and_loses_nothing_committed(small_disk: Path) -> None:
    path = small_disk / "x.db"
    async with opened(path) as database:
        journal = Journal(database)
        journal.event(event("kept"))
        await journal.commit()
        assert isinstance(await fill_up(database), DiskFull)
        for _ in range(100):
            journal.event(event("x" * 5_000))
        with pytest.raises(DiskFull):
            await journal.commit()
        with pytest.raises(DiskFull):
            journal.event(event())
    assert_pairs_whole(path)
    assert check(path).findings == ()
    assert [row["message"] for row in query.events(path)] == ["kept"]


async def test_no_room_for_a_new_database_is_one_clear_error(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 2_000_000)
    with pytest.raises(DiskFull, match="the disk is full"):
        async with opened(small_disk / "x.db"):
            pass


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from tests.store.samples import opened
from tests.store.test_faults import fill_up
async def main():
    async with opened(Path(sys.argv[1])) as database:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        print(repr(await fill_up(database)))
asyncio.run(main())
"""


def test_a_file_size_limit_is_one_clear_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "x.db")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "StoreError" in done.stdout
    assert "the disk failed to read or write" in done.stdout
    assert_pairs_whole(tmp_path / "x.db")


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """A read-only view of `tmp_path / "disk"`; by permissions for a user, by a mount for root."""
    folder = tmp_path / "disk"
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        yield folder
        folder.chmod(0o755)
        return
    view = tmp_path / "view"
    view.mkdir()
    for command in (
        ["mount", "--bind", str(folder), str(view)],
        ["mount", "-o", "remount,ro,bind", str(view)],
    ):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            subprocess.run(["umount", "-l", str(view)], capture_output=True, check=False)
            pytest.skip("a read-only view needs CAP_SYS_ADMIN where permissions do not bind")
    try:
        yield view
    finally:
        subprocess.run(["umount", "-l", str(view)], check=True)


async def test_a_read_only_folder_is_refused_for_writing_and_good_for_reading(
    read_only_disk: Path, tmp_path: Path
) -> None:
    await write_run(tmp_path / "disk" / "x.db")
    if os.geteuid() != 0:
        read_only_disk.chmod(0o555)
    with pytest.raises(ReadOnly, match="check the permissions"):
        async with opened(read_only_disk / "x.db"):
            pass
    with pytest.raises(ReadOnly):
        async with opened(read_only_disk / "new.db"):
            pass
    assert len(query.fills(read_only_disk / "x.db")) == 1
    assert check(read_only_disk / "x.db").sound
    assert digest(read_only_disk / "x.db") == digest(tmp_path / "disk" / "x.db")


async def test_a_connection_that_turns_read_only_fails_the_commit_by_name(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        await database.query("PRAGMA query_only = ON")
        gather_run(journal)
        with pytest.raises(ReadOnly):
            await journal.commit()
        await database.query("PRAGMA query_only = OFF")
        with pytest.raises(ReadOnly):
            await journal.commit()
        assert await database.query("SELECT count(*) FROM decisions") == [(0,)]


async def test_another_writer_is_waited_for_and_then_named(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    belongs_to = {"mode": "sim", "account": "test", "identity": "seed 7"}
    database = await Database.open(path, **belongs_to, busy_timeout_ms=100)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Locked, match="another process is writing to it"):
                await database.transact([(PAIR, [("a", "1")])])
            other.execute("ROLLBACK")
        await database.transact([(PAIR, [("a", "1")])])
    finally:
        await database.close()


async def test_a_database_another_program_holds_for_itself_is_refused(tmp_path: Path) -> None:
    await write_run(tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Locked):
            await Database.open(
                tmp_path / "x.db", mode="sim", account="test", identity="seed 7", busy_timeout_ms=50
            )


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed database that holds one of everything."""
    path = tmp_path_factory.mktemp("sound") / "x.db"
    asyncio.run(write_run(path))
    assert check(path).sound
    return path


def damaged(content: bytes, offset: int, noise: bytes) -> bytes:
    at = offset % len(content)
    return (content[:at] + noise + content[at + len(noise) :])[: len(content)]


async def use_everything(path: Path) -> None:
    """Open, load all a start loads, write, and close; raises StoreError where that cannot be done."""
    async with opened(path) as database:
        for load in (
            recall.instruments,
            recall.orders,
            recall.open_orders,
            recall.positions,
            recall.overrides,
            recall.session_state,
            recall.ui_state,
            recall.last_equity,
        ):
            await load(database)
        await recall.applied_ids(database, 0, 10)
        await recall.recent_fills(database, 10)
        await recall.recent_funding(database, 10)
        await recall.recent_events(database, 10)
        journal = Journal(database)
        await journal.load_control()
        journal.event(event())
        journal.audit("test", "test", {}, 0)
        await journal.commit()


READERS = (
    query.meta,
    query.fills,
    query.orders,
    query.positions,
    query.equity,
    query.events,
    query.commands,
    query.control,
    query.overrides,
    query.readings,
    query.decision,
    lambda path: query.explain(path, "qd1"),
    digest,
    check,
)


def survive(path: Path, content: bytes) -> None:
    """Every way to use the file either works or raises a StoreError."""
    for use in (*READERS, lambda damaged_path: asyncio.run(use_everything(damaged_path))):
        for leftover in path.parent.glob("x.db*"):
            leftover.unlink()
        path.write_bytes(content)
        with suppress(StoreError):
            use(path)


noises = st.binary(min_size=1, max_size=64) | st.sampled_from([b"\0" * 4096, b"\xff" * 512, b"\0" * 16])


def test_an_error_is_one_short_printable_line() -> None:
    error = StoreError("x.db: malformed\n  CREATE\tTABLE \x1b[31m \udcff" + "y" * 9_000)
    assert str(error).startswith("x.db: malformed CREATE TABLE ?[31m ?yyy")
    assert str(error).isprintable()
    assert len(str(error)) == LONGEST_MESSAGE


@given(offset=st.integers(0, 10**7), noise=noises)
@settings(max_examples=60)
def test_damaged_bytes_give_data_or_a_clear_error(
    offset: int, noise: bytes, sound: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    survive(tmp_path_factory.mktemp("damaged") / "x.db", damaged(sound.read_bytes(), offset, noise))


@pytest.mark.slow
@given(offset=st.integers(0, 10**7), noise=noises)
@settings(max_examples=1_000)
def test_damaged_bytes_give_data_or_a_clear_error_many_times(
    offset: int, noise: bytes, sound: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    survive(tmp_path_factory.mktemp("damaged") / "x.db", damaged(sound.read_bytes(), offset, noise))


@pytest.mark.parametrize("length", [0, 1, 99, 100, 4_000, 8_192, 20_000])
def test_a_truncated_file_gives_data_or_a_clear_error(tmp_path: Path, sound: Path, length: int) -> None:
    survive(tmp_path / "x.db", sound.read_bytes()[:length])


@pytest.mark.parametrize("page", [1, 2, 5])
async def test_a_page_of_noise_is_found_at_start(tmp_path: Path, sound: Path, page: int) -> None:
    content = sound.read_bytes()
    page_size = int.from_bytes(content[16:18], "big")
    noise = bytes(range(256)) * (page_size // 256)
    (tmp_path / "x.db").write_bytes(damaged(content, page * page_size, noise))
    with pytest.raises(Corrupt, match="damaged"):
        async with opened(tmp_path / "x.db"):
            pass


WRITER = """
import asyncio, sys
from pathlib import Path
from tests.store.samples import opened
async def main():
    async with opened(Path(sys.argv[1])) as database:
        print("open", flush=True)
        number = (await database.query("SELECT count(*) FROM ui_state"))[0][0]
        while True:
            pair = [(f"{number} left", "x" * 3_000), (f"{number} right", "x" * 3_000)]
            statement = "INSERT INTO ui_state VALUES (?, ?)"
            await database.transact([(statement, pair[:1]), (statement, pair[1:])])
            number += 1
            print(number, flush=True)
asyncio.run(main())
"""


def killed_after(path: Path, transactions: int) -> int:
    """SIGKILL a writer once it called that many transactions durable; the last number it said."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    with writer, writer.stdout:
        assert writer.stdout.readline() == "open\n"
        for _ in range(transactions):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        said = writer.stdout.read().split()
    return int(said[-1]) if said else 0


def test_after_sigkill_every_transaction_is_whole_and_none_that_was_promised_is_missing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.db"
    for transactions in (1, 7, 40):
        promised = killed_after(path, transactions)
        # The first to look may be a reader: the log the dead process left is read, and stays.
        with query.read_only(path) as connection:
            names = {name for (name,) in connection.execute("SELECT name FROM ui_state")}
        assert {f"{promised - 1} left", f"{promised - 1} right"} <= names or promised == 0
        assert_pairs_whole(path)
        assert check(path).sound


def test_a_killed_engine_leaves_no_lock_and_a_live_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    with writer, writer.stdout:
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(Locked, match=f"process {writer.pid} is running"):
            asyncio.run(use_everything(path))
        writer.send_signal(signal.SIGKILL)
    asyncio.run(use_everything(path))
