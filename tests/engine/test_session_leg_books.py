"""Signals that hold several instruments, in shadow in a running engine: what each would have earned, wherever it was
interrupted, and why it is not known where a leg has no price."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.config import Configuration, load_config
from engine.feeds.choose import open_feed
from engine.feeds.feed import CLOSE
from engine.session import Session
from engine.snapshot import Snapshot
from store.check import check
from tests.engine.session_runs import engine, rows, run
from tests.engine.test_missing_inputs import START, market
from tests.engine.test_session_options import EVERY, INCOME, STRADDLE
from tests.engine.test_shadow_lane import followed

if TYPE_CHECKING:
    from engine.machine import Machine

SIX = ("A4", "A7", "A8", "A9", "C7", "C8")
FLAGS = {
    "run__symbols": "BTCUSDT,ETHUSDT",
    "signals__shadow": "on",
    "sim__start": "2024-04-15",
    "sim__history_days": "60",
    # So that all of them have something to say from the first bar on.
    **{f"signals__{name}__dead_band": "0" for name in ("A9", "C7", "C8")},
    **{f"signals__{name}__cost_bps": "0" for name in ("A4", "A7", "A8")},
}
BARS, HOUR_MS, CAPITAL = 26, 3_600_000, 100_000.0
EARNED = "SELECT signal, bars, pnl, gross_pnl, cost, turnover FROM followed_days ORDER BY day_ms, signal"


async def test_all_six_show_what_they_would_have_earned_in_one_run_as_in_parts(tmp_path: Path) -> None:
    one, parts = tmp_path / "one.db", tmp_path / "parts.db"
    await run(one, BARS, **FLAGS)
    for bars in (5, 11, 10):
        await run(parts, bars, **FLAGS)
    assert followed(parts) == followed(one)
    told = {name: numbers for name, *numbers in rows(one, EARNED) if name in SIX}
    assert tuple(told) == SIX
    for name, (bars, pnl, gross, cost, turnover) in told.items():
        assert bars == 24, name
        assert pnl == gross - cost, name
        assert gross != 0.0, name
        assert 0.0 < cost < 0.05 * turnover < 0.02, name
    assert not rows(one, "SELECT symbol FROM instruments WHERE kind = 'option'"), (
        "none is listed to be traded"
    )
    assert check(one).findings == ()


class Looked(Session):
    """Keeps the picture of when those that follow had come to the last decision."""

    picture: Snapshot | None = None

    async def _let_followers_finish(self, machine: Machine) -> None:
        await super()._let_followers_finish(machine)
        self.picture = self.snapshot()


async def no_books(session: Looked) -> dict[str, str]:
    await session.run()
    assert session.picture is not None
    return {row.name: row.no_book for row in session.picture.weights if row.followed}


async def test_the_pane_knows_a_book_of_each(tmp_path: Path) -> None:
    configuration = engine(tmp_path / "x.db", run__bars="2", **FLAGS).configuration
    told = await no_books(Looked(configuration, tmp_path / "x.db"))
    assert [told[name] for name in SIX] == [""] * len(SIX)


async def test_where_a_leg_has_no_price_there_is_no_book_and_it_is_said(tmp_path: Path) -> None:
    flags: dict[str, str | list[str]] = {"run.mode": "replay", "run.speed": "max", "run.timerange": START}
    flags |= {"run.bars": "6", "run.data": market(tmp_path), "signals.shadow": "on"}
    told = await no_books(Looked(load_config(None, {}, flags, {}), tmp_path / "x.db"))
    assert {name: told[name] for name in SIX} == {
        "A4": "no price for its legs: spot and perpetual of one coin",
        "A7": "no price for its legs: spot and future of one coin",
        "A8": "no price for its legs at other venues",
        "A9": "no price for its legs: options are not listed",
        "C7": "no price for its legs: options are not listed",
        "C8": "no price for its legs: options are not listed",
    }
    assert told["B1"] == ""


def closes_before(configuration: Configuration) -> dict[str, list[float]]:
    """Of everything listed, the close before each bar of the day."""
    feed = open_feed(configuration, options=True)
    block = feed.read(feed.start_ms - feed.bar_ms, 24)
    assert block.legs is not None
    symbols = (*feed.symbols, *(leg.symbol for leg in feed.legs))
    return dict(zip(symbols, np.hstack((block.close, block.legs[CLOSE])).T.tolist(), strict=True))


@pytest.mark.parametrize("flags", [STRADDLE, INCOME, EVERY], ids=["straddle", "income", "all three"])
async def test_what_the_account_earned_in_options_falls_to_the_signals_that_hold_them(
    tmp_path: Path, flags: dict[str, str]
) -> None:
    """All that it earned in a day from close to close: its profit but for funding, fees, and what fills cost over the
    close before them."""
    database = tmp_path / "x.db"
    configuration = engine(database, run__bars="24", **flags).configuration
    await Session(configuration, database).run()
    before, cost = closes_before(configuration), 0.0
    for symbol, side, price, quantity, ts_ms in rows(
        database, "SELECT symbol, side, price, quantity, ts_ms FROM fills"
    ):
        bar = (ts_ms - configuration.sim.start_ms) // HOUR_MS
        cost += (1 if side == "buy" else -1) * float(quantity) * (float(price) - before[symbol][bar])
    totals = "SELECT equity, fees, funding FROM equity ORDER BY ts_ms DESC LIMIT 1"
    ((equity, fees, funding),) = rows(database, totals)
    earned = float(equity) - CAPITAL + float(fees) - float(funding) + cost
    ((attributed,),) = rows(database, "SELECT sum(attribution) FROM signal_days")
    assert attributed * CAPITAL == pytest.approx(earned, rel=0.01)
    assert earned > 0.0
