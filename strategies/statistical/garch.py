"""B7, volatility clustering: where volatility clusters the recent move is followed, smaller the higher it stands.

GARCH(1,1) of log returns r without mean: h_{t+1} = omega + alpha r_t^2 + beta h_t in squared log returns. Fitted by
normal quasi maximum likelihood to the `history` returns up to the newest bar of the calendar that is a multiple of
`refit`; a fit that did not converge or has alpha + beta >= .999 gives way to the one before it, down to `oldest`
bars. h is filtered over the newest `samples` from its long-run level H = omega / (1 - alpha - beta). Gate: Engle's LM
over `lags` lags, p < alpha. Value: clip(R / (2 sqrt(move h))) min(1, sqrt(H / h)), R the last `move` returns;
confidence 1 - p / alpha; both 0 where the gate is shut; no usable fit is FIT_FAILED.

A fit is made of the window alone, never of an earlier fit: every window that contains it finds the same one, so
nothing needs to be stored or scheduled, and a series fits each once.

Bollerslev 1986, equations 1 and 2; Engle 1982; Moreira and Muir 2017 for the scaling.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import CLOSE_MS, FloatArray, KernelResult, Mirror, bar_length_ms
from strategies.statistical.settings import VolatilitySettings

STATISTICS = ("omega", "alpha", "beta", "fit_age", "variance", "long_run_variance", "lm", "p")


def spans(settings: VolatilitySettings, span: int, close_ms: FloatArray, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.garch import garch

    result = span_results(close, span, len(STATISTICS))
    garch(
        close_ms,
        close,
        span,
        bar_length_ms(settings.bar),
        settings.samples,
        settings.history,
        settings.refit,
        settings.oldest,
        settings.move,
        settings.lags,
        settings.alpha,
        *result,
    )
    return result


KIND = bar_signal(
    name="B7",
    title="Volatility clustering",
    type=SignalType.MOMENTUM,
    settings=VolatilitySettings,
    fields=(CLOSE_MS, "close"),
    mirror=Mirror.LOG,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.statistical.kernels.garch",
)
