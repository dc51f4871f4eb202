"""Which market a configuration asks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.feeds.feed import Feed
from engine.timerange import TimeRange
from store.records import Instrument, Mode

if TYPE_CHECKING:
    from engine.config import Configuration

DEFAULT_BAR_MS = 3_600_000


def open_feed(configuration: Configuration, inputs: Collection[str] = (), options: bool = False) -> Feed:
    """The feed of [run], which says so where it has not all of these `inputs` beside its bars; with `options` where it
    can list them. Blocking: call it off the loop. Raises DataFault."""
    run = configuration.run
    most = Decimal(repr(configuration.risk.leverage))

    def capped(instrument: Instrument) -> Instrument:
        return replace(instrument, leverage=min(instrument.leverage, most))

    if run.mode is Mode.SIM:
        from engine.feeds.simulated import SimulatedFeed
        from strategies.inputs import INPUT_NAMES
        from strategies.signal import TAKER_BUY_VOLUME

        simulated = SimulatedFeed(
            run.seed,
            run.bar_ms or DEFAULT_BAR_MS,
            configuration.sim.start_ms,
            configuration.sim.history_days,
            run.symbols or None,
            # All of them: a signal that is switched on later finds its past.
            (TAKER_BUY_VOLUME, *INPUT_NAMES),
            options or configuration.sim.options,
        )
        simulated.trade_on(lambda listed: capped(configuration.instruments.applied_to(listed)))
        feed: Feed = simulated
    else:
        from engine.feeds.replay import open_replay

        feed = open_replay(
            run.data,
            symbols=run.symbols,
            bar_ms=run.bar_ms,
            timerange=TimeRange.parse(run.timerange),
            config=configuration.replay,
            instruments=configuration.instruments,
            inputs=inputs,
        )
        feed.instruments = tuple(map(capped, feed.instruments))
    return feed
