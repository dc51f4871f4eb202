"""Who may come in: whoever knows the token, from a page that came from here.

The token arrives once, in the address that was printed; from then on the browser carries it in a cookie that no script
and no other site can use. Pages, scripts, downloads and the WebSocket all pass through here.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

PARAMETER = "token"
TOKEN_BYTES = 32
SHORTEST_TOKEN = 32
_HOST = re.compile(r"[A-Za-z0-9._\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_STRANGER = "Quarterdeck: open the address with the token in it, as `quarterdeck web` printed it.\n"


class TokenFault(OSError):
    """A token file that must not be used; the message says why, and what to do."""


def new_token() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_from(path: Path) -> str:
    """The token in a file, which is made where there is none. Raises TokenFault, OSError."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _kept_token(path)
    token = new_token()
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token


def _kept_token(path: Path) -> str:
    found = path.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise TokenFault(f"{path}: a token is for its owner alone: chown it to yourself and chmod 600 it")
    token = path.read_text("utf-8", "replace").strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii():
        raise TokenFault(
            f"{path}: holds no token of {SHORTEST_TOKEN} characters or more; remove it for a new one"
        )
    return token


class Door:
    """Guards one server. `port` keeps the cookies of two servers on one machine apart."""

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        self._cookie = f"quarterdeck_{port}"

    @property
    def middleware(self) -> Middleware:
        """What stands before every handler of an application."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not _HOST.fullmatch(request.host):
                raise web.HTTPBadRequest(text="Quarterdeck: this is no host name.\n")
            if PARAMETER in request.query:
                raise self._let_in(request)
            if not self._knows(request.cookies.get(self._cookie, "")):
                raise _refused(_STRANGER)
            if _is_websocket(request) and not _same_origin(request):
                raise _refused("Quarterdeck: this page is not from here.\n")
            return await handler(request)

        return guard

    async def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Tell the browser what the page may do; for the signal that is sent before every response."""
        if not _is_websocket(request):
            kept = "private, max-age=3600" if request.path.startswith("/static/") else "no-store"
            policy = {"Cache-Control": kept, "Content-Security-Policy": _policy(request.host)}
            response.headers.update(_HEADERS | policy)

    def _let_in(self, request: web.Request) -> web.HTTPException:
        if not self._knows(request.query[PARAMETER]):
            return _refused(_STRANGER)
        # The token leaves the address at once, so that no history and no referrer keeps it.
        answer = web.HTTPSeeOther(request.path)
        answer.set_cookie(
            self._cookie,
            self._token,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=_is_encrypted(request),
        )
        return answer

    def _knows(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode("utf-8"))


def websocket_address(request: web.Request) -> str:
    """Where the page that `request` asks for finds its WebSocket: at the host the browser knows us by."""
    return f"{'wss' if _is_encrypted(request) else 'ws'}://{request.host}/ws"


def _is_encrypted(request: web.Request) -> bool:
    """Whether the browser's side is HTTPS; a proxy that ends it says so. Who lies here harms their own page only."""
    return request.headers.get("X-Forwarded-Proto", request.scheme) == "https"


def _is_websocket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket" or request.path == "/ws"


def _same_origin(request: web.Request) -> bool:
    origin = urlsplit(request.headers.get("Origin", ""))
    return origin.scheme in ("http", "https") and origin.netloc == request.host


def _refused(words: str) -> web.HTTPForbidden:
    return web.HTTPForbidden(text=words)


def _policy(host: str) -> str:
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        f"img-src 'self' data:; connect-src 'self' ws://{host} wss://{host}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
