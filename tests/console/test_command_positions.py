"""Positions on the command line, from the database of an engine that does not run."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from console import command_status
from console.command_faults import Code
from console.command_target import Target
from store.journal import Journal
from tests.store import samples


async def write(path: Path, *symbols: str) -> None:
    async with samples.opened(path) as database:
        journal = Journal(database)
        for each in (samples.instrument(), samples.option()):
            journal.instrument(each)
        for symbol in symbols:
            journal.position(replace(samples.position(), symbol=symbol, quantity=Decimal(-1)))
        await journal.commit()


async def test_an_option_is_told_with_its_right_strike_and_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, option = Target(tmp_path / "x.db"), samples.option().symbol
    await write(target.database, "BTCUSDT")
    assert command_status.positions(target, as_json=False) == Code.OK
    assert "contract" not in capsys.readouterr().out
    await write(target.database, option)
    assert command_status.positions(target, as_json=False) == Code.OK
    told = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert told[option].endswith("call 64000, ends 2024-05-24 08:00:00")
    assert told["BTCUSDT"].endswith("-")
    assert command_status.positions(target, as_json=True) == Code.OK
    row = next(row for row in json.loads(capsys.readouterr().out) if row["symbol"] == option)
    assert (row["right"], row["strike"], row["expiry_ms"]) == ("call", "64000", samples.option().expiry_ms)
