"""Every test of the console stands before the same terminal, whatever the tests are run from."""

from __future__ import annotations

import pytest

from tests.console.idle import FRAME_S, wait_for_idle


@pytest.fixture(autouse=True)
def a_capable_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(autouse=True)
def a_pilot_that_knows_when_an_app_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{module}.wait_for_idle", wait_for_idle)
    monkeypatch.setattr("textual.screen.UPDATE_PERIOD", FRAME_S)


@pytest.fixture(autouse=True)
def a_collector_of_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A console tunes the collector for a process of its own, and freezes what is there; here that would add up."""
    monkeypatch.setattr("console.app.settle", lambda *, beside_screen: None)
