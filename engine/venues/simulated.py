"""The simulated venue: an exchange in a file of its own, which outlives the engine that trades on it.

Promise: every call that changes something is one transaction, committed before it is answered; a bar already seen
and an order already known change nothing; ids, events and money depend on the calls alone, never on wall time or on
how often the process was killed between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from engine.venues.config import VenueConfig
from engine.venues.market_step import MarketStep
from engine.venues.venue import VenueBalance, VenueEvent, VenuePosition
from store.records import Fill, FundingPayment, Instrument, Order, OrderReport

__all__ = ["CloseOut", "MarketStep", "SimulatedVenue", "flatten_offline"]


@dataclass(frozen=True, slots=True)
class CloseOut:
    """What a close-out did: orders cancelled, and the fills that closed positions."""

    cancelled: int
    fills: tuple[Fill, ...]


class SimulatedVenue:
    """A venue behind the `Venue` port, filled by bars handed to `advance`.

    One worker thread owns the SQLite connection. A bar in which nothing happens is judged on the loop and costs no
    thread hop; several processes may open the same file, each sees what the others committed.
    """

    def __init__(
        self,
        path: Path,
        instruments: Sequence[Instrument],
        config: VenueConfig,
        initial_cash: Decimal,
        name: str = "sim",
    ) -> None:
        """`initial_cash` (quote currency) counts only where `path` holds no books yet. Nothing is opened here."""
        raise NotImplementedError

    async def open(self) -> None:
        """Create or restore the books. Raises VenueUnavailable where the file cannot be used."""
        raise NotImplementedError

    async def close(self) -> None:
        """Record the last marks and let go of the file."""
        raise NotImplementedError

    async def advance(self, step: MarketStep) -> None:
        """Let the market move through one bar; a bar already seen is a no-op. Raises VenueUnavailable.

        After a restart, hand over the last committed bar once more before anything else: where the venue has seen it
        nothing happens, where only its marks were not recorded yet they are brought up to date.
        """
        raise NotImplementedError

    async def events(self, after_sequence: int) -> Sequence[VenueEvent]:
        """Every event numbered above `after_sequence`, in order."""
        raise NotImplementedError

    async def close_out(self, keep_positions: bool = False) -> CloseOut:
        """Cancel everything (protective orders stay when `keep_positions`), then close every position at the last
        known close as if it were the next open: same cost rule, volume cap not applied, because the market stands
        still while nobody moves it and flat must mean flat."""
        raise NotImplementedError

    async def instruments(self) -> Sequence[Instrument]:
        raise NotImplementedError

    async def submit(self, order: Order) -> OrderReport:
        raise NotImplementedError

    async def cancel(self, client_order_id: str, symbol: str, attempt: int = 0) -> OrderReport:
        raise NotImplementedError

    async def cancel_all(self, keep_protective: bool = False, attempt: int = 0) -> int:
        raise NotImplementedError

    async def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        raise NotImplementedError

    async def open_orders(self) -> Sequence[OrderReport]:
        raise NotImplementedError

    async def order_history(self, since_ms: int) -> Sequence[OrderReport]:
        raise NotImplementedError

    async def fills(self, since_ms: int) -> Sequence[Fill]:
        raise NotImplementedError

    async def funding(self, since_ms: int) -> Sequence[FundingPayment]:
        raise NotImplementedError

    async def positions(self) -> Sequence[VenuePosition]:
        raise NotImplementedError

    async def balance(self) -> VenueBalance:
        raise NotImplementedError


def flatten_offline(path: Path, keep_positions: bool = False) -> CloseOut:
    """Close out the venue whose books lie in `path`, with no engine alive (or with one that is wedged).

    Instruments and costs are those the books were last opened with. Raises VenueUnavailable.
    """
    raise NotImplementedError
