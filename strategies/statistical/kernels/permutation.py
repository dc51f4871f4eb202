"""Compiled kernel of the entropy of order patterns."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    OK,
    RELATIVE_ZERO,
    ZERO_VAR,
    Floats,
    Integers,
    clear,
    known_log_returns,
    price_runs,
    refusal,
    unit,
)
from strategies.statistical.kernels.nulls import at_most


@njit(cache=True, error_model="numpy")
def patterns(samples: Floats, order: int) -> tuple[Integers, Integers]:
    """Codes of the patterns of `order` and of `order` - 1 samples that end at each position, 0 where there are fewer;
    of equal samples the earlier counts as the smaller.

    A code is how many before each sample are larger, written as one number in a mixed base: that of the pattern one
    shorter that ended a position earlier, and the newest sample's.
    """
    codes, shorter = np.zeros(samples.size, dtype=np.int64), np.zeros(samples.size, dtype=np.int64)
    ending = np.zeros(order + 1, dtype=np.int64)
    for last in range(samples.size):
        here, larger, earlier = samples[last], 0, 0
        for length in range(2, min(order, last + 1) + 1):
            larger += samples[last - length + 1] > here
            code = earlier * length + larger
            earlier, ending[length] = ending[length], code
        if last >= order - 2:
            shorter[last] = ending[order - 1]
        if last >= order - 1:
            codes[last] = ending[order]
    return codes, shorter


@njit(cache=True, error_model="numpy")
def products_with_logs(most: int) -> Floats:
    """c ln c for counts from 0 to `most`."""
    table = np.zeros(most + 1)
    for count in range(2, most + 1):
        table[count] = count * math.log(count)
    return table


@njit(cache=True, error_model="numpy")
def entropy_of(counts: Integers, number: int, table: Floats) -> float:
    """-sum p ln p of `number` patterns counted `counts` times, in nats; the sum runs in two lanes."""
    even, odd = 0.0, 0.0
    for place in range(0, counts.size - 1, 2):
        even += table[counts[place]]
        odd += table[counts[place + 1]]
    if counts.size % 2:
        even += table[counts[counts.size - 1]]
    entropy: float = max((table[number] - even - odd) / number, 0.0)
    return entropy


@njit(cache=True, error_model="numpy")
def permutation_entropy(samples: Floats, order: int) -> float:
    """Entropy of the order patterns of `order` neighbouring samples, in nats."""
    counts = np.zeros(round(math.gamma(order + 1.0)), dtype=np.int64)
    codes, _ = patterns(samples, order)
    for code in codes[order - 1 :]:
        counts[code] += 1
    return entropy_of(counts, samples.size - order + 1, products_with_logs(samples.size))


@njit(cache=True, error_model="numpy")
def normalised_entropy(samples: Floats, order: int) -> float:
    """Permutation entropy as a share of the largest possible."""
    return permutation_entropy(samples, order) / math.lgamma(order + 1.0)


@njit(cache=True)
def moving(returns: Floats) -> Integers:
    """How many returns ago, at each, a return last differed from the one before it."""
    still = np.zeros(returns.size, dtype=np.int64)
    for index in range(1, returns.size):
        same = abs(returns[index] - returns[index - 1]) <= RELATIVE_ZERO
        still[index] = still[index - 1] + 1 if same else 0
    return still


@njit(cache=True)
def count_one(
    codes: Integers,
    shorter: Integers,
    returns: Floats,
    index: int,
    by: int,
    counts: Integers,
    sides: Integers,
) -> None:
    """Count `by` times the pattern that ends at `index`: itself, and as the shorter one with what came after it."""
    counts[codes[index]] += by
    # No branch: which way a return goes is what a processor cannot foretell either.
    sides[shorter[index - 1], 0] += by * (returns[index] > 0.0)
    sides[shorter[index - 1], 1] += by * (returns[index] < 0.0)


@njit(
    "void(float64[:, ::1], int64, int64, int64[::1], int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def permutation(
    close: Floats,
    span: int,
    order: int,
    ranks: Integers,
    fewest: int,
    full: float,
    alpha: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: entropy as a share of the largest, p, rises and falls after the current pattern.

    Patterns are counted once for the first window of a series; each later one takes away the pattern that goes and
    adds the one that comes, in whole numbers, so that it ends with the counts it would have had alone.
    """
    samples = span - 1
    largest = math.lgamma(order + 1.0)
    kinds = round(math.exp(largest))
    table = products_with_logs(samples)
    at = 0
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        (codes, shorter), still = patterns(returns, order), moving(returns)
        counts = np.zeros(kinds, dtype=np.int64)
        sides = np.zeros((kinds, 2), dtype=np.int64)
        for index in range(order - 1, samples - 1):
            count_one(codes, shorter, returns, index, 1, counts, sides)
        for last in range(samples - 1, returns.size):
            first = last - samples + 1
            if samples >= order:
                count_one(codes, shorter, returns, last, 1, counts, sides)
                if first:
                    count_one(codes, shorter, returns, first + order - 2, -1, counts, sides)
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, order + 2, runs[last + 1])
            if reason[at] == OK and still[last] >= samples - 1:
                reason[at] = ZERO_VAR
            if reason[at] == OK:
                entropy = entropy_of(counts, samples - order + 1, table) / largest
                p = at_most(ranks, entropy)
                up, down = sides[shorter[last], 0], sides[shorter[last], 1]
                statistics[at, 0], statistics[at, 1] = entropy, p
                statistics[at, 2], statistics[at, 3] = up, down
                value[at] = 0.0
                if p < alpha and up + down >= fewest:
                    surplus = 2.0 * (up + 1.0) / (up + down + 2.0) - 1.0
                    value[at], confidence[at] = unit(surplus / full), 1.0 - p / alpha
            at += 1
