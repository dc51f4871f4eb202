"""A5, open interest against price: a move on which positions are opened goes on, one that closes them turns.

z_p = R_h / (sigma sqrt h) of log price over h bars and z_o the same of log open interest, each against its own
exponentially weighted deviation. Value: clip(z_p / cap) clip(z_o / cap) where both are at least the dead band, else
0: both up +, price up alone -, price down on rising interest -, both down +. Confidence: min(1, min(|z_p|, |z_o|) /
cap). Open interest counts coins or contracts, never USD, which would move with the price.

Wang and Yu 2004 (contrarian profits fall with rising open interest); Bessembinder and Seguin 1993. The evidence in
crypto is thin, so it deserves no weight before it earns one.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.evidence.settings import OpenInterestSettings
from strategies.signal import FloatArray, KernelResult

STATISTICS = ("z_price", "z_open_interest", "sigma_price", "sigma_open_interest")


def spans(settings: OpenInterestSettings, span: int, close: FloatArray, interest: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.open_interest import open_interest

    result = span_results(close, span, len(STATISTICS))
    open_interest(
        close,
        interest,
        span,
        settings.horizon,
        settings.com,
        settings.dead_band,
        settings.cap,
        *result,
    )
    return result


KIND = bar_signal(
    name="A5",
    title="Open interest against price",
    type=SignalType.FLOW,
    settings=OpenInterestSettings,
    fields=("close", "open_interest"),
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.evidence.kernels.open_interest",
)
