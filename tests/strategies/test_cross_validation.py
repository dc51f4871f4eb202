"""Combinatorial purged cross-validation: its splits, its paths, and that nothing is learned from what is tested."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.cross_validation import path_count, paths, splits


def test_the_published_count_of_splits_and_paths() -> None:
    found = splits(60, 6, 2, purge=2, embargo=1)
    assert len(found) == 15
    assert path_count(6, 2) == 5
    assert paths(found).shape == (5, 6)


def test_golden() -> None:
    found = splits(60, 6, 2, purge=2, embargo=1)
    (split,) = [split for split in found if split.groups == (2, 3)]
    assert split.test.tolist() == list(range(20, 40))
    assert split.train.tolist() == [*range(18), *range(43, 60)]


def test_groups_apart_are_purged_each_by_itself() -> None:
    (split,) = [split for split in splits(12, 4, 2, purge=1, embargo=1) if split.groups == (0, 2)]
    assert split.test.tolist() == [0, 1, 2, 6, 7, 8]
    assert split.train.tolist() == [11]


def test_the_paths_of_four_groups_two_tested() -> None:
    """Splits 01 02 03 12 13 23: group 0 is tested in the first three, group 3 in the third, fifth and sixth."""
    assert paths(splits(4, 4, 2)).tolist() == [[0, 0, 1, 2], [1, 3, 3, 4], [2, 4, 5, 5]]


shapes = st.integers(2, 7).flatmap(
    lambda groups: st.tuples(st.integers(groups * 6, 90), st.just(groups), st.integers(1, groups - 1))
)


@given(shapes, st.integers(0, 2), st.integers(0, 2))
def test_every_path_has_every_observation_once_and_no_training_is_near_a_test(
    shape: tuple[int, int, int], purge: int, embargo: int
) -> None:
    observations, groups, tested = shape
    found = splits(observations, groups, tested, purge, embargo)
    assert len(found) == math.comb(groups, tested)
    for split in found:
        gap = split.train[:, np.newaxis] - split.test
        assert not ((gap >= -purge) & (gap <= purge + embargo)).any()
        near = np.zeros(observations, dtype=bool)
        for seen in split.test:
            near[max(seen - purge, 0) : seen + purge + embargo + 1] = True
        assert split.train.tolist() == np.flatnonzero(~near).tolist(), "and all that is far is learned from"
    parts = np.array_split(np.arange(observations), groups)
    for path in paths(found):
        history = [found[n].test[np.isin(found[n].test, parts[g])] for g, n in enumerate(path.tolist())]
        assert np.concatenate(history).tolist() == list(range(observations))
    assert len(paths(found)) == path_count(groups, tested) == len(found) * tested // groups


@pytest.mark.parametrize(
    "numbers", [(10, 2, 0), (10, 2, 2), (3, 4, 1), (10, 2, 1, -1), (10, 2, 1, 0, -1), (10, 2, 1, 5)]
)
def test_what_makes_no_split_is_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"need 0 <|nothing to learn from"):
        splits(*numbers)
