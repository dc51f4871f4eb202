"""What signals did by themselves on the UTC days that ended: the record a weight is earned by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.shadow_kernel import centred_ranks
from store.rows import SignalDay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

DAY_MS = 86_400_000
DAYS_KEPT = 730
RECENT_DAYS = 30
FEWEST_PAIRS = 3


@dataclass(frozen=True, slots=True)
class SignalHealth:
    """A signal's record over the ended days kept (730 at most), `recent_` over the last 30 of them.

    `pnl` is what it would have earned by itself after costs, `attribution` its part of what the account's positions
    earned before costs (fractions of equity). `hit_rate` is the share of judged readings that had the sign of what
    followed, `information_coefficient` the mean over days with its standard error; None: not known yet. `coverage`
    is the share of its readings that were an opinion, `reasons` how often each reason was given.
    """

    days: int = 0
    pnl: float = 0.0
    recent_pnl: float = 0.0
    attribution: float = 0.0
    recent_attribution: float = 0.0
    judged: int = 0
    hit_rate: float | None = None
    information_coefficient: float | None = None
    standard_error: float | None = None
    coverage: float | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)


class ShadowDays:
    """The last 730 ended days of the signals [K] that are computed; `returns` and `day_ms` are what weights are
    estimated from. Days of other signals are kept beside them."""

    def __init__(self, signals: Sequence[str], days: Iterable[SignalDay] = ()) -> None:
        self.signals = tuple(signals)
        self._days: dict[int, dict[str, SignalDay]] = {}
        self._health: dict[str, SignalHealth] = {}
        self._table: tuple[FloatArray, IntArray] | None = None
        self.add(days)

    def add(self, days: Iterable[SignalDay]) -> None:
        """Take days that ended."""
        for day in days:
            self._days.setdefault(day.day_ms, {})[day.signal] = day
        while len(self._days) > DAYS_KEPT:
            del self._days[min(self._days)]
        self._health, self._table = {}, None

    def of(self, signals: Sequence[str]) -> ShadowDays:
        """The same days, for other signals."""
        return ShadowDays(signals, (day for named in self._days.values() for day in named.values()))

    @property
    def returns(self) -> FloatArray:
        """Float64 [D, K], oldest day first: each signal's own return after costs, NaN where it had no such day."""
        return self._arrays()[0]

    @property
    def day_ms(self) -> IntArray:
        """Int64 [D]: when each of those days began."""
        return self._arrays()[1]

    def health(self, signal: str) -> SignalHealth:
        """The record of one signal."""
        known = self._health.get(signal)
        if known is None:
            days = [named[signal] for _, named in sorted(self._days.items()) if signal in named]
            since_ms = max(self._days, default=0) - (RECENT_DAYS - 1) * DAY_MS
            known = self._health[signal] = record(days, since_ms)
        return known

    def _arrays(self) -> tuple[FloatArray, IntArray]:
        if self._table is None:
            ordered = [
                (day_ms, named)
                for day_ms, named in sorted(self._days.items())
                if not named.keys().isdisjoint(self.signals)
            ]
            returns = [
                [named[name].pnl if name in named else math.nan for name in self.signals]
                for _, named in ordered
            ]
            self._table = (
                np.array(returns, dtype=np.float64).reshape(len(ordered), len(self.signals)),
                np.array([day_ms for day_ms, _ in ordered], dtype=np.int64),
            )
        return self._table


def record(days: Sequence[SignalDay], since_ms: int) -> SignalHealth:
    """What the days of one signal come to; the recent ones began at `since_ms` or later."""
    if not days:
        return SignalHealth()
    recent = [day for day in days if day.day_ms >= since_ms]
    hits, misses = sum(day.hits for day in days), sum(day.misses for day in days)
    readings = sum(day.readings for day in days)
    known = [day.information_coefficient for day in days]
    coefficients = np.array([number for number in known if number is not None])
    count = coefficients.size
    reasons: Counter[str] = Counter()
    for day in days:
        reasons.update(day.reasons)
    return SignalHealth(
        days=len(days),
        pnl=math.fsum(day.pnl for day in days),
        recent_pnl=math.fsum(day.pnl for day in recent),
        attribution=math.fsum(day.attribution for day in days),
        recent_attribution=math.fsum(day.attribution for day in recent),
        judged=hits + misses,
        hit_rate=hits / (hits + misses) if hits + misses else None,
        information_coefficient=float(coefficients.mean()) if count else None,
        standard_error=float(coefficients.std(ddof=1)) / math.sqrt(count) if count > 1 else None,
        coverage=sum(day.opinions for day in days) / readings if readings else None,
        reasons=dict(reasons.most_common()),
    )


def with_today(health: SignalHealth, today: SignalDay) -> SignalHealth:
    """A record with the day in progress added to all that can be told of it already."""
    judged, hits = health.judged + today.hits + today.misses, today.hits
    if health.hit_rate is not None:
        hits += round(health.hit_rate * health.judged)
    return replace(
        health,
        pnl=health.pnl + today.pnl,
        recent_pnl=health.recent_pnl + today.pnl,
        attribution=health.attribution + today.attribution,
        recent_attribution=health.recent_attribution + today.attribution,
        judged=judged,
        hit_rate=hits / judged if judged else None,
    )


def rank_correlation(first: FloatArray, second: FloatArray) -> float | None:
    """Spearman's coefficient of pairs [n], ties sharing their mean rank (Kendall and Gibbons 1990, chapter 3); None
    for fewer than 3 pairs and where either side is constant."""
    if first.size < FEWEST_PAIRS:
        return None
    a = centred_ranks(np.ascontiguousarray(first, dtype=np.float64))
    b = centred_ranks(np.ascontiguousarray(second, dtype=np.float64))
    spread = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / spread if spread > 0.0 else None
