"""Records and rows to fill a database with: single ones by keyword, whole small runs, and any at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from store.database import Database
from store.journal import Journal
from store.records import (
    DECISION_STAGES,
    Event,
    Fill,
    FundingPayment,
    Instrument,
    InstrumentKind,
    LedgerTotals,
    OptionRight,
    Order,
    OrderPurpose,
    OrderStatus,
    OrderType,
    Override,
    Position,
    Side,
    TradingState,
)
from store.rows import CommandRow, ControlRow, DecisionRow, ReadingRow

HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS
SYMBOLS = ("BTCUSDT", "ETHUSDT")


@asynccontextmanager
async def opened(path: Path, **belongs_to: str) -> AsyncIterator[Database]:
    """A database of mode sim, closed at the end."""
    whose = {"mode": "sim", "account": "test", "identity": "seed 7", **belongs_to}
    database = await Database.open(path, **whose)  # type: ignore[arg-type]
    try:
        yield database
    finally:
        await database.close()


def order(client_order_id: str = "qd1", ts_ms: int = START_MS) -> Order:
    return Order(
        client_order_id,
        "BTCUSDT",
        Side.BUY,
        OrderType.MARKET,
        OrderPurpose.OPEN,
        Decimal("0.5"),
        ts_ms,
        status=OrderStatus.FILLED,
        filled_quantity=Decimal("0.5"),
        filled_notional=Decimal("20000"),
        fee=Decimal("10"),
        venue_order_id="v-1",
        reason="sent",
        attempt=1,
        updated_ts_ms=ts_ms + 1,
    )


def fill(client_order_id: str = "qd1", fill_id: str = "f1", ts_ms: int = START_MS + 1) -> Fill:
    return Fill(
        fill_id,
        client_order_id,
        "BTCUSDT",
        Side.BUY,
        Decimal("40000"),
        Decimal("0.5"),
        Decimal("10"),
        False,
        ts_ms,
    )


def funding(funding_id: str = "u1", ts_ms: int = START_MS + 2) -> FundingPayment:
    return FundingPayment(
        funding_id, "BTCUSDT", Decimal("0.5"), Decimal("40100"), Decimal("0.0001"), Decimal("-2.005"), ts_ms
    )


def totals() -> LedgerTotals:
    """The account after `order`, `fill` and `funding`, marked at 40,200."""
    return LedgerTotals(
        initial=Decimal(100_000),
        realised=Decimal(0),
        unrealised=Decimal(100),
        fees=Decimal(10),
        funding=Decimal("-2.005"),
        equity=Decimal("100087.995"),
        high_water_mark=Decimal("100087.995"),
    )


def position() -> Position:
    return Position(
        "BTCUSDT",
        Decimal("0.5"),
        Decimal(20_000),
        Decimal(0),
        Decimal(10),
        Decimal("-2.005"),
        START_MS + 1,
    )


def decision(ts_ms: int = START_MS, seed: int = 0) -> DecisionRow:
    stages = np.random.default_rng(seed).normal(size=(len(DECISION_STAGES), len(SYMBOLS)))
    return DecisionRow(ts_ms, SYMBOLS, TradingState.ACTIVE, False, stages, {"idm": 1.25, "fdm": 1.5})


def reading(ts_ms: int = START_MS, signal: str = "A1") -> ReadingRow:
    return ReadingRow(
        ts_ms,
        signal,
        SYMBOLS,
        np.array([0.5, np.nan]),
        np.array([1.0, np.nan]),
        ["UP", "WARMUP"],
        {"t": np.array([2.5, np.nan])},
    )


def control(state: TradingState = TradingState.HALTED) -> ControlRow:
    return ControlRow(state, "cancelling", "because", "operator", START_MS, keep_positions=True)


def command() -> CommandRow:
    return CommandRow(
        "operator", "pause", {"on": "true"}, "lunch", True, "paused", "ACTIVE", "REDUCING", START_MS, 5
    )


def override(name: str = "day_loss", scope: str = "") -> Override:
    return Override(name, TradingState.REDUCING, "guard", "lost 5 %", START_MS, "next UTC day", scope)


def event(message: str = "hello") -> Event:
    return Event(START_MS, "INFO", "test", message, "{}")


def instrument() -> Instrument:
    return Instrument(
        "BTCUSDT",
        InstrumentKind.PERPETUAL,
        "BTC",
        "USDT",
        Decimal("0.1"),
        Decimal("0.001"),
        Decimal("0.001"),
        Decimal(5),
    )


def option() -> Instrument:
    return replace(
        instrument(),
        symbol="BTC240524C64000",
        kind=InstrumentKind.OPTION,
        expiry_ms=1_716_537_600_000,
        strike=Decimal(64_000),
        right=OptionRight.CALL,
    )


def gather_run(journal: Journal) -> None:
    """One of everything: a decision, its order, fill and funding, and the account after them."""
    journal.instrument(instrument())
    journal.decision(decision())
    journal.reading(reading())
    journal.order(order())
    journal.order_event("qd1", START_MS, None, OrderStatus.INTENT)
    journal.order_event("qd1", START_MS + 1, OrderStatus.INTENT, OrderStatus.FILLED)
    journal.fill(fill())
    journal.funding(funding())
    journal.position(position())
    journal.equity(START_MS + HOUR_MS, totals(), 0.2, 0.2)
    journal.risk_state(START_MS, TradingState.REDUCING, "day_loss")
    journal.override_set(override())
    journal.event(event())
    journal.command(command())
    journal.control(control(TradingState.ACTIVE))
    journal.state("cursor", "1")
    journal.ui_state("theme", "dark")
    journal.audit("start", "engine", {"version": "0"}, START_MS)


async def write_run(path: Path) -> None:
    async with opened(path) as database:
        journal = Journal(database)
        gather_run(journal)
        await journal.commit()


# Any record: amounts of every scale down to 1e-8, any text SQLite can be handed.
amounts = st.decimals(
    min_value=-(10**12), max_value=10**12, places=8, allow_nan=False, allow_infinity=False
) | st.sampled_from([Decimal("1E-8"), Decimal("-1E-8"), Decimal("0E-8"), Decimal("1E+3"), Decimal(0)])
times = st.integers(0, 2**53)
words = st.text(max_size=12)

orders = st.builds(
    Order,
    client_order_id=st.text("abcdef0123456789", min_size=1, max_size=32),
    symbol=words,
    side=st.sampled_from(Side),
    type=st.sampled_from(OrderType),
    purpose=st.sampled_from(OrderPurpose),
    quantity=amounts,
    decision_ts_ms=times,
    price=st.none() | amounts,
    trigger_offset=st.none() | amounts,
    whole_position=st.booleans(),
    reduce_only=st.booleans(),
    post_only=st.booleans(),
    status=st.sampled_from(OrderStatus),
    filled_quantity=amounts,
    filled_notional=amounts,
    fee=amounts,
    venue_order_id=st.none() | words,
    reason=words,
    attempt=st.integers(0, 100),
    updated_ts_ms=times,
)
fills = st.builds(
    Fill,
    fill_id=st.text("abcdef0123456789", min_size=1, max_size=32),
    client_order_id=words,
    symbol=words,
    side=st.sampled_from(Side),
    price=amounts,
    quantity=amounts,
    fee=amounts,
    maker=st.booleans(),
    ts_ms=times,
    reduce_only=st.booleans(),
    liquidation=st.booleans(),
)
payments = st.builds(
    FundingPayment,
    funding_id=st.text("abcdef0123456789", min_size=1, max_size=32),
    symbol=words,
    quantity=amounts,
    mark_price=amounts,
    rate=amounts,
    amount=amounts,
    ts_ms=times,
)
positions = st.builds(
    Position,
    symbol=words,
    quantity=amounts,
    cost=amounts,
    realised=amounts,
    fees=amounts,
    funding=amounts,
    opened_ts_ms=times,
)
ledger_totals = st.builds(
    LedgerTotals,
    initial=amounts,
    realised=amounts,
    unrealised=amounts,
    fees=amounts,
    funding=amounts,
    equity=amounts,
    high_water_mark=amounts,
)
overrides = st.builds(
    Override,
    name=words,
    state=st.sampled_from(TradingState),
    actor=words,
    reason=words,
    since_ts_ms=times,
    ends=words,
    scope=words,
    until_ts_ms=st.none() | times,
)


def unfilled(client_order_id: str, ts_ms: int, status: OrderStatus = OrderStatus.INTENT) -> Order:
    """An order nothing of which was executed."""
    return replace(
        order(client_order_id, ts_ms),
        status=status,
        filled_quantity=Decimal(0),
        filled_notional=Decimal(0),
        fee=Decimal(0),
    )
