"""The server behind `quarterdeck web`: textual-serve's page and protocol, our door in front and our viewers behind."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import aiohttp_jinja2
from aiohttp import WSCloseCode, web
from textual_serve.server import Server, to_int

from console.web.door import Door, websocket_address
from console.web.tab import Tab

MOST_TABS = 8
HEARTBEAT_S = 15.0


class WebConsole(Server):
    """Serves one command, a process for each tab."""

    def __init__(self, program: Sequence[str], door: Door) -> None:
        super().__init__(" ".join(program), title="Quarterdeck", templates_path=str(files("console.web")))
        self._program = program
        self._door = door
        self._tabs: set[web.WebSocketResponse] = set()

    async def application(self) -> web.Application:
        """The application, door and all."""
        app = await self._make_app()
        app.middlewares.append(self._door.middleware)
        app.on_response_prepare.append(self._door.mark)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Nothing to say: the command line has said it."""

    async def on_shutdown(self, app: web.Application) -> None:
        """End every tab."""
        for websocket in list(self._tabs):
            await websocket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page, with addresses at the host the browser knows us by."""
        context: dict[str, Any] = {
            "title": self.title,
            "font_size": min(max(8, to_int(request.query.get("fontsize", "16"), 16)), 48),
            "websocket": websocket_address(request),
        }
        return aiohttp_jinja2.render_template("index.html", request, context)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One tab, from its opening to its end."""
        if len(self._tabs) >= MOST_TABS:
            raise web.HTTPServiceUnavailable(text=f"Quarterdeck: {MOST_TABS} tabs are open already.\n")
        websocket = web.WebSocketResponse(heartbeat=HEARTBEAT_S)
        self._tabs.add(websocket)
        tab = Tab(self._program, websocket, self.download_manager)
        try:
            await websocket.prepare(request)
            size = (
                to_int(request.query.get(name, ""), cells) for name, cells in (("width", 80), ("height", 24))
            )
            await tab.start(*size)
            await self._process_messages(websocket, tab)
        finally:
            self._tabs.discard(websocket)
            await tab.stop()
            await websocket.close()
        return websocket


async def serve(console: WebConsole, host: str, port: int, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM. Raises OSError where the address cannot be had."""
    # No access log: it would keep the token.
    runner = web.AppRunner(await console.application(), access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    try:
        await web.TCPSite(runner, host, port).start()
        ready()
        await told.wait()
    finally:
        await runner.cleanup()
