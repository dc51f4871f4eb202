"""Everything a signal may read beside the bars: one number per symbol, as it was known at the close of a bar.

NaN is what nobody knew then: not published yet, or older than twice its own period. Who feeds a market judges both, so
that a signal sees what it could have seen. A larger bar takes the number known at its close; what is added up is the
sum of what fell into the bar, NaN where nothing did.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Input:
    """`unit` is the unit of its values; `is_price` scales with the price of the symbol; `adds_up`: over a bar it is
    summed instead of being the last one known."""

    name: str
    unit: str
    meaning: str
    is_price: bool = False
    adds_up: bool = False


_QUOTE = "quote currency per unit"
_USD = "USD"
INPUTS: tuple[Input, ...] = (
    Input("mark_price", _QUOTE, "price the venue margins the perpetual at", is_price=True),
    Input("index_price", _QUOTE, "price of the coin over several spot markets", is_price=True),
    Input("spot_price", _QUOTE, "price of the coin on one spot market", is_price=True),
    Input("open_interest", "base units", "contracts open on the venue traded"),
    Input("funding_rate", "fraction", "rates settled on the venue traded", adds_up=True),
    Input("funding_hours", "hours", "time those settlements cover", adds_up=True),
    Input("funding_rate_2", "fraction", "rates settled on a second venue", adds_up=True),
    Input("funding_hours_2", "hours", "time those settlements cover", adds_up=True),
    Input("funding_rate_3", "fraction", "rates settled on a third venue", adds_up=True),
    Input("funding_hours_3", "hours", "time those settlements cover", adds_up=True),
    Input("future_price", _QUOTE, "price of one dated future with days to run", is_price=True),
    Input("future_days", "days", "time to the expiry of that future"),
    Input("implied_volatility", "annual fraction", "implied volatility of 30 days"),
    Input(
        "skew_25_delta",
        "1",
        "implied volatility of 25-delta puts less calls, over that at the money, 30 days",
    ),
    Input("skew_points", "count", "how many of its two points lie between good quotes: 0, 1 or 2"),
    Input("bitcoin_market_cap", _USD, "coins times price, the same for every symbol"),
    Input(
        "bitcoin_realised_cap", _USD, "coins times the price each last moved at, the same for every symbol"
    ),
    Input("stablecoin_supply", _USD, "stablecoins in circulation, the same for every symbol"),
    Input("mvrv_z", "1", "market less realised cap, over the deviation of all market caps so far"),
)
INPUT_NAMES = tuple(item.name for item in INPUTS)
ADDED_UP = frozenset(item.name for item in INPUTS if item.adds_up)
PRICES = frozenset(item.name for item in INPUTS if item.is_price)
