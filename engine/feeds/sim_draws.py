"""Draws and elementary functions of the simulated market, equal to the last bit on every platform.

Every draw is a hash of (key, count, number): nothing is ever "the next" of a stream. Everything is made of
operations IEEE 754 rounds exactly: no library exp, log or pow, no fused or reordered sums.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numba import njit

kernel = functools.partial(njit, cache=True, nogil=True, error_model="numpy")

GOLDEN, MIX_1, MIX_2 = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
DRAWS_PER_COUNT = 16
# How a float64 lies in 64 bits.
MANTISSA_BITS, EXPONENT_OF_ONE, MANTISSA = np.int64(52), np.int64(1023), np.int64(0xFFFFFFFFFFFFF)
S11, S27, S30, S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)

# AS 241's three ranges: [range, numerator or denominator, power].
QUANTILE = np.array(
    [
        [
            [
                3.3871328727963665,
                133.14166789178438,
                1971.5909503065513,
                13731.69376550946,
                45921.95393154987,
                67265.7709270087,
                33430.57558358813,
                2509.0809287301227,
            ],
            [
                1.0,
                42.31333070160091,
                687.1870074920579,
                5394.196021424751,
                21213.794301586597,
                39307.89580009271,
                28729.085735721943,
                5226.495278852854,
            ],
        ],
        [
            [
                1.4234371107496835,
                4.630337846156546,
                5.769497221460691,
                3.6478483247632045,
                1.2704582524523684,
                0.2417807251774506,
                0.022723844989269184,
                0.0007745450142783414,
            ],
            [
                1.0,
                2.053191626637759,
                1.6763848301838038,
                0.6897673349851,
                0.14810397642748008,
                0.015198666563616457,
                0.0005475938084995345,
                1.0507500716444169e-09,
            ],
        ],
        [
            [
                6.657904643501103,
                5.463784911164114,
                1.7848265399172913,
                0.29656057182850487,
                0.026532189526576124,
                0.0012426609473880784,
                2.7115555687434876e-05,
                2.0103343992922881e-07,
            ],
            [
                1.0,
                0.599832206555888,
                0.1369298809227358,
                0.014875361290850615,
                0.0007868691311456133,
                1.8463183175100548e-05,
                1.421511758316446e-07,
                2.0442631033899397e-15,
            ],
        ],
    ]
)


@kernel("float64(float64)")
def exact_log(x: float) -> float:
    """ln x for normal x > 0 to 4 ulp: x = 2^k m, ln m = 2 atanh f, f = (m - 1) / (m + 1), as a series."""
    bits = np.float64(x).view(np.int64)
    k = (bits >> MANTISSA_BITS) - EXPONENT_OF_ONE
    m = np.int64((bits & MANTISSA) | (EXPONENT_OF_ONE << MANTISSA_BITS)).view(np.float64)
    if m > 1.4142135623730951:
        m *= 0.5
        k += 1
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    s2 = s * s
    low = (1.0 + s * (1.0 / 3.0)) + s2 * (1.0 / 5.0 + s * (1.0 / 7.0))
    middle = (1.0 / 9.0 + s * (1.0 / 11.0)) + s2 * (1.0 / 13.0 + s * (1.0 / 15.0))
    high = 1.0 / 17.0 + s * (1.0 / 19.0)
    return k * 0.6931471805599453 + 2.0 * f * (low + s2 * s2 * (middle + s2 * s2 * high))


@kernel("float64(float64)")
def exact_exp(x: float) -> float:
    """exp(x) for abs x < 700, relative error 1e-14: 2^k exp(r), abs r <= ln 2 / 2, exp(r) as a series."""
    k = math.floor(x * 1.4426950408889634 + 0.5)
    r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0))
    middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0))
    high = (1.0 / 40320.0 + r * (1.0 / 362880.0)) + r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0))
    power_of_two = np.int64((np.int64(k) + EXPONENT_OF_ONE) << MANTISSA_BITS).view(np.float64)
    return (low + r4 * (middle + r4 * high)) * power_of_two


@kernel("float64(int64, int64, float64)")
def _degree_seven(part: int, side: int, r: float) -> float:
    c = QUANTILE[part, side]
    r2 = r * r
    low = (c[0] + c[1] * r) + r2 * (c[2] + c[3] * r)
    high = (c[4] + c[5] * r) + r2 * (c[6] + c[7] * r)
    return float(low + r2 * r2 * high)


@kernel("float64(int64, float64)")
def _ratio(part: int, r: float) -> float:
    return _degree_seven(part, 0, r) / _degree_seven(part, 1, r)


@kernel("float64(float64)")
def normal(u: float) -> float:
    """The standard normal quantile of u to 1e-15 (Wichura 1988, AS 241, PPND16)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(0, 0.180625 - q * q)
    r = math.sqrt(-exact_log(min(u, 1.0 - u)))
    value = _ratio(1, r - 1.6) if r <= 5.0 else _ratio(2, r - 5.0)
    return -value if q < 0.0 else value


@kernel("float64(uint64, int64, int64)")
def uniform(key: np.uint64, count: int, draw: int) -> float:
    """Draw `draw` of count `count`, in (0, 1): splitmix64's output for that counter (Steele et al. 2014)."""
    z = key + np.uint64(count * DRAWS_PER_COUNT + draw) * GOLDEN
    z = (z ^ (z >> S30)) * MIX_1
    z = (z ^ (z >> S27)) * MIX_2
    z = z ^ (z >> S31)
    return (np.float64(z >> S11) + 0.5) * (1.0 / 9007199254740992.0)
