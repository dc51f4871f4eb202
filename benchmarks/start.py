"""What a user waits for: `--help`, a headless engine that is ready, and a console that is painted (kernels cached).

Engines start with the signals the configuration has on, and with all of them. Beside the seconds that pass stands the
processor time of the process, which a busy machine does not stretch.
"""

from __future__ import annotations

import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from strategies.registry import BUILT_IN
from tests.console.terminal_session import TerminalSession, demo

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 5
QUARTERDECK = (sys.executable, "-c", "from console.cli import main; main()")
PATIENCE_S = 300.0
SIZE = (160, 45)
PAINTED = "^k KILL"
ALL = tuple(option for kind in BUILT_IN for option in ("--set", f"signals.{kind.name}.enabled=true"))
Took = tuple[float, float]
"""Seconds from the shell on, and of the processor (NaN where it is not taken)."""


def main() -> None:
    """Print one table."""
    ready(ALL)
    rows: tuple[tuple[str, Callable[[], Took]], ...] = (
        ("--help", help_shown),
        ("headless sim, READY=1", ready),
        ("the same, all 32 signals", lambda: ready(ALL)),
        ("first paint, recorded", lambda: (recorded_s(), math.nan)),
        ("first paint, sim", lambda: (painted_s()[0], math.nan)),
        ("prices on screen, sim", lambda: (painted_s()[1], math.nan)),
        ("first paint, all 32 signals", lambda: (painted_s(ALL)[0], math.nan)),
        ("prices on screen, all 32", lambda: (painted_s(ALL)[1], math.nan)),
    )
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'what':<30}{'median s':>10}{'worst s':>10}{'least processor s':>20}")
    for name, measured in rows:
        seconds, processor = zip(*(measured() for _ in range(ROUNDS)), strict=True)
        spent = "" if math.isnan(processor[0]) else f"{min(processor):>20.2f}"
        print(f"{name:<30}{statistics.median(seconds):>10.2f}{max(seconds):>10.2f}{spent}", flush=True)


def help_shown() -> Took:
    """From the shell to the end of --help."""
    started = time.perf_counter()
    subprocess.run([*QUARTERDECK, "--help"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started, math.nan


def ready(options: Sequence[str] = ()) -> Took:
    """From the shell to READY=1 on the notify socket."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
    ):
        listener.bind(f"{folder}/notify")
        listener.settimeout(PATIENCE_S)
        started = time.perf_counter()
        engine = subprocess.Popen(
            [*QUARTERDECK, "run", "--no-ui", "--db", f"{folder}/sim.db", *options],
            cwd=REPOSITORY,
            env={**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"},
            stdout=subprocess.DEVNULL,
        )
        try:
            while b"READY=1" not in listener.recv(4_096):
                pass
            spent = psutil.Process(engine.pid).cpu_times()
            return time.perf_counter() - started, spent.user + spent.system
        finally:
            engine.terminate()
            engine.wait(PATIENCE_S)


def recorded_s() -> float:
    """Seconds from the shell to the whole first screen, of a console without an engine."""
    with TerminalSession(demo("--scene", "none"), SIZE) as session:
        return session.until_shown(PAINTED)


def painted_s(options: Sequence[str] = ()) -> tuple[float, float]:
    """Seconds from the shell to the whole first screen of `run`, and to the first picture of its engine."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*QUARTERDECK, "run", "--db", f"{folder}/sim.db", *options]
        environment = {"XDG_STATE_HOME": folder, "XDG_DATA_HOME": folder}
        with TerminalSession(command, SIZE, environment=environment) as session:
            painted = session.until_shown(PAINTED)
            return painted, session.until_shown("BTCUSDT", within_s=PATIENCE_S)


if __name__ == "__main__":
    main()
