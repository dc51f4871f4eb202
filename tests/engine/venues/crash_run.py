"""One deterministic trading day, lived by processes that are killed: python -m tests.engine.venues.crash_run.

A nursery imports everything, starts no thread, and forks one life after the other. Each life goes on from a cursor
file written after every bar, like an engine does, and is told before which SQL statement of the venue's to SIGKILL
itself; so a kill falls between accepting and answering, inside a transaction, or between commit and cursor. Prints
the digest of the venue's file, the number of lives, and how the account stands.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import sqlite3
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from engine.venues.config import FaultProbabilities, VenueConfig
from engine.venues.faults import FaultPlan, FaultyVenue
from engine.venues.market_step import MarketStep
from engine.venues.simulated import SimulatedVenue
from engine.venues.venue import Refused, Unresolved, VenueUnavailable
from store.records import Order, Side
from tests.engine.venues.tables import Prices, buy, close, instrument, sell, step, stop, target, trail

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
CONFIG = VenueConfig(half_spread_bps=10, marks_every_ms=5, limit_life_bars=1)
TRADED = tuple(instrument(symbol) for symbol in SYMBOLS)
BARS = 60
MOST_ATTEMPTS = 50
STATEMENTS = 1_200
"""Fewer than a whole run executes, so that every kill falls inside it."""


def market_step(seed: int, index: int) -> MarketStep:
    """Bar `index` of the market that `seed` is, whoever asks and in whatever order."""
    funding = [(0, draw(seed, index, symbol, "rate") * 1e-3, symbol) for symbol in range(3) if index % 8 == 0]
    columns, before = prices(seed, index), prices(seed, index - 1)
    return step(index, *columns, before=before, funding=funding)


def prices(seed: int, index: int) -> list[Prices]:
    """The columns of a bar; every bar opens near 100, so that each is a function of its own index."""
    columns: list[Prices] = []
    for symbol in range(3):
        opening, first, second = (100 + 8 * draw(seed, index, symbol, what) for what in ("o", "a", "b"))
        columns.append((opening, max(opening, first, second), min(opening, first, second), first, 500.0))
    return columns


def orders(seed: int, index: int) -> list[Order]:
    """What is ordered at the close of bar `index`; some of it will be refused."""
    dice = random.Random(f"{seed}-{index}")
    wanted: list[Order] = []
    for number, symbol in enumerate(SYMBOLS):
        side, size = dice.choice((Side.BUY, Side.SELL)), str(dice.randint(1, 40) / 4)
        name = f"b{index}s{number}"
        make = buy if side is Side.BUY else sell
        choices: tuple[list[Order], ...] = (
            [
                make(f"{name}m", size, index),
                stop(f"{name}x", side.opposite, 12, index),
                trail(f"{name}r", side.opposite, 9, index),
            ],
            [make(f"{name}l", size, index, price=100), target(f"{name}t", side.opposite, 4, index)],
            [close(f"{name}c", side, size, index)],
            [],
        )
        wanted += [replace(order, symbol=symbol) for order in dice.choice(choices)]
    return wanted


def draw(seed: int, index: int, symbol: int, what: str) -> float:
    """Uniform in [-1, 1]."""
    digest = hashlib.sha256(f"{seed}|{index}|{symbol}|{what}".encode()).digest()
    return round(int.from_bytes(digest[:6], "big") / 2**47 - 1, 4)


async def trade(folder: Path, seed: int, faults: float) -> None:
    """Live from the cursor to the last bar."""
    cursor_path = folder / "cursor"
    cursor = int(cursor_path.read_text()) if cursor_path.exists() else 0
    simulated = SimulatedVenue(folder / "books.venue", TRADED, CONFIG, Decimal(5_000))
    lost = {"submit_lost_before_accept": faults, "submit_lost_after_accept": faults}
    venue = FaultyVenue(simulated, FaultPlan(seed, FaultProbabilities(**lost)))
    await venue.open()
    if cursor:
        await venue.advance(market_step(seed, cursor - 1))
    for index in range(cursor, BARS):
        await venue.advance(market_step(seed, index))
        for order in orders(seed, index):
            await place(venue, order)
        if index % 5 == 4:
            await withdraw(venue, f"b{index}s0l", SYMBOLS[0])
        scratch = folder / "cursor.next"
        scratch.write_text(str(index + 1))
        scratch.replace(cursor_path)
    await venue.close()


async def place(venue: FaultyVenue, order: Order) -> None:
    """Send, and where the answer is lost look the order up before sending again."""
    for attempt in range(MOST_ATTEMPTS):
        try:
            await venue.submit(replace(order, attempt=attempt))
        except Refused:
            return
        except Unresolved:
            if await venue.order(order.client_order_id, order.symbol) is None:
                continue
        return


async def withdraw(venue: FaultyVenue, name: str, symbol: str) -> None:
    try:
        await venue.cancel(name, symbol)
    except (Refused, Unresolved, VenueUnavailable):
        return


def killed_before(statement: int) -> None:
    """From here on, SIGKILL this process before the venue's SQL statement of that number."""
    connect = sqlite3.connect
    left = [statement]

    def traced(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(count)
        return connection

    def count(_: str) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sqlite3.connect = traced  # type: ignore[assignment]


def live(folder: Path, seed: int, faults: float, statement: int | None) -> bool:
    """Fork one life; False where it was killed."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            if statement is not None:
                killed_before(statement)
            asyncio.run(trade(folder, seed, faults))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return False
    if os.WEXITSTATUS(status):
        raise SystemExit("a life ended in an error")
    return True


def digest(path: Path) -> str:
    """Over everything the venue keeps but its settings, in the order it happened."""
    connection = sqlite3.connect(path)
    tables = {
        "account": "SELECT cash, sequence FROM account",
        "positions": "SELECT payload FROM positions ORDER BY symbol",
        "orders": "SELECT number, working, payload, trail_ticks FROM orders ORDER BY number",
        "refusals": "SELECT client_order_id, reason FROM refusals ORDER BY client_order_id",
        "events": "SELECT * FROM events ORDER BY sequence",
        "marks": "SELECT * FROM marks ORDER BY symbol",
    }
    contents = {name: connection.execute(sql).fetchall() for name, sql in tables.items()}
    connection.close()
    return hashlib.sha256(repr(contents).encode()).hexdigest()


def main() -> None:
    """Arguments: folder, seed, kills, probability of each lost answer."""
    folder, seed, kills, faults = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    dice = random.Random(seed)
    killed = 0
    for _ in range(kills):
        if live(folder, seed, faults, dice.randint(1, STATEMENTS // kills)):
            break
        killed += 1
    while not live(folder, seed, faults, None):
        pass
    path = folder / "books.venue"
    connection = sqlite3.connect(path)
    count = "SELECT count(*) FROM events WHERE kind = 'fill'"
    print(digest(path), killed, connection.execute(count).fetchone()[0])
    connection.close()


if __name__ == "__main__":
    main()
