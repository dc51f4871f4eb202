"""European options: value, Greeks and implied volatility of whole chains, arguments broadcast against each other.

Black and Scholes 1973; Merton 1973 for an asset that pays `carry`, a continuous yield a year (dividends of a share,
the foreign rate of a currency); Black 1976 for options on a forward, whose carry is the rate; formulas as in Hull,
Options, Futures, and Other Derivatives. Implied volatility as Jaeckel 2015 sets it up: the value out of the money
in units of sqrt(F K) on a scale on which it is nearly a straight line, by a bracketed Newton's method of our own.

Prices in quote currency per unit, times in years of 365 days, rates and volatilities as fractions a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strategies.signal import FloatArray, IntArray

DAYS_A_YEAR = 365.0
VOL_POINT = 0.01


@dataclass(frozen=True, slots=True)
class Greeks:
    """Value of options and its derivatives, all of one shape.

    `delta` and `gamma` by the spot (of a Black-76 option: by the forward), `vega` by a volatility of 1.00, `theta` by
    the passing of a year, `rho` by a rate of 1.00. A screen shows vega * VOL_POINT and theta / DAYS_A_YEAR.
    """

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray
    rho: FloatArray


class Volatility(NamedTuple):
    """Volatility a year, NaN without one, and why: positions in `strategies.signal.REASONS`."""

    volatility: FloatArray
    reason: IntArray


def black_scholes(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    call: ArrayLike,
    rate: ArrayLike = 0.0,
    carry: ArrayLike = 0.0,
) -> Greeks:
    """Options on an asset held for a yield `carry`. Expired ones are worth their intrinsic value, those without
    volatility what that is worth today; NaN where a price is not positive or a volatility negative."""
    from strategies.options.kernels.greeks import greeks

    shape, numbers, calls = _flat(call, spot, strike, years, volatility, rate, carry)
    spots, strikes, times, volatilities, rates, carries = numbers
    found = np.empty((6, calls.size))
    greeks(spots, strikes, times, volatilities, rates, carries, calls, found)
    return Greeks(*(column.reshape(shape) for column in found))


def black_76(
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    call: ArrayLike,
    rate: ArrayLike = 0.0,
) -> Greeks:
    """Options on a forward, whose price a change of the rate leaves alone."""
    found = black_scholes(forward, strike, years, volatility, call, rate, rate)
    rho = -np.maximum(np.asarray(years, np.float64), 0.0) * found.price
    return Greeks(found.price, found.delta, found.gamma, found.vega, found.theta, rho)


def implied_volatility(
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    call: ArrayLike,
    rate: ArrayLike = 0.0,
    carry: ArrayLike = 0.0,
) -> Volatility:
    """The volatility at which `black_scholes` gives these prices.

    NO_ARB: the price is not between intrinsic value and the asset itself (of a put: the discounted strike).
    DEGENERATE: its time value is below 1e-8 of the spot, which any volatility would do for. NAN_INPUT: a price or the
    time to expiry is unknown or not positive.
    """
    from strategies.options.kernels.implied import implied

    shape, numbers, calls = _flat(call, price, spot, strike, years, rate, carry)
    prices, spots, strikes, times, rates, carries = numbers
    found = Volatility(np.empty(calls.size), np.empty(calls.size, dtype=np.int64))
    implied(prices, spots, strikes, times, rates, carries, calls, *found)
    return Volatility(found.volatility.reshape(shape), found.reason.reshape(shape))


def _flat(
    call: ArrayLike, *numbers: ArrayLike
) -> tuple[tuple[int, ...], list[FloatArray], NDArray[np.bool_]]:
    """The common shape, and copies of all arguments as contiguous arrays of it in one dimension."""
    calls, *rest = np.broadcast_arrays(
        np.asarray(call, np.bool_), *(np.asarray(number, np.float64) for number in numbers)
    )
    return (
        calls.shape,
        [np.array(number, order="C").ravel() for number in rest],
        np.array(calls, order="C").ravel(),
    )
