"""What the kill switch would do just now, as it was when it was armed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from console.format import number
from engine.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class VenuePlan:
    """What happens at one venue. `notional` is the value to flatten, `cost` what that may cost, in quote currency."""

    venue: str
    orders: int
    positions: int
    notional: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class KillPlan:
    """One line for each venue; `known` is False while the engine has shown nothing yet."""

    venues: tuple[VenuePlan, ...]
    known: bool

    @property
    def orders(self) -> int:
        return sum(venue.orders for venue in self.venues)

    @property
    def positions(self) -> int:
        return sum(venue.positions for venue in self.venues)


def kill_plan(snapshot: Snapshot | None) -> KillPlan:
    """Orders to cancel and positions to flatten by venue, at the marks of this picture.

    Working orders that no position accounts for are entries; they are counted at the first venue.
    """
    if snapshot is None:
        return KillPlan((), known=False)
    cost_bps = {row.symbol: row.expected_cost_bps or 0.0 for row in snapshot.signals}
    names = [venue.name for venue in snapshot.venues] + [row.venue for row in snapshot.positions]
    plans = []
    entries = snapshot.working_orders - sum(row.working_orders for row in snapshot.positions)
    for place, name in enumerate(dict.fromkeys(names)):
        held = [row for row in snapshot.positions if row.venue == name]
        values = {
            row.symbol: abs((number(row.quantity) or Decimal(0)) * (number(row.mark) or Decimal(0)))
            for row in held
        }
        plans.append(
            VenuePlan(
                venue=name,
                orders=sum(row.working_orders for row in held) + (max(0, entries) if place == 0 else 0),
                positions=len(held),
                notional=sum(values.values(), Decimal(0)),
                cost=sum(
                    (
                        value * Decimal(str(cost_bps.get(symbol, 0.0))) / 10_000
                        for symbol, value in values.items()
                    ),
                    Decimal(0),
                ),
            )
        )
    return KillPlan(tuple(plans), known=True)
