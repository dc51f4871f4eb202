"""Bars on which nothing happens, to change one fact of, and a book of guards to run them through."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from risk.guards import GuardChange, GuardConfig, GuardInputs, GuardState, step
from risk.parameters import RiskParameters
from store.records import Fill, Override, Side, SignalType, TradingState

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
MIDNIGHT_MS = 1_600_041_600_000
SYMBOLS = ("BTCUSDT", *(f"C{number}USDT" for number in range(1, 12)))

LIMITS = RiskParameters(
    profile="moderate",
    volatility_target=0.2,
    max_symbol=0.1,
    max_cluster=0.25,
    max_net=0.3,
    max_gross=1.0,
    kelly_fraction=0.5,
    type_limits=dict.fromkeys(SignalType, 0.1),
    dd_start=0.1,
    dd_halt=0.15,
    day_loss=0.05,
    stop_atr=3.0,
    stop_fraction=0.0,
    target_atr=0.0,
    target_fraction=0.0,
    trades_per_day=3,
    consecutive_losses=3,
)


def bar(hour: float, **facts: Any) -> GuardInputs:
    """The close of an hourly bar `hour` hours after a midnight, on which nothing happened but `facts`."""
    count = len(SYMBOLS)
    quiet: dict[str, Any] = {
        "ts_ms": MIDNIGHT_MS + round(hour * HOUR_MS),
        "bar_ms": HOUR_MS,
        "equity": 100_000.0,
        "high_water_mark": 100_000.0,
        "symbols": SYMBOLS,
        "leader": 0,
        "bar_return": np.full(count, 0.001),
        "sigma_bar": np.full(count, 0.01),
        "missing_run": np.zeros(count, dtype=np.int64),
    }
    return GuardInputs(**{**quiet, **facts})


def array(**values: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """An array [S] of zeros but for the named symbols ("C3" for C3USDT)."""
    filled = np.zeros(len(SYMBOLS))
    for symbol, value in values.items():
        filled[SYMBOLS.index(f"{symbol}USDT")] = value
    return filled


_numbers = iter(range(1, 10**9))


def fill(
    side: Side,
    quantity: str,
    price: str = "100",
    symbol: str = "C1USDT",
    fee: str = "0",
    order: str | None = None,
    reduce_only: bool = False,
    ts_ms: int = MIDNIGHT_MS,
) -> Fill:
    number = next(_numbers)
    return Fill(
        fill_id=f"f{number}",
        client_order_id=order or f"o{number}",
        symbol=symbol,
        side=side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        maker=False,
        ts_ms=ts_ms,
        reduce_only=reduce_only,
    )


def trip(result: str, symbol: str = "C1USDT") -> tuple[Fill, Fill]:
    """A long position of one unit, opened and closed, that earns `result`."""
    return (
        fill(Side.BUY, "1", "10000", symbol, reduce_only=True),
        fill(Side.SELL, "1", str(10_000 + Decimal(result)), symbol, reduce_only=True),
    )


@dataclass
class Book:
    """Guards fed one bar after the other."""

    config: GuardConfig = field(default_factory=GuardConfig)
    limits: RiskParameters = LIMITS
    state: GuardState = field(default_factory=GuardState)
    changes: tuple[GuardChange, ...] = ()

    def see(self, *bars: GuardInputs) -> Book:
        for inputs in bars:
            self.state, self.changes = step(self.state, inputs, self.config, self.limits)
        return self

    @property
    def trading_state(self) -> TradingState:
        return self.state.trading_state

    @property
    def names(self) -> list[str]:
        """Overrides in force, as name or name@symbol."""
        return [f"{o.name}@{o.scope}" if o.scope else o.name for o in self.state.overrides]

    def override(self, name: str) -> Override:
        (known,) = (override for override in self.state.overrides if override.name == name)
        return known
