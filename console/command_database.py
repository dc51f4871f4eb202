"""`quarterdeck db` and `quarterdeck audit`: is the database sound, copy it, and what does it amount to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from console.command_faults import Code, complain
from console.command_output import plain, print_json, print_table, printable, when
from console.command_target import Target
from console.format import counted
from store.errors import Corrupt

if TYPE_CHECKING:
    from store.check import Report


def check(target: Target, as_json: bool) -> int:
    """Print what was found, stored weights worked out again; Code.ERROR where anything is wrong. Raises StoreError."""
    from store import check as store_check

    report = store_check.check(target.database)
    findings = [*report.findings, *_weight_findings(target, report)]
    if as_json:
        print_json(
            {
                "database": str(target.database),
                "sound": not findings,
                "findings": findings,
                "audit_rows": report.audit_rows,
                "estimates": _estimates(report),
                "bytes": report.file_bytes,
                "free_bytes": report.free_bytes,
                "thinned_until_ms": dict(report.thinned_until_ms),
                "tables": [asdict(table) for table in report.tables],
            }
        )
    else:
        for finding in findings:
            print(printable(finding))
        _print_sizes(report)
    if findings:
        return complain([f"{target.database}: {len(findings)} findings, it is not sound"], Code.ERROR)
    if not as_json:
        print(
            f"sound: file, references, ledger identity, audit chain of {report.audit_rows} rows, "
            f"{counted(_estimates(report), 'estimate', 'estimates')} of weights as their inputs make them"
        )
    return Code.OK


def _weight_findings(target: Target, report: Report) -> list[str]:
    """The stored weights that their stored inputs do not bear out; none looked at where the file itself is damaged."""
    if not _estimates(report):
        return []
    from engine.estimates import check as check_estimates

    try:
        return check_estimates(target.database)
    except Corrupt as fault:
        return [str(fault)]


def _estimates(report: Report) -> int:
    return next((table.rows for table in report.tables if table.name == "weights"), 0)


def _print_sizes(report: Report) -> None:
    print_table(
        ("table", "rows", "bytes", "bytes a day"),
        [(t.name, str(t.rows), plain(t.bytes), plain(t.bytes_a_day)) for t in report.tables],
    )
    growth = sum(table.bytes_a_day or 0 for table in report.tables)
    print(
        f"file: {_megabytes(report.file_bytes)}, of which {_megabytes(report.free_bytes)} will be used again; "
        f"the newest days add {_megabytes(growth)} a day, {_megabytes(365 * growth)} a year"
    )
    for kind, until_ms in report.thinned_until_ms.items():
        print(f"{kind}: thinned up to {when(until_ms)}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


def verify_audit(target: Target, as_json: bool) -> int:
    """Print the length of the unbroken chain. Raises Corrupt, naming the first row that does not fit."""
    from store.audit import verify

    rows = verify(target.database)
    if as_json:
        print_json({"database": str(target.database), "sound": True, "rows": rows})
    else:
        print(f"unbroken: {rows} rows")
    return Code.OK


def make_backup(target: Target, path: Path, as_json: bool) -> int:
    """Copy the database to `path`. Raises StoreError."""
    from store.backup import backup

    copy = path.expanduser().absolute()
    backup(target.database, copy)
    if as_json:
        print_json({"database": str(target.database), "backup": str(copy), "bytes": copy.stat().st_size})
    else:
        print(copy)
    return Code.OK


def print_digest(target: Target, as_json: bool) -> int:
    """Print the hash of what the run did. Raises StoreError."""
    from store.digest import digest

    value = digest(target.database)
    if as_json:
        print_json({"database": str(target.database), "digest": value})
    else:
        print(value)
    return Code.OK
