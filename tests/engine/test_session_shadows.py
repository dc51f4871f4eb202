"""Signals of every bar size in a running engine: without weight they are read and recorded and change nothing;
with one they decide, and where a run was interrupted makes no difference."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from store.digest import digest
from strategies.registry import BUILT_IN
from tests.engine.session_runs import rows, run

OTHERS = [kind.name for kind in BUILT_IN if not kind.settings().enabled]
ALL = {f"signals__{name}__enabled": "true" for name in OTHERS}
INTRADAY = {
    "signals__B12__enabled": "true",
    "signals__B12__weight": "0.5",
    "signals__B10__enabled": "true",
    "signals__B10__weight": "0.5",
    "signals__C4__enabled": "true",
    "signals__C4__bar": "8h",
    "signals__C4__weight": "0.5",
}
READINGS = "SELECT * FROM readings ORDER BY signal, ts_ms"


@pytest.mark.timeout(300)
async def test_signals_without_weight_are_recorded_and_change_nothing(tmp_path: Path) -> None:
    await run(tmp_path / "few.db", 50)
    await run(tmp_path / "all.db", 50, **ALL)
    assert digest(tmp_path / "all.db") == digest(tmp_path / "few.db")
    said = Counter(name for (name,) in rows(tmp_path / "all.db", "SELECT signal FROM readings"))
    assert set(said) == {kind.name for kind in BUILT_IN}
    bars = {kind.name: kind.build(kind.settings()).bar for kind in BUILT_IN}
    spoken = {"1h": 50, "4h": 14, "1d": 4}
    for name, count in said.items():
        assert count <= spoken[bars[name]], name
    assert said["B12"] == spoken["1h"], "it never says the same twice"
    assert said["B2"] < spoken["1h"] // 2, "silence is not written again"


@pytest.mark.timeout(300)
async def test_a_run_in_parts_reads_and_decides_as_the_run_in_one(tmp_path: Path) -> None:
    await run(tmp_path / "one.db", 40, **INTRADAY)
    for bars in (3, 14, 23):
        await run(tmp_path / "parts.db", bars, **INTRADAY)
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")
    assert rows(tmp_path / "parts.db", READINGS) == rows(tmp_path / "one.db", READINGS)
    assert rows(tmp_path / "one.db", "SELECT COUNT(*) FROM orders") > [(0,)]


async def test_bars_finer_than_the_markets_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"signals\.B5: its bars of 15m"):
        await run(tmp_path / "fine.db", 1, signals__B5__enabled="true", signals__B5__bar="15m")
    assert not (tmp_path / "fine.db").exists()
