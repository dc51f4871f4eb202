"""What covered calls and cash-secured puts have in common: an option sold while volatility is dear.

Value, in [0, 1]: the part of the holding to sell options against, which is the volatility premium's own value (log
ratio of implied over realised volatility, see `strategies.evidence.volatility_premium`) where that is positive, else 0.
Confidence: a prior. Beside it the option, from the newest close S, implied volatility sigma a year and T = expiry_days
/ 365, without interest: strike K = S exp(sigma^2 T / 2 - d1 sigma sqrt T), d1 the quantile of its delta; premium in
quote currency per unit by Black 1976; break-even at expiry.

With a weight both sell the contract that their market lists for it: see `strategies.signal.OptionStructure`.
"""

from __future__ import annotations

from collections.abc import Callable

from strategies.definition import span_results
from strategies.options.income import strike_score
from strategies.options.settings import IncomeSettings
from strategies.signal import FloatArray, KernelResult

DAYS_A_YEAR = 365.0
FIELDS = ("close", "implied_volatility")
OPTIONAL = ("implied_volatility",)
STATISTICS = ("strike", "premium", "delta", "break_even", "log_ratio")


def spans_of(call: bool) -> Callable[[IncomeSettings, int, FloatArray, FloatArray], KernelResult]:
    """What is said of series of closes and implied volatility, for calls sold or puts."""

    def spans(settings: IncomeSettings, span: int, close: FloatArray, implied: FloatArray) -> KernelResult:
        from strategies.classical.kernels.income import income

        result = span_results(close, span, len(STATISTICS))
        income(
            close,
            implied,
            span,
            settings.window,
            settings.bars_a_day,
            settings.dead_band,
            settings.full,
            settings.expiry_days / DAYS_A_YEAR,
            strike_score(settings.delta, call),
            1.0 if call else -1.0,
            settings.prior,
            *result,
        )
        return result

    return spans
