"""On recorded funding, open interest and values of bitcoin: how large readings are, and that funding is all accrued.

The figures were measured once, apart from this code, on the same data.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.feeds.as_of import mvrv_z
from strategies.blend.overlay import overlay_multiplier
from strategies.evidence import (
    funding_carry,
    funding_dispersion,
    open_interest,
    realised_value,
    stablecoin_supply,
)
from strategies.evidence.settings import (
    FundingCarrySettings,
    FundingDispersionSettings,
    OpenInterestSettings,
    RealisedValueSettings,
    StablecoinSettings,
)
from strategies.signal import FloatArray, KernelResult, Signal
from tests.strategies.evidence.pairs import Pair
from tests.strategies.fixtures import DAY_MS, HOUR_MS

INTERVAL_HOURS = 8
BITCOIN, ONCHAIN = "funding_binance_BTCUSDT_8h", "onchain_coinmetrics_BTC_1d"
ZONES = {
    "2013-04-09": 1, "2013-11-22": 1, "2017-12-07": 1, "2021-02-21": 1, "2021-10-20": 0, "2024-12-16": 0,
    "2015-01-14": -1, "2018-12-15": -1, "2022-11-09": -1,
}  # fmt: skip
"""Known tops and bottoms: the tops of 2021 and 2024 no longer reached the zone."""
VENUES = (BITCOIN, "perp8h_bybit_BTCUSDT", "funding_deribit_BTCPERPETUAL_8h")


def table(folder: Path, name: str) -> pd.DataFrame:
    file = folder / f"{name}.parquet"
    if not file.exists():
        pytest.skip(f"{folder} has no {file.name}")
    return pd.read_parquet(file)


def hourly(settled: pd.DataFrame, first_ms: int, bars: int) -> list[FloatArray]:
    """Rates and hours [1, bars] of recorded settlements, the bar that ends at `first_ms` first."""
    rates, hours = np.full((1, bars), np.nan), np.full((1, bars), np.nan)
    bar = (settled["ts"].to_numpy() - first_ms) // HOUR_MS
    known = (bar >= 0) & (bar < bars) & settled["funding_rate"].notna().to_numpy()
    rates[0, bar[known]] = settled["funding_rate"].to_numpy()[known]
    hours[0, bar[known]] = INTERVAL_HOURS
    return [rates, hours]


def said(signal: Signal, *series: FloatArray) -> KernelResult:
    assert signal.roll is not None
    return signal.roll(*(np.array(field, np.float64) for field in series))


def strength(result: KernelResult) -> FloatArray:
    return np.abs(result.value * result.confidence)


def multipliers(values: FloatArray, up: float, down: float) -> FloatArray:
    return np.array([overlay_multiplier(value, up, down) for value in values.tolist()])


@pytest.mark.parametrize(
    ("coin", "sizes"),
    [
        ("BTC", {None: 0.36, 2021: 0.64, 2022: 0.11, 2025: 0.12}),
        ("ETH", {None: 0.32}),
        ("SOL", {None: 0.30}),
    ],
)
def test_size_of_the_carry_of_funding(data_folder: Path, coin: str, sizes: dict[int | None, float]) -> None:
    settled = table(data_folder, f"funding_binance_{coin}USDT_8h")
    first = int(settled["ts"].min()) - (INTERVAL_HOURS - 1) * HOUR_MS
    bars = (int(settled["ts"].max()) - first) // HOUR_MS + 1
    signal = funding_carry.KIND.build(FundingCarrySettings())
    size = strength(said(signal, *hourly(settled, first, bars)))
    ends = (first + HOUR_MS * np.arange(signal.window - 1, bars)).astype("datetime64[ms]")
    years = ends.astype("datetime64[Y]").astype(int) + 1970
    for year, expected in sizes.items():
        assert size[(years == year) | (year is None)].mean() == pytest.approx(expected, abs=0.01)


def test_recorded_funding_is_accrued_to_the_last_digit(data_folder: Path) -> None:
    rates = [Decimal(f"{rate:.8f}") for rate in table(data_folder, BITCOIN)["funding_rate"].tolist()]
    pair = Pair(Decimal(1), Decimal(1), Decimal(0))
    for number, rate in enumerate(rates):
        pair.settle(number, Decimal(1), rate)
    assert pair.close(Decimal(1), Decimal(1)) == sum(rates)


@pytest.mark.parametrize(("venues", "size", "silent"), [(2, 0.01, 0.95), (3, 0.06, 0.74)])
def test_size_of_the_dispersion_of_funding(
    data_folder: Path, venues: int, size: float, silent: float
) -> None:
    settled = [table(data_folder, name) for name in VENUES]
    first, last = (int(edge) for edge in (settled[1]["ts"].min(), settled[1]["ts"].max()))
    bars = (last - first) // HOUR_MS + 1
    fields = [field for venue in settled[:venues] for field in hourly(venue, first, bars)]
    absent = [np.full((1, bars), np.nan)] * (6 - len(fields))
    found = strength(said(funding_dispersion.KIND.build(FundingDispersionSettings()), *fields, *absent))
    assert found.mean() == pytest.approx(size, abs=0.005)
    assert (found == 0).mean() == pytest.approx(silent, abs=0.01)


def test_size_of_open_interest_against_price(data_folder: Path) -> None:
    recorded = table(data_folder, "oi_binanceum_ETHUSDT_5m_2022")
    days = recorded.groupby(recorded["ts"] // DAY_MS)[["open_interest", "open_interest_usd"]].last()
    interest, usd = (days[name].to_numpy() for name in ("open_interest", "open_interest_usd"))
    signal = open_interest.KIND.build(OpenInterestSettings())
    found = strength(said(signal, (usd / interest)[None], interest[None]))
    assert found.mean() == pytest.approx(0.085, abs=0.005)
    assert (found == 0).mean() == pytest.approx(0.62, abs=0.02)


def test_multiplier_of_the_stablecoin_supply(data_folder: Path) -> None:
    supply = table(data_folder, "onchain_coinmetrics_USDT_supply_1d")
    both = table(data_folder, ONCHAIN)[["ts", "CapMrktCurUSD"]].merge(supply, on="ts")
    settings = StablecoinSettings()
    caps, coins = (both[name].to_numpy()[None] for name in ("CapMrktCurUSD", "SplyCur"))
    values = said(stablecoin_supply.KIND.build(settings), caps, coins).value
    assert multipliers(values, settings.up, settings.down).mean() == pytest.approx(1.06, abs=0.01)
    assert (np.abs(values) == 1).mean() == pytest.approx(0.12, abs=0.01)


def test_multiplier_of_the_realised_value(data_folder: Path) -> None:
    recorded = table(data_folder, ONCHAIN)
    market, realised = (recorded[name].to_numpy(np.float64) for name in ("CapMrktCurUSD", "CapRealUSD"))
    settings = RealisedValueSettings()
    result = said(realised_value.KIND.build(settings), mvrv_z(market, realised)[None])
    scale = multipliers(result.value, settings.up, settings.down)
    years = recorded["ts"].to_numpy().astype("datetime64[ms]").astype("datetime64[Y]").astype(int) + 1970
    assert scale[years >= 2013].mean() == pytest.approx(1.22, abs=0.01)
    assert (scale[years >= 2020] > 1).mean() == pytest.approx(0.86, abs=0.01)
    days = recorded["ts"].to_numpy().astype("datetime64[ms]").astype("datetime64[D]").astype(str)
    zones = dict(zip(days.tolist(), result.statistics[:, 1].tolist(), strict=True))
    assert {day: zones[day] for day in ZONES} == ZONES
