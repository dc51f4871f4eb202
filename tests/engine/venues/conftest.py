"""Venues on real files, moved bar by bar."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Generic, TypeVar

import pytest
import pytest_asyncio

from engine.venues.config import FaultProbabilities, VenueConfig
from engine.venues.faults import FaultPlan, FaultyVenue
from engine.venues.market_step import MarketStep
from engine.venues.simulated import SimulatedVenue
from store.records import Instrument
from tests.engine.venues.tables import COSTS, Prices, instrument, step

CALM: Prices = (100.0, 101.0, 99.0, 100.0)

AnyVenue = SimulatedVenue | FaultyVenue
Venue = TypeVar("Venue", bound=AnyVenue)


@dataclass
class Market(Generic[Venue]):
    """A venue and the bars it has been shown."""

    venue: Venue
    shown: list[MarketStep] = field(default_factory=list)

    async def bar(self, prices: Prices = CALM, **more: object) -> None:
        """Show the next bar."""
        self.shown.append(step(len(self.shown), prices, **more))  # type: ignore[arg-type]
        await self.venue.advance(self.shown[-1])


MakeVenue = Callable[..., SimulatedVenue]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.venue"


@pytest_asyncio.fixture
async def make_venue(path: Path) -> AsyncIterator[MakeVenue]:
    """Venues over the same file, closed at the end whatever happened."""
    made: list[SimulatedVenue] = []

    def make(config: VenueConfig = COSTS, *traded: Instrument, cash: str = "100000") -> SimulatedVenue:
        venue = SimulatedVenue(path, traded or (instrument(),), config, Decimal(cash))
        made.append(venue)
        return venue

    yield make
    for venue in made:
        await venue.close()


@pytest_asyncio.fixture
async def market(make_venue: MakeVenue) -> Market[SimulatedVenue]:
    """A venue that has seen one bar."""
    market = Market(make_venue())
    await market.venue.open()
    await market.bar()
    return market


@pytest_asyncio.fixture(params=["simulated", "faulty, without faults"])
async def any_market(request: pytest.FixtureRequest, make_venue: MakeVenue) -> Market[AnyVenue]:
    """Every venue there is, having seen one bar; what they share is the contract."""
    simulated = make_venue()
    faultless = FaultyVenue(simulated, FaultPlan(0, FaultProbabilities()))
    market: Market[AnyVenue] = Market(simulated if request.param == "simulated" else faultless)
    venue = market.venue
    await venue.open()
    await market.bar()
    return market
