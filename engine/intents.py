"""From what a decision wants to the orders that say so: pure, one id per decision, symbol and purpose."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Container, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from store.records import ZERO, Instrument, Order, OrderPurpose, OrderType, Side

ID_PREFIX = "qd"
SYMBOL_LENGTH = 14
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LETTER = {
    OrderPurpose.CLOSE: "C",
    OrderPurpose.OPEN: "O",
    OrderPurpose.STOP: "S",
    OrderPurpose.TRAIL: "R",
    OrderPurpose.TARGET: "T",
    OrderPurpose.FLATTEN: "F",
}
EXIT_LETTERS = frozenset(
    _LETTER[exit] for exit in (OrderPurpose.STOP, OrderPurpose.TRAIL, OrderPurpose.TARGET)
)
"""How the ids of orders end that take a position out of their own accord."""


@dataclass(frozen=True, slots=True)
class Protection:
    """How far from the average entry the exits of a position lie, in quote currency per unit; None: no such exit."""

    stop_offset: Decimal | None
    target_offset: Decimal | None
    trail_offset: Decimal | None = None


def client_order_id(ts_ms: int, symbol: str, purpose: OrderPurpose, again: int = 0) -> str:
    """At most 27 letters and digits (OKX allows 32, no hyphens), the same whenever the same decision is taken.

    `again` tells apart what is asked more than once at one market time.
    """
    letters = "".join(character for character in symbol if character.isascii() and character.isalnum())
    if len(letters) > SYMBOL_LENGTH or letters != symbol:
        digest = hashlib.sha256(symbol.encode()).hexdigest()[:6]
        letters = letters[: SYMBOL_LENGTH - 6] + digest
    number = f"x{again}" if again else ""
    return f"{ID_PREFIX}{_base36(ts_ms // 1000)}{letters}{number}{_LETTER[purpose]}"


def is_ours(identifier: str) -> bool:
    """True for ids of our pattern, whichever engine made them."""
    return identifier.startswith(ID_PREFIX) and identifier[-1:] in _LETTER.values() and identifier.isalnum()


def target_orders(
    instrument: Instrument,
    ts_ms: int,
    close_lots: int,
    open_lots: int,
    reference_price: float,
    passive: bool,
) -> list[Order]:
    """The orders towards one symbol's target: a reduce-only close first, then what opens; lots are signed.

    `passive`: limit orders at `reference_price` on the passive tick, good for one bar, instead of market orders.
    """
    orders = []
    for purpose, lots in ((OrderPurpose.CLOSE, close_lots), (OrderPurpose.OPEN, open_lots)):
        if lots == 0:
            continue
        side = Side.BUY if lots > 0 else Side.SELL
        orders.append(
            Order(
                client_order_id=client_order_id(ts_ms, instrument.symbol, purpose),
                symbol=instrument.symbol,
                side=side,
                type=OrderType.LIMIT if passive else OrderType.MARKET,
                purpose=purpose,
                quantity=abs(lots) * instrument.lot,
                price=passive_price(instrument, side, reference_price) if passive else None,
                decision_ts_ms=ts_ms,
                reduce_only=purpose is OrderPurpose.CLOSE,
                updated_ts_ms=ts_ms,
            )
        )
    return orders


def protective_orders(
    instrument: Instrument, ts_ms: int, position_side: Side, protection: Protection
) -> list[Order]:
    """Stops and target that guard the whole position of `position_side`, wherever its size and entry go."""
    wanted: Sequence[tuple[OrderPurpose, OrderType, Decimal | None]] = (
        (OrderPurpose.STOP, OrderType.STOP_MARKET, protection.stop_offset),
        (OrderPurpose.TRAIL, OrderType.TRAILING_STOP, protection.trail_offset),
        (OrderPurpose.TARGET, OrderType.TAKE_PROFIT, protection.target_offset),
    )
    return [
        Order(
            client_order_id=client_order_id(ts_ms, instrument.symbol, purpose),
            symbol=instrument.symbol,
            side=position_side.opposite,
            type=order_type,
            purpose=purpose,
            quantity=ZERO,
            decision_ts_ms=ts_ms,
            trigger_offset=offset,
            whole_position=True,
            reduce_only=True,
            updated_ts_ms=ts_ms,
        )
        for purpose, order_type, offset in wanted
        if offset is not None
    ]


def flatten_order(symbol: str, ts_ms: int, quantity: Decimal, taken: Container[str] = ()) -> Order:
    """The reduce-only market order that closes a signed `quantity`, under the first id that is not `taken`."""
    names = (client_order_id(ts_ms, symbol, OrderPurpose.FLATTEN, again) for again in itertools.count())
    return Order(
        client_order_id=next(name for name in names if name not in taken),
        symbol=symbol,
        side=Side.SELL if quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        purpose=OrderPurpose.FLATTEN,
        quantity=abs(quantity),
        decision_ts_ms=ts_ms,
        reduce_only=True,
        updated_ts_ms=ts_ms,
    )


def offset_on_tick(instrument: Instrument, distance: float) -> Decimal:
    """A distance in quote currency per unit, at least one tick, rounded down to the tick."""
    ticks = (Decimal(repr(distance)) / instrument.tick).to_integral_value(rounding=ROUND_FLOOR)
    return max(ticks, Decimal(1)) * instrument.tick


def passive_price(instrument: Instrument, side: Side, reference_price: float) -> Decimal:
    """`reference_price` on the tick of the passive side: down for a buy, up for a sell."""
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return (Decimal(repr(reference_price)) / instrument.tick).to_integral_value(
        rounding=rounding
    ) * instrument.tick


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
