"""Where compiled kernels are kept, and having them compiled before they are needed.

numba looks at a kernel's own file alone when it decides whether a cached machine code is fresh; a kernel that
calls into another module would keep running that module's old code. So every state of the kernel sources,
together with the versions of numba and NumPy, gets a folder of its own. A package directory that cannot be
written to is no obstacle either: the folder lies in the user's cache.

A module that a signal brings may be anybody's. One that cannot be imported or compiled is refused: whoever asks for it
hears why at once, which leaves that signal without an opinion, and the modules behind it are loaded all the same.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import NoReturn

SOURCE = "engine.kernel_cache"
VARIABLE = "NUMBA_CACHE_DIR"
COMPILE = "import sys; from engine import kernel_cache; kernel_cache.end_with_parent(); kernel_cache.warm(sys.argv[1:])"
LOW_PRIORITY = 10
LOOKS_EVERY_S = 0.1
ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("engine", "risk", "strategies")
IMPORTS_OURS = re.compile(rb"^from ((?:engine|risk|strategies|store)[\w.]*) import (\w+)", re.MULTILINE)
IMPORTS_NUMBA = re.compile(rb"^(?:from|import) numba\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Warmth:
    """How long it took to have every kernel ready, and whether any had to be compiled."""

    seconds: float
    compiled: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """A warming under way: modules `ready` of how many, since when (monotonic s), and whether any is compiled."""

    ready: int
    total: int
    began_s: float
    compiles: bool


_under_way: Progress | None = None
"""Of this process, as its cache is."""
_refused: set[str] = set()
"""The modules of signals that could not be loaded in this process."""


@cache
def prepare() -> Path:
    """Point numba at a folder for exactly these kernel sources; the same folder for the life of the process.

    Call before any kernel module is imported. The base is NUMBA_CACHE_DIR where it is set, else the user's
    cache folder; where neither can be written to, a private temporary folder that is removed at exit.
    """
    digest = source_digest()
    configured = os.environ.get(VARIABLE)
    for base in (configured, _user_cache()):
        if base and (folder := _usable(Path(base), digest)):
            return _point_numba_to(folder)
    temporary = Path(tempfile.mkdtemp(prefix="quarterdeck-numba-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return _point_numba_to(temporary)


def load_numba() -> None:
    """Import numba before a kernel does, without the SciPy that its import looks for. Blocking.

    numba loads SciPy's linear algebra to learn whether kernels may call it: a tenth of a second, 14 MB and a pool of
    threads. Our kernels do not; one that did would still find it when it is compiled.
    """
    sought = "scipy.linalg"
    hidden = sought not in sys.modules
    if hidden:
        sys.modules[sought] = None  # type: ignore[assignment]
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        if hidden:
            del sys.modules[sought]


def warm(names: Iterable[str] | None = None) -> Warmth:
    """Import these kernel modules (every one without them), compiling what the cache does not hold; of those that every
    engine needs one that cannot be imported raises, any other is refused.

    Blocking: call it off the loop; `compiling` says meanwhile how far it is.
    """
    global _under_way
    began_s, is_empty = time.monotonic(), not any(prepare().iterdir())
    wanted, compiled = kernel_modules() if names is None else tuple(names), False
    try:
        for ready, name in enumerate(wanted):
            _under_way = Progress(ready, len(wanted), began_s, is_empty or compiled)
            try:
                kernels = vars(importlib.import_module(name)).values()
                compiled = compiled or any(_compiled_here(kernel) for kernel in kernels)
            except (Exception, SystemExit) as fault:
                if _is_shared(name):
                    raise
                text = " ".join(str(fault).split())
                _refuse(name, f"{type(fault).__name__}: {text}")
                continue
            if name not in _refused:
                _note_ready(name)
    finally:
        _under_way = None
    return Warmth(time.monotonic() - began_s, compiled)


def warm_beside(names: Iterable[str], stopped: threading.Event, priority: int = LOW_PRIORITY) -> None:
    """As `warm`, while others need this interpreter: what the cache does not hold is compiled by a process of its own,
    at a low `priority` (niceness), which ends once `stopped`; then nothing is imported. Blocking: call it off the loop.
    """
    wanted = tuple(names)
    prepare()
    if _compile(_missing(wanted), stopped, priority) != 0:
        # What ends a process would end this one, too: each by itself shows which of them it is.
        for name in _missing(wanted):
            if stopped.is_set():
                return
            code = _compile((name,), stopped, priority)
            if code != 0 and not stopped.is_set() and not _is_shared(name):
                how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
                _refuse(name, f"the process that compiled it {how}")
    if not stopped.is_set():
        # What the other process could not compile says why here.
        warm(wanted)


def compiling() -> str:
    """How far compiling is, in words; "" where the cache holds what is loaded, or nothing is."""
    progress = _under_way
    if progress is None or not progress.compiles:
        return ""
    seconds = time.monotonic() - progress.began_s
    return (
        f"compiling kernels, once for this version: {progress.ready} of {progress.total} modules ready, "
        f"{seconds:.0f} s so far"
    )


def kernel_modules() -> tuple[str, ...]:
    """Names of the modules that hold kernels, in a fixed order."""
    return tuple(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in _sources())


def needed_by(own: Iterable[str]) -> tuple[str, ...]:
    """The modules every engine needs, then those its signals bring; what stands in a folder `kernels` belongs to
    one signal and costs nothing while that is switched off."""
    shared = [name for name in kernel_modules() if _is_shared(name)]
    return (*shared, *sorted({name for name in own if name}))


def end_with_parent() -> None:
    """End this process with the one that started it, whatever ends that: nobody else waits for what it compiles."""

    def wait() -> None:
        # The other end is the parent's alone; it never writes.
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def _missing(names: Iterable[str]) -> tuple[str, ...]:
    """The modules that the cache does not hold and that may still be compiled."""
    return tuple(name for name in names if name not in _refused and not _is_ready(name))


def _compile(names: Iterable[str], stopped: threading.Event, priority: int) -> int:
    """Have another process fill the cache with these modules, which ends once `stopped`; how it ended. `compiling` says
    meanwhile how far it is."""
    global _under_way
    wanted, began_s = tuple(names), time.monotonic()
    if not wanted:
        return 0
    compiler = subprocess.Popen(
        [sys.executable, "-c", COMPILE, *wanted],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, compiler.pid, priority)
    try:
        while compiler.poll() is None:
            _under_way = Progress(len(wanted) - len(_missing(wanted)), len(wanted), began_s, True)
            if stopped.wait(LOOKS_EVERY_S):
                compiler.kill()
                compiler.wait()
    finally:
        _under_way = None
        if compiler.stdin is not None:
            compiler.stdin.close()
    return compiler.returncode


def _is_shared(name: str) -> bool:
    """Whether every engine needs a module, whatever its signals."""
    return name in kernel_modules() and ".kernels." not in name


def _refuse(name: str, fault: str) -> None:
    """Let whoever asks for a module of a signal hear what is wrong with it, rather than find out again at each bar."""

    def tell(wanted: str) -> NoReturn:
        # Whoever looks through all modules asks what each is, and must not fail over one.
        raise AttributeError(wanted) if wanted.startswith("__") else ImportError(f"{name}: {fault}")

    refused = ModuleType(name)
    refused.__getattr__ = tell  # type: ignore[method-assign]
    sys.modules[name] = refused
    _refused.add(name)


def source_digest() -> str:
    """A short name for this state of the kernel sources and of what compiles them."""
    digest = hashlib.sha256(f"{version('numba')} {version('numpy')} {sys.version_info[:2]}".encode())
    for path in sorted({*_sources(), *_constants()}):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _is_ready(name: str) -> bool:
    """Whether the cache holds all kernels of a module for this processor."""
    try:
        return _environment(name) in _ready_mark(name).read_text("utf-8").splitlines()
    except OSError:
        return False


def _note_ready(name: str) -> None:
    if not _is_ready(name):
        with _ready_mark(name).open("a", encoding="utf-8") as mark:
            mark.write(f"{_environment(name)}\n")


def _ready_mark(name: str) -> Path:
    """Holds a line for each processor and checkout that the cache has a module's kernels for."""
    return prepare() / f"{name}.ready"


def _environment(name: str) -> str:
    """What numba looks at beside the sources' text before it takes machine code from the cache: the processor, and the
    file's path, time and size."""
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    seen = ""
    with suppress(OSError):
        stat = path.stat()
        seen = f"{path} {stat.st_mtime_ns} {stat.st_size}"
    return hashlib.sha256(f"{_processor()} {seen}".encode()).hexdigest()[:16]


@cache
def _processor() -> str:
    """The target that numba compiles for, as its cache names it."""
    load_numba()
    from numba.core.registry import cpu_target

    return str(cpu_target.target_context.codegen().magic_tuple())


@cache
def _sources() -> tuple[Path, ...]:
    """The files that import numba."""
    files = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return tuple(path for path in files if IMPORTS_NUMBA.search(path.read_bytes()))


def _constants() -> set[Path]:
    """The files kernels import from: what they name there is compiled into them as a constant."""
    found: set[Path] = set()
    for source in _sources():
        for module, name in IMPORTS_OURS.findall(source.read_bytes()):
            folder = ROOT.joinpath(*module.decode().split("."))
            candidates = (folder.with_suffix(".py"), folder / f"{name.decode()}.py")
            found.update(path for path in candidates if path.is_file())
    return found


def _user_cache() -> str:
    from platformdirs import user_cache_path

    return str(user_cache_path("quarterdeck") / "numba")


def _usable(base: Path, digest: str) -> Path | None:
    """The folder `digest` under `base` (or `base` itself, when a parent process has chosen it), if files can
    be made."""
    folder = base if base.name == digest else base / digest
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


def _point_numba_to(folder: Path) -> Path:
    """For this process and its children, also where numba has read its settings already."""
    os.environ[VARIABLE] = str(folder)
    if (settings := sys.modules.get("numba.core.config")) is not None:
        settings.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    return folder


def _compiled_here(kernel: object) -> bool:
    """Whether `kernel` is a kernel that was compiled in this process rather than loaded."""
    from numba.core.dispatcher import Dispatcher

    return isinstance(kernel, Dispatcher) and bool(kernel.stats.cache_misses)
