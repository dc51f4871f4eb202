"""Journal: what is gathered is durable when commit returns, in one transaction, in the order of the calls."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import codecs, query, recall
from store.check import check
from store.compact import unpack_stages
from store.errors import Corrupt, StoreError
from store.journal import Journal
from store.latch import latch_halt
from store.records import DECISION_STAGES, TERMINAL_STATUSES, OrderStatus, TradingState
from store.rows import DecisionRow, pack_scalars, unpack_scalars
from tests.store import samples
from tests.store.samples import START_MS, SYMBOLS, gather_run, opened, unfilled


async def test_everything_gathered_is_read_back(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database, wall_ms=lambda: 77)
        gather_run(journal)
        assert journal.pending > 0
        await journal.commit()
        assert journal.pending == 0
        assert await recall.instruments(database) == [samples.instrument()]
        assert await recall.orders(database) == {"qd1": samples.order()}
        assert await recall.positions(database) == [samples.position()]
        assert await recall.recent_fills(database, 5) == [samples.fill()]
        assert await recall.fills_since(database, START_MS) == [samples.fill()]
        assert await recall.recent_funding(database, 5) == [samples.funding()]
        assert await recall.applied_ids(database, 0, 1) == [
            (samples.fill().fill_id, samples.fill().ts_ms),
            (samples.funding().funding_id, samples.funding().ts_ms),
        ]
        assert await recall.overrides(database) == [samples.override()]
        assert await recall.recent_events(database, 5) == [samples.event()]
        assert await recall.session_state(database) == {"cursor": "1"}
        assert await recall.ui_state(database) == {"theme": "dark"}
        last = await recall.last_equity(database)
        assert last is not None
        assert (last.totals, last.gross, last.net) == (samples.totals(), 0.2, 0.2)
        assert await recall.equity_since(database, last.ts_ms) == [last]
        assert await journal.load_control() == replace(
            samples.control(TradingState.ACTIVE), wall_ms=77, sequence=1
        )
    assert check(tmp_path / "x.db").findings == ()


@pytest.mark.parametrize(
    ("since_ms", "least", "expected"),
    [
        (START_MS + 50, 1, ["f5"]),
        (START_MS + 50, 2, ["f4", "u4", "f5"]),
        (START_MS + 50, 4, ["u3", "f4", "u4", "f5"]),
        (START_MS + 40, 1, ["f4", "u4", "f5"]),
        (START_MS + 90, 100, ["f0", "u0", "f1", "u1", "f2", "u2", "u3", "f4", "u4", "f5"]),
        (0, 1, ["f0", "u0", "f1", "u1", "f2", "u2", "u3", "f4", "u4", "f5"]),
    ],
)
async def test_the_ids_a_start_reads_back_are_the_newest_of_both_kinds_in_market_time(
    tmp_path: Path, since_ms: int, least: int, expected: list[str]
) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        for number in (5, 0, 1, 2, 4):
            journal.fill(samples.fill(fill_id=f"f{number}", ts_ms=START_MS + 10 * number))
        for number in range(5):
            journal.funding(samples.funding(f"u{number}", START_MS + 10 * number))
        await journal.commit()
        found = await recall.applied_ids(database, since_ms, least)
    assert [name for name, _ in found] == expected
    assert all(ts_ms == START_MS + 10 * int(name[1:]) for name, ts_ms in found)


@pytest.mark.parametrize(
    ("codec", "records"),
    [
        (codecs.ORDER, samples.orders),
        (codecs.FILL, samples.fills),
        (codecs.FUNDING, samples.payments),
        (codecs.POSITION, samples.positions),
        (codecs.TOTALS, samples.ledger_totals),
        (codecs.OVERRIDE, samples.overrides),
        (codecs.INSTRUMENT, st.sampled_from([samples.instrument(), samples.option()])),
        (codecs.CONTROL, st.just(samples.control())),
        (codecs.EVENT, st.just(samples.event())),
    ],
    ids=lambda value: value.table if isinstance(value, codecs.Codec) else "",
)
@given(data=st.data())
@settings(max_examples=50)
def test_every_record_survives_its_row(
    codec: codecs.Codec[Any], records: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    record = data.draw(records)
    with closing(sqlite3.connect(":memory:")) as connection:
        marks = ", ".join("?" * len(codec.names))
        (read,) = connection.execute(f"SELECT {marks}", codec.row(record)).fetchall()
    assert codec.record(read) == record
    assert all("E" not in value for value in codec.row(record) if _is_number(value))


def _is_number(value: object) -> bool:
    return isinstance(value, str) and value.replace("-", "").replace(".", "").isdecimal()


@given(st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), st.floats(), max_size=8))
def test_scalars_keep_every_bit(scalars: dict[str, float]) -> None:
    read = unpack_scalars(pack_scalars(scalars))
    assert list(read) == list(scalars)
    assert np.array(list(read.values())).tobytes() == np.array(list(scalars.values())).tobytes()


async def test_stages_keep_every_bit_whatever_their_layout(tmp_path: Path) -> None:
    stages = np.random.default_rng(0).normal(size=(len(SYMBOLS), len(DECISION_STAGES))).T
    stages[0, 0], stages[1, 1] = np.nan, -0.0
    assert not stages.flags.c_contiguous
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.decision(DecisionRow(START_MS, SYMBOLS, TradingState.HALTED, True, stages, {}))
        await journal.commit()
        ((blob,),) = await database.query("SELECT stages FROM decisions")
    assert unpack_stages(blob) == np.ascontiguousarray(stages).tobytes()


def test_a_decision_of_the_wrong_shape_is_refused_before_it_is_gathered(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path / "x.db") as database:
            journal = Journal(database)
            with pytest.raises(ValueError, match="stages have shape"):
                journal.decision(replace(samples.decision(), stages=np.zeros((3, 2))))
            with pytest.raises(ValueError, match="not one per symbol"):
                journal.reading(replace(samples.reading(), values=np.zeros(3)))
            assert journal.pending == 0

    asyncio.run(run())


async def test_a_record_told_twice_is_kept_once(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        for _ in range(2):
            journal.fill(samples.fill())
            journal.fill(samples.fill())
            journal.funding(samples.funding())
            await journal.commit()
        assert len(await recall.recent_fills(database, 9)) == 1
        assert len(await recall.recent_funding(database, 9)) == 1


async def test_only_the_newest_form_of_a_current_value_stands(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        for cursor, status in enumerate((OrderStatus.INTENT, OrderStatus.SUBMITTED, OrderStatus.FILLED)):
            journal.order(replace(samples.order(), status=status))
            journal.state("cursor", str(cursor))
            if status is not OrderStatus.SUBMITTED:
                await journal.commit()
        assert (await recall.orders(database))["qd1"].status is OrderStatus.FILLED
        assert await recall.session_state(database) == {"cursor": "2"}


async def test_open_orders_are_those_whose_life_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        for number, status in enumerate(OrderStatus):
            journal.order(unfilled(f"qd{number:02d}", START_MS - number, status))
        await journal.commit()
        alive = await recall.open_orders(database)
        assert {order.status for order in alive} == set(OrderStatus) - TERMINAL_STATUSES
        assert [order.decision_ts_ms for order in alive] == sorted(order.decision_ts_ms for order in alive)
        plan = await database.query(
            "EXPLAIN QUERY PLAN SELECT * FROM orders WHERE status NOT IN "
            "('filled', 'canceled', 'expired', 'rejected', 'denied')"
        )
        assert "orders_alive" in str(plan)


async def test_an_order_placed_long_ago_that_ended_just_now_is_recalled(tmp_path: Path) -> None:
    """Its last fill may still be on its way."""
    long_ago = START_MS - 30 * 86_400_000
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.order(unfilled("ended long ago", long_ago, OrderStatus.FILLED))
        stop = unfilled("ended just now", long_ago, OrderStatus.FILLED)
        journal.order(replace(stop, updated_ts_ms=START_MS))
        journal.order(unfilled("works", long_ago, OrderStatus.ACCEPTED))
        await journal.commit()
        recalled = await recall.orders_since(database, START_MS)
    assert {order.client_order_id for order in recalled} == {"ended just now", "works"}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.booleans()), max_size=12))
@settings(max_examples=25)
def test_overrides_in_force_are_what_setting_and_clearing_left(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, str, bool]]
) -> None:
    """However the steps are spread over commits: (set or clear, which, commit now)."""

    async def run() -> None:
        async with opened(tmp_path_factory.mktemp("overrides") / "x.db") as database:
            journal = Journal(database)
            expected = {}
            for is_set, name, commit_now in steps:
                if is_set:
                    expected[name] = samples.override(name)
                    journal.override_set(expected[name])
                else:
                    expected.pop(name, None)
                    journal.override_cleared(name, "", START_MS, "over")
                if commit_now:
                    await journal.commit()
            await journal.commit()
            assert {found.name: found for found in await recall.overrides(database)} == expected
            history = await database.query("SELECT action, name FROM override_history ORDER BY sequence")
            assert history == [("set" if is_set else "cleared", name) for is_set, name, _ in steps]

    asyncio.run(run())


async def test_overlapping_commits_run_in_order_and_each_returns_when_its_rows_are_durable(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)

        async def commit(number: int) -> None:
            journal.state(f"row{number}", "x")
            journal.state("newest", str(number))
            await journal.commit()
            with closing(sqlite3.connect(tmp_path / "x.db")) as other:
                found = dict(other.execute("SELECT name, value FROM session_state").fetchall())
            assert f"row{number}" in found
            assert int(found["newest"]) >= number

        await asyncio.gather(*(commit(number) for number in range(50)))
        assert (await recall.session_state(database))["newest"] == "49"


async def test_a_commit_with_nothing_of_its_own_waits_for_the_one_under_way(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        for number in range(3_000):
            journal.state(f"row{number}", "x")
        under_way = asyncio.create_task(journal.commit())
        await asyncio.sleep(0)
        await journal.commit()
        with closing(sqlite3.connect(tmp_path / "x.db")) as other:
            assert other.execute("SELECT count(*) FROM session_state").fetchone() == (3_000,)
        await under_way


async def test_a_cancelled_commit_is_still_written(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        gather_run(journal)
        task = asyncio.create_task(journal.commit())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await journal.commit()
        assert await database.query("SELECT count(*) FROM decisions") == [(1,)]


async def test_after_a_failure_nothing_is_written_over_the_hole(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.decision(samples.decision())
        await journal.commit()
        journal.decision(samples.decision())
        journal.state("cursor", "2")
        failing = asyncio.create_task(journal.commit())
        await asyncio.sleep(0)
        journal.state("cursor", "3")
        later = asyncio.create_task(journal.commit())
        results = await asyncio.gather(failing, later, return_exceptions=True)
        assert all(isinstance(result, StoreError) for result in results)
        assert await recall.session_state(database) == {}
        assert journal.failure is not None
        with pytest.raises(StoreError, match="UNIQUE constraint failed: decisions"):
            journal.state("cursor", "4")
        with pytest.raises(StoreError, match="UNIQUE constraint failed: decisions"):
            await journal.commit()


async def test_a_failure_whose_caller_was_cancelled_is_not_forgotten(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.decision(samples.decision())
        await journal.commit()
        journal.decision(samples.decision())
        failing = asyncio.create_task(journal.commit())
        await asyncio.sleep(0)
        failing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await failing
        with pytest.raises(StoreError, match="UNIQUE constraint failed: decisions"):
            await journal.commit()


async def test_a_journal_on_a_closed_database_fails_for_good(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.state("cursor", "1")
        await database.close()
        for _ in range(2):
            with pytest.raises(StoreError, match="is closed"):
                await journal.commit()


async def test_text_that_is_no_unicode_does_not_stop_the_engine(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.event(samples.event("file \udcff.csv, Grüße"))
        await journal.commit()
        (read,) = await recall.recent_events(database, 1)
        assert read.message == "file \\udcff.csv, Grüße"


async def test_a_damaged_row_names_its_table(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        gather_run(journal)
        await journal.commit()
        await database.query("UPDATE orders SET quantity = 'half'")
        with pytest.raises(Corrupt, match="table orders holds a row that cannot be read"):
            await recall.orders(database)


async def test_a_latch_from_outside_is_noticed_and_left_standing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with opened(path) as database:
        journal = Journal(database)
        journal.control(replace(samples.control(TradingState.ACTIVE), progress=""))
        await journal.commit()
        assert not journal.latched_elsewhere
        assert not await journal.watch_control()

        latch_halt(path, "the engine hangs", "cli", keep_positions=False)
        journal.control(replace(samples.control(TradingState.ACTIVE), reason="resume"))
        journal.state("cursor", "9")
        await journal.commit()
        assert journal.latched_elsewhere
        control = await journal.load_control()
        assert control is not None
        assert (control.state, control.reason, control.actor) == (
            TradingState.HALTED,
            "the engine hangs",
            "cli",
        )
        assert not journal.latched_elsewhere
        assert await recall.session_state(database) == {"cursor": "9"}

        journal.control(replace(samples.control(TradingState.ACTIVE), reason="resume, knowing"))
        await journal.commit()
        control = await journal.load_control()
        assert control is not None
        assert control.state is TradingState.ACTIVE
    assert check(path).findings == ()


async def test_an_idle_engine_notices_a_latch_from_outside(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        assert not await journal.watch_control()
        latch_halt(tmp_path / "x.db", "test", "cli", keep_positions=True)
        assert await journal.watch_control()


async def test_a_halt_of_an_earlier_life_counts_as_foreign_until_it_is_loaded(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.control(samples.control())
        await journal.commit()
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.control(replace(samples.control(TradingState.ACTIVE), reason="forgot to look"))
        await journal.commit()
        control = await journal.load_control()
        assert control is not None
        assert control.state is TradingState.HALTED


@pytest.mark.benchmark
async def test_a_bar_is_cheap_to_gather(tmp_path: Path) -> None:
    """A guard against an accident: 300 us a bar are more than ten times what it takes."""
    symbols = tuple(f"S{number:02d}USDT" for number in range(12))
    stages = np.zeros((len(DECISION_STAGES), len(symbols)))
    scalars = dict.fromkeys("abcdefgh", 1.0)
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        loop = asyncio.get_running_loop()
        started = loop.time()
        for bar in range(1_000):
            journal.decision(DecisionRow(bar, symbols, TradingState.ACTIVE, False, stages, scalars))
            journal.equity(bar, samples.totals(), 0.5, 0.1)
            for name in ("cursor", "venue", "book"):
                journal.state(name, str(bar))
        assert loop.time() - started < 0.3
        await journal.commit()
        assert len(query.equity(tmp_path / "x.db")) == 1_000
        assert Decimal(query.equity(tmp_path / "x.db", limit=1)[0]["equity"]) == samples.totals().equity
