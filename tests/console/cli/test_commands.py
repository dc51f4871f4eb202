"""What commands print about a book that has traded: for a person, and as JSON that adds up."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from store import query
from tests.console.cli.conftest import Command

READ = (
    "signals",
    "positions",
    "orders",
    "fills",
    "equity",
    "events",
    "audit verify",
    "db check",
    "db digest",
    "config show",
    "config check",
    "doctor",
)


def words(command: str, book: Path) -> list[str]:
    """A command on a book; the configuration has none."""
    return [*command.split(), *([] if command.startswith("config") else ["--db", str(book)])]


@pytest.mark.parametrize("command", READ)
def test_every_command_prints_for_a_person_and_for_a_program(qd: Command, book: Path, command: str) -> None:
    before = book.read_bytes()
    text = qd(*words(command, book))
    assert (text.code, text.out != "") == (0, True), text.err
    told = qd(*words(command, book), "--json")
    assert told.code == 0
    assert json.loads(told.out)
    assert book.read_bytes() == before


def test_fills_are_whole_exact_and_add_up_to_the_positions(qd: Command, book: Path) -> None:
    fills = json.loads(qd("fills", "--db", book, "--json").out)
    assert {"ts", "symbol", "side", "price", "quantity", "fee", "order_id"} <= fills[0].keys()
    assert all(isinstance(fill["ts"], int) for fill in fills)
    assert all(isinstance(fill[name], str) for fill in fills for name in ("price", "quantity", "fee"))
    held: dict[str, Decimal] = {}
    for fill in fills:
        sign = 1 if fill["side"] == "buy" else -1
        held[fill["symbol"]] = held.get(fill["symbol"], Decimal(0)) + sign * Decimal(fill["quantity"])
    positions = json.loads(qd("positions", "--db", book, "--json").out)
    assert {row["symbol"]: Decimal(row["quantity"]) for row in positions} == {
        symbol: quantity for symbol, quantity in held.items() if quantity
    }
    assert {fill["order_id"] for fill in fills} <= {
        row["client_order_id"] for row in json.loads(qd("orders", "--db", book, "--json").out)
    }


def test_rows_can_be_narrowed(qd: Command, book: Path) -> None:
    fills = json.loads(qd("fills", "--db", book, "--json").out)
    assert json.loads(qd("fills", "--db", book, "--json", "--limit", 2).out) == fills[-2:]
    one = fills[0]["symbol"]
    assert json.loads(qd("fills", "--db", book, "--json", "--symbol", one).out) == [
        fill for fill in fills if fill["symbol"] == one
    ]
    since = fills[-1]["ts"]
    assert json.loads(qd("fills", "--db", book, "--json", "--since", since).out) == [
        fill for fill in fills if fill["ts"] >= since
    ]
    assert json.loads(qd("fills", "--db", book, "--json", "--since", "2099-01-01").out) == []
    assert qd("fills", "--db", book, "--since", "yesterday").code == 2
    filled = json.loads(qd("orders", "--db", book, "--json", "--status", "FILLED").out)
    assert {row["status"] for row in filled} == {"filled"}
    assert qd("orders", "--db", book, "--status", "lost").code == 2
    assert qd("events", "--db", book, "--level", "info").code == 0


def test_an_order_is_explained_from_readings_to_fills(qd: Command, book: Path) -> None:
    order = next(row for row in query.orders(book) if row["purpose"] == "open" and row["status"] == "filled")
    text = qd("explain", order["client_order_id"], "--db", book)
    assert text.code == 0, text.err
    told = json.loads(qd("explain", order["client_order_id"], "--db", book, "--json").out)
    stages = {stage["stage"]: stage for stage in told["stages"]}
    assert list(stages) == [
        *("blend", "conflict", "overlay", "volatility", "neutral", "type", "symbol"),
        *("cluster", "net", "gross", "drawdown", "state", "buffer", "round"),
    ]
    assert {reading["signal"] for reading in told["readings"]} == {"A1", "A2", "A3"}
    for name in (*stages, "A1", order["symbol"]):
        assert name in text.out
    for stage in stages.values():
        assert (stage["why"] != "") >= stage["bound"]
    before = stages["volatility"]["value"]
    assert stages["type"]["bound"] == (abs(before - stages["type"]["value"]) > 1e-12)
    stop = next(row for row in query.orders(book) if row["purpose"] == "stop")
    assert "the whole position" in qd("explain", stop["client_order_id"], "--db", book).out
    unknown = qd("explain", "qd0", "--db", book)
    assert (unknown.code, unknown.err.count("\n")) == (1, 1)


def test_damage_is_found_and_named(qd: Command, book: Path) -> None:
    with closing(sqlite3.connect(book)) as connection, connection:
        connection.execute("UPDATE fills SET fee = '9' WHERE sequence = 1")
    ended = qd("db", "check", "--db", book)
    assert ended.code == 1
    assert "it is not sound" in ended.err
    assert json.loads(qd("db", "check", "--db", book, "--json").out)["sound"] is False


def test_a_backup_has_the_digest_of_its_original_and_is_never_overwritten(
    qd: Command, book: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    assert qd("db", "backup", copy, "--db", book).code == 0
    assert qd("db", "digest", "--db", copy).out == qd("db", "digest", "--db", book).out
    assert len(qd("db", "digest", "--db", book).out.strip()) == 64
    again = qd("db", "backup", copy, "--db", book)
    assert (again.code, "exists already" in again.err) == (1, True)


def test_the_configuration_names_the_engine_where_no_database_is_given(
    qd: Command, book: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(f'[store]\npath = "{book}"\n')
    named = qd("fills", "--json")
    assert named.out == qd("fills", "--json", "--db", book).out
    (tmp_path / "config.toml").rename(tmp_path / "other.toml")
    assert qd("fills", "--json", "-c", "other.toml").out == named.out
    assert qd("fills", "--json").code == 1


def test_a_broken_configuration_keeps_nobody_from_a_database_that_is_named(
    qd: Command, book: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text("[risk]\nnonsense = 1\n")
    assert qd("fills").code == 4
    for command in ("fills", "db check", "audit verify", "kill --keep-positions"):
        assert qd(*command.split(), "--db", book).code == 0


def test_the_doctor_names_what_is_not_armed_and_fails_for_what_is_broken(
    qd: Command, book: Path, tmp_path: Path
) -> None:
    told = json.loads(qd("doctor", "--db", book, "--json").out)
    subjects = {finding["subject"]: finding for finding in told["findings"]}
    assert told["sound"] is True
    for guard in ("backtest_band", "stablecoin_peg", "clock_skew"):
        assert "not armed" in subjects[f"guard {guard}"]["message"]
    assert {"python", "packages", "terminal", "database", "engine", "disk", "kernel cache", "clock"} <= set(
        subjects
    )
    qd("kill", "--keep-positions", "--db", book)
    halted = json.loads(qd("doctor", "--db", book, "--json").out)["findings"]
    assert any(f["subject"] == "database" and f["verdict"] == "WARN" for f in halted)
    book.write_bytes(b"no database at all" * 1_000)
    broken = qd("doctor", "--db", book)
    assert (broken.code, "FAIL" in broken.out) == (1, True)


def test_version(qd: Command) -> None:
    ended = qd("--version")
    assert ended.code == 0
    assert ended.out.startswith("quarterdeck ")
