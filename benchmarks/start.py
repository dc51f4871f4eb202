"""What a user waits for: `--help`, a headless engine that is ready, and a console that is painted (kernels cached)."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.console.terminal_session import TerminalSession, demo

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 5
QUARTERDECK = (sys.executable, "-c", "from console.cli import main; main()")
PATIENCE_S = 120.0
SIZE = (160, 45)
PAINTED = "^k KILL"


def main() -> None:
    """Print one table."""
    ready_s()
    console = [painted_s() for _ in range(ROUNDS)]
    rows = (
        ("--help", [help_s() for _ in range(ROUNDS)]),
        ("headless sim, READY=1", [ready_s() for _ in range(ROUNDS)]),
        ("first paint, recorded", [recorded_s() for _ in range(ROUNDS)]),
        ("first paint, sim", [first for first, _ in console]),
        ("prices on screen, sim", [priced for _, priced in console]),
    )
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'what':<24}{'median s':>10}{'worst s':>10}")
    for name, seconds in rows:
        print(f"{name:<24}{statistics.median(seconds):>10.2f}{max(seconds):>10.2f}")


def help_s() -> float:
    """Seconds from the shell to the end of --help."""
    started = time.perf_counter()
    subprocess.run([*QUARTERDECK, "--help"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def ready_s() -> float:
    """Seconds from the shell to READY=1 on the notify socket."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
    ):
        listener.bind(f"{folder}/notify")
        listener.settimeout(PATIENCE_S)
        started = time.perf_counter()
        engine = subprocess.Popen(
            [*QUARTERDECK, "run", "--no-ui", "--db", f"{folder}/sim.db"],
            cwd=REPOSITORY,
            env={**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"},
            stdout=subprocess.DEVNULL,
        )
        try:
            while b"READY=1" not in listener.recv(4_096):
                pass
            return time.perf_counter() - started
        finally:
            engine.terminate()
            engine.wait(PATIENCE_S)


def recorded_s() -> float:
    """Seconds from the shell to the whole first screen, of a console without an engine."""
    with TerminalSession(demo("--scene", "none"), SIZE) as session:
        return session.until_shown(PAINTED)


def painted_s() -> tuple[float, float]:
    """Seconds from the shell to the whole first screen of `run`, and to the first picture of its engine."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*QUARTERDECK, "run", "--db", f"{folder}/sim.db"]
        environment = {"XDG_STATE_HOME": folder, "XDG_DATA_HOME": folder}
        with TerminalSession(command, SIZE, environment=environment) as session:
            painted = session.until_shown(PAINTED)
            return painted, session.until_shown("BTCUSDT", within_s=PATIENCE_S)


if __name__ == "__main__":
    main()
