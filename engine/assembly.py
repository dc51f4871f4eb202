"""A machine is put together: market, database and venue are opened, and what stands on them is built.

Everything that is chosen once, for the life of an engine, is chosen here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine import kernel_cache
from engine.bookstate import BookState
from engine.clock import VirtualClock
from engine.feeds.choose import open_feed
from engine.feeds.feed import Feed
from engine.ledger import Ledger
from engine.machine import Machine
from engine.refold import MakeMarket, Refold
from engine.signal_table import signal_table
from engine.venues.choose import open_venue
from engine.venues.patience import patiently
from store.database import Database
from store.journal import Journal
from strategies.config import check_bar_sizes

if TYPE_CHECKING:
    from engine.config import Configuration
    from engine.venues.choose import TradingVenue
    from strategies.registry import Registry
    from strategies.signal import Signal


async def assemble(
    configuration: Configuration, database_path: Path, opening: asyncio.Lock | None = None
) -> Machine:
    """Open market, database (`opening` is held meanwhile) and venue and build what stands on them. Closes what it
    opened where it fails."""
    registry, known, signals, compile_seconds = await asyncio.to_thread(_ready_signals, configuration)
    feed = await asyncio.to_thread(_open_feed_for, signals, configuration)
    async with opening or asyncio.Lock():
        database = await Database.open(
            database_path,
            mode=configuration.run.mode,
            account=configuration.run.account,
            identity=feed.identity(),
            busy_timeout_ms=configuration.store.busy_timeout_ms,
        )
    try:
        venue = open_venue(configuration, feed, database.path)
        await patiently(venue.open)
    except BaseException:
        await database.close()
        raise
    try:
        return _build(configuration, feed, database, venue, known, signals, registry, compile_seconds)
    except BaseException:
        await venue.close()
        await database.close()
        raise


def _ready_signals(
    configuration: Configuration,
) -> tuple[Registry, tuple[Signal, ...], tuple[Signal, ...], float]:
    """What is installed, the signals that could be switched on, those that are, and the seconds until every kernel
    these need was ready."""
    from engine.signal_folder import known_kinds
    from strategies.config import known_signals

    kernel_cache.prepare()
    installed = known_kinds(configuration.signals)
    known = known_signals(configuration.signals, installed)
    signals = tuple(signal for signal in known if signal.settings.enabled)
    warmth = kernel_cache.warm(kernel_cache.needed_by(name for signal in signals for name in signal.modules))
    return installed, known, signals, warmth.seconds


def _open_feed_for(signals: Sequence[Signal], configuration: Configuration) -> Feed:
    """The market, with what the signals read beside its bars, which must be fine enough for every signal."""
    inputs = {name for signal in signals for name in signal.fields}
    feed = open_feed(configuration, inputs, any(signal.options is not None for signal in signals))
    check_bar_sizes(signals, feed.bar_ms)
    return feed


def _build(
    configuration: Configuration,
    feed: Feed,
    database: Database,
    venue: TradingVenue,
    known_signals: tuple[Signal, ...],
    signals: tuple[Signal, ...],
    registry: Registry,
    compile_seconds: float,
) -> Machine:
    from engine.config import config_hash
    from engine.cost_band import CostBand
    from engine.cycle import BarCycle
    from engine.decision import Decider, Parameters
    from engine.execution import Execution
    from engine.kill import KillSwitch
    from engine.market import MarketState
    from engine.oversight import Oversight
    from engine.selection import Selector
    from engine.tape import Tape
    from engine.weighting import Weighting

    blend = configuration.blend
    parameters = configuration.risk.resolve()
    table, weights = signal_table(signals, cap=blend.signal_cap)
    journal = Journal(database)
    tape = Tape(journal)

    def market_maker(reader: Feed) -> MakeMarket:
        def make_market(chosen: tuple[Signal, ...]) -> MarketState:
            selector = Selector(blend.selector, reader.symbols, chosen) if blend.selector.enabled else None
            return MarketState(reader, chosen, parameters, selector)

        return make_market

    make_market = market_maker(feed)
    market = make_market(signals)
    ledger = Ledger(configuration.run.capital)
    book = BookState()
    oversight = Oversight(feed.instruments, configuration.risk.guards, parameters, journal, tape, feed.legs)
    execution = Execution(venue, journal, lambda order: machine.allowed(order), oversight.rejected)
    decider = Decider(Parameters(table, parameters, blend.rules()), len(feed.symbols))
    passive = configuration.execution.order_type == "limit"
    costs = CostBand(feed.instruments, configuration.venue, parameters) if parameters.cost_band else None
    cycle = BarCycle(
        market, (*feed.instruments, *feed.legs), ledger, execution, journal, book, oversight, decider, parameters,
        weights, tape, passive, blend.rules(), costs,
    )  # fmt: skip
    machine = Machine(
        configuration=configuration,
        feed=feed,
        database=database,
        journal=journal,
        venue=venue,
        clock=VirtualClock(feed.first_open_ms),
        market=market,
        ledger=ledger,
        execution=execution,
        oversight=oversight,
        kill=KillSwitch(venue, execution, journal),
        cycle=cycle,
        tape=tape,
        book=book,
        signals=signals,
        known_signals=known_signals,
        configured_signals=known_signals,
        market_maker=market_maker,
        make_market=make_market,
        refold=Refold(make_market, feed),
        registry=registry,
        weighting=Weighting(blend, feed.bar_ms, journal, tape),
        compile_seconds=compile_seconds,
        config_hash=config_hash(configuration),
    )
    return machine
