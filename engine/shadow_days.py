"""What signals did by themselves on the UTC days that ended: the record a weight is earned by."""

from __future__ import annotations

import math
from bisect import bisect_left
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
ALL_ALONG: Mapping[str, int] = {}


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
        self._records: dict[str, _Record] = {}
        self._health: dict[str, SignalHealth] = {}
        self._table: tuple[FloatArray, IntArray] | None = None
        self.add(days)

    def add(self, days: Iterable[SignalDay]) -> None:
        """Take days that ended."""
        for day in days:
            self._days.setdefault(day.day_ms, {})[day.signal] = day
            if (record := self._records.get(day.signal)) is not None and not record.append(day):
                del self._records[day.signal]
        while len(self._days) > DAYS_KEPT:
            for name, day in self._days.pop(min(self._days)).items():
                if (record := self._records.get(name)) is not None:
                    record.drop(day)
        self._health, self._table = {}, None

    def of(self, signals: Sequence[str], since_ms: Mapping[str, int] = ALL_ALONG) -> ShadowDays:
        """The same days, for other signals, but for those that had ended when a signal got the parameters it has."""
        days = (day for named in self._days.values() for day in named.values())
        moved = ShadowDays(
            signals, (day for day in days if day.day_ms + DAY_MS > since_ms.get(day.signal, 0))
        )
        # What a record holds does not depend on which other signals are computed, and is long to work out.
        moved._records = {name: known for name, known in self._records.items() if name not in since_ms}
        return moved

    @property
    def count(self) -> int:
        """How many ended days there are."""
        return len(self._days)

    @property
    def returns(self) -> FloatArray:
        """Float64 [D, K], oldest day first: each signal's own return after costs, NaN where it had no such day."""
        return self._arrays()[0]

    @property
    def day_ms(self) -> IntArray:
        """Int64 [D]: when each of those days began."""
        return self._arrays()[1]

    def health(self, signal: str) -> SignalHealth:
        """The record of one signal, worked out when it is asked for."""
        known = self._health.get(signal)
        if known is None:
            if (record := self._records.get(signal)) is None:
                days = [named[signal] for _, named in sorted(self._days.items()) if signal in named]
                record = self._records[signal] = _Record(days)
            since_ms = max(self._days, default=0) - (RECENT_DAYS - 1) * DAY_MS
            known = self._health[signal] = record.health(since_ms)
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


class _Record:
    """The days of one signal in the form in which their record costs least: what is whole is kept as a sum, what is
    rounded as a series, so that it comes to the same number whichever days were there before."""

    def __init__(self, days: Iterable[SignalDay]) -> None:
        self._day_ms: list[int] = []
        self._pnl: list[float] = []
        self._attribution: list[float] = []
        self._coefficients: list[float] = []
        self._hits = self._misses = self._readings = self._opinions = 0
        self._reasons: Counter[str] = Counter()
        for day in days:
            self.append(day)

    def append(self, day: SignalDay) -> bool:
        """Take a day that follows all others; False, and nothing taken, where it does not."""
        if self._day_ms and day.day_ms <= self._day_ms[-1]:
            return False
        self._day_ms.append(day.day_ms)
        self._pnl.append(day.pnl)
        self._attribution.append(day.attribution)
        if day.information_coefficient is not None:
            self._coefficients.append(day.information_coefficient)
        self._count(day, 1)
        return True

    def drop(self, day: SignalDay) -> None:
        """Let go of the oldest day."""
        del self._day_ms[0], self._pnl[0], self._attribution[0]
        if day.information_coefficient is not None:
            del self._coefficients[0]
        self._count(day, -1)

    def health(self, since_ms: int) -> SignalHealth:
        """What the days come to; the recent ones began at `since_ms` or later."""
        if not self._day_ms:
            return SignalHealth()
        recent = bisect_left(self._day_ms, since_ms)
        judged = self._hits + self._misses
        coefficients = np.array(self._coefficients)
        count = coefficients.size
        reasons = sorted(self._reasons.items(), key=lambda counted: (-counted[1], counted[0]))
        return SignalHealth(
            days=len(self._day_ms),
            pnl=math.fsum(self._pnl),
            recent_pnl=math.fsum(self._pnl[recent:]),
            attribution=math.fsum(self._attribution),
            recent_attribution=math.fsum(self._attribution[recent:]),
            judged=judged,
            hit_rate=self._hits / judged if judged else None,
            information_coefficient=float(coefficients.mean()) if count else None,
            standard_error=float(coefficients.std(ddof=1)) / math.sqrt(count) if count > 1 else None,
            coverage=self._opinions / self._readings if self._readings else None,
            reasons={reason: number for reason, number in reasons if number},
        )

    def _count(self, day: SignalDay, sign: int) -> None:
        self._hits += sign * day.hits
        self._misses += sign * day.misses
        self._readings += sign * day.readings
        self._opinions += sign * day.opinions
        for reason, number in day.reasons.items():
            self._reasons[reason] += sign * number


def record(days: Sequence[SignalDay], since_ms: int) -> SignalHealth:
    """What the days of one signal, oldest first, come to; the recent ones began at `since_ms` or later."""
    return _Record(days).health(since_ms)


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
