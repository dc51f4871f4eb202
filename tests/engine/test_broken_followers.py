"""A plug-in in shadow may be broken at any stage: it is named, and whoever is followed beside it is followed as if it
were not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine import kernel_cache
from store import query
from store.digest import digest
from strategies.registry import BUILT_IN
from tests.engine.session_runs import engine, rows, run
from tests.engine.test_signal_folder import SHOWN

SOUND = SHOWN[-1]
FOLLOWED = {"signals__shadow": "on", "sim__history_days": "60"}
NEUTRAL = ("SignalClass.DIRECTIONAL", "SignalClass.NEUTRAL")
SETTINGS = "class Settings(SignalSettings):\n"
STATISTICS = 'statistic_names=("z",),\n'
BEGINS = "    broken ="
RAISES = {
    "KERNELS": (
        (STATISTICS, STATISTICS + '        kernels="no.such_package",\n'),
        (BEGINS, f"    from no.such_package import run\n{BEGINS}"),
    ),
    "KERNEL": ((BEGINS, f"    1 / 0\n{BEGINS}"),),
    "LEAVES": ((BEGINS, f"    raise SystemExit\n{BEGINS}"),),
    "LEGS": (NEUTRAL, (STATISTICS, STATISTICS + "        legs=lambda symbols, value: 1 / 0,\n")),
    "CROOKED": (NEUTRAL, (STATISTICS, STATISTICS + "        legs=lambda symbols, value: value,\n")),
    "WORDS": (("score[:, None])", "score[:, None].astype(str))"),),
}
"""By name, what is another than in the signal of the documentation; each raises when it is read."""
LEFT_OUT = {
    "WEIGHT": ("weight=settings.weight", 'weight="much"'),
    "KEPT": (SETTINGS, "SETTINGS = object()\n\n\n" + SETTINGS + "    kept: object = SETTINGS\n"),
    "OFF": ("    return Signal(", "    if not settings.enabled:\n        raise KeyError(settings)\n    return Signal("),
}  # fmt: skip
SETS = (SETTINGS, SETTINGS + '    coins: frozenset[str] = frozenset(("A", "B", "C", "D", "E", "F"))\n')


def signal_file(folder: Path, name: str, *changes: tuple[str, str]) -> None:
    text = SOUND.replace("STRETCH", name)
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / f"{name.lower()}.py").write_text(text)


def in_shadow(folder: Path, *names: str) -> dict[str, str]:
    return {"signals__folder": str(folder)} | {
        f"signals__plugins__{name}__enabled": "false" for name in names
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "signals"
    made.mkdir(mode=0o755)
    signal_file(made, "STRETCH")
    return made


async def test_each_is_named_and_all_others_are_followed(folder: Path, tmp_path: Path) -> None:
    sound, database = in_shadow(folder, "STRETCH"), tmp_path / "x.db"
    await run(tmp_path / "without.db", 30, **FOLLOWED, **sound)
    for name, changes in RAISES.items():
        signal_file(folder, name, *changes)
    for name, change in LEFT_OUT.items():
        signal_file(folder, name, change)
    (folder / "gone.py").write_text("import sys; sys.exit(1)")
    names = ("STRETCH", *RAISES, *LEFT_OUT, "GONE")
    session, told = engine(database, run__bars="30", **FOLLOWED, **in_shadow(folder, *names)), list[str]()
    session.add_listener(lambda event: told.append(event.message))
    await session.run()
    said = "\n".join(told)
    for name in RAISES:
        assert f"{name} failed and has no opinion: " in said
    for name in (*LEFT_OUT, "GONE"):
        assert f"left out {name.lower()} = {folder}/{name.lower()}.py: " in said
    assert "KERNELS failed and has no opinion: ImportError: no.such_package: ModuleNotFoundError: " in said
    assert "followed no further" not in said
    assert digest(database) == digest(tmp_path / "without.db")
    read = {reading["signal"]: reading for reading in query.readings(database)}
    assert read.keys() == {kind.name for kind in BUILT_IN} | {"STRETCH", *RAISES}
    for name in RAISES:
        assert {cell["reason"] for cell in read[name]["cells"].values()} == {"BROKEN"}
    theirs = ", ".join(f"'{name}'" for name in RAISES)
    for table in ("readings", "followed_days"):
        beside = f"SELECT * FROM {table} WHERE signal NOT IN ({theirs}) ORDER BY signal, 2"
        if table == "followed_days":
            beside = f"SELECT * FROM {table} WHERE signal NOT IN ({theirs}) ORDER BY signal, day_ms"
        assert rows(database, beside) == rows(tmp_path / "without.db", beside) != []


async def test_read_once_at_the_end_each_is_named_and_all_others_are_read(
    folder: Path, tmp_path: Path
) -> None:
    for name, changes in RAISES.items():
        signal_file(folder, name, *changes)
    flags = in_shadow(folder, "STRETCH", *RAISES) | {"signals__shadow": "auto"}
    session, told = engine(tmp_path / "x.db", run__bars="5", **flags), list[str]()
    session.add_listener(lambda event: told.append(event.message))
    await session.run()
    for name in RAISES:
        assert any(words.startswith(f"{name} in shadow: it failed and has no opinion: ") for words in told)
    assert "signals in shadow are not read" not in "".join(told)
    read = {reading["signal"]: reading["cells"] for reading in query.readings(tmp_path / "x.db")}
    assert read.keys() == {kind.name for kind in BUILT_IN} | {"STRETCH", *RAISES}
    broken = {name for name, cells in read.items() if any(c["reason"] == "BROKEN" for c in cells.values())}
    assert broken == set(RAISES)


async def test_one_that_is_switched_on_is_named_and_trading_goes_on_without_it(
    folder: Path, tmp_path: Path
) -> None:
    signal_file(folder, "KERNELS", *RAISES["KERNELS"])
    flags = {"signals__folder": str(folder), "signals__plugins__KERNELS__enabled": "true"}
    session, told = engine(tmp_path / "x.db", run__bars="5", **flags), list[str]()
    session.add_listener(lambda event: told.append(event.message))
    await session.run()
    assert any(words.startswith("KERNELS failed and has no opinion: ImportError: no.such") for words in told)
    assert digest(tmp_path / "x.db") == await without(tmp_path)


async def without(tmp_path: Path) -> str:
    await run(tmp_path / "without.db", 5)
    return digest(tmp_path / "without.db")


async def test_settings_it_cannot_have_are_named(folder: Path, tmp_path: Path) -> None:
    flags = in_shadow(folder, "STRETCH") | {"signals__plugins__STRETCH__parameters__window": "4"}
    session, told = engine(tmp_path / "x.db", run__bars="2", **flags), list[str]()
    session.add_listener(lambda event: told.append(event.message))
    await session.run()
    left_out = (
        "left out signals.plugins.STRETCH.parameters.window: Input should be greater than or equal to 5"
    )
    assert left_out in told


def test_settings_without_an_order_are_the_same_in_every_process(folder: Path) -> None:
    """Else its record would begin anew at every start."""
    signal_file(folder, "SETS", SETS)
    code = (
        "from engine.lane_cursor import fingerprint; from engine.signal_folder import known_kinds; "
        "from strategies.config import SignalsConfig; "
        f"kind = known_kinds(SignalsConfig(folder={str(folder)!r})).kinds['SETS']; "
        "print(fingerprint(kind.build(kind.settings())))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(kernel_cache.ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert len(found) == 1
