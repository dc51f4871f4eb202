"""Which market a configuration asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.feeds.feed import DataFault, Feed
from store.records import Mode

if TYPE_CHECKING:
    from engine.config import Configuration

DEFAULT_BAR_MS = 3_600_000


def open_feed(configuration: Configuration) -> Feed:
    """The feed of [run]. Blocking: call it off the loop. Raises DataFault."""
    run = configuration.run
    if run.mode is Mode.SIM:
        from engine.feeds.simulated import SimulatedFeed

        feed: Feed = SimulatedFeed(
            run.seed,
            run.bar_ms or DEFAULT_BAR_MS,
            configuration.sim.start_ms,
            configuration.sim.history_days,
            run.symbols or None,
        )
    else:
        from engine.feeds.replay import ReplayFeed

        feed = ReplayFeed(configuration)
    if run.bar_ms is not None and feed.bar_ms != run.bar_ms:
        raise DataFault(
            f"the data has bars of {feed.bar_ms // 60_000} min and [run] bar asks for {run.bar}: leave bar at auto"
        )
    return feed
