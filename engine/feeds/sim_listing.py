"""What the simulated market lists beside its perpetuals: every coin itself, and quarterly futures on bitcoin and ether.

A coin with futures has three places for them: the next two, and the one that expired last, which has no more bars; each
quarter the future after the next takes the place of the one that has been over for a quarter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from engine.feeds import sim_futures as futures
from engine.feeds.sim_universe import Coin, perpetual, spot
from store.records import Instrument, InstrumentKind

Terms = Callable[[Instrument], Instrument]
"""What an instrument becomes on the terms it is traded on here."""

PLACES = 3
HOUR_MS = 3_600_000
MONTHS_A_YEAR, MONTHS_A_QUARTER = 12, 3


class Listing:
    """What stands where beside the perpetuals of some coins: every coin, then the places of the futures."""

    def __init__(self, coins: Sequence[Coin], terms: Terms = lambda instrument: instrument) -> None:
        self._terms = terms
        self._spot = tuple(terms(spot(coin)) for coin in coins)
        self._dated = tuple(coin for coin in coins if coin.has_options)
        self._listed: dict[tuple[int, ...], tuple[Instrument, ...]] = {}

    def at(self, open_ms: int) -> tuple[Instrument, ...]:
        """What is listed in the bar that opens then; the same object for the same listing. From any thread."""
        expiries = listed_expiries(open_ms)
        if expiries not in self._listed:
            dated = tuple(self._terms(future(coin, at_ms)) for coin in self._dated for at_ms in expiries)
            self._listed.setdefault(expiries, (*self._spot, *dated))
        return self._listed[expiries]


def future(coin: Coin, expiry_ms: int) -> Instrument:
    """The coin's future of one quarter: linear, settled in USDT at the index, in the steps and at the fees of its
    perpetual."""
    day = datetime.fromtimestamp(expiry_ms / 1000, UTC)
    return replace(
        perpetual(coin),
        symbol=f"{coin.base}{day:%y%m%d}",
        kind=InstrumentKind.FUTURE,
        expiry_ms=expiry_ms,
    )


def listed_expiries(open_ms: int) -> tuple[int, ...]:
    """By place, when the futures expire that are listed in the bar that opens then."""
    return _listed_in_hour(open_ms // HOUR_MS)


@lru_cache(maxsize=256)
def _listed_in_hour(hour: int) -> tuple[int, ...]:
    """The same for all bars that open in one hour, for futures expire on the hour."""
    upcoming = futures.quarterly_expiries(hour * HOUR_MS)
    first_ms = next(upcoming)
    day = datetime.fromtimestamp(first_ms / 1000, UTC)
    month = day.month - MONTHS_A_QUARTER
    before_ms = futures.last_friday_ms(*((day.year, month) if month else (day.year - 1, MONTHS_A_YEAR)))
    return tuple(sorted((before_ms, first_ms, next(upcoming)), key=_place))


def _place(expiry_ms: int) -> int:
    day = datetime.fromtimestamp(expiry_ms / 1000, UTC)
    return (day.year * MONTHS_A_YEAR + day.month) // MONTHS_A_QUARTER % PLACES
