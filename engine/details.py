"""What drill-downs ask beyond the snapshot: each kind of question, its arguments and its answer as plain data.

A question first takes what it needs of the running engine, on the loop and at once; the database is then read in one
thread of its own through a connection that cannot write. Nothing here asks the network or waits for a bar. Lists are
oldest first unless said; `limit` (500, at most 2,000) keeps the newest rows.

ORDER order: as `store.query.explain`, each stage with `bound` and `why`, the `decision_price` (None: not known) and the
`shares` of the signals on its day (none while that lasts).
ORDERS symbol, statuses (comma separated), limit: orders, newest first.
POSITION symbol, limit: fills, funding, orders (working), ours (of its quantity `neutral` is held for market-neutral
legs, `neutral_signals` are those in force that want one here), venue (what its books last proved).
SIGNAL name, symbol, limit: signal (with its parameters, correlations and reasons of ended days), history (of the
symbol), symbols (the newest reading of each; none where it is off,
or follows the decisions and has not folded its past).
AUDIT text, limit, verify: rows, newest first; where verify is "true", chain {rows, fault} of the whole trail too.
COMMANDS limit: rows, newest first.
CONFIG: hash, rows (key, value, default, source, unit, description; `source` also operator). LAYOUT: values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands import DetailFault, DetailKind, Question
from engine.waterfall import with_bounds
from store import audit, query
from store.decision_price import decision_price
from store.errors import Corrupt, NotFound, StoreError
from store.records import TERMINAL_STATUSES, OrderStatus

if TYPE_CHECKING:
    from engine.config import Configuration
    from engine.machine import Machine
    from strategies.evaluate import Readings

DEADLINE_S = 5.0
ROWS = 500
MOST_ROWS = 2_000
WORKING = tuple(status.value for status in OrderStatus if status not in TERMINAL_STATUSES)

Arguments = Mapping[str, str]
Answer = dict[str, Any]
Reading = Callable[[Path], Answer]


@dataclass(frozen=True, slots=True)
class Source:
    """The running engine a question is about; `machine` None: it is still starting."""

    configuration: Configuration
    machine: Machine | None


class Details:
    """Answers one engine's questions, one after another."""

    def __init__(self, database: Path) -> None:
        self._database = database
        # Of its own, so that a slow question never takes a thread that trading waits for.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="details")

    async def answer(self, question: Question, source: Source) -> Answer:
        """Plain data as the module says. Raises DetailFault."""
        read = _PREPARE[question.kind](source, question.arguments)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await loop.run_in_executor(self._thread, read, self._database)
        except TimeoutError:
            raise DetailFault(f"the database did not answer within {DEADLINE_S:g} s; ask again") from None
        except StoreError as error:
            raise DetailFault(str(error)) from error

    def close(self) -> None:
        """Begin no further question."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _order(source: Source, arguments: Arguments) -> Reading:
    order = _required(arguments, "order")

    def read(database: Path) -> Answer:
        found = query.explain(database, order)
        price = decision_price(database, found["order"], found["stages"])
        shares = query.day_shares(database, found["order"]["decision_ts_ms"])
        stages = with_bounds(found["stages"], found["decision"])
        return found | {"stages": stages, "decision_price": price, "shares": shares}

    return read


def _orders(source: Source, arguments: Arguments) -> Reading:
    symbol, limit = arguments.get("symbol") or None, _limit(arguments)
    statuses = [text for text in arguments.get("statuses", "").split(",") if text]
    return lambda database: {
        "orders": query.orders(database, symbol=symbol, statuses=statuses, limit=limit)[::-1]
    }


def _position(source: Source, arguments: Arguments) -> Reading:
    machine = _running(source)
    symbol, limit = _symbol(machine, arguments), _limit(arguments)
    position = machine.ledger.position(symbol)
    quantities = ("quantity", "cost", "realised", "fees", "funding")
    ours = {name: f"{getattr(position, name):f}" for name in quantities}
    index, neutral = machine.market.listed.index(symbol), machine.cycle.neutral
    ours["neutral"] = f"{neutral.parts(index, float(position.quantity)).neutral:.10g}"
    holders = list(neutral.holders(index))
    proof = machine.oversight.venue_word(symbol) | {"proven_ts_ms": machine.book.proven_ms or None}
    return lambda database: {
        "fills": query.fills(database, symbol=symbol, limit=limit),
        "funding": query.funding(database, symbol=symbol, limit=limit),
        "orders": query.orders(database, symbol=symbol, statuses=WORKING),
        "ours": {
            "symbol": symbol,
            **ours,
            "neutral_signals": holders,
            "opened_ts_ms": position.opened_ts_ms,
        },
        "venue": proof,
    }


def _signal(source: Source, arguments: Arguments) -> Reading:
    machine = _running(source)
    name, symbol, limit = _required(arguments, "name"), arguments.get("symbol", ""), _limit(arguments)
    signal = next((signal for signal in machine.known_signals if signal.name == name), None)
    if signal is None:
        known = ", ".join(signal.name for signal in machine.signals)
        raise DetailFault(f"no signal {name} is computed here; these are: {known}")
    from engine.lane_rows import followed_correlations, place_of
    from engine.signal_catalogue import parameters
    from engine.signal_records import correlations, health_of
    from engine.signal_state import changed, state_of, why
    from engine.signal_table import chosen_weight, class_shares
    from engine.tuning import COMMANDED
    from strategies.config import unfit_bars

    row = machine.signals.index(signal) if signal in machine.signals else None
    place, followed = place_of(machine, signal), machine.lane.follows(signal)
    choices, bar_ms = machine.book.choices, signal.bar_ms
    estimated, cap = machine.weighting.shares, machine.configuration.blend.signal_cap
    about = {
        "name": signal.name,
        "title": signal.title,
        "class": signal.signal_class.value,
        "type": signal.type.value,
        "bar": signal.bar,
        "window": signal.window,
        "settings": signal.settings.model_dump(mode="json"),
        "weight": 0.0 if row is None else class_shares(machine.signals, choices, estimated, cap)[row],
        "raw_weight": chosen_weight(signal, choices, estimated),
        "enabled": row is not None and (name not in choices or choices[name].enabled),
        "change": changed(signal, choices.get(name), machine.book.tunings.get(name)),
        "parameters": [
            row for row in parameters(signal, machine.book.tunings.get(name)) if row["name"] not in COMMANDED
        ],
        "state": state_of(signal, choices, machine.weighting.standing, followed).value,
        "why": why(
            signal,
            choices,
            machine.weighting.standing,
            followed,
            unfit_bars(signal, machine.feed.bar_ms),
        ),
        "correlations": {} if row is None else correlations(machine, row),
        "reasons": {} if row is None else dict(health_of(machine, row).reasons),
    }
    newest: list[Answer] = []
    if row is not None:
        market = machine.market
        newest = _newest_readings(market.symbols, market.readings, row, market.unknown_inputs(signal))
    elif place is not None:
        view, index = place
        newest = _newest_readings(machine.market.symbols, view.readings, index, view.unknown[index])
        about |= {
            "correlations": followed_correlations(view, index),
            "reasons": dict(view.health[index].reasons),
        }
    return lambda database: {
        "signal": about,
        "symbols": newest,
        "history": query.reading_history(database, name, symbol, limit=limit, step_ms=bar_ms)
        if symbol
        else [],
    }


def _newest_readings(
    symbols: Sequence[str], readings: Readings, row: int, unknown: Sequence[Sequence[str]]
) -> list[Answer]:
    """What a signal says of each symbol; `unknown` where inputs it needs are not known of one."""
    return [
        {
            "symbol": each,
            "ts_ms": readings.closed_ms[row],
            "value": query.finite(float(readings.value[row, column])),
            "confidence": query.finite(float(readings.confidence[row, column])),
            "reason": readings.reasons[row][column].value,
            **({"unknown": list(unknown[column])} if unknown[column] else {}),
            "statistics": {
                key: query.finite(float(numbers[column])) for key, numbers in readings.statistics[row].items()
            },
        }
        for column, each in enumerate(symbols)
    ]


def _audit(source: Source, arguments: Arguments) -> Reading:
    text, limit = arguments.get("text", ""), _limit(arguments)

    def read(database: Path) -> Answer:
        rows = {"rows": query.audit(database, text=text, limit=limit)[::-1]}
        return rows | {"chain": _chain(database)} if arguments.get("verify") == "true" else rows

    return read


def _chain(database: Path) -> Answer:
    try:
        return {"rows": audit.verify(database), "fault": ""}
    except Corrupt as broken:
        return {"rows": 0, "fault": str(broken)}


def _commands(source: Source, arguments: Arguments) -> Reading:
    limit = _limit(arguments)
    return lambda database: {"rows": query.commands(database, limit=limit)[::-1]}


def _config(source: Source, arguments: Arguments) -> Reading:
    from engine.config import config_hash, effective
    from engine.config_chosen import as_chosen

    configuration = source.configuration
    machine = source.machine
    chosen = (
        ({}, {}, None)
        if machine is None
        else (dict(machine.book.choices), dict(machine.book.tunings), machine.weighting.method)
    )

    def read(database: Path) -> Answer:
        rows = [asdict(setting) for setting in as_chosen(effective(configuration), *chosen)]
        return {"hash": config_hash(configuration), "rows": rows}

    return read


def _layout(source: Source, arguments: Arguments) -> Reading:
    def read(database: Path) -> Answer:
        try:
            return {"values": query.ui_state(database)}
        except NotFound:
            return {"values": {}}

    return read


_PREPARE: dict[DetailKind, Callable[[Source, Arguments], Reading]] = {
    DetailKind.ORDER: _order,
    DetailKind.ORDERS: _orders,
    DetailKind.POSITION: _position,
    DetailKind.SIGNAL: _signal,
    DetailKind.AUDIT: _audit,
    DetailKind.COMMANDS: _commands,
    DetailKind.CONFIG: _config,
    DetailKind.LAYOUT: _layout,
}


def _running(source: Source) -> Machine:
    if source.machine is None:
        raise DetailFault("the engine is still starting")
    return source.machine


def _required(arguments: Arguments, name: str) -> str:
    value = arguments.get(name, "")
    if not value:
        raise DetailFault(f"the question names no {name}")
    return value


def _symbol(machine: Machine, arguments: Arguments) -> str:
    symbol = _required(arguments, "symbol")
    if symbol not in machine.market.listed:
        raise DetailFault(f"{symbol} is not traded here")
    return symbol


def _limit(arguments: Arguments) -> int:
    text = arguments.get("limit") or str(ROWS)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise DetailFault(f"limit {text} is no number of rows")
    return min(int(text), MOST_ROWS)
