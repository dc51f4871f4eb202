"""Funding rates of several venues: whose are settled on the positions, and whose only stand beside them.

The venue traded is that of the bars, by the names of the files; a file of rates that names none is of it. Other venues
are known by the coin, since each writes its contracts in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from store.history_columns import FileKind
from store.history_names import is_perpetual, venue_in
from store.history_part import Part
from store.symbols import base_of

SLOTS = (2, 3)
"""The numbers of the other venues a signal can read."""


@dataclass(frozen=True, slots=True)
class VenuePart:
    """Rates of a venue that is not traded: `slots` from its own symbols to (index of the market's, number of the
    venue) pairs."""

    part: Part
    slots: Mapping[str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class Venues:
    """Rates settled on the positions, those of other venues, and the names of files that serve nobody."""

    traded: tuple[Part, ...]
    others: tuple[VenuePart, ...]
    unused: tuple[str, ...]


def by_venue(rates: Sequence[Part], bars: Sequence[Part], symbols: Sequence[str]) -> Venues:
    """Divide files of rates."""
    chosen = {symbol: _chosen(symbol, rates, bars) for symbol in symbols}
    traded = []
    for part in rates:
        spans = {name: span for name, span in part.spans.items() if part in chosen.get(name, ())}
        if spans:
            traded.append(replace(part, spans=spans))
    others: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for place, symbol in enumerate(symbols):
        for number, row, name in _beside(symbol, rates, chosen[symbol]):
            others.setdefault(row, {}).setdefault(name, []).append((place, number))
    used = {part.name for part in traded} | {rates[row].name for row in others}
    return Venues(
        tuple(traded),
        tuple(
            VenuePart(rates[row], {name: tuple(pairs) for name, pairs in slots.items()})
            for row, slots in sorted(others.items())
        ),
        tuple(part.name for part in rates if part.name not in used),
    )


def _chosen(symbol: str, rates: Sequence[Part], bars: Sequence[Part]) -> list[Part]:
    """The files whose rates are settled on positions in `symbol`: one venue's, and bars with rates only without any."""
    homes = {venue_in(part.stem) for part in bars if symbol in part.spans}
    held = [part for part in rates if symbol in part.spans]
    files = [part for part in held if part.source.kind is FileKind.FUNDING]
    venues = sorted({venue_in(part.stem) for part in files})
    venue = next((name for name in (*sorted(homes), "", *venues) if name in venues), None)
    if venue is not None:
        return [part for part in files if venue_in(part.stem) == venue]
    return [part for part in held if venue_in(part.stem) in homes]


def _beside(symbol: str, rates: Sequence[Part], chosen: Sequence[Part]) -> list[tuple[int, int, str]]:
    """(number, index into `rates`, symbol there) of the other venues of the same coin, other exchanges first."""
    own = {venue_in(part.stem) for part in chosen}
    homes = {venue.split()[0] for venue in own if venue}
    coin = base_of(symbol)
    found: dict[tuple[bool, bool, str], list[tuple[int, str]]] = {}
    for row, part in enumerate(rates):
        venue = venue_in(part.stem)
        for name in part.spans:
            if base_of(name) == coin and venue and venue not in own:
                exchange, *contract = venue.split()
                found.setdefault((exchange in homes, bool(contract), venue), []).append((row, name))
    return [
        (number, row, name)
        for number, (_, files) in zip(SLOTS, sorted(found.items()), strict=False)
        for row, name in files
    ]


def is_spot_beside(part: Part, bars: Sequence[Part]) -> bool:
    """Whether bars are the spot market of a symbol whose perpetual future is there too, at the same time."""
    if part.source.is_panel or is_perpetual(part.stem):
        return False
    return any(
        is_perpetual(other.stem)
        and other.spans[name].first_ms <= span.last_ms
        and span.first_ms <= other.spans[name].last_ms
        for other in bars
        for name, span in part.spans.items()
        if name in other.spans
    )
