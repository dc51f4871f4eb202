"""A decision over the universe [S] and the legs beside it [L] together: columns beyond the universe's own.

The legs are columns of the same fourteen stages, without a forecast and without a weight: limits, gross cap, drawdown
and trading state count them like any other, and a leg that may not be held takes the others of its pair with it. Each
coin's pair is a row of its own, so that what befalls one coin leaves the pairs of the others alone.

Then they follow their perpetuals: the band around a perpetual is as wide as its directional part makes it, and what
that keeps from being sold short is not bought either. A leg has a band of a fraction of itself, and lots of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from engine.decision import (
    NO_OPTIONS,
    STAGES,
    Decider,
    Decision,
    Market,
    NeutralLegs,
    Parameters,
    Portfolio,
    Readings,
    RiskInputs,
    SignalTable,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market_legs import LegMarket, LegPart
    from engine.option_legs import OptionLegs
    from engine.pairs import Pairs

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

Number = TypeVar("Number", bound=np.generic)
STATE, BUFFER, ROUND = (STAGES.index(name) for name in ("state", "buffer", "round"))
NEGLIGIBLE = 1e-12
HALF = 0.5


@dataclass(frozen=True, slots=True)
class HeldLegs:
    """What is held of the legs [L] in signed units, what orders towards targets may still fill, and which an override
    of their own allows to reduce only."""

    quantity: FloatArray
    working: FloatArray
    locked: BoolArray

    @property
    def under_way(self) -> bool:
        """True where anything is held or ordered."""
        return bool(np.count_nonzero(self.quantity) or np.count_nonzero(self.working))

    def part(self, first: int, end: int) -> HeldLegs:
        """The same of some of the legs."""
        part = slice(first, end)
        return HeldLegs(self.quantity[part], self.working[part], self.locked[part])


class LegDecider:
    """Decides of the universe and the `legs` beside it, with pairs of the table's `rows`, those that hold structures of
    options last."""

    def __init__(
        self, parameters: Parameters, legs: LegMarket | LegPart, universe: int, rows: Sequence[int] = ()
    ) -> None:
        self._parameters, self._legs, self._rows, self._universe = parameters, legs, tuple(rows), universe
        self._table = with_pairs(parameters.signals, self._rows, universe)
        self._decider = Decider(replace(parameters, signals=self._table), universe + len(legs))
        self._lot, self._min_quantity, self._min_notional = (
            np.array([float(getattr(leg, name)) for leg in legs.instruments])
            for name in ("lot", "min_quantity", "min_notional")
        )

    def decide(
        self,
        said: Readings,
        market: Market,
        portfolio: Portfolio,
        risk: RiskInputs,
        neutral: NeutralLegs,
        pairs: Pairs,
        held: HeldLegs,
        options: OptionLegs | None = None,
    ) -> Decision:
        """As `Decider.decide` of the universe [S], and of the legs; the decision is [S + L] wide, and the legs are to
        `follow` it."""
        wide = self._decider.decide(
            self._said(said),
            self._market(market, held),
            self._portfolio(portfolio, held),
            self._risk(risk, held),
            self._wanted(neutral, pairs, options, held, portfolio.equity),
        )
        return replace(wide, leg_shares=self._shares(wide.leg_shares, pairs, options))

    def _said(self, said: Readings) -> Readings:
        """Of a leg every signal says 0: it has no forecast, and that is known."""
        signals, count = said.value.shape
        shape = (len(self._table.signals), count + len(self._legs))
        value, confidence = np.zeros(shape), np.zeros(shape)
        value[:signals, :count], confidence[:signals, :count] = said.value, said.confidence
        value[signals:], confidence[signals:] = 1.0, 1.0
        return Readings(value, confidence)

    def _market(self, market: Market, held: HeldLegs) -> Market:
        legs, under = self._legs, self._legs.under
        count = len(legs)
        width = self._universe + count
        correlation = np.eye(width)
        correlation[: self._universe, : self._universe] = market.correlation
        return Market(
            price=_beside(market.price, legs.unit),
            sigma=_beside(market.sigma, market.sigma[under]),
            correlation=correlation,
            tradable=_beside(market.tradable, market.tradable[under] & legs.alive),
            stale=_beside(market.stale, market.stale[under] | ~(legs.volume > 0.0)),
            shortable=_beside(market.shortable, np.zeros(count, dtype=np.bool_)),
            lot=_beside(market.lot, self._lot),
            min_quantity=_beside(market.min_quantity, self._min_quantity),
            min_notional=_beside(market.min_notional, self._min_notional),
            instrument_weight=_beside(market.instrument_weight, np.zeros(count)),
            cluster=_beside(market.cluster, np.full(count, -1, dtype=np.int64)),
            cost_band=None if market.cost_band is None else _beside(market.cost_band, np.zeros(count)),
        )

    def _portfolio(self, portfolio: Portfolio, held: HeldLegs) -> Portfolio:
        nothing = np.zeros(len(self._legs))
        working, leaning = portfolio.working, portfolio.leaning
        if working is None:
            working = np.zeros(self._universe)
        return replace(
            portfolio,
            quantity=_beside(portfolio.quantity, held.quantity),
            hold_age_ms=_beside(portfolio.hold_age_ms, nothing),
            working=_beside(working, held.working),
            leaning=None if leaning is None else _beside(leaning, nothing),
        )

    def _risk(self, risk: RiskInputs, held: HeldLegs) -> RiskInputs:
        free = np.zeros(len(self._legs), dtype=np.bool_)
        return replace(
            risk,
            locked=_beside(risk.locked, held.locked),
            cooldown_long=_beside(risk.cooldown_long, free),
            cooldown_short=_beside(risk.cooldown_short, free),
        )

    def _wanted(
        self,
        neutral: NeutralLegs,
        pairs: Pairs,
        options: OptionLegs | None,
        held: HeldLegs,
        equity: float,
    ) -> NeutralLegs:
        """The legs of every row: those on perpetuals as they are, then a row for the pair on each coin, then one for
        the options on each."""
        signals, count = neutral.legs.shape
        legs = np.zeros((len(self._table.signals), count + len(self._legs)))
        legs[:signals, :count] = neutral.legs
        for place in range(len(pairs.rows)):
            first, second = pairs.first[place], pairs.second[place]
            # A row has its part of the signal's weight, one in `count`.
            amount = np.where((first >= 0) & (second >= 0), HALF * count * pairs.amount[place], 0.0)
            row = signals + place * count + np.flatnonzero(amount)
            legs[row, first[amount != 0.0]] += amount[amount != 0.0]
            legs[row, second[amount != 0.0]] -= amount[amount != 0.0]
        betas, optioned = neutral.beta[self._legs.under], NO_OPTIONS
        if options is not None:
            first = signals + len(pairs.rows) * count
            legs[first:] = count * options.wanted.reshape(-1, legs.shape[1])
            betas, optioned = betas * options.betas, (first, count)
        worth = np.nan_to_num(held.quantity * self._legs.unit / equity) if equity > 0.0 else held.quantity
        return NeutralLegs(
            legs,
            _beside(neutral.beta, betas),
            neutral.hedge,
            _beside(neutral.held, worth),
            optioned,
        )

    def follow(
        self,
        wide: Decision,
        missed: FloatArray,
        equity: float,
        held: HeldLegs,
        covered: Sequence[tuple[int, int]] = (),
        resting: Sequence[int] = (),
    ) -> None:
        """Order the legs in place, once it is known by how much [S] those on perpetuals `missed` what they were to be:
        what was not sold short is not bought, and what is still short is not sold. Of `covered` calls (the first of
        each two legs) no more are left sold than coins are held (the second), and no coin is sold before its call is
        bought back; what is `resting` is wanted, and not ordered yet."""
        from engine import leg_step as at

        first, under, count = self._universe, self._legs.under, len(self._legs)
        wanted, current = wide.stages[STATE, first:], wide.current[first:]
        against = self._against_perpetuals()
        target = np.clip(wanted - missed[under], wanted - against, np.maximum(wanted, current))
        target = np.where((against > 0.0) & (np.abs(missed[under]) > NEGLIGIBLE), target, wanted)
        target[list(resting)] = 0.0
        facts, results = np.empty((at.FACT_ROWS, count)), np.empty((at.RESULT_ROWS, count))
        marks = np.zeros((at.MARK_ROWS, count), dtype=np.bool_)
        orders = np.zeros((2, count), dtype=np.int64)
        facts[:] = (
            target,
            current,
            self._legs.unit,
            self._lot,
            self._min_quantity,
            self._min_notional,
            held.quantity,
            held.working,
        )
        marks[at.ORDERABLE] = np.isfinite(facts).all(axis=0) & (self._legs.last_close > 0.0)
        at.order_legs(equity, self._parameters.risk.buffer_fraction, facts, results, marks, orders)
        sold = np.maximum(-held.quantity - np.minimum(held.working, 0.0), 0.0)
        of_coin: dict[int, float] = {}
        for call, coin in covered:
            of_coin[coin] = of_coin.get(coin, 0.0) + sold[call]
        for coin, open_calls in of_coin.items():
            at.keep_coins(equity, coin, facts, results, marks, orders, open_calls)
        for call, coin in covered:
            at.cover_call(equity, call, facts, results, marks, orders, coin, of_coin[coin] - sold[call])
        wide.stages[BUFFER, first:], wide.stages[ROUND, first:] = results
        wide.bound[BUFFER, first:] = np.abs(results[at.BUFFERED] - wanted) > NEGLIGIBLE
        wide.bound[ROUND, first:] = marks[at.SUPPRESSED]
        wide.close_lots[first:], wide.open_lots[first:] = orders
        wide.whole_close[first:] = marks[at.WHOLE_CLOSE]

    def _against_perpetuals(self) -> FloatArray:
        """What was wanted last of each leg [L] to stand against the perpetual on its coin."""
        pairs, first = self._decider.final_legs[len(self._parameters.signals.signals) :], self._universe
        beside = pairs[:, first:]
        against: FloatArray = np.where(pairs[:, self._legs.under] * beside < 0.0, beside, 0.0).sum(axis=0)
        # An option is not what its perpetual stands against: that is its delta.
        return np.where(self._legs.strike > 0.0, 0.0, against)

    def _shares(self, shares: FloatArray, pairs: Pairs, options: OptionLegs | None) -> FloatArray:
        """What was left of each signal's legs [2, K]; of a pair signal's the least that was left of any coin's."""
        signals, count = len(self._parameters.signals.signals), self._universe
        kept = shares[:, :signals].copy()
        rows, wants = pairs.rows, list(pairs.amount != 0.0)
        if options is not None:
            rows, wants = (*rows, *options.rows), [*wants, *(each.any(axis=1) for each in options.wanted)]
        for place, (row, coins) in enumerate(zip(rows, wants, strict=True)):
            wanted = np.flatnonzero(coins)
            if wanted.size:
                kept[:, row] = shares[:, signals + place * count + wanted].min(axis=1)
        return kept


def with_pairs(table: SignalTable, rows: Sequence[int], coins: int) -> SignalTable:
    """The table with a row for each coin's pair of the signals in `rows` at its end, which share their weight."""
    signals = [replace(spec, weight=0.0) if row in rows else spec for row, spec in enumerate(table.signals)]
    for row in rows:
        spec = table.signals[row]
        signals += [replace(spec, name=f"{spec.name} {n}", weight=spec.weight / coins) for n in range(coins)]
    return SignalTable(tuple(signals))


def universe_part(decision: Decision, count: int) -> Decision:
    """What was decided of the first `count` columns."""
    if decision.current.size == count:
        return decision
    names = ("coverage", "hold", "agreement", "netted", "current", "average", "neutral")
    orders = ("close_lots", "open_lots", "whole_close")
    return replace(
        decision,
        stages=decision.stages[:, :count],
        bound=decision.bound[:, :count],
        **{name: getattr(decision, name)[:count] for name in (*names, *orders)},
    )


def _beside(universe: NDArray[Number], legs: NDArray[Number]) -> NDArray[Number]:
    return np.concatenate((universe, legs))
