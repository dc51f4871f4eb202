"""From records to the packed arrays of `engine.decision_layout`, checking shapes and weights on the way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine import decision_layout as at
from risk.parameters import RiskParameters
from store.records import SignalClass, SignalType
from strategies.blend.rules import BlendRules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.decision import SignalSpec

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]


def pack_signals(table: tuple[SignalSpec, ...]) -> tuple[FloatArray, IntArray]:
    """`signals` and `codes` of the step."""
    signals = np.array([(s.weight, s.scalar, s.up, s.down) for s in table]).reshape(-1, at.SIGNAL_ROWS)
    types = list(SignalType)
    codes = np.array([(types.index(s.signal_type), int(s.side)) for s in table], dtype=np.int64)
    return np.ascontiguousarray(signals.T), np.ascontiguousarray(codes.reshape(-1, at.CODE_ROWS).T)


def enabled_rows(table: tuple[SignalSpec, ...], signal_class: SignalClass, signal_cap: float) -> IntArray:
    """The rows of the signals of a class that have a weight.

    Raises ValueError where the weights of directional or neutral signals do not sum to 1 (to at most 1 where a cap on
    each may leave some to nobody), and for a negative weight or a factor that is no number.
    """
    rows = [k for k, s in enumerate(table) if s.signal_class is signal_class and s.weight > 0.0]
    total = math.fsum(table[k].weight for k in rows)
    missing = 1.0 - total if signal_cap >= 1.0 else min(1.0 - total, 0.0)
    if signal_class is not SignalClass.OVERLAY and rows and abs(missing) > 1e-9:
        raise ValueError(f"weights of the enabled {signal_class} signals must sum to 1, not {total:.9g}")
    if not all(s.weight >= 0.0 and math.isfinite(s.scalar * s.up * s.down) for s in table):
        raise ValueError("signal weights must be >= 0, and scalars and overlay factors finite")
    return np.array(rows, dtype=np.int64)


def pack_parameters(risk: RiskParameters, rules: BlendRules) -> FloatArray:
    """The entries of `inputs` that stay, in the order of `decision_layout`; the others are 0 until a bar is
    decided."""
    constants = (
        risk.volatility_target,
        risk.neutral_budget,
        risk.max_symbol,
        risk.max_cluster,
        risk.max_net,
        risk.max_gross,
        risk.dd_start,
        risk.dd_halt,
        risk.hold_max_age_ms,
        risk.buffer_fraction,
        rules.agreement_floor,
        float(rules.confidence_netting),
        rules.flip_margin,
        rules.signal_cap,
        risk.directional_budget,
    )
    inputs = np.zeros(at.INPUTS)
    inputs[at.VOLATILITY_TARGET :] = constants
    return inputs


def fill_rows(rows: FloatArray | BoolArray, columns: tuple[FloatArray | BoolArray, ...]) -> None:
    """Copy arrays [S] into the rows of a contiguous matrix that has one for each."""
    shape = rows.shape[1:]
    for column in columns:
        if column.shape != shape:
            raise ValueError(f"every array per symbol must have shape {shape}, got {column.shape}")
    np.concatenate(columns, out=rows.reshape(-1))


def contiguous(name: str, array: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """`array` as the contiguous float64 the step was compiled for."""
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return np.ascontiguousarray(array, dtype=np.float64)


def labels(cluster: IntArray, symbols: int) -> IntArray:
    """Cluster labels as the contiguous int64 the step was compiled for."""
    if cluster.shape != (symbols,):
        raise ValueError(f"market.cluster must have shape {(symbols,)}, got {cluster.shape}")
    return np.ascontiguousarray(cluster, dtype=np.int64)
