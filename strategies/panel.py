"""Bars of all symbols on one grid, as signals see them: aligned, gaps judged, bounded in memory.

Base bars go in; bars of a larger size (days by default, always whole UTC periods) come out, made of the
base bars that really exist. A missing bar of a grid is filled flat (O = H = L = C = previous close, V = 0)
and flagged for the first three in a row and NaN from the fourth on, until a real bar comes. Filling only
looks back. A bar without volume but with prices is real. Only completed periods are seen; the period in
which a symbol's history begins counts only where the history begins with the period's first bar.

What is known beside the bars is never filled: a period has what was known at the close of its last base bar,
whether or not prices were missing, and the sums of what fell into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from strategies.inputs import ADDED_UP, INPUT_NAMES
from strategies.panel_state import FRAME_SYMBOL, PANEL_SYMBOL
from strategies.settings import LONGEST_WINDOW
from strategies.signal import (
    CLOSE_MS,
    DAY_MS,
    FIELDS,
    TAKER_BUY_VOLUME,
    FloatArray,
    IntArray,
    bar_length_ms,
)

BoolArray = NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)
Block = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
"""Open, high, low, close, volume of n consecutive bars, each [n, S]."""
KEPT = (*FIELDS, TAKER_BUY_VOLUME)
"""What is remembered of each bar."""
Inputs = Mapping[str, FloatArray]
"""What is known beside the bars, by the names of `strategies.inputs`; one that is not there is nowhere known."""
NOTHING: Inputs = {}


@dataclass(frozen=True, slots=True)
class Frame:
    """The last `depth` completed bars of one size, for S symbols; arrays change in place as the panel grows.

    `clock` = (open of the period in progress in ms or -1, periods completed), `symbols` [S] of
    FRAME_SYMBOL, `bars` [6, S, depth] in the order of KEPT and `filled` [S, depth] are rings indexed by
    period modulo depth, as is `inputs` [I, S, depth] in the order of `input_names`; `gathered` [I, S] is that
    of the period in progress.
    """

    bar: str
    step_ms: int
    depth: int
    clock: IntArray
    symbols: NDArray[np.void]
    bars: FloatArray
    filled_ring: BoolArray
    input_names: tuple[str, ...]
    adds_up: BoolArray
    gathered: FloatArray
    inputs: FloatArray

    @property
    def completed(self) -> int:
        """Periods completed since the panel's first bar."""
        return int(self.clock[1])

    @property
    def held(self) -> int:
        """Completed periods still in memory."""
        return min(self.completed, self.depth)

    @property
    def close_ms(self) -> int:
        """When the newest completed period ended (-1 before the first)."""
        return int(self.clock[0]) if self.completed else -1

    @property
    def count(self) -> IntArray:
        """Bars [S] since each symbol's history began on this grid, missing ones included."""
        return self.symbols["count"].copy()

    @property
    def missing_run(self) -> IntArray:
        """Newest bars [S] in a row without a real one."""
        return self.symbols["missing_run"].copy()

    def window(self, field: str, length: int) -> FloatArray:
        """The newest `length` completed bars of a field, C-contiguous [S, length], NaN where there is none.

        Raises ValueError for an unknown field or a length beyond the panel's memory.
        """
        if field == CLOSE_MS:
            return self._close_times(length)
        if field in self.input_names:
            return self._newest(self.inputs[self.input_names.index(field)], length, np.nan)
        if field not in KEPT:
            known = ", ".join((*KEPT, CLOSE_MS, *self.input_names))
            raise ValueError(f"this panel keeps {known} of its bars of {self.bar}: no field {field!r}")
        return self._newest(self.bars[KEPT.index(field)], length, np.nan)

    def filled(self, length: int) -> BoolArray:
        """Which of the newest `length` bars [S, length] are flat stand-ins for missing ones."""
        return self._newest(self.filled_ring, length, False)

    def filled_share(self, length: int) -> FloatArray:
        """The share [S] of the newest `length` bars that are such stand-ins."""
        # Nearly always there is none, which is seen without copying anything.
        if not self.filled_ring.any():
            return np.zeros(len(self.symbols))
        return self.filled(length).mean(axis=-1)  # type: ignore[no-any-return]

    def _close_times(self, length: int) -> FloatArray:
        times = self.close_ms - self.step_ms * np.arange(length - 1, -1, -1, dtype=np.float64)
        return np.tile(times, (len(self.symbols), 1))

    def _newest(self, ring: NDArray[T], length: int, absent: float | bool) -> NDArray[T]:
        if not 0 < length <= self.depth:
            raise ValueError(f"this panel remembers {self.depth} bars of {self.bar}: {length} were asked for")
        window = np.empty((ring.shape[0], length), dtype=ring.dtype)
        known = min(length, self.held)
        stop = self.completed % self.depth
        tail = min(known, stop)
        if known < length:
            window[:, : length - known] = absent
        window[:, length - tail :] = ring[:, stop - tail : stop]
        if tail < known:
            window[:, length - known : length - tail] = ring[:, self.depth - (known - tail) :]
        return window


class Panel:
    """Rolling memory of base bars of size `bar_ms` and of the larger bars made of them.

    `days`: daily bars remembered; `more`: other sizes to gather, with the bars of each to remember; `inputs`:
    what to keep beside the bars, by their size. Memory is taken once, whatever the length of the history.
    Raises ValueError for a base bar that does not divide a UTC day, and for an unknown input.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        bar_ms: int,
        days: int = LONGEST_WINDOW,
        more: Mapping[str, int] | None = None,
        inputs: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        if bar_ms <= 0 or bar_ms > DAY_MS or DAY_MS % bar_ms:
            raise ValueError(f"a base bar must divide the UTC day: {bar_ms} ms does not")
        self.symbols = tuple(symbols)
        self.bar_ms = bar_ms
        self.last_open_ms = -1
        depths = {**(more or {}), "1d": days}
        self.frames = {
            bar: self._frame(bar, depth, (inputs or {}).get(bar, ())) for bar, depth in depths.items()
        }
        self._read = frozenset(name for frame in self.frames.values() for name in frame.input_names)
        self._days = self.frames["1d"]
        count = len(self.symbols)
        self._symbols = np.zeros(count, dtype=PANEL_SYMBOL)
        self._symbols["last_close"] = np.nan
        self._symbols["first_real_open_ms"] = -1
        self._day_volume = np.zeros((count, DAY_MS // bar_ms))
        self._row = np.empty((len(KEPT), 1, count))
        self._row_fields: Block = (self._row[0], self._row[1], self._row[2], self._row[3], self._row[4])

    def _frame(self, bar: str, depth: int, inputs: Iterable[str]) -> Frame:
        step_ms = bar_length_ms(bar)
        names = tuple(sorted(set(inputs), key=_place))
        if step_ms % self.bar_ms:
            raise ValueError(f"bars of {bar} are not a multiple of the base bar of {self.bar_ms} ms")
        if depth < 1:
            raise ValueError(f"bars of {bar} to remember must be at least 1, not {depth}")
        count = len(self.symbols)
        symbols = np.zeros(count, dtype=FRAME_SYMBOL)
        for field in ("last_close", "open", "high", "low", "close"):
            symbols[field] = np.nan
        return Frame(
            bar,
            step_ms,
            depth,
            np.array([-1, 0], dtype=np.int64),
            symbols,
            np.full((len(KEPT), count, depth), np.nan),
            np.zeros((count, depth), dtype=np.bool_),
            names,
            np.array([name in ADDED_UP for name in names], dtype=np.bool_),
            np.full((len(names), count), np.nan),
            np.full((len(names), count, depth), np.nan),
        )

    def append(
        self,
        open_ms: int,
        open: FloatArray,
        high: FloatArray,
        low: FloatArray,
        close: FloatArray,
        volume: FloatArray,
        taker_buy_volume: FloatArray | None = None,
        *,
        inputs: Inputs = NOTHING,
    ) -> bool:
        """Take the bars [S] opening at `open_ms`, NaN where missing; True when a UTC day completed.

        `inputs` [S] by name is what was known at their close.

        Bars of the grid that were skipped count as missing for every symbol. Raises ValueError for a bar
        off the grid or not after the last one.
        """
        row = self._row
        row[0, 0], row[1, 0], row[2, 0], row[3, 0], row[4, 0] = open, high, low, close, volume
        row[5, 0] = np.nan if taker_buy_volume is None else taker_buy_volume
        known = {name: inputs[name][None, :] for name in self._read if name in inputs}
        return self._take(open_ms, self._row_fields, row[5], known) > 0

    def extend(
        self,
        first_open_ms: int,
        open: FloatArray,
        high: FloatArray,
        low: FloatArray,
        close: FloatArray,
        volume: FloatArray,
        taker_buy_volume: FloatArray | None = None,
        *,
        inputs: Inputs = NOTHING,
    ) -> int:
        """Take n consecutive bars [n, S] exactly as n appends would; returns the UTC days completed."""
        block = (_rows(open), _rows(high), _rows(low), _rows(close), _rows(volume))
        takers = np.full(block[0].shape, np.nan) if taker_buy_volume is None else _rows(taker_buy_volume)
        known = {name: inputs[name] for name in self._read if name in inputs}
        shape = (len(block[0]), len(self.symbols))
        if any(field.shape != shape for field in (*block, takers, *known.values())):
            raise ValueError(f"a block of bars needs its arrays [n, {len(self.symbols)}]")
        return self._take(first_open_ms, block, takers, known) if len(block[0]) else 0

    def _take(self, first_open_ms: int, block: Block, taker_buy_volume: FloatArray, known: Inputs) -> int:
        from strategies.panel_kernels import aggregate, gather_inputs, track

        if first_open_ms % self.bar_ms:
            raise ValueError(f"bar at {first_open_ms} ms is off the grid of {self.bar_ms} ms")
        if first_open_ms <= self.last_open_ms:
            raise ValueError(f"bar at {first_open_ms} ms is not after the last one at {self.last_open_ms} ms")
        track(self.last_open_ms, first_open_ms, self.bar_ms, *block, self._symbols, self._day_volume)
        days = 0
        for frame in self.frames.values():
            if frame.input_names:
                gather_inputs(
                    first_open_ms,
                    self.bar_ms,
                    frame.step_ms,
                    _stacked(frame.input_names, known, block[0].shape),
                    frame.adds_up,
                    frame.clock,
                    frame.gathered,
                    frame.inputs,
                )
            days = aggregate(
                first_open_ms,
                self.bar_ms,
                frame.step_ms,
                *block,
                taker_buy_volume,
                self._symbols,
                frame.clock,
                frame.symbols,
                frame.bars,
                frame.filled_ring,
            )
        self.last_open_ms = first_open_ms + (len(block[0]) - 1) * self.bar_ms
        return int(days)

    def frame(self, bar: str) -> Frame:
        """The bars of one size. Raises ValueError where the panel was not asked to gather it."""
        try:
            return self.frames[bar]
        except KeyError:
            raise ValueError(f"this panel gathers {', '.join(self.frames)}: not {bar}") from None

    def window(self, field: str, length: int, bar: str = "1d") -> FloatArray:
        """The newest `length` completed bars of a field, C-contiguous [S, length], NaN before."""
        return self.frame(bar).window(field, length)

    @property
    def last_close(self) -> FloatArray:
        """Close [S] of the newest real base bar, NaN before the first."""
        return self._symbols["last_close"].copy()

    @property
    def missing_run(self) -> IntArray:
        """Base bars [S] missing in a row since the newest real one; 0 before the first."""
        return self._symbols["missing_run"].copy()

    @property
    def bars_seen(self) -> IntArray:
        """Real base bars [S] taken so far."""
        return self._symbols["bars_seen"].copy()

    @property
    def first_real_open_ms(self) -> IntArray:
        """Open time [S] of the first real base bar, -1 before it."""
        return self._symbols["first_real_open_ms"].copy()

    @property
    def daily_count(self) -> IntArray:
        """Daily bars [S] since each symbol's daily history began, missing ones included."""
        return self._days.count

    @property
    def volume_24h(self) -> FloatArray:
        """Base volume [S] of the 24 h up to the close of the newest base bar."""
        total: FloatArray = np.add.reduce(self._day_volume, axis=1)
        return total


def _rows(field: FloatArray) -> FloatArray:
    return np.ascontiguousarray(field, dtype=np.float64)


def _place(name: str) -> int:
    if name not in INPUT_NAMES:
        raise ValueError(f"no input {name!r}: there are {', '.join(INPUT_NAMES)}")
    return INPUT_NAMES.index(name)


def _stacked(names: Sequence[str], known: Inputs, shape: tuple[int, ...]) -> FloatArray:
    """The inputs of these names [I, n, S], NaN where nowhere known."""
    stacked = np.full((len(names), *shape), np.nan)
    for values, name in zip(stacked, names, strict=True):
        if name in known:
            values[:] = known[name]
    return stacked
