"""The 25-delta skew of a chain of options: how much dearer puts are than calls as far from the forward.

Of every expiry, against its own forward: the quote out of the money at each strike (a call where strike >= forward),
its mid implied volatility sigma, and its forward delta of the call, D = Phi(ln(F / K) / (sigma sqrt T) + sigma sqrt T
/ 2), T in years of 365 days. Volatility at D = .25 (call), .50 and .75 (put) by a line in D between the two quotes
around it; at 30 days by a line in total variance sigma^2 T at the same D between the two expiries around them.
Skew = (sigma_25P - sigma_25C) / sigma_50, without unit.

Reiswich and Wystup 2010 for deltas and their interpolation, Mixon 2011 for what to divide by. `recorded_skew` turns
one snapshot of a chain into one number of the daily series that signals read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategies.options.pricing import DAYS_A_YEAR, implied_volatility
from strategies.signal import DAY_MS, FloatArray, IntArray, Reason

CALL, MIDDLE, PUT = 0, 1, 2
DELTAS = (0.25, 0.50, 0.75)
"""Call deltas of the 25-delta call, of what is at the money, and of the 25-delta put."""
HORIZON_YEARS = 30.0 / DAYS_A_YEAR
WING = 0.05
"""Quotes of a smaller delta, of calls or of puts, are left out: a tick of theirs is worth many points."""
WIDEST_SPREAD = 0.10
"""Ask less bid volatility of a quote that is still good: 10 points."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Quotes at one moment, [n] each: premiums in quote currency per unit (NaN: no quote), the forward of each one's
    expiry. Coin-settled premiums are multiplied by their forward first."""

    expiry_ms: IntArray
    strike: FloatArray
    call: NDArray[np.bool_]
    bid: FloatArray
    ask: FloatArray
    forward: FloatArray


@dataclass(frozen=True, slots=True)
class Smile:
    """One expiry's quotes out of the money by rising strike: mid implied volatility and ask less bid, [n] each."""

    years: float
    forward: float
    strike: FloatArray
    volatility: FloatArray
    spread: FloatArray


@dataclass(frozen=True, slots=True)
class Points:
    """Volatility at `DELTAS` [3], NaN where no two quotes lie around one, and whether those two are good [3]."""

    volatility: FloatArray
    good: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Skew:
    """`volatility` [3] at 30 days, `skew` their difference over the middle one, `points`: how many of the two
    25-delta points lie between good quotes. Without a skew it is NaN and `reason` says why: NO_INPUT where quotes or
    expiries lie on one side only, DEGENERATE where deltas do not fall with the strike or total variance falls with
    time."""

    volatility: FloatArray
    skew: float
    points: int
    reason: Reason


def recorded_skew(chain: Chain, at_ms: int) -> Skew:
    """The skew of a chain as it was quoted at `at_ms` (UTC epoch ms)."""
    return skew_of(smiles_of(chain, at_ms))


def smiles_of(chain: Chain, at_ms: int) -> tuple[Smile, ...]:
    """The smile of every expiry still to come that has a quote with two sides, soonest first."""
    out_of_money = chain.call == (chain.strike >= chain.forward)
    years = (chain.expiry_ms - at_ms) / (DAY_MS * DAYS_A_YEAR)
    bid, ask = (
        implied_volatility(price, chain.forward, chain.strike, years, chain.call).volatility
        for price in (chain.bid, chain.ask)
    )
    quoted = out_of_money & np.isfinite(bid) & np.isfinite(ask) & (ask >= bid)
    found = []
    for expiry in np.unique(chain.expiry_ms[quoted]):
        rows = np.flatnonzero(quoted & (chain.expiry_ms == expiry))
        rows = rows[np.argsort(chain.strike[rows], kind="stable")]
        found.append(
            Smile(
                float(years[rows[0]]),
                float(np.median(chain.forward[rows])),
                chain.strike[rows],
                (bid[rows] + ask[rows]) / 2.0,
                ask[rows] - bid[rows],
            )
        )
    return tuple(found)


def call_deltas(smile: Smile) -> FloatArray:
    """Forward deltas of calls at the smile's strikes, undiscounted."""
    from scipy.special import ndtr

    spread = smile.volatility * np.sqrt(smile.years)
    deltas: FloatArray = ndtr(np.log(smile.forward / smile.strike) / spread + spread / 2.0)
    return deltas


def points_of(smile: Smile) -> Points | None:
    """The smile at `DELTAS`; None where its deltas, but for the wings', do not fall with the strike."""
    deltas = call_deltas(smile)
    kept = (deltas >= WING) & (deltas <= 1.0 - WING)
    deltas, mid, spread = deltas[kept], smile.volatility[kept], smile.spread[kept]
    if (np.diff(deltas) >= 0.0).any():
        return None
    volatility, good = np.full(3, np.nan), np.zeros(3, dtype=np.bool_)
    for place, target in enumerate(DELTAS):
        after = int(np.searchsorted(-deltas, -target))
        if after < deltas.size and deltas[after] == target:
            pair, share = np.array([after, after]), 0.0
        elif 0 < after < deltas.size:
            pair = np.array([after - 1, after])
            share = (deltas[after - 1] - target) / (deltas[after - 1] - deltas[after])
        else:
            continue
        near, far = mid[pair]
        volatility[place] = near + share * (far - near)
        good[place] = bool((spread[pair] <= WIDEST_SPREAD).all())
    return Points(volatility, good)


def skew_of(smiles: tuple[Smile, ...], years: float = HORIZON_YEARS) -> Skew:
    """The skew at `years` of smiles in order of time."""
    sooner = [smile for smile in smiles if smile.years <= years]
    later = [smile for smile in smiles if smile.years >= years]
    if not sooner or not later:
        return _no_skew(Reason.NO_INPUT)
    near, far = points_of(sooner[-1]), points_of(later[0])
    if near is None or far is None:
        return _no_skew(Reason.DEGENERATE)
    before, after = sooner[-1].years, later[0].years
    variance, later_variance = near.volatility**2 * before, far.volatility**2 * after
    if (later_variance < variance).any():
        return _no_skew(Reason.DEGENERATE)
    share = (years - before) / (after - before) if after > before else 0.0
    volatility = np.sqrt((variance + share * (later_variance - variance)) / years)
    good = near.good & far.good
    points = int(good[CALL]) + int(good[PUT])
    if np.isnan(volatility).any():
        return Skew(volatility, np.nan, points, Reason.NO_INPUT)
    skew = (volatility[PUT] - volatility[CALL]) / volatility[MIDDLE]
    return Skew(volatility, float(skew), points, Reason.OK)


def _no_skew(reason: Reason) -> Skew:
    return Skew(np.full(3, np.nan), np.nan, 0, reason)
