"""Signals in a folder: the one the documentation shows runs as it stands there; a broken one is named and left out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine.signal_folder import known_kinds, signal_files
from store import query
from strategies.config import SignalConfigFault, SignalsConfig, enabled_signals
from strategies.evaluate import evaluate
from strategies.panel import Panel
from strategies.registry import BUILT_IN, Registry
from strategies.signal import DAY_MS
from tests.conftest import REPOSITORY
from tests.engine.session_runs import engine, run

PAGE = (REPOSITORY / "docs" / "adding-a-signal.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of signals with the one of the documentation in it."""
    made = tmp_path / "signals"
    made.mkdir(mode=0o755)
    (made / "stretch.py").write_text(SHOWN[-1])
    return made


def kinds(folder: Path) -> Registry:
    return known_kinds(SignalsConfig(folder=str(folder)))


def test_the_documentation_shows_it_in_less_than_sixty_lines() -> None:
    assert len(SHOWN) == 1
    assert len(SHOWN[0].splitlines()) < 60


def test_the_signal_of_the_documentation_is_known_beside_the_others(folder: Path) -> None:
    found = kinds(folder)
    assert list(found.kinds) == [*(kind.name for kind in BUILT_IN), "STRETCH"]
    assert found.broken == ()


def test_the_signal_of_the_documentation_says_what_its_formula_says(folder: Path) -> None:
    close = np.random.default_rng(1).lognormal(size=(30, 2)) * 100
    config = SignalsConfig.model_validate(
        {"folder": str(folder), "plugins": {"STRETCH": {"enabled": True, "parameters": {"window": 30}}}}
    )
    (signal,) = (s for s in enabled_signals(config, known_kinds(config)) if s.name == "STRETCH")
    panel = Panel(("A", "B"), DAY_MS)
    panel.extend(0, close, close, close, close, np.ones_like(close))
    readings = evaluate([signal], panel)
    score = (close[-1] - close.mean(axis=0)) / close.std(axis=0)
    np.testing.assert_allclose(readings.value[0], -np.clip(score / 2, -1, 1), rtol=1e-12)
    np.testing.assert_allclose(readings.confidence[0], np.minimum(np.abs(score) / 2, 1) / 2, rtol=1e-12)
    np.testing.assert_allclose(readings.statistics[0]["z"], score, rtol=1e-12)


@pytest.mark.timeout(200)
async def test_the_signal_of_the_documentation_runs_in_the_engine(folder: Path, tmp_path: Path) -> None:
    flags = {"signals__folder": str(folder), "signals__plugins__STRETCH__enabled": "true"}
    await run(tmp_path / "x.db", 5, **flags)
    (told,) = [row for row in query.readings(tmp_path / "x.db") if row["signal"] == "STRETCH"]
    assert all(cell["reason"] == "OK" and "z" in cell["statistics"] for cell in told["cells"].values())


BROKEN = {
    "import nothing_of_that_name": "ModuleNotFoundError: No module named 'nothing_of_that_name'",
    "def half(:": "SyntaxError: invalid syntax",
    "print": "TypeError: it has no SignalKind of the name KIND",
    "KIND = 3": "TypeError: it is a int, not a SignalKind",
    "import sys; sys.exit(0)": "ImportError: it ends the program that imports it",
    "raise KeyError('x')": "KeyError: 'x'",
    SHOWN[0].replace('    return Signal(\n        name="STRETCH"', '    return Signal(\n        name="A1"'): (
        "ValueError: it is registered as STRETCH but builds A1"
    ),
    SHOWN[0].replace(
        'fields=("close",)', 'fields=("colour",)'
    ): "ValueError: it reads unknown fields: colour",
    SHOWN[0].replace(
        "def build(settings):", "def build(settings):\n    1 / 0"
    ): "ZeroDivisionError: division by zero",
    SHOWN[0].replace('"STRETCH"', '"A1"'): "ValueError: the name A1 is taken",
}


@pytest.mark.parametrize(("text", "fault"), BROKEN.items(), ids=BROKEN.values())
def test_a_broken_file_is_named_and_left_out(folder: Path, text: str, fault: str) -> None:
    (folder / "mine.py").write_text(text)
    found = kinds(folder)
    assert "STRETCH" in found.kinds
    (broken,) = found.broken
    assert broken.entry_point == f"mine = {folder}/mine.py"
    assert broken.fault.startswith(fault)
    assert "\n" not in broken.fault


def test_what_anybody_may_write_to_is_not_loaded(folder: Path) -> None:
    (folder / "stretch.py").chmod(0o646)
    (broken,) = kinds(folder).broken
    assert broken.fault == f"PermissionError: anybody may write to it: chmod o-w {folder}/stretch.py"
    (folder / "stretch.py").chmod(0o644)
    folder.chmod(0o777)
    (broken,) = kinds(folder).broken
    assert broken.fault == f"PermissionError: anybody may write to it: chmod o-w {folder}"
    folder.chmod(0o755)
    assert kinds(folder).broken == ()


def test_a_file_that_is_refused_is_not_run(folder: Path) -> None:
    trace = folder / "trace"
    (folder / "stretch.py").write_text(f"open({str(trace)!r}, 'w').close()")
    (folder / "stretch.py").chmod(0o666)
    assert kinds(folder).broken
    assert not trace.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (broken,) = kinds(tmp_path / "none").broken
    assert broken.entry_point == f"none = {tmp_path}/none"
    assert broken.fault.startswith("FileNotFoundError")
    (homeless,) = signal_files("~no-such-user/signals")
    assert homeless.path.parts[-2:] == ("~no-such-user", "signals")


def test_files_that_begin_with_an_underscore_and_other_files_are_not_read(folder: Path) -> None:
    (folder / "_draft.py").write_text("raise KeyError")
    (folder / "notes.txt").write_text("raise KeyError")
    assert [file.name for file in signal_files(str(folder))] == ["stretch"]


@pytest.mark.timeout(200)
async def test_the_engine_runs_on_without_a_broken_signal_that_is_switched_on(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "stretch.py").write_text("raise KeyError")
    flags = {"signals__folder": str(folder), "signals__plugins__STRETCH__enabled": "true"}
    session = engine(tmp_path / "x.db", run__bars="3", **flags)
    told: list[str] = []
    session.add_listener(lambda event: told.append(event.message))
    await session.run()
    assert f"left out stretch = {folder}/stretch.py: KeyError" in told
    assert "STRETCH" not in {row["signal"] for row in query.readings(tmp_path / "x.db")}


def test_a_name_that_nothing_could_have_offered_is_a_fault_of_the_configuration(folder: Path) -> None:
    config = SignalsConfig.model_validate({"folder": str(folder), "plugins": {"STRECH": {"enabled": True}}})
    with pytest.raises(
        SignalConfigFault, match=r"STRECH: no such plug-in is installed \(installed: STRETCH\)"
    ):
        enabled_signals(config, known_kinds(config))
