"""The engine as systemd sees it, on a real notify socket: ready, fed while both loops beat, gone in order."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from console.headless import WatchdogFeed
from console.notify import Notifier

PROGRAM = Path(sys.executable).with_name("quarterdeck")
PATIENCE_S = 90
WATCHDOG_US = 3_000_000


class Manager:
    """The other end of NOTIFY_SOCKET. Keeps every assignment in the order of arrival."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self.heard: list[str] = []

    def hear_until(self, beginning: str, seconds: float = PATIENCE_S) -> str:
        """The next assignment that begins so; fails when none comes in time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                words = self._socket.recv(65_536).decode().splitlines()
            except TimeoutError:
                break
            self.heard += words
            for word in words:
                if word.startswith(beginning):
                    return word
        raise AssertionError(f"no {beginning} in {seconds:g} s; heard {self.heard[-20:]}")

    def silent(self) -> bool:
        """Whether nothing lies waiting."""
        self._socket.setblocking(False)
        try:
            self.heard += self._socket.recv(65_536).decode().splitlines()
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()


@pytest.fixture
def service(tmp_path: Path, manager: Manager) -> Iterator[subprocess.Popen[bytes]]:
    """The engine as the unit starts it, with a watchdog of 3 s; READY has been heard."""
    environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(WATCHDOG_US)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "run", "--no-ui", "--db", tmp_path / "quarterdeck.db"],
            env=environment,
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    manager.hear_until("READY=1")
    yield process
    process.kill()
    process.wait()


def test_it_feeds_the_watchdog_says_how_it_is_and_stops_in_order(
    manager: Manager, service: subprocess.Popen[bytes]
) -> None:
    assert manager.heard[-1] != "WATCHDOG=1"
    assert manager.hear_until("STATUS=sim ACTIVE").startswith("STATUS=sim ACTIVE equity ")
    times = []
    for _ in range(4):
        manager.hear_until("WATCHDOG=1")
        times.append(time.monotonic())
    assert max(late - early for early, late in pairwise(times)) < WATCHDOG_US / 1e6

    service.send_signal(signal.SIGTERM)
    manager.hear_until("STOPPING=1")
    assert service.wait(PATIENCE_S) == 0
    manager.silent()
    assert "READY=1" not in manager.heard[manager.heard.index("STOPPING=1") :]


def test_reload_is_announced_and_ends_ready(manager: Manager, service: subprocess.Popen[bytes]) -> None:
    service.send_signal(signal.SIGHUP)
    manager.hear_until("RELOADING=1")
    assert manager.heard[-1].startswith("MONOTONIC_USEC=")
    manager.hear_until("READY=1")
    manager.hear_until("WATCHDOG=1")
    assert service.poll() is None


def test_the_kill_signal_halts_and_the_service_stays_up(
    manager: Manager, service: subprocess.Popen[bytes]
) -> None:
    service.send_signal(signal.SIGUSR1)
    manager.hear_until("STATUS=sim HALTED")
    manager.hear_until("WATCHDOG=1")
    assert service.poll() is None


@pytest.mark.parametrize("loop", ["bars", "orders"])
def test_one_loop_alone_does_not_feed_the_watchdog(
    manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "1")
    feed = WatchdogFeed(Notifier(str(tmp_path / "notify")))
    for _ in range(100):
        feed(loop)
    assert manager.silent()
    feed("orders" if loop == "bars" else "bars")
    assert manager.hear_until("WATCHDOG=1")
    for _ in range(100):
        feed(loop)
    assert manager.silent()


def test_an_abstract_socket_is_reached_too() -> None:
    name = f"quarterdeck-{os.getpid()}"
    manager = Manager(f"\0{name}")
    Notifier(f"@{name}").send("READY=1", "STATUS=running")
    assert manager.hear_until("READY=1")
    assert manager.heard == ["READY=1", "STATUS=running"]
    manager.close()


def test_a_manager_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    Notifier(str(tmp_path / "nobody")).send("READY=1")
