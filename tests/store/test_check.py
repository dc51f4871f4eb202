"""`check`: a sound run has no finding, and each kind of damage to the books has its own."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.check import check, recompute
from store.errors import NotFound
from store.journal import Journal
from store.records import Side
from tests.store import samples
from tests.store.samples import HOUR_MS, START_MS, opened, write_run


@pytest.fixture
async def run(tmp_path: Path) -> Path:
    await write_run(tmp_path / "x.db")
    return tmp_path / "x.db"


def test_a_sound_run_has_no_finding_and_its_tables_have_sizes(run: Path) -> None:
    report = check(run)
    assert report.findings == ()
    assert report.sound
    assert report.audit_rows == 3
    rows = {table.name: table.rows for table in report.tables}
    assert (rows["fills"], rows["orders"], rows["order_events"], rows["universes"]) == (1, 1, 2, 1)
    assert all(table.bytes is None or table.bytes > 0 for table in report.tables)


DAMAGE = {
    "a fill without its order": (
        "UPDATE fills SET client_order_id = 'gone'",
        "fill f1 belongs to order gone, which does not exist",
    ),
    "an order event without its order": (
        "UPDATE order_events SET client_order_id = 'gone' WHERE sequence = 2",
        "order event 2 belongs to order gone, which does not exist",
    ),
    "a decision without its symbols": (
        "UPDATE decisions SET universe_id = 5",
        "table decisions names a row of table universes that does not exist",
    ),
    "equity off by the last digit": (
        "UPDATE equity SET equity = '100087.99500001'",
        f"equity at {START_MS + HOUR_MS} is 100087.99500001, its parts make 100087.995",
    ),
    "fees off by the last digit": (
        "UPDATE equity SET fees = '10.00000001', equity = '100087.99499999'",
        "the last equity row has fees 10.00000001, fills and funding make 10",
    ),
    "realised profit from nowhere": (
        "UPDATE equity SET realised = '1', equity = '100088.995'",
        "the last equity row has realised 1, fills and funding make 0",
    ),
    "funding told twice": (
        "UPDATE equity SET funding = '-4.01', equity = '100085.99'",
        "the last equity row has funding -4.01, fills and funding make -2.005",
    ),
    "a position off by one lot": (
        "UPDATE positions SET quantity = '0.501'",
        "position BTCUSDT has quantity 0.501, its fills and funding make 0.5",
    ),
    "a position that no fill made": (
        "UPDATE positions SET symbol = 'ETHUSDT'",
        "position ETHUSDT has quantity 0.5, its fills and funding make 0",
    ),
    "a fill lost": ("DELETE FROM fills", "position BTCUSDT has cost 20000, its fills and funding make 0"),
    "an order that says it filled more": (
        "UPDATE orders SET filled_quantity = '0.6'",
        "order qd1 has filled quantity 0.6, its fills make 0.5",
    ),
    "a cost taken over that the position does not have": (
        "INSERT INTO cost_adoptions VALUES ('f1', 'BTCUSDT', '19999', 1)",
        "position BTCUSDT has cost 20000, its fills and funding make 19999",
    ),
    "a cost taken over after no fill": (
        "INSERT INTO cost_adoptions VALUES ('f9', 'BTCUSDT', '20000', 1)",
        "the cost of BTCUSDT was taken over after fill f9, which is none of its fills",
    ),
    "a cost taken over after a fill of another symbol": (
        "INSERT INTO cost_adoptions VALUES ('f1', 'ETHUSDT', '20000', 1)",
        "the cost of ETHUSDT was taken over after fill f1, which is none of its fills",
    ),
    "an amount that is none": ("UPDATE fills SET price = 'much'", "holds a row that cannot be read"),
    "no equity at all": ("DELETE FROM equity", "the ledger has fills or funding but no equity row"),
}


@pytest.mark.parametrize(("statement", "finding"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_found_and_named(run: Path, statement: str, finding: str) -> None:
    with closing(sqlite3.connect(run)) as connection:
        assert connection.execute(statement).rowcount == 1
        connection.commit()
    report = check(run)
    assert not report.sound
    assert any(finding in line for line in report.findings), report.findings


async def test_the_identity_is_checked_at_every_row(run: Path) -> None:
    async with opened(run) as database:
        journal = Journal(database)
        for number in range(2, 60):
            journal.equity(START_MS + number * HOUR_MS, samples.totals(), 0.2, 0.2)
        wrong = replace(samples.totals(), unrealised=Decimal("99.99999999"))
        journal.equity(START_MS + 30 * HOUR_MS, wrong, 0.2, 0.2)
        other = replace(samples.totals(), initial=Decimal(1), equity=Decimal("88.995"))
        journal.equity(START_MS + 60 * HOUR_MS, other, 0.2, 0.2)
        await journal.commit()
    findings = check(run).findings
    assert any(f"equity at {START_MS + 30 * HOUR_MS} is" in line for line in findings)
    assert any(f"initial equity changes at {START_MS + 60 * HOUR_MS}" in line for line in findings)
    assert len(findings) == 2


async def test_findings_of_one_kind_do_not_flood(run: Path) -> None:
    async with opened(run) as database:
        journal = Journal(database)
        for number in range(200):
            wrong = replace(samples.totals(), equity=Decimal(number))
            journal.equity(START_MS + number * HOUR_MS, wrong, 0.2, 0.2)
            journal.order(samples.order(f"qd{number}x"))
        await journal.commit()
    assert len(check(run).findings) == 20


async def test_a_liquidation_needs_no_order_of_ours(run: Path) -> None:
    async with opened(run) as database:
        liquidated = replace(
            samples.fill("none", "f2"), side=Side.SELL, liquidation=True, fee=Decimal(200), price=Decimal(1)
        )
        journal = Journal(database)
        journal.fill(liquidated)
        await journal.commit()
    assert not [line for line in check(run).findings if "belongs to order" in line]


def test_there_is_nothing_to_check_without_a_database(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        check(tmp_path / "x.db")


async def late_fill(path: Path) -> tuple[Decimal, Decimal]:
    """A purchase heard after the sale that followed it, the cost it had at the venue, then one more sale; what the
    position costs and has realised in the end."""
    first = replace(samples.fill("qd1", "f1"), price=Decimal(100), quantity=Decimal(1), fee=Decimal(0))
    sale = replace(first, fill_id="f3", ts_ms=first.ts_ms + 2, side=Side.SELL, price=Decimal(130))
    bought = replace(first, fill_id="f2", ts_ms=first.ts_ms + 1, price=Decimal(120))
    rest = replace(sale, fill_id="f4", ts_ms=first.ts_ms + 3, quantity=Decimal("0.5"))
    async with opened(path) as database:
        journal = Journal(database)
        for fill in (first, sale, bought):
            journal.fill(fill)
        await journal.commit()
        journal.cost_adopted("BTCUSDT", Decimal(110), START_MS)
        journal.fill(rest)
        await journal.commit()
    return Decimal(55), Decimal(20 + 10)


async def test_a_cost_taken_over_from_the_venue_holds_from_the_fill_it_was_taken_at(tmp_path: Path) -> None:
    expected = await late_fill(tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        book = recompute(connection)["BTCUSDT"]
        assert (book.cost, book.realised) == expected
        connection.execute("DELETE FROM cost_adoptions")
        alone = recompute(connection)["BTCUSDT"]
    assert (alone.cost, alone.realised) == (Decimal(60), Decimal(30 + 5))


async def test_a_cost_is_taken_over_after_the_newest_fill_gathered_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        for number, symbol in enumerate(("BTCUSDT", "ETHUSDT", "BTCUSDT")):
            journal.fill(replace(samples.fill("qd1", f"f{number}"), symbol=symbol))
        journal.cost_adopted("ETHUSDT", Decimal(1), START_MS)
        journal.cost_adopted("ETHUSDT", Decimal(2), START_MS)
        journal.fill(replace(samples.fill("qd1", "f9"), symbol="ETHUSDT"))
        await journal.commit()
        found = await database.query("SELECT fill_id, symbol, cost FROM cost_adoptions")
    assert found == [("f1", "ETHUSDT", "2")]


trades = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 10**9), st.integers(1, 10**6)), min_size=1, max_size=25
)


@given(trades)
@settings(max_examples=30)
def test_recomputed_books_obey_the_laws_of_average_cost(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[Side, int, int]]
) -> None:
    """Cash is conserved to the last digit, a flat book costs nothing, and cost has the quantity's sign."""
    fills = [
        replace(
            samples.fill("qd1", f"f{number}"),
            side=side,
            price=Decimal(price).scaleb(-4),
            quantity=Decimal(quantity).scaleb(-4),
        )
        for number, (side, price, quantity) in enumerate(drawn)
    ]

    async def write(path: Path) -> None:
        async with opened(path) as database:
            journal = Journal(database)
            for fill in fills:
                journal.fill(fill)
            await journal.commit()

    path = tmp_path_factory.mktemp("books") / "x.db"
    asyncio.run(write(path))
    with closing(sqlite3.connect(path)) as connection:
        book = recompute(connection)["BTCUSDT"]
    assert book.quantity == sum(fill.side.sign * fill.quantity for fill in fills)
    paid = sum(Fraction(fill.side.sign) * Fraction(fill.price) * Fraction(fill.quantity) for fill in fills)
    assert Fraction(book.cost) - Fraction(book.realised) == paid
    assert (book.cost == 0) == (book.quantity == 0)
    assert book.cost * book.quantity >= 0


async def test_a_reduction_releases_cost_rounded_half_even(tmp_path: Path) -> None:
    """Half of a cost of 5 steps of 1e-8 is 2.5: two are released, three stay."""
    buy = replace(samples.fill(), price=Decimal("0.00000005"), quantity=Decimal(1))
    sale = replace(buy, fill_id="f2", side=Side.SELL, quantity=Decimal("0.5"), price=Decimal(2))
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.fill(buy)
        journal.fill(sale)
        await journal.commit()
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        book = recompute(connection)["BTCUSDT"]
    assert book.realised == 1 - Decimal("0.00000002")
    assert book.cost == Decimal("0.00000003")
