"""How long the end of a run waits for signals in shadow, by what the time went to."""

from __future__ import annotations

import time

import pytest

from engine.lane_patience import Patience

WITHIN_S, COMPILES_S = 5.0, 60.0


@pytest.mark.parametrize(
    ("looks", "lasts"),
    [
        ([(4.9, False)], True),
        ([(5.1, False)], False),
        ([(59.0, True)], True),
        ([(61.0, True)], False),
        ([(59.0, True), (4.9, False)], True),
        ([(59.0, True), (5.1, False)], False),
        ([(2.0, False), (59.0, True), (2.9, False)], True),
        ([(2.0, False), (59.0, True), (3.1, False)], False),
        ([(30.0, True), (1.0, False), (31.0, True)], False),
    ],
)
def test_a_compiler_has_time_of_its_own(looks: list[tuple[float, bool]], lasts: bool) -> None:
    """Each look: seconds since the one before, and whether kernels were compiled meanwhile."""
    patience, now_s = Patience(WITHIN_S, COMPILES_S), time.monotonic()
    for passed_s, compiles in looks:
        now_s += passed_s
        lasted = patience.lasts(now_s, compiles)
    assert lasted is lasts
