"""Which symbols move together: the named clusters, then connected components of high correlation among the
rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

ALONE = -1


def assign(
    symbols: Sequence[str],
    named: Mapping[str, Sequence[str]],
    correlation: FloatArray,
    threshold: float = 0.8,
) -> IntArray:
    """Labels [S] in [0, S), -1 for a symbol that is alone. Call once per UTC day: a cluster is fixed for its
    day.

    `named` maps names to symbols (those not in `symbols` are passed over); labels follow its order, then the
    order of the first member. Two symbols of the rest belong together where `correlation` [S, S] exceeds
    `threshold`, directly or through others.
    """
    labels = np.full(len(symbols), ALONE, dtype=np.int64)
    position = {symbol: s for s, symbol in enumerate(symbols)}
    groups = [[position[symbol] for symbol in members if symbol in position] for members in named.values()]
    taken = {s for group in groups for s in group}
    rest = [s for s in range(len(symbols)) if s not in taken]
    groups += _components(rest, correlation > threshold)
    for label, group in enumerate(group for group in groups if len(group) > 1):
        labels[group] = label
    return labels


def _components(nodes: Sequence[int], linked: NDArray[np.bool_]) -> list[list[int]]:
    """Connected components of an undirected graph, each sorted, in the order of their first node."""
    found: list[list[int]] = []
    unseen = set(nodes)
    for start in nodes:
        if start not in unseen:
            continue
        unseen.discard(start)
        component, frontier = [start], [start]
        while frontier:
            here = frontier.pop()
            reached = [s for s in unseen if linked[here, s] or linked[s, here]]
            unseen.difference_update(reached)
            component += reached
            frontier += reached
        found.append(sorted(component))
    return found
