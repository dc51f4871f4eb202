"""The contract every signal keeps: a pure function from a window of bars to a reading.

`(w)->()` broadcast over leading axes: arrays [..., W] of the signal's fields in, value in [-1, 1] and
confidence in [0, 1] of shape [...] out. No state, no clock, no I/O: live, replay and backtest therefore
share one definition, and what one window gives is what a batch of windows gives, to the last bit. No
opinion is (NaN, 0) with a reason; (0, 0) is an opinion: measured, and flat.

A kernel knows nothing of warm-up, filled bars or stale inputs: `strategies.evaluate` judges those for all
signals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from store.records import InstrumentKind, SignalClass, SignalType
from strategies.blend.veto import OverlaySide
from strategies.inputs import INPUT_NAMES
from strategies.settings import SignalSettings

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FIELDS = ("open", "high", "low", "close", "volume")
TAKER_BUY_VOLUME = "taker_buy_volume"
"""Base volume whose buyer took; NaN where the source does not tell, which is no fault of the bar."""
CLOSE_MS = "close_ms"
"""When each bar closed, UTC epoch ms as float64, for what begins at midnight or by a schedule."""
READABLE = (*FIELDS, TAKER_BUY_VOLUME, CLOSE_MS, *INPUT_NAMES)
"""The fields a signal may read: of its bars, and beside them."""
DAY_MS = 86_400_000
BAR_LENGTHS_MS = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": DAY_MS,
}


class Reason(StrEnum):
    """Why a reading is what it is. The order is the code kernels report, so it only ever grows at its end."""

    OK = "OK"
    WARMUP = "WARMUP"
    GAP = "GAP"
    STALE = "STALE"
    NAN_INPUT = "NAN_INPUT"
    ZERO_VAR = "ZERO_VAR"
    DEGENERATE = "DEGENERATE"
    FIT_FAILED = "FIT_FAILED"
    NEAR_EXPIRY = "NEAR_EXPIRY"
    NO_ARB = "NO_ARB"
    TOO_FEW_ASSETS = "TOO_FEW_ASSETS"
    NOT_BORROWABLE = "NOT_BORROWABLE"
    NO_INPUT = "NO_INPUT"
    BROKEN = "BROKEN"


REASONS: tuple[Reason, ...] = tuple(Reason)
OPINIONS = (Reason.OK, Reason.NOT_BORROWABLE)
"""The reasons that stand beside a value: any other is no opinion."""
IS_OPINION = np.array([reason in OPINIONS for reason in REASONS])
"""The same by reason code."""


class Mirror(StrEnum):
    """The reflection of a price path under which a signal changes sign (highs and lows swap roles)."""

    LOG = "log"
    """ln C' = 2 ln C_0 - ln C."""
    DIFFERENCE = "difference"
    """C' = 2 K - C."""


class KernelResult(NamedTuple):
    """What a kernel says of N windows: value, confidence, reason code [N] and raw statistics [N, n]."""

    value: FloatArray
    confidence: FloatArray
    reason: IntArray
    statistics: FloatArray


Kernel = Callable[..., KernelResult]
Legs = Callable[[tuple[str, ...], FloatArray], FloatArray]
"""(symbols, values [S]) to weights [S, S]: row r holds the signed weights of what reading r scales, sum of |w| 1."""
Pair = tuple[InstrumentKind, InstrumentKind]
"""Two instruments on one coin: of what a reading scales half is held long of the first, half short of the second."""
Venues = tuple[str, str]
"""The statistics that number the venues, 1 the one traded, of two perpetuals on one coin: of what a reading scales half
is held short at the first, half long at the second."""


PRICING_KERNELS = ("strategies.options.kernels.greeks", "strategies.options.kernels.implied")


class OptionStructure(StrEnum):
    """What a signal holds in options on the coin a reading is of."""

    STRADDLE = "straddle"
    """A call and a put at the money, hedged with the coin's perpetual; a positive reading sells them."""
    COVERED_CALL = "covered call"
    """The coin, and a call sold on it."""
    SECURED_PUT = "secured put"
    """A put sold, its strike set aside."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One reading with its reason and the raw statistics behind it (names are the signal's own)."""

    value: float
    confidence: float
    reason: Reason
    statistics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal with its settings bound.

    `window` is W, the bars (closes) of size `bar` a reading needs; `fields` names its input arrays in
    order. `scalar` is the forecast scalar k, `weight` the share in its class before normalising. `kernel`
    takes one C-contiguous array [N, w] per field; w may differ from W (a shorter history is then its own
    affair: WARMUP). `roll`, where there is one, takes series [N, n] with n >= W and gives, in the order
    [N, n - W + 1], what `kernel` says of each of their windows: the same to 1e-9, in less time.
    `kernels` names the module of its compiled kernels where that is loaded for this signal alone.

    `optional` names fields whose NaN are the kernel's own affair. With `cross` a reading depends on all
    symbols: the kernel takes their names [S], then arrays [N, S, w], a symbol without opinion as a row of
    NaN, and says N * S results, symbols side by side; it has no `roll`. `legs` tells a market-neutral
    signal's perpetuals, so that readings times legs are at most 1 in all; `pair` says of one whose reading of a coin
    is held in two instruments on that coin which they are; `options` of one that holds options on it, in which
    structure; `venues` of one whose perpetuals are at several venues where. All None: it has no legs.
    An overlay scales forecasts of its `side` by 1 + `up` value above 0 and 1 + `down` value below.
    `prior` is the confidence of a rule, or its factor, until its own trades say how often it is right
    (`strategies.track_record`).
    """

    name: str
    title: str
    signal_class: SignalClass
    type: SignalType
    bar: str
    window: int
    fields: tuple[str, ...]
    scalar: float
    weight: float
    mirror: Mirror | None
    settings: SignalSettings
    statistic_names: tuple[str, ...]
    kernel: Kernel
    roll: Kernel | None = None
    kernels: str = ""
    optional: tuple[str, ...] = ()
    cross: bool = False
    legs: Legs | None = None
    pair: Pair | None = None
    options: OptionStructure | None = None
    venues: Venues | None = None
    up: float = 0.0
    down: float = 0.0
    side: OverlaySide = OverlaySide.BOTH
    prior: float | None = None

    @property
    def bar_ms(self) -> int:
        return bar_length_ms(self.bar)

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of compiled kernels that are loaded for it: its own, and those that price what it holds."""
        return (self.kernels, *(PRICING_KERNELS if self.options is not None else ()))

    @property
    def judged_by_symbol(self) -> bool:
        """Whether a reading is right where the symbol's own next return has its sign. Of a pair on one coin, of options
        and of what scales other forecasts it says nothing: what they hold earns something else."""
        return self.signal_class is SignalClass.DIRECTIONAL or self.legs is not None

    def evaluate(self, *windows: FloatArray, symbols: tuple[str, ...] = ()) -> tuple[FloatArray, FloatArray]:
        """Value and confidence [...] of windows [..., w], one array per field in the order of `fields`.

        Windows of a cross-section are [..., S, w], and `symbols` names its S. Raises ValueError when the number
        or the shapes of the arrays do not fit.
        """
        result = self.run(*windows, symbols=symbols)
        shape = windows[0].shape[:-1]
        return result.value.reshape(shape), result.confidence.reshape(shape)

    def explain(self, *window: FloatArray) -> Explanation:
        """The reading of one window, arrays [w], with its reason and raw statistics."""
        return self.explanation(self.run(*(np.asarray(field)[None, :] for field in window)), 0)

    def explanation(self, result: KernelResult, index: int) -> Explanation:
        """One of the readings of a result."""
        return Explanation(
            value=float(result.value[index]),
            confidence=float(result.confidence[index]),
            reason=REASONS[int(result.reason[index])],
            statistics=dict(zip(self.statistic_names, result.statistics[index].tolist(), strict=True)),
        )

    def run(self, *windows: FloatArray, symbols: tuple[str, ...] = ()) -> KernelResult:
        """All the kernel says of windows [..., w], flattened to N = the product of the leading axes."""
        if len(windows) != len(self.fields):
            raise ValueError(f"signal {self.name} reads {', '.join(self.fields)}: got {len(windows)} arrays")
        shapes = {np.shape(window) for window in windows}
        if len(shapes) != 1 or not (shape := shapes.pop()):
            raise ValueError(f"signal {self.name}: its fields need one shape [..., w], got {sorted(shapes)}")
        if not self.cross:
            flat: tuple[int, ...] = (math.prod(shape[:-1]), shape[-1])
            return self.kernel(*(_contiguous(window, flat) for window in windows))
        if len(shape) < 2 or shape[-2] != len(symbols):
            raise ValueError(
                f"signal {self.name}: its fields need [..., {len(symbols)} symbols, w], got {shape}"
            )
        flat = (math.prod(shape[:-2]), *shape[-2:])
        return self.kernel(symbols, *(_contiguous(window, flat) for window in windows))


@dataclass(frozen=True, slots=True)
class SignalKind:
    """What a module or a plug-in registers: a name, the model of its settings and how to build the signal."""

    name: str
    settings: type[SignalSettings]
    build: Callable[[Any], Signal]


def bar_length_ms(bar: str) -> int:
    """Milliseconds of a bar size written as "15m", "1h" or "1d". Raises ValueError for any other size."""
    try:
        return BAR_LENGTHS_MS[bar]
    except KeyError:
        raise ValueError(f"unknown bar size {bar!r}: use one of {', '.join(BAR_LENGTHS_MS)}") from None


def _contiguous(window: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    return np.require(window, np.float64, ("C", "W")).reshape(shape)
