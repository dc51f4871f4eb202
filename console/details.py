"""What a drill-down asks of the engine beyond the picture: questions that never raise, and answers kept current.

The engine reads its books beside the loop; here nobody waits for it. A screen says on every turn what it wants to
know; it is asked once, and again when the picture says that the answer has changed, but never twice at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from engine.commands import DetailFault, DetailKind, EngineLink, Question

PATIENCE_S = 15.0
REPEAT_S = 2.0
RETRY_S = 5.0
FAULT = "fault"

_Place = tuple[DetailKind, str]


class Details:
    """Asks one engine. `patience_s`: how long an answer is waited for."""

    def __init__(self, link: EngineLink, patience_s: float = PATIENCE_S) -> None:
        self._link = link
        self._patience_s = patience_s

    async def ask(self, question: Question) -> dict[str, Any]:
        """The answer; where there is none, {"fault": what happened, in one line}."""
        try:
            return await asyncio.wait_for(self._link.detail(question), self._patience_s)
        except DetailFault as fault:
            return {FAULT: str(fault)}
        except TimeoutError:
            return {FAULT: f"the engine has not answered for {self._patience_s:.0f} s"}
        except Exception as error:  # noqa: BLE001 - whatever a link does, the screen must outlive it
            return {FAULT: f"the question did not reach the engine: {str(error) or type(error).__name__}"}


@dataclass(frozen=True, slots=True)
class Want:
    """Something a screen wants to know. `mark`: what the answer depends on; `read` turns plain data into rows.

    `slot` sets apart questions of one kind whose answers are needed side by side. `read` may raise AttributeError,
    KeyError, TypeError or ValueError: the answer is then one that is not understood.
    """

    question: Question
    mark: object
    read: Callable[[dict[str, Any]], Any]
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to `question`: `data` as it was read, None while there is none; the `fault` in one line.

    `mark`: what it was current for. `wall_ms`: when `data` came. `at_s`: when the engine last said anything, on the
    clock that only goes forward. After a fault `data` is what was read before it.
    """

    question: Question
    data: Any
    fault: str
    mark: object
    wall_ms: int
    at_s: float


class Inquiry:
    """The answers of one screen, one of each kind and slot.

    `begin` starts a coroutine, `answered` is told of each answer.
    """

    def __init__(
        self,
        details: Details,
        *,
        begin: Callable[[Coroutine[Any, Any, None]], object],
        answered: Callable[[], None],
        wall_ms: Callable[[], int],
        now_s: Callable[[], float],
    ) -> None:
        self._details = details
        self._begin = begin
        self._answered = answered
        self._wall_ms = wall_ms
        self._now_s = now_s
        self._answers: dict[_Place, Answer] = {}
        self._asked: set[_Place] = set()

    def want(self, want: Want) -> None:
        """Ask unless that is known for this `mark`, was asked a moment ago, or is being asked."""
        place = (want.question.kind, want.slot)
        if place not in self._asked and _due(self._answers.get(place), want, self._now_s()):
            self._asked.add(place)
            self._begin(self._ask(want))

    def answer(self, question: Question) -> Answer | None:
        """The newest answer to exactly this question."""
        return next((known for known in self._answers.values() if known.question == question), None)

    async def _ask(self, want: Want) -> None:
        question, place = want.question, (want.question.kind, want.slot)
        try:
            plain = await self._details.ask(question)
        finally:
            self._asked.discard(place)
        data, fault = _read(plain, want.read)
        answer = Answer(question, data, "", want.mark, self._wall_ms(), self._now_s())
        if fault:
            # What was read before is still the best there is; its age says that it is old.
            answer = replace(self.answer(question) or answer, fault=fault, mark=want.mark, at_s=self._now_s())
        self._answers[place] = answer
        self._answered()


def _read(plain: dict[str, Any], read: Callable[[dict[str, Any]], Any]) -> tuple[Any, str]:
    if FAULT in plain:
        return None, str(plain[FAULT])
    try:
        return read(plain), ""
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return (
            None,
            f"the answer is not understood ({type(error).__name__}: {error}), the engine may be another version",
        )


def _due(known: Answer | None, want: Want, now_s: float) -> bool:
    if known is None or known.question != want.question:
        return True
    if known.fault:
        return now_s - known.at_s >= RETRY_S
    return known.mark != want.mark and now_s - known.at_s >= REPEAT_S
