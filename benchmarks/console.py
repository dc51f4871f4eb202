"""What the screen alone costs its neighbour: loop lag, processor, bytes to the terminal.

`python benchmarks/console.py` runs the console on recorded pictures on a real pseudo-terminal beside a task that beats
20 times a second, and prints a table. Lateness is counted once the screen has settled.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.console.terminal_session import TerminalSession, demo, report

READY = "^k KILL"
SIZES = ((160, 45), (100, 30), (80, 24))
SETTLING_S = 3.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. CPU in percent of one core; `longest_callback_ms` is processor time, which no neighbour adds to."""

    name: str
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    cpu_percent: float
    kilobytes_per_s: float
    longest_callback_ms: float


def measure(name: str, size: tuple[int, int], seconds: float, *arguments: str) -> Measured:
    """Run the demo for `seconds` after it has settled."""
    with tempfile.TemporaryDirectory() as folder:
        beats = Path(folder) / "beats.json"
        length = str(seconds + SETTLING_S)
        command = demo("--seconds", length, "--settling", str(SETTLING_S), "--beats", str(beats), *arguments)
        with TerminalSession(command, size) as session:
            session.until_shown(READY)
            session.drawing = False
            process = psutil.Process(session.process.pid)
            session.read_for(SETTLING_S)
            times, read = process.cpu_times(), session.bytes_read
            session.read_for(seconds - 2.0)
            spent = process.cpu_times()
            drawn = session.bytes_read - read
            session.wait_reading(20)
        told = report(beats)
    used = spent.user + spent.system - times.user - times.system
    watched = seconds - 2.0
    return Measured(
        name,
        told["late_p50_ms"],
        told["late_p99_ms"],
        told["late_max_ms"],
        100 * used / watched,
        drawn / watched / 1_000,
        told["longest_callbacks_ms"][-1],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    load = psutil.getloadavg()[0]
    print(f"load {load:.1f} on {psutil.cpu_count()} cores, {seconds:.0f} s a run")
    print(f"{'run':<34}{'lag p50':>10}{'lag p99':>10}{'lag max':>10}{'CPU':>8}{'kB/s':>8}{'longest':>10}")
    runs = [(f"200 rows at 4 Hz, {w}x{h}", (w, h), ("--rows", "200")) for w, h in SIZES]
    runs.append(("12 rows at 4 Hz, 160x45", (160, 45), ("--rows", "12")))
    runs.append(("idle, 160x45", (160, 45), ("--scene", "running")))
    for name, size, arguments in runs:
        told = measure(name, size, seconds, *arguments)
        print(
            f"{told.name:<34}{told.late_p50_ms:>7.1f} ms{told.late_p99_ms:>7.1f} ms{told.late_max_ms:>7.1f} ms"
            f"{told.cpu_percent:>6.1f} %{told.kilobytes_per_s:>8.1f}{told.longest_callback_ms:>7.1f} ms"
        )


if __name__ == "__main__":
    main()
