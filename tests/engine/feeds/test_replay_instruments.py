"""Steps of recorded markets, which nobody wrote down: seen in the prices, or given by an operator."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.config_sections import InstrumentConfig, InstrumentsConfig, ReplayConfig
from engine.feeds.feed import DataFault
from engine.feeds.replay import open_replay
from engine.feeds.replay_instruments import BARS_LOOKED_AT
from store.records import InstrumentKind
from tests.engine.feeds.market_files import APRIL, HOUR_MS, bars, write_csv, write_parquet

STEPS = [
    # first price, decimals, tick, lot
    (57_775.67, 2, "0.01", "0.00001"),
    (1_000.0, 0, "1", "0.001"),
    (999.5, 1, "0.1", "0.001"),
    (1.0, 0, "1", "1"),
    (0.35, 2, "0.01", "1"),
    (0.1, 1, "0.1", "10"),
    (0.00002413, 8, "0.00000001", "10000"),
]


@pytest.mark.parametrize(("price", "decimals", "tick", "lot"), STEPS)
def test_steps_are_inferred_from_prices(
    tmp_path: Path, price: float, decimals: int, tick: str, lot: str
) -> None:
    step = 10.0**-decimals
    rows = [
        {**row, "open": price, "high": round(price + i * step, decimals), "low": price, "close": price}
        for i, row in enumerate(bars(range(3)))
    ]
    (instrument,) = open_replay([str(write_csv(tmp_path / "ABCUSDT-1h.csv", rows))]).instruments
    assert (instrument.tick, instrument.lot, instrument.min_quantity) == (
        Decimal(tick),
        Decimal(lot),
        Decimal(lot),
    )
    assert (instrument.min_notional, instrument.base, instrument.quote) == (Decimal(5), "ABC", "USDT")


def test_decimals_that_come_later_do_not_change_the_tick(tmp_path: Path) -> None:
    rows = bars(range(260))
    rows[230]["high"] += 0.123
    (instrument,) = open_replay([str(write_csv(tmp_path / "ABCUSDT-1h.csv", rows))]).instruments
    assert instrument.tick == Decimal("0.1")


FALLS = [
    # prices of the first 200 bars and their decimals, price they fall to, tick
    (60.0, 3, 0.0002, "1E-7"),
    (60.0, 3, 0.0001, "1E-7"),
    (60.0, 3, 0.0999, "0.00001"),
    (60.0, 3, 0.1, "0.001"),
    (500.0, 1, 9.9, "0.001"),
    (0.02, 5, 0.00000002, "1E-8"),
    (0.02, 8, 0.00000002, "1E-8"),
    (2.0, 0, 2.0, "1"),
    (0.000001, 6, 0.000001, "0.000001"),
    (2.0, 0, 1.9, "0.001"),
]


@pytest.mark.parametrize(("price", "decimals", "fallen", "tick"), FALLS)
def test_a_coin_that_falls_far_below_its_first_tick_has_a_finer_one(
    tmp_path: Path, price: float, decimals: int, fallen: float, tick: str
) -> None:
    def flat(index: int, level: float) -> dict[str, Any]:
        prices = {"open": level, "high": level, "low": level, "close": level}
        return {"ts": APRIL + index * HOUR_MS, **prices, "volume": 1.0}

    rows = [flat(i, price) for i in range(BARS_LOOKED_AT)] + [flat(BARS_LOOKED_AT, fallen)]
    rows[0]["high"] = round(price + 10.0**-decimals, decimals)
    # In a file of its own, too: what falls is the coin.
    write_parquet(tmp_path / "ABCUSDT-1h-2021-04.parquet", rows[:-1])
    write_csv(tmp_path / "ABCUSDT-1h-2021-05.csv", rows[-1:])
    (instrument,) = open_replay([str(tmp_path)]).instruments
    assert instrument.tick == Decimal(tick)
    assert instrument.tick <= Decimal(repr(fallen))


def test_a_tick_above_the_lowest_price_is_refused(tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "ABCUSDT-1h.csv", bars(range(3))))
    for tick, is_sound in ((Decimal("98.5"), True), (Decimal(99), False)):
        own = InstrumentsConfig({"ABCUSDT": InstrumentConfig(tick=tick)})
        if is_sound:
            open_replay([path], instruments=own).close()
            continue
        with pytest.raises(DataFault, match=r"^instruments.ABCUSDT.tick: 99 is more than the lowest price"):
            open_replay([path], instruments=own)


def test_an_operator_may_know_better(tmp_path: Path) -> None:
    overrides = InstrumentsConfig(
        {"ABCUSDT": InstrumentConfig(tick=Decimal("0.25"), min_notional=Decimal(20))}
    )
    (instrument,) = open_replay(
        [str(write_csv(tmp_path / "ABCUSDT-1h.csv", bars(range(3))))],
        instruments=overrides,
        config=ReplayConfig(kind=InstrumentKind.SPOT),
    ).instruments
    assert (instrument.tick, instrument.min_notional) == (Decimal("0.25"), Decimal(20))
    assert (instrument.kind, instrument.lot) == (InstrumentKind.SPOT, Decimal("0.01"))
