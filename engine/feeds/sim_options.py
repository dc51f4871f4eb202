"""Options the simulated market lists: when they are listed and expire, where they stand, and what each is.

A series is what expires on one Friday at 08:00 UTC. It is listed five weeks before with four contracts: a call and a
put at the money, a call of delta .30 and a put of delta -.30, at the strikes nearest to that among those a chain has
then. A coin has six places of four: five series that trade and the one that expired last, whose place the next takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from engine.feeds.sim_futures import DAY_MS, EXPIRY_HOUR_MS
from engine.feeds.sim_universe import Coin, perpetual
from store.records import Instrument, InstrumentKind, OptionRight

WEEK_MS = 7 * DAY_MS
# 1970-01-02 was a Friday.
FIRST_FRIDAY_MS = DAY_MS + EXPIRY_HOUR_MS
TRADED = 5
PLACES = TRADED + 1
LIFE_MS = TRADED * WEEK_MS
# Of the premium; about what a fee of three hundredths of a percent of the coin makes of it.
FEE_RATE = Decimal("0.005")
MAINTENANCE_MARGIN_RATE = Decimal("0.05")

Strikes = tuple[float, ...]
"""By contract, in quote currency."""


class Contract(NamedTuple):
    """What is listed of every series: its right, and the size of its forward delta when it is listed."""

    right: OptionRight
    delta: float


AT_THE_MONEY, OUT_OF_THE_MONEY = 0.5, 0.3
CONTRACTS = tuple(
    Contract(right, delta) for delta in (AT_THE_MONEY, OUT_OF_THE_MONEY) for right in OptionRight
)


def listed_series(open_ms: int) -> tuple[int, ...]:
    """By place, when the series expire that are listed in the bar that opens then."""
    next_ms = open_ms + (FIRST_FRIDAY_MS - open_ms - 1) % WEEK_MS + 1
    expiries = (next_ms + weeks * WEEK_MS for weeks in range(-1, TRADED))
    return tuple(sorted(expiries, key=lambda expiry_ms: (expiry_ms - FIRST_FRIDAY_MS) // WEEK_MS % PLACES))


def option(coin: Coin, expiry_ms: int, right: OptionRight, strike: float) -> Instrument:
    """A European option on one unit of the coin, settled in USDT at what it is worth against the index."""
    day = datetime.fromtimestamp(expiry_ms / 1000, UTC)
    written = f"{Decimal(repr(strike)).normalize():f}"
    return replace(
        perpetual(coin),
        symbol=f"{coin.base}{day:%y%m%d}{right.name[0]}{written.replace('.', 'd')}",
        kind=InstrumentKind.OPTION,
        min_notional=coin.tick * coin.lot,
        leverage=Decimal(1),
        maker_fee_rate=FEE_RATE,
        taker_fee_rate=FEE_RATE,
        maintenance_margin_rate=MAINTENANCE_MARGIN_RATE,
        expiry_ms=expiry_ms,
        strike=Decimal(written),
        right=right,
    )


def options(
    coin: Coin, place: int, expiries: tuple[int, ...], strikes: Mapping[int, tuple[Strikes, ...]]
) -> tuple[Instrument, ...]:
    """All that is listed on a coin, the `place`th of those with options, for series and their `strikes`."""
    return tuple(
        option(coin, expiry_ms, contract.right, strike)
        for expiry_ms in expiries
        for contract, strike in zip(CONTRACTS, strikes[expiry_ms][place], strict=True)
    )
