"""Each fault a venue can cause, alone and often: the run completes, no order is doubled, no fill is lost."""

from __future__ import annotations

import pytest

from engine.venues.config import FaultKind
from tests.crash.conftest import Start
from tests.crash.test_sigkill import MANY_ORDERS

BARS = 20
OFTEN = ".4"


@pytest.mark.parametrize("fault", [pytest.param(kind, id=kind.value) for kind in FaultKind])
def test_a_venue_with_this_fault_is_survived_and_a_restart_changes_nothing(
    start: Start, fault: FaultKind
) -> None:
    flags = MANY_ORDERS | {f"venue__faults__{fault.value}": OFTEN}
    undisturbed = start("undisturbed", BARS, **flags)
    undisturbed.finish()
    undisturbed.assert_sound()
    career = start("restarted", BARS, **flags)
    assert career.live(kill_at=("accepted, answer not booked", 5)).killed
    career.finish()
    career.assert_sound()
    assert career.digest == undisturbed.digest
