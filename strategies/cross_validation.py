"""Combinatorial purged cross-validation: many histories out of sample from one sample, none of them seen in training.

Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 12. The observations are cut into groups that lie
next to each other, and every choice of some of them is tested once on what the others taught. A label that looks ahead
makes the observations around a tested one know of it, so these are taken out of training: `purge` of them on either
side of a tested stretch, and `embargo` more behind it, where what was tested still echoes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """`groups` that are tested, and the observations of them (`test`) and of what may be learned from (`train`), both
    int64 and ascending."""

    groups: tuple[int, ...]
    test: IntArray
    train: IntArray


def path_count(groups: int, tested: int) -> int:
    """How many histories the splits put together: each group is tested so often."""
    return math.comb(groups - 1, tested - 1)


def splits(
    observations: int, groups: int, tested: int, purge: int = 0, embargo: int = 0
) -> tuple[Split, ...]:
    """All C(groups, tested) splits of observations 0 .. n - 1 in time order, in the order of the groups they test.

    The first groups have one observation more where they do not divide evenly. Raises ValueError for numbers that make
    no split, and where nothing would be left to learn from.
    """
    if not 0 < tested < groups <= observations or purge < 0 or embargo < 0:
        raise ValueError(
            "need 0 < tested < groups <= observations, and purge and embargo of at least 0, got "
            f"{tested}, {groups}, {observations}, {purge}, {embargo}"
        )
    parts = np.array_split(np.arange(observations, dtype=np.int64), groups)
    return tuple(_split(parts, chosen, purge, embargo) for chosen in combinations(range(groups), tested))


def paths(found: Sequence[Split]) -> IntArray:
    """Which split tests each group in each history [paths, groups]: in path p the p-th of those that test it, so that a
    path has every observation once."""
    groups = 1 + max(split.groups[-1] for split in found)
    testing = [[n for n, split in enumerate(found) if group in split.groups] for group in range(groups)]
    return np.array(testing, dtype=np.int64).T


def _split(parts: Sequence[IntArray], chosen: tuple[int, ...], purge: int, embargo: int) -> Split:
    learned = np.ones(sum(part.size for part in parts), dtype=np.bool_)
    for group in chosen:
        first, last = int(parts[group][0]), int(parts[group][-1])
        # Two tested groups that touch are one stretch: what lies behind the first is tested itself.
        learned[max(first - purge, 0) : last + 1 + purge + embargo] = False
    if not learned.any():
        raise ValueError(f"testing the groups {chosen} leaves nothing to learn from")
    test = np.concatenate([parts[group] for group in chosen])
    return Split(chosen, test, np.flatnonzero(learned).astype(np.int64))
