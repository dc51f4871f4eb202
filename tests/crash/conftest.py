"""A warm parent for lives, and the market they live in: recorded bars where they are at hand, the embedded one else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.crash.life import Flags
from tests.crash.lives import Career, Nursery

SIM: Flags = {
    "run.speed": "max",
    "run.symbols": "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT",
    "sim.history_days": "440",
    # Only lives about them wait for the signals that follow the decisions.
    "signals.shadow": "off",
}
COINS = ("ADA", "BTC", "ETH", "SOL")

Start = Callable[..., Career]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    parent = Nursery()
    yield parent
    parent.close()


@pytest.fixture
def start(nursery: Nursery, tmp_path: Path) -> Start:
    """A new career in the embedded market: `start(name, bars, **flags)`; flags write `__` for the dot."""

    def begin(name: str, bars: int, **flags: str) -> Career:
        return Career(nursery, tmp_path / f"{name}.db", SIM | dotted(flags), bars)

    return begin


@pytest.fixture
def start_recorded(nursery: Nursery, tmp_path: Path, request: pytest.FixtureRequest) -> Start:
    """The same on recorded hours of four coins, from the day `first_day` on; embedded where they are not at hand."""

    def begin(name: str, bars: int, first_day: str, **flags: str) -> Career:
        market = recorded(request, first_day)
        return Career(nursery, tmp_path / f"{name}.db", market | dotted(flags), bars)

    return begin


def dotted(flags: Mapping[str, str | list[str]]) -> Flags:
    return {key.replace("__", "."): value for key, value in flags.items()}


def recorded(request: pytest.FixtureRequest, first_day: str) -> Flags:
    try:
        folder = request.getfixturevalue("data_folder")
    except pytest.skip.Exception:
        return SIM
    files = [str(folder / f"ohlcv_binance_{coin}USDT_1h_2021-2023.parquet") for coin in COINS]
    replay: Flags = {"run.mode": "replay", "run.speed": "max", "signals.shadow": "off"}
    return replay | {"run.data": files, "run.timerange": f"{first_day}-"}
