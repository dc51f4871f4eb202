"""What a real engine answers is what the drill-downs read: every kind of question, in every reader."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from console import read_answers
from console.details import FAULT, Details
from console.screens.cap_words import Limits
from console.screens.order_why_rows import contributions, slippage_words, what_was_said
from engine.commands import DetailKind, Question
from engine.session import Session
from tests.engine.session_runs import bars_pass, engine, give, running


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    """An engine that has traded a day and obeyed a command."""
    async with running(engine(tmp_path / "day.db", run__speed="36000")) as session:
        await bars_pass(session, 24)
        await give(session, "pause", on="true")
        yield session


async def test_every_answer_of_an_engine_is_understood(session: Session) -> None:
    ask = Details(session).ask
    orders = read_answers.read_orders(await ask(Question(DetailKind.ORDERS, {"limit": "500"})))
    position = read_answers.read_position(await ask(Question(DetailKind.POSITION, {"symbol": "BTCUSDT"})))
    signal = read_answers.read_signal(
        await ask(Question(DetailKind.SIGNAL, {"name": "A1", "symbol": "BTCUSDT", "limit": "500"}))
    )
    trail = read_answers.read_audit(await ask(Question(DetailKind.AUDIT, {"limit": "500", "verify": "true"})))
    commands = read_answers.read_commands(await ask(Question(DetailKind.COMMANDS)))
    config = read_answers.read_config(await ask(Question(DetailKind.CONFIG)))
    assert orders[0].ts_ms >= orders[-1].ts_ms
    assert position.fills
    assert position.venue is not None
    assert position.venue["agrees"]
    assert signal.name == "A1"
    assert signal.history
    assert signal.reading("ETHUSDT") is not None
    assert trail.rows[0].sequence == len(trail.rows)
    assert (trail.chain, trail.broken) == (f"{len(trail.rows)} rows", False)
    assert (commands[0].kind, commands[0].after, commands[0].mode) == ("pause", "REDUCING", "sim")
    assert config.value("risk.trades_per_day") == "5000"
    snapshot = session.snapshot()
    assert snapshot is not None
    assert config.hash == snapshot.config_hash


async def test_an_orders_readings_add_up_to_its_blend_and_its_price_is_known(session: Session) -> None:
    ask = Details(session).ask
    config = read_answers.read_config(await ask(Question(DetailKind.CONFIG)))
    snapshot = session.snapshot()
    assert snapshot is not None
    weights = {row.name: row for row in snapshot.weights}
    opened = [order for order in snapshot.orders if order.purpose == "open"]
    assert opened
    for order in opened:
        why = read_answers.read_order_why(
            await ask(Question(DetailKind.ORDER, {"order": order.client_order_id}))
        )
        limits = Limits(config, why.decision, {name: row.type for name, row in weights.items()})
        stages = {stage.name: stage.value or 0.0 for stage in why.stages}
        assert sum(contributions(why, limits, weights).values()) == pytest.approx(stages["blend"])
        said = what_was_said(why, limits, weights)
        assert said.agreement is not None
        assert stages["conflict"] == pytest.approx(stages["blend"] * (0.5 + 0.5 * said.agreement))
        assert why.price is not None
        assert slippage_words(why)[0].endswith("bps" if why.fills else "–")


async def test_a_broken_chain_is_told_by_the_engine(session: Session, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "day.db")) as writer:
        writer.execute("DROP TRIGGER audit_is_never_updated")
        writer.execute("UPDATE audit SET actor = 'nobody' WHERE sequence = 1")
        writer.commit()
    answer = await Details(session).ask(Question(DetailKind.AUDIT, {"verify": "true"}))
    facts = read_answers.read_audit(answer)
    assert facts.broken
    assert "row 1 was changed after it was written" in facts.chain


async def test_what_is_not_there_is_a_fault_in_one_line(session: Session) -> None:
    for question in (
        Question(DetailKind.ORDER, {"order": "qd0"}),
        Question(DetailKind.POSITION, {"symbol": "NOSUCH"}),
        Question(DetailKind.SIGNAL, {"name": "Z9"}),
        Question(DetailKind.ORDERS, {"limit": "many"}),
    ):
        answer = await Details(session).ask(question)
        assert list(answer) == [FAULT]
        assert "\n" not in answer[FAULT]
