"""One order that an operator cancels: the venue says how it ended, and nothing that protects stays away for long."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store.check import check
from store.digest import digest
from tests.crash.books import Told, compare
from tests.engine.session_runs import Script, follow, rows, run

AT = 12
LOST = {"venue__faults__cancel_lost_before": ".6", "venue__faults__cancel_lost_after": ".6"}
LATE = {"venue__faults__fill_after_cancel": "1"}
SLOW = {"venue__latency_bars": "3"}


def working(database: Path, purpose: str) -> list[dict[str, Any]]:
    """Orders of a purpose that the venue may still act on, by id."""
    found = Told.of(database).working
    return [found[name] for name in sorted(found) if found[name]["purpose"] == purpose]


def cancel(order: str) -> tuple[str, dict[str, str]]:
    return "cancel", {"order": order}


def status(database: Path, order: str) -> str:
    """How an order stands in our books; the venue's must say the same."""
    ((ours,),) = rows(database, "SELECT status FROM orders WHERE client_order_id = ?", order)
    assert Told.of(database).orders[order]["status"] == ours
    return str(ours)


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


async def before(tmp_path: Path, **flags: str) -> Path:
    """A book that has ended after `AT` bars."""
    await run(tmp_path / "before.db", AT, **flags)
    return tmp_path / "before.db"


@pytest.mark.parametrize("faults", [{}, LOST], ids=["plain", "answers lost"])
async def test_a_working_order_is_gone_at_the_venue_when_that_is_answered(
    tmp_path: Path, faults: dict[str, str]
) -> None:
    order = working(await before(tmp_path, **SLOW, **faults), "open")[-1]["client_order_id"]
    database = tmp_path / "x.db"
    (answer,) = await follow(database, AT + 5, {AT: [cancel(order)]}, **SLOW, **faults)
    assert (answer.accepted, answer.message) == (
        True,
        f"order {order} canceled; the next decision may ask for it again",
    )
    assert status(database, order) == "canceled"
    lost = rows(
        database, "SELECT 1 FROM order_events WHERE client_order_id = ? AND to_status = 'unresolved'", order
    )
    assert bool(lost) is bool(faults)
    assert rows(database, "SELECT actor, accepted, message FROM commands") == [
        ("operator@test", 1, answer.message)
    ]
    assert_sound(database)


async def test_a_cancelled_stop_is_placed_again_at_the_next_bar_and_the_answer_says_so(
    tmp_path: Path,
) -> None:
    stop = working(await before(tmp_path), "stop")[0]
    database = tmp_path / "x.db"
    (answer,) = await follow(database, AT + 1, {AT: [cancel(stop["client_order_id"])]})
    assert answer.accepted
    assert f"{stop['symbol']} has no stop until the engine places one again" in answer.message
    assert status(database, stop["client_order_id"]) == "canceled"
    (again,) = [order for order in working(database, "stop") if order["symbol"] == stop["symbol"]]
    assert again["side"] == stop["side"]
    assert again["decision_ts_ms"] == stop_time(database) + 3_600_000
    assert_sound(database)


def stop_time(database: Path) -> int:
    ((ts_ms,),) = rows(database, "SELECT market_ts_ms FROM commands")
    return int(ts_ms)


async def test_a_confirmed_cancel_that_lost_the_race_is_a_fill_and_booked_once(tmp_path: Path) -> None:
    order = working(await before(tmp_path, **SLOW), "open")[-1]["client_order_id"]
    database = tmp_path / "x.db"
    (answer,) = await follow(database, AT + 6, {AT: [cancel(order)]}, **SLOW, **LATE)
    assert answer.accepted
    assert status(database, order) == "filled"
    lived = [
        to for (to,) in rows(database, "SELECT to_status FROM order_events WHERE client_order_id = ?", order)
    ]
    assert lived[-2:] == ["canceled", "filled"]
    assert_sound(database)


async def test_what_cannot_be_cancelled_is_refused_in_words(tmp_path: Path) -> None:
    book = await before(tmp_path)
    ((ended,),) = rows(book, "SELECT client_order_id FROM orders WHERE status = 'filled' LIMIT 1")
    stop = working(book, "stop")[0]["client_order_id"]
    script: Script = {
        AT: [
            cancel("qdnothing"),
            cancel(""),
            cancel(ended),
            cancel(stop),
            cancel(stop),
            ("kill", {"keep_positions": "true"}),
            cancel(working(book, "stop")[1]["client_order_id"]),
        ]
    }
    database = tmp_path / "x.db"
    unknown, nameless, over, gone, again, _, halted = await follow(database, AT + 3, script)
    assert gone.accepted
    assert [answer.message.split(":")[0].split(" is working")[0] for answer in (unknown, nameless)] == [
        "no order qdnothing",
        "no order without a name",
    ]
    assert (over.accepted, over.message) == (False, f"order {ended} has ended: filled")
    assert (again.accepted, again.message) == (False, f"order {stop} has ended: canceled (cancelled)")
    assert (halted.accepted, halted.message.split(":")[0]) == (False, "trading is HALTED")
    assert working(database, "stop")
    assert_sound(database)


async def test_a_cancel_that_never_arrives_is_asked_again_after_every_bar_and_logged_with_its_end(
    tmp_path: Path,
) -> None:
    stop = working(await before(tmp_path), "stop")[0]["client_order_id"]
    database = tmp_path / "x.db"
    never = {"venue__faults__cancel_lost_before": "1"}
    asked, twice = await follow(database, AT + 2, {AT: [cancel(stop), cancel(stop)]}, **never)
    assert asked.message == twice.message
    assert "the venue has not said how it ended" in asked.message
    assert stop in Told.of(database).working
    assert rows(database, "SELECT accepted, message FROM commands") == [(1, twice.message)]
    await run(database, 1)
    assert status(database, stop) == "canceled"
    log = rows(database, "SELECT actor, accepted, message FROM commands ORDER BY sequence")
    assert [actor for actor, _, _ in log] == ["operator@test"] * 2
    assert log[1][2].startswith(f"order {stop} canceled")
    assert_sound(database)


async def test_the_audit_holds_what_it_was_and_how_it_ended(tmp_path: Path) -> None:
    order = working(await before(tmp_path), "stop")[0]["client_order_id"]
    await follow(tmp_path / "x.db", AT + 1, {AT: [cancel(order)]})
    told = rows(tmp_path / "x.db", "SELECT kind, payload FROM audit WHERE actor = 'operator@test'")
    assert [kind for kind, _ in told] == ["cancel asked", "cancel ended", "command"]
    facts = json.loads(told[1][1])
    assert facts == {"order": order, "before": "accepted", "after": "canceled"}


async def test_the_same_cancels_at_the_same_bars_are_the_same_run(tmp_path: Path) -> None:
    order = working(await before(tmp_path), "stop")[0]["client_order_id"]
    for name in ("one", "two"):
        await follow(tmp_path / f"{name}.db", AT + 20, {AT: [cancel(order)]})
    await follow(tmp_path / "parts.db", AT, {AT: [cancel(order)]})
    await follow(tmp_path / "parts.db", 20, {AT: [cancel(order)]})
    found = {name: digest(tmp_path / f"{name}.db") for name in ("one", "two", "parts")}
    assert len(set(found.values())) == 1
