"""How many bars a second the simulated venue plays: quiet ones, busy ones, and what one order costs.

`python benchmarks/venue.py` prints a table. Twelve symbols, all held, each with a stop and a target at the venue. A
quiet bar reaches none of them; in a busy bar one symbol in three sends an order and has it filled, which is one
transaction for each order and one for the bar.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.venues.config import VenueConfig
from engine.venues.market_step import MarketStep
from engine.venues.simulated import SimulatedVenue
from store.records import ZERO, Instrument, InstrumentKind, Order, OrderPurpose, OrderType, Side

HOUR_MS = 3_600_000
SYMBOLS = 12
ORDERS_A_BAR = SYMBOLS // 3


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table; `microseconds` for one of what is named."""

    name: str
    microseconds: float


def instruments() -> tuple[Instrument, ...]:
    return tuple(
        Instrument(
            symbol=f"C{index}USDT",
            kind=InstrumentKind.PERPETUAL,
            base=f"C{index}",
            quote="USDT",
            tick=Decimal("0.01"),
            lot=Decimal("0.001"),
            min_quantity=Decimal("0.001"),
            min_notional=Decimal(5),
        )
        for index in range(SYMBOLS)
    )


def calm_step(index: int) -> MarketStep:
    """A bar between 99 and 101."""

    def row(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.full(SYMBOLS, value)

    return MarketStep(
        open_ms=index * HOUR_MS,
        bar_ms=HOUR_MS,
        open=row(100.0),
        high=row(101.0),
        low=row(99.0),
        close=row(100.0),
        volume=row(1e6),
        previous_close=row(100.0),
        previous_volume=row(1e6),
        volume_24h=row(24e6),
        sigma_daily=row(0.03),
    )


def order(name: str, symbol: str, side: Side, index: int, **more: object) -> Order:
    """An order of 1 decided at the close of bar `index`."""
    plain = {
        "client_order_id": name,
        "symbol": symbol,
        "side": side,
        "type": OrderType.MARKET,
        "purpose": OrderPurpose.OPEN,
        "quantity": Decimal(1),
        "decision_ts_ms": (index + 1) * HOUR_MS,
    }
    return Order(**plain | more)  # type: ignore[arg-type]


async def hold_everything(venue: SimulatedVenue, symbols: Sequence[str]) -> None:
    """Two bars that end with every symbol held and protected."""
    await venue.advance(calm_step(0))
    for symbol in symbols:
        await venue.submit(order(f"b{symbol}", symbol, Side.BUY, 0, quantity=Decimal(10)))
        for kind, letter in ((OrderType.STOP_MARKET, "x"), (OrderType.TAKE_PROFIT, "t")):
            exits = {"type": kind, "quantity": ZERO, "whole_position": True, "reduce_only": True}
            exits["trigger_offset"] = Decimal(20)
            await venue.submit(order(f"{letter}{symbol}", symbol, Side.SELL, 0, **exits))
    await venue.advance(calm_step(1))


async def quiet(venue: SimulatedVenue, first: int, count: int) -> Measured:
    steps = [calm_step(first + index) for index in range(count)]
    started = time.perf_counter()
    for step in steps:
        await venue.advance(step)
    return Measured("quiet bar", (time.perf_counter() - started) / count * 1e6)


async def asked(venue: SimulatedVenue, count: int) -> Measured:
    (newest,) = (await venue.events(0))[-1:]
    started = time.perf_counter()
    for _ in range(count):
        await venue.events(newest.sequence)
        await venue.positions()
        await venue.balance()
    return Measured("events, positions and balance asked", (time.perf_counter() - started) / count * 1e6)


async def busy(venue: SimulatedVenue, symbols: Sequence[str], first: int, count: int) -> list[Measured]:
    sending = playing = 0.0
    for index in range(first, first + count):
        step = calm_step(index)
        started = time.perf_counter()
        await venue.advance(step)
        played = time.perf_counter()
        for turn in range(ORDERS_A_BAR):
            symbol = symbols[(index + 3 * turn) % SYMBOLS]
            side = Side.BUY if (index // SYMBOLS) % 2 else Side.SELL
            await venue.submit(order(f"o{index}n{turn}", symbol, side, index))
        playing += played - started
        sending += time.perf_counter() - played
    return [
        Measured(f"busy bar ({ORDERS_A_BAR} fills)", playing / count * 1e6),
        Measured("order accepted", sending / count / ORDERS_A_BAR * 1e6),
        Measured(f"busy bar with its {ORDERS_A_BAR} orders", (playing + sending) / count * 1e6),
    ]


async def measure(quiet_bars: int, busy_bars: int) -> list[Measured]:
    """Every line of the table, on books of their own."""
    traded = instruments()
    symbols = [instrument.symbol for instrument in traded]
    with tempfile.TemporaryDirectory() as folder:
        venue = SimulatedVenue(Path(folder) / "books.venue", traded, VenueConfig(), Decimal(1_000_000))
        await venue.open()
        try:
            await hold_everything(venue, symbols)
            await quiet(venue, 2, 1_000)
            lines = [await quiet(venue, 1_002, quiet_bars), await asked(venue, quiet_bars)]
            return lines + await busy(venue, symbols, 2_000 + quiet_bars, busy_bars)
        finally:
            await venue.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet-bars", type=int, default=50_000)
    parser.add_argument("--busy-bars", type=int, default=1_000)
    arguments = parser.parse_args()
    print(f"{'simulated venue, ' + str(SYMBOLS) + ' symbols':40} {'us':>9} {'per second':>11}")
    for line in asyncio.run(measure(arguments.quiet_bars, arguments.busy_bars)):
        print(f"{line.name:40} {line.microseconds:9.1f} {1e6 / line.microseconds:11,.0f}")


if __name__ == "__main__":
    main()
