"""From a key to what it does, on a real terminal beside an engine that decides: opening screens, and the kill switch.

    python benchmarks/console_keys.py [--kills 20]

`shown`: from the key to the words of the screen, read back from the terminal. `lag`: the latest heartbeat of the
engine's loop meanwhile; `longest`: the longest single callback in processor time, which no other process adds to. A
kill is counted from its key to the return of the command, which is when HALTED is durable.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._market import write_market
from console.link.client import ask_snapshot, give
from engine.commands import Command, CommandKind
from engine.kernel_cache import warm
from engine.paths import socket_path
from tests.console.terminal_session import TerminalSession

SIZE = (160, 45)
ROUNDS = 5
PATIENCE_S = 120.0
# A dialog does not listen in its first moment; the loop is given the time to come to rest between two keys.
REST_S = 0.5
ARM, CONFIRM, ENTER, ESCAPE = b"\x0b", b"F", b"\r", b"\x1b"
# The key that opens, words of what is opened, the key that closes it again, and keys that lead there.
SCREENS = (
    ("help", b"?", "HELP", ESCAPE, b""),
    ("palette", b"\x10", "ind an action", ESCAPE, b""),
    ("quit", b"q", "QUIT?", ESCAPE, b""),
    ("pause entries", b"p", "PAUSE ENTRIES?", ESCAPE, b""),
    ("kill switch", ARM, "KILL SWITCH ARMED", ESCAPE, b""),
    ("zoom", b"z", "SIGNALS", b"z", b"1"),
    ("orders", b"o", "ORDERS", ESCAPE, b""),
    ("order why", ENTER, "READINGS", ESCAPE + ESCAPE, b"o"),
    ("signal", ENTER, "SIGNAL", ESCAPE, b"2"),
    ("position", ENTER, "POSITION", ESCAPE, b"3"),
    ("audit", b"a", "AUDIT", ESCAPE, b""),
    ("configuration", b"c", "CONFIGURATION", ESCAPE, b""),
)
LOADS = (
    ("12 symbols, 200 rows shown", "200", ("--speed", "3600")),
    ("200 symbols, a bar a second", "0", ()),
)
WIDE = ("--mode", "replay", "--timerange", "20240101-", "--speed", "86400", "--capital", "10000000")


@dataclass(slots=True)
class Console:
    """A console on a terminal whose engine trades, with its database and the report it leaves when it ends."""

    session: TerminalSession
    database: Path
    report: Path

    def until(self, what: str, condition: Callable[[], object]) -> None:
        """Read what comes until something holds."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"not within {PATIENCE_S:g} s: {what}\n{self.session.text}")
            self.session.read(0.02)

    def strike(self, key: bytes, words: str) -> tuple[float, float]:
        """Press a key and wait for words; when it was pressed and when they stood there (monotonic s)."""
        drawn, sought = len(self.session.raw), words.encode()
        pressed_s = time.monotonic()
        self.session.send(key)
        self.until(words, lambda: sought in self.session.raw[drawn:])
        return pressed_s, time.monotonic()

    def stop(self) -> dict[str, Any]:
        """End it; what it saw."""
        self.session.process.terminate()
        self.session.wait_reading(PATIENCE_S)
        told: dict[str, Any] = json.loads(self.report.read_text())
        return told


@contextmanager
def console(rows: str, arguments: tuple[str, ...]) -> Iterator[Console]:
    """A console that trades and has settled."""
    with tempfile.TemporaryDirectory() as name:
        database, report = Path(name) / "run.db", Path(name) / "report.json"
        command = [sys.executable, "-m", "benchmarks._watched", str(report), "0", "0", rows]
        command += ["run", "--db", str(database), *arguments]
        environment = {
            "XDG_STATE_HOME": name,
            "XDG_DATA_HOME": name,
            "QUARTERDECK__CONSOLE__WELCOME": "false",
        }
        with TerminalSession(command, SIZE, environment=environment) as session:
            session.until_shown("ACTIVE", within_s=PATIENCE_S)
            started = Console(session, database, report)
            session.drawing = False
            started.until("positions", lambda: (picture(database) or {}).get("positions"))
            yield started


def picture(database: Path) -> dict[str, Any] | None:
    return ask_snapshot(socket_path(database))


def open_screens(rows: str, arguments: tuple[str, ...]) -> dict[str, list[tuple[float, float, float]]]:
    """Every screen several times: ms until shown, of lag at most, of the longest callback."""
    struck: dict[str, list[tuple[float, float]]] = {name: [] for name, *_ in SCREENS}
    with console(rows, arguments) as running:
        for _ in range(ROUNDS):
            for name, key, words, closing, leading in SCREENS:
                running.session.send(leading)
                running.session.read_for(REST_S)
                struck[name].append(running.strike(key, words))
                running.session.read_for(REST_S)
                for one in closing:
                    running.session.send(bytes([one]))
                    running.session.read_for(REST_S / 2)
        seen = running.stop()
    return {
        name: [
            (
                (shown - pressed) * 1e3,
                most(seen["beats"], pressed, shown + REST_S / 2),
                most(seen["callbacks"], pressed, shown + REST_S / 2),
            )
            for pressed, shown in times
        ]
        for name, times in struck.items()
    }


def most(found: list[tuple[float, float]], from_s: float, to_s: float) -> float:
    """The largest of what was found in this time."""
    return max((ms for at_s, ms in found if from_s <= at_s <= to_s), default=0.0)


def kill_again_and_again(rows: str, arguments: tuple[str, ...], kills: int) -> dict[str, list[float]]:
    """Key to the command that holds entries, key to the durable halt, key to flat (ms)."""
    armed, confirmed, flat = [], [], []
    with console(rows, arguments) as running:
        for turn in range(kills):
            # Struck at another moment of the refresh each time.
            running.session.read_for(REST_S + 0.25 * turn / kills)
            armed.append(running.strike(ARM, "KILL SWITCH ARMED")[0])
            running.session.read_for(REST_S)
            pressed_s, flat_s = running.strike(CONFIRM, "FLAT: the venue confirms it.")
            confirmed.append(pressed_s)
            flat.append((flat_s - pressed_s) * 1e3)
            running.session.read_for(REST_S)
            running.session.send(ESCAPE)
            resume = Command(CommandKind.RESUME, "benchmark", "measured", {"confirm": "RESUME"})
            if not give(socket_path(running.database), resume).accepted:
                raise RuntimeError("resume was refused after the venue said flat")
            running.until("positions again", lambda: (picture(running.database) or {}).get("positions"))
        commands = running.stop()["commands"]
    held = [began_s for kind, on, began_s, _ in commands if (kind, on) == ("pause", "true")]
    latched = [done_s for kind, _, _, done_s in commands if kind == "kill"]
    return {
        "key to the hold on entries": milliseconds(armed, held),
        "key to committed HALTED": milliseconds(confirmed, latched),
        "key to flat, on the screen": sorted(flat),
    }


def milliseconds(from_s: list[float], to_s: list[float]) -> list[float]:
    return sorted((to - since) * 1e3 for since, to in zip(from_s, to_s, strict=True))


def main() -> None:
    """Print two tables a load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    kills = parser.parse_args().kills
    warm()
    with tempfile.TemporaryDirectory() as folder:
        market = write_market(Path(folder) / "market.parquet", 200)
        for name, rows, arguments in LOADS:
            used = arguments or (*WIDE, "--data", str(market))
            print(f"{name}; load {os.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores", flush=True)
            print(f"{'  screen':<30}{'shown p50':>12}{'shown max':>12}{'lag max':>12}{'longest':>12}")
            for screen, times in open_screens(rows, used).items():
                shown, lag, longest = (sorted(column) for column in zip(*times, strict=True))
                columns = (shown[len(shown) // 2], shown[-1], lag[-1], longest[-1])
                print(f"  {screen:<28}" + "".join(f"{figure:>9.1f} ms" for figure in columns), flush=True)
            print(f"{f'  {kills} kills':<30}{'p50':>12}{'p99':>12}{'max':>12}", flush=True)
            for what, found in kill_again_and_again(rows, used, kills).items():
                figures = (found[len(found) // 2], found[int(0.99 * (len(found) - 1))], found[-1])
                print(f"  {what:<28}" + "".join(f"{figure:>9.1f} ms" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
