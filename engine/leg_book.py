"""What of a decision concerns the legs beside the universe: when they are decided of, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.decision import Decision, Market, NeutralLegs, Parameters, Portfolio, Readings, RiskInputs
from engine.leg_columns import HeldLegs, LegDecider, universe_part
from engine.market_legs import LegPart
from engine.neutral_book import NeutralBook

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market import MarketState

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

NO_LEGS = HeldLegs(np.empty(0), np.empty(0), np.empty(0, dtype=np.bool_))


class LegBook:
    """The legs beside one market's universe [S] in one account's decisions."""

    def __init__(self, market: MarketState, neutral: NeutralBook, parameters: Parameters) -> None:
        self._market, self._neutral = market, neutral
        self._universe = len(market.symbols)
        self._parameters = parameters
        self._deciders: dict[int, LegDecider] = {}

    def weigh(self, parameters: Parameters) -> None:
        """Decide with these parameters from now on."""
        self._parameters, self._deciders = parameters, {}

    def list_legs(self) -> None:
        """Go on with what stands beside the universe now."""
        self._deciders = {}

    def held(
        self,
        quantity: FloatArray,
        working: FloatArray | None,
        restricted: tuple[BoolArray, BoolArray, BoolArray],
    ) -> HeldLegs:
        """What is held of the legs, of what is known [S + L] of all that is listed. One that rests after it was
        liquidated is only reduced, whatever its side."""
        if not self._market.legs.instruments:
            return NO_LEGS
        locked, no_long, no_short = (each[self._universe :] for each in restricted)
        nothing = np.zeros(len(self._market.legs))
        return HeldLegs(
            quantity[self._universe :],
            nothing if working is None else working[self._universe :],
            locked | no_long | no_short,
        )

    @property
    def paired(self) -> frozenset[str]:
        """The symbols that are to stand against each other; none while no signal wants pairs."""
        legs, symbols = self._market.legs, self._market.symbols
        if not self._neutral.pair_rows and not self._neutral.option_rows:
            return frozenset()
        return frozenset((*legs.symbols, *(symbols[coin] for coin in legs.under)))

    def concerned(self, held: HeldLegs) -> bool:
        """Whether a decision is about the legs too: a signal wants some, or something is left of one."""
        return bool(self._neutral.pair_rows or self._neutral.option_rows) or held.under_way

    def decide(
        self,
        said: Readings,
        market: Market,
        portfolio: Portfolio,
        risk: RiskInputs,
        neutral: NeutralLegs,
        held: HeldLegs,
    ) -> Decision:
        """Decide of the universe and the legs, and remember what of it is neutral. Options are left out of it while
        none is wanted or held."""
        legs, now_ms, equity = self._market.legs, self._market.now_ms, portfolio.equity
        pairs, options = self._neutral.pairs(now_ms, held.quantity), None
        count, covered = len(legs), self._neutral.covered_calls()
        if self._neutral.option_rows:
            options = self._neutral.options(now_ms, held.quantity)
            covered = options.covered
        elif not held.part(legs.plain, count).under_way:
            count, covered = legs.plain, ()
        held, decider = held.part(0, count), self._decider(count)
        decision = decider.decide(said, market, portfolio, risk, neutral, pairs, held, options)
        own = universe_part(decision, self._universe)
        self._neutral.decided(own, equity)
        resting = () if options is None else options.resting
        decider.follow(decision, self._neutral.missed(own, equity), equity, held, covered, resting)
        return decision

    def _decider(self, count: int) -> LegDecider:
        """What decides of the universe and the first `count` legs."""
        if count not in self._deciders:
            rows = (*self._neutral.pair_rows, *self._neutral.option_rows)
            part = LegPart(self._market.legs, count)
            self._deciders[count] = LegDecider(self._parameters, part, self._universe, rows)
        return self._deciders[count]
