"""The signals in shadow read once, at the last close of a run that nobody follows: what each says, what it lacks."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine import kernel_cache
from engine.market import BAR_NAMES, DAY_MS, bars_to_remember, inputs_to_keep
from engine.reading_log import ReadingLog
from engine.refold import ENDS, FoldFault
from engine.signal_state import missing_words
from store import followed
from store.journal import Journal
from store.query import read_only
from strategies.evaluate import evaluate, unknown_inputs
from strategies.panel import Panel
from strategies.signal import TAKER_BUY_VOLUME, Signal
from strategies.track_record import TrackRecord

if TYPE_CHECKING:
    from engine.feeds.feed import BarBlock, Feed

BLOCK_BARS = 1_024
SPARE_DAYS = 14
"""Before the longest window: what fills a gap lies before it."""


def read_once(
    feed: Feed,
    database: Path,
    journal: Journal,
    signals: Sequence[Signal],
    now_ms: int,
    stopped: threading.Event,
) -> list[tuple[str, str]]:
    """Gather what the signals say at the close `now_ms`; the names of those that lack inputs everywhere, and which, in
    words. Blocking. Raises FoldFault once it is `stopped`, DataFault, StoreError."""
    needed = kernel_cache.needed_by(name for each in signals for name in each.modules)
    # Nothing is traded any more that a compiler could take the processor from.
    kernel_cache.warm_beside(needed, stopped, os.getpriority(os.PRIO_PROCESS, 0))
    _heed(stopped)
    panel = _panel(feed.beside(), signals, now_ms, stopped)
    record = past_record(feed.beside(), signals, now_ms, stopped)
    readings = record.applied(evaluate(signals, panel))
    names = [signal.name for signal in signals]
    log = ReadingLog(journal, names, feed.symbols)
    with read_only(database) as connection:
        log.restore(followed.readings_of(connection, names, now_ms), (-1,) * len(names))
    log.write(readings, now_ms)
    lacking = []
    for signal, fault in zip(signals, readings.faults, strict=True):
        if fault:
            lacking.append((signal.name, f"it failed and has no opinion: {fault}"))
        bars = int(panel.frame(signal.bar).count.max(initial=0))
        if words := missing_words(bars, unknown_inputs(signal, panel)):
            lacking.append((signal.name, words))
    return lacking


def past_record(feed: Feed, signals: Sequence[Signal], now_ms: int, stopped: threading.Event) -> TrackRecord:
    """The trades of the rules among the signals, from the feed's first bar to before the bar each reads last."""
    record = TrackRecord(signals, len(feed.symbols))
    rules = [signals[row] for row in record.rules]
    if not rules:
        return record
    more = bars_to_remember(rules, {BAR_NAMES[feed.bar_ms]: max(DAY_MS // feed.bar_ms, 1), "1d": 1})
    panel = Panel(feed.symbols, feed.bar_ms, more.pop("1d"), more, inputs_to_keep(rules))
    value, open_ms = np.full((len(signals), len(feed.symbols)), np.nan), feed.first_open_ms
    while open_ms < now_ms:
        _heed(stopped)
        ends_ms = min((open_ms // DAY_MS + 1) * DAY_MS, now_ms)
        block = feed.read(open_ms, (ends_ms - open_ms) // feed.bar_ms)
        if not len(block):
            break
        _extend(panel, block)
        open_ms = block.first_open_ms + len(block) * block.bar_ms
        if open_ms % DAY_MS == 0:
            value[record.rules] = evaluate(rules, panel, open_ms).value
            ended = [
                row for row in record.rules if open_ms < now_ms // signals[row].bar_ms * signals[row].bar_ms
            ]
            record.close_day(value, panel.last_close, ended)
    return record


def _heed(stopped: threading.Event) -> None:
    if stopped.is_set():
        raise FoldFault(ENDS)


def _extend(panel: Panel, block: BarBlock) -> None:
    inputs = dict(block.inputs)
    panel.extend(
        block.first_open_ms, block.open, block.high, block.low, block.close, block.volume,
        inputs.get(TAKER_BUY_VOLUME), inputs=inputs,
    )  # fmt: skip


def _panel(feed: Feed, signals: Sequence[Signal], now_ms: int, stopped: threading.Event) -> Panel:
    """As much of the past as any of the signals looks back on, whole UTC days of it."""
    more = bars_to_remember(signals, {BAR_NAMES[feed.bar_ms]: max(DAY_MS // feed.bar_ms, 1), "1d": 1})
    days = max((signal.window * signal.bar_ms for signal in signals), default=0) // DAY_MS + SPARE_DAYS
    panel = Panel(feed.symbols, feed.bar_ms, more.pop("1d"), more, inputs_to_keep(signals))
    open_ms = max(feed.first_open_ms, (now_ms // DAY_MS - days) * DAY_MS)
    while open_ms < now_ms:
        _heed(stopped)
        block = feed.read(open_ms, min(BLOCK_BARS, (now_ms - open_ms) // feed.bar_ms))
        if not len(block):
            break
        _extend(panel, block)
        open_ms += len(block) * feed.bar_ms
    return panel
