"""`quarterdeck explain`: one order's way from its readings through every stage of the decision to its fills."""

from __future__ import annotations

from collections.abc import Sequence

from console.command_faults import Code
from console.command_output import number, plain, print_json, print_pairs, print_table, when
from console.command_target import Target
from engine.waterfall import with_bounds
from store import query
from store.query import Record


def explain(target: Target, client_order_id: str, as_json: bool) -> int:
    """Print why the order is what it is. Raises NotFound, StoreError."""
    found = query.explain(target.database, client_order_id)
    found["stages"] = with_bounds(found["stages"], found["decision"])
    if as_json:
        print_json(found)
        return Code.OK
    _print_order(found["order"])
    _print_decision(found)
    print()
    print_table(
        ("time", "status", "reason"),
        [(when(row["ts_ms"]), row["to_status"], plain(row["reason"])) for row in found["events"]],
    )
    if found["fills"]:
        print()
        print_table(
            ("time", "fill", "quantity", "price", "fee"),
            [
                (when(row["ts"]), row["fill_id"], row["quantity"], row["price"], row["fee"])
                for row in found["fills"]
            ],
        )
    return Code.OK


def _print_order(order: Record) -> None:
    quantity = "the whole position" if order["whole_position"] else order["quantity"]
    flags = [name for name in ("reduce_only", "post_only") if order[name]]
    print_pairs(
        [
            ("order", order["client_order_id"]),
            ("what", f"{order['side']} {quantity} {order['symbol']} {order['type']} {' '.join(flags)}"),
            ("purpose", order["purpose"]),
            ("decided", when(order["decision_ts_ms"])),
            ("price", plain(order["price"])),
            ("status", f"{order['status']} {order['reason']}".strip()),
            ("filled", f"{order['filled_quantity']}, fee {order['fee']}"),
        ]
    )


def _print_decision(found: Record) -> None:
    print()
    if not found["stages"]:
        print(f"No decision made it: {found['order']['purpose']} orders come from their own rule.")
        return
    _print_readings(found["readings"])
    print()
    print_table(
        ("stage", "value", "what happened"),
        [(row["stage"], number(row["value"], "+.6f"), row["why"]) for row in found["stages"]],
    )
    decision = found["decision"]
    scalars = ", ".join(f"{name} {number(value, '.4g')}" for name, value in decision["scalars"].items())
    print(f"\nstate {decision['state']}; {scalars}")
    if found["followed"]:
        print("\nIn shadow, behind the decision, which does not know of them:")
        _print_readings(found["followed"])


def _print_readings(readings: Sequence[Record]) -> None:
    print_table(
        ("signal", "value", "confidence", "reason", "statistics"),
        [
            (
                row["signal"],
                number(row["value"]),
                number(row["confidence"], ".2f"),
                plain(row["reason"]),
                ", ".join(f"{name} {number(value, '.4g')}" for name, value in row["statistics"].items()),
            )
            for row in readings
        ],
    )
