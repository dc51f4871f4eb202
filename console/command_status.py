"""`quarterdeck status`, `signals`, `positions`: the running engine's own picture, else what its database last knew."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

from console.command_faults import Code, complain
from console.command_output import number, plain, print_json, print_pairs, print_table, when
from console.command_target import Target
from console.link.client import NoAnswer, NotRunning, ask_snapshot
from store import query
from store.lock import holder
from store.records import DECISION_STAGES

Picture = dict[str, Any]
FORECAST_STAGE, TARGET_STAGE = "overlay", "buffer"


def status(target: Target, as_json: bool) -> int:
    """Print the engine's state. Raises NotRunning (the database is not asked: it cannot say what runs), NoAnswer."""
    picture = ask_snapshot(target.socket)
    if as_json:
        print_json({"phase": "starting"} if picture is None else picture)
    elif picture is None:
        print("the engine is starting")
    else:
        _print_status(picture)
    return Code.OK


def signals(target: Target, as_json: bool) -> int:
    """Print every symbol's readings and forecast. Raises StoreError where there is neither engine nor database."""
    picture = _running(target)
    rows = _signal_rows(picture) if picture is not None else _stored_signals(target)
    if as_json:
        print_json(rows)
        return Code.OK
    heard = {name: said["followed"] for row in rows for name, said in row["readings"].items()}
    names = [name for name, is_followed in heard.items() if not is_followed]
    print_table(
        ("symbol", "price", *names, "forecast", "target", "position", "action", "blocked"),
        [
            (
                row["symbol"],
                plain(row["price"]),
                *(_reading(row["readings"].get(name)) for name in names),
                number(row["forecast"]),
                number(row["target_fraction"], "+.1%"),
                number(row["position_fraction"], "+.1%"),
                plain(row["action"]),
                row["why_blocked"],
            )
            for row in rows
        ],
    )
    if followed := sum(heard.values()) if picture is None else len(_followed(picture)):
        print(f"{followed} more in shadow follow the decisions: --json, or `signals show NAME`")
    return Code.OK


def _followed(picture: Picture) -> list[str]:
    return [row["name"] for row in picture["weights"] if row.get("followed")]


def positions(target: Target, as_json: bool) -> int:
    """Print what is held. Raises StoreError where there is neither engine nor database."""
    picture = _running(target)
    rows = picture["positions"] if picture is not None else _stored_positions(target)
    if picture is None:
        print(f"quarterdeck: {_age_of_books(target, bool(rows))}", file=sys.stderr)
    if as_json:
        print_json(rows)
        return Code.OK
    ends = any(row.get("expiry_ms") for row in rows)
    print_table(
        (
            *("symbol", "side", "quantity", "entry", "mark", "unrealised", "stop", "liquidation", "since"),
            *(("contract",) if ends else ()),
        ),
        [
            (
                row["symbol"],
                row["side"],
                row["quantity"],
                row["entry"],
                plain(row["mark"]),
                plain(row["unrealised"]),
                plain(row["stop"]),
                plain(row["liquidation"]),
                when(row["opened_ts_ms"]),
                *((_contract(row),) if ends else ()),
            )
            for row in rows
        ],
    )
    return Code.OK


def _contract(row: Picture) -> str:
    """What a future or an option is: "call 64000, ends 2024-05-24 08:00"."""
    if not row.get("expiry_ms"):
        return "-"
    struck = f"{row['right']} {row['strike']}, " if row["right"] else ""
    return f"{struck}ends {when(row['expiry_ms'])}"


def _running(target: Target) -> Picture | None:
    """The engine's picture, None where the database has to answer instead."""
    try:
        return ask_snapshot(target.socket)
    except NotRunning:
        return None
    except NoAnswer as silent:
        complain([f"{silent}; this is what its database last knew"], Code.TIMEOUT)
        return None


def _age_of_books(target: Target, holding: bool) -> str:
    """What is to be known of positions that no engine vouches for."""
    newest = query.equity(target.database, limit=1)
    told = f"from the database, as of {when(newest[0]['ts_ms'] if newest else None)}"
    if holder(target.database) is None:
        told = f"no engine is running; {told}"
    control = query.control(target.database)
    if holding and control is not None and (control["state"], control["progress"]) == ("HALTED", "flat"):
        return f"{told}: a kill has closed out the venue since, and the next start books it"
    return told


def _print_status(picture: Picture) -> None:
    print_pairs(
        [
            (
                "engine",
                f"{picture['mode']} {picture['account']}, {picture['phase']}, speed {picture['speed']}",
            ),
            ("state", picture["state"]),
            *((f"  {row['name']}", _override(row)) for row in picture["overrides"]),
            *((f"  {row['name']}", row["change"]) for row in picture["weights"] if row["change"]),
            *([("kill", _kill(picture["kill"]))] if picture["kill"] else []),
            *((f"  {row['kind']}", _estimate(row)) for row in picture.get("estimates", ())),
            ("market", when(picture["market_ts_ms"])),
            ("decisions", f"{picture['decisions']}, the last for {when(picture['decision_ts_ms'])}"),
            ("equity", f"{picture['equity']} from {picture['initial']}"),
            ("today", f"{picture['day_profit']} ({picture['day_profit_fraction']:+.2%})"),
            ("drawdown", f"{picture['drawdown']:.2%} of {picture['drawdown_limit']:.0%}"),
            ("exposure", f"gross {picture['gross']:.2f}, net {picture['net']:+.2f}"),
            (
                "book",
                f"{len(picture['positions'])} positions, {picture['working_orders']} working orders, "
                f"{picture['fills']} fills",
            ),
            (
                "health",
                f"loop lag p99 {picture['loop_lag_p99_ms']:.1f} ms, commit p99 {picture['database_ms']:.1f} ms",
            ),
            *([("notice", picture["notice"])] if picture["notice"] else []),
        ]
    )


def _estimate(row: Picture) -> str:
    """How the signals of a class are weighed, and how many independent bets they amount to."""
    if row["bets"] is None:
        return f"weights by {row['method']}; {row['note']}"
    told = f"weights by {row['method']}; {row['bets']:.2f} bets of {row['signals']} signals in {row['days']} days"
    pair = f", {row['first']} {row['second']} {row['correlation']:+.2f}" if row["first"] else ""
    return f"{told} to {when(row['estimated_ms'])[:10]}{pair}{'; ' + row['note'] if row['note'] else ''}"


def _override(row: Picture) -> str:
    scope = f" on {row['scope']}" if row["scope"] else ""
    return f"{row['state']}{scope} by {row['actor']}: {row['reason']}; ends: {row['ends']}"


def _kill(row: Picture) -> str:
    error = f"; {row['error']}" if row["error"] else ""
    return (
        f"{row['progress']} on {row['venue']}: {row['open_positions']} positions and "
        f"{row['open_orders']} orders open{error}"
    )


RECORD = (
    *(
        "state",
        "why",
        "weight",
        "age_ms",
        "heard",
        "judged",
        "hit_rate",
        "information_coefficient",
        "standard_error",
    ),
    *("days", "pnl", "recent_pnl", "attribution", "recent_attribution", "closest", "correlation"),
    *("method", "estimated_ms", "estimated_change", "estimated_why"),
)
"""What is told of each signal itself beside its readings; `engine.snapshot.WeightRow` says what each is."""


def _signal_rows(picture: Picture) -> list[Picture]:
    records = {row["name"]: {part: row.get(part) for part in RECORD} for row in picture["weights"]}
    followed = _followed(picture)
    return [
        {
            "symbol": row["symbol"],
            "price": row["price"],
            "readings": {
                cell["name"]: {part: cell[part] for part in ("value", "confidence", "reason")}
                | {"followed": cell["name"] in followed, "record": records.get(cell["name"], {})}
                for cell in row["cells"]
            },
            "forecast": row["forecast"],
            "target_fraction": row["target_fraction"],
            "position_fraction": row["position_fraction"],
            "action": row["action"],
            "why_blocked": row["why_blocked"],
            "agreement": row.get("agreement"),
            "netted": row.get("netted"),
            "caps": row.get("caps", []),
            "ts": picture["decision_ts_ms"],
        }
        for row in picture["signals"]
    ]


def _stored_signals(target: Target) -> list[Picture]:
    decision = query.decision(target.database)
    if decision is None:
        return []
    readings = query.readings(target.database, at_ms=decision["ts"])
    return [
        {
            "symbol": symbol,
            "price": None,
            "readings": {
                reading["signal"]: {
                    part: reading["cells"][symbol][part] for part in ("value", "confidence", "reason")
                }
                | {"followed": reading["followed"]}
                for reading in readings
                if symbol in reading["cells"]
            },
            "forecast": values[DECISION_STAGES.index(FORECAST_STAGE)],
            "target_fraction": values[DECISION_STAGES.index(TARGET_STAGE)],
            "position_fraction": None,
            "action": None,
            "why_blocked": "",
            "agreement": None,
            "netted": None,
            "caps": [],
            "ts": decision["ts"],
        }
        for symbol, values in decision["stages"].items()
    ]


def _stored_positions(target: Target) -> list[Picture]:
    contracts = query.contracts(target.database)
    return [
        {
            "symbol": row["symbol"],
            "venue": None,
            "side": "S" if row["quantity"].startswith("-") else "L",
            "quantity": row["quantity"],
            "entry": f"{(Decimal(row['cost']) / Decimal(row['quantity'])):.8f}",
            "mark": None,
            "unrealised": None,
            "unrealised_fraction": None,
            "r_multiple": None,
            "stop": None,
            "liquidation": None,
            "working_orders": None,
            "locked": None,
            "opened_ts_ms": row["opened_ts_ms"],
            **contracts.get(row["symbol"], {}),
        }
        for row in query.positions(target.database)
    ]


def _reading(cell: Picture | None) -> str:
    if cell is None or cell["value"] is None:
        return plain(cell["reason"]) if cell is not None else "-"
    return f"{cell['value']:+.2f}"
