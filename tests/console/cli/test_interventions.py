"""Interventions typed at a shell: what they answer, what they cost to confirm, and the log that remembers them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import query
from tests.console.cli.conftest import Command
from tests.console.cli.engines import FOLLOWED, PROGRAM, Engine, environment, until
from tests.console.terminal_session import TerminalSession

LIVE = ("--speed", "36000")


@pytest.fixture(scope="module")
def engine(traded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on a copy of that book, ten bars a second, for all tests here: each leaves it as it was."""
    folder = tmp_path_factory.mktemp("running")
    for name in ("book.db", "book.db.venue"):
        shutil.copy(traded / name, folder / name)
    with Engine(folder / "book.db", *LIVE, **FOLLOWED) as running:
        yield running.running()


def held(engine: Engine) -> list[str]:
    return [row["symbol"] for row in engine.picture()["positions"]]


def test_a_symbol_is_flattened_and_released(qd: Command, engine: Engine) -> None:
    symbol = held(engine)[0]
    ended = qd("flatten", symbol, "--confirm", symbol, "--db", engine.database, "--reason", "too much of it")
    assert (ended.code, ended.out.split(":")[0]) == (0, symbol), ended.err
    until("it is flat", lambda: symbol not in held(engine))
    (row,) = [row for row in engine.picture()["overrides"] if row["scope"] == symbol]
    assert (row["name"], row["reason"]) == ("operator flatten", "too much of it")
    assert row["actor"].startswith("cli ")
    assert row["actor"].endswith(f"uid={os.getuid()}")
    told = json.loads(qd("flatten", symbol, "--release", "--db", engine.database, "--json").out)
    assert (told["accepted"], told["state"]) == (True, "ACTIVE")
    assert engine.picture()["overrides"] == []


def test_flattening_without_the_symbol_typed_again_is_refused_before_the_engine_hears_of_it(
    qd: Command, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbol, before = held(engine)[0], len(query.commands(engine.database))
    with open(os.devnull, encoding="utf-8") as nowhere:
        monkeypatch.setattr("sys.stdin", nowhere)
        silent = qd("flatten", symbol, "--db", engine.database)
    assert (silent.code, silent.err.count("\n")) == (2, 1)
    assert f"pass --confirm {symbol}" in silent.err
    assert qd("flatten", symbol, "--confirm", symbol.lower(), "--db", engine.database).code == 2
    assert len(query.commands(engine.database)) == before


@pytest.mark.terminal
def test_at_a_terminal_the_symbol_is_asked_for(qd: Command, engine: Engine) -> None:
    symbol = held(engine)[0]
    for typed, code in (("yes", 2), (symbol, 0)):
        command = [*PROGRAM, "flatten", symbol, "--db", str(engine.database)]
        with TerminalSession(command, environment=environment(engine.database.parent)) as session:
            session.until_shown(f"Type {symbol} to close its whole position:")
            session.send(typed.encode() + b"\n")
            assert session.wait_reading(20) == code
    assert engine.picture()["overrides"][-1]["scope"] == symbol
    assert qd("flatten", symbol, "--release", "--db", engine.database).code == 0


def test_an_order_is_cancelled_and_a_second_time_refused(qd: Command, engine: Engine) -> None:
    stop = next(
        row for row in engine.picture()["orders"] if (row["purpose"], row["status"]) == ("stop", "accepted")
    )
    order = stop["client_order_id"]
    ended = qd("cancel", order, "--db", engine.database)
    assert ended.code == 0, ended.err
    assert f"order {order} canceled; {stop['symbol']} has no stop until" in ended.out
    again = qd("cancel", order, "--db", engine.database, "--json")
    assert (again.code, json.loads(again.out)["accepted"]) == (1, False)
    assert again.err == f"quarterdeck: order {order} has ended: canceled (cancelled)\n"


def test_signals_are_switched_and_weighed_and_plain_signals_prints_readings_as_ever(
    qd: Command, engine: Engine
) -> None:
    assert qd("signals", "disable", "A1", "--db", engine.database).out.startswith(
        "A1 in shadow: computed and recorded, not traded; weights"
    )
    assert qd("signals", "--db", engine.database, "enable", "A1").out.startswith("A1 enabled; weights")
    followed = "C1 is in shadow: followed behind the decisions, not traded, already; weights"
    assert qd("signals", "shadow", "C1", "--db", engine.database).out.startswith(followed)
    off = "C1 off: not computed; weights"
    assert qd("signals", "off", "C1", "--db", engine.database).out.startswith(off)
    again = "C1 in shadow: followed behind the decisions, not traded; its record begins anew; weights"
    assert qd("signals", "shadow", "C1", "--db", engine.database).out.startswith(again)
    weighed = json.loads(qd("signals", "weight", "A1", "0.1", "--db", engine.database, "--json").out)
    assert weighed["accepted"]
    (row,) = [row for row in engine.picture()["weights"] if row["name"] == "A1"]
    assert (row["raw_weight"], row["configured_weight"]) == (0.1, 0.4)
    assert row["change"].startswith("weight 0.4 to 0.1 by cli")
    assert row["change"] in qd("status", "--db", engine.database).out
    for words in (("disable", "A99"), ("weight", "A1", "2"), ("weight", "A1", "much")):
        refused = qd("signals", *words, "--db", engine.database)
        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert qd("signals", "weight", "A1", "0.4", "--db", engine.database).code == 0
    readings = json.loads(qd("signals", "--db", engine.database, "--json").out)
    assert {"A1", "A2", "A3"} <= readings[0]["readings"].keys()
    record = readings[0]["readings"]["A1"]["record"]
    assert record["state"] == "on"
    assert {"hit_rate", "information_coefficient", "recent_pnl", "age_ms"} <= record.keys()


def test_the_weighting_method_is_changed_shown_as_the_operators_and_given_back(
    qd: Command, engine: Engine
) -> None:
    here = ("--db", engine.database)
    told = qd("signals", "method", "equal", "--reason", "even", *here)
    assert told.out.startswith(
        "weights by manual to equal: the estimate is under way, in effect with the decision at "
    )
    assert qd("signals", "method", "equal", *here).out.startswith("weights are by equal already")
    refused = qd("signals", "method", "best", *here)
    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    settings = json.loads(qd("config", "show", *here, "--json").out)
    (row,) = [row for row in settings if row["key"] == "blend.method"]
    assert (row["value"], row["source"]) == ('"equal"', "operator")
    assert qd("signals", "method", "manual", *here).code == 0
    settings = json.loads(qd("config", "show", *here, "--json").out)
    (row,) = [row for row in settings if row["key"] == "blend.method"]
    assert row["value"] == '"manual"'


def test_parameters_of_a_signal_are_set_shown_logged_and_taken_back(qd: Command, engine: Engine) -> None:
    here = ("--db", engine.database)
    told = qd("signals", "set", "A2", "stop_ranges=2.5", "shorting=false", "--reason", "chop", *here)
    assert told.out.startswith(
        "A2 stop_ranges 2.0 to 2.5, shorting true to false; its record begins anew; from "
    )
    shown = json.loads(qd("signals", "show", "A2", *here, "--json").out)
    by = {row["name"]: row["by"] for row in shown["parameters"] if row["by"]}
    assert by.keys() == {"stop_ranges", "shorting"}
    assert by["shorting"].startswith("cli ")
    assert "operator (cli " in qd("signals", "show", "A2", *here).out
    rows = {row["key"]: row for row in json.loads(qd("config", "show", *here, "--json").out)}
    assert [rows[f"signals.A2.{key}"]["source"] for key in ("stop_ranges", "window")] == [
        "operator",
        "default",
    ]
    logged = query.commands(engine.database)[-1]
    assert (logged["kind"], logged["reason"], bool(logged["accepted"])) == ("parameters", "chop", True)
    for words in (("A2", "stop_ranges=0"), ("A2", "windw=3"), ("A99", "window=3")):
        refused = qd("signals", "set", *words, *here)
        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    for asked in (["A2"], ["A2", "window=3", "--default"]):
        assert qd("signals", "set", *asked, *here).code == 2
    back = qd("signals", "set", "A2", "--default", *here)
    assert back.out.startswith("A2 stop_ranges 2.5 to 2.0, shorting false to true; its record begins anew")


def test_every_command_is_in_the_log_with_who_when_in_which_mode_and_what_came_of_it(
    qd: Command, engine: Engine
) -> None:
    qd("pause", "--db", engine.database, "--reason", "lunch")
    qd("signals", "disable", "A99", "--db", engine.database)
    qd("pause", "--off", "--db", engine.database)
    rows = json.loads(qd("commands", "--db", engine.database, "--json", "--limit", "3").out)
    assert [(row["kind"], row["accepted"], row["mode"]) for row in rows] == [
        ("pause", True, "sim"),
        ("signal", False, "sim"),
        ("pause", True, "sim"),
    ]
    assert (rows[0]["reason"], rows[0]["state_before"], rows[0]["state_after"]) == (
        "lunch",
        "ACTIVE",
        "REDUCING",
    )
    assert json.loads(qd("commands", "--db", engine.database, "--json", "--limit", "1").out) == rows[-1:]
    text = qd("commands", "--db", engine.database, "--limit", "3").out.splitlines()
    assert len(text) == 4
    assert "REFUSED" in text[2]
    assert "ACTIVE to REDUCING" in text[1]


def test_without_an_engine_nothing_is_done_and_the_log_is_still_read(qd: Command, book: Path) -> None:
    for words in (
        ("flatten", "BTCUSDT", "--confirm", "BTCUSDT"),
        ("flatten", "BTCUSDT", "--release"),
        ("cancel", "qd1"),
        ("signals", "enable", "A1"),
        ("signals", "weight", "A1", "0.1"),
        ("signals", "method", "equal"),
    ):
        ended = qd(*words, "--db", book)
        assert (ended.code, ended.out, ended.err.count("\n")) == (3, "", 1)
    assert json.loads(qd("commands", "--db", book, "--json").out) == []


@pytest.mark.parametrize(
    ("typed", "offered"), [("fl", "flatten"), ("signals dis", "disable"), ("canc", "cancel")]
)
def test_the_shell_completes_them(typed: str, offered: str, tmp_path: Path) -> None:
    words = f"quarterdeck {typed}"
    completing = {
        "_QUARTERDECK_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    ended = subprocess.run(
        [str(Path(PROGRAM[0]).with_name("quarterdeck"))],
        capture_output=True,
        text=True,
        timeout=20,
        env=environment(tmp_path, **completing),
        check=False,
    )
    assert offered in ended.stdout.split()
