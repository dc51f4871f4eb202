"""Readings into the journal: what a signal newly says of a symbol, and once a week of market time all it says.

A signal that is computed from a bar on, or with other parameters, is written with that bar, whenever its own bar
completed; one that no longer is computed is ended with it, and has no reading in force from then on.

What was written last is what the database holds, also after a restart, so that a run in parts writes the rows of the
run in one; and a signal whose settings were changed between two runs is written anew where it differs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from store.journal import Journal
from store.reading_rows import Reading
from store.rows import ReadingRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from strategies.evaluate import Readings

WEEK_MS = 7 * 86_400_000
NEVER = -1
ALL_ALONG: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class _Said:
    """What was last written of a signal, [S] each, the close of the bar it last spoke at, and when it was told."""

    closed_ms: int
    told_ms: int
    value: NDArray[np.float64]
    confidence: NDArray[np.float64]
    reasons: Sequence[str]


class ReadingLog:
    """The readings of one engine's signals on their way into its journal."""

    def __init__(self, journal: Journal, signals: Sequence[str], symbols: tuple[str, ...]) -> None:
        self._journal = journal
        self._signals = tuple(signals)
        self._names = frozenset(signals)
        self._symbols = symbols
        self._said: dict[str, _Said] = {}
        self._closed_ms: tuple[int, ...] = ()
        self._ending: set[str] = set()

    def end(self, signal: str) -> None:
        """With the next bar, end what another log wrote of a signal that nobody hears from then on."""
        self._ending.add(signal)

    def leave(self, signals: Collection[str]) -> None:
        """Write, and end, nothing of these from now on: they are written elsewhere."""
        self._ending -= set(signals)
        self._said = {name: said for name, said in self._said.items() if name not in signals}

    def restore(
        self, stored: Iterable[Reading], closed_ms: tuple[int, ...], since_ms: Mapping[str, int] = ALL_ALONG
    ) -> None:
        """Go on behind what the database holds; `closed_ms`: when the bars closed at which each signal last spoke,
        `since_ms`: until when signals had other parameters."""
        self._closed_ms = closed_ms
        ended = dict(zip(self._signals, closed_ms, strict=True))
        for reading in stored:
            if reading.symbols == self._symbols and len(reading.standing) == len(self._symbols):
                cells = [reading.standing[symbol].cell for symbol in self._symbols]
                self._said[reading.signal] = _Said(
                    ended.get(reading.signal, NEVER),
                    reading.ts_ms,
                    np.array([cell.value for cell in cells]),
                    np.array([cell.confidence for cell in cells]),
                    tuple(cell.reason for cell in cells),
                )
        self._forget(since_ms)

    def of(
        self,
        signals: Sequence[str],
        closed_ms: tuple[int, ...],
        since_ms: Mapping[str, int] = ALL_ALONG,
        elsewhere: Collection[str] = (),
    ) -> ReadingLog:
        """The log of other signals, as a restart at this bar would find it; those written `elsewhere` from now on are
        not ended by it."""
        log = ReadingLog(self._journal, signals, self._symbols)
        log._closed_ms = closed_ms
        ended = dict(zip(signals, closed_ms, strict=True)) if closed_ms else {}
        log._said = {
            name: replace(said, closed_ms=ended.get(name, NEVER))
            for name, said in self._said.items()
            if name not in elsewhere
        }
        log._forget(since_ms)
        log._ending = self._ending - set(elsewhere)
        return log

    def write(self, readings: Readings, now_ms: int) -> None:
        """Gather what is newly said at the close `now_ms`."""
        if readings.closed_ms == self._closed_ms and self._said.keys() == self._names and not self._ending:
            return
        for signal in sorted((self._said.keys() | self._ending) - self._names):
            self._end(signal, now_ms)
        self._ending.clear()
        before, self._closed_ms = self._closed_ms, readings.closed_ms
        for row, signal in enumerate(self._signals):
            if not before:
                self._tell(signal, row, readings, readings.closed_ms[row])
            elif signal not in self._said:
                # Decided with from this bar on, also where its own completed before.
                self._tell(signal, row, readings, now_ms)
            elif readings.closed_ms[row] != before[row]:
                self._tell(signal, row, readings, readings.closed_ms[row])

    def _forget(self, since_ms: Mapping[str, int]) -> None:
        """Take what computed signals said with other parameters for unsaid."""
        for signal in self._names & since_ms.keys() & self._said.keys():
            if self._said[signal].told_ms <= since_ms[signal]:
                del self._said[signal]

    def _end(self, signal: str, now_ms: int) -> None:
        """Write that nothing of a signal is in force from here on."""
        self._said.pop(signal, None)
        nobody = np.zeros(len(self._symbols), dtype=np.bool_)
        silent = np.full(len(self._symbols), np.nan)
        self._journal.reading(ReadingRow(now_ms, signal, self._symbols, silent, silent, changed=nobody))

    def _tell(self, signal: str, row: int, readings: Readings, ts_ms: int) -> None:
        said, known = _said(readings, row, ts_ms), self._said.get(signal)
        self._said[signal] = said
        changed = None
        if known is not None and known.closed_ms // WEEK_MS == said.closed_ms // WEEK_MS:
            changed = _changes(said, known)
            if not changed.any():
                return
        self._journal.reading(
            ReadingRow(
                ts_ms=ts_ms,
                signal=signal,
                symbols=self._symbols,
                values=said.value,
                confidences=said.confidence,
                reasons=said.reasons,
                statistics=readings.statistics[row],
                changed=changed,
            )
        )


def _said(readings: Readings, row: int, told_ms: int) -> _Said:
    return _Said(
        readings.closed_ms[row],
        told_ms,
        readings.value[row],
        readings.confidence[row],
        readings.reasons[row],
    )


def _changes(said: _Said, known: _Said) -> NDArray[np.bool_]:
    """The symbols [S] of which something else is said."""
    changed = _differs(said.value, known.value) | _differs(said.confidence, known.confidence)
    if said.reasons != known.reasons:
        changed |= np.array([new != old for new, old in zip(said.reasons, known.reasons, strict=True)])
    return changed


def _differs(new: NDArray[np.float64], old: NDArray[np.float64]) -> NDArray[np.bool_]:
    # NaN, no opinion, is the only number that is not itself.
    differing: NDArray[np.bool_] = (new != old) & ((new == new) | (old == old))
    return differing
