"""Signals stand apart: one that is removed, listed elsewhere or crashes, and an input that falls silent, change nothing
of the others but the weights, which are normalised anew among those that are left."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.config import load_config
from engine.feeds.feed import BarBlock
from engine.feeds.simulated import SimulatedFeed
from store.digest import digest
from store.records import SignalClass
from strategies.registry import BUILT_IN
from strategies.signal import KernelResult, Signal
from tests.engine.session_runs import SMALL, ScriptedSession, rows

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

Readings = dict[str, list[tuple[Any, ...]]]
Flags = dict[str, str | list[str]]

KINDS = {kind.name: kind.build(kind.settings()) for kind in BUILT_IN}
WEIGHTS = {name: round(0.05 + 0.01 * place, 2) for place, name in enumerate(KINDS)}
ON = {f"signals__{name}__enabled": "true" for name in KINDS} | {
    f"signals__{name}__weight": str(weight) for name, weight in WEIGHTS.items()
}
SIX = {"run__symbols": "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT,ADAUSDT,DOGEUSDT", "sim__history_days": "110"}
SMALL_CROSS = {"signals__A6__fewest": "3", "signals__C6__window": "100", "signals__C6__fewest": "5"}
SIM: Flags = {**SIX, **SMALL_CROSS, **ON}
COINS = ("ADA", "BTC", "ETH", "SOL", "XRP", "LTC")
BARS = 26
SOME = ("B12", "A6", "A12")
"""One of each class, which speaks in so short a past."""
WARMING_UP = frozenset({"A1", "A2", "A3", "A5", "A11", "B3", "B4", "C1", "C2", "C3", "C5"})
"""What needs a longer past than that, and has no opinion to lose when it crashes."""
READINGS = "SELECT * FROM readings ORDER BY signal, ts_ms"
SILENT_INPUT = "funding_rate"


class WatchedSession(ScriptedSession):
    """Remembers what the weights in force were last."""

    shares: dict[str, float]

    async def _pace(self, machine: Machine, row: Row) -> bool:
        if machine.book.decisions:
            picture = self.snapshot()
            assert picture is not None
            self.shares = {shown.name: shown.weight for shown in picture.weights if shown.state == "on"}
        return await super()._pace(machine, row)


async def lived(database: Path, flags: Flags) -> tuple[Readings, dict[str, float]]:
    """What each signal said, cell by cell as it was stored, and the shares in force at the end."""
    chosen = SMALL | {key.replace("__", "."): value for key, value in flags.items()} | {"run.bars": str(BARS)}
    session = WatchedSession(load_config(None, {}, chosen, {}), database, {})
    await session.run()
    readings: Readings = defaultdict(list)
    for signal, *cells in rows(database, READINGS):
        readings[signal].append(tuple(cells))
    return readings, session.shares


def without(readings: Readings, *names: str) -> Readings:
    return {name: said for name, said in readings.items() if name not in names}


def shares_without(*names: str) -> dict[str, float]:
    """The configured weights of the signals that are left, each over the sum of its class."""
    left = {name: weight for name, weight in WEIGHTS.items() if name not in names}
    sums: dict[SignalClass, float] = defaultdict(float)
    for name, weight in left.items():
        sums[KINDS[name].signal_class] += weight
    return {name: weight / sums[KINDS[name].signal_class] for name, weight in left.items()}


def recorded(folder: Path) -> Flags:
    """Recorded hours of six coins."""
    files = [folder / f"ohlcv_binance_{coin}USDT_1h_2021-2023.parquet" for coin in COINS]
    if absent := [file.name for file in files if not file.exists()]:
        pytest.skip(f"{folder} has no {', '.join(absent)}")
    return {
        **SMALL_CROSS,
        **ON,
        "run__mode": "replay",
        "run__data": [str(file) for file in files],
        "run__symbols": ",".join(f"{coin}USDT" for coin in COINS),
        "run__timerange": "20220701-",
    }


EVERY = [pytest.param(name, marks=() if name in SOME else pytest.mark.slow) for name in KINDS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[Readings, dict[str, float]]:
    """Every signal on, none disturbed."""
    return asyncio.run(lived(folder / "whole.db", SIM))


def test_every_signal_is_heard_and_the_weights_are_those_configured(
    whole: tuple[Readings, dict[str, float]],
) -> None:
    readings, shares = whole
    assert readings.keys() == KINDS.keys()
    assert shares == pytest.approx(shares_without())


@pytest.mark.parametrize("name", EVERY)
async def test_a_signal_that_is_removed_leaves_the_others_as_they_were(
    whole: tuple[Readings, dict[str, float]], tmp_path: Path, name: str
) -> None:
    readings, shares = await lived(tmp_path / "x.db", SIM | {f"signals__{name}__enabled": "false"})
    assert readings == without(whole[0], name)
    assert shares == pytest.approx(shares_without(name))


async def test_the_order_of_the_configuration_is_of_no_account(
    whole: tuple[Readings, dict[str, float]], folder: Path, tmp_path: Path
) -> None:
    assert await lived(tmp_path / "x.db", dict(reversed(SIM.items()))) == whole
    assert digest(tmp_path / "x.db") == digest(folder / "whole.db")


@pytest.mark.parametrize("name", EVERY)
async def test_a_signal_that_crashes_leaves_the_others_as_they_were(
    whole: tuple[Readings, dict[str, float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run, calls = Signal.run, 0

    def crash(signal: Signal, *windows: Any, **named: Any) -> KernelResult:
        nonlocal calls
        if signal.name == name:
            calls += 1
            if calls > 1:
                raise ArithmeticError("it went wrong")
        return run(signal, *windows, **named)

    monkeypatch.setattr(Signal, "run", crash)
    readings, shares = await lived(tmp_path / "x.db", SIM)
    assert calls > 1
    assert (readings[name] == whole[0][name]) is (name in WARMING_UP)
    assert without(readings, name) == without(whole[0], name)
    assert shares == whole[1]


async def test_an_input_that_falls_silent_is_missed_by_those_who_read_it_alone(
    whole: tuple[Readings, dict[str, float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = SimulatedFeed.read

    def without_it(feed: SimulatedFeed, first_open_ms: int, count: int) -> BarBlock:
        block = read(feed, first_open_ms, count)
        left = {name: known for name, known in block.inputs.items() if name != SILENT_INPUT}
        return replace(block, inputs=left) if first_open_ms >= feed.start_ms else block

    monkeypatch.setattr(SimulatedFeed, "read", without_it)
    readings, shares = await lived(tmp_path / "x.db", SIM)
    readers = [name for name, signal in KINDS.items() if SILENT_INPUT in signal.fields]
    assert readers
    assert any(readings[name] != whole[0][name] for name in readers)
    assert without(readings, *readers) == without(whole[0], *readers)
    assert shares == whole[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_on_recorded_hours_a_signal_that_is_removed_leaves_the_others_as_they_were(
    data_folder: Path, tmp_path: Path
) -> None:
    market = recorded(data_folder)
    readings, _ = await lived(tmp_path / "whole.db", market)
    for name in KINDS:
        left, shares = await lived(tmp_path / f"{name}.db", market | {f"signals__{name}__enabled": "false"})
        assert left == without(readings, name), name
        assert all(share == pytest.approx(shares_without(name)[other]) for other, share in shares.items())
