"""Clusters: named ones first, then what correlates above the threshold, directly or through others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.clusters import assign

SYMBOLS = ("BTC", "ETH", "SOL", "DOGE", "XMR")


def correlated(*pairs: tuple[str, str], level: float = 0.9) -> np.ndarray:
    matrix = np.eye(len(SYMBOLS))
    for a, b in pairs:
        s, t = SYMBOLS.index(a), SYMBOLS.index(b)
        matrix[s, t] = matrix[t, s] = level
    return matrix


@pytest.mark.parametrize(
    ("says", "named", "pairs", "labels"),
    [
        ("nobody moves together", {}, [], [-1, -1, -1, -1, -1]),
        ("one pair", {}, [("BTC", "ETH")], [0, 0, -1, -1, -1]),
        ("a chain is one cluster", {}, [("BTC", "ETH"), ("ETH", "SOL")], [0, 0, 0, -1, -1]),
        ("two clusters, by first member", {}, [("ETH", "XMR"), ("BTC", "DOGE")], [0, 1, -1, 0, 1]),
        ("named ones come first", {"meme": ["DOGE", "SOL"]}, [("BTC", "ETH")], [1, 1, 0, 0, -1]),
        (
            "a named symbol leaves the rest",
            {"a": ["BTC", "XMR"]},
            [("BTC", "ETH"), ("ETH", "SOL")],
            [0, 1, 1, -1, 0],
        ),
        ("a name for one symbol keeps it apart", {"a": ["ETH"]}, [("BTC", "ETH")], [-1, -1, -1, -1, -1]),
        ("symbols that are not traded are passed over", {"a": ["BTC", "ADA", "SOL"]}, [], [0, -1, 0, -1, -1]),
    ],
)
def test_assign(
    says: str, named: dict[str, list[str]], pairs: list[tuple[str, str]], labels: list[int]
) -> None:
    assert assign(SYMBOLS, named, correlated(*pairs)).tolist() == labels


def test_the_threshold_itself_is_not_above_it() -> None:
    assert assign(SYMBOLS, {}, correlated(("BTC", "ETH"), level=0.8)).max() == -1
    assert assign(SYMBOLS, {}, correlated(("BTC", "ETH"), level=0.8), threshold=0.79).max() == 0


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_labels_are_usable_as_indices_and_close_under_correlation(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.uniform(-1, 1, (count, count)), 1)
    matrix = upper + upper.T + np.eye(count)
    labels = assign([f"s{i}" for i in range(count)], {}, matrix)
    assert labels.min() >= -1
    assert labels.max() < count
    for s in range(count):
        for t in range(count):
            if s != t and matrix[s, t] > 0.8:
                assert labels[s] == labels[t] >= 0
    for label in set(labels.tolist()) - {-1}:
        assert (labels == label).sum() > 1
