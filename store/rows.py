"""The rows that are no records: a decision, a reading, a mark of the account, a command and the latch."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from store.records import LedgerTotals, TradingState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def printable(text: str) -> str:
    """`text` as SQLite can keep it: bytes that were never UTF-8 (from files, from venues) become escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


to_json = json.JSONEncoder(separators=(",", ":")).encode
to_sorted_json = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision with its whole waterfall.

    `stages` is float64 [stage, symbol] in the order of `store.records.DECISION_STAGES`. `state` is the
    effective trading state, `halted` whether this very step halted. `scalars` are the step's own numbers
    (IDM, FDM, caps, E ...): pure results only, for they enter the digest.
    """

    ts_ms: int
    symbols: tuple[str, ...]
    state: TradingState
    halted: bool
    stages: NDArray[np.float64]
    scalars: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One signal's reading of every symbol, float64 [symbol] each, of which the row holds those that `changed` marks
    (bool [symbol]; None: all): what it says of a symbol stands until the signal's next row that holds it. A row
    that holds none says that the signal is heard no more.

    `statistics` are the raw numbers behind it by name, one per symbol, NaN where there is none. Reasons are ASCII.
    No array may change until the row is committed.
    """

    ts_ms: int
    signal: str
    symbols: tuple[str, ...]
    values: NDArray[np.float64]
    confidences: NDArray[np.float64]
    reasons: Sequence[str] = ()
    statistics: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    changed: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class SignalDay:
    """What one signal would have earned by itself on one UTC day, as `engine.shadow` says: a row of `signal_days`.

    `pnl` = `gross_pnl` - `cost`, `turnover` and `attribution` are fractions of equity; `weight` is its share of its
    class when the day ended. `readings` counts symbols it spoke of, `opinions` those it had one of, `hits` and
    `misses` how many were judged. `information_coefficient` None: undefined. `reasons`: count by reason, OK included.
    """

    day_ms: int
    signal: str
    bars: int
    pnl: float
    gross_pnl: float
    cost: float
    turnover: float
    attribution: float
    weight: float
    hits: int
    misses: int
    readings: int
    opinions: int
    information_coefficient: float | None
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EquityRow:
    """The account at one market time; `gross` and `net` are exposures as fractions of equity."""

    ts_ms: int
    totals: LedgerTotals
    gross: float
    net: float


@dataclass(frozen=True, slots=True)
class CommandRow:
    """What an operator asked and what became of it. `wall_ms` None: now."""

    actor: str
    kind: str
    arguments: Mapping[str, str]
    reason: str
    accepted: bool
    message: str
    state_before: str
    state_after: str
    market_ts_ms: int
    wall_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ControlRow:
    """The latch. `state` is ACTIVE or HALTED, `progress` the kill path's (cancelling, flattening, flat, kept;
    empty while ACTIVE). `sequence` and `wall_ms` are set by the journal.
    """

    state: TradingState
    progress: str
    reason: str
    actor: str
    market_ts_ms: int
    keep_positions: bool = False
    wall_ms: int = 0
    sequence: int = 0


def pack_scalars(scalars: Mapping[str, float]) -> bytes:
    """Names and float64 values in one BLOB: a JSON list of names, a newline, the values."""
    return _names(tuple(scalars)) + struct.pack(f"<{len(scalars)}d", *scalars.values())


@lru_cache(maxsize=64)
def _names(names: tuple[str, ...]) -> bytes:
    return to_json(list(names)).encode() + b"\n"


def unpack_scalars(blob: bytes) -> dict[str, float]:
    """The inverse of `pack_scalars`. Raises ValueError for what that never wrote."""
    names, _, values = blob.partition(b"\n")
    return dict(zip(json.loads(names), unpack_floats(values), strict=True))


def unpack_floats(blob: bytes) -> tuple[float, ...]:
    """The float64 numbers of a BLOB. Raises ValueError where its length is no multiple of 8."""
    if len(blob) % 8:
        raise ValueError(f"{len(blob)} bytes are no whole number of float64")
    return struct.unpack(f"<{len(blob) // 8}d", blob)


def control_payload(control: ControlRow) -> str:
    """What the audit trail keeps of a change of the latch."""
    facts = {
        "state": control.state.name,
        "progress": control.progress,
        "reason": control.reason,
        "keep_positions": control.keep_positions,
    }
    return to_sorted_json(facts)


def command_values(command: CommandRow, wall_ms: int) -> tuple[int | str, ...]:
    """The columns of table `commands`, as `store.statements.INSERT_COMMAND` names them."""
    return (
        wall_ms,
        command.market_ts_ms,
        printable(command.actor),
        command.kind,
        to_sorted_json(dict(command.arguments)),
        printable(command.reason),
        command.accepted,
        printable(command.message),
        command.state_before,
        command.state_after,
    )


def command_payload(command: CommandRow) -> str:
    """What the audit trail keeps of a command."""
    facts = {
        "kind": command.kind,
        "arguments": dict(command.arguments),
        "reason": command.reason,
        "accepted": command.accepted,
        "message": command.message,
        "state_before": command.state_before,
        "state_after": command.state_after,
    }
    return to_sorted_json(facts)
