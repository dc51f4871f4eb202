"""Weights that are estimated, on the command line: the share in force with where it comes from, and whether what is
stored of it is what its inputs make."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from console import command_database, command_status
from console.command_faults import Code
from console.command_signals import list_signals, show_signal
from console.command_target import Target
from engine import estimates
from engine.bookstate import BookState, Choice
from engine.estimates import When
from store.journal import Journal
from strategies.blend.weighting.settings import Method, WeightingSettings
from tests.console import snapshots
from tests.store.samples import opened, write_run

MAY_MS = 1_684_972_800_000  # 2023-05-25
CAPPED = WeightingSettings(Method.EQUAL_RISK, least_days=10, floor=0.05, cap=0.5)


@pytest.fixture
async def book(tmp_path: Path) -> Path:
    """A database with one estimate by equal-risk, in which A3 moves little and is held by the cap."""
    returns = np.random.default_rng(3).normal(size=(60, 3)) * [0.02, 0.02, 0.001]
    names, shares = ["A1", "A2", "A3"], [0.4, 0.4, 0.2]
    asked = estimates.ask_signals(
        "directional", When(MAY_MS, MAY_MS + 1), names, shares, np.arange(60) * 86_400_000, returns, CAPPED
    )
    await write_run(tmp_path / "x.db")
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.weights(replace(asked, result=estimates.answer(asked)))
        await journal.commit()
    (tmp_path / "config.toml").write_text('[blend]\nmethod = "equal-risk"\n')
    return tmp_path / "x.db"


def listed(book: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    assert list_signals(book, book.with_name("config.toml"), True) == Code.OK
    return {row["name"]: row for row in json.loads(capsys.readouterr().out)["signals"]}


async def test_the_share_in_force_is_told_with_its_estimate(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = listed(book, capsys)
    assert rows["A3"]["weight"] == pytest.approx(0.5)
    assert (rows["A3"]["method"], rows["A3"]["estimated_ms"]) == ("equal-risk", MAY_MS)
    assert rows["A3"]["weight_change"] == pytest.approx(0.3)
    assert rows["A3"]["weight_why"] == "at the cap"
    assert (rows["A4"]["state"], rows["A4"]["method"]) == ("shadow", "")
    assert list_signals(book, book.with_name("config.toml"), False) == Code.OK
    assert "0.500  equal-risk 2023-05-25" in capsys.readouterr().out
    assert show_signal("A3", book, book.with_name("config.toml"), False) == Code.OK
    told = " ".join(capsys.readouterr().out.split())
    assert "weight 0.500 of its class weighed by equal-risk, estimated 2023-05-25 00:00:00" in told
    assert "which changed it by +0.300, at the cap" in told


async def test_under_another_method_the_configured_share_stands(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book.with_name("config.toml").write_text('[blend]\nmethod = "hierarchical"\n')
    rows = listed(book, capsys)
    assert rows["A3"]["weight"] == pytest.approx(0.2)
    assert (rows["A3"]["method"], rows["A3"]["weight_why"]) == ("manual", "no estimate yet")


async def test_the_operators_weight_is_told_as_the_operators(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(book) as database:
        journal = Journal(database)
        journal.state("book", BookState(choices={"A3": Choice(True, 0.1, "operator@test", MAY_MS)}).dumps())
        await journal.commit()
    row = listed(book, capsys)["A3"]
    assert (row["method"], row["estimated_ms"]) == ("operator", None)


async def test_check_works_stored_weights_out_again(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_database.check(Target(book), as_json=False) == Code.OK
    assert "1 estimate of weights as their inputs make them" in capsys.readouterr().out
    with closing(sqlite3.connect(book)) as connection, connection:
        connection.execute("UPDATE weights SET result = replace(result, '\"days\":60', '\"days\":61')")
    assert command_database.check(Target(book), as_json=False) == Code.ERROR
    told = capsys.readouterr()
    assert f"directional weights of {MAY_MS}: days cannot be reproduced from its inputs" in told.out
    assert "1 findings, it is not sound" in told.err
    assert command_database.check(Target(book), as_json=True) == Code.ERROR
    as_json = json.loads(capsys.readouterr().out)
    assert (as_json["sound"], as_json["estimates"], len(as_json["findings"])) == (False, 1, 1)


async def test_the_status_of_an_engine_tells_its_estimates(capsys: pytest.CaptureFixture[str]) -> None:
    picture = json.loads(json.dumps(asdict(snapshots.estimated())))
    command_status._print_status(picture)
    told = " ".join(capsys.readouterr().out.split())
    assert "directional weights by equal-risk; 2.13 bets of 3 signals in 60 days to 2023-05-25" in told
    row = command_status._signal_rows(picture)[1]
    assert (row["agreement"], row["caps"]) == (0.82, ["gross"])
    assert row["readings"]["A3"]["record"]["estimated_why"] == "at the floor"
    earlier = {name: value for name, value in picture.items() if name != "estimates"}
    command_status._print_status(earlier)
