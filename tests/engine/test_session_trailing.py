"""An engine whose profile asks for trailing stops: placed, kept at one distance, cooled down after, shown, kept by a
kill, and the same however often the run was interrupted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from store.check import check
from store.digest import digest
from tests.crash.books import Told, compare
from tests.engine.session_runs import bars_pass, engine, follow, rows, run, running
from tests.engine.test_interventions_cancel import cancel, status, working

BARS, AT = 60, 12
BAR_MS = 3_600_000
WIDE = {"risk__stop_atr": "6", "risk__trail_atr": "4"}
TIGHT = {"risk__trail_atr": "0.5"}


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


async def test_it_is_placed_with_the_stop_at_its_own_multiple_of_the_same_range(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, AT, **WIDE)
    stops = {order["symbol"]: order for order in working(database, "stop")}
    trails = {order["symbol"]: order for order in working(database, "trail")}
    assert stops.keys() == trails.keys() == Told.of(database).positions.keys()
    for symbol, trail in trails.items():
        assert (trail["type"], trail["side"]) == ("trailing_stop", stops[symbol]["side"])
        assert (trail["whole_position"], trail["reduce_only"]) == (True, True)
        assert trail["client_order_id"].endswith("R")
        # Both are rounded down to the tick.
        ratio = Decimal(stops[symbol]["trigger_offset"]) / Decimal(trail["trigger_offset"])
        assert abs(ratio - Decimal("1.5")) < Decimal("0.01")
    assert_sound(database)


async def test_none_is_placed_where_none_is_asked_for(tmp_path: Path) -> None:
    await run(tmp_path / "x.db", AT)
    assert working(tmp_path / "x.db", "stop")
    assert not working(tmp_path / "x.db", "trail")


async def test_after_it_that_side_of_the_symbol_rests(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, BARS, **TIGHT)
    taken = rows(
        database,
        "SELECT fills.ts_ms, fills.symbol, fills.side FROM fills JOIN orders USING (client_order_id) "
        "WHERE purpose = 'trail'",
    )
    assert taken
    opened = "SELECT count(*) FROM orders WHERE symbol = ? AND side = ? AND purpose = 'open' AND {} "
    for ts_ms, symbol, side in taken:
        other = "buy" if side == "sell" else "sell"
        during = opened.format("decision_ts_ms > ? AND decision_ts_ms < ? AND status != 'denied'")
        assert rows(database, during, symbol, other, ts_ms, ts_ms + 24 * BAR_MS) == [(0,)]
    assert_sound(database)


@pytest.mark.parametrize("faults", [{}, {"venue__faults__submit_lost_after_accept": ".3"}])
async def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path, faults: dict[str, str]) -> None:
    flags = {"risk__trail_atr": "1", **faults}
    await run(tmp_path / "whole.db", BARS, **flags)
    for part in (1, 7, 12, BARS - 20):
        await run(tmp_path / "parts.db", part, **flags)
    assert rows(tmp_path / "whole.db", "SELECT 1 FROM orders WHERE purpose = 'trail' AND status = 'filled'")
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "whole.db")
    assert_sound(tmp_path / "parts.db")


async def test_a_cancelled_one_is_placed_again_at_the_same_distance_and_the_answer_says_how(
    tmp_path: Path,
) -> None:
    """Days after the opening, when the range of the day is another."""
    book, database = tmp_path / "before.db", tmp_path / "x.db"
    await run(book, BARS, **WIDE)
    trail = min(working(book, "trail"), key=lambda order: int(order["decision_ts_ms"]))
    (answer,) = await follow(database, BARS + 1, {BARS: [cancel(trail["client_order_id"])]}, **WIDE)
    assert answer.accepted
    assert "no trailing stop until the engine places one again at the next bar" in answer.message
    assert "starts anew, from the average entry price" in answer.message
    assert status(database, trail["client_order_id"]) == "canceled"
    (again,) = [order for order in working(database, "trail") if order["symbol"] == trail["symbol"]]
    assert again["decision_ts_ms"] > trail["decision_ts_ms"] + 24 * BAR_MS
    assert (again["side"], again["trigger_offset"]) == (trail["side"], trail["trigger_offset"])
    assert_sound(database)


async def test_a_kill_that_keeps_positions_keeps_it(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await follow(database, AT + 3, {AT: [("kill", {"keep_positions": "true"})]}, **WIDE)
    told = Told.of(database)
    assert told.positions
    assert sorted(o["purpose"] for o in told.working.values()) == sorted(
        ["stop", "trail"] * len(told.positions)
    )


@pytest.mark.parametrize("trail_atr", ["4", "30"], ids=["the trailing one", "the fixed one"])
async def test_the_tighter_of_the_two_stops_is_shown(tmp_path: Path, trail_atr: str) -> None:
    database, flags = tmp_path / "x.db", WIDE | {"risk__trail_atr": trail_atr}
    await run(database, AT, **flags)
    async with running(engine(database, run__speed="360000", **flags)) as session:
        await bars_pass(session, 2)
        machine, snapshot = session._machine, session.snapshot()
        assert machine is not None
        assert snapshot is not None
        assert snapshot.positions
        for row in snapshot.positions:
            orders = {o.purpose.value: o for o in machine.execution.open_orders() if o.symbol == row.symbol}
            fixed, trailed = orders["stop"].trigger_offset, orders["trail"].client_order_id
            reached, position = machine.venue.trailed_to(trailed), machine.ledger.position(row.symbol)
            assert fixed is not None
            assert reached is not None
            assert row.stop is not None
            sign = 1 if row.side == "L" else -1
            at = (position.cost / position.quantity - sign * fixed).quantize(reached)
            assert Decimal(row.stop) == (reached if trail_atr == "4" else at)
            assert ((reached - at) * sign > 0) is (trail_atr == "4")
            shown = {o.client_order_id: o.trigger for o in snapshot.orders}
            assert shown[orders["stop"].client_order_id] == f"{at:f}"
            assert row.stop in shown.values()
        names = {limit.name for limit in snapshot.limits}
        assert "trailing stop" not in names
        assert "stablecoin peg" in names
