"""The figures of the page: what each signal said on which days, and what that was worth before costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby

import numpy as np

from strategies.evaluate import past_readings
from strategies.evidence import breakout, funding_carry, momentum, realised_value
from strategies.evidence.settings import FundingCarrySettings, RealisedValueSettings
from strategies.panel import Panel
from strategies.settings import BreakoutSettings, MomentumSettings
from strategies.signal import DAY_MS
from tests.evidence.recorded import Bars, Chain, FloatArray, IntArray, Settlement
from tests.strategies.evidence.pairs import Pair
from tests.strategies.evidence.settlements import funding

HOUR_MS = 3_600_000
INTERVAL_HOURS = 8
EXTREMES = {
    "2013-04-09": "top", "2013-11-29": "top", "2015-01-14": "bottom", "2017-12-16": "top",
    "2018-12-15": "bottom", "2021-04-13": "top", "2021-11-08": "top", "2022-11-09": "bottom",
    "2025-01-21": "top",
}  # fmt: skip
"""Days on which the price of the chain's data was highest or lowest for a year around."""
NAMES = {-1.0: "under", 0.0: "neutral", 1.0: "over"}
AROUND_DAYS = 60
TRENDS = (
    ("2017-11-12", "2017-12-16"), ("2017-12-16", "2018-12-15"), ("2018-12-15", "2019-06-26"),
    ("2019-06-26", "2020-03-12"), ("2020-03-12", "2021-04-13"), ("2021-04-13", "2021-07-20"),
    ("2021-07-20", "2021-11-08"), ("2021-11-08", "2022-11-21"), ("2022-11-21", "2024-03-13"),
    ("2024-03-13", "2024-09-06"), ("2024-09-06", "2025-01-21"), ("2025-01-21", "2025-04-08"),
)  # fmt: skip
"""From one turn of the daily close to the next."""


def day_of(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1_000, UTC).strftime("%Y-%m-%d")


def place_of(day: str, day_ms: IntArray) -> int:
    at_ms = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1_000
    return int(np.searchsorted(day_ms, at_ms))


@dataclass(frozen=True, slots=True)
class Extreme:
    """A top or bottom of the price: Z and zone that day, and the most telling day within `AROUND_DAYS`."""

    day: str
    kind: str
    price: float
    z: float
    zone: str
    most_day: str
    most_z: float
    most_zone: str


@dataclass(frozen=True, slots=True)
class Spell:
    """Days in a row in a zone that is not neutral."""

    zone: str
    first: str
    last: str
    days: int


def zones(chain: Chain) -> FloatArray:
    """What A12 calls each day: -1 under, 0 neutral, 1 over; NaN where it has no opinion."""
    roll = realised_value.KIND.build(RealisedValueSettings()).roll
    assert roll is not None
    return roll(chain.z[None]).statistics[:, 1]


def extremes(chain: Chain, zone: FloatArray) -> list[Extreme]:
    found = []
    for day, kind in EXTREMES.items():
        at = place_of(day, chain.day_ms)
        around = chain.z[at - AROUND_DAYS : at + AROUND_DAYS + 1]
        most = at - AROUND_DAYS + int(around.argmax() if kind == "top" else around.argmin())
        found.append(
            Extreme(
                *(day, kind, float(chain.price[at]), float(chain.z[at]), NAMES[zone[at]]),
                *(day_of(int(chain.day_ms[most])), float(chain.z[most]), NAMES[zone[most]]),
            )
        )
    return found


def spells(chain: Chain, zone: FloatArray, first_year: str) -> list[Spell]:
    """Every spell from that year on; days apart by less than a week are told together."""
    found: list[Spell] = []
    before = -7
    for at in np.flatnonzero(np.abs(zone) == 1).tolist():
        day, name = day_of(int(chain.day_ms[at])), NAMES[zone[at]]
        if day < first_year:
            continue
        if found and at - before < 7 and found[-1].zone == name:
            found[-1] = Spell(name, found[-1].first, day, found[-1].days + 1)
        else:
            found.append(Spell(name, day, day, 1))
        before = at
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """A1's and A2's values [n] at the close of each day, 0 while they warm up."""

    momentum: FloatArray
    breakout: FloatArray


def said(bars: Bars) -> Said:
    """With the settings as they come."""
    signals = [momentum.KIND.build(MomentumSettings()), breakout.KIND.build(BreakoutSettings())]
    panel = Panel(("BTCUSDT",), DAY_MS, days=bars.day_ms.size)
    panel.extend(int(bars.day_ms[0]), *bars.fields[:, :, None])
    value = np.nan_to_num(past_readings(signals, panel).value[:, :, 0])
    return Said(value[:, 0], value[:, 1])


@dataclass(frozen=True, slots=True)
class Trend:
    """A trend of the price, and of each signal the mean value and the return of holding its value from each close
    to the next, before costs. `late_days`: until the breakout stood with the trend, -1 if it never did."""

    first: str
    last: str
    days: int
    price: float
    momentum: float
    momentum_return: float
    breakout: float
    breakout_return: float
    late_days: int


def trends(bars: Bars, held: Said) -> list[Trend]:
    moves = np.diff(np.log(bars.close))
    found = []
    for first, last in TRENDS:
        span = slice(place_of(first, bars.day_ms), place_of(last, bars.day_ms))
        price = float(np.expm1(moves[span].sum()))
        tsmom, donchian = (
            (float(value[span].mean()), float(np.expm1(value[span] @ moves[span])))
            for value in (held.momentum, held.breakout)
        )
        with_it = np.flatnonzero(held.breakout[span] * price > 0)
        late = int(with_it[0]) if with_it.size else -1
        found.append(Trend(first, last, span.stop - span.start, price, *tsmom, *donchian, late))
    return found


@dataclass(frozen=True, slots=True)
class Position:
    """Days in a row on which the breakout stood on one side, with the first and the last close."""

    first: str
    last: str
    side: str
    days: int
    entry: float
    leave: float


def positions(bars: Bars, held: Said) -> list[Position]:
    """All of them, the last one open; left at the close after which the value had no longer that sign."""
    found = []
    for side, group in groupby(range(bars.day_ms.size), key=lambda at: float(np.sign(held.breakout[at]))):
        at = list(group)
        if side:
            first, last = at[0], min(at[-1] + 1, bars.day_ms.size - 1)
            found.append(
                Position(
                    *(day_of(int(bars.day_ms[first])), day_of(int(bars.day_ms[last]))),
                    *("long" if side > 0 else "short", last - first),
                    *(float(bars.close[first]), float(bars.close[last])),
                )
            )
    return found


@dataclass(frozen=True, slots=True)
class Funded:
    """Settlements of a year (or of all), their sum, and those for which A4 held the pair; fractions of notional."""

    year: str
    count: int
    rates: Decimal
    held: int
    earned: Decimal


def carries(settled: list[Settlement]) -> list[bool]:
    """Whether A4 wanted the pair at the last full hour before each settlement."""
    rates, hours = funding((float(item.rate), INTERVAL_HOURS) for item in settled)
    signal = funding_carry.KIND.build(FundingCarrySettings())
    assert signal.roll is not None
    value = signal.roll(rates[None], hours[None]).value
    wanted = np.concatenate([np.zeros(signal.window - 1, np.bool_), value > 0])
    return [bool(wanted[INTERVAL_HOURS * (number + 1) - 2]) for number in range(len(settled))]


def funded(settled: list[Settlement]) -> list[Funded]:
    """By year, and all of it last."""
    held = carries(settled)
    years = sorted({day_of(item.ts_ms)[:4] for item in settled})
    found = []
    for year in (*years, "all"):
        chosen = [
            (item.rate, on)
            for item, on in zip(settled, held, strict=True)
            if year in ("all", day_of(item.ts_ms)[:4])
        ]
        earned = [rate for rate, on in chosen if on]
        found.append(
            Funded(
                year,
                len(chosen),
                sum((r for r, _ in chosen), Decimal(0)),
                len(earned),
                sum(earned, Decimal(0)),
            )
        )
    return found


def booked(settled: list[Settlement]) -> Decimal:
    """What the engine's ledger books for one coin long on spot and short on the perpetual, in USDT, without fees."""
    pair = Pair(Decimal(1), Decimal(1), Decimal(0))
    for number, item in enumerate(settled):
        if item.mark is not None:
            pair.settle(number, item.mark, item.rate)
    return pair.close(Decimal(1), Decimal(1))
