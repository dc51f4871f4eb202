"""Asks a running engine over its control socket, for commands of the command line: blocking, with a deadline."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from console.link.peer import peer_of
from console.link.wire import WireFault, command_message, decode, encode
from engine.commands import Command, CommandResult


class NotRunning(Exception):
    """No engine answers on this socket."""


class NoAnswer(Exception):
    """An engine holds the socket but does not answer in time."""


def ask(path: Path, message: dict[str, object], timeout_s: float) -> dict[str, Any]:
    """One request and its answer, a picture's parts joined. Raises NotRunning, NoAnswer, or WireFault where the engine
    refused the request."""
    deadline_s = time.monotonic() + timeout_s
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
            if peer_of(connection)[1] != os.getuid():
                raise WireFault(f"{path}: this socket belongs to another user")
            connection.sendall(encode(message))
            answer = _answer(connection, deadline_s)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(f"no engine is running on {path}") from error
        except (TimeoutError, BlockingIOError) as error:
            raise NoAnswer(f"the engine on {path} did not answer within {timeout_s:g} s") from error
        except ConnectionError as error:
            raise NotRunning(f"the engine on {path} went away: {error}") from error
    if not answer.get("ok"):
        raise WireFault(str(answer.get("error", "the engine refused the request")))
    return answer


def ask_snapshot(path: Path, timeout_s: float = 5.0) -> dict[str, Any] | None:
    """The engine's newest picture as plain data; None while it is starting."""
    snapshot: dict[str, Any] | None = ask(path, {"ask": "snapshot"}, timeout_s)["snapshot"]
    return snapshot


def give(path: Path, command: Command, timeout_s: float = 5.0) -> CommandResult:
    """Have the engine carry out a command. Raises what `ask` does; NoAnswer leaves open what became of the command."""
    try:
        answer = ask(path, command_message(command), timeout_s)
    except NoAnswer as silent:
        raise NoAnswer(
            f"{silent}; it may still carry the command out: `quarterdeck commands` lists it once it has"
        ) from silent
    return CommandResult(bool(answer["accepted"]), str(answer["message"]), str(answer["state"]))


def _answer(connection: socket.socket, deadline_s: float) -> dict[str, Any]:
    rows: dict[str, list[object]] = {}
    for line in _lines(connection, deadline_s):
        answer = decode(line)
        if "part" not in answer:
            if rows:
                answer["snapshot"] |= rows
            return answer
        for name, more in answer["part"].items():
            rows.setdefault(name, []).extend(more)
    raise ConnectionResetError("connection closed before the answer was complete")


def _lines(connection: socket.socket, deadline_s: float) -> Iterator[bytes]:
    received = bytearray()
    while True:
        connection.settimeout(max(0.001, deadline_s - time.monotonic()))
        chunk = connection.recv(65_536)
        if not chunk:
            return
        received += chunk
        *whole, rest = received.split(b"\n")
        yield from map(bytes, whole)
        received = rest
