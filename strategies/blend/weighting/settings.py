"""The methods by which signals can be weighed, and what they can be told; read without NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """Where the weights of a class come from."""

    MANUAL = "manual"
    EQUAL = "equal"
    INVERSE_VOLATILITY = "inverse-volatility"
    EQUAL_RISK = "equal-risk"
    HIERARCHICAL = "hierarchical"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class WeightingSettings:
    """`least_days` in common that an estimate needs, `floor` and `cap` of a share, `shrink` in [0, 1] toward equal
    shares (performance alone)."""

    method: Method
    least_days: int
    floor: float = 0.0
    cap: float = 1.0
    shrink: float = 0.5
