"""Views as the publisher would give them."""

from __future__ import annotations

from console.publisher import View
from engine.snapshot import Snapshot
from tests.console.snapshots import WALL_MS


def view_of(
    snapshot: Snapshot | None,
    *,
    silent_ms: int = 0,
    lag_p99_ms: float = 0.0,
    hz: float = 4.0,
    armed: bool = False,
) -> View:
    """A view of `snapshot`, as old as said."""
    return View(
        snapshot=snapshot,
        mode="sim" if snapshot is None else snapshot.mode,
        wall_ms=WALL_MS + silent_ms,
        silent_ms=silent_ms,
        hz=hz,
        lag_p99_ms=lag_p99_ms,
        armed=armed,
    )
