"""Weights of one class of signals as shares of it: what the decision takes, and what a question about them predicts."""

from __future__ import annotations

from collections.abc import Mapping


def to_one(weights: Mapping[str, float], cap: float = 1.0) -> dict[str, float]:
    """Weights (0 or more) by name as shares: they sum to 1, or all are 0.

    None exceeds the `cap`: what is cut goes to the others in proportion to their weights, under the same cap. Where all
    of them reach it the rest is nobody's, and they sum to less.
    """
    total = sum(weights.values())
    shares = {name: weight / total if total else 0.0 for name, weight in weights.items()}
    held: set[str] = set()
    while over := {name for name, share in shares.items() if share > cap and name not in held}:
        held |= over
        free = sum(weight for name, weight in weights.items() if name not in held)
        factor = (1.0 - cap * len(held)) / free if free else 0.0
        shares = {name: cap if name in held else factor * weight for name, weight in weights.items()}
    return shares
