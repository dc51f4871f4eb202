"""Options sold against what is held: strikes, what a unit earns by expiry, and how many units are covered.

A covered call is one coin held and a call sold on it; a cash-secured put is a put sold with its strike set aside in
cash. Whaley 2002 and Israelov and Nielsen 2015 for calls, Ungar and Moran 2009 for puts. All per unit of the coin
in quote currency; assigned options settle at the price at expiry.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from strategies.signal import FloatArray


def strike_score(delta: float, call: bool) -> float:
    """d1 of the option whose forward delta has this size, 0 < delta < 1."""
    from statistics import NormalDist

    score = NormalDist().inv_cdf(delta)
    return score if call else -score


def strike_at_delta(forward: float, volatility: float, years: float, delta: float, call: bool) -> float:
    """The strike at which an option's forward delta has the size `delta`."""
    spread = volatility * math.sqrt(years)
    return forward * math.exp(0.5 * spread * spread - strike_score(delta, call) * spread)


def covered_call_profit(
    spot: ArrayLike, at_expiry: ArrayLike, strike: ArrayLike, premium: ArrayLike
) -> FloatArray:
    """Of a coin bought at `spot` and a call sold on it: at most strike - spot + premium, nothing at
    spot - premium."""
    end = np.asarray(at_expiry, np.float64)
    profit: FloatArray = (
        end - np.asarray(spot) - np.maximum(end - np.asarray(strike), 0.0) + np.asarray(premium)
    )
    return profit


def secured_put_profit(at_expiry: ArrayLike, strike: ArrayLike, premium: ArrayLike) -> FloatArray:
    """Of a put sold: at most the premium, nothing at strike - premium, at worst premium - strike."""
    shortfall = np.maximum(np.asarray(strike, np.float64) - np.asarray(at_expiry), 0.0)
    profit: FloatArray = np.asarray(premium) - shortfall
    return profit


def quote_premium(coin_premium: ArrayLike, index_price: ArrayLike) -> FloatArray:
    """A premium paid in coins, as coin-settled options are, in quote currency."""
    premium: FloatArray = np.asarray(coin_premium, np.float64) * np.asarray(index_price)
    return premium


def calls_covered(holding: float, already_sold: float, fraction: float) -> float:
    """Units of calls to sell so that `fraction` of a holding stands behind calls; never more than is held."""
    return max(min(fraction, 1.0) * max(holding, 0.0) - already_sold, 0.0)


def puts_secured(cash: float, reserved: float, strike: float, fraction: float) -> float:
    """Units of puts to sell so that `fraction` of the cash is set aside for strikes; never more than is free."""
    return max(min(fraction, 1.0) * max(cash, 0.0) - reserved, 0.0) / strike
