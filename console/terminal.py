"""The terminal as a thing that may stall or vanish without the event loop ever noticing.

Textual's own driver fills a bounded queue with a blocking put on the event loop: a terminal that is not read stops
everything in the process. Here writing never blocks. Frames that find the queue full are dropped and counted, so that
the publisher can hold back and repaint; a terminal that is gone is reported once, and the thread ends.

This leans on internals of one Textual release (see pyproject.toml): the writer is swapped through the attribute the
driver keeps it in, before it is started.
"""

from __future__ import annotations

import os
import selectors
import signal
import termios
from codecs import getincrementaldecoder
from collections.abc import Callable
from dataclasses import dataclass
from io import TextIOWrapper
from queue import SimpleQueue
from typing import Any, Protocol

from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

# A frame is three writes. Short writes are modes and the brackets around a frame: losing those would leave the
# terminal in a wrong mode, so they have room left when frames have none.
_MOST_FRAME_WRITES = 24
_MOST_WRITES = 512
_SHORT_WRITE = 64
_JOIN_S = 0.2
_POLL_S = 0.1


class NoTerminal(OSError):
    """Neither standard output nor standard error is a terminal, or standard input is not one."""


@dataclass(frozen=True, slots=True)
class TerminalFiles:
    """The terminal by descriptors of our own, so that nobody else's print can reach it."""

    input_fd: int
    output: TextIOWrapper


class TerminalOwner(Protocol):
    """What the driver needs of the application it draws for."""

    terminal: TerminalFiles

    def terminal_lost(self, reason: str) -> None: ...


def open_terminal() -> TerminalFiles:
    """Own descriptors of the terminal behind the standard streams. Raises NoTerminal."""
    if not os.isatty(0):
        raise NoTerminal("standard input is not a terminal")
    for fd in (1, 2, 0):
        if os.isatty(fd):
            return TerminalFiles(os.dup(0), os.fdopen(os.dup(fd), "w", encoding="utf-8", closefd=False))
    raise NoTerminal("neither standard output nor standard error is a terminal")


class TerminalWriter(WriterThread):
    """Writes to the terminal from a thread of its own; `write` and `stop` never wait for the terminal."""

    def __init__(self, file: TextIOWrapper, on_dead: Callable[[str], None]) -> None:
        super().__init__(file)
        self._items: SimpleQueue[str | None] = SimpleQueue()
        self._on_dead = on_dead
        self._writing = False
        self.dropped = 0
        self.dead = False

    @property
    def waiting(self) -> int:
        """Writes the terminal has not taken yet."""
        return self._items.qsize() + self._writing

    def write(self, text: str) -> None:
        """Queue `text`, or drop it when the terminal is gone or too far behind."""
        if self.dead:
            return
        if self._items.qsize() >= (_MOST_WRITES if len(text) <= _SHORT_WRITE else _MOST_FRAME_WRITES):
            self.dropped += 1
            return
        self._items.put(text)

    def run(self) -> None:
        """Write until told to stop or until the terminal is gone."""
        fd = self._file.fileno()
        while (text := self._items.get()) is not None:
            self._writing = True
            try:
                _write_all(fd, text.encode("utf-8", "replace"))
            except OSError as error:
                self.dead = True
                self._on_dead(f"writing to it failed: {error.strerror}")
                return
            finally:
                self._writing = False

    def stop(self) -> None:
        """Ask the thread to end and give it a moment; a stalled terminal keeps it, and it dies with the process."""
        self._items.put(None)
        if self.is_alive():
            self.join(_JOIN_S)


class ConsoleDriver(LinuxDriver):
    """Textual's Linux driver on descriptors of our own, with a writer that cannot block and no job control."""

    def __init__(
        self, app: Any, *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        self._writer: TerminalWriter | None = None
        self._owner: TerminalOwner = app
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file = self._owner.terminal.output
        self.fileno = self._owner.terminal.input_fd
        self.input_tty = os.isatty(self.fileno)
        self._size = size or self._get_terminal_size()
        self._lost = False
        # Suspending the process would suspend the engine in it, so ^Z and job control are out.
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        signal.signal(signal.SIGCONT, self._continued)

    @property
    def _writer_thread(self) -> TerminalWriter | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, thread: WriterThread | None) -> None:
        self._writer = (
            None if thread is None else TerminalWriter(self._owner.terminal.output, self._report_lost)
        )

    @property
    def waiting(self) -> int:
        """Writes the terminal has not taken yet."""
        return 0 if self._writer is None else self._writer.waiting

    @property
    def dropped(self) -> int:
        """Writes that were dropped since the start."""
        return 0 if self._writer is None else self._writer.dropped

    def start_application_mode(self) -> None:
        """Take the terminal; from here on a write or read from the background fails instead of stopping us."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)

    def close(self) -> None:
        """Let the terminal go and give the signals back."""
        super().close()
        for number in (signal.SIGTSTP, signal.SIGCONT, signal.SIGTTOU, signal.SIGTTIN):
            signal.signal(number, signal.SIG_DFL)

    def set_mouse(self, on: bool) -> None:
        """Take the mouse or leave it to the terminal."""
        if on:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False

    def run_input_thread(self) -> None:
        """Read keys until told to stop; the end of the input means that the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.PollSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_POLL_S):
                    data = self._read()
                    if not data:
                        self._report_lost("it was closed")
                        return
                    for event in parser.feed(decode(data)):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""

    def _report_lost(self, reason: str) -> None:
        """From any thread: tell the owner, once, on its own loop."""
        if self._lost:
            return
        self._lost = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._owner.terminal_lost, reason)

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._owner.terminal.output.fileno())
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def _continued(self, *_: object) -> None:
        """After a SIGSTOP from outside another program may have had the terminal: take it again, draw everything."""
        if self.attrs_before is not None and self._writer is not None:
            self._loop.call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        if self.attrs_before is None:
            return
        attributes = list(self.attrs_before)
        attributes[3] = self._patch_lflag(attributes[3])
        attributes[0] = self._patch_iflag(attributes[0])
        try:
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)
        except termios.error:
            return
        self.write("\x1b[?1049h\x1b[?25l")
        self._app.refresh(layout=True)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            # Another holder of the terminal made it non-blocking; that is theirs to do, and ours to wait here.
            with selectors.PollSelector() as selector:
                selector.register(fd, selectors.EVENT_WRITE)
                selector.select(1.0)


class DriverLoad:
    """How far behind the terminal is; nothing for a driver that does not say."""

    def __init__(self, driver: Callable[[], Driver | None]) -> None:
        self._driver = driver

    @property
    def waiting(self) -> int:
        """Writes that wait."""
        driver = self._driver()
        return driver.waiting if isinstance(driver, ConsoleDriver) else 0

    @property
    def dropped(self) -> int:
        """Frames that were lost so far."""
        driver = self._driver()
        return driver.dropped if isinstance(driver, ConsoleDriver) else 0
