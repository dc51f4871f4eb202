"""Compiled maximum likelihood of GARCH(1,1) with normal errors, and the statistic that says whether one is needed."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import Floats, centred, inner, squared, total
from strategies.statistical.kernels.regression import lag_products, moments_of, solve
from strategies.statistical.kernels.tails import chi_square_tail

LARGEST_PERSISTENCE = 0.9999
FAILED_PERSISTENCE = 0.999
BACKCAST_DECAY, BACKCAST_LENGTH = 0.94, 75
MOST_STEPS = 100
SMALL_GAIN = 1e-6
"""Expected gain in log likelihood below which the fit is done."""
NO_EFFECT = 1e-6
"""Alpha below which variance no longer depends on the past and beta says nothing."""
LONGEST_STEP = 3.0
MOST_DAMPING = 1e8
LOGS_AT_ONCE = 16
STARTS = ((0.98, 0.05), (0.95, 0.10), (0.90, 0.20), (0.60, 0.20))
"""Persistence and share of it in the newest shock from which the likelihood is first tried."""
SLOWEST_START = (0.99, 0.02)
"""From where once more, after a descent that ended without effect."""


@njit(cache=True, error_model="numpy")
def backcast(squares: Floats) -> float:
    """Variance before the first sample: the first squares, exponentially weighted."""
    weight, gathered, whole = 1.0, 0.0, 0.0
    for index in range(min(BACKCAST_LENGTH, squares.size)):
        gathered += weight * squares[index]
        whole += weight
        weight *= BACKCAST_DECAY
    return gathered / whole


@njit(cache=True, error_model="numpy")
def loss(squares: Floats, before: float, omega: float, alpha: float, beta: float) -> float:
    """Half the sum of ln h + e^2 / h over h_t = omega + alpha e^2_{t-1} + beta h_{t-1}, e^2_0 = h_0 = `before`."""
    variance = omega + (alpha + beta) * before
    logs, product, errors = 0.0, 1.0, 0.0
    for index in range(squares.size):
        product *= variance
        errors += squares[index] / variance
        if index % LOGS_AT_ONCE == LOGS_AT_ONCE - 1:
            logs += math.log(product)
            product = 1.0
        variance = omega + alpha * squares[index] + beta * variance
    return (logs + math.log(product) + errors) / 2.0


@njit(cache=True, error_model="numpy")
def scores(
    squares: Floats, before: float, omega: float, alpha: float, beta: float, slope: Floats, curvature: Floats
) -> float:
    """`loss` with its slope [3] and expected curvature [3, 3] in omega, alpha and beta."""
    variance = omega + (alpha + beta) * before
    d0, d1, d2 = 1.0, before, before
    logs, product, errors = 0.0, 1.0, 0.0
    s0, s1, s2 = 0.0, 0.0, 0.0
    c00, c01, c02, c11, c12, c22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for index in range(squares.size):
        square = squares[index]
        inverse = 1.0 / variance
        error = square * inverse
        product *= variance
        errors += error
        if index % LOGS_AT_ONCE == LOGS_AT_ONCE - 1:
            logs += math.log(product)
            product = 1.0
        r0, r1, r2 = d0 * inverse, d1 * inverse, d2 * inverse
        surplus = 1.0 - error
        s0 += surplus * r0
        s1 += surplus * r1
        s2 += surplus * r2
        c00 += r0 * r0
        c01 += r0 * r1
        c02 += r0 * r2
        c11 += r1 * r1
        c12 += r1 * r2
        c22 += r2 * r2
        d0, d1, d2 = 1.0 + beta * d0, square + beta * d1, variance + beta * d2
        variance = omega + alpha * square + beta * variance
    slope[0], slope[1], slope[2] = s0 / 2.0, s1 / 2.0, s2 / 2.0
    curvature[0, 0], curvature[1, 1], curvature[2, 2] = c00 / 2.0, c11 / 2.0, c22 / 2.0
    curvature[0, 1], curvature[0, 2], curvature[1, 2] = c01 / 2.0, c02 / 2.0, c12 / 2.0
    curvature[1, 0], curvature[2, 0], curvature[2, 1] = c01 / 2.0, c02 / 2.0, c12 / 2.0
    return (logs + math.log(product) + errors) / 2.0


@njit(cache=True)
def logistic(number: float) -> float:
    return 1.0 / (1.0 + math.exp(-number))


@njit(cache=True)
def parameters_of(place: Floats) -> tuple[float, float, float]:
    """Omega, alpha and beta at an unbounded place: ln omega, and logits of persistence and of alpha's share in it."""
    persistence = LARGEST_PERSISTENCE * logistic(place[1])
    alpha = persistence * logistic(place[2])
    return math.exp(place[0]), alpha, persistence - alpha


@njit(cache=True)
def place_of(omega: float, persistence: float, share: float, place: Floats) -> None:
    held = persistence / LARGEST_PERSISTENCE
    place[0], place[1], place[2] = (
        math.log(omega),
        math.log(held / (1.0 - held)),
        math.log(share / (1.0 - share)),
    )


@njit(cache=True, error_model="numpy")
def unbounded(place: Floats, slope: Floats, curvature: Floats) -> None:
    """Turn slope and curvature in the parameters into those in the unbounded place."""
    omega, alpha, beta = parameters_of(place)
    held, share = logistic(place[1]), logistic(place[2])
    # d(alpha, beta) by the logit of persistence, and by that of alpha's share; omega by its own logarithm.
    a1, b1 = alpha * (1.0 - held), beta * (1.0 - held)
    a2 = (alpha + beta) * share * (1.0 - share)
    slope[0], slope[1], slope[2] = omega * slope[0], a1 * slope[1] + b1 * slope[2], a2 * (slope[1] - slope[2])
    c01, c02 = curvature[0, 1], curvature[0, 2]
    c11, c12, c22 = curvature[1, 1], curvature[1, 2], curvature[2, 2]
    curvature[0, 0] *= omega * omega
    curvature[0, 1] = curvature[1, 0] = omega * (a1 * c01 + b1 * c02)
    curvature[0, 2] = curvature[2, 0] = omega * a2 * (c01 - c02)
    curvature[1, 1] = a1 * a1 * c11 + 2.0 * a1 * b1 * c12 + b1 * b1 * c22
    curvature[1, 2] = curvature[2, 1] = a2 * (a1 * (c11 - c12) + b1 * (c12 - c22))
    curvature[2, 2] = a2 * a2 * (c11 - 2.0 * c12 + c22)


@njit(cache=True, error_model="numpy")
def damped_step(slope: Floats, curvature: Floats, damping: float, step: Floats) -> bool:
    """Solve (C + damping diag C) step = -slope; False where it cannot be."""
    table = np.empty((4, 4))
    for i in range(3):
        table[0, i + 1] = table[i + 1, 0] = -slope[i]
        for j in range(3):
            table[i + 1, j + 1] = curvature[i, j]
        table[i + 1, i + 1] = curvature[i, i] * (1.0 + damping) + 1e-12
    return solve(table, step, np.empty(3))


@njit(cache=True, error_model="numpy")
def first_place(squares: Floats, before: float, place: Floats) -> None:
    """The best of a few starts of unit variance."""
    best = math.inf
    for persistence, share in STARTS:
        alpha = persistence * share
        found = loss(squares, before, 1.0 - persistence, alpha, persistence - alpha)
        if found < best:
            best = found
            place_of(1.0 - persistence, persistence, share, place)


@njit(cache=True, error_model="numpy")
def scores_at(squares: Floats, before: float, place: Floats, slope: Floats, curvature: Floats) -> float:
    """`loss` at a place, with its slope and expected curvature there."""
    omega, alpha, beta = parameters_of(place)
    found = scores(squares, before, omega, alpha, beta, slope, curvature)
    unbounded(place, slope, curvature)
    return found


@njit(cache=True, error_model="numpy")
def try_step(place: Floats, step: Floats, trial: Floats) -> float:
    """Fill `trial` with the place a step on, the step cut to LONGEST_STEP; the share of it that was left."""
    longest = max(abs(step[0]), abs(step[1]), abs(step[2]))
    cut: float = min(1.0, LONGEST_STEP / longest)
    for index in range(3):
        trial[index] = place[index] + cut * step[index]
    return cut


@njit(cache=True, error_model="numpy")
def descend(squares: Floats, before: float, place: Floats) -> tuple[float, bool]:
    """Move `place` to where the loss is least by damped Fisher scoring; the loss there, and whether it got there."""
    slope, curvature, step = np.empty(3), np.empty((3, 3)), np.empty(3)
    trial, other_slope, other_curvature = np.empty(3), np.empty(3), np.empty((3, 3))
    here = scores_at(squares, before, place, slope, curvature)
    damping = 1e-3
    for _ in range(MOST_STEPS):
        if not damped_step(slope, curvature, damping, step):
            return here, False
        gain = -(slope[0] * step[0] + slope[1] * step[1] + slope[2] * step[2]) / 2.0
        if gain < SMALL_GAIN or damping > MOST_DAMPING:
            return here, True
        expected = gain * try_step(place, step, trial)
        there = scores_at(squares, before, trial, other_slope, other_curvature)
        if not there < here:
            damping = max(damping, 1e-4) * 4.0
            continue
        if here - there > 0.75 * expected:
            damping = max(damping / 3.0, 1e-9)
        elif here - there < 0.25 * expected:
            damping *= 2.0
        here = there
        for index in range(3):
            place[index] = trial[index]
        slope, other_slope = other_slope, slope
        curvature, other_curvature = other_curvature, curvature
        if parameters_of(place)[1] < NO_EFFECT:
            return here, True
    return here, False


@njit(cache=True, error_model="numpy")
def fit(returns: Floats, found: Floats) -> bool:
    """Fill `found` with omega, alpha, beta and the log likelihood of returns without mean; whether the fit is usable.

    It starts from the returns alone, never from another fit, so that it depends on nothing but them. Unusable: it
    did not converge, or the persistence reached .999.
    """
    scale = inner(returns, returns) / returns.size
    squares = np.empty(returns.size)
    for index in range(returns.size):
        squares[index] = returns[index] * returns[index] / scale
    before = backcast(squares)
    place = np.empty(3)
    first_place(squares, before, place)
    least, converged = descend(squares, before, place)
    omega, alpha, beta = parameters_of(place)
    if alpha < NO_EFFECT:
        persistence, share = SLOWEST_START
        place_of(1.0 - persistence, persistence, share, place)
        other, ended = descend(squares, before, place)
        if other < least:
            least, converged = other, ended
            omega, alpha, beta = parameters_of(place)
    found[0], found[1], found[2] = omega * scale, alpha, beta
    found[3] = -least - returns.size * (math.log(2.0 * math.pi) + math.log(scale)) / 2.0
    return converged and alpha + beta < FAILED_PERSISTENCE


@njit(cache=True, error_model="numpy")
def arch_statistic(returns: Floats, lags: int) -> tuple[float, float]:
    """Engle's LM: (n - lags) R^2 of squares on a constant and their own past, and p against chi squared."""
    less, _, _ = centred(squared(returns))
    table = moments_of(less, lag_products(less, lags), lags)
    count = less.size - lags
    sums = np.empty(lags + 1)
    for lag in range(lags + 1):
        sums[lag] = total(less[lags - lag : less.size - lag])
    for i in range(lags + 1):
        for j in range(lags + 1):
            table[i, j] -= sums[i] * sums[j] / count
    coefficients = np.empty(lags)
    if table[0, 0] <= 0.0 or not solve(table, coefficients, np.empty(lags)):
        return 0.0, 1.0
    explained = 0.0
    for lag in range(lags):
        explained += coefficients[lag] * table[lag + 1, 0]
    statistic = count * explained / table[0, 0]
    return statistic, chi_square_tail(statistic, lags)


@njit(cache=True, error_model="numpy")
def next_variance(returns: Floats, omega: float, alpha: float, beta: float) -> float:
    """h after the last return, filtered from the long-run variance on."""
    variance = omega / (1.0 - alpha - beta)
    for index in range(returns.size):
        variance = omega + alpha * returns[index] * returns[index] + beta * variance
    return variance
