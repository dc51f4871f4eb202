"""C8, cash-secured put: a put is sold, delta -.30, 30 days, while volatility is dear, and its strike set aside in cash.

Value: part of the free cash to set aside; strike, premium, confidence and statistics as `strategies.classical.income`
says. Profit per unit at expiry, in quote currency: premium - max(K - S_T, 0); nothing at K - premium, at worst premium
- K. Never more puts than cash pays the strikes of.

Ungar and Moran 2009. Delta and life are a choice of this project.
"""

from __future__ import annotations

from store.records import SignalClass, SignalType
from strategies.classical.income import FIELDS, OPTIONAL, STATISTICS, spans_of
from strategies.definition import bar_signal
from strategies.options.settings import IncomeSettings
from strategies.signal import OptionStructure

KIND = bar_signal(
    name="C8",
    title="Cash-secured put",
    signal_class=SignalClass.NEUTRAL,
    type=SignalType.VOLATILITY,
    settings=IncomeSettings,
    fields=FIELDS,
    optional=OPTIONAL,
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans_of(call=False),
    kernels="strategies.classical.kernels.income",
    options=OptionStructure.SECURED_PUT,
)
