"""Tells systemd how the service is: READY, STATUS, WATCHDOG, RELOADING, STOPPING over its datagram socket."""

from __future__ import annotations

import os
import socket
import time


class Notifier:
    """Sends to the socket systemd names in the environment; says nothing where there is none."""

    def __init__(self, address: str | None = None) -> None:
        given = os.environ.get("NOTIFY_SOCKET") if address is None else address
        self._address = f"\0{given[1:]}" if given and given.startswith("@") else given
        interval_us = os.environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(interval_us) / 1e6 if interval_us.isdigit() else None

    @property
    def present(self) -> bool:
        """True where somebody listens."""
        return bool(self._address)

    def send(self, *assignments: str) -> None:
        """One datagram, such as ("READY=1", "STATUS=running"). A manager that is gone is no reason to stop."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as messenger:
            messenger.setblocking(False)
            try:
                messenger.sendto("\n".join(assignments).encode(), self._address)
            except OSError:
                return

    def reloading(self) -> None:
        """Type=notify-reload wants the monotonic time beside the word."""
        self.send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1_000}")
