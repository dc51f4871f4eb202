"""A terminal multiplexer of the test's own: a shell in one pane, keys in, text out. Waits on text, never on time."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest

from tests.console.cli.engines import PROGRAM, until

PROMPT = "operator$"
PATIENCE_S = 30.0
_NUMBERS = itertools.count()


class Tmux:
    """One pane of this size with a shell in `folder` that knows the command `quarterdeck`. Use as a context manager.

    The server listens on a socket of its own, reads no configuration and ends with its only session.
    """

    def __init__(self, folder: Path, size: tuple[int, int], environment: Mapping[str, str]) -> None:
        if shutil.which("tmux") is None:
            pytest.skip("tmux is not installed, and the operator's day is done in it")
        self._socket = f"quarterdeck-test-{os.getpid()}-{next(_NUMBERS)}"
        self._environment = {name: value for name, value in environment.items() if name != "TMUX"}
        shell = folder / "shell"
        shell.write_text(
            f"PS1='{PROMPT} '\n"
            "unset PROMPT_COMMAND HISTFILE\n"
            f'quarterdeck() {{ {shlex.join(PROGRAM)} "$@"; }}\n'
        )
        width, height = map(str, size)
        command = f"bash --noprofile --rcfile {shlex.quote(str(shell))}"
        opened = self._tmux(
            *("new-session", "-d", "-P", "-F", "#{session_id} #{pane_id} #{pane_pid}"),
            *("-x", width, "-y", height, "-c", str(folder), command),
        )
        self._session, self._pane, pid = opened.split()
        self._shell = psutil.Process(int(pid))

    def __enter__(self) -> Tmux:
        self.until_shown(PROMPT)
        return self

    def __exit__(self, *_: object) -> None:
        left = self._shell.children(recursive=True)
        self._tmux("kill-session", "-t", self._session)
        for process in psutil.wait_procs(left, timeout=10)[1]:
            process.kill()

    @property
    def lines(self) -> list[str]:
        """What stands in the pane."""
        return self._tmux("capture-pane", "-p", "-t", self._pane).splitlines()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def strike(self, *keys: str) -> None:
        """Press keys by the names tmux has for them: p, F, Enter, Escape, C-k."""
        self._tmux("send-keys", "-t", self._pane, *keys)

    def type(self, words: str) -> None:
        """Type words, letter by letter."""
        self._tmux("send-keys", "-l", "-t", self._pane, words)

    def until(self, condition: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
        """Wait until something holds; fails with the screen where it never does."""
        try:
            until(what, condition, within_s)
        except AssertionError as never:
            raise AssertionError(f"{never}\n{self.text}") from None

    def until_shown(self, words: str, within_s: float = PATIENCE_S) -> str:
        """Wait until these words stand in the pane; the line they stand on."""
        found: list[str] = []

        def shown() -> bool:
            found[:] = [line for line in self.lines if words in line]
            return bool(found)

        self.until(shown, f"{words!r} shows", within_s)
        return found[0]

    def until_gone(self, words: str) -> None:
        """Wait until these words stand nowhere in the pane."""
        self.until(lambda: words not in self.text, f"{words!r} is gone")

    @property
    def program(self) -> psutil.Process:
        """What runs in the shell just now."""
        (running,) = self._shell.children()
        return running

    def _tmux(self, *arguments: str) -> str:
        ended = subprocess.run(
            ["tmux", "-L", self._socket, "-f", os.devnull, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=self._environment,
            check=False,
        )
        assert ended.returncode == 0, f"tmux {shlex.join(arguments)}: {ended.stderr or sys.exc_info()}"
        return ended.stdout
