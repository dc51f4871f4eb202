"""A feed of recorded bars: the market as it was, on one grid, with the gaps it had.

Bars before the time range are warm-up; the time range says which are traded. Reading streams through chunks, so that
memory does not grow with the history, and what a chunk holds does not depend on which was read before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING

from engine.config_sections import InstrumentsConfig, ReplayConfig
from engine.feeds.feed import LEG_ROWS, BarBlock, DataFault, FundingSettlement
from engine.feeds.replay_inputs import ReplayInputs
from engine.feeds.replay_instruments import BARS_LOOKED_AT, inferred_instrument
from engine.feeds.replay_legs import ReplayLegs
from engine.timerange import TimeRange
from store.history import History, open_history
from store.history_checks import utc
from store.history_names import bar_name
from store.records import Instrument
from strategies.inputs import INPUT_NAMES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

_CHUNKS_KEPT = 2


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A run of bars [5, n, S] on the grid, the settlements inside it, what was known at its closes [n, S], and the bars
    [5, n, L] of the legs beside them."""

    fields: FloatArray
    funding: tuple[FundingSettlement, ...]
    inputs: dict[str, FloatArray]
    legs: FloatArray | None


def open_replay(
    data: Sequence[str],
    *,
    symbols: Sequence[str] = (),
    bar_ms: int | None = None,
    timerange: TimeRange = TimeRange(),  # noqa: B008 - frozen
    config: ReplayConfig | None = None,
    instruments: InstrumentsConfig | None = None,
    inputs: Collection[str] = (),
) -> ReplayFeed:
    """Open recorded bars: `data` are files, folders or globs, `symbols` chooses and orders what is used, a notice names
    those of the `inputs` that no file has.

    Every row is judged here. Raises DataFault: one line naming file, row and fault.
    """
    settings = config or ReplayConfig()
    history = open_history(data, symbols=symbols, bar_ms=bar_ms, memory_limit_mb=settings.memory_limit_mb)
    try:
        return ReplayFeed(history, timerange, settings, instruments or InstrumentsConfig(), inputs)
    except DataFault:
        history.close()
        raise


class ReplayFeed:
    """Implements `Feed` over a history. `notices` are lines an operator should see before anything is traded."""

    def __init__(
        self,
        history: History,
        timerange: TimeRange,
        config: ReplayConfig,
        instruments: InstrumentsConfig,
        inputs: Collection[str] = (),
    ) -> None:
        self.symbols = history.symbols
        self.bar_ms = history.bar_ms
        self.first_open_ms = history.first_ms
        self.start_ms, end_ms = _traded(history, timerange)
        self.end_ms: int | None = end_ms
        self._inputs = ReplayInputs(history)
        lacking = [name for name in INPUT_NAMES if name in inputs and name not in self._inputs.names]
        self.notices = (*history.notices, *([f"no file has {', '.join(lacking)}"] if lacking else []))
        self.instruments = tuple(
            instruments.applied_to(
                inferred_instrument(
                    symbol,
                    config.kind,
                    history.first_bars(symbol, BARS_LOOKED_AT),
                    history.lowest(symbol),
                    history.funding_interval_ms(symbol),
                )
            )
            for symbol in history.symbols
        )
        _check_ticks(history, self.instruments)
        self._legs = ReplayLegs(history, self._inputs, self.instruments, instruments.applied_to)
        self.legs: tuple[Instrument, ...] = self._legs.instruments
        self._history = history
        self._chunk_bars = config.chunk_bars
        self._chunks: dict[int, _Chunk] = {}
        self._reading = Lock()

    def read(self, first_open_ms: int, count: int) -> BarBlock:
        """See `Feed.read`. Raises ValueError for a time that is not on the grid or before the first bar."""
        import numpy as np

        first = self._index(first_open_ms)
        end = max(first, min(first + count, self._bars_to_end()))
        size = self._chunk_bars
        with self._reading:
            chunks = [
                (number * size, self._chunk(number)) for number in range(first // size, -(-end // size))
            ]
        spans = [(chunk, slice(max(first - start, 0), end - start)) for start, chunk in chunks]
        pieces = [chunk.fields[:, span] for chunk, span in spans]
        fields = np.concatenate(pieces, axis=1) if pieces else np.empty((5, 0, len(self.symbols)))
        opened, high, low, close, volume = fields
        end_ms = self.first_open_ms + end * self.bar_ms
        legs = [chunk.legs[:, span] for chunk, span in spans if chunk.legs is not None]
        funding = (row for _, chunk in chunks for row in chunk.funding)
        return BarBlock(
            first_open_ms,
            self.bar_ms,
            opened,
            high,
            low,
            close,
            volume,
            tuple(row for row in funding if first_open_ms <= row.ts_ms < end_ms),
            _joined(spans),
            np.concatenate([np.empty((LEG_ROWS, 0, len(self.legs))), *legs], axis=1) if self.legs else None,
        )

    def legs_at(self, open_ms: int) -> tuple[Instrument, ...]:
        """See `Feed.legs_at`; always the same."""
        return self.legs

    def beside(self, options: bool = False) -> ReplayFeed:
        """See `Feed.beside`; both take turns at the files, which have no prices of an option that is held."""
        other = copy(self)
        other._chunks = {}
        return other

    def quotes(self, open_ms: int, fraction: float) -> FloatArray | None:
        """A straight path from open over low and high (a falling bar: high and low) to close, to show only."""
        import numpy as np

        number, row = divmod(self._index(open_ms), self._chunk_bars)
        chunk = self._chunks.get(number)
        if chunk is None or open_ms >= (self.end_ms or 0):
            return None
        opened, high, low, close = chunk.fields[:4, row]
        rises = close >= opened
        path = np.stack([opened, np.where(rises, low, high), np.where(rises, high, low), close])
        at = min(max(fraction, 0.0), 1.0) * 3
        leg = min(int(at), 2)
        shown: FloatArray = path[leg] + (path[leg + 1] - path[leg]) * (at - leg)
        return shown

    def identity(self) -> str:
        """Bar size, symbols, content of the files and start; not where the files lie, nor where the range ends."""
        text = f"{self.bar_ms} {','.join(self.symbols)} {self.start_ms} {self._history.digest()}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return f"replay {bar_name(self.bar_ms)} x{len(self.symbols)} from {utc(self.start_ms)} {digest}"

    def close(self) -> None:
        """Give the files back, once a read that is under way in another thread has ended."""
        with self._reading:
            self._history.close()

    def _chunk(self, number: int) -> _Chunk:
        """One chunk of the grid, from memory or from the files."""
        chunk = self._chunks.get(number)
        if chunk is None:
            span_ms = self._chunk_bars * self.bar_ms
            first_ms = self.first_open_ms + number * span_ms
            rows = self._history.funding(first_ms, first_ms + span_ms)
            chunk = _Chunk(
                self._history.bars(first_ms, self._chunk_bars),
                tuple(FundingSettlement(row.ts_ms, row.symbol_index, row.rate) for row in rows),
                self._inputs.block(first_ms, self._chunk_bars),
                self._legs.block(first_ms, self._chunk_bars),
            )
            while len(self._chunks) >= _CHUNKS_KEPT:
                del self._chunks[next(iter(self._chunks))]
            self._chunks[number] = chunk
        return chunk

    def _bars_to_end(self) -> int:
        return ((self.end_ms or 0) - self.first_open_ms) // self.bar_ms

    def _index(self, open_ms: int) -> int:
        index, remainder = divmod(open_ms - self.first_open_ms, self.bar_ms)
        if remainder or index < 0:
            raise ValueError(f"{utc(open_ms)} is not the open of a bar from {utc(self.first_open_ms)} on")
        return index


def _joined(spans: Sequence[tuple[_Chunk, slice]]) -> dict[str, FloatArray]:
    """The inputs of pieces of chunks one after the other, NaN where a chunk knows nothing of one."""
    import numpy as np

    names = {name for chunk, _ in spans for name in chunk.inputs}
    return {
        name: np.concatenate(
            [
                chunk.inputs[name][span]
                if name in chunk.inputs
                else np.full_like(chunk.fields[0][span], np.nan)
                for chunk, span in spans
            ]
        )
        for name in sorted(names)
    }


def _check_ticks(history: History, universe: Sequence[Instrument]) -> None:
    """Raise DataFault where a price lies below the step an operator has given it."""
    for instrument in universe:
        lowest = history.lowest(instrument.symbol)
        if Decimal(repr(lowest)) < instrument.tick:
            key = f"instruments.{instrument.symbol}.tick"
            raise DataFault(f"{key}: {instrument.tick} is more than the lowest price in the data, {lowest}")


def _traded(history: History, timerange: TimeRange) -> tuple[int, int]:
    """Open of the first bar to trade and end of the last, inside what the files hold."""
    start_ms, end_ms = history.first_ms, history.end_ms
    if timerange.start_ms is not None:
        start_ms = max(start_ms, -(-timerange.start_ms // history.bar_ms) * history.bar_ms)
    if timerange.end_ms is not None:
        end_ms = min(end_ms, timerange.end_ms // history.bar_ms * history.bar_ms)
    if start_ms >= end_ms:
        held = f"{utc(history.first_ms)} to {utc(history.end_ms)}"
        raise DataFault(f"no bars in the time range: the data goes from {held}")
    return start_ms, end_ms
