"""On what terms signals are held to account in the books they have by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.hedge import Hedge
from risk.parameters import RiskParameters
from store.records import Instrument, InstrumentKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

BPS = 1e-4


@dataclass(frozen=True, slots=True)
class Terms:
    """The `universe` [S] and the cost of trading each (fraction of what is traded), longest hold in ms, the neutral
    signals' budget (x equity), what hedges their legs, whether anything may be sold short, by which fraction a target
    has to change before several legs are traded, and half the spread of what is listed beside the universe, of options
    apart (fraction of price)."""

    universe: tuple[Instrument, ...]
    rate: FloatArray
    hold_ms: float
    neutral_budget: float
    hedge: Hedge
    allow_short: bool
    band: float
    half_spread: float
    option_half_spread: float

    @classmethod
    def of(
        cls,
        instruments: Sequence[Instrument],
        half_spread_bps: float,
        risk: RiskParameters,
        option_half_spread_bps: float = 0.0,
    ) -> Terms:
        """What a taker pays at the venue traded, and the book's own risk parameters."""
        half_spread = half_spread_bps * BPS
        rate = [float(instrument.taker_fee_rate) + half_spread for instrument in instruments]
        return cls(
            tuple(instruments),
            np.array(rate),
            float(risk.hold_max_age_ms),
            risk.neutral_budget,
            Hedge.of(instruments, risk.allow_short),
            risk.allow_short,
            risk.buffer_fraction,
            half_spread,
            option_half_spread_bps * BPS,
        )

    def rate_of(self, leg: Instrument) -> float:
        """The cost of trading an instrument beside the universe."""
        is_option = leg.kind is InstrumentKind.OPTION
        return float(leg.taker_fee_rate) + (self.option_half_spread if is_option else self.half_spread)
