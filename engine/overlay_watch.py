"""Overlays in force that fall silent: what they had scaled jumps back to its own size, and nobody should have to find
out. Said once where it happens and once where it ends, over restarts too, because the book remembers who had spoken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.decision import SignalTable
from store.records import SignalClass

if TYPE_CHECKING:
    from engine.market import MarketState

Spoke = dict[str, dict[str, bool]]
"""By overlay in force, of each symbol it ever had an opinion of while it was: whether it has one."""


def overlay_news(market: MarketState, table: SignalTable, spoke: Spoke) -> Iterator[tuple[str, str, str]]:
    """Of the overlays of this table what changed with the newest readings, as (level, signal, words); `spoke` is
    brought up to date."""
    rows = [
        row
        for row, spec in enumerate(table.signals)
        if spec.signal_class is SignalClass.OVERLAY and spec.weight > 0.0
    ]
    for name in spoke.keys() - {table.signals[row].name for row in rows}:
        del spoke[name]
    for row in rows:
        name, known = table.signals[row].name, spoke.setdefault(table.signals[row].name, {})
        speaks = dict(zip(market.symbols, np.isfinite(market.readings.value[row]).tolist(), strict=True))
        lost = [symbol for symbol, before in known.items() if before and not speaks.get(symbol, False)]
        found = [symbol for symbol, before in known.items() if not before and speaks.get(symbol, False)]
        if lost:
            reasons = dict(zip(market.symbols, market.readings.reasons[row], strict=True))
            why = ", ".join(dict.fromkeys(reasons[symbol].value for symbol in lost if symbol in reasons))
            yield (
                "WARN",
                name,
                f"{name} no longer reads {_which(lost, known, 'any')} ({why}): it multiplies by 1 there until it does",
            )
        if found:
            yield (
                "INFO",
                name,
                f"{name} reads {_which(found, known, 'every')} again, and multiplies as it says",
            )
        known |= {symbol: says for symbol, says in speaks.items() if says or symbol in known}


def _which(symbols: Sequence[str], known: dict[str, bool], all_of_them: str) -> str:
    return f"{all_of_them} symbol" if len(symbols) == len(known) > 1 else ", ".join(symbols)
