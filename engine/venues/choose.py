"""Which venue a configuration asks for, and what the session needs of it beyond the port."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.feeds.feed import Feed
from engine.venues.market_step import MarketStep
from engine.venues.venue import Venue

if TYPE_CHECKING:
    from engine.config import Configuration


class TradingVenue(Venue, Protocol):
    """A venue that the session itself moves from bar to bar."""

    async def advance(self, step: MarketStep) -> int | None:
        """Let the market move; the `revision` after it, where that is known already."""
        ...

    async def close_out(self, keep_positions: bool = False) -> object: ...

    def revision(self) -> int | None:
        """A number that stays the same while nothing in the venue's books changes; None while that cannot be told."""
        ...

    def trailed_to(self, client_order_id: str) -> Decimal | None:
        """The price that a trailing stop has come to; None where that cannot be told."""
        ...

    def books_ts_ms(self) -> int:
        """Market time of the newest change in the venue's books."""
        ...


def venue_path(database_path: Path) -> Path:
    """The simulated venue's own books, beside the engine's."""
    return database_path.with_name(f"{database_path.name}.venue")


def open_venue(configuration: Configuration, feed: Feed, database_path: Path) -> TradingVenue:
    """The simulated venue over its own file, with the faults that [venue.faults] asks for."""
    from engine.venues.faults import FaultPlan, FaultyVenue
    from engine.venues.simulated import SimulatedVenue

    venue = SimulatedVenue(
        venue_path(database_path),
        (*feed.instruments, *feed.legs),
        configuration.venue,
        configuration.run.capital,
    )
    plan = FaultPlan.of(configuration.venue)
    return venue if plan is None else FaultyVenue(venue, plan)
