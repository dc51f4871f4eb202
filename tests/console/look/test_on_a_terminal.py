"""What is really sent: no colour where none is wanted, and only the terminal's own where it has no more."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tests.console.terminal_session import TerminalSession, demo

pytestmark = pytest.mark.terminal

_ATTRIBUTES = {"0", "1", "3", "4", "7"}
_DEFAULTS = {"39", "49"}
_OWN = {str(code) for first in (30, 40, 90) for code in range(first, first + 8)}


def codes_sent(environment: Mapping[str, str]) -> set[str]:
    """Every parameter of every SGR sequence until the desk stands."""
    with TerminalSession(demo("--scene", "stale"), (160, 45), environment=environment) as session:
        session.until_shown("^k KILL")
        session.read_for(0.5)
        found = re.findall(rb"\x1b\[([\d;]*)m", bytes(session.raw))
    return {code for parameters in found for code in parameters.decode().split(";")}


@pytest.mark.parametrize(
    ("environment", "allowed"),
    [
        ({"NO_COLOR": "1"}, _ATTRIBUTES | _DEFAULTS),
        ({"TERM": "linux", "COLORTERM": ""}, _ATTRIBUTES | _OWN),
        ({"TERM": "xterm", "COLORTERM": ""}, _ATTRIBUTES | _OWN),
    ],
    ids=["NO_COLOR", "linux", "xterm"],
)
def test_a_terminal_is_sent_no_more_colours_than_it_has(
    environment: dict[str, str], allowed: set[str]
) -> None:
    sent = codes_sent(environment)
    assert sent - {""} <= allowed
    assert "1" in sent
