"""A reading is judged by its symbol's next return only where that is what its signal holds: of pairs on one coin, of
options and of what scales other forecasts neither hits nor an information coefficient are told."""

from __future__ import annotations

from pathlib import Path

from strategies.registry import BUILT_IN
from tests.engine.session_runs import engine, rows

SIGNALS = [kind.build(kind.settings()) for kind in BUILT_IN]
NOT_JUDGED = {"A4", "A7", "A8", "A9", "A11", "A12", "C7", "C8"}
HEARD = ("A1", "A4", "A8", "A12", "B2")
DAYS = "SELECT signal, hits, misses, opinions, information_coefficient FROM signal_days ORDER BY day_ms"


def test_which_are() -> None:
    assert {signal.name for signal in SIGNALS if not signal.judged_by_symbol} == NOT_JUDGED


async def test_days_and_rows_tell_no_hits_of_what_they_would_say_nothing_of(tmp_path: Path) -> None:
    shadow = {f"signals__{name}__enabled": "true" for name in HEARD[1:]}
    session = engine(tmp_path / "x.db", run__bars="60", signals__A4__weight="0", **shadow)
    await session.run()
    days = rows(session.database_path, DAYS)
    assert {name for name, *_ in days} >= set(HEARD)
    for name, hits, misses, _, coefficient in days:
        if name in NOT_JUDGED:
            assert (hits, misses, coefficient) == (0, 0, None), name
    assert sum(opinions for name, _, _, opinions, _ in days if name in NOT_JUDGED)
    assert sum(hits + misses for name, hits, misses, *_ in days if name not in NOT_JUDGED)
    picture = session.snapshot()
    assert picture is not None
    shown = {row.name: row for row in picture.weights}
    for name in NOT_JUDGED:
        told = (shown[name].judged, shown[name].hit_rate, shown[name].information_coefficient)
        assert told == (0, None, None), name
    assert shown["A1"].hit_rate is not None
