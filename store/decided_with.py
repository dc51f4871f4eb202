"""Which signals the decisions of a time were made with: what starts and switches left in the audit trail."""

from __future__ import annotations

import json
import sqlite3

from store.codecs import readable

_STARTS_AND_SWITCHES = (
    "SELECT kind, payload FROM audit WHERE kind IN ('start', 'weights') AND market_ts_ms < ? "
    "ORDER BY sequence DESC"
)


def decided_with(connection: sqlite3.Connection, ts_ms: int) -> frozenset[str] | None:
    """The signals that a decision at a time is made with, as the newest start or switch before it says; what any other
    says then it says behind the decisions. None where nothing says so: nobody followed those of earlier versions."""
    with readable("audit"):
        for kind, payload in connection.execute(_STARTS_AND_SWITCHES, (ts_ms,)):
            # Estimated weights are audited as weights, too, and switch nothing.
            names = json.loads(payload).get("signals" if kind == "start" else "after")
            if names is not None or kind == "start":
                return None if names is None else frozenset(names)
    return None
