"""Draws the one immutable `Snapshot` of a machine: plain data, exact money as text, built in about a millisecond."""

from __future__ import annotations

import functools
import math
import os
import time
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from engine.decision import STAGES, Decision
from engine.kill import KillProgress
from engine.lane_rows import followed_cells
from engine.limits_view import limit_rows
from engine.market import CRYPTO_DAYS_A_YEAR
from engine.snapshot import (
    KillRow,
    OrderRow,
    OverrideRow,
    PositionRow,
    SignalCell,
    SignalRow,
    Snapshot,
    VenueHealth,
)
from engine.venues.margin import liquidation_price
from engine.waterfall import CAPS
from engine.weights_view import estimate_rows, weight_rows
from store.records import Instrument, Order, OrderPurpose, Position, TradingState

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.session import Session

LOG_LINES = 400
SHOWN_ORDERS = 60
STOPS = frozenset({OrderPurpose.STOP, OrderPurpose.TRAIL})
DAY_MS = 86_400_000
CAPPED = ("neutral", *CAPS)
_CAPPED = [STAGES.index(stage) for stage in CAPPED]


def draw(session: Session, machine: Machine) -> Snapshot:
    """The machine as it stands; call it on the loop."""
    totals = machine.cycle.totals or machine.ledger.mark(machine.cycle.marks)
    equity = float(totals.equity)
    high = float(totals.high_water_mark)
    quotes = machine.feed.quotes(machine.showing_open_ms, session.fraction)
    run = machine.configuration.run
    positions = _positions(machine, quotes)
    exposure, legs = _exposure(machine, equity)
    opening = _day_opening(machine, equity)
    bar_ms = machine.feed.bar_ms
    remaining = None if run.speed_factor is None else int((1 - session.fraction) * bar_ms / run.speed_factor)
    return Snapshot(
        sequence=session.next_sequence(),
        version=_installed_version(),
        mode=run.mode.value,
        account=run.account,
        phase=session.phase,
        state=machine.oversight.state.name,
        profile=machine.configuration.risk.profile,
        market_ts_ms=machine.clock.now_ms() + int(session.fraction * bar_ms),
        wall_ts_ms=time.time_ns() // 1_000_000,
        decision_ts_ms=machine.book.cursor_ms,
        next_decision_in_ms=remaining,
        bar_ms=bar_ms,
        speed=run.speed,
        decisions=machine.book.decisions,
        initial=f"{totals.initial:f}",
        equity=f"{totals.equity:f}",
        realised=f"{totals.realised:f}",
        unrealised=f"{totals.unrealised:f}",
        fees=f"{totals.fees:f}",
        funding=f"{totals.funding:f}",
        high_water_mark=f"{totals.high_water_mark:f}",
        day_profit=f"{Decimal(repr(equity - opening)):.8f}",
        day_profit_fraction=equity / opening - 1 if opening else 0.0,
        drawdown=1 - equity / high if high > 0 else 0.0,
        drawdown_limit=machine.cycle.parameters.dd_halt,
        gross=float(np.abs(exposure).sum()),
        net=float(exposure.sum()),
        working_orders=len(machine.execution.open_orders()),
        fills=machine.book.fills,
        loop_lag_p99_ms=session.lag.p99_ms,
        database_ms=machine.database.commit_p99_ms,
        config_hash=machine.config_hash,
        reconciled_ts_ms=machine.book.proven_ms or None,
        signals=_signals(machine, quotes),
        weights=weight_rows(machine),
        estimates=estimate_rows(machine),
        positions=positions,
        limits=limit_rows(session, machine, equity, opening, exposure, legs),
        overrides=_overrides(machine),
        orders=_orders(machine),
        venues=(_venue_health(machine),),
        kill=_kill(machine),
        log=tuple(machine.tape.ring)[-LOG_LINES:],
        notice=_notice(machine),
        scalars=_scalars(machine),
        engine_pid=os.getpid(),
        database=str(machine.database.path),
    )


@functools.cache
def _installed_version() -> str:
    try:
        return version("quarterdeck")
    except PackageNotFoundError:
        return "not installed"


def _venue_health(machine: Machine) -> VenueHealth:
    """The venue's books and its stream are one connection here: either both answer or neither does."""
    word = "up" if machine.oversight.venue_answers else "down"
    return VenueHealth(machine.venue.name, word, word, None)


def _exposure(machine: Machine, equity: float) -> np.ndarray:
    """What is held [2, S + L] of all that is listed, and what of it for neutral signals' legs, x equity; options
    in strikes, as limits count them."""
    market = machine.market
    units = np.nan_to_num(np.concatenate((market.last_close, market.legs.unit)))
    held = np.array([float(machine.ledger.quantity(symbol)) for symbol in market.listed])
    both = np.array([held, machine.cycle.neutral.legs_of(held)])
    return both * units / equity if equity else both * 0.0


def _day_opening(machine: Machine, equity: float) -> float:
    """Equity when the UTC day in progress began."""
    day = machine.oversight.guards.day
    return equity if day is None or day.opening_equity is None else day.opening_equity


def _signals(machine: Machine, quotes: np.ndarray | None) -> tuple[SignalRow, ...]:
    market, decision = machine.market, machine.cycle.decision
    readings = market.readings
    rows, followed = [], followed_cells(machine)
    for index, symbol in enumerate(market.symbols):
        instrument = machine.feed.instruments[index]
        close = market.last_close[index] if quotes is None else quotes[index]
        cells = tuple(
            SignalCell(
                signal.name,
                _number(readings.value[row, index]),
                float(readings.confidence[row, index]),
                readings.reasons[row][index].value,
            )
            for row, signal in enumerate(machine.signals)
        )
        stale = bool(market.stale[index])
        held = decision is None or bool(decision.hold[index])
        forecast = (
            None if decision is None or held else float(decision.stages[STAGES.index("overlay"), index])
        )
        blocked = _why_blocked(machine, symbol, stale)
        target = 0.0 if decision is None else float(decision.stages[STAGES.index("buffer"), index])
        position = 0.0 if decision is None else float(decision.current[index])
        rows.append(
            SignalRow(
                symbol=symbol,
                price=_price(close, instrument.tick),
                forecast=forecast,
                confidence=_confidence(cells),
                cells=(*cells, *followed[index]),
                target_fraction=target,
                position_fraction=position,
                action=_action(machine, index, cells, blocked),
                age_ms=int(market.missing_run[index]) * machine.feed.bar_ms
                + int(machine.clock.now_ms() - market.now_ms),
                stale=stale,
                why_blocked=blocked,
                spread_bps=2 * machine.configuration.venue.half_spread_bps,
                expected_cost_bps=_cost_bps(machine, index),
                trail=machine.cycle.trail(index),
                agreement=None if decision is None or held else float(decision.agreement[index]),
                netted=None if decision is None or held else float(decision.netted[index]),
                caps=_caps(decision, index),
            )
        )
    return tuple(rows)


def _caps(decision: Decision | None, index: int) -> tuple[str, ...]:
    """The stages at which the last decision was cut by a cap, in their order."""
    if decision is None:
        return ()
    bound = decision.bound[_CAPPED, index].tolist()
    return tuple(stage for stage, cut in zip(CAPPED, bound, strict=True) if cut)


def _action(machine: Machine, index: int, cells: tuple[SignalCell, ...], blocked: str) -> str:
    symbol, decision = machine.market.symbols[index], machine.cycle.decision
    if symbol in machine.oversight.flattened:
        held = machine.ledger.quantity(symbol)
        return "BLOCKED" if not held else "SELL" if held > 0 else "BUY"
    if decision is None or (decision.hold[index] and not decision.current[index]):
        return "WARMUP" if any(cell.reason == "WARMUP" for cell in cells) else "-"
    lots = int(decision.close_lots[index] + decision.open_lots[index])
    if lots and machine.oversight.state is not TradingState.HALTED:
        return "BUY" if lots > 0 else "SELL"
    if blocked:
        return "BLOCKED"
    current = decision.current[index]
    return "flat" if not current else "HOLD L" if current > 0 else "HOLD S"


def _cost_bps(machine: Machine, index: int) -> float | None:
    """What closing the position now would cost by the venue's own rule: half spread, fee and square-root impact."""
    market, venue = machine.market, machine.configuration.venue
    instrument = machine.feed.instruments[index]
    held, traded = abs(float(machine.ledger.quantity(instrument.symbol))), float(market.volume_24h[index])
    if not held or not traded > 0:
        return None
    daily = float(market.sigma[index]) / math.sqrt(CRYPTO_DAYS_A_YEAR)
    impact = venue.impact_coefficient * daily * math.sqrt(held / traded)
    return venue.half_spread_bps + (float(instrument.taker_fee_rate) + impact) * 1e4


def _why_blocked(machine: Machine, symbol: str, stale: bool) -> str:
    met = [override for override in machine.oversight.overrides if override.scope in ("", symbol)]
    if met:
        hardest = max(met, key=lambda override: override.state)
        return f"{hardest.name}: {hardest.reason}"
    return "no fresh bar" if stale else ""


def _confidence(cells: tuple[SignalCell, ...]) -> float | None:
    known = [cell.confidence for cell in cells if cell.value is not None]
    return sum(known) / len(known) if known else None


def _positions(machine: Machine, quotes: np.ndarray | None) -> tuple[PositionRow, ...]:
    rows, closes, deltas = [], machine.market.closes, _deltas(machine)
    for index, instrument in enumerate((*machine.feed.instruments, *machine.market.legs.instruments)):
        position = machine.ledger.position(instrument.symbol)
        if position.quantity:
            quoted = quotes is not None and index < quotes.size
            close = quotes[index] if quotes is not None and quoted else closes[index]
            rows.append(_position(machine, instrument, position, float(close), deltas.get(instrument.symbol)))
    return tuple(rows)


def _deltas(machine: Machine) -> dict[str, float]:
    """The forward deltas of all options that have one, while a signal holds options."""
    neutral = machine.cycle.neutral
    if not neutral.option_rows:
        return {}
    found = zip(machine.market.legs.symbols, neutral.deltas().tolist(), strict=True)
    return {symbol: delta for symbol, delta in found if delta == delta}


def _position(
    machine: Machine, instrument: Instrument, position: Position, close: float, delta: float | None
) -> PositionRow:
    mark = Decimal(_price(close, instrument.tick))
    entry = position.cost / position.quantity
    unrealised = position.quantity * mark - position.cost
    working = [o for o in machine.execution.open_orders() if o.symbol == position.symbol]
    side = 1 if position.quantity > 0 else -1
    stops = [o for o in working if o.purpose in STOPS and o.side.sign == -side]
    offsets = [o.trigger_offset for o in stops if o.trigger_offset is not None]
    risk = min(offsets) * abs(position.quantity) if offsets else None
    levels = [level for o in stops if (level := _trigger(machine, o, instrument.tick)) is not None]
    liquidation = liquidation_price(instrument, position)
    return PositionRow(
        symbol=position.symbol,
        venue=machine.venue.name,
        side="L" if side > 0 else "S",
        quantity=f"{position.quantity:f}",
        entry=f"{entry.quantize(instrument.tick):f}",
        mark=f"{mark:f}",
        unrealised=f"{unrealised:.2f}",
        unrealised_fraction=float(unrealised / abs(position.cost)),
        r_multiple=float(unrealised / risk) if risk else None,
        stop=f"{max(levels, key=lambda level: side * level):f}" if levels else None,
        liquidation=None if liquidation is None else f"{liquidation.quantize(instrument.tick):f}",
        working_orders=len(working),
        locked=any(o.scope == position.symbol for o in machine.oversight.overrides),
        flattening=position.symbol in machine.oversight.flattened,
        opened_ts_ms=position.opened_ts_ms,
        right=instrument.right or "",
        strike=f"{instrument.strike:f}" if instrument.strike else "",
        expiry_ms=instrument.expiry_ms,
        delta=None if delta is None else side * delta,
    )


def _trigger(machine: Machine, order: Order, tick: Decimal) -> Decimal | None:
    """Where a protective order acts: its offset from the average entry; a trailing one has often left that behind."""
    position = machine.ledger.position(order.symbol)
    if order.trigger_offset is None or not position.quantity:
        return None
    side = 1 if position.quantity > 0 else -1
    away = order.trigger_offset * (side if order.purpose is OrderPurpose.TARGET else -side)
    level = (position.cost / position.quantity + away).quantize(tick)
    reached = machine.venue.trailed_to(order.client_order_id)
    return level if reached is None else max(level, reached, key=lambda price: side * price)


def _overrides(machine: Machine) -> tuple[OverrideRow, ...]:
    return tuple(
        OverrideRow(o.name, o.state.name, o.scope, o.actor, o.reason, o.since_ts_ms, o.ends)
        for o in machine.oversight.overrides
    )


def _orders(machine: Machine) -> tuple[OrderRow, ...]:
    newest = list(machine.execution.orders.values())[-SHOWN_ORDERS:]
    seen = {order.client_order_id for order in newest}
    # Whatever works can be cancelled, so it is there to be read, however old it is.
    older = [order for order in machine.execution.open_orders() if order.client_order_id not in seen]
    listed = (*machine.feed.instruments, *machine.market.legs.instruments)
    ticks = {instrument.symbol: instrument.tick for instrument in listed}
    triggers = {
        order.client_order_id: f"{level:f}"
        for order in machine.execution.open_orders()
        if (level := _trigger(machine, order, ticks[order.symbol])) is not None
    }
    return tuple(
        OrderRow(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side.value,
            type=order.type.value,
            purpose=order.purpose.value,
            quantity="position" if order.whole_position else f"{order.quantity:f}",
            price=None if order.price is None else f"{order.price:f}",
            filled=f"{order.filled_quantity:f}",
            status=order.status.value,
            reason=order.reason,
            ts_ms=order.updated_ts_ms,
            trigger=triggers.get(order.client_order_id),
        )
        for order in reversed([*older, *newest])
    )


def _kill(machine: Machine) -> KillRow | None:
    state = machine.kill.state
    if state is None:
        return None
    open_orders, open_positions = state.open_orders, state.open_positions
    if state.progress is KillProgress.KEPT:
        # Nobody asks the venue once more; what was kept changes as its stops fill.
        open_orders = len(machine.execution.open_orders())
        open_positions = sum(1 for position in machine.ledger.positions.values() if position.quantity)
    return KillRow(
        progress=state.progress.value,
        venue=machine.venue.name,
        cancelled=state.cancelled,
        open_orders=open_orders,
        open_positions=open_positions,
        started_wall_ms=state.wall_ms,
        error=state.error,
    )


def _notice(machine: Machine) -> str:
    """What an operator should know before asking: signals that cannot speak yet, and until when."""
    waiting = [
        signal
        for row, signal in enumerate(machine.signals)
        if all(reason.value == "WARMUP" for reason in machine.market.readings.reasons[row])
    ]
    if not waiting:
        return ""
    known = machine.market.bars_known
    needs = ", ".join(f"{signal.name} {known(signal)}/{signal.window}" for signal in waiting)
    return f"no opinion yet, bars so far: {needs}"


def _scalars(machine: Machine) -> tuple[tuple[str, float], ...]:
    decision = machine.cycle.decision
    if decision is None:
        return ()
    return (
        ("FDM", decision.fdm),
        ("IDM", decision.idm),
        ("Kelly", decision.kelly),
        ("multiplier", decision.multiplier),
    )


def _price(price: float, tick: Decimal) -> str:
    if not np.isfinite(price):
        return "-"
    return f"{Decimal(repr(float(price))).quantize(tick):f}"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
