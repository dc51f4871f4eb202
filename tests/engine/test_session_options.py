"""Options in a running engine: straddles with their delta hedge, covered calls and secured puts, sold, settled at their
expiry and sold again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.config import Configuration
from engine.config_faults import ConfigFault
from engine.decision import STAGES
from engine.feeds.simulated import SimulatedFeed
from engine.picture import draw
from store import query
from store.check import check
from store.digest import digest
from store.records import ZERO, InstrumentKind, OptionRight
from tests.crash.books import Told, compare
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

Floats = NDArray[np.float64]
COINS = ("BTC", "ETH")
START = "2024-04-15"
OPTIONS = {
    "run__symbols": "BTCUSDT,ETHUSDT",
    "sim__start": START,
    "sim__history_days": "110",
    # Volatility counts as dear whatever it costs, so that all three always have something to say.
    **{f"signals__{name}__dead_band": "0" for name in ("A9", "C7", "C8")},
    **{f"signals__{name}__enabled": "false" for name in ("A1", "A2", "A3")},
}
STRADDLE = OPTIONS | {"signals__A9__enabled": "true", "signals__A9__weight": "1"}
INCOME = OPTIONS | {
    f"signals__{name}__{key}": value
    for name in ("C7", "C8")
    for key, value in (("enabled", "true"), ("weight", "0.5"), ("prior", "1"))
}
EVERY = (
    STRADDLE
    | INCOME
    | {"signals__A9__weight": "0.5", "signals__C7__weight": "0.3", "signals__C8__weight": "0.2"}
)
BARS, AT = 30, 12
TARGET, ROUND = STAGES.index("state"), STAGES.index("round")
SYMBOLS = "SELECT DISTINCT symbol FROM fills"


@dataclass(slots=True)
class Seen:
    """What stood after one decision, of all that is listed [S + L]: what is held, what it wanted, its deltas."""

    symbols: tuple[str, ...]
    held: Floats
    target: Floats
    delta: Floats
    price: Floats
    equity: float
    exposure: tuple[float, float]
    """Of everything that is held, x equity: in the limits pane and as the Kelly cap counts it."""


class WatchedSession(ScriptedSession):
    """A session that shows what its decisions stood on."""

    def __init__(self, configuration: Configuration, database: Path, script: Script) -> None:
        super().__init__(configuration, database, script)
        self.seen: list[Seen] = []

    async def _pace(self, machine: Machine, row: Row) -> bool:
        decision, market = machine.cycle.decision, machine.market
        if decision is not None and machine.cycle.totals is not None:
            held = [float(machine.ledger.quantity(symbol)) for symbol in market.listed]
            self.seen.append(
                Seen(
                    market.listed,
                    np.array(held),
                    decision.stages[TARGET].copy(),
                    machine.cycle.neutral.deltas(),
                    market.closes.copy(),
                    float(machine.cycle.totals.equity),
                    _exposed(self, machine),
                )
            )
        return await super()._pace(machine, row)


def _exposed(session: WatchedSession, machine: Machine) -> tuple[float, float]:
    assert machine.cycle.totals is not None
    return draw(session, machine).gross, machine.cycle._worth.gross / float(machine.cycle.totals.equity)


def watched(database: Path, bars: int, flags: dict[str, str], script: Script | None = None) -> WatchedSession:
    session = WatchedSession(
        engine(database, run__bars=str(bars), **flags).configuration, database, script or {}
    )
    asyncio.run(session.run())
    return session


def held(database: Path) -> dict[str, float]:
    return {symbol: float(quantity) for symbol, quantity in Told.of(database).positions.items()}


def options_of(database: Path) -> dict[str, float]:
    return {symbol: size for symbol, size in held(database).items() if symbol[9:10] in ("C", "P")}


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


@pytest.fixture(scope="module")
def straddles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WatchedSession]:
    database = tmp_path_factory.mktemp("straddle") / "x.db"
    return database, watched(database, BARS, STRADDLE)


@pytest.fixture(scope="module")
def income(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WatchedSession]:
    database = tmp_path_factory.mktemp("income") / "x.db"
    return database, watched(database, BARS, INCOME)


def test_a_straddle_is_a_call_and_a_put_at_one_strike_of_the_series_that_expires_last(
    straddles: tuple[Path, WatchedSession],
) -> None:
    database, session = straddles
    sold = options_of(database)
    assert len(sold) == 2 * len(COINS)
    for coin in COINS:
        call, put = sorted(symbol for symbol in sold if symbol.startswith(coin))
        assert call.replace("C", "P")[3:] == put.replace("C", "P")[3:]
        assert call[3:9] == "240517"
        assert abs(sold[call]) == pytest.approx(abs(sold[put]), rel=0.02)
        assert sold[call] * sold[put] > 0.0
    assert_sound(database)
    assert len(session.seen) >= BARS - 1


def test_its_deltas_are_hedged_with_the_perpetual_on_its_coin(straddles: tuple[Path, WatchedSession]) -> None:
    """What is wanted of the perpetual is minus the delta of what is wanted of the options; what is held of it keeps to
    that within the band of its average position, here a hundredth."""
    _, session = straddles
    hedged = 0
    for seen in session.seen[1:]:
        if seen.target.size != len(seen.symbols):
            continue
        for place, coin in enumerate(COINS):
            mine = [
                n
                for n, symbol in enumerate(seen.symbols)
                if symbol.startswith(coin) and symbol[9:10] in ("C", "P")
            ]
            strike = np.array([float(seen.symbols[n][10:]) for n in mine])
            wanted = seen.target[mine] * seen.equity / strike
            of_options = float(np.nansum(wanted * seen.delta[np.array(mine) - len(COINS)]))
            perpetual = seen.target[place] * seen.equity / seen.price[place]
            assert perpetual == pytest.approx(-of_options, rel=1e-6, abs=1e-9)
            really = float(np.nansum(seen.held[mine] * seen.delta[np.array(mine) - len(COINS)]))
            assert abs(seen.held[place] + really) * seen.price[place] < 0.02 * seen.equity
            hedged += bool(wanted.any())
    assert hedged > BARS


def test_a_call_is_sold_on_every_coin_and_never_more(income: tuple[Path, WatchedSession]) -> None:
    database, session = income
    now = held(database)
    for coin in COINS:
        (call,) = (symbol for symbol in now if symbol.startswith(coin) and symbol[9:10] == "C")
        # A coin is sold a bar after its call was bought back.
        ((selling,),) = rows(
            database,
            "SELECT coalesce(sum(quantity), 0.0) FROM orders "
            "WHERE symbol = ? AND side = 'sell' AND status = 'accepted'",
            f"{coin}SPOT",
        )
        assert now[f"{coin}SPOT"] - selling == pytest.approx(-now[call], rel=0.05)
        refused = "SELECT count(*) FROM orders WHERE symbol = ? AND status = 'rejected'"
        assert rows(database, refused, f"{coin}SPOT") == [(0,)]
        assert f"{coin}USDT" not in now
    for seen in session.seen:
        for coin in COINS:
            calls = [n for n, s in enumerate(seen.symbols) if s.startswith(coin) and s[9:10] == "C"]
            coins = seen.held[seen.symbols.index(f"{coin}SPOT")]
            assert -seen.held[calls].sum() <= coins + 1e-9
    assert_sound(database)


def test_the_strikes_of_the_puts_that_are_sold_are_there_in_cash(income: tuple[Path, WatchedSession]) -> None:
    database, session = income
    puts = {symbol: size for symbol, size in options_of(database).items() if symbol[9] == "P"}
    assert len(puts) == len(COINS)
    assert all(size < 0.0 for size in puts.values())
    for seen in session.seen:
        sold = [(n, float(s[10:])) for n, s in enumerate(seen.symbols) if s[9:10] == "P"]
        aside = -sum(seen.held[n] * strike for n, strike in sold)
        coins = sum(seen.held[n] * seen.price[n] for n, s in enumerate(seen.symbols) if s.endswith("SPOT"))
        assert aside <= 0.2 * seen.equity
        assert aside + coins <= seen.equity


def test_everything_counts_an_option_in_strikes(income: tuple[Path, WatchedSession]) -> None:
    _, session = income
    for seen in session.seen:
        strikes = [float(s[10:]) if s[9:10] in ("C", "P") else 0.0 for s in seen.symbols]
        unit = np.where(np.array(strikes) > 0.0, strikes, seen.price)
        gross = float(np.nansum(np.abs(seen.held) * unit)) / seen.equity
        assert seen.exposure == pytest.approx((gross, gross), rel=1e-6)


def test_an_option_has_no_exits_and_its_order_says_why(income: tuple[Path, WatchedSession]) -> None:
    database, _ = income
    purposes = {purpose for (purpose,) in rows(database, "SELECT DISTINCT purpose FROM orders")}
    assert purposes <= {"open", "close"}
    ((name,), *_) = rows(database, "SELECT client_order_id FROM orders WHERE symbol LIKE 'ETH2405%P%'")
    found = query.explain(database, name)
    assert found["decision"]["beside"] == "ETHUSDT"
    assert {reading["signal"] for reading in found["readings"]} >= {"C8"}


def test_premiums_and_fees_are_exact_to_the_last_digit(straddles: tuple[Path, WatchedSession]) -> None:
    database, _ = straddles
    for symbol, side, price, quantity, fee in rows(
        database, "SELECT symbol, side, price, quantity, fee FROM fills"
    ):
        rate = Decimal("0.005") if symbol[9:10] in ("C", "P") else Decimal("0.0005")
        assert Decimal(fee) == (Decimal(price) * Decimal(quantity) * rate).quantize(Decimal("1e-8")), (
            symbol,
            side,
        )
    ((initial, realised, unrealised, fees, funding, equity),) = rows(
        database,
        "SELECT initial, realised, unrealised, fees, funding, equity FROM equity ORDER BY ts_ms DESC LIMIT 1",
    )
    total = Decimal(initial) + Decimal(realised) + Decimal(unrealised) - Decimal(fees) + Decimal(funding)
    assert Decimal(equity) == total


async def test_a_kill_closes_options_and_what_hedges_them(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    async with running(engine(database, **EVERY)) as session:
        await bars_pass(session, AT)
        assert (await give(session, "kill")).accepted
        await bars_pass(session, 5)
    closed = {symbol for (symbol,) in rows(database, "SELECT symbol FROM orders WHERE purpose = 'flatten'")}
    assert {symbol[9:10] for symbol in closed} >= {"C", "P", ""}
    assert held(database) == {}
    assert all(rows(database, "SELECT reduce_only FROM orders WHERE purpose = 'flatten'"))
    assert_sound(database)


async def test_a_signal_taken_away_leaves_nothing_held(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    script: Script = {AT: [("signal", {"name": name, "state": "shadow"}) for name in ("A9", "C7", "C8")]}
    await follow(database, AT + 5, script, **EVERY)
    assert len(rows(database, SYMBOLS)) > 6
    assert held(database) == {}
    assert_sound(database)


async def test_a_call_flattened_takes_the_coin_it_was_sold_on(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await follow(database, AT, {}, **INCOME)
    (call,) = (symbol for symbol in held(database) if symbol.startswith("ETH") and symbol[9:10] == "C")
    await follow(database, 4, {AT: [("flatten", {"symbol": call})]}, **INCOME)
    now = held(database)
    assert call not in now
    assert "ETHSPOT" not in now
    assert "BTCSPOT" in now
    assert_sound(database)


async def test_whoever_flattens_a_hedge_hears_of_the_options_that_stay(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    (told,) = await follow(database, AT + 3, {AT: [("flatten", {"symbol": "BTCUSDT"})]}, **STRADDLE)
    options = sorted(symbol for symbol in options_of(database) if symbol.startswith("BTC"))
    assert len(options) == 2
    assert told.message.endswith(f"; options on BTC stay open, without it as a hedge: {', '.join(options)}")


class Refusing(ScriptedSession):
    """A session whose venue does not let the call on bitcoin in that coins are to be held against."""

    async def _pace(self, machine: Machine, row: Row) -> bool:
        if machine.book.decisions == 0:
            calls = [s for s in machine.market.legs.symbols if s.startswith("BTC240517C")]
            self.call = max(calls, key=lambda symbol: float(symbol[10:]))
            await machine.venue.delist(self.call)  # type: ignore[attr-defined]
        return await super()._pace(machine, row)


async def test_a_call_that_is_refused_leaves_no_coin_alone(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    session = Refusing(engine(database, run__bars="12", **INCOME).configuration, database, {})
    await session.run()
    now = held(database)
    assert "BTCSPOT" not in now
    assert {"ETHSPOT"} <= set(now)
    assert rows(database, "SELECT name, scope FROM overrides") == [("pair_refused", session.call)]
    assert_sound(database)


async def test_what_a_kill_cannot_close_at_once_is_asked_for_again_until_nothing_is_held(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    await run(database, AT, **EVERY)
    before = options_of(database)
    async with running(engine(database, venue__volume_share="0.001", **EVERY)) as session:
        assert (await give(session, "kill")).accepted
        await bars_pass(session, 40)
    asked = dict(
        rows(database, "SELECT symbol, count(*) FROM orders WHERE purpose = 'flatten' GROUP BY symbol")
    )
    assert max(asked[symbol] for symbol in before) > 1
    assert held(database) == {}
    assert_sound(database)


@pytest.mark.slow
def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path) -> None:
    asyncio.run(run(tmp_path / "one.db", BARS, **EVERY))
    for count in (AT, BARS - AT):
        asyncio.run(run(tmp_path / "parts.db", count, **EVERY))
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")


EXPIRY_MS = int(datetime(2024, 5, 17, 8, tzinfo=UTC).timestamp()) * 1000
FOUR_HOURS_MS = 4 * 3_600_000
BARS_A_DAY = 6
UNTIL_EXPIRY = 34 * BARS_A_DAY + 2
LATE = EVERY | {
    "sim__start": "2024-04-13",
    "run__bar": "4h",
    **{f"signals__{name}__bar": "4h" for name in ("A9", "C7", "C8")},
    **{f"signals__{name}__days": "100" for name in ("A9", "C7", "C8")},
}
"""A Saturday: what is sold then expires five weeks after the day before."""
INCOME_HELD, STRADDLE_HELD = "6", "10"
"""Seeds of markets in which volatility stays dear, so that calls and puts, or a straddle, are held to the end."""


@pytest.fixture(
    scope="module",
    params=[INCOME_HELD, pytest.param(STRADDLE_HELD, marks=pytest.mark.slow)],
    ids=["income", "straddle"],
)
def expired(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    database = tmp_path_factory.mktemp("expiry") / "x.db"
    asyncio.run(run(database, UNTIL_EXPIRY + 3, run__seed=request.param, **LATE))
    return database, request.param


SETTLED = (
    "SELECT symbol, side, price, quantity, fee, ts_ms FROM fills WHERE fill_id LIKE 'exp%' ORDER BY symbol"
)


def test_what_is_held_at_the_expiry_is_settled_once_at_what_it_is_worth_against_the_index(
    expired: tuple[Path, str],
) -> None:
    database, seed = expired
    settled = rows(database, SETTLED)
    start_ms = int(datetime(2024, 4, 13, tzinfo=UTC).timestamp()) * 1000
    inputs, symbols = ("index_price",), [f"{coin}USDT" for coin in COINS]
    feed = SimulatedFeed(int(seed), FOUR_HOURS_MS, start_ms, 110, symbols, inputs)
    last = feed.read(EXPIRY_MS - FOUR_HOURS_MS, 1).inputs["index_price"][0]
    index = {coin: float(price) for coin, price in zip(COINS, last, strict=True)}
    assert len(settled) == len({symbol for symbol, *_ in settled}) >= 2
    for symbol, side, price, quantity, fee, ts_ms in settled:
        right = OptionRight.CALL if symbol[9] == "C" else OptionRight.PUT
        tick = Decimal("0.1") if symbol.startswith("BTC") else Decimal("0.01")
        worth = max(right.sign * (index[symbol[:3]] - float(symbol[10:])), 0.0)
        assert Decimal(price) == (Decimal(repr(worth)) / tick).quantize(Decimal(1)) * tick
        assert (Decimal(fee), ts_ms) == (ZERO, EXPIRY_MS)
        before = rows(
            database, "SELECT side, quantity FROM fills WHERE symbol = ? AND ts_ms < ?", symbol, EXPIRY_MS
        )
        held_then = sum((Decimal(size) * (1 if way == "buy" else -1) for way, size in before), ZERO)
        assert held_then == Decimal(quantity) * (1 if side == "sell" else -1)
    assert {Decimal(price) > 0 for _, _, price, *_ in settled} == {True, False}
    told = rows(database, "SELECT message FROM events WHERE message LIKE 'settled at its expiry%'")
    assert len(told) == len(settled)
    assert_sound(database)


def test_every_structure_goes_on_with_the_series_that_is_listed_after_the_expiry(
    expired: tuple[Path, str],
) -> None:
    database, _ = expired
    asked = rows(
        database,
        "SELECT symbol, purpose, decision_ts_ms FROM orders WHERE decision_ts_ms >= ? AND client_order_id LIKE 'qd%'",
        EXPIRY_MS,
    )
    options = {(symbol[3:9], at_ms) for symbol, purpose, at_ms in asked if symbol[9:10] and purpose == "open"}
    assert ("240621", EXPIRY_MS + FOUR_HOURS_MS) in options
    assert not any(series in ("240517", "240614") for series, _ in options)
    sold = "SELECT count(*) FROM orders WHERE symbol LIKE '%SPOT' AND whole_position AND decision_ts_ms = ?"
    assert rows(database, sold, EXPIRY_MS) == [(0,)]


def test_a_market_without_options_says_once_that_the_signals_hold_nothing(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    asyncio.run(run(database, 2, **(EVERY | {"run__symbols": "SOLUSDT,XRPUSDT"})))
    told = rows(
        database, "SELECT message FROM events WHERE message LIKE '%its legs are not listed%' ORDER BY message"
    )
    assert told == [
        (f"{name} has a weight and holds nothing: its legs are not listed in this market",)
        for name in ("A9", "C7", "C8")
    ]


def test_the_feed_lists_what_the_structures_need() -> None:
    feed = SimulatedFeed(7, symbols=("BTCUSDT",), inputs=("index_price",), options=True)
    assert {leg.kind for leg in feed.legs} == {
        InstrumentKind.SPOT,
        InstrumentKind.FUTURE,
        InstrumentKind.OPTION,
    }


async def test_options_are_listed_where_a_signal_is_to_hold_them_or_they_are_asked_for(
    tmp_path: Path,
) -> None:
    for name, flags, listed in (
        ("no", {}, False),
        ("asked", {"sim__options": "true"}, True),
        ("signal", {"signals__A9__enabled": "true"}, True),
    ):
        await run(tmp_path / f"{name}.db", 2, **OPTIONS, **flags)
        found = rows(tmp_path / f"{name}.db", "SELECT count(*) FROM instruments WHERE kind = 'option'")
        assert (found[0][0] > 0) is listed


async def test_what_is_held_must_be_listed(tmp_path: Path) -> None:
    """An operator who takes the signal away in the configuration is told what to do, and nothing is changed."""
    database = tmp_path / "x.db"
    await run(database, 30, **STRADDLE)
    with pytest.raises(ConfigFault, match=r"sim.options: .* is held: set sim.options = true"):
        await run(database, 5, **OPTIONS)
    await run(database, 5, **OPTIONS, sim__options="true")
    assert check(database).findings == ()
