"""What one execution or one funding settlement does to one average-cost position; pure and exact.

Quantity and total cost are kept, no average price, so nothing is lost to a division: a reduction releases
cost x closed / quantity, rounded half-even to 1e-8 in whole numbers.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from store.records import ZERO, Fill, FundingPayment, Position, money


def released_cost(cost: Decimal, closed: Decimal, held: Decimal) -> Decimal:
    """cost x closed / held, half-even to 1e-8 whatever the number of digits; `held` is not 0."""
    exponent = min(int(closed.as_tuple().exponent), int(held.as_tuple().exponent), 0)
    steps, part, whole = (
        int(cost.scaleb(8).to_integral_value()),
        int(closed.scaleb(-exponent)),
        int(held.scaleb(-exponent)),
    )
    quotient, remainder = divmod(steps * part, whole)
    twice = 2 * remainder
    # With a negative divisor the remainder is negative too, and so is the half it is compared with.
    above = abs(twice) > abs(whole) or (abs(twice) == abs(whole) and quotient % 2 == 1)
    return Decimal(quotient + above).scaleb(-8)


def after_fill(position: Position, fill: Fill, contract_size: Decimal) -> Position:
    """The position once `fill` is booked; a trade through zero closes it whole and opens the rest anew."""
    signed = fill.quantity * fill.side.sign
    held = position.quantity
    fees = position.fees + fill.fee
    if held * signed >= 0:
        opened_ts_ms = position.opened_ts_ms if held else fill.ts_ms
        cost = position.cost + money(signed * fill.price * contract_size)
        return replace(position, quantity=held + signed, cost=cost, fees=fees, opened_ts_ms=opened_ts_ms)
    closed = -held if abs(signed) >= abs(held) else signed
    rest = signed - closed
    released = position.cost if closed == -held else released_cost(position.cost, -closed, held)
    realised = position.realised + money(-closed * fill.price * contract_size) - released
    if rest or closed == -held:
        cost = money(rest * fill.price * contract_size)
        opened_ts_ms = fill.ts_ms if rest else 0
        return replace(
            position, quantity=rest, cost=cost, realised=realised, fees=fees, opened_ts_ms=opened_ts_ms
        )
    return replace(
        position, quantity=held + signed, cost=position.cost - released, realised=realised, fees=fees
    )


def after_funding(position: Position, payment: FundingPayment) -> Position:
    """The position once a settlement is booked."""
    return replace(position, funding=position.funding + payment.amount)


def cash_change(before: Position, after: Position) -> Decimal:
    """What booking moved into the account's cash: realised - fees + funding."""
    return (after.realised - before.realised) - (after.fees - before.fees) + (after.funding - before.funding)


def unrealised(position: Position, mark: Decimal, contract_size: Decimal) -> Decimal:
    """Profit not yet taken at `mark`, rounded half-even to 1e-8."""
    return money(position.quantity * mark * contract_size) - position.cost if position.quantity else ZERO
