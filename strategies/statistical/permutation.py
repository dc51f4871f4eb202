"""B6, permutation entropy: where the order of neighbouring returns has patterns, the current one says what is next.

Patterns of the ranks of m consecutive log returns (of equal ones the earlier is the smaller), shares p; H = -sum p
ln p / ln m!. p-value: share of a stored null of white noise at or below H. With `up` and `down` the past rises and
falls right after the ranks of the last m - 1 returns, P = (up + 1) / (up + down + 2), value = clip((2 P - 1) /
full), confidence 1 - p / alpha; both 0 where p >= alpha or up + down < `fewest`. A return of 0 counts in neither.

Bandt and Pompe 2002.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult
from strategies.statistical.null_tables import null_ranks
from strategies.statistical.settings import PermutationSettings

STATISTICS = ("entropy", "p", "up", "down")


def spans(settings: PermutationSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.permutation import permutation

    result = span_results(close, span, len(STATISTICS))
    permutation(
        close,
        span,
        settings.order,
        null_ranks(f"permutation_{settings.samples}_{settings.order}"),
        settings.fewest,
        settings.full,
        settings.alpha,
        *result,
    )
    return result


KIND = bar_signal(
    name="B6",
    title="Permutation entropy",
    type=SignalType.STATISTICAL,
    settings=PermutationSettings,
    fields=("close",),
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.statistical.kernels.permutation",
)
