"""A6, coins against each other: what did better than its exposure to bitcoin explains goes on doing so for a while.

Daily log returns r, the newest `skip` days left out. beta_i: least squares with a constant on bitcoin's returns over
`beta_days`; e_i = R_i - beta_i R_BTC over `horizon` days; score = e_i / (residual deviation sqrt horizon), ddof 2.
Value: (rank - (n + 1) / 2) / ((n - 1) / 2) of the n coins with a score, equal ones sharing their mean rank, so that
values sum to 0. Confidence: n over the coins of the universe. Bitcoin, stablecoins and wrapped coins are not ranked
(DEGENERATE); fewer than `fewest` coins: TOO_FEW_ASSETS. Legs: value_i / sum |value|; whoever decides adds bitcoin's
leg, - sum of legs times betas.

Liu, Tsyvinski and Wu 2022 for three weeks of momentum across coins; the regression is a choice of this project.
"""

from __future__ import annotations

import numpy as np

from store.records import SignalType
from store.symbols import base_of
from strategies.definition import cross_signal
from strategies.evidence.settings import CrossSectionSettings
from strategies.signal import FloatArray, KernelResult
from strategies.windows import result_arrays

STATISTICS = ("beta", "excess", "score", "rank")


def legs(symbols: tuple[str, ...], value: FloatArray) -> FloatArray:
    """Weights [S, S], row r what reading r scales: the symbol itself by 1 / sum |value|, so that all legs together
    have a gross weight of 1; zeros where no symbol has a value."""
    gross = np.nansum(np.abs(value))
    return np.eye(len(symbols)) / gross if gross > 0.0 else np.zeros((len(symbols), len(symbols)))


def kernel(settings: CrossSectionSettings, symbols: tuple[str, ...], close: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.cross_section import cross_section

    bases = [base_of(symbol) for symbol in symbols]
    unranked = {settings.reference, *settings.excluded}
    result = result_arrays(close.shape[0] * close.shape[1], len(STATISTICS))
    cross_section(
        close,
        bases.index(settings.reference) if settings.reference in bases else -1,
        np.array([place for place, base in enumerate(bases) if base not in unranked], dtype=np.int64),
        settings.beta_days,
        settings.skip,
        settings.horizon,
        settings.fewest,
        *result,
    )
    return result


KIND = cross_signal(
    name="A6",
    title="Coins against each other",
    type=SignalType.MOMENTUM,
    settings=CrossSectionSettings,
    fields=("close",),
    statistics=STATISTICS,
    kernel=kernel,
    kernels="strategies.evidence.kernels.cross_section",
    legs=legs,
)
