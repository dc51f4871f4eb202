"""Two small signals that read what no bar holds: one inputs of its symbol, one all symbols side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from store.records import SignalClass, SignalType
from strategies.settings import SignalSettings
from strategies.signal import REASONS, FloatArray, Kernel, KernelResult, Mirror, Reason, Signal, SignalKind

NAN_INPUT, WARMUP, OK = (REASONS.index(reason) for reason in (Reason.NAN_INPUT, Reason.WARMUP, Reason.OK))
WINDOW = 20


def said(value: FloatArray, confidence: FloatArray, bad: Any, short: bool) -> KernelResult:
    reason = np.where(bad, NAN_INPUT, WARMUP if short else OK).astype(np.int64)
    silent = reason != OK
    return KernelResult(
        np.where(silent, np.nan, value), np.where(silent, 0.0, confidence), reason, value[:, None].copy()
    )


def carry(close: FloatArray, spot: FloatArray, rate: FloatArray, interest: FloatArray) -> KernelResult:
    """Against the funding of the window, the surer the more open interest there is than at its start."""
    with np.errstate(all="ignore"):
        value = np.clip(-np.nansum(rate, axis=1) * 1e3, -1, 1)
        grown = np.clip(interest[:, -1] / interest[:, 0] - 1, 0, 1)
        bad = ~(np.isfinite(close) & (close > 0) & np.isfinite(spot) & (spot > 0)).all(axis=1)
    return said(value, grown, bad, close.shape[1] < WINDOW)


def rank(symbols: tuple[str, ...], close: FloatArray) -> KernelResult:
    """The place of each symbol's return among those that have one, from -1 to 1."""
    good = (np.isfinite(close) & (close > 0)).all(axis=2)
    with np.errstate(all="ignore"):
        move = np.where(good, close[:, :, -1] / close[:, :, 0], np.nan)
        below = (move[:, :, None] > move[:, None, :]).sum(axis=2)
        value = 2.0 * below / np.maximum(good.sum(axis=1, keepdims=True) - 1, 1) - 1.0
    confidence = np.repeat(good.mean(axis=1), good.shape[1])
    return said(value.ravel(), confidence, ~good.ravel(), close.shape[2] < WINDOW)


def toy(name: str, fields: tuple[str, ...], **more: object) -> SignalKind:
    def build(settings: SignalSettings) -> Signal:
        kernel: Kernel = carry if name == "CARRY" else rank
        return Signal(
            name=name,
            title=name.title(),
            signal_class=SignalClass.NEUTRAL,
            type=SignalType.CARRY,
            bar="1h",
            window=WINDOW,
            fields=fields,
            scalar=1.0,
            weight=0.0,
            settings=settings,
            statistic_names=("raw",),
            kernel=kernel,
            **{"mirror": None, **more},  # type: ignore[arg-type]
        )

    return SignalKind(name, SignalSettings, build)


CARRY = toy("CARRY", ("close", "spot_price", "funding_rate", "open_interest"), optional=("funding_rate",))
RANK = toy("RANK", ("close",), cross=True, mirror=Mirror.LOG)
TOYS = (CARRY, RANK)
