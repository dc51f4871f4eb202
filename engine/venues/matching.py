"""One bar played against the account, in the order things happen inside a bar.

Funding stamped at the open, on the position carried in; market orders, closes first; funding stamped inside; limit
orders; stops, targets, liquidation; futures and options that expire in the bar, settled at its last price, which is the
index, or what an option is worth against it; and what the close ends or moves. Fills at the open carry its time, those
at an unknown instant the last millisecond of the bar, a settlement the time of the expiry, and an order that expires
that of the close.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from engine.venues import fills
from engine.venues.account import Account
from engine.venues.fills import Execution, Level, SymbolBar
from engine.venues.filters import WAITING_FOR_A_TRIGGER
from engine.venues.flattening import SETTLING, flattening_order
from engine.venues.margin import is_liquidated
from engine.venues.market_step import MarketStep
from store.records import ZERO, Instrument, InstrumentKind, Order, OrderStatus, OrderType, Position, Side

NOTHING_TO_REDUCE = "nothing left to reduce"
LEVELS_AN_ORDER = 4
STOPS = frozenset({OrderType.STOP_MARKET, OrderType.TRAILING_STOP})
TARGETS = frozenset({OrderType.TAKE_PROFIT})


def play(account: Account, step: MarketStep) -> None:
    """Let the market move through `step`, a bar the account has not seen."""
    account.move_clock(step)
    bar = _Bar(account, step)
    bar.settle_funding(at_open=True)
    bar.market_orders()
    bar.settle_funding(at_open=False)
    bar.limit_orders()
    bar.exits()
    bar.expiries()
    bar.close()


def symbol_bars(step: MarketStep) -> Iterator[SymbolBar]:
    """The columns of a step, symbol by symbol."""
    return map(SymbolBar, *(getattr(step, name).tolist() for name in SymbolBar._fields))


def level(account: Account, order: Order) -> Level | None:
    """`level_of` for the position held, or where a trailing stop has come to beyond that; kept until order, position
    or trail change, for every bar asks for it."""
    position, known = account.position(order.symbol), account.levels.get(order.client_order_id)
    if known is not None and known[0] is order and known[1] is position:
        return known[2]
    if len(account.levels) > LEVELS_AN_ORDER * len(account.orders):
        account.levels.clear()
    instrument = account.instruments[order.symbol]
    found = level_of(order, instrument, position)
    if found is not None and order.client_order_id in account.trails:
        ticks = _tighter(order.side, found.ticks, account.trails[order.client_order_id])
        found = Level(ticks, float(ticks * instrument.tick))
    account.levels[order.client_order_id] = (order, position, found)
    return found


def level_of(order: Order, instrument: Instrument, position: Position) -> Level | None:
    """An order's limit or trigger price; None while a protective order has no position of its side.

    A protective trigger follows the average entry price. Where that falls between two ticks, a sale triggers
    at the lower and a purchase at the higher one: on a market that trades on the grid this moves no trigger.
    """
    if not order.whole_position:
        ticks = int((order.price or ZERO) / instrument.tick)
        return Level(ticks, float(ticks * instrument.tick))
    if position.quantity * order.side.sign >= 0:
        return None
    size = abs(position.quantity) * instrument.contract_size
    away = 1 if (order.type in STOPS) == (order.side is Side.BUY) else -1
    numerator = abs(position.cost) + away * (order.trigger_offset or ZERO) * size
    whole, part = divmod(numerator, size * instrument.tick)
    ticks = int(whole) + (1 if order.side is Side.BUY and part > 0 else 0)
    return Level(ticks, float(ticks * instrument.tick))


def trail_ticks(order: Order, instrument: Instrument) -> int:
    """How far a trailing stop keeps from the best close, in whole ticks."""
    whole, part = divmod(order.trigger_offset or ZERO, instrument.tick)
    return int(whole) + (1 if part else 0)


def _tighter(side: Side, one: int, other: int) -> int:
    """Of two triggers of a stop, in ticks, the one that gives less away."""
    return min(one, other) if side is Side.BUY else max(one, other)


class _Bar:
    """The orders that may act in one bar, the room left for them, and the bar itself."""

    def __init__(self, account: Account, step: MarketStep) -> None:
        self._account = account
        self._step = step
        self._inside_ms = step.close_ms - 1
        touched = {order.symbol for order in account.orders.values()}
        self._bars = {
            symbol: bar
            for symbol, bar in zip(account.symbols, symbol_bars(step), strict=True)
            if symbol in touched or account.position(symbol).quantity
        }
        self._room: dict[str, Decimal] = {}
        self._targets_wait: set[str] = set()

    def settle_funding(self, at_open: bool) -> None:
        """Settlements stamped at the open, or those inside the bar; the mark is the close before the bar."""
        for settlement in self._step.funding:
            symbol = self._account.symbols[settlement.symbol_index]
            if (settlement.ts_ms == self._step.open_ms) is not at_open:
                continue
            if not self._account.position(symbol).quantity:
                continue
            previous_close = self._bars[symbol].previous_close
            if not previous_close > 0:
                raise ValueError(f"funding of {symbol} at {settlement.ts_ms} ms has no close before it")
            rate = Decimal(repr(float(settlement.rate)))
            self._account.settle(symbol, rate, Decimal(repr(previous_close)), settlement.ts_ms)

    def market_orders(self) -> None:
        """At the open, closes first."""
        for order in self._acting(OrderType.MARKET):
            bar = self._bar(order.symbol)
            quantity = ZERO if bar is None else self._fillable(order, bar)
            if bar is not None and quantity:
                cost = self._cost(order, quantity, bar)
                execution = fills.market(bar.open, order.side.sign, cost, self._tick(order))
                self._fill(order, execution, quantity)

    def limit_orders(self) -> None:
        """What the market traded through; a post-only order that would take at the open is turned away."""
        for order in self._acting(OrderType.LIMIT):
            bar = self._bar(order.symbol)
            if bar is None:
                continue
            limit = level(self._account, order)
            if limit is None:
                continue
            if order.post_only and fills.crosses(bar, order.side.sign, limit):
                reason = "post-only: it would have taken at the open"
                self._account.end(order, OrderStatus.EXPIRED, reason, self._step.open_ms)
                continue
            self._limit_order(order, limit, bar)

    def exits(self) -> None:
        """Stops, then targets, then liquidation, symbol by symbol.

        After a stop or a limit's fill inside the bar nobody knows whether the target's price came later, so
        the target waits for the next bar.
        """
        waiting: dict[str, list[Order]] = {symbol: [] for symbol in self._bars}
        for order in self._account.orders.values():
            if order.type in WAITING_FOR_A_TRIGGER and order.symbol in waiting and self._account.acts(order):
                waiting[order.symbol].append(order)
        for symbol, bar in self._bars.items():
            if bar.missing:
                continue
            while (stop := self._nearest(waiting[symbol], bar, STOPS)) is not None:
                self._targets_wait.add(symbol)
                self._exit(*stop, bar)
            if symbol not in self._targets_wait:
                while (target := self._nearest(waiting[symbol], bar, TARGETS)) is not None:
                    self._exit(*target, bar)
            self._liquidate(symbol, bar)

    def expiries(self) -> None:
        """Contracts that end in this bar: their orders first, then what is held of them, in cash and without a fee."""
        account, step = self._account, self._step
        for symbol, bar in self._bars.items():
            instrument = account.instruments[symbol]
            if not 0 < instrument.expiry_ms <= step.close_ms:
                continue
            # An option may end worthless; nothing else has a price of 0.
            worthless = instrument.kind is InstrumentKind.OPTION and bar.close == 0
            price = bar.close if bar.close > 0 or worthless else bar.previous_close
            if not (price > 0 or worthless):
                continue
            for order in account.working(symbol):
                account.end(order, OrderStatus.EXPIRED, "its contract has expired", instrument.expiry_ms)
            quantity = account.position(symbol).quantity
            if quantity:
                order = flattening_order(SETTLING, symbol, quantity, step.open_ms)
                order = replace(account.accept(order), reason="settled at the expiry of its contract")
                execution = Execution(round(price / float(instrument.tick)), maker=False)
                account.fill(order, execution, quantity.copy_abs(), instrument.expiry_ms, settles=True)

    def close(self) -> None:
        """What the end of the bar ends, and the trailing stops that its close moves."""
        account, ts_ms = self._account, self._step.close_ms
        for order in [order for order in account.orders.values() if account.acts(order)]:
            if order.client_order_id in account.racing:
                account.end_race(order)
            elif order.type is OrderType.MARKET:
                account.end(order, OrderStatus.CANCELED, self._why_not_filled(order), ts_ms)
            elif order.type is OrderType.LIMIT and self._limit_is_over(order):
                account.end(order, OrderStatus.EXPIRED, "not filled within its time", ts_ms)
            elif order.whole_position and not account.reducible(order.symbol, order.side):
                account.end(order, OrderStatus.EXPIRED, "no position to protect", ts_ms)
            elif order.type is OrderType.TRAILING_STOP:
                self._trail(order)

    def _limit_order(self, order: Order, level: Level, bar: SymbolBar) -> None:
        quantity = self._fillable(order, bar)
        if not quantity:
            return
        cost = self._cost(order, quantity, bar)
        execution = fills.limit(bar, order.side.sign, level, cost, self._tick(order))
        if execution is not None:
            self._fill(order, execution, quantity)

    def _nearest(
        self, waiting: list[Order], bar: SymbolBar, kinds: frozenset[OrderType]
    ) -> tuple[Order, Level] | None:
        """The order of these kinds that the market reaches first on its way from the open; of a stop and a trailing
        one that it reaches at once, the stop."""
        is_stop = kinds is STOPS
        triggers = fills.stop_triggers if is_stop else fills.target_triggers
        reached = []
        for order in waiting:
            if order.type not in kinds or order.client_order_id not in self._account.orders:
                continue
            trigger = level(self._account, order)
            if trigger is not None and triggers(bar, order.side.sign, trigger):
                way = (trigger.price - bar.open) * order.side.sign * (1 if is_stop else -1)
                first = (max(way, 0.0), order.type is OrderType.TRAILING_STOP)
                reached.append((first, order, trigger))
        return min(reached, key=lambda candidate: candidate[0])[1:] if reached else None

    def _exit(self, order: Order, trigger: Level, bar: SymbolBar) -> None:
        account, sign, tick = self._account, order.side.sign, self._tick(order)
        quantity = self._wanted(order)
        if quantity:
            if order.type in STOPS:
                execution = fills.stop(bar, sign, trigger, self._cost(order, quantity, bar), tick)
            else:
                execution = fills.target(bar, sign, trigger, tick)
            order = account.fill(order, execution, quantity, self._inside_ms)
        if order.client_order_id in account.orders:
            account.end(order, OrderStatus.EXPIRED, NOTHING_TO_REDUCE, self._inside_ms)

    def _trail(self, order: Order) -> None:
        """Let the trigger follow the close; a missing bar has none, and back it never goes."""
        now, bar = level(self._account, order), self._bar(order.symbol)
        if now is None:
            return
        ticks = now.ticks
        if bar is not None:
            offset_ticks = trail_ticks(order, self._instrument(order))
            followed = fills.trailing(bar.close, order.side.sign, offset_ticks, self._tick(order))
            ticks = _tighter(order.side, ticks, followed)
        if self._account.trails.get(order.client_order_id) != ticks:
            self._account.trail(order, ticks)

    def _liquidate(self, symbol: str, bar: SymbolBar) -> None:
        position, instrument = self._account.position(symbol), self._account.instruments[symbol]
        if not position.quantity:
            return
        side = Side.SELL if position.quantity > 0 else Side.BUY
        worst = bar.low if side is Side.SELL else bar.high
        bound = self._account.liquidation_bound(symbol)
        if bound is None or (bound - worst) * side.sign > 0:
            return
        ticks = fills.ticks_against(worst, side.sign, float(instrument.tick))
        if not is_liquidated(instrument, position, ticks * instrument.tick):
            return
        order = flattening_order("liq", symbol, position.quantity, self._step.open_ms)
        order = replace(self._account.accept(order), reason="liquidated: margin below maintenance")
        penalty_rate = Decimal(repr(self._account.config.liquidation_penalty_rate))
        execution = Execution(ticks, maker=False)
        self._account.fill(order, execution, order.quantity, self._inside_ms, penalty_rate)

    def _acting(self, kind: OrderType) -> list[Order]:
        acting = [o for o in self._account.orders.values() if o.type is kind and self._account.acts(o)]
        return sorted(acting, key=lambda order: not self._account.only_reduces(order))

    def _bar(self, symbol: str) -> SymbolBar | None:
        bar = self._bars.get(symbol)
        return None if bar is None or bar.missing else bar

    def _wanted(self, order: Order) -> Decimal:
        reducible = self._account.reducible(order.symbol, order.side)
        if order.whole_position:
            return reducible
        rest = order.quantity - order.filled_quantity
        return min(rest, reducible) if self._account.only_reduces(order) else rest

    def _fillable(self, order: Order, bar: SymbolBar) -> Decimal:
        """What the order wants, within what is left of the bar's room."""
        instrument = self._instrument(order)
        if order.symbol not in self._room:
            base_per_lot = float(instrument.lot * instrument.contract_size)
            share = self._account.config.volume_share
            self._room[order.symbol] = (
                fills.room_lots(bar.previous_volume, share, base_per_lot) * instrument.lot
            )
        return min(self._wanted(order), self._room[order.symbol])

    def _fill(self, order: Order, execution: Execution, quantity: Decimal) -> None:
        """A fill at the open, or of a resting order somewhere inside the bar; it takes room from others."""
        self._room[order.symbol] -= quantity
        if execution.maker:
            self._targets_wait.add(order.symbol)
        ts_ms = self._inside_ms if execution.maker else self._step.open_ms
        self._account.fill(order, execution, quantity, ts_ms)

    def _cost(self, order: Order, quantity: Decimal, bar: SymbolBar) -> float:
        return self._account.taker_cost(order.symbol, quantity, bar.volume_24h, bar.sigma_daily)

    def _instrument(self, order: Order) -> Instrument:
        return self._account.instruments[order.symbol]

    def _tick(self, order: Order) -> float:
        return float(self._account.instruments[order.symbol].tick)

    def _limit_is_over(self, order: Order) -> bool:
        config = self._account.config
        bars = config.latency_bars + config.limit_life_bars - 1
        return (
            config.limit_life_bars > 0
            and self._step.open_ms >= order.decision_ts_ms + bars * self._step.bar_ms
        )

    def _why_not_filled(self, order: Order) -> str:
        if self._bar(order.symbol) is None:
            return "nothing traded in its bar"
        if not self._wanted(order):
            return NOTHING_TO_REDUCE
        return "beyond its share of the volume"
