"""What a user waits for: `--help`, and a headless engine that is ready (kernels cached)."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 5
QUARTERDECK = (sys.executable, "-c", "from console.cli import main; main()")
PATIENCE_S = 120.0


def main() -> None:
    """Print one table."""
    ready_s()
    rows = (
        ("--help", [help_s() for _ in range(ROUNDS)]),
        ("headless sim, READY=1", [ready_s() for _ in range(ROUNDS)]),
    )
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


if __name__ == "__main__":
    main()
