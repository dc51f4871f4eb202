"""Whether memory is flat: market weeks under the console in two minutes, and the turns of a screen as fast as they go.

    python benchmarks/console_memory.py [--seconds 120] [--weeks 4]

First the product as it is, the market so fast that `weeks` pass in `seconds`: resident memory of the process in the
quarters of the run. Then the screen alone, on pictures of which each is new, as fast as it can be brought up to date:
what one turn leaves behind after a collection, and what a week of turns at 4 Hz would come to.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.kernel_cache import warm
from tests.console.terminal_session import TerminalSession

SIZE = (160, 45)
WEEK_S = 7 * 86_400
TURNS_A_WEEK = WEEK_S * 4
ROWS = 12
# Enough to fill the log's ring, at three lines a turn, and what the libraries remember of widths and regions.
WARM_TURNS = 2_000
PATIENCE_S = 300.0
QUARTERDECK = (sys.executable, "-c", "from console.cli import main; main()")


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--weeks", type=float, default=4.0)
    asked = parser.parse_args()
    warm()
    print(f"load {os.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores", flush=True)
    speed = WEEK_S * asked.weeks / asked.seconds
    resident = whole_program(asked.seconds, speed)
    quarters = [resident[place * len(resident) // 4 : (place + 1) * len(resident) // 4] for place in range(4)]
    words = "  ".join(f"{statistics.median(part):.1f}" for part in quarters)
    print(
        f"console and engine, {asked.weeks:g} market weeks in {asked.seconds:.0f} s ({speed:,.0f}x): {words} MB"
    )
    print(f"  (median resident memory of each quarter; most {max(resident):.1f} MB)", flush=True)
    turns_alone(asked.seconds)


def whole_program(seconds: float, speed: float) -> list[float]:
    """Resident MB, once a second, from when it trades."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*QUARTERDECK, "run", "--db", f"{folder}/run.db", "--speed", f"{speed:.0f}"]
        environment = {
            "XDG_STATE_HOME": folder,
            "XDG_DATA_HOME": folder,
            "QUARTERDECK__CONSOLE__WELCOME": "false",
        }
        with TerminalSession(command, SIZE, environment=environment) as session:
            session.until_shown("HOLD", within_s=PATIENCE_S)
            session.drawing = False
            process, found = psutil.Process(session.process.pid), []
            until_s = time.monotonic() + seconds
            while time.monotonic() < until_s:
                session.read_for(1.0)
                found.append(process.memory_info().rss / 2**20)
            session.process.terminate()
            if session.wait_reading(PATIENCE_S):
                raise RuntimeError("the console failed")
    return found


def turns_alone(seconds: float) -> None:
    """The screen on recorded pictures, accelerated."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable,
            "-m",
            "benchmarks._turns",
            str(report),
            str(WARM_TURNS),
            str(seconds),
            str(ROWS),
        ]
        with TerminalSession(command, SIZE) as session:
            session.drawing = False
            if session.wait_reading(PATIENCE_S + 2 * seconds):
                raise RuntimeError("the console failed")
        told = json.loads(report.read_text())
    turns, (bytes_before, objects_before, rss_before), (bytes_after, objects_after, rss_after) = (
        told["turns"],
        told["before"],
        told["after"],
    )
    a_turn = (bytes_after - bytes_before) / turns
    print(
        f"screen alone, {turns} turns in {told['seconds']:.0f} s ({turns / 4 / told['seconds']:.0f}x real time): "
        f"{a_turn:+.1f} bytes a turn, {objects_after - objects_before:+d} objects, "
        f"resident {rss_before:.1f} to {rss_after:.1f} MB"
    )
    print(f"  a week at 4 Hz would come to {a_turn * TURNS_A_WEEK / 2**20:+.1f} MB")


if __name__ == "__main__":
    main()
