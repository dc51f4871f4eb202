"""What a screen asks: never an exception, never twice at once, and again when the picture says that it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from console.details import REPEAT_S, RETRY_S, Details, Inquiry, Want
from engine.commands import DetailFault, DetailKind, Question
from tests.console.recorded_link import RecordedLink

ORDERS = Question(DetailKind.ORDERS, {"limit": "5"})


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (DetailFault("the database is locked"), "the database is locked"),
        (ConnectionResetError("socket closed"), "the question did not reach the engine: socket closed"),
        (RuntimeError(), "the question did not reach the engine: RuntimeError"),
        (TimeoutError(), "the engine has not answered for 15 s"),
    ],
)
async def test_whatever_goes_wrong_is_one_line(failure: Exception, words: str) -> None:
    link = RecordedLink(None)

    async def fail(question: Question) -> dict[str, Any]:
        raise failure

    link.detail = fail  # type: ignore[method-assign]
    assert await Details(link).ask(ORDERS) == {"fault": words}


async def test_an_engine_that_never_answers_is_waited_for_no_longer_than_that() -> None:
    link = RecordedLink(None)
    link.answers.clear()
    answer = await Details(link, patience_s=0.02).ask(ORDERS)
    assert answer == {"fault": "the engine has not answered for 0 s"}


class Asker:
    """An inquiry with a clock in the test's hand."""

    def __init__(self) -> None:
        self.link = RecordedLink(None)
        self.link.details = {DetailKind.ORDERS: {"orders": [1]}}
        self.now_s = 100.0
        self.wall_ms = 5_000
        self.heard = 0
        self.tasks: list[asyncio.Task[None]] = []
        self.inquiry = Inquiry(
            Details(self.link),
            begin=self._begin,
            answered=self._hear,
            wall_ms=lambda: self.wall_ms,
            now_s=lambda: self.now_s,
        )

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    def _hear(self) -> None:
        self.heard += 1

    async def want(self, mark: object = 0, question: Question = ORDERS, slot: str = "") -> None:
        self.inquiry.want(Want(question, mark, lambda answer: answer["orders"], slot))
        if self.link.answers.is_set():
            await asyncio.gather(*self.tasks)


async def test_a_question_is_asked_once_and_again_when_its_mark_has_changed_and_time_has_passed() -> None:
    asker = Asker()
    await asker.want(mark=1)
    await asker.want(mark=1)
    assert len(asker.link.questions) == 1
    await asker.want(mark=2)
    assert len(asker.link.questions) == 1
    asker.now_s += REPEAT_S
    await asker.want(mark=1)
    assert len(asker.link.questions) == 1
    await asker.want(mark=2)
    assert len(asker.link.questions) == 2
    answer = asker.inquiry.answer(ORDERS)
    assert answer is not None
    assert (answer.data, answer.mark, answer.fault) == ([1], 2, "")
    assert asker.heard == 2


async def test_nothing_is_asked_twice_at_the_same_time() -> None:
    asker = Asker()
    asker.link.answers.clear()
    for mark in range(5):
        await asker.want(mark)
        asker.now_s += 60
        await asyncio.sleep(0)
    assert len(asker.link.questions) == 1
    assert asker.inquiry.answer(ORDERS) is None
    asker.link.answers.set()
    await asyncio.gather(*asker.tasks)
    asker.now_s += REPEAT_S
    await asker.want(4)
    assert len(asker.link.questions) == 2


async def test_another_question_of_the_kind_is_asked_at_once_and_the_old_answer_is_not_its_own() -> None:
    asker = Asker()
    await asker.want()
    other = Question(DetailKind.ORDERS, {"limit": "6"})
    assert asker.inquiry.answer(other) is None
    await asker.want(question=other)
    assert asker.inquiry.answer(other) is not None
    assert asker.inquiry.answer(ORDERS) is None


async def test_slots_keep_answers_of_one_kind_side_by_side() -> None:
    asker = Asker()
    other = Question(DetailKind.ORDERS, {"limit": "6"})
    await asker.want()
    await asker.want(question=other, slot="second")
    assert asker.inquiry.answer(ORDERS) is not None
    assert asker.inquiry.answer(other) is not None


async def test_after_a_fault_what_was_read_stays_with_its_own_age_and_is_asked_again_later() -> None:
    asker = Asker()
    await asker.want(mark=1)
    asker.link.details = {}
    asker.now_s, asker.wall_ms = asker.now_s + REPEAT_S, 9_000
    await asker.want(mark=2)
    answer = asker.inquiry.answer(ORDERS)
    assert answer is not None
    assert (answer.data, answer.fault, answer.wall_ms) == ([1], "nothing was recorded for orders", 5_000)
    asker.now_s += RETRY_S - 0.1
    await asker.want(mark=3)
    assert len(asker.link.questions) == 2
    asker.now_s += 0.2
    asker.link.details = {DetailKind.ORDERS: {"orders": [2]}}
    await asker.want(mark=2)
    answer = asker.inquiry.answer(ORDERS)
    assert answer is not None
    assert (answer.data, answer.fault, answer.wall_ms) == ([2], "", 9_000)


@pytest.mark.parametrize("odd", [{}, {"orders": None}, {"wrong": 1}])
async def test_an_answer_that_is_not_understood_is_a_fault(odd: dict[str, Any]) -> None:
    asker = Asker()
    asker.link.details = {DetailKind.ORDERS: odd}
    asker.inquiry.want(Want(ORDERS, 0, lambda answer: list(answer["orders"])))
    await asyncio.gather(*asker.tasks)
    answer = asker.inquiry.answer(ORDERS)
    assert answer is not None
    assert answer.data is None
    assert "is not understood" in answer.fault
    assert "another version" in answer.fault
