"""Where compiled kernels go: a folder per state of the sources, somewhere that can be written to."""

from __future__ import annotations

import ast
import json
import os
import re
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from engine import kernel_cache
from strategies.registry import BUILT_IN

PREPARE = "from engine import kernel_cache; print(kernel_cache.prepare())"


def run(code: str, **environment: str) -> str:
    """Output of a fresh process with these variables and no others of ours."""
    inherited = {k: v for k, v in os.environ.items() if k != kernel_cache.VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=True,
        cwd=kernel_cache.ROOT,
    )
    return done.stdout.strip()


def test_the_folder_is_named_for_the_sources_under_the_user_s_cache(tmp_path: Path) -> None:
    folder = Path(run(PREPARE, XDG_CACHE_HOME=str(tmp_path)))
    assert folder == tmp_path / "quarterdeck" / "numba" / kernel_cache.source_digest()
    assert folder.is_dir()


def test_the_environment_chooses_the_base_and_a_child_keeps_the_folder(tmp_path: Path) -> None:
    folder = run(PREPARE, NUMBA_CACHE_DIR=str(tmp_path))
    assert Path(folder).parent == tmp_path
    assert run(PREPARE, NUMBA_CACHE_DIR=folder) == folder


def test_where_nothing_can_be_written_it_is_a_private_folder_that_goes_away(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    folder = run(
        PREPARE + "; import os, stat; print(oct(stat.S_IMODE(os.stat(kernel_cache.prepare()).st_mode)))",
        NUMBA_CACHE_DIR=str(blocked),
        XDG_CACHE_HOME=str(blocked),
    ).splitlines()
    assert folder[1] == "0o700"
    assert "quarterdeck-numba-" in folder[0]
    assert not Path(folder[0]).exists()


def test_numba_uses_it_even_where_it_was_imported_before(tmp_path: Path) -> None:
    code = "import numba; " + PREPARE + "; print(numba.config.CACHE_DIR)"
    chosen, used = run(code, NUMBA_CACHE_DIR=str(tmp_path)).splitlines()
    assert chosen == used


@pytest.mark.parametrize("name", ["engine.decision_step", "risk.volatility", "strategies.blend.blend"])
def test_kernel_modules_are_found(name: str) -> None:
    assert name in kernel_cache.kernel_modules()


def test_kernels_of_signals_that_are_off_stay_unloaded() -> None:
    code = (
        "import sys; from engine import kernel_cache as cache; "
        "cache.warm(cache.needed_by(['strategies.classical.kernels.bands'])); "
        "print(*sorted(name for name in sys.modules if '.kernels.' in name), 'strategies.blend.blend' in sys.modules)"
    )
    assert run(code).split() == ["strategies.classical.kernels.bands", "True"]


@pytest.mark.parametrize("filled", [False, True])
def test_how_far_compiling_is(tmp_path: Path, filled: bool) -> None:
    """Told while a module is imported, where the cache was empty before; nothing is told of loading from a full one."""
    (tmp_path / "one.py").write_text("")
    (tmp_path / "two.py").write_text("from engine import kernel_cache; print(kernel_cache.compiling())")
    if filled:
        (tmp_path / kernel_cache.source_digest()).mkdir()
        (tmp_path / kernel_cache.source_digest() / "kernel").touch()
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r}); from engine import kernel_cache; "
        "kernel_cache.warm(['one', 'two']); print(kernel_cache.compiling())"
    )
    words = r"compiling kernels, once for this version: 1 of 2 modules ready, \d+ s so far"
    assert re.fullmatch("" if filled else words, run(code, NUMBA_CACHE_DIR=str(tmp_path)))


COLD = "strategies.classical.kernels.bands"
ENDS_WITHIN_S = 20.0
"""A fraction of what it takes to compile everything."""
BESIDE = (
    "import sys, threading; from engine import kernel_cache; stopped = threading.Event(); "
    f"kernel_cache.warm_beside([{COLD!r}], stopped); "
    f"print(kernel_cache._compiled_here(sys.modules[{COLD!r}].bands), *kernel_cache.prepare().glob('*.ready'))"
)


def test_beside_a_running_engine_another_process_compiles(tmp_path: Path) -> None:
    """Compiling holds the interpreter of whoever does it."""
    here, *marks = run(BESIDE, NUMBA_CACHE_DIR=str(tmp_path)).split()
    assert here == "False"
    assert [Path(mark).name for mark in marks] == [f"{COLD}.ready"]


@pytest.mark.slow
def test_what_the_cache_holds_for_another_processor_is_compiled_by_another_process_too(
    tmp_path: Path,
) -> None:
    """A cache is shared between machines, or moved to one."""
    kernel = (
        "from numba import njit\n\n@njit('float64(float64)', cache=True)\ndef double(x):\n    return 2 * x\n"
    )
    (tmp_path / "tiny.py").write_text(kernel)
    paths = os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))
    there = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": paths}
    beside = BESIDE.replace(COLD, "tiny").replace("bands", "double")
    for lines, other in ((1, {"NUMBA_CPU_NAME": "generic"}), (2, {}), (2, {})):
        here, mark = run(beside, **there, **other).split()
        assert here == "False"
        assert len(Path(mark).read_text().splitlines()) == lines


def test_a_source_that_was_written_anew_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """numba looks at the time of a file and where it lies, too."""
    monkeypatch.setattr(kernel_cache, "ROOT", tmp_path)
    source, marks = tmp_path / "tiny.py", set()
    for second in (1, 2):
        source.write_text("")
        os.utime(source, (second, second))
        marks |= {kernel_cache._environment("tiny")}
    assert len(marks) == 2


def test_a_compiler_ends_with_an_engine_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import threading; from engine import kernel_cache;"
        "kernel_cache.warm_beside(kernel_cache.kernel_modules(), threading.Event())"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {kernel_cache.VARIABLE: str(tmp_path)},
        cwd=kernel_cache.ROOT,
    )
    children = Path(f"/proc/{engine.pid}/task/{engine.pid}/children")
    while not (found := children.read_text().split()):
        assert engine.poll() is None
    compiler = os.pidfd_open(int(found[0]))
    try:
        engine.kill()
        engine.wait()
        ended, _, _ = select.select([compiler], [], [], ENDS_WITHIN_S)
        assert ended
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(compiler, signal.SIGKILL)
        os.close(compiler)


def test_how_far_the_other_process_is(tmp_path: Path) -> None:
    code = (
        "import threading; from engine import kernel_cache; stopped = threading.Event();"
        f"beside = threading.Thread(target=kernel_cache.warm_beside, args=([{COLD!r}], stopped)); beside.start()\n"
        "while beside.is_alive() and not (words := kernel_cache.compiling()): pass\n"
        "print(words); stopped.set(); beside.join(); print(kernel_cache.compiling() or 'over')"
    )
    words, after = run(code, NUMBA_CACHE_DIR=str(tmp_path)).splitlines()
    assert re.fullmatch(r"compiling kernels, once for this version: 0 of 1 modules ready, 0 s so far", words)
    assert after == "over"


def test_an_engine_that_ends_waits_for_no_compiler(tmp_path: Path) -> None:
    code = (
        "import sys, threading; from engine import kernel_cache; stopped = threading.Event(); stopped.set(); "
        f"kernel_cache.warm_beside([{COLD!r}], stopped); print({COLD!r} in sys.modules)"
    )
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == "False"


def test_no_compiler_is_begun_once_the_engine_ends(tmp_path: Path) -> None:
    """Neither to find out which module ended the one before: the engine did."""
    code = (
        "import sys, threading; from engine import kernel_cache; stopped, begun = threading.Event(), []\n"
        "sys.addaudithook(lambda event, _: begun.append(event) if event == 'subprocess.Popen' else None)\n"
        f"stopped.set(); kernel_cache.warm_beside([{COLD!r}, 'another'], stopped); print(len(begun))"
    )
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == "1"


ABSENT, DEADLY, LEAVING = "of_that_name_is_nothing", "ends_who_imports_it", "leaves_when_imported"
AND_OTHERS = (
    "import sys, threading; from engine import kernel_cache; "
    f"kernel_cache.warm_beside([{{first!r}}, {COLD!r}], threading.Event()); "
    f"print(kernel_cache._compiled_here(sys.modules[{COLD!r}].bands), "
    "*(mark.stem for mark in kernel_cache.prepare().glob('*.ready')))\n"
    "try:\n    from {first} import kernel\nexcept ImportError as fault:\n    print(fault)"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "fault"),
    [
        (ABSENT, f"ModuleNotFoundError: No module named '{ABSENT}'"),
        (DEADLY, "the process that compiled it was ended by signal 9"),
        (LEAVING, "the process that compiled it ended with code 3"),
    ],
)
def test_a_module_that_cannot_be_loaded_leaves_none_behind_it_uncompiled(
    tmp_path: Path, first: str, fault: str
) -> None:
    """Whoever asks for it hears why, at once and as often as it is asked for."""
    (tmp_path / f"{DEADLY}.py").write_text("import os; os.kill(os.getpid(), 9)")
    (tmp_path / f"{LEAVING}.py").write_text("import os; os._exit(3)")
    code, path = AND_OTHERS.format(first=first), f"{tmp_path}{os.pathsep}{kernel_cache.ROOT}"
    told = run(code, NUMBA_CACHE_DIR=str(tmp_path), PYTHONPATH=path)
    assert told.splitlines() == [f"False {COLD}", f"{first}: {fault}"]


def test_without_what_every_engine_needs_there_is_none() -> None:
    code = (
        "import sys; from engine import kernel_cache; sys.modules['engine.decision_step'] = None\n"
        "try:\n    kernel_cache.warm(['engine.decision_step'])\nexcept ImportError:\n    print('raised')"
    )
    assert run(code) == "raised"


def test_every_kernel_is_either_needed_by_all_or_by_a_signal() -> None:
    own = {kind.build(kind.settings()).kernels for kind in BUILT_IN}
    found = set(kernel_cache.kernel_modules())
    assert all(".kernels." in name for name in own)
    assert found >= set(kernel_cache.needed_by(own))
    assert set(kernel_cache.needed_by(())) == {name for name in found if ".kernels." not in name}


def test_everything_compiled_into_a_kernel_is_part_of_the_digest() -> None:
    """Kernels import from each other and from modules of constants; none of these may change unnoticed."""
    hashed = {
        ".".join(path.relative_to(kernel_cache.ROOT).with_suffix("").parts)
        for path in kernel_cache._sources()
    }
    hashed |= {
        ".".join(path.relative_to(kernel_cache.ROOT).with_suffix("").parts)
        for path in kernel_cache._constants()
    }
    for path in kernel_cache._sources():
        for node in ast.parse(path.read_text()).body:
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.split(".")[0]
                in (
                    "engine",
                    "risk",
                    "store",
                    "strategies",
                )
            ):
                named = {f"{node.module}.{alias.name}" for alias in node.names}
                assert node.module in hashed or named <= hashed, f"{path}: {node.module}"


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    code = (
        "import json; from engine import kernel_cache; w = kernel_cache.warm(kernel_cache.needed_by(())); "
        "print(json.dumps([w.seconds, w.compiled]))"
    )
    first, second = (json.loads(run(code, NUMBA_CACHE_DIR=str(tmp_path))) for _ in range(2))
    assert first[1]
    assert not second[1]
    assert second[0] < first[0]


def test_naming_a_decision_loads_no_compiler() -> None:
    assert run("import engine.decision, engine.kernel_cache, sys; print('numba' in sys.modules)") == "False"


def test_numba_comes_without_linear_algebra_that_a_kernel_could_still_use() -> None:
    code = (
        "import sys; from engine import kernel_cache; kernel_cache.load_numba();"
        "import engine.market_kernel, risk.volatility; print('scipy.linalg' in sys.modules);"
        "import numba, numpy as np; print(numba.njit(lambda a, b: np.dot(a, b))(np.ones(3), np.ones(3)))"
    )
    assert run(code).splitlines() == ["False", "3.0"]
