"""The audit trail and the operator's commands as CSV: every part whole, in a file of its own."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from console.answers import AuditRow, CommandLine
from console.screens.audit_cells import audit_fact

FOLDER = "exports"
Table = tuple[Sequence[str], Iterable[Sequence[str]]]
_AUDIT = (
    "row",
    "time",
    "market_time",
    "actor",
    "kind",
    "what",
    "before",
    "after",
    "reason",
    "payload",
    "hash",
)
_COMMANDS = (
    "time",
    "market_time",
    "mode",
    "actor",
    "command",
    "arguments",
    "accepted",
    "state_before",
    "state_after",
    "message",
    "reason",
)


def audit_table(rows: Iterable[AuditRow]) -> Table:
    """Header and rows of the trail; times are ISO 8601 in UTC."""
    return _AUDIT, (
        (
            str(row.sequence),
            _iso(row.wall_ms),
            _iso(row.market_ts_ms),
            row.actor,
            row.kind,
            *audit_fact(row.kind, row.payload),
            json.dumps(row.payload, ensure_ascii=False),
            row.hash,
        )
        for row in rows
    )


def commands_table(rows: Iterable[CommandLine], mode: str) -> Table:
    """Header and rows of what was commanded; `mode` where a row does not name its own."""
    return _COMMANDS, (
        (
            _iso(row.wall_ms),
            _iso(row.market_ts_ms),
            row.mode or mode,
            row.actor,
            row.kind,
            json.dumps(dict(row.arguments), ensure_ascii=False),
            "yes" if row.accepted else "no",
            row.before,
            row.after,
            row.message,
            row.reason,
        )
        for row in rows
    )


def export_path(database: str, name: str, wall_ms: int) -> Path:
    """<folder of the database>/exports/<name>-<time>.csv; in the user's data folder while no database is known."""
    if database:
        folder = Path(database).parent
    else:
        import platformdirs

        folder = Path(platformdirs.user_data_dir("quarterdeck", appauthor=False))
    stamp = datetime.fromtimestamp(wall_ms / 1_000, UTC).strftime("%Y%m%d-%H%M%S")
    return folder / FOLDER / f"{name}-{stamp}.csv"


def write_table(path: Path, table: Table) -> Path:
    """Write it for its owner's eyes and return where it is: at `path`, or numbered where that is taken.

    Raises OSError.
    """
    header, rows = table
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    at, number = path, 1
    while True:
        try:
            descriptor = os.open(at, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            break
        except FileExistsError:
            number += 1
            at = path.with_name(f"{path.stem}-{number}{path.suffix}")
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return at


def _iso(ts_ms: int) -> str:
    return (
        datetime.fromtimestamp(ts_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
