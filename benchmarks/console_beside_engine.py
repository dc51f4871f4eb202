"""The console beside an engine that decides, and the same engine headless: lag, processor, memory, bytes.

    python benchmarks/console_beside_engine.py [--seconds 20] [--settling 5]

Lag is the lateness of a heartbeat on the engine's own loop; `machine` is the most that a process beside it, which does
nothing but wake up, was late. Each run is a process of its own with a fresh database; the console runs on a real
pseudo-terminal of 160x45.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._market import write_market
from engine.kernel_cache import warm
from tests.console.terminal_session import TerminalSession

REPOSITORY = Path(__file__).resolve().parent.parent
SIZE = (160, 45)
SYMBOLS = 200
PATIENCE_S = 180.0
WITNESS = [sys.executable, str(Path(__file__).with_name("_witness.py"))]
RECORDED = ("--mode", "replay", "--timerange", "20240101-")


@dataclass(frozen=True, slots=True)
class Load:
    """What the engine does: how many rows the pictures show (0: as many as it trades), and its arguments."""

    name: str
    rows: int
    arguments: tuple[str, ...]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--settling", type=float, default=5.0)
    asked = parser.parse_args()
    warm()
    print(f"load {os.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores, {asked.seconds:.0f} s a run")
    print(
        f"{'run':<44}{'lag p50':>10}{'p99':>10}{'max':>10}{'CPU':>9}{'kB/s':>8}{'RSS MB':>9}{'bars':>6}{'machine':>10}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for load in loads(Path(folder)):
            headless = measured(load, None, asked.settling, asked.seconds)
            row(f"{load.name}, headless", headless)
            beside = measured(load, SIZE, asked.settling, asked.seconds)
            row(f"{load.name}, console", beside)
            row("  the console's part", difference(beside, headless))


def loads(folder: Path) -> Iterator[Load]:
    """From the lightest to the heaviest."""
    few = write_market(folder / "few.parquet", 12, digits=3)
    # A bar takes a day, and the prices on its way move by whole percents: nothing happens for minutes.
    yield Load("idle: 12 symbols that stand still", 0, (*RECORDED, "--speed", "1", "--data", str(few)))
    yield Load("12 symbols at 1x", 0, ("--speed", "1"))
    yield Load("12 symbols, a bar a second", 0, ("--speed", "3600"))
    yield Load("the same, 200 rows shown", SYMBOLS, ("--speed", "3600"))
    many = write_market(folder / "many.parquet", SYMBOLS)
    # One daily bar a second, and room for what so many symbols trade.
    wide = (*RECORDED, "--speed", "86400", "--capital", "10000000", "--data", str(many))
    yield Load("200 symbols, a bar a second", 0, wide)


def measured(load: Load, size: tuple[int, int] | None, settling_s: float, seconds: float) -> dict[str, Any]:
    """Run it, headless where `size` is None; the report of the watched process, and bytes a second drawn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report, bytes_per_s = folder / "report.json", 0.0
        command = [sys.executable, "-m", "benchmarks._watched", str(report), str(settling_s), str(seconds)]
        command += [str(load.rows), "run", "--db", str(folder / "run.db"), *load.arguments]
        environment = {
            "XDG_STATE_HOME": name,
            "XDG_DATA_HOME": name,
            "QUARTERDECK__CONSOLE__WELCOME": "false",
        }
        witness = subprocess.Popen(WITNESS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if size is None:
            subprocess.run(
                [*command, "--no-ui"],
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                timeout=PATIENCE_S,
                check=True,
            )
        else:
            bytes_per_s = drawn(command, size, environment, settling_s, seconds)
        machine_ms = float(witness.communicate()[0])
        told: dict[str, Any] = json.loads(report.read_text())
    measures = {
        "cpu": 100 * told["cpu_s"] / told["watched_s"],
        "kB": bytes_per_s / 1e3,
        "machine_ms": machine_ms,
    }
    return {**told, **measures}


def drawn(
    command: list[str], size: tuple[int, int], environment: dict[str, str], settling_s: float, seconds: float
) -> float:
    """Run a console to its end; bytes a second it drew while it was watched."""
    with TerminalSession(command, size, environment=environment) as session:
        session.until_shown("ACTIVE", within_s=PATIENCE_S)
        session.drawing = False
        session.read_for(settling_s)
        before = session.bytes_read
        session.read_for(seconds - settling_s)
        bytes_per_s = (session.bytes_read - before) / (seconds - settling_s)
        if session.wait_reading(PATIENCE_S):
            raise RuntimeError(f"the console failed:\n{session.text}")
    return bytes_per_s


def difference(beside: dict[str, Any], headless: dict[str, Any]) -> dict[str, Any]:
    """What the console added."""
    kept = ("late_p50_ms", "late_p99_ms", "late_max_ms", "cpu", "resident_mb")
    return {**beside, "bars": 0, **{name: beside[name] - headless[name] for name in kept}}


def row(name: str, told: dict[str, Any]) -> None:
    late = "".join(f"{told[f'late_{share}_ms']:>7.1f} ms" for share in ("p50", "p99", "max"))
    rest = f"{told['cpu']:>7.1f} %{told['kB']:>8.1f}{told['resident_mb']:>9.1f}{told['bars']:>6}"
    print(f"{name:<44}{late}{rest}{told['machine_ms']:>7.1f} ms", flush=True)


if __name__ == "__main__":
    main()
