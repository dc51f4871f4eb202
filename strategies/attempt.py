"""Running a kernel that may be anybody's: what it says, or what is wrong with it, and never an exception.

A window on which a kernel raises, or says what no kernel may say, is BROKEN: no opinion. The windows beside it are
asked again one by one, so that what is said of a window does not depend on its neighbours, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strategies.signal import IS_OPINION, REASONS, FloatArray, KernelResult, Legs, Reason, Signal

FOREIGN_FAULTS = (Exception, SystemExit)
"""What code that is not the project's own may raise: also the end of the program, which is not its to end."""
ROUNDING = 1e-9
"""How far a value or a confidence may lie outside its bounds."""


def attempt(
    signal: Signal, windows: Sequence[FloatArray], symbols: tuple[str, ...] = ()
) -> tuple[KernelResult, str]:
    """What a signal says of windows [N, w], or [N, S, w] of a cross-section, and its fault in one line, if any."""
    count = len(windows[0])
    rows = count * (windows[0].shape[1] if signal.cross else 1)
    try:
        result = signal.run(*windows, symbols=symbols)
        check(signal, result, rows)
    except FOREIGN_FAULTS as fault:  # a kernel may raise anything; the others must run
        if count <= 1:
            return _broken(signal, rows), one_line(fault)
        alone = [attempt(signal, [w[i : i + 1] for w in windows], symbols)[0] for i in range(count)]
        return joined(alone), one_line(fault)
    return result, ""


def check(signal: Signal, result: KernelResult, rows: int) -> None:
    """Raise ValueError where a result is not one of `rows` readings of this signal."""
    value, confidence, reason, statistics = result
    if not value.shape == confidence.shape == reason.shape == (rows,):
        raise ValueError(f"it says {value.shape} values and {confidence.shape} confidences of {rows} windows")
    if statistics.shape != (rows, len(signal.statistic_names)):
        raise ValueError(f"it says {statistics.shape} statistics of {rows} windows: {signal.statistic_names}")
    if not value.dtype.kind == confidence.dtype.kind == statistics.dtype.kind == "f":
        raise TypeError(f"it says {value.dtype}, {confidence.dtype} and {statistics.dtype}, not float64")
    try:
        told = IS_OPINION[reason.view(np.uint64)]  # a negative code is a far too large one
    except IndexError:
        lowest, highest = reason.min(), reason.max()
        raise ValueError(f"it gives a reason that does not exist, codes {lowest} to {highest}") from None
    good = (np.abs(value) <= 1.0 + ROUNDING) & (np.abs(confidence - 0.5) <= 0.5 + ROUNDING)
    if (wrong := told > good).any():
        bad = int(wrong.argmax())
        raise ValueError(f"it says value {value[bad]:g} with confidence {confidence[bad]:g}")


def joined(results: Sequence[KernelResult]) -> KernelResult:
    """Results one after the other."""
    return KernelResult(*(np.concatenate(parts) for parts in zip(*results, strict=True)))


def leg_weights(legs: Legs, symbols: tuple[str, ...], value: FloatArray) -> tuple[FloatArray, str]:
    """The legs [S, S] a market-neutral signal declares for its values [S], and the fault in one line; none of them
    where there is one."""
    shape = (len(symbols), len(symbols))
    try:
        weights = np.asarray(legs(symbols, value), dtype=np.float64)
        if weights.shape != shape or not np.isfinite(weights).all():
            raise ValueError(f"its legs are not {shape[0]} x {shape[1]} numbers")
    except FOREIGN_FAULTS as fault:  # as above
        return np.zeros(shape), one_line(fault)
    return weights, ""


def one_line(fault: BaseException) -> str:
    """A fault as its class and message on one line."""
    text = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {text}" if text else type(fault).__name__


def _broken(signal: Signal, rows: int) -> KernelResult:
    return KernelResult(
        np.full(rows, np.nan),
        np.zeros(rows),
        np.full(rows, REASONS.index(Reason.BROKEN), dtype=np.int64),
        np.full((rows, len(signal.statistic_names)), np.nan),
    )
