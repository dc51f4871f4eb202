"""What the simulated market shows beside its prices, along any stretch of its path.

Its randomness is its own: keys that no price hangs on, so that the prices are the same with and without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.feeds.kernels import beside as law
from engine.feeds.sim_universe import Coin, perpetual

FloatArray = NDArray[np.float64]
Keys = Callable[[str], list[int]]
"""Two 64-bit keys for a name."""


@dataclass(frozen=True, slots=True)
class BesideState:
    """Where everything beside the prices is: `coins` [S, 16] and `whole` [15] as the law numbers them."""

    coins: FloatArray
    whole: FloatArray

    def copy(self) -> BesideState:
        return BesideState(self.coins.copy(), self.whole.copy())


@dataclass(frozen=True, slots=True)
class BesideStretch:
    """`buys` [steps, S] lots bought by takers; `hours` [10, H, S] and `days` [8, D], a row per hour or day touched."""

    buys: FloatArray
    hours: FloatArray
    days: FloatArray

    def of_first(self, count: int) -> BesideStretch:
        """The same of the first `count` coins."""
        return BesideStretch(self.buys[:, :count], self.hours[:, :, :count], self.days)


class Beside:
    """One seed's market beside the prices of the given coins, bitcoin among them."""

    def __init__(self, keys: Keys, coins: Sequence[Coin]) -> None:
        self._coins = np.array(
            [[coin.annual_volatility**2, float(perpetual(coin).funding_cap_rate)] for coin in coins]
        )
        self._coin_keys = np.array([keys(f"beside {coin.symbol}") for coin in coins], dtype=np.uint64)
        self._day_key = np.uint64(keys("beside market")[0])
        self._bitcoin = [coin.base for coin in coins].index("BTC")

    def origin(self, prices: FloatArray, premium: float) -> BesideState:
        """Before the first step, at these prices [S]."""
        states = np.zeros((len(self._coins), law.STATE_COLUMNS))
        states[:, [law.PREMIUM, law.MARK, law.SLOW_PREMIUM]] = premium
        states[:, law.VARIANCE] = states[:, law.LONG_VARIANCE] = self._coins[:, law.ANCHOR_VARIANCE]
        states[:, law.SKEW] = law.SKEW_LEVEL
        states[:, law.HOUR_PRICE] = prices
        whole = np.zeros(law.WHOLE_COLUMNS)
        cap = law.BITCOINS * prices[self._bitcoin]
        whole[law.LAST_PRICE] = prices[self._bitcoin]
        whole[law.REALISED] = law.REALISED_BEFORE * cap
        whole[law.CAP_DAYS] = law.CAP_DAYS_BEFORE
        whole[law.CAP_MEAN] = law.CAP_MEAN_BEFORE * cap
        whole[law.CAP_SQUARES] = law.CAP_DAYS_BEFORE * (law.CAP_DEVIATION_BEFORE * cap) ** 2
        whole[law.PENDING :] = np.nan
        return BesideState(states, whole)

    def run(
        self, first_step: int, opened: FloatArray, points: FloatArray, premium: FloatArray, state: BesideState
    ) -> BesideStretch:
        """Along a path of the prices; `state` is moved to its end."""
        steps, count = points.shape[1:]
        days = (first_step + steps - 1) // law.STEPS_PER_DAY - first_step // law.STEPS_PER_DAY + 1
        stretch = BesideStretch(
            buys=np.empty((steps, count)),
            hours=np.empty((law.HOUR_ROWS, len(premium), count)),
            days=np.empty((2 * law.DAY_SERIES, days)),
        )
        law.advance(
            first_step,
            steps,
            self._bitcoin,
            opened,
            points,
            premium,
            self._coins,
            self._coin_keys,
            self._day_key,
            state.coins,
            state.whole,
            stretch.buys,
            stretch.hours,
            stretch.days,
        )
        return stretch
