"""What a reader behind the decisions asks of the database, on a connection of its own: the decisions that are durable,
as far as they are kept, and where it stood itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from store.codecs import readable
from store.compact import unpack_stages
from store.reading_rows import Reading, in_force
from store.records import DECISION_STAGES
from store.retention import thinned_until
from store.rows import SignalDay, unpack_scalars
from store.statements import SIGNAL_DAY_COLUMNS, WEIGHT_COLUMNS
from store.weight_rows import WeightRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DECIDED = (
    "SELECT ts_ms, stages, scalars FROM decisions WHERE ts_ms > ? AND ts_ms <= ? ORDER BY ts_ms LIMIT ?"
)
_DAYS = (
    f"SELECT {SIGNAL_DAY_COLUMNS} FROM followed_days WHERE day_ms IN "
    "(SELECT DISTINCT day_ms FROM followed_days ORDER BY day_ms DESC LIMIT ?) ORDER BY day_ms, signal"
)
_MADE = (
    f"SELECT {WEIGHT_COLUMNS} FROM weights WHERE kind = ? AND estimated_ms > ? AND estimated_ms <= ? "
    "ORDER BY estimated_ms"
)


@dataclass(frozen=True, slots=True)
class DecidedBar:
    """One decision: the close it was made at, its diversification multiplier of instruments, and `stages` [14, n], of
    which the first columns are the universe's."""

    ts_ms: int
    idm: float
    stages: NDArray[np.float64]


def decided(
    connection: sqlite3.Connection, after_ms: int, until_ms: int, most: int
) -> tuple[DecidedBar, ...]:
    """The first so many decisions after one time and up to another."""
    import numpy as np

    found = connection.execute(_DECIDED, (after_ms, until_ms, most)).fetchall()
    with readable("decisions"):
        return tuple(
            DecidedBar(
                ts_ms,
                unpack_scalars(scalars)["idm"],
                np.frombuffer(unpack_stages(stages), dtype="<f8").reshape(len(DECISION_STAGES), -1).copy(),
            )
            for ts_ms, stages, scalars in found
        )


def kept_from(connection: sqlite3.Connection) -> int:
    """Until when decisions were thinned, in ms; 0 where all are kept."""
    return thinned_until(connection).get("decisions", 0)


def estimates_between(
    connection: sqlite3.Connection, kind: str, after_ms: int, until_ms: int
) -> list[WeightRow]:
    """The estimates of one kind that were made after one time and up to another, oldest first."""
    return [WeightRow(*row) for row in connection.execute(_MADE, (kind, after_ms, until_ms))]


def states(connection: sqlite3.Connection, prefix: str) -> dict[str, Any]:
    """The named values of a session whose names begin so."""
    sql = "SELECT name, value FROM session_state WHERE substr(name, 1, ?) = ?"
    return dict(connection.execute(sql, (len(prefix), prefix)).fetchall())


def followed_days(connection: sqlite3.Connection, newest: int) -> list[SignalDay]:
    """What is known of followed signals on the newest so many days, oldest first."""
    with readable("followed_days"):
        return [
            SignalDay(*(*numbers, json.loads(reasons)))
            for *numbers, reasons in connection.execute(_DAYS, (newest,))
        ]


def readings_of(connection: sqlite3.Connection, names: Sequence[str], at_ms: int) -> list[Reading]:
    """The readings of these signals that were in force at a time."""
    with readable("readings"):
        return [reading for reading in in_force(connection, at_ms) if reading.signal in names]
