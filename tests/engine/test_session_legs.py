"""Funding carry in a running engine: coins bought, perpetuals sold against them, funding to the last digit, and both
sides gone whenever one has to go."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest

from engine.feeds.feed import FundingSettlement
from engine.feeds.sim_legs import leg_bars
from engine.feeds.sim_walk import STEP_MS, Stretch
from engine.feeds.simulated import SimulatedFeed
from engine.waterfall import with_bounds
from store import query
from store.check import check
from store.digest import digest
from store.records import ZERO, money
from tests.crash.books import Told, compare
from tests.engine.feeds.market_files import bars, write_csv
from tests.engine.session_runs import (
    Script,
    ScriptedSession,
    bars_pass,
    engine,
    follow,
    give,
    rows,
    run,
    running,
)

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

COINS = ("BTC", "ETH", "SOL")
CARRY = {
    "run__symbols": ",".join(f"{coin}USDT" for coin in COINS),
    "sim__history_days": "110",
    "signals__A4__enabled": "true",
    "signals__A4__weight": "1",
    "signals__A4__cost_bps": "0",
}
"""So short a past that no directional signal speaks; and at no cost all three coins have something to say."""
ALONE = CARRY | {f"signals__{name}__enabled": "false" for name in ("A1", "A2", "A3")}
BARS, AT = 30, 12
HOUR_MS, PAST_MS = 3_600_000, 110 * 86_400_000
BOOK = "SELECT value FROM session_state WHERE name = 'neutral'"
ORDERS = "SELECT symbol, side, purpose, reduce_only FROM orders WHERE symbol LIKE '%SPOT'"


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("carry") / "x.db"
    asyncio.run(run(database, BARS, **ALONE))
    return database


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


def quantities(database: Path) -> dict[str, float]:
    return {symbol: float(quantity) for symbol, quantity in Told.of(database).positions.items()}


def settled(first_ms: int, count: int) -> tuple[FundingSettlement, ...]:
    """Funding as the market itself says, without an engine."""
    feed = SimulatedFeed(7, history_days=110, symbols=[f"{coin}USDT" for coin in COINS])
    return feed.read(first_ms, count).funding


def test_every_coin_is_held_against_its_perpetual(traded: Path) -> None:
    held = quantities(traded)
    assert set(held) == {f"{coin}{kind}" for coin in COINS for kind in ("SPOT", "USDT")}
    for coin in COINS:
        spot, short = held[f"{coin}SPOT"], held[f"{coin}USDT"]
        assert spot > 0.0 > short
        assert spot == pytest.approx(-short, rel=0.05)
    assert_sound(traded)


def test_funding_is_that_of_the_market_to_the_last_digit(traded: Path) -> None:
    """Minus quantity x mark x rate for every settlement of every perpetual held; a coin pays and receives none."""
    paid = rows(traded, "SELECT symbol, quantity, mark_price, rate, amount, ts_ms FROM funding")
    rates = {(f.ts_ms, f"{COINS[f.symbol_index]}USDT"): f.rate for f in settled(paid[0][5], BARS)}
    total = dict.fromkeys((f"{coin}USDT" for coin in COINS), ZERO)
    for symbol, quantity, mark, rate, amount, ts_ms in paid:
        fills = rows(traded, "SELECT side, quantity FROM fills WHERE symbol = ? AND ts_ms < ?", symbol, ts_ms)
        held = sum((Decimal(size) * (1 if side == "buy" else -1) for side, size in fills), ZERO)
        assert Decimal(quantity) == held
        assert Decimal(rate) == Decimal(repr(rates[ts_ms, symbol]))
        assert Decimal(amount) == money(-held * Decimal(mark) * Decimal(rate))
        total[symbol] += Decimal(amount)
    assert len(paid) >= 3 * len(COINS)
    kept = rows(traded, "SELECT symbol, funding FROM positions")
    assert {symbol: Decimal(funding) for symbol, funding in kept} == total | {
        f"{coin}SPOT": ZERO for coin in COINS
    }


def test_a_coin_has_no_exits_and_only_what_is_held_is_sold(traded: Path) -> None:
    orders = rows(traded, ORDERS)
    assert {purpose for _, _, purpose, _ in orders} <= {"open", "close"}
    assert all(reduces == (side == "sell") for _, side, _, reduces in orders)


def test_the_order_of_a_coin_says_why(traded: Path) -> None:
    ((name,), *_) = rows(traded, "SELECT client_order_id FROM orders WHERE symbol = 'ETHSPOT'")
    found = query.explain(traded, name)
    stages = {stage["stage"]: stage["value"] for stage in found["stages"]}
    assert found["decision"]["beside"] == "ETHUSDT"
    assert [reading["signal"] for reading in found["readings"]] == ["A4"]
    told = {row["stage"]: row["why"] for row in with_bounds(found["stages"], found["decision"])}
    assert told["buffer"] == "follows what is held against it, in a band of its own"
    assert stages["overlay"] == 0.0
    assert 0.0 < stages["round"] <= stages["neutral"] <= 0.1


@pytest.mark.slow
def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path) -> None:
    """Beside a directional book that is held as it is."""
    asyncio.run(run(tmp_path / "one.db", BARS, **CARRY))
    for count in (AT, BARS - AT):
        asyncio.run(run(tmp_path / "parts.db", count, **CARRY))
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")
    assert rows(tmp_path / "parts.db", BOOK) == rows(tmp_path / "one.db", BOOK) != []


async def test_a_kill_closes_both_sides(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    async with running(engine(database, **ALONE)) as session:
        await bars_pass(session, AT)
        assert (await give(session, "kill")).accepted
        await bars_pass(session, 4)
    assert Told.of(database).positions == {}
    closed = {symbol for (symbol,) in rows(database, "SELECT symbol FROM orders WHERE purpose = 'flatten'")}
    assert {"BTCSPOT", "BTCUSDT"} <= closed
    assert_sound(database)


@pytest.mark.slow
async def test_a_halt_that_keeps_positions_keeps_both_sides_and_only_the_perpetuals_exits(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    async with running(engine(database, **ALONE)) as session:
        await bars_pass(session, AT)
        assert (await give(session, "kill", keep_positions="true")).accepted
        await bars_pass(session, 4)
    assert len(quantities(database)) == 2 * len(COINS)
    exits = {symbol for (symbol,) in rows(database, "SELECT symbol FROM orders WHERE purpose = 'stop'")}
    assert exits == {f"{coin}USDT" for coin in COINS}
    assert_sound(database)


@pytest.mark.slow
async def test_a_coin_follows_its_perpetual_whose_band_is_wider(tmp_path: Path) -> None:
    """A band of a fifth of the average position swallows what is wanted of one coin, and cuts that of the others."""
    database = tmp_path / "x.db"
    await run(database, BARS, risk__buffer_fraction="0.2", **ALONE)
    held = quantities(database)
    for coin in COINS:
        spot, short = held.get(f"{coin}SPOT", 0.0), -held.get(f"{coin}USDT", 0.0)
        assert spot == pytest.approx(short, rel=0.25)
    assert len(held) < 2 * len(COINS)
    assert held


@pytest.mark.parametrize(
    "script",
    [
        pytest.param({AT: [("signal", {"name": "A4", "state": "shadow"})]}, id="in shadow"),
        pytest.param({AT: [("signal", {"name": "A4", "state": "off"})]}, id="off", marks=pytest.mark.slow),
    ],
)
async def test_a_signal_taken_away_leaves_nothing_held(tmp_path: Path, script: Script) -> None:
    database = tmp_path / "x.db"
    await follow(database, AT, {}, **ALONE)
    assert len(quantities(database)) == 2 * len(COINS)
    await follow(database, 4, script, **ALONE)
    assert quantities(database) == {}
    assert_sound(database)


class Refusing(ScriptedSession):
    """A session whose venue does not let one coin in."""

    async def _pace(self, machine: Machine, row: Row) -> bool:
        if machine.book.decisions == 0:
            await machine.venue.delist("SOLSPOT")  # type: ignore[attr-defined]
        return await super()._pace(machine, row)


async def test_a_coin_that_is_refused_leaves_no_perpetual_alone(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await Refusing(engine(database, run__bars="24", **ALONE).configuration, database, {}).run()
    held = quantities(database)
    assert set(held) == {f"{coin}{kind}" for coin in ("BTC", "ETH") for kind in ("SPOT", "USDT")}
    assert rows(database, "SELECT name, scope FROM overrides") == [("pair_refused", "SOLSPOT")]
    told = rows(database, "SELECT message FROM events WHERE level = 'WARN' AND message LIKE 'refused %'")
    refused = rows(database, "SELECT client_order_id, quantity FROM orders WHERE symbol = 'SOLSPOT'")
    assert told == [
        (f"refused SOLSPOT buy {quantity} {name}: symbol: SOLSPOT is not traded at sim",)
        for name, quantity in refused
    ]
    assert len(refused) == 1
    assert_sound(database)


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is traded of ether itself from bar `AT` on."""

    def bars_until(stretch: Stretch, *how: Any) -> Any:
        made = leg_bars(stretch, *how)
        last = (PAST_MS + AT * HOUR_MS) // STEP_MS
        at = stretch.first_step + np.arange(made.shape[1]) * how[1]
        made[:, at >= last, COINS.index("ETH")] = np.nan
        return made

    monkeypatch.setattr("engine.feeds.sim_legs.leg_bars", bars_until)


@pytest.mark.usefixtures("ended")
async def test_a_coin_without_bars_is_told_and_a_kill_closes_it_at_what_it_was_worth_last(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    async with running(engine(database, **ALONE)) as session:
        await bars_pass(session, AT + 8)
        known = rows(database, "SELECT name, scope, reason FROM overrides")
        assert (await give(session, "kill")).accepted
        await bars_pass(session, 12)
    assert known == [("stale_bars", "ETHSPOT", "no bar of ETHSPOT for 4 bars")]
    assert quantities(database) == {}
    assert check(database).findings == ()


async def test_one_side_flattened_takes_the_other_and_no_other_pair(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await follow(database, AT + 4, {AT: [("flatten", {"symbol": "ETHSPOT"})]}, **ALONE)
    held = quantities(database)
    assert set(held) == {f"{coin}{kind}" for coin in ("BTC", "SOL") for kind in ("SPOT", "USDT")}
    assert_sound(database)


@pytest.mark.slow
async def test_a_stop_that_flattens_closes_both_sides(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, AT, run__stop_policy="flatten", **ALONE)
    session = engine(database, run__stop_policy="flatten", **ALONE)
    async with running(session):
        await bars_pass(session, 2)
        session.request_stop("flatten", "operator@test", "told to")
    assert quantities(database) == {}
    assert_sound(database)


@pytest.mark.slow
async def test_what_is_held_of_a_coin_is_shown_beside_the_rest(tmp_path: Path) -> None:
    async with running(engine(tmp_path / "x.db", **ALONE)) as session:
        await bars_pass(session, AT)
        picture = session.snapshot()
    assert picture is not None
    shown = {row.symbol: row for row in picture.positions}
    assert shown["BTCSPOT"].side == "L"
    assert shown["BTCSPOT"].stop is None
    assert shown["BTCSPOT"].liquidation is None
    used = {row.name: row.used for row in picture.limits}
    coin = float(shown["BTCSPOT"].quantity) * float(shown["BTCSPOT"].mark) / float(picture.equity)
    assert used["max position"] == pytest.approx(coin, rel=0.3)
    assert used["corr cluster"] == 0.0
    assert abs(picture.net) < 0.1 * picture.gross


@pytest.mark.slow
async def test_a_market_without_spot_says_once_that_the_signal_holds_nothing(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(60)))
    recorded = {"run__mode": "replay", "run__data": str(file), "run__symbols": "BTCUSDT"}
    await run(tmp_path / "x.db", 40, **(CARRY | recorded))
    told = rows(tmp_path / "x.db", "SELECT message FROM events WHERE source = 'signals.A4'")
    assert told == [("A4 has a weight and holds nothing: its legs are not listed in this market",)]


@pytest.mark.slow
def test_on_recorded_markets_the_pair_receives_what_was_settled(tmp_path: Path, data_folder: Path) -> None:
    """Half a year of bitcoin: its perpetual, what the coin cost, and the rates that were settled."""
    names = ("ohlcv_binanceum_BTCUSDT_1h", "basis_binance_BTC_spot_um_cm_1h", "funding_binance_BTCUSDT_8h")
    recorded: dict[str, Any] = {
        "run__mode": "replay",
        "run__symbols": "BTCUSDT",
        "run__data": [str(data_folder / f"{name}.parquet") for name in names],
        "run__timerange": "20240101-20240630",
    }
    database = tmp_path / "x.db"
    asyncio.run(engine(database, **(ALONE | {"signals__A4__cost_bps": "20"} | recorded)).run())
    said = duckdb.connect().execute(f"SELECT ts, funding_rate FROM '{data_folder / names[2]}.parquet'")
    rates = dict(said.fetchall())
    paid = rows(database, "SELECT ts_ms, quantity, mark_price, rate, amount FROM funding")
    assert len(paid) > 50
    for ts_ms, quantity, mark, rate, amount in paid:
        assert Decimal(rate) == Decimal(repr(rates[ts_ms]))
        assert Decimal(amount) == money(-Decimal(quantity) * Decimal(mark) * Decimal(rate))
    bought = rows(database, "SELECT count(*) FROM fills WHERE symbol = 'BTCSPOT' AND side = 'buy'")
    assert bought[0][0] > 0
    assert_sound(database)
