"""Any stretch of the simulated market from its seed, in bounded memory and in time that does not grow.

The recursion runs from the origin. States are kept where a stretch ended, for the next one begins there, and
every `CHUNK_STEPS`, thinned out as they get many, so going back costs one spacing at most.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.feeds import sim_kernel as law
from engine.feeds.sim_universe import UNIVERSE, Coin, perpetual

if TYPE_CHECKING:
    from engine.feeds.sim_beside import Beside, BesideState, BesideStretch

FloatArray = NDArray[np.float64]

STEP_MS = 3_600_000 // law.STEPS_PER_HOUR
CHUNK_STEPS = 30 * 24 * law.STEPS_PER_HOUR
MOST_CHECKPOINTS = 128
MOST_ENDS = 4
# A jump of a coin's own is so many times an ordinary hour of its own, give or take.
OWN_JUMP_HOURLY_SDS = 6.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """The market over `steps` consecutive steps, at most `CHUNK_STEPS`; S coins.

    `opened` [S] prices before the first step; `points` [4, steps, S] close, high, low (USD), volume (lots);
    `hours` [4, H, S] spread (bps), depth (USD), open interest (base units), premium (fraction), one row per
    hour touched; `funding` [F, S] rates settled inside, the first at step `first_settlement_step`. `beside`:
    what is shown beside the prices, None where nobody asked.
    """

    first_step: int
    opened: FloatArray
    points: FloatArray
    hours: FloatArray
    funding: FloatArray
    first_settlement_step: int
    beside: BesideStretch | None = None


@dataclass(frozen=True, slots=True)
class _State:
    step: int
    market: FloatArray
    coins: FloatArray
    beside: BesideState | None


class Walk:
    """One seed's market for the given coins, and what it shows `beside` the prices. Not thread-safe: its owner takes
    turns."""

    def __init__(self, seed: int, coins: Sequence[Coin], beside: bool = False) -> None:
        self._shown = len(coins)
        self._beside: Beside | None = None
        if beside:
            from engine.feeds.sim_beside import Beside

            coins = (*coins, *(coin for coin in UNIVERSE[:1] if coin not in coins))
            self._beside = Beside(partial(_keys, seed), coins)
        self._coins = np.array([_coin_row(coin) for coin in coins], dtype=np.float64)
        self._coin_keys = np.array([_keys(seed, coin.symbol) for coin in coins], dtype=np.uint64)
        self._market_keys = np.array(_keys(seed, "market"), dtype=np.uint64)
        self._checkpoints = {0: self._origin()}
        self._spacing = CHUNK_STEPS
        self._ends: OrderedDict[int, _State] = OrderedDict()

    def stretches(self, first_step: int, steps: int) -> Iterator[Stretch]:
        """The market from `first_step` on, cut where `CHUNK_STEPS` says, in order."""
        state = self._nearest(first_step)
        for cut, length in _cuts(state.step, first_step):
            _, state = self._run(state, length)
            self._keep(cut + length, state)
        for cut, length in _cuts(first_step, first_step + steps):
            stretch, state = self._run(state, length)
            self._keep(cut + length, state)
            yield self._seen(stretch)
        self._ends[state.step] = state
        while len(self._ends) > MOST_ENDS:
            self._ends.popitem(last=False)

    def _run(self, state: _State, steps: int) -> tuple[Stretch, _State]:
        first, count = state.step, self._coins.shape[0]
        last_hour = (first + steps - 1) // law.STEPS_PER_HOUR
        settlement = max(1, -(-first // law.STEPS_PER_SETTLEMENT))
        settlements = max(0, (first + steps - 1) // law.STEPS_PER_SETTLEMENT - settlement + 1)
        stretch = Stretch(
            first_step=first,
            opened=state.coins[:, law.PRICE].copy(),
            points=np.empty((4, steps, count)),
            hours=np.empty((4, last_hour - first // law.STEPS_PER_HOUR + 1, count)),
            funding=np.empty((settlements, count)),
            first_settlement_step=settlement * law.STEPS_PER_SETTLEMENT,
        )
        beside = state.beside.copy() if state.beside else None
        after = _State(first + steps, state.market.copy(), state.coins.copy(), beside)
        law.advance(
            first,
            steps,
            self._coins,
            self._coin_keys,
            self._market_keys,
            after.market,
            after.coins,
            stretch.points,
            stretch.hours,
            stretch.funding,
        )
        if self._beside is None or after.beside is None:
            return stretch, after
        premium = stretch.hours[law.H_PREMIUM]
        shown = self._beside.run(first, stretch.opened, stretch.points, premium, after.beside)
        return replace(stretch, beside=shown), after

    def _seen(self, stretch: Stretch) -> Stretch:
        """Without the coin that was only needed for what the whole market shows."""
        count = self._shown
        if count == len(stretch.opened):
            return stretch
        return replace(
            stretch,
            opened=stretch.opened[:count],
            points=stretch.points[:, :, :count],
            hours=stretch.hours[:, :, :count],
            funding=stretch.funding[:, :count],
            beside=stretch.beside and stretch.beside.of_first(count),
        )

    def _nearest(self, step: int) -> _State:
        """The latest state kept that does not lie after `step`."""
        kept = (*self._ends.values(), *self._checkpoints.values())
        return max((state for state in kept if state.step <= step), key=lambda state: state.step)

    def _keep(self, step: int, state: _State) -> None:
        if step % self._spacing != 0:
            return
        self._checkpoints[step] = state
        if len(self._checkpoints) > MOST_CHECKPOINTS:
            self._spacing *= 2
            self._checkpoints = {s: kept for s, kept in self._checkpoints.items() if s % self._spacing == 0}

    def _origin(self) -> _State:
        market = np.zeros(law.MARKET_COLUMNS)
        market[law.REGIME] = 1.0
        market[law.M_LOG_SD] = law.REGIME_LOG_LEVEL[1]
        market[law.M_JUMP_STEP] = -1.0
        states = np.zeros((self._coins.shape[0], law.STATE_COLUMNS))
        ticks_per_unit = self._coins[:, law.TICKS_PER_UNIT]
        states[:, law.PRICE] = np.rint(self._coins[:, law.ANCHOR] * ticks_per_unit) / ticks_per_unit
        states[:, law.JUMP_STEP] = -1.0
        states[:, law.PREMIUM] = law.PREMIUM_BASE
        beside = None
        if self._beside is not None:
            beside = self._beside.origin(states[:, law.PRICE], law.PREMIUM_BASE)
        return _State(0, market, states, beside)


def _cuts(first_step: int, end_step: int) -> Iterator[tuple[int, int]]:
    """(start, length) of the pieces of [first_step, end_step) between multiples of `CHUNK_STEPS`."""
    while first_step < end_step:
        length = min(end_step, (first_step // CHUNK_STEPS + 1) * CHUNK_STEPS) - first_step
        yield first_step, length
        first_step += length


def _keys(seed: int, name: str) -> list[int]:
    """Two 64-bit keys that hang on seed and name alone."""
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=16).digest()
    return [int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")]


def _coin_row(coin: Coin) -> list[float]:
    row = [0.0] * law.COIN_COLUMNS
    own_share = math.sqrt(1.0 - coin.correlation * coin.correlation)
    row[law.ANCHOR] = coin.anchor_price
    row[law.TICKS_PER_UNIT] = float(1 / coin.tick)
    row[law.LOTS_PER_UNIT] = float(1 / coin.lot)
    row[law.BETA] = coin.annual_volatility * coin.correlation / law.MARKET_VOLATILITY
    row[law.OWN_SD] = coin.annual_volatility * own_share / math.sqrt(law.STEPS_PER_YEAR)
    row[law.OWN_JUMP_SD] = OWN_JUMP_HOURLY_SDS * row[law.OWN_SD] * math.sqrt(law.STEPS_PER_HOUR)
    row[law.STEP_USD] = coin.daily_volume_usd / (24 * law.STEPS_PER_HOUR)
    row[law.SPREAD_BPS] = coin.spread_bps
    row[law.DEPTH_USD] = coin.depth_usd
    row[law.OPEN_INTEREST] = coin.open_interest_usd / coin.anchor_price
    row[law.FUNDING_CAP] = float(perpetual(coin).funding_cap_rate)
    return row
