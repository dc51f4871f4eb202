"""B2, variance ratio: sums of returns that vary more than their parts say a trend, less a reversal.

Of T log returns r with mean m: s1 = sum (r - m)^2 / (T - 1), sq = sum over overlapping sums of q returns, less
q m, squared, / (q (T - q + 1)(1 - q / T)); VR = sq / s1. z = (VR - 1) / sqrt(theta), theta = sum_{j<q} [2 (q - j)
/ q]^2 delta_j, delta_j = sum (r_t - m)^2 (r_{t-j} - m)^2 / [sum (r - m)^2]^2: robust to changing variance. Over
the horizons tested p = 1 - (1 - p_min)^number. With q the horizon of the largest |z|, R_q the last q returns and
s the deviation (ddof 0), value = clip((VR - 1) / full) clip(R_q / (2 s sqrt q)); confidence 1 - p / alpha; both 0
where p >= alpha.

Lo and MacKinlay 1988; Chow and Denning 1993 for the joint test.
"""

from __future__ import annotations

import numpy as np

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror
from strategies.statistical.settings import VarianceRatioSettings


def statistic_names(settings: VarianceRatioSettings) -> tuple[str, ...]:
    each = (f"{name}_{horizon}" for horizon in settings.horizons for name in ("vr", "z"))
    return ("horizon", "p", "z_constant_volatility", "move", *each)


def spans(settings: VarianceRatioSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.variance_ratio import variance_ratio

    horizons = np.array(settings.horizons, dtype=np.int64)
    result = span_results(close, span, len(statistic_names(settings)))
    variance_ratio(close, span, horizons, settings.full, settings.alpha, *result)
    return result


KIND = bar_signal(
    name="B2",
    title="Variance ratio",
    type=SignalType.MOMENTUM,
    settings=VarianceRatioSettings,
    fields=("close",),
    mirror=Mirror.LOG,
    statistics=statistic_names,
    spans=spans,
    kernels="strategies.statistical.kernels.variance_ratio",
)
