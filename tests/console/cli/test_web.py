"""`quarterdeck web` over its real page and WebSocket: who is let in, and that a tab is a viewer and nothing else."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from console.command_web import _is_loopback
from store import query
from tests.console.cli.engines import PROGRAM, Engine, environment, run, until

pytestmark = pytest.mark.terminal

FIRST_ROW = b"BTCUSDT"


class Website:
    """`quarterdeck web` as a process; a context manager that leaves nothing running."""

    def __init__(self, book: Path, *arguments: str) -> None:
        self.port = free_port()
        self._printed = book.with_name(f"web-{self.port}.out")
        with self._printed.open("wb") as output:
            self.process = psutil.Popen(
                [*PROGRAM, "web", "--db", str(book), "--port", str(self.port), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(book.parent),
                cwd=book.parent,
            )

    def __enter__(self) -> Website:
        until("it serves", lambda: "Ctrl-C ends this" in self.output or self.process.poll() is not None)
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.viewers(), self.process]:
            if process.is_running():
                process.kill()
        self.process.wait(20)

    @property
    def output(self) -> str:
        return self._printed.read_text("utf-8")

    @property
    def token(self) -> str:
        return self.output.partition("?token=")[2].split()[0]

    def viewers(self) -> list[psutil.Process]:
        """The processes of its tabs."""
        try:
            return list(self.process.children(recursive=True))
        except psutil.NoSuchProcess:
            return []

    @asynccontextmanager
    async def browser(
        self, *, known: bool = False, origin: str | None = None
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """A browser whose address bar holds this site; a known one has been here with the token."""
        base = f"http://127.0.0.1:{self.port}"
        headers = {} if origin == "" else {"Origin": origin or base}
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(base, cookie_jar=jar, headers=headers) as session:
            if known:
                async with session.get("/", params={"token": self.token}) as answer:
                    assert answer.status == 200
            yield session


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def engine(traded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("web")
    for name in ("book.db", "book.db.venue"):
        (folder / name).write_bytes((traded / name).read_bytes())
    with Engine(folder / "book.db", "--speed", "3600") as running:
        yield running.running()


@pytest.fixture(scope="module")
def site(engine: Engine) -> Iterator[Website]:
    with Website(engine.database) as running:
        yield running


async def seen(tab: aiohttp.ClientWebSocketResponse, words: bytes) -> bytes:
    """What arrives until `words` do."""
    shown = b""
    while words not in shown:
        message = await tab.receive(timeout=30)
        assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
        shown += message.data if isinstance(message.data, bytes) else message.data.encode()
    return shown


@pytest.mark.parametrize(
    "path", ["/", "/ws", "/static/js/textual.js", "/static/", "/download/x", "/elsewhere"]
)
async def test_without_the_token_nothing_is_served(site: Website, path: str) -> None:
    for query_ in ({}, {"token": "wrong"}, {"token": ""}, {"token": site.token[:-1]}):
        async with site.browser() as browser, browser.get(path, params=query_) as answer:
            assert answer.status == 403
            assert "open the address with the token in it" in await answer.text()
            assert "Set-Cookie" not in answer.headers
    assert site.viewers() == []


async def test_a_websocket_without_the_token_is_refused(site: Website) -> None:
    for cookies in ({}, {f"quarterdeck_{site.port}": "wrong"}):
        async with site.browser() as browser:
            browser.cookie_jar.update_cookies(cookies)
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await browser.ws_connect("/ws")
            assert refused.value.status == 403
    assert site.viewers() == []


async def test_the_token_leaves_the_address_for_a_cookie_no_script_can_read(site: Website) -> None:
    async with site.browser() as browser:
        async with browser.get("/", params={"token": site.token}, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
        assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
        async with browser.get("/") as page:
            assert page.status == 200
            text = await page.text()
            headers = page.headers
        assert f"ws://127.0.0.1:{site.port}/ws" in text
        assert site.token not in text
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        async with browser.get("/static/js/textual.js") as script:
            assert script.status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:1", "file://"])
async def test_a_page_from_elsewhere_opens_no_websocket(site: Website, origin: str) -> None:
    async with site.browser(known=True, origin=origin) as browser:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.ws_connect("/ws")
        assert refused.value.status == 403
    assert site.viewers() == []


async def test_a_tab_is_a_viewer_that_ends_with_it_while_the_engine_goes_on(
    engine: Engine, site: Website
) -> None:
    async with site.browser(known=True) as browser:
        async with browser.ws_connect("/ws", params={"width": 160, "height": 45}) as tab:
            await seen(tab, FIRST_ROW)
            (viewer,) = site.viewers()
            assert {"attach", "--wait"} <= set(viewer.cmdline())
            await tab.send_str(json.dumps(["resize", {"width": 100, "height": 30}]))
            await tab.send_str(json.dumps(["stdin", "?"]))
            await seen(tab, b"HELP")
            decisions = engine.picture()["decisions"]
        until("the viewer ends with its tab", lambda: site.viewers() == [])
    until("the engine goes on", lambda: engine.picture()["decisions"] > decisions)


async def test_a_tab_that_goes_while_its_kill_switch_is_armed_leaves_no_pause_behind(
    engine: Engine, site: Website
) -> None:
    async with site.browser(known=True) as browser, browser.ws_connect("/ws") as tab:
        await seen(tab, FIRST_ROW)
        await tab.send_str(json.dumps(["stdin", "\x0b"]))
        await seen(tab, b"entries are paused")
        assert engine.picture()["overrides"]
    until("entries go on", lambda: not engine.picture()["overrides"])
    assert "@attach pid=" in query.commands(engine.database)[-1]["actor"]


async def test_a_viewer_that_hangs_is_ended_with_its_tab_by_force(site: Website) -> None:
    async with site.browser(known=True) as browser, browser.ws_connect("/ws") as tab:
        await seen(tab, FIRST_ROW)
        (viewer,) = site.viewers()
        viewer.suspend()
    until("it is ended", lambda: site.viewers() == [])


async def test_too_many_tabs_are_refused(site: Website) -> None:
    async with site.browser(known=True) as browser:
        tabs = [await browser.ws_connect("/ws") for _ in range(8)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.ws_connect("/ws")
        assert refused.value.status == 503
        for tab in tabs:
            await tab.close()
    until("all viewers end", lambda: site.viewers() == [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_server_that_ends_leaves_no_viewer_behind(engine: Engine, number: int) -> None:
    with Website(engine.database, "--read-only") as site:
        async with site.browser(known=True) as browser, browser.ws_connect("/ws") as tab:
            await seen(tab, b"READ-ONLY")
            (viewer,) = site.viewers()
            site.process.send_signal(number)
            assert site.process.wait(20) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
            until(
                "the viewer ends", lambda: not viewer.is_running() or viewer.status() == psutil.STATUS_ZOMBIE
            )
    assert engine.picture()["phase"] == "running"


async def test_a_token_can_be_kept_in_a_file_that_is_its_owners_alone(engine: Engine, tmp_path: Path) -> None:
    kept = tmp_path / "token"
    for _ in range(2):
        with Website(engine.database, "--token-file", str(kept)) as site:
            token = kept.read_text().strip()
            assert token not in site.output
            assert f"with the TOKEN in {kept}" in site.output
            async with site.browser() as browser, browser.get("/", params={"token": token}) as answer:
                assert answer.status == 200
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.chmod(0o640)
    refused = run(tmp_path, "web", "--db", str(engine.database), "--token-file", str(kept))
    assert (refused.code, refused.err) == (
        1,
        f"quarterdeck: {kept}: a token is for its owner alone: chown it to yourself and chmod 600 it\n",
    )
    kept.chmod(0o600)
    kept.write_text("short\n")
    refused = run(tmp_path, "web", "--db", str(engine.database), "--token-file", str(kept))
    assert "holds no token of 32 characters or more" in refused.err


def test_an_address_beyond_this_machine_is_warned_of(engine: Engine) -> None:
    with Website(engine.database, "--host", "0.0.0.0") as site:
        assert "warning: 0.0.0.0 is more than this machine and nothing is encrypted" in site.output
    loopback = ("127.0.0.1", "127.9.9.9", "::1", "localhost")
    assert [_is_loopback(host) for host in (*loopback, "0.0.0.0", "10.0.0.1", "example.org")] == [
        True
    ] * 4 + [False] * 3


def test_a_port_that_is_taken_is_one_line(engine: Engine, site: Website, tmp_path: Path) -> None:
    taken = run(tmp_path, "web", "--db", str(engine.database), "--port", str(site.port))
    assert taken.code == 1
    assert taken.err.count("\n") == 1
    assert "address already in use" in taken.err


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    for missing in ("aiohttp", "textual_serve"):
        program = f"import sys; sys.modules[{missing!r}] = None; from console.cli import main; main()"
        ended = subprocess.run(
            [sys.executable, "-c", program, "web", "--db", str(tmp_path / "book.db")],
            capture_output=True,
            text=True,
            env=environment(tmp_path),
            check=False,
        )
        assert ended.returncode == 1
        assert (
            ended.stderr
            == "quarterdeck: the console in a browser needs an extra: pip install 'quarterdeck[web]'\n"
        )
