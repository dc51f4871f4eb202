"""Weights of one class of signals as shares of it: what the decision takes, and what a question about them predicts."""

from __future__ import annotations

from collections.abc import Mapping


def to_one(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights (0 or more) by name as shares: they sum to 1, or all are 0."""
    total = sum(weights.values())
    return {name: weight / total if total else 0.0 for name, weight in weights.items()}
