"""What an operator does, one thing at a time: every step strikes keys and then looks for what must be seen next."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Protocol

from tests.console.operator_day.tmux import PROMPT, Tmux

# A dialog does not listen in its first moment, so an answer it has not heard is given again.
_ANSWER_AGAIN_S = 0.5
# The first start of all compiles the kernels.
_STARTS_WITHIN_S = 120.0


class Step(Protocol):
    """One thing done at the keyboard."""

    def take(self, at: Tmux) -> None: ...


@dataclass(frozen=True, slots=True)
class Shell:
    """A command at the prompt of the shell, and words of its answer."""

    line: str
    sees: str

    def take(self, at: Tmux) -> None:
        at.until(lambda: at.text.rstrip().endswith(PROMPT), "the prompt")
        at.strike("C-l")
        at.until(lambda: at.text.strip() == PROMPT, "a screen with nothing but the prompt")
        at.type(f"{self.line}\n")
        at.until_shown(self.sees, within_s=_STARTS_WITHIN_S)


@dataclass(frozen=True, slots=True)
class Press:
    """Keys, and words that the screen shows afterwards; `gone` are words it no longer shows."""

    keys: str
    sees: str
    gone: str = ""

    def take(self, at: Tmux) -> None:
        at.strike(*self.keys.split())
        at.until_shown(self.sees)
        if self.gone:
            at.until_gone(self.gone)


@dataclass(frozen=True, slots=True)
class Answer:
    """The key that answers the question that stands on the screen, and words it shows afterwards."""

    key: str
    question: str
    sees: str

    def take(self, at: Tmux) -> None:
        at.until_shown(self.question)
        while self.question in at.text:
            at.strike(self.key)
            try:
                at.until(lambda: self.question not in at.text, "", within_s=_ANSWER_AGAIN_S)
            except AssertionError:
                continue
        at.until_shown(self.sees)


@dataclass(frozen=True, slots=True)
class Write:
    """Words typed into a field, and words the screen shows afterwards; `gone` are words it no longer shows."""

    words: str
    sees: str
    gone: str = ""

    def take(self, at: Tmux) -> None:
        at.type(self.words)
        at.until_shown(self.sees)
        if self.gone:
            at.until_gone(self.gone)


@dataclass(frozen=True, slots=True)
class Look:
    """Words that come to stand on the screen by themselves."""

    sees: str

    def take(self, at: Tmux) -> None:
        at.until_shown(self.sees)


@dataclass(frozen=True, slots=True)
class PullThePlug:
    """The program dies without a last word, as when the machine fails; the shell is there again."""

    def take(self, at: Tmux) -> None:
        program = at.program
        program.send_signal(signal.SIGKILL)
        at.until(lambda: not program.is_running(), "the program is gone")
        # Whatever it was writing may swallow the shell's first words.
        at.strike("Enter")
        at.until_shown(PROMPT)
        # The dead program left the terminal as it was: on its own screen, without an echo.
        at.type("reset\n")
        at.until_gone("HALTED")


@dataclass(frozen=True, slots=True)
class Chapter:
    """What the operator wants, and how they get it."""

    wish: str
    steps: tuple[Step, ...]

    def read(self, at: Tmux) -> None:
        """Do it all; what fails is told by the wish it failed."""
        for number, step in enumerate(self.steps, 1):
            try:
                step.take(at)
            except AssertionError as failed:
                raise AssertionError(f"{self.wish}, step {number}: {step}\n{failed}") from None
