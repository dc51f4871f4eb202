"""A warm parent that forks lives: kernels imported and compiled, no thread and no loop ever started here.

Speaks JSON lines: a `Life` on stdin, how it ended on stdout. A life costs the fork and its own start, not imports.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
import threading
import time
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from engine import kernel_cache
from tests.crash.life import Life, end, live

LONGEST_LIFE_S = 90.0


def main() -> None:
    """Serve until stdin ends."""
    kernel_cache.warm()
    for name in ("duckdb", "engine.assembly", "engine.control", "engine.picture"):
        importlib.import_module(name)
    # What every life shares is copied page by page where its collector looks at it.
    gc.freeze()
    if threading.active_count() > 1:
        raise RuntimeError(f"a parent that forks must have one thread, not {threading.enumerate()}")
    print(json.dumps({"warm": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(bring_up(_life(json.loads(line)))), flush=True)


def bring_up(life: Life) -> dict[str, Any]:
    """Fork, wait, kill where the life asks for it; exit code (negative: signal), output and times of the life."""
    told, tell = os.pipe()
    output = f"{life.database}.out"
    born_s = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(told)
        _redirect(output)
        end(live(life, lambda: _tell(tell)))
    os.close(tell)
    handle = os.pidfd_open(child)
    try:
        ready_s = _attend(life, child, handle, told, born_s)
        _, status = os.waitpid(child, 0)
    finally:
        os.close(handle)
        os.close(told)
    with open(output, encoding="utf-8", errors="replace") as lines:
        said = lines.read()
    return {
        "code": os.waitstatus_to_exitcode(status),
        "output": said[-20_000:],
        "ready_s": ready_s,
        "seconds": time.monotonic() - born_s,
    }


def _attend(life: Life, child: int, handle: int, told: int, born_s: float) -> float | None:
    """Wait for the life's end, doing to it what it asked for; seconds until it was ready."""
    if life.kill_after_s is not None and life.from_start:
        if not _ended(handle, life.kill_after_s):
            os.kill(child, signal.SIGKILL)
        return None
    ready_s = None
    # The pipe closes when the child is gone, so this waits for whichever comes first.
    if select.select([told], [], [], LONGEST_LIFE_S)[0] and os.read(told, 1):
        ready_s = time.monotonic() - born_s
        if life.kill_after_s is not None and not _ended(handle, life.kill_after_s):
            os.kill(child, signal.SIGKILL)
        if life.pause is not None and not _ended(handle, life.pause[0]):
            os.kill(child, signal.SIGSTOP)
            _ended(handle, life.pause[1])
            os.kill(child, signal.SIGCONT)
    if not _ended(handle, LONGEST_LIFE_S):
        os.kill(child, signal.SIGKILL)
    return ready_s


def _tell(pipe: int) -> None:
    os.write(pipe, b"r")


def _ended(handle: int, within_s: float) -> bool:
    return bool(select.select([handle], [], [], within_s)[0])


def _redirect(output: str) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def _life(raw: dict[str, Any]) -> Life:
    raw["kill_at"] = None if raw["kill_at"] is None else tuple(raw["kill_at"])
    raw["commands"] = tuple((bar, kind, arguments) for bar, kind, arguments in raw["commands"])
    raw["script"] = tuple((decisions, kind, arguments) for decisions, kind, arguments in raw["script"])
    raw["pause"] = None if raw["pause"] is None else tuple(raw["pause"])
    return Life(**raw)


if __name__ == "__main__":
    main()
