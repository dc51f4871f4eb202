"""The market folded from a feed: inputs on their way to the signals, and a signal that fails in a running engine."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.config import load_config
from engine.feeds.feed import BarBlock
from engine.feeds.simulated import SimulatedFeed
from engine.market import MarketState, inputs_to_keep, rows
from strategies.evidence import reversal
from strategies.signal import KernelResult, Reason, Signal
from tests.engine import session_runs
from tests.strategies.fixtures import default_signals
from tests.strategies.toys import CARRY, RANK

HOUR_MS = 3_600_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
SIGNALS = (*default_signals(), CARRY.build(CARRY.settings()), RANK.build(RANK.settings()))


def fed(block: BarBlock) -> BarBlock:
    """The block with inputs of its own."""
    rng = np.random.default_rng(len(block))
    names = ("spot_price", "open_interest", "funding_rate", "taker_buy_volume", "mvrv_z")
    known = {name: rng.uniform(1, 2, block.close.shape) for name in names}
    known["funding_rate"][::3] = np.nan
    return replace(block, inputs=known)


@pytest.fixture(scope="module")
def block() -> BarBlock:
    feed = SimulatedFeed(7, HOUR_MS, history_days=5, symbols=SYMBOLS)
    return fed(feed.read(feed.first_open_ms, 24 * 5))


def market(signals: Sequence[Signal] = SIGNALS) -> MarketState:
    feed = SimulatedFeed(7, HOUR_MS, history_days=5, symbols=SYMBOLS)
    return MarketState(feed, signals, load_config(None, {}, {}, {}).risk.resolve())


def test_only_what_the_signals_read_is_kept() -> None:
    kept = inputs_to_keep(SIGNALS)
    assert kept == {"1d": set(), "1h": {"spot_price", "funding_rate", "open_interest"}}


def test_a_block_and_its_bars_one_by_one_give_the_same_readings(block: BarBlock) -> None:
    at_once, singly = market(), market()
    at_once.extend(block)
    for row in rows(block):
        singly.append(row)
    assert at_once.readings.reasons[3] == (Reason.OK,) * 3
    assert at_once.readings.value.tobytes() == singly.readings.value.tobytes()
    assert at_once.readings.confidence.tobytes() == singly.readings.confidence.tobytes()
    assert at_once._panel.window("taker_buy_volume", 3, "1h")[:, -1].tolist() == [
        *block.inputs["taker_buy_volume"][-1]
    ]


def test_a_market_without_inputs_names_what_is_missing(block: BarBlock) -> None:
    folded = market()
    folded.extend(replace(block, inputs={}))
    assert folded.readings.reasons[3:] == ((Reason.NO_INPUT,) * 3, (Reason.OK,) * 3)
    assert folded.fresh_faults() == []


def raises(*_: object) -> KernelResult:
    raise FloatingPointError("no luck")


def test_a_signal_that_fails_is_told_once_and_changes_no_other(block: BarBlock) -> None:
    broken = (*SIGNALS[:4], replace(SIGNALS[4], kernel=raises))
    sound, other = market(), market(broken)
    sound.extend(block)
    other.extend(block)
    assert other.fresh_faults() == [("RANK", "FloatingPointError: no luck")]
    assert other.fresh_faults() == []
    assert other.readings.value[:4].tobytes() == sound.readings.value[:4].tobytes()
    assert other.readings.reasons[4] == (Reason.BROKEN,) * 3


async def test_an_engine_runs_on_without_a_signal_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reversal, "kernel", raises)
    database = tmp_path / "run.db"
    summary = await session_runs.run(database, 30)
    assert summary.decisions == 30
    told = session_runs.rows(database, "SELECT level, message FROM events WHERE source LIKE 'signals.%'")
    assert told == [("ERROR", "A3 failed and has no opinion: FloatingPointError: no luck")]
