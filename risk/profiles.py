"""The risk profiles: what a cautious, a usual and a bold book differ in. Each key can be overridden one by
one.

Fractions are of equity, `volatility_target` is per annum, `stop_atr` counts average true ranges; 0 switches a
stop or a target off.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DEFAULT_PROFILE: Final = "moderate"

TypeLimitsByName = Mapping[str, float]
ProfileValue = float | TypeLimitsByName


def _type_limits(factor: float) -> TypeLimitsByName:
    """Limits of the signal types; carry, the least correlated with price, has most room."""
    return MappingProxyType(
        {
            "momentum": 0.10 * factor,
            "reversion": 0.10 * factor,
            "carry": 0.20 * factor,
            "flow": 0.10 * factor,
            "volatility": 0.10 * factor,
            "statistical": 0.10 * factor,
            "learned": 0.10 * factor,
        }
    )


PROFILES: Final[Mapping[str, Mapping[str, ProfileValue]]] = MappingProxyType(
    {
        "conservative": {
            "volatility_target": 0.05,
            "max_symbol": 0.05,
            "max_cluster": 0.25,
            "max_net": 0.30,
            "max_gross": 0.50,
            "kelly_fraction": 0.25,
            "type_limits": _type_limits(1),
            "dd_start": 0.025,
            "dd_halt": 0.05,
            "day_loss": 0.02,
            "stop_atr": 3.0,
            "trades_per_day": 20,
            "consecutive_losses": 3,
        },
        "moderate": {
            "volatility_target": 0.20,
            "max_symbol": 0.10,
            "max_cluster": 0.25,
            "max_net": 0.30,
            "max_gross": 1.0,
            "kelly_fraction": 0.5,
            "type_limits": _type_limits(1),
            "dd_start": 0.10,
            "dd_halt": 0.15,
            "day_loss": 0.05,
            "stop_atr": 3.0,
            "trades_per_day": 50,
            "consecutive_losses": 5,
        },
        "aggressive": {
            "volatility_target": 0.35,
            "max_symbol": 0.20,
            "max_cluster": 0.50,
            "max_net": 1.0,
            "max_gross": 3.0,
            "kelly_fraction": 0.5,
            "type_limits": _type_limits(2),
            "dd_start": 0.10,
            "dd_halt": 0.25,
            "day_loss": 0.05,
            "stop_atr": 3.0,
            "trades_per_day": 200,
            "consecutive_losses": 8,
        },
    }
)
