"""Compiled principal components of returns, and what of a symbol's returns they leave over.

Avellaneda and Lee 2010, sections 2 to 4 and appendix.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import Floats, Integers, centred, inner, total

SWEEPS = 60
A, B, SPEED, MEAN, DEVIATION, SCORE, T = 0, 1, 2, 3, 4, 5, 6
FOUND = 7
DAYS_A_YEAR = 365.0


@njit(cache=True, error_model="numpy")
def rotate(matrix: Floats, vectors: Floats, p: int, q: int) -> None:
    """One rotation of Jacobi's, which makes matrix[p, q] zero."""
    theta = (matrix[q, q] - matrix[p, p]) / (2.0 * matrix[p, q])
    tangent = math.copysign(1.0, theta) / (abs(theta) + math.sqrt(theta * theta + 1.0))
    cosine = 1.0 / math.sqrt(tangent * tangent + 1.0)
    sine = tangent * cosine
    for k in range(matrix.shape[0]):
        first, second = matrix[k, p], matrix[k, q]
        matrix[k, p], matrix[k, q] = cosine * first - sine * second, sine * first + cosine * second
    for k in range(matrix.shape[0]):
        first, second = matrix[p, k], matrix[q, k]
        matrix[p, k], matrix[q, k] = cosine * first - sine * second, sine * first + cosine * second
        first, second = vectors[k, p], vectors[k, q]
        vectors[k, p], vectors[k, q] = cosine * first - sine * second, sine * first + cosine * second


@njit(cache=True, error_model="numpy")
def eigensystem(symmetric: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues and eigenvectors (columns), by Jacobi's rotations: the same bits on every machine."""
    matrix, vectors = symmetric.copy(), np.eye(symmetric.shape[0])
    size = matrix.shape[0]
    for _ in range(SWEEPS):
        largest = 0.0
        for p in range(size):
            for q in range(p + 1, size):
                if abs(matrix[p, q]) > 1e-300:
                    largest = max(largest, abs(matrix[p, q]))
                    rotate(matrix, vectors, p, q)
        if largest < 1e-15:
            break
    return np.diag(matrix).copy(), vectors


@njit(cache=True, error_model="numpy")
def correlations(less: Floats) -> Floats:
    """Correlation matrix of centred returns [n, days]."""
    size = less.shape[0]
    matrix = np.eye(size)
    for i in range(size):
        for j in range(i):
            matrix[i, j] = inner(less[i], less[j]) / math.sqrt(
                inner(less[i], less[i]) * inner(less[j], less[j])
            )
            matrix[j, i] = matrix[i, j]
    return matrix


@njit(cache=True, error_model="numpy")
def loadings(returns: Floats, share: float, crowd: int, most: int) -> tuple[Floats, float]:
    """Weights [n, K] of the coins in the largest factors, Q_ij / sigma_i, and the share of variance they explain.

    K is the least that explains `share`, at most `most` with fewer than `crowd` coins.
    """
    size, days = returns.shape
    less, deviation = np.empty((size, days)), np.empty(size)
    for symbol in range(size):
        less[symbol], _, _ = centred(returns[symbol])
        deviation[symbol] = math.sqrt(inner(less[symbol], less[symbol]) / (days - 1.0))
    values, vectors = eigensystem(correlations(less))
    order = np.argsort(-values)
    count, explained = 0, 0.0
    while explained < share and (size >= crowd or count < most) and count < size:
        explained += values[order[count]] / size
        count += 1
    weights = np.empty((size, count))
    for factor in range(count):
        for symbol in range(size):
            weights[symbol, factor] = vectors[symbol, order[factor]] / deviation[symbol]
    return weights, explained


@njit(cache=True, error_model="numpy")
def orthonormal(factors: Floats) -> tuple[Floats, Floats, int]:
    """Gram and Schmidt on centred factors [K, days]: unit vectors, the triangle R with factors = R' units, and how
    many there are before one depends on those before it."""
    count, days = factors.shape
    units, triangle = np.zeros((count, days)), np.zeros((count, count))
    for k in range(count):
        rest, _, _ = centred(factors[k])
        before = math.sqrt(inner(rest, rest))
        for j in range(k):
            part = inner(units[j], rest)
            triangle[j, k] = part
            for day in range(days):
                rest[day] -= part * units[j, day]
        length = math.sqrt(inner(rest, rest))
        if length <= 1e-10 * before:
            return units, triangle, k
        triangle[k, k] = length
        for day in range(days):
            units[k, day] = rest[day] / length
    return units, triangle, count


@njit(cache=True, error_model="numpy")
def leftover(returns: Floats, units: Floats, triangle: Floats, count: int) -> tuple[Floats, Floats]:
    """Residual of returns [days] regressed on a constant and the first `count` factors, and their betas."""
    rest, _, _ = centred(returns)
    betas = np.zeros(units.shape[0])
    for k in range(count):
        betas[k] = inner(units[k], rest)
        for day in range(rest.size):
            rest[day] -= betas[k] * units[k, day]
    for k in range(count - 1, -1, -1):
        for j in range(k + 1, count):
            betas[k] -= triangle[k, j] * betas[j]
        betas[k] /= triangle[k, k]
    return rest, betas


@njit(cache=True, error_model="numpy")
def reversion(residual: Floats, found: Floats) -> bool:
    """Fit X_{n+1} = a + b X_n + noise to X = the running sum of daily residuals; fill `found`: a, b, speed of reversion
    a year, mean and deviation of X, score of its newest value, Dickey and Fuller's t. False where X does not revert."""
    found[:] = math.nan
    walk = np.cumsum(residual)
    less, mean, _ = centred(walk[:-1])
    later = walk[1:]
    squares = inner(less, less)
    if squares <= 1e-24 * walk.size:
        return False
    b = inner(less, later) / squares
    a = total(later) / later.size - b * mean
    noise = 0.0
    for day in range(later.size):
        noise += (later[day] - a - b * walk[day]) ** 2
    found[A], found[B] = a, b
    found[T] = (b - 1.0) / math.sqrt(noise / (later.size - 2.0) / squares)
    if not 0.0 < b < 1.0:
        return False
    found[SPEED] = -math.log(b) * DAYS_A_YEAR
    found[MEAN] = a / (1.0 - b)
    found[DEVIATION] = math.sqrt(noise / later.size / (1.0 - b * b))
    found[SCORE] = (walk[-1] - found[MEAN]) / found[DEVIATION]
    return True


@njit(cache=True, error_model="numpy")
def add_spread(
    symbol: int, betas: Floats, weights: Floats, size: float, place: Integers, position: Floats
) -> None:
    """Add to `position` a spread of gross size `size`: one symbol against its factors, whose coins stand at `place`."""
    legs = np.zeros(weights.shape[0])
    legs[symbol] = 1.0
    for coin in range(legs.size):
        for factor in range(betas.size):
            legs[coin] -= betas[factor] * weights[coin, factor]
    gross = total(np.abs(legs))
    for coin in range(legs.size):
        position[place[coin]] += size * legs[coin] / gross
