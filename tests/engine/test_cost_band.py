"""What a trade costs, as a part of the no-trade band: by hand, in a decision, in a run, and in an order's why."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cost_band import CostBand
from engine.decision import STAGES
from engine.venues.config import VenueConfig
from engine.waterfall import with_bounds
from risk.config import RiskConfig
from store import query
from store.records import DECISION_STAGES
from tests.engine.decision_worlds import simple_world
from tests.engine.session_runs import engine, rows
from tests.engine.venues.tables import instrument

BUFFER = STAGES.index("buffer")
MARKET = replace(
    simple_world(np.array([0.5]), np.zeros(1)).market,
    price=np.array([100.0]),
    sigma=np.array([0.5]),
    instrument_weight=np.ones(1),
)
TRADED = np.array([4_000.0])
FEE = Decimal("0.0005")


def band(venue: dict[str, Any] | None = None, equity: float = 10_000.0, **risk: Any) -> float:
    """A market of .5 volatility, a target of .2, so an average position of .4, in which a hundredth of the day's volume
    is traded."""
    parameters = RiskConfig(**{"volatility_target": 0.2, "edge_days": 36.5, **risk}).resolve()
    costs = CostBand([instrument(taker_fee_rate=FEE)], VenueConfig(**(venue or {})), parameters)
    return float(costs.of(MARKET, TRADED, equity)[0])


def test_fee_half_spread_and_impact_over_the_expected_edge() -> None:
    """Impact: .5 / sqrt(365) a day times sqrt(.01). Edge: a Sharpe ratio of .2 / .5, times .5, in a tenth of a year."""
    cost = 0.0005 + 0.0001 + 0.5 / math.sqrt(365) * 0.1
    assert band() == pytest.approx(0.4 * cost / (0.4 * 0.5 * 0.1))


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ({"edge_days": 73.0}, 0.5),
        ({"kelly_fraction": 0.25}, 0.5),
        ({"venue": {"half_spread_bps": 7.0}}, 2.0),
        ({"venue": {"half_spread_bps": 1.0, "impact_coefficient": 0.0}}, 1.0),
    ],
)
def test_what_widens_and_what_narrows_it(change: dict[str, Any], factor: float) -> None:
    free: dict[str, Any] = {"venue": {"half_spread_bps": 1.0, "impact_coefficient": 0.0}}
    merged = {**free, **change, "venue": {**free["venue"], **change.get("venue", {})}}
    assert band(**merged) == pytest.approx(factor * band(**free))


@pytest.mark.parametrize(
    "change",
    [
        {"tradable": np.zeros(1, dtype=np.bool_)},
        {"sigma": np.array([np.nan])},
        {"price": np.array([np.nan])},
        {"instrument_weight": np.zeros(1)},
    ],
)
def test_what_cannot_be_sized_has_none(change: dict[str, Any]) -> None:
    costs = CostBand([instrument(taker_fee_rate=FEE)], VenueConfig(), RiskConfig().resolve())
    assert costs.of(replace(MARKET, **change), TRADED, 10_000.0).tolist() == [0.0]


def test_a_bankrupt_book_and_a_market_nobody_knows_the_volume_of_give_numbers_still() -> None:
    costs = CostBand([instrument(taker_fee_rate=FEE)], VenueConfig(), RiskConfig().resolve())
    assert math.isfinite(band(equity=-1.0))
    assert math.isfinite(float(costs.of(MARKET, np.array([np.nan]), 10_000.0)[0]))


def test_its_average_position_is_that_of_the_decision() -> None:
    """With every cost at a hundredth and an edge of a hundredth the band is one average position."""
    world = simple_world(np.array([0.5, 0.3, -0.2]), np.zeros(3))
    correlation = np.array([[1.0, 0.6, -0.4], [0.6, 1.0, 0.2], [-0.4, 0.2, 1.0]])
    market = replace(world.market, correlation=correlation, sigma=np.full(3, 0.5))
    world = replace(world, market=market)
    target = world.parameters.risk.volatility_target
    costs = CostBand(
        [instrument(taker_fee_rate=Decimal("0.01"))] * 3,
        VenueConfig(half_spread_bps=0.0, impact_coefficient=0.0),
        replace(world.parameters.risk, kelly_fraction=target, edge_days=0.01 / 0.5 * 365.0),
    )
    assert costs.of(market, np.ones(3), 1.0) == pytest.approx(world.decide().average)


def test_it_is_off_unless_the_configuration_switches_it_on() -> None:
    assert not RiskConfig().resolve().cost_band
    assert RiskConfig(cost_band=True, edge_days=5.0).resolve().edge_days == 5.0


def test_a_why_names_it_where_the_band_bound() -> None:
    stages = [
        {"stage": name, "value": 0.06 if name in ("buffer", "round") else 0.1} for name in DECISION_STAGES
    ]
    rows = {row["stage"]: row["why"] for row in with_bounds(stages, {"scalars": {"cost_band": 0.0123}})}
    assert rows["buffer"].endswith("its part for costs is 1.230% of equity")
    assert rows["buffer"].startswith("no-trade band")


async def test_a_run_trades_less_and_its_orders_say_why(tmp_path: Path) -> None:
    counted = {}
    for switch in ("false", "true"):
        session = engine(
            tmp_path / f"{switch}.db", run__bars="60", risk__cost_band=switch, risk__edge_days="3"
        )
        await session.run()
        orders = rows(
            session.database_path, "SELECT client_order_id, symbol FROM orders WHERE purpose = 'open'"
        )
        counted[switch] = len(orders)
        found = [(query.explain(session.database_path, order), symbol) for order, symbol in orders]
        for each, symbol in found:
            scalars = each["decision"]["scalars"]
            assert ("cost_band" in scalars) == (switch == "true"), symbol
            assert not any(":" in name for name in scalars)
        told = ["its part for costs is" in str(with_bounds(e["stages"], e["decision"])) for e, _ in found]
        assert any(told) == (switch == "true")
    assert 0 < counted["true"] < counted["false"]
