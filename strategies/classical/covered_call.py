"""C7, covered call: a coin is held and a call on it sold, delta .30, 30 days, while volatility is dear.

Value: part of the holding to sell calls on; strike, premium, confidence and statistics as `strategies.classical.income`
says. Profit per unit at expiry, in quote currency: S_T - S_0 - max(S_T - K, 0) + premium; nothing at S_0 - premium, at
most K - S_0 + premium. Never more calls than coins.

Whaley 2002; Israelov and Nielsen 2015. Delta and life are a choice of this project.
"""

from __future__ import annotations

from store.records import SignalClass, SignalType
from strategies.classical.income import FIELDS, OPTIONAL, STATISTICS, spans_of
from strategies.definition import bar_signal
from strategies.options.settings import IncomeSettings
from strategies.signal import OptionStructure

KIND = bar_signal(
    name="C7",
    title="Covered call",
    signal_class=SignalClass.NEUTRAL,
    type=SignalType.VOLATILITY,
    settings=IncomeSettings,
    fields=FIELDS,
    optional=OPTIONAL,
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans_of(call=True),
    kernels="strategies.classical.kernels.income",
    options=OptionStructure.COVERED_CALL,
)
