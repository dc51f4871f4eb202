"""Opening a history: every file looked at, judged row by row, and found to fit the others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from store.data_fault import DataFault
from store.history_checks import Span, examined, usual_step_ms, utc
from store.history_columns import FileKind
from store.history_inputs import DAY_MS, InputPart, inputs_of, skew_of, spot_of
from store.history_names import BAR_SIZES_MS, bar_ms_in, bar_name, coin_in, symbol_in
from store.history_part import Part, file_stat
from store.history_paths import SUFFIXES, Candidate
from store.history_source import Source, open_source, reading, settled, text_literal, typed
from store.history_venues import VenuePart, Venues, by_venue, is_spot_beside
from store.symbols import base_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROWS_THAT_SHOW_A_SIZE = 50
_BESIDE = (FileKind.VALUES, FileKind.CHAIN)
_EVERY = "EVERY"
"""What a file of inputs without a symbol is said to hold."""
_BAR_FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Opened:
    """The files that make a market, and what an operator should know about the files named."""

    symbols: tuple[str, ...]
    bar_ms: int
    bars: tuple[Part, ...]
    funding: tuple[Part, ...]
    venues: tuple[VenuePart, ...]
    inputs: tuple[InputPart, ...]
    notices: tuple[str, ...]


class Opening:
    """One opening under way: `wanted` are the symbols to use (none: all), `bar_ms` the size asked for, if any.

    `stack` is given what must be closed when the history is.
    """

    def __init__(
        self, connection: DuckDBPyConnection, stack: ExitStack, wanted: Sequence[str], bar_ms: int | None
    ) -> None:
        self._connection = connection
        self._stack = stack
        self._wanted = tuple(wanted)
        self._asked_ms = bar_ms
        self._notices: list[str] = []
        self._nearly_bars: list[Source] = []

    def open(self, files: Sequence[Candidate]) -> Opened:
        """Raises DataFault at the first file that cannot be used or does not fit the others."""
        sources = self._sources(files)
        bar_files = [source for source in sources if source.kind is FileKind.BARS]
        if not bar_files and self._nearly_bars:
            raise _missing(self._nearly_bars[0])
        if not bar_files:
            names = _listed([file.path.name for file in files])
            raise DataFault(
                f"{names}: no bars{' of ' + _listed(self._wanted) if self._wanted else ''} in there"
            )
        bar_files, beside = self._traded_sizes(bar_files)
        bar_ms = self._one_size(bar_files)
        bars = [part for source in bar_files if (part := self._part(source, bar_ms)) is not None]
        spot = [part for part in bars if is_spot_beside(part, bars)]
        bars = [part for part in bars if part not in spot]
        symbols = self._symbols(bars, bar_files)
        self._compare(bars, _BAR_FIELDS)
        self._notice_bars(bars, symbols)
        venues = self._venues([*(s for s in sources if s.kind is FileKind.FUNDING), *beside], bars, symbols)
        self._compare(venues.traded, ("funding_rate",))
        inputs = [spot_of(part, symbols, bar_ms) for part in spot]
        inputs += self._inputs([source for source in sources if source.kind in _BESIDE], symbols)
        return Opened(
            symbols, bar_ms, tuple(bars), venues.traded, venues.others, tuple(inputs), tuple(self._notices)
        )

    def _traded_sizes(self, sources: Sequence[Source]) -> tuple[list[Source], list[Source]]:
        """Bars to trade, and bars of perpetual futures of another size, which stand beside them for their rates."""
        rates = [source for source in sources if source.columns.has("funding_rate") and not source.is_panel]
        plain = [source for source in sources if source not in rates]
        if not plain:
            return list(sources), []
        size_ms = self._asked_ms or self._size(plain[0])
        beside = [source for source in rates if self._own_size(source) not in (None, size_ms)]
        return [source for source in sources if source not in beside], beside

    def _venues(self, sources: Sequence[Source], bars: Sequence[Part], symbols: Sequence[str]) -> Venues:
        """The files of rates by venue; a notice about rates nobody can use."""
        parts = [part for source in sources if (part := self._part(source, None, whole=True)) is not None]
        venues = by_venue(parts, bars, symbols)
        coins = {base_of(symbol) for symbol in symbols}
        for part in parts:
            strangers = sorted(name for name in part.spans if base_of(name) not in coins)
            if strangers:
                self._notices.append(f"{part.name}: left out, no bars of {_listed(strangers)}")
            elif part.name in venues.unused:
                self._notices.append(f"{part.name}: left out, nothing here reads its rates")
        return venues

    def _inputs(self, sources: Sequence[Source], symbols: Sequence[str]) -> list[InputPart]:
        """The files of inputs, each with whom it serves; a notice about one that serves nobody."""
        found: list[InputPart] = []
        for source in sources:
            part = self._part(source, None, whole=True)
            step_ms = usual_step_ms(self._connection, source) or DAY_MS
            served: list[InputPart] = []
            if part is not None and source.kind is FileKind.CHAIN:
                served = skew_of(part, symbols)
            elif part is not None:
                served = inputs_of(part, symbols, step_ms)
            if not served:
                self._notices.append(f"{source.path.name}: left out, no input of {_listed(symbols)}")
            found += served
        return found

    def _sources(self, files: Iterable[Candidate]) -> list[Source]:
        """Every file with bars or funding rates of a wanted symbol, ready to be read."""
        sources: list[Source] = []
        passed_over: list[str] = []
        for file in files:
            is_readable = file.path.suffix.lower() in SUFFIXES
            source = open_source(self._connection, file.path) if is_readable else Source(file.path)
            if source.kind is FileKind.OTHER and not file.is_named:
                passed_over.append(file.path.name)
                self._nearly_bars += [source] if source.columns.has("close") else []
                continue
            if source.columns.missing():
                raise _missing(source)
            symbol = "" if source.is_panel else self._symbol_of(source)
            if self._may_serve(source, symbol):
                source, descriptor = settled(self._connection, typed(self._connection, source, symbol))
                if descriptor is not None:
                    self._stack.callback(os.close, descriptor)
                sources.append(source)
        if passed_over:
            self._notices.append(f"passed over, without bars or funding rates: {_listed(passed_over)}")
        return sources

    def _may_serve(self, source: Source, symbol: str) -> bool:
        """Whether a file may be of use: bars of a wanted symbol, rates of its coin, or inputs."""
        if not self._wanted or source.is_panel or source.kind in _BESIDE or symbol in self._wanted:
            return True
        coins = {base_of(name) for name in self._wanted}
        return source.columns.has("funding_rate") and base_of(symbol) in coins

    def _symbol_of(self, source: Source) -> str:
        if source.kind in _BESIDE:
            return symbol_in(source.path.stem) or coin_in(source.path.stem) or _EVERY
        symbol = symbol_in(source.path.stem)
        if symbol is None and len(self._wanted) == 1:
            symbol = self._wanted[0]
        if symbol is None:
            raise source.fault(
                "no symbol in its name or columns: name it like BTCUSDT-1h.csv, or pass --symbols BTCUSDT"
            )
        return symbol

    def _one_size(self, sources: Sequence[Source]) -> int:
        """The bar size of all files in milliseconds."""
        sizes: dict[int, list[str]] = {}
        for source in sources:
            size_ms = self._size(source)
            if self._asked_ms not in (None, size_ms):
                raise source.fault(
                    f"holds {bar_name(size_ms)} bars, and run.bar is {bar_name(self._asked_ms or 0)}"
                )
            sizes.setdefault(size_ms, []).append(source.path.name)
        if len(sizes) > 1:
            by_size = "; ".join(
                f"{bar_name(size)}: {_listed(names)}" for size, names in sorted(sizes.items())
            )
            raise DataFault(f"bars of different sizes, pass files of one size: {by_size}")
        return next(iter(sizes))

    def _size(self, source: Source) -> int:
        return bar_ms_in(source.path.stem) or self._asked_ms or self._size_by_rows(source)

    def _own_size(self, source: Source) -> int | None:
        return bar_ms_in(source.path.stem) or usual_step_ms(self._connection, source)

    def _size_by_rows(self, source: Source) -> int:
        step_ms = usual_step_ms(self._connection, source)
        if step_ms in BAR_SIZES_MS.values():
            return step_ms or 0
        raise source.fault(
            "no bar size in its name or rows: name it like BTCUSDT-1h.csv, or pass --set run.bar=1h"
        )

    def _part(self, source: Source, bar_ms: int | None, whole: bool = False) -> Part | None:
        """The file judged row by row; None where it holds no wanted symbol, unless the `whole` of it is."""
        spans = {span.symbol: span for span in examined(self._connection, source, bar_ms)}
        if bar_ms is not None:
            _check_step(source, spans.values(), bar_ms)
        anything = whole or not self._wanted
        wanted = {name: span for name, span in spans.items() if anything or name in self._wanted}
        if not wanted:
            return None
        try:
            with source.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise source.fault(f"cannot be read: {error.strerror}") from None
        return Part(source, wanted, digest, file_stat(source))

    def _symbols(self, bars: Sequence[Part], sources: Sequence[Source]) -> tuple[str, ...]:
        held = sorted({name for part in bars for name in part.spans})
        lacking = [name for name in self._wanted if name not in held]
        if lacking:
            names = _listed([source.path.name for source in sources])
            raise DataFault(f"{names}: no bars of {_listed(lacking)} in there")
        return self._wanted or tuple(held)

    def _notice_bars(self, bars: Sequence[Part], symbols: Sequence[str]) -> None:
        closes = [part.source.path.name for part in bars if part.source.columns.is_close_only]
        if closes:
            self._notices.append(
                f"only closes, so stops and limits see nothing between them: {_listed(closes)}"
            )
        still = [
            name for name in symbols if not any(p.spans[name].traded_rows for p in bars if name in p.spans)
        ]
        if still:
            self._notices.append(f"no volume at all, so nothing will fill: {_listed(still)}")

    def _compare(self, parts: Sequence[Part], fields: Sequence[str]) -> None:
        """Where two files hold the same bar of the same symbol they must agree."""
        for one, other in combinations(parts, 2):
            for name in one.spans.keys() & other.spans.keys():
                first_ms = max(one.spans[name].first_ms, other.spans[name].first_ms)
                last_ms = min(one.spans[name].last_ms, other.spans[name].last_ms)
                if first_ms <= last_ms:
                    self._compare_rows(one.source, other.source, name, (first_ms, last_ms), fields)

    def _compare_rows(
        self, one: Source, other: Source, symbol: str, span_ms: tuple[int, int], fields: Sequence[str]
    ) -> None:
        span = f"symbol = {text_literal(symbol)} AND ts BETWEEN {span_ms[0]} AND {span_ms[1]}"
        differs = " OR ".join(f"one.{name} <> other.{name}" for name in fields)
        with reading(one), reading(other):
            row = self._connection.execute(
                f"SELECT one.rn, other.rn, ts FROM (SELECT * FROM ({one.table}) WHERE {span}) AS one "
                f"JOIN (SELECT * FROM ({other.table}) WHERE {span}) AS other USING (ts) "
                f"WHERE {differs} ORDER BY ts LIMIT 1"
            ).fetchone()
        if row is not None:
            raise one.fault(f"{symbol} at {utc(row[2])} differs from row {row[1]} of {other.path}", row[0])


def _missing(source: Source) -> DataFault:
    lacking, held = ", ".join(source.columns.missing()), _listed(source.columns.names)
    return source.fault(f"has no column {lacking}; it has {held}")


def _check_step(source: Source, spans: Iterable[Span], bar_ms: int) -> None:
    """Raise DataFault where a file's bars lie further apart than bars of the size it is said to have."""
    for span in spans:
        if span.rows >= _ROWS_THAT_SHOW_A_SIZE and span.step_ms is not None and span.step_ms > bar_ms:
            held, said = bar_name(span.step_ms), bar_name(bar_ms)
            raise source.fault(f"holds {held} bars, and {said} bars were expected")


def _listed(names: Sequence[str]) -> str:
    """Up to four names and how many more there are."""
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
