"""A pair of one coin, booked as the engine books it: spot against a perpetual or a dated future."""

from __future__ import annotations

from decimal import Decimal

from engine.ledger import Ledger
from store.records import Fill, FundingPayment, Side

CASH = Decimal(1_000_000)
SPOT, FUTURE = "BTC/USDT", "BTCUSDT"


class Pair:
    """One coin long on spot and short on the future; fees as a fraction of each trade."""

    def __init__(self, spot: Decimal, future: Decimal, fee_rate: Decimal) -> None:
        self._ledger = Ledger(CASH)
        self._fee_rate = fee_rate
        self._trade(SPOT, Side.BUY, spot)
        self._trade(FUTURE, Side.SELL, future)

    def settle(self, number: int, mark: Decimal, rate: Decimal) -> None:
        quantity = self._ledger.quantity(FUTURE)
        amount = -quantity * mark * rate
        self._ledger.apply_funding(FundingPayment(f"{number}", FUTURE, quantity, mark, rate, amount, number))

    def close(self, spot: Decimal, future: Decimal) -> Decimal:
        """What the pair has earned once both legs are closed, in quote currency."""
        self._trade(SPOT, Side.SELL, spot)
        self._trade(FUTURE, Side.BUY, future)
        return self._ledger.cash - CASH

    def _trade(self, symbol: str, side: Side, price: Decimal) -> None:
        identifier = f"{symbol} {side}"
        fee = price * self._fee_rate
        self._ledger.apply_fill(
            Fill(identifier, identifier, symbol, side, price, Decimal(1), fee, maker=False, ts_ms=0)
        )
