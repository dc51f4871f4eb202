"""The one writer of facts: gathering a row costs a list append, `commit` makes all of them durable at once.

Promise: when `commit` returns, everything gathered before the call is in the file, in one transaction. After
a failure nothing of that transaction is, no later one is written over the hole, and every call raises the
failure again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

from store import codecs
from store.audit import Entry, append
from store.codecs import Row
from store.database import Database
from store.errors import StoreError
from store.records import (
    DECISION_STAGES,
    Event,
    Fill,
    FundingPayment,
    Instrument,
    LedgerTotals,
    Order,
    OrderStatus,
    Override,
    Position,
    TradingState,
)
from store.rows import (
    CommandRow,
    ControlRow,
    DecisionRow,
    ReadingRow,
    SignalDay,
    command_payload,
    command_values,
    control_payload,
    pack_scalars,
    printable,
    to_json,
    to_sorted_json,
)
from store.statements import APPENDED, CODECS, PACKED, REPLACE_CONTROL, REPLACED
from store.weight_rows import WeightRow
from store.wide import content_id

Answer = TypeVar("Answer")
_SIGNAL_DAY = attrgetter(*(field.name for field in fields(SignalDay)))


def wall_clock_ms() -> int:
    """Milliseconds since 1970 UTC on this machine's clock."""
    return time.time_ns() // 1_000_000


class _Batch:
    """What one transaction will hold."""

    __slots__ = ("appended", "audited", "control", "count", "filled", "replaced")

    def __init__(self) -> None:
        self.count = 0
        self.appended: dict[str, list[Row]] = {name: [] for name in APPENDED}
        self.replaced: dict[str, dict[Any, Any]] = {name: {} for name in REPLACED}
        self.control: ControlRow | None = None
        self.audited: list[Entry] = []
        self.filled: dict[str, str] = {}


class Journal:
    """Gathers rows for one Database. All methods but `commit` and the loads are plain and quick."""

    def __init__(self, database: Database, *, wall_ms: Callable[[], int] = wall_clock_ms) -> None:
        self.database = database
        self._wall_ms = wall_ms
        self._batch = _Batch()
        self._failure: StoreError | None = None
        self._lists: dict[tuple[str, tuple[str, ...]], int] = {}
        self._submitted = 0
        self._finished = 0
        self._data_version: int | None = None
        self._control_sequence = 0
        self._latched_elsewhere = False

    @property
    def pending(self) -> int:
        """How many rows wait for the next commit."""
        return self._batch.count

    @property
    def failure(self) -> StoreError | None:
        """Why this journal no longer writes, None while it does."""
        return self._failure

    @property
    def latched_elsewhere(self) -> bool:
        """True once a commit saw that another process wrote the latch; cleared by `load_control`."""
        return self._latched_elsewhere

    def instrument(self, instrument: Instrument) -> None:
        self._replace("instruments", instrument.symbol, codecs.INSTRUMENT.row(instrument))

    def order(self, order: Order) -> None:
        """The order as it now is; within one commit only its last form is written."""
        self._replace("orders", order.client_order_id, order)

    def order_event(
        self,
        client_order_id: str,
        ts_ms: int,
        from_status: OrderStatus | None,
        to_status: OrderStatus,
        reason: str = "",
        attempt: int = 0,
    ) -> None:
        source = None if from_status is None else str(from_status)
        row = (client_order_id, ts_ms, source, str(to_status), printable(reason), attempt, self._wall_ms())
        self._append("order_events", row)

    def fill(self, fill: Fill) -> None:
        """An execution, kept in the order given; one already known by its `fill_id` is ignored."""
        self._append("fills", codecs.FILL.row(fill))
        self._batch.filled[fill.symbol] = fill.fill_id

    def cost_adopted(self, symbol: str, cost: Decimal, ts_ms: int) -> None:
        """What a position costs at the venue, whose order of fills was another than ours; it holds from the newest
        fill of the symbol on. Also chained into the audit trail."""
        row = (self._batch.filled.get(symbol), symbol, codecs.plain(cost), ts_ms)
        self._append("cost_adoptions", row)
        self.audit("cost adopted", "engine", {"symbol": symbol, "cost": codecs.plain(cost)}, ts_ms)

    def funding(self, payment: FundingPayment) -> None:
        """A funding settlement; one already known by its `funding_id` is ignored."""
        self._append("funding", codecs.FUNDING.row(payment))

    def decision(self, row: DecisionRow) -> None:
        """A decision. A second one for its `ts_ms` fails the commit: a bar was decided twice."""
        stages = row.stages.astype("<f8", copy=False)
        if stages.shape != (len(DECISION_STAGES), len(row.symbols)):
            raise ValueError(
                f"stages have shape {stages.shape}, expected {(len(DECISION_STAGES), len(row.symbols))}"
            )
        universe = self._interned("universes", row.symbols)
        scalars = pack_scalars(row.scalars)
        self._append(
            "decisions", (row.ts_ms, universe, row.state.name, row.halted, scalars, stages.tobytes())
        )

    def reading(self, row: ReadingRow) -> None:
        """A signal's reading; the caller writes what changed of it."""
        if not row.values.shape == row.confidences.shape == (len(row.symbols),):
            raise ValueError(
                f"values {row.values.shape} and confidences {row.confidences.shape} are not one per symbol"
            )
        universe = self._interned("universes", row.symbols)
        names = self._interned("statistic_names", tuple(row.statistics))
        # One that holds nothing says all there is of a signal that is no longer heard.
        whole = row.changed is None or not row.changed.any()
        self._append("readings", (row.signal, row.ts_ms, universe, names, whole, row))

    def weights(self, row: WeightRow) -> None:
        """An estimate of weights as it is asked, and again once it is answered."""
        self._replace("weights", (row.estimated_ms, row.kind), row.values())

    def signal_day(self, day: SignalDay) -> None:
        """A signal's day, once it has ended."""
        self._day("signal_days", day)

    def followed_day(self, day: SignalDay) -> None:
        """The same of a signal that is followed behind the decisions."""
        self._day("followed_days", day)

    def equity(self, ts_ms: int, totals: LedgerTotals, gross: float, net: float) -> None:
        """The account after all else that this transaction holds; of one market time the last stands."""
        self._replace("equity", ts_ms, (ts_ms, gross, net, *codecs.TOTALS.row(totals)))

    def position(self, position: Position) -> None:
        self._replace("positions", position.symbol, position)

    def risk_state(self, ts_ms: int, state: TradingState, causes: str = "", scope: str = "") -> None:
        """The effective trading state of the book ("") or of one symbol, when it changes."""
        self._append("risk_states", (ts_ms, scope, state.name, printable(causes)))

    def override_set(self, override: Override) -> None:
        key = (override.name, override.scope)
        values = codecs.OVERRIDE.row(override)
        self._batch.replaced["overrides_cleared"].pop(key, None)
        self._replace("overrides", key, values)
        _, _, state, actor, reason, *_ = values
        self._append(
            "override_history", (override.since_ts_ms, self._wall_ms(), "set", *key, state, actor, reason)
        )

    def override_cleared(self, name: str, scope: str, ts_ms: int, reason: str = "") -> None:
        key = (name, scope)
        self._batch.replaced["overrides"].pop(key, None)
        self._replace("overrides_cleared", key, key)
        row = (ts_ms, self._wall_ms(), "cleared", *key, None, None, printable(reason))
        self._append("override_history", row)

    def event(self, event: Event) -> None:
        self._append("events", (self._wall_ms(), *codecs.EVENT.row(event)))

    def command(self, command: CommandRow) -> None:
        """What was asked and what became of it; also chained into the audit trail."""
        wall_ms = self._wall_ms() if command.wall_ms is None else command.wall_ms
        self._append("commands", command_values(command, wall_ms))
        payload = command_payload(command)
        self._audit(wall_ms, command.market_ts_ms, command.actor, "command", payload)

    def control(self, control: ControlRow) -> None:
        """The latch; also chained into the audit trail. Another process' halt is never overwritten by it."""
        self._require_working()
        self._batch.control = replace(control, wall_ms=control.wall_ms or self._wall_ms())
        self._batch.count += 1

    def state(self, name: str, value: str | bytes) -> None:
        """A named value the session needs to go on (cursor, venue cursor, book)."""
        self._replace("session_state", name, (name, value))

    def ui_state(self, name: str, value: str) -> None:
        """A part of a screen's layout, replaced by the next value of its name."""
        self._replace("ui_state", name, (printable(name), printable(value)))

    def audit(self, kind: str, actor: str, payload: Mapping[str, Any], market_ts_ms: int) -> None:
        """Any further fact the audit trail must hold; `payload` is kept as JSON with sorted keys."""
        self._audit(self._wall_ms(), market_ts_ms, actor, kind, to_sorted_json(dict(payload)))

    async def commit(self) -> None:
        """Make everything gathered so far durable, as one transaction.

        Calls may overlap: transactions run in the order of the calls. A cancelled call is still written.
        Raises the StoreError that made the journal fail, now or earlier.
        """
        self._require_working()
        if self._batch.count == 0 and self._submitted == self._finished:
            return
        batch, self._batch = self._batch, _Batch()
        await self._write(batch)

    async def commit_apart(self, gather: Callable[[], Answer]) -> Answer:
        """Gather rows with `gather` (synchronous) and make those alone durable, before what was gathered earlier.

        For what must not wait for a bar that is half done, and must not make that half durable either: the latch of
        a kill, its progress and its orders. Returns what `gather` returned.
        """
        self._require_working()
        waiting, self._batch = self._batch, _Batch()
        try:
            answer = gather()
        finally:
            batch, self._batch = self._batch, waiting
        await self._write(batch)
        return answer

    async def load_control(self) -> ControlRow | None:
        """The latch as it stands in the file, whoever wrote it; None where nothing was ever latched."""
        return await self.database.run(self._load_control)

    async def watch_control(self) -> bool:
        """Whether another process wrote the latch; for an engine that has nothing to commit."""
        await self.database.run(self._look_for_latch)
        return self._latched_elsewhere

    async def _write(self, batch: _Batch) -> None:
        self._submitted += 1
        try:
            await self.database.write(partial(self._apply, batch), self._settle)
        except StoreError as failure:
            self._failure = self._failure or failure
            raise

    def _append(self, table: str, row: Row) -> None:
        self._require_working()
        self._batch.appended[table].append(row)
        self._batch.count += 1

    def _replace(self, table: str, key: Any, row: Any) -> None:
        self._require_working()
        self._batch.replaced[table][key] = row
        self._batch.count += 1

    def _audit(self, wall_ms: int, market_ts_ms: int, actor: str, kind: str, payload: str) -> None:
        self._require_working()
        self._batch.audited.append((wall_ms, market_ts_ms, printable(actor), kind, payload))
        self._batch.count += 1

    def _day(self, table: str, day: SignalDay) -> None:
        *numbers, reasons = _SIGNAL_DAY(day)
        self._append(table, (*numbers, to_sorted_json(reasons)))

    def _require_working(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _interned(self, table: str, words: tuple[str, ...]) -> int:
        """The key of a list of words that many rows refer to."""
        known = self._lists.get((table, words))
        if known is None:
            text = to_json(list(words))
            known = content_id(text)
            self._append(table, (known, text))
            self._lists[table, words] = known
        return known

    # Below: called on the database's thread, one transaction after another.

    def _apply(self, batch: _Batch, connection: sqlite3.Connection) -> None:
        self._require_working()
        self._look_for_latch(connection)
        for name, sql in APPENDED.items():
            if gathered := batch.appended[name]:
                pack = PACKED.get(name)
                connection.executemany(sql, map(pack, gathered) if pack else gathered)
        for name, sql in REPLACED.items():
            if newest := batch.replaced[name]:
                codec = CODECS.get(name)
                connection.executemany(sql, map(codec.row, newest.values()) if codec else newest.values())
        if batch.control is not None:
            self._write_control(batch.control, batch.audited, connection)
        if batch.audited:
            append(connection, batch.audited)

    def _write_control(
        self, control: ControlRow, audited: list[Entry], connection: sqlite3.Connection
    ) -> None:
        kind = "control"
        if self._latched_elsewhere:
            kind = "control refused: another process latched first"
        else:
            self._control_sequence += 1
            numbered = replace(control, sequence=self._control_sequence)
            connection.execute(REPLACE_CONTROL, (1, *codecs.CONTROL.row(numbered)))
        payload = control_payload(control)
        audited.append((control.wall_ms, control.market_ts_ms, printable(control.actor), kind, payload))

    def _load_control(self, connection: sqlite3.Connection) -> ControlRow | None:
        found = connection.execute(f"SELECT {codecs.CONTROL.columns} FROM control").fetchall()
        self._latched_elsewhere = False
        if not found:
            return None
        control = codecs.CONTROL.records(found)[0]
        self._control_sequence = control.sequence
        return control

    def _look_for_latch(self, connection: sqlite3.Connection) -> None:
        # SQLite's own counter of other connections' commits costs a microsecond; the row is read only when it
        # moved.
        (data_version,) = connection.execute("PRAGMA data_version").fetchone()
        if data_version == self._data_version:
            return
        self._data_version = data_version
        found = connection.execute("SELECT sequence FROM control").fetchone()
        if found is not None and found[0] > self._control_sequence:
            self._latched_elsewhere = True

    def _settle(self, failure: StoreError | None) -> None:
        self._failure = self._failure or failure
        self._finished += 1
