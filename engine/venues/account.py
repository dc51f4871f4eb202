"""The account at the simulated venue, in memory: orders, positions, cash, marks, and what a call changed.

Nothing here decides a fill. Every change goes through the verbs below, which number the events and remember
what has to be written, so a call is committed whole and a call that changed nothing writes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.venues.config import VenueConfig
from engine.venues.fills import Execution, Level, impact
from engine.venues.holdings import after_fill, after_funding, cash_change, unrealised
from engine.venues.margin import liquidation_bound
from engine.venues.market_step import MarketStep
from engine.venues.venue import VenueEvent
from store.records import (
    ZERO,
    Fill,
    FundingPayment,
    Instrument,
    InstrumentKind,
    Order,
    OrderReport,
    OrderStatus,
    Position,
    Side,
    money,
)

RECENT_EVENTS = 512
NEVER_MS = -1
"""The clock of a venue that has not seen a bar."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The last close known of a symbol (NaN: none yet) and the context its costs depend on."""

    close: float
    volume_24h: float
    sigma_daily: float


NO_MARK = Mark(float("nan"), float("nan"), float("nan"))


@dataclass(slots=True)
class Changes:
    """What one call has changed and not yet written."""

    orders: dict[str, Order] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    events: list[VenueEvent] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.orders or self.positions or self.events or self.refusals)


@dataclass(slots=True)
class Account:
    """Books and clock. `orders` holds what the next bar may act on, in the order it was accepted.

    `racing` names orders confirmed as cancelled that work on until the end of the next bar; `trails` has the trigger
    in ticks that each trailing stop had reached at the close of the last bar. `open_ms` is the open of the last bar
    played, `open_ms + bar_ms` the venue's clock; NEVER_MS before the first bar.
    """

    name: str
    instruments: dict[str, Instrument]
    symbols: tuple[str, ...]
    config: VenueConfig
    cash: Decimal
    positions: dict[str, Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    racing: set[str] = field(default_factory=set)
    trails: dict[str, int] = field(default_factory=dict)
    delisted: frozenset[str] = frozenset()
    sequence: int = 0
    open_ms: int = NEVER_MS
    bar_ms: int = 0
    recent: deque[VenueEvent] = field(default_factory=lambda: deque(maxlen=RECENT_EVENTS))
    changes: Changes = field(default_factory=Changes)
    levels: dict[str, tuple[Order, Position, Level | None]] = field(default_factory=dict)
    _bounds: dict[str, tuple[Position, float | None]] = field(default_factory=dict)
    _marks: dict[str, Mark] = field(default_factory=dict)
    _prices: dict[str, Decimal | None] = field(default_factory=dict)
    _step: MarketStep | None = None

    @property
    def clock_ms(self) -> int:
        """The end of the last bar played, NEVER_MS before the first."""
        return self.open_ms + self.bar_ms

    @property
    def marks(self) -> dict[str, Mark]:
        """Per symbol, as of the last bar; read from the bar only when asked for."""
        if self._step is not None:
            self._marks = self._marks | _marks_after(self._step, self.symbols)
            self._step = None
        return self._marks

    def move_clock(self, step: MarketStep) -> None:
        """Let `step` be the bar being played, and the last one played from then on."""
        self._step = step
        self._prices.clear()
        self.open_ms, self.bar_ms = step.open_ms, step.bar_ms

    def set_clock(self, open_ms: int, bar_ms: int, marks: Mapping[str, Mark]) -> None:
        """Restore clock and marks as they were recorded, of what is known."""
        known = {symbol: mark for symbol, mark in marks.items() if symbol in self.instruments}
        self._step, self._marks, self._prices = None, known, {}
        self.open_ms, self.bar_ms = open_ms, bar_ms

    def mark_price(self, symbol: str) -> Decimal | None:
        """The last close known, None where there is none."""
        if symbol not in self._prices:
            close = self.marks.get(symbol, NO_MARK).close
            self._prices[symbol] = Decimal(repr(float(close))) if close > 0 else None
        return self._prices[symbol]

    def position(self, symbol: str) -> Position:
        """The position held, an empty one where nothing is."""
        return self.positions.get(symbol) or Position(symbol)

    def equity(self) -> Decimal:
        """Cash plus unrealised profit at the marks."""
        total = self.cash
        for symbol, position in self.positions.items():
            price = self.mark_price(symbol) if position.quantity else None
            if price is not None:
                total += unrealised(position, price, self.instruments[symbol].contract_size)
        return total

    def working(self, symbol: str) -> list[Order]:
        """The orders of one symbol that the next bar may act on."""
        return [order for order in self.orders.values() if order.symbol == symbol]

    def acts(self, order: Order) -> bool:
        """True where the bar being played comes late enough for the order's decision and the latency."""
        return self.open_ms >= order.decision_ts_ms + self.config.latency_bars * self.bar_ms

    def liquidation_bound(self, symbol: str) -> float | None:
        """`margin.liquidation_bound` of the position held; kept until it changes, for every bar asks for it."""
        position, known = self.position(symbol), self._bounds.get(symbol)
        if known is None or known[0] is not position:
            known = self._bounds[symbol] = (position, liquidation_bound(self.instruments[symbol], position))
        return known[1]

    def only_reduces(self, order: Order) -> bool:
        """Reduce-only orders, protective ones, and sales of what is owned outright."""
        is_spot = self.instruments[order.symbol].kind is InstrumentKind.SPOT
        return order.reduce_only or order.whole_position or (is_spot and order.side is Side.SELL)

    def reducible(self, symbol: str, side: Side) -> Decimal:
        """How much an order of this side can take off the position, 0 where it would add to it."""
        return max(-self.position(symbol).quantity * side.sign, ZERO)

    def taker_cost(self, symbol: str, quantity: Decimal, volume_24h: float, sigma_daily: float) -> float:
        """Half spread plus square-root impact of taking `quantity`, as a fraction of price."""
        config = self.config
        known = sigma_daily if sigma_daily >= 0 else config.unknown_daily_volatility
        instrument = self.instruments[symbol]
        base_quantity = float(quantity * instrument.contract_size)
        is_option = instrument.kind is InstrumentKind.OPTION
        half_spread_bps = config.option_half_spread_bps if is_option else config.half_spread_bps
        return half_spread_bps * 1e-4 + impact(base_quantity, volume_24h, known, config.impact_coefficient)

    def accept(self, order: Order) -> Order:
        """Take a new order into the book, its price and quantity written in the instrument's steps."""
        instrument = self.instruments[order.symbol]
        price = order.price
        accepted = replace(
            order,
            status=OrderStatus.ACCEPTED,
            venue_order_id=f"{self.name}-{order.client_order_id}",
            updated_ts_ms=max(self.clock_ms, order.decision_ts_ms),
            quantity=order.quantity // instrument.lot * instrument.lot,
            price=None if price is None else price // instrument.tick * instrument.tick,
            filled_quantity=ZERO,
            filled_notional=ZERO,
            fee=ZERO,
            reason="",
            attempt=0,
        )
        self.orders[order.client_order_id] = accepted
        self._tell(accepted)
        return accepted

    def refuse(self, order: Order, reason: str) -> None:
        """Remember a refusal, so that asking again is answered alike whatever has changed since."""
        self.changes.refusals[order.client_order_id] = reason

    def end(self, order: Order, status: OrderStatus, reason: str, ts_ms: int) -> Order:
        """Close an order that did not fill, with a reason a person can read."""
        ended = replace(order, status=status, reason=reason, updated_ts_ms=ts_ms)
        del self.orders[order.client_order_id]
        self.trails.pop(order.client_order_id, None)
        self._tell(ended)
        return ended

    def race(self, order: Order, ts_ms: int) -> Order:
        """Confirm a cancel that came too late: the order works on until the end of the next bar."""
        cancelled = self.end(order, OrderStatus.CANCELED, "cancelled", ts_ms)
        self.orders[order.client_order_id] = cancelled
        self.racing.add(order.client_order_id)
        return cancelled

    def end_race(self, order: Order) -> None:
        """Forget a cancelled order that found nothing more to fill against."""
        self.racing.discard(order.client_order_id)
        del self.orders[order.client_order_id]
        self.changes.orders[order.client_order_id] = order

    def trail(self, order: Order, ticks: int) -> None:
        """Move the trigger of a trailing stop; nobody is told of it."""
        self.trails[order.client_order_id] = ticks
        self.levels.pop(order.client_order_id, None)
        self.changes.orders[order.client_order_id] = order

    def fill(
        self,
        order: Order,
        execution: Execution,
        quantity: Decimal,
        ts_ms: int,
        penalty_rate: Decimal | None = None,
        settles: bool = False,
    ) -> Order:
        """Book one execution of a working order (at most one per order and bar) and what follows from it.

        `penalty_rate` is set for a liquidation and comes on top of the taker fee. What `settles` an expired contract
        costs no fee.
        """
        instrument = self.instruments[order.symbol]
        price = execution.ticks * instrument.tick
        notional = price * quantity * instrument.contract_size
        rate = instrument.maker_fee_rate if execution.maker else instrument.taker_fee_rate
        fill = Fill(
            fill_id=f"{order.client_order_id}-{self.open_ms}",
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=ZERO if settles else money(notional * (rate + (penalty_rate or ZERO))),
            maker=execution.maker,
            ts_ms=ts_ms,
            reduce_only=self.only_reduces(order),
            liquidation=penalty_rate is not None,
        )
        before = self.position(order.symbol)
        self._book(after_fill(before, fill, instrument.contract_size))
        self._emit(fill=fill)
        filled = self._filled(order, fill, money(notional))
        self._tell(filled)
        self._end_protection(before, ts_ms)
        return filled

    def settle(self, symbol: str, rate: Decimal, mark_price: Decimal, ts_ms: int) -> None:
        """Book one funding settlement on the position held: -quantity x mark x rate."""
        position = self.position(symbol)
        size = position.quantity * self.instruments[symbol].contract_size
        payment = FundingPayment(
            funding_id=f"{symbol}-{ts_ms}",
            symbol=symbol,
            quantity=position.quantity,
            mark_price=mark_price,
            rate=rate,
            amount=money(-size * mark_price * rate),
            ts_ms=ts_ms,
        )
        self._book(after_funding(position, payment))
        self._emit(funding=payment)

    def put_position(self, position: Position) -> None:
        """Put a position in place that no order and no event explains."""
        self._book(position)

    def _filled(self, order: Order, fill: Fill, notional: Decimal) -> Order:
        name = order.client_order_id
        quantity = order.filled_quantity + fill.quantity
        complete = order.whole_position or quantity >= order.quantity
        partly = OrderStatus.CANCELED if name in self.racing else OrderStatus.PARTIALLY_FILLED
        filled = replace(
            order,
            status=OrderStatus.FILLED if complete else partly,
            filled_quantity=quantity,
            filled_notional=order.filled_notional + notional,
            fee=order.fee + fill.fee,
            updated_ts_ms=fill.ts_ms,
        )
        if complete:
            self.racing.discard(name)
            self.trails.pop(name, None)
            del self.orders[name]
        else:
            self.orders[name] = filled
        return filled

    def _end_protection(self, before: Position, ts_ms: int) -> None:
        """A position that closed or flipped leaves nothing for its protective orders to protect."""
        if not before.quantity or self.position(before.symbol).quantity * before.quantity > 0:
            return
        side = Side.SELL if before.quantity > 0 else Side.BUY
        for order in self.working(before.symbol):
            if order.whole_position and order.side is side and self.acts(order):
                self.end(order, OrderStatus.EXPIRED, "the position it protected is closed", ts_ms)

    def _tell(self, order: Order) -> None:
        self.changes.orders[order.client_order_id] = order
        self._emit(report=report_of(order))

    def _book(self, position: Position) -> None:
        self.cash += cash_change(self.position(position.symbol), position)
        self.positions[position.symbol] = position
        self.changes.positions[position.symbol] = position

    def _emit(
        self,
        report: OrderReport | None = None,
        fill: Fill | None = None,
        funding: FundingPayment | None = None,
    ) -> None:
        self.sequence += 1
        event = VenueEvent(self.sequence, report, fill, funding, self.open_ms)
        self.recent.append(event)
        self.changes.events.append(event)


def report_of(order: Order) -> OrderReport:
    """What the venue says about one of its orders."""
    return OrderReport(
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id or "",
        symbol=order.symbol,
        status=order.status,
        filled_quantity=order.filled_quantity,
        ts_ms=order.updated_ts_ms,
        reason=order.reason,
    )


def _marks_after(step: MarketStep, symbols: tuple[str, ...]) -> dict[str, Mark]:
    """Marks at the end of a bar; a symbol without a bar keeps its last close."""
    closes = zip(step.close.tolist(), step.volume.tolist(), step.previous_close.tolist(), strict=True)
    known = [close if close > 0 and volume > 0 else before for close, volume, before in closes]
    context = zip(known, step.volume_24h.tolist(), step.sigma_daily.tolist(), strict=True)
    return {symbol: Mark(*mark) for symbol, mark in zip(symbols, context, strict=True)}
