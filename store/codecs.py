"""How each record becomes a row and a row the record again: one table of columns per record.

Columns are named as the record's fields. Decimals are written plainly (never 1E-8) and read back equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeVar

from store.errors import Corrupt
from store.records import (
    Event,
    Fill,
    FundingPayment,
    Instrument,
    InstrumentKind,
    LedgerTotals,
    OptionRight,
    Order,
    OrderPurpose,
    OrderStatus,
    OrderType,
    Override,
    Position,
    Side,
    TradingState,
)
from store.rows import ControlRow, printable

T = TypeVar("T")
Row = tuple[Any, ...]
Kind = tuple[Callable[[Any], Any], Callable[[Any], Any]]
"""What a field is turned into for its column, and the inverse."""


def plain(amount: Decimal) -> str:
    """The decimal without an exponent: 0.00000001, not 1E-8."""
    text = str(amount)
    return format(amount, "f") if "E" in text else text


def _word(kind: type[StrEnum]) -> Kind:
    return str, kind


def _same(value: Any) -> Any:
    return value


AS_IS: Kind = (_same, _same)
PROSE: Kind = (printable, str)
FLAG: Kind = (bool, bool)
AMOUNT: Kind = (plain, Decimal)
MAYBE_AMOUNT: Kind = (
    lambda amount: None if amount is None else plain(amount),
    lambda text: None if text is None else Decimal(text),
)
RIGHT: Kind = (lambda right: str(right or ""), lambda text: OptionRight(text) if text else None)
STATE: Kind = (attrgetter("name"), TradingState.__getitem__)


class Codec(Generic[T]):
    """Rows of `table` for records of one class; `fields` in column order."""

    def __init__(self, table: str, record: Callable[..., T], **fields: Kind) -> None:
        self.table = table
        self.names = tuple(fields)
        self._record = record
        self._fields: Callable[[T], Iterable[Any]] = attrgetter(*fields)
        encoders = enumerate(encode for encode, _ in fields.values())
        self._encoders = tuple((place, encode) for place, encode in encoders if encode is not _same)
        self._decoders = tuple(decode for _, decode in fields.values())

    @property
    def columns(self) -> str:
        """The column names, as SQL lists them."""
        return ", ".join(self.names)

    def row(self, record: T) -> Row:
        values = list(self._fields(record))
        for place, encode in self._encoders:
            values[place] = encode(values[place])
        return tuple(values)

    def record(self, row: Iterable[Any]) -> T:
        """Raises what a damaged row causes; see `readable`."""
        decoded = [decode(value) for decode, value in zip(self._decoders, row, strict=True)]
        return self._record(**dict(zip(self.names, decoded, strict=True)))

    def records(self, rows: Iterable[Iterable[Any]]) -> list[T]:
        """Raises Corrupt, naming the table, for a row that cannot be read."""
        with readable(self.table):
            return [self.record(row) for row in rows]


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn what a damaged row causes while it is decoded into Corrupt, naming the table."""
    try:
        yield
    except (ValueError, ArithmeticError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise Corrupt(f"table {what} holds a row that cannot be read ({error}); restore a backup") from error


INSTRUMENT = Codec(
    "instruments",
    Instrument,
    symbol=AS_IS,
    kind=_word(InstrumentKind),
    base=AS_IS,
    quote=AS_IS,
    tick=AMOUNT,
    lot=AMOUNT,
    min_quantity=AMOUNT,
    min_notional=AMOUNT,
    contract_size=AMOUNT,
    maker_fee_rate=AMOUNT,
    taker_fee_rate=AMOUNT,
    maintenance_margin_rate=AMOUNT,
    leverage=AMOUNT,
    funding_interval_ms=AS_IS,
    funding_cap_rate=AMOUNT,
    expiry_ms=AS_IS,
    strike=AMOUNT,
    right=RIGHT,
)

ORDER = Codec(
    "orders",
    Order,
    client_order_id=AS_IS,
    symbol=AS_IS,
    side=_word(Side),
    type=_word(OrderType),
    purpose=_word(OrderPurpose),
    quantity=AMOUNT,
    decision_ts_ms=AS_IS,
    price=MAYBE_AMOUNT,
    trigger_offset=MAYBE_AMOUNT,
    whole_position=FLAG,
    reduce_only=FLAG,
    post_only=FLAG,
    status=_word(OrderStatus),
    filled_quantity=AMOUNT,
    filled_notional=AMOUNT,
    fee=AMOUNT,
    venue_order_id=AS_IS,
    reason=PROSE,
    attempt=AS_IS,
    updated_ts_ms=AS_IS,
)

FILL = Codec(
    "fills",
    Fill,
    fill_id=AS_IS,
    client_order_id=AS_IS,
    symbol=AS_IS,
    side=_word(Side),
    price=AMOUNT,
    quantity=AMOUNT,
    fee=AMOUNT,
    maker=FLAG,
    ts_ms=AS_IS,
    reduce_only=FLAG,
    liquidation=FLAG,
)

FUNDING = Codec(
    "funding",
    FundingPayment,
    funding_id=AS_IS,
    symbol=AS_IS,
    quantity=AMOUNT,
    mark_price=AMOUNT,
    rate=AMOUNT,
    amount=AMOUNT,
    ts_ms=AS_IS,
)

POSITION = Codec(
    "positions",
    Position,
    symbol=AS_IS,
    quantity=AMOUNT,
    cost=AMOUNT,
    realised=AMOUNT,
    fees=AMOUNT,
    funding=AMOUNT,
    opened_ts_ms=AS_IS,
)

TOTALS = Codec(
    "equity",
    LedgerTotals,
    initial=AMOUNT,
    realised=AMOUNT,
    unrealised=AMOUNT,
    fees=AMOUNT,
    funding=AMOUNT,
    equity=AMOUNT,
    high_water_mark=AMOUNT,
)

OVERRIDE = Codec(
    "overrides",
    Override,
    name=AS_IS,
    scope=AS_IS,
    state=STATE,
    actor=PROSE,
    reason=PROSE,
    since_ts_ms=AS_IS,
    ends=AS_IS,
    until_ts_ms=AS_IS,
)

CONTROL = Codec(
    "control",
    ControlRow,
    sequence=AS_IS,
    state=STATE,
    progress=AS_IS,
    reason=PROSE,
    actor=PROSE,
    wall_ms=AS_IS,
    market_ts_ms=AS_IS,
    keep_positions=FLAG,
)

EVENT = Codec("events", Event, ts_ms=AS_IS, level=AS_IS, source=AS_IS, message=PROSE, data=PROSE)
