"""A warm parent for lives, and the market they live in: recorded bars where they are at hand, the embedded one else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.life import Flags
from tests.crash.lives import Career, Nursery

SIM: Flags = {
    "run.speed": "max",
    "run.symbols": "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT",
    "sim.history_days": "440",
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
        chosen = {key.replace("__", "."): value for key, value in flags.items()}
        return Career(nursery, tmp_path / f"{name}.db", SIM | chosen, bars)

    return begin
