"""A11, stablecoin supply ratio: much money waiting beside the market for its size makes every risk a better one.

SSR = market value of bitcoin / stablecoins in circulation, both USD, as published for the day before or earlier; a coin
whose peg is broken counts at its market price. Score = (SSR - mean) / deviation (ddof 0) over the window, today
included. Value: clip(-score / full), an overlay on both sides: the multiplier of forecasts is 1 + up value above 0 and
1 + down value below, with the defaults clip(1 - score / 4, .5, 1.5). Confidence: 1.

Glassnode's definition of the ratio, a practitioner's metric; Ante, Fiedler and Strehle 2021 for what issuance does.
The slope is a choice of this project.
"""

from __future__ import annotations

from store.records import SignalClass, SignalType
from strategies.blend.veto import OverlaySide
from strategies.definition import bar_signal, span_results
from strategies.evidence.settings import StablecoinSettings
from strategies.signal import FloatArray, KernelResult

STATISTICS = ("ratio", "mean", "deviation", "score")


def spans(
    settings: StablecoinSettings, span: int, market_cap: FloatArray, supply: FloatArray
) -> KernelResult:
    from strategies.evidence.kernels.stablecoin_supply import stablecoin_supply

    result = span_results(market_cap, span, len(STATISTICS))
    stablecoin_supply(market_cap, supply, span, settings.full, *result)
    return result


KIND = bar_signal(
    name="A11",
    title="Stablecoin supply ratio",
    signal_class=SignalClass.OVERLAY,
    type=SignalType.FLOW,
    settings=StablecoinSettings,
    fields=("bitcoin_market_cap", "stablecoin_supply"),
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.evidence.kernels.stablecoin_supply",
    overlay=OverlaySide.BOTH,
)
