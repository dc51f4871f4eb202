"""A crash test that cannot fail proves nothing: engines built wrong must turn it red."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Start
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.test_sigkill import FAULTS, MANY_ORDERS

BARS = 25


def outcome(career: Career, rigging: str, kills: tuple[tuple[str, int], ...]) -> list[str]:
    """What is wrong after `kills`, in words; empty where the career ended as it should."""
    wrong = []
    for point in kills:
        ending = career.live(kill_at=point, rigging=rigging)
        if not ending.killed and ending.code:
            wrong.append(ending.output)
    try:
        career.finish(rigging=rigging)
        career.assert_sound()
    except AssertionError as found:
        wrong.append(str(found))
    return wrong


KILLS = (
    ("accepted, answer not booked", 3),
    ("accepted, answer not booked", 2),
    ("transaction written, not committed", 6),
)


@pytest.mark.parametrize(
    ("rigging", "faults"),
    [
        ("send_before_commit", {}),
        pytest.param("send_again_under_another_id", FAULTS, marks=pytest.mark.slow),
        pytest.param("never_look_up", FAULTS, marks=pytest.mark.slow),
    ],
)
def test_a_wrong_engine_is_found_out(start: Start, rigging: str, faults: Flags) -> None:
    flags = MANY_ORDERS | faults
    right = start("right", BARS, **flags)
    assert outcome(right, "", KILLS) == []
    wrong = start("wrong", BARS, **flags)
    found = outcome(wrong, rigging, KILLS)
    assert found or wrong.digest != right.digest
