"""A coin that falls to a hundred-thousandth of its price is traded at the prices it had, rounded against us."""

from __future__ import annotations

import random
from decimal import Decimal
from math import exp
from pathlib import Path

import numpy as np
import pytest

from engine.feeds.replay import open_replay
from engine.valuation import Valuation, mark_price
from store.records import Position
from tests.crash.books import compare
from tests.engine.daily_files import DAYS, day, write_market
from tests.engine.feeds.market_files import APRIL, DAY_MS, write_csv
from tests.engine.session_runs import rows, run

COLLAPSE, AFTER = DAYS - 60, 60
BOTTOM = 0.0003
FILLS = "SELECT ts_ms, side, price, maker FROM fills WHERE symbol = 'LUNAUSDT' ORDER BY sequence"


def collapsing(draw: random.Random) -> list[dict[str, float]]:
    """Daily bars of a coin that rises in steps of .001 and opens at `BOTTOM` one day, where it stays about."""
    close, bars = 60.0, []
    for index in range(DAYS):
        falls = index == COLLAPSE
        opened = BOTTOM if falls else close
        close = opened * exp(draw.gauss(0.004 if index < COLLAPSE else 0.0, 0.02))
        prices = (opened, max(opened, close) * 1.01, min(opened, close) * 0.99, close)
        digits = 3 if index < COLLAPSE else 7
        opened, high, low, close = (round(price, digits) for price in prices)
        bars.append(
            {
                "ts": APRIL + index * DAY_MS,
                "open": opened,
                "high": high,
                "low": low,
                "close": close,
                "volume": 1e9,
            }
        )
    return bars


@pytest.mark.parametrize("short", ["true", "false"])
async def test_what_is_held_through_a_collapse_is_sold_at_no_better_than_the_market(
    tmp_path: Path, short: str
) -> None:
    (tmp_path / "data").mkdir()
    data = write_market(tmp_path / "data", {"BTCUSDT": DAYS, "ETHUSDT": DAYS})
    bars = collapsing(random.Random(5))
    write_csv(tmp_path / "data" / "LUNAUSDT-1d.csv", bars)
    database = tmp_path / "x.db"
    await run(
        database,
        60 + AFTER,
        run__mode="replay",
        run__data=data,
        run__symbols="",
        run__timerange=day(COLLAPSE - 60),
        risk__allow_short=short,
    )

    by_day = {row["ts"]: row for row in bars}
    after = 0
    for ts_ms, side, price, maker in rows(database, FILLS):
        bar, sign = by_day[ts_ms // DAY_MS * DAY_MS], 1 if side == "buy" else -1
        after += bar["ts"] >= APRIL + COLLAPSE * DAY_MS
        # A taker pays from the open on, whatever triggered it; what rested fills inside the bar.
        market = bar["open"] if not maker else bar["low"] if side == "buy" else bar["high"]
        assert (Decimal(price) - Decimal(repr(market))) * sign >= 0, (ts_ms, side, price, bar)
        assert Decimal(price) >= Decimal(repr(bar["low"])) / 2, (ts_ms, side, price, bar)
    assert after
    assert compare(database) == []


def test_a_collapsed_coin_is_marked_at_its_closes(tmp_path: Path) -> None:
    bars = collapsing(random.Random(5))
    (instrument,) = open_replay([str(write_csv(tmp_path / "LUNAUSDT-1d.csv", bars))]).instruments
    held = {"LUNAUSDT": Position("LUNAUSDT", Decimal(1000), Decimal(60_000), opened_ts_ms=APRIL)}
    valuation = Valuation([instrument])
    for row in bars:
        assert mark_price(instrument, row["close"]) == Decimal(repr(row["close"]))
        assert valuation.worth(held, np.array([row["close"]])).gross == pytest.approx(1000 * row["close"])
