"""What the simulated market lists beside its perpetuals: every coin itself, quarterly futures on bitcoin and ether, and
options on them.

A coin with futures has three places for them: the next two, and the one that expired last, which has no more bars; each
quarter the future after the next takes the place of the one that has been over for a quarter. Options have places too
(`engine.feeds.sim_options`); their strikes hang on the path, so a listing has to be told them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from engine.feeds import sim_futures as futures
from engine.feeds.sim_options import Strikes, listed_series, options
from engine.feeds.sim_universe import Coin, perpetual, spot
from store.records import Instrument, InstrumentKind

Terms = Callable[[Instrument], Instrument]
"""What an instrument becomes on the terms it is traded on here."""

PLACES = 3
HOUR_MS = 3_600_000
MONTHS_A_YEAR, MONTHS_A_QUARTER = 12, 3


class Listing:
    """What stands where beside the perpetuals of some coins: every coin, then the places of the futures, then those of
    the options, which begin with what is listed at `options_from_ms`; None: there are none. `strikes`: by series, what
    is known of them."""

    def __init__(
        self,
        coins: Sequence[Coin],
        options_from_ms: int | None,
        strikes: Mapping[int, tuple[Strikes, ...]],
        terms: Terms = lambda instrument: instrument,
    ) -> None:
        self._terms, self._strikes, self._options_from_ms = terms, strikes, options_from_ms
        self._spot = tuple(terms(spot(coin)) for coin in coins)
        self._dated = tuple(coin for coin in coins if coin.has_options)
        self._listed: dict[tuple[int, ...], tuple[Instrument, ...]] = {}

    def at(self, open_ms: int) -> tuple[Instrument, ...] | None:
        """What is listed in the bar that opens then; the same object for the same listing. None: a series is listed
        whose strikes are not known. From any thread."""
        series = self.series(open_ms)
        key = (*listed_expiries(open_ms), *series)
        if key not in self._listed:
            if any(expiry_ms not in self._strikes for expiry_ms in series):
                return None
            dated = [future(coin, at_ms) for coin in self._dated for at_ms in listed_expiries(open_ms)]
            for place, coin in enumerate(self._dated if series else ()):
                dated += options(coin, place, series, self._strikes)
            self._listed.setdefault(key, (*self._spot, *map(self._terms, dated)))
        return self._listed[key]

    def series(self, open_ms: int) -> tuple[int, ...]:
        """By place, when the options expire that are listed in the bar that opens then."""
        if not self._dated or self._options_from_ms is None:
            return ()
        return _series_in_hour(max(open_ms, self._options_from_ms) // HOUR_MS)


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


@lru_cache(maxsize=256)
def _series_in_hour(hour: int) -> tuple[int, ...]:
    """The same of options."""
    return listed_series(hour * HOUR_MS)


def _place(expiry_ms: int) -> int:
    day = datetime.fromtimestamp(expiry_ms / 1000, UTC)
    return (day.year * MONTHS_A_YEAR + day.month) // MONTHS_A_QUARTER % PLACES
