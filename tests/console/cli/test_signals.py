"""`quarterdeck signals list`, `show` and `check` as a person and as a program call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strategies.registry import BUILT_IN
from tests.console.cli.engines import FOLLOWED, Ran, run
from tests.engine.feeds.market_files import bars, write_parquet


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two symbols of recorded bars, a broken signal file, and a configuration that names its folder."""
    made = tmp_path_factory.mktemp("signals")
    (made / "mine").mkdir(mode=0o755)
    (made / "mine" / "wrong.py").write_text("KIND = 3")
    (made / "config.toml").write_text(f'[signals]\nfolder = "{made}/mine"\n[signals.A2]\nweight = 0.0\n')
    for symbol in ("BTCUSDT", "ETHUSDT"):
        write_parquet(made / f"{symbol}-1h.parquet", bars(range(24 * 40)))
    return made


def signals(folder: Path, *arguments: str) -> Ran:
    return run(folder, "signals", *arguments, **FOLLOWED)


def test_list_names_every_signal_with_its_state_and_what_was_left_out(folder: Path) -> None:
    told = signals(folder, "list")
    assert (told.code, told.err) == (0, "")
    lines = {line.split()[0]: line for line in told.out.splitlines()}
    assert [
        f" {state} " in lines[name] for name, state in (("A1", "on"), ("A2", "shadow"), ("A4", "shadow"))
    ] == [True] * 3
    assert told.out.splitlines()[-1] == (
        f"left out wrong = {folder}/mine/wrong.py: TypeError: it is a int, not a SignalKind"
    )
    as_json = json.loads(signals(folder, "list", "--json").out)
    assert [row["name"] for row in as_json["signals"]][:3] == ["A1", "A2", "A3"]
    assert as_json["broken"][0]["fault"] == "TypeError: it is a int, not a SignalKind"


def test_show_tells_definition_and_parameters(folder: Path) -> None:
    told = signals(folder, "show", "A1")
    assert told.out.startswith("A1, time-series momentum")
    assert "[signals.A1]" in told.out
    assert "at least 3, at most 435" in told.out
    as_json = json.loads(signals(folder, "show", "A1", "--json").out)
    by_name = {row["name"]: row for row in as_json["parameters"]}
    assert by_name["window"]["value"] == by_name["window"]["default"] == 428
    assert as_json["readings"] == []


@pytest.mark.parametrize("asked", [("show", "A99"), ("check", "--data", ".", "--signal", "A99")])
def test_a_signal_nobody_knows_is_one_line_of_usage(folder: Path, asked: tuple[str, ...]) -> None:
    told = signals(folder, *asked)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("quarterdeck: there is no signal A99: these are A1, A2")
    assert told.err.count("\n") == 1


def test_check_judges_on_recorded_bars(folder: Path) -> None:
    asked = ("check", "--data", str(folder / "*.parquet"), "--signal", "C4", "--signal", "A5", "--json")
    told = json.loads(signals(folder, *asked).out)
    rows = {row["name"]: row for row in told["signals"]}
    assert told["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert rows["C4"]["readings"] == 2 * 40
    assert rows["C4"]["coverage"] == pytest.approx(21 / 40)
    assert rows["A5"]["missing"] == ["open_interest"]
    text = signals(folder, *asked[:-1]).out
    assert "missing open_interest" in text
    assert "2 symbols, 2021-04-01 00:00:00 to 2021-05-11 00:00:00" in text


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (("check", "--data", "nothing-*.parquet"), 1, "nothing-*.parquet"),
        (("check",), 2, "--data"),
        (("list", "-c", "gone.toml"), 4, "gone.toml"),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, asked: tuple[str, ...], code: int, words: str) -> None:
    told = signals(folder, *asked)
    assert told.code == code
    assert words in told.err
    assert told.err.count("\n") == 1


def test_what_reads_finer_bars_than_the_data_has_is_left_out_and_named(folder: Path, tmp_path: Path) -> None:
    write_parquet(tmp_path / "DOTUSDT-4h.parquet", bars(range(30), bar_ms=4 * 3_600_000))
    asked = ("check", "--data", str(tmp_path / "DOTUSDT-4h.parquet"))
    told = json.loads(signals(folder, *asked, "--json").out)
    heard, left_out = ({row["name"]: row["bar"] for row in told[key]} for key in ("signals", "left_out"))
    assert set(heard.values()) == {"4h", "1d"}
    assert set(left_out.values()) == {"1h"}
    assert (len(heard) + len(left_out), left_out["A4"]) == (len(BUILT_IN), "1h")
    text = signals(folder, *asked)
    assert (text.code, text.err) == (0, "")
    (line,) = (line for line in text.out.splitlines() if line.startswith("left out, "))
    assert line == "left out, their bars cannot be made of 4h: " + ", ".join(f"{n} (1h)" for n in left_out)


def test_what_was_asked_for_by_name_and_reads_finer_bars_is_refused(folder: Path, tmp_path: Path) -> None:
    write_parquet(tmp_path / "DOTUSDT-4h.parquet", bars(range(30), bar_ms=4 * 3_600_000))
    asked = ("check", "--data", str(tmp_path / "DOTUSDT-4h.parquet"), "--signal", "A1", "--signal", "A4")
    told = signals(folder, *asked)
    assert (told.code, told.out) == (4, "")
    assert "signals.A4: its bars of 1h cannot be made of the market's, which are 240 minutes" in told.err
