"""Hierarchical risk parity: a tree of what moves together, and risk split evenly at each of its forks.

Lopez de Prado (2016), Building diversified portfolios that outperform out of sample, J Portfolio Management 42(4):
distance sqrt((1 - correlation) / 2), single linkage, leaves in the order of the tree, then halves of that order again
and again, each weighted by the inverse of its variance under inverse-variance weights. The order of leaves depends on
the order of columns where branches tie, so a caller sorts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


def hierarchical(correlation: FloatArray, volatility: FloatArray) -> FloatArray:
    """Shares [K], positive, sum 1. Raises ValueError for fewer than two series."""
    count = volatility.size
    if count < 2:
        raise ValueError(f"hierarchical risk parity needs at least 2 series, not {count}")
    covariance = correlation * np.outer(volatility, volatility)
    distance = np.sqrt(np.clip((1.0 - correlation) / 2.0, 0.0, 1.0))
    share = np.ones(count)
    pieces = [leaf_order(distance)]
    while pieces:
        halves = [(piece[: len(piece) // 2], piece[len(piece) // 2 :]) for piece in pieces if len(piece) > 1]
        for left, right in halves:
            left_variance, right_variance = _variance(covariance, left), _variance(covariance, right)
            left_part = 1.0 - left_variance / (left_variance + right_variance)
            share[left] *= left_part
            share[right] *= 1.0 - left_part
        pieces = [half for pair in halves for half in pair]
    return np.asarray(share / share.sum(), dtype=np.float64)


def leaf_order(distance: FloatArray) -> list[int]:
    """The leaves of the single-linkage tree over distances [K, K], from left to right: of two branches that meet, the
    one that was made first (leaves by their column) comes first."""
    clusters = {leaf: [leaf] for leaf in range(distance.shape[0])}
    owner = list(clusters)
    for number, (one, other) in enumerate(_merges(distance), start=distance.shape[0]):
        first, second = sorted((owner[one], owner[other]))
        clusters[number] = clusters.pop(first) + clusters.pop(second)
        for leaf in clusters[number]:
            owner[leaf] = number
    (leaves,) = clusters.values()
    return leaves


def _merges(distance: FloatArray) -> list[tuple[int, int]]:
    """The edges of the minimum spanning tree (Prim's, from column 0), the shortest first, the earlier found where
    equal.

    An edge is named by the leaf that was added before, not by its neighbour: both lie in the same branch by the time
    the edge is the shortest that is left.
    """
    count = distance.shape[0]
    nearest = np.full(count, np.inf)
    outside = np.ones(count, dtype=np.bool_)
    edges: list[tuple[float, int, int]] = []
    newest = 0
    for _ in range(count - 1):
        outside[newest] = False
        nearest = np.minimum(nearest, distance[newest])
        found = int(np.argmin(np.where(outside, nearest, np.inf)))
        edges.append((float(nearest[found]), newest, found))
        newest = found
    return [(one, other) for _, one, other in sorted(edges, key=lambda edge: edge[0])]


def _variance(covariance: FloatArray, members: list[int]) -> float:
    """Variance of the members under inverse-variance weights."""
    part = covariance[np.ix_(members, members)]
    weight = 1.0 / np.diag(part)
    weight = weight / weight.sum()
    return float(weight @ part @ weight)
