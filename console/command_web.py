"""`quarterdeck web`: the attached console in a browser, for as long as this command runs. No engine is in it."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.command_faults import Code

_PROGRAM = (sys.executable, "-c", "from console.cli import main; main()", "attach", "--wait")
_EXTRA = ("aiohttp", "aiohttp_jinja2", "textual_serve")


class MissingExtra(Exception):
    """A part of Quarterdeck that is installed only where it is asked for."""


@dataclass(frozen=True, slots=True)
class WebRequest:
    """What the command line asked for. `token_file`: where the token is kept; None makes a new one each time."""

    socket: Path
    config: Path | None
    read_only: bool
    host: str
    port: int
    token_file: Path | None


def web(request: WebRequest) -> int:
    """Serve until told to end. Raises MissingExtra, TokenFault, OSError."""
    try:
        from console.web.door import PARAMETER, Door, new_token, token_from
        from console.web.server import WebConsole, serve
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise MissingExtra(
            "the console in a browser needs an extra: pip install 'quarterdeck[web]'"
        ) from missing
    token = new_token() if request.token_file is None else token_from(request.token_file)
    address = f"http://{_bracketed(request.host)}:{request.port}/"

    def ready() -> None:
        where = f"?{PARAMETER}={token}" if request.token_file is None else f"?{PARAMETER}=TOKEN"
        kept = "" if request.token_file is None else f" with the TOKEN in {request.token_file}"
        for line in (f"open {address}{where}{kept}", "Ctrl-C ends this and its tabs; the engine goes on"):
            print(f"quarterdeck: {line}", flush=True)
        if not _is_loopback(request.host):
            print(f"quarterdeck: warning: {_exposed(request)}", file=sys.stderr, flush=True)

    asyncio.run(
        serve(WebConsole(_viewer(request), Door(token, request.port)), request.host, request.port, ready)
    )
    return Code.OK


def _viewer(request: WebRequest) -> Sequence[str]:
    config = [] if request.config is None else ["--config", str(request.config.expanduser().absolute())]
    read_only = ["--read-only"] if request.read_only else []
    return [*_PROGRAM, "--socket", str(request.socket), *config, *read_only]


def _exposed(request: WebRequest) -> str:
    return (
        f"{request.host} is more than this machine and nothing is encrypted: who can listen in has the token; "
        f"better serve 127.0.0.1 and reach it by ssh -L {request.port}:127.0.0.1:{request.port}"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
