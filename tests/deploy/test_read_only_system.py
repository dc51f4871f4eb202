"""Under the unit everything but state and cache is read-only; kernels compile, are kept and load all the same.

The service manager is not needed to show it: a mount namespace of our own makes the file system read-only.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine import kernel_cache
from tests.deploy.unit_file import UNIT, directives

REPOSITORY = UNIT.parents[1]
PROGRAM = Path(sys.executable).with_name("quarterdeck")
WARM = "from engine.kernel_cache import warm; warm()"
# Read-only: the system, the program, the home directory. Writable: the two directories the unit asks for.
SCRIPT = """
set -eu
mount --bind "$STATE" "$STATE"
mount --bind "$CACHE" "$CACHE"
for place in / "$REPOSITORY" "$HOME"; do
    mount --bind "$place" "$place" 2>/dev/null || true
    mount -o remount,bind,ro "$place"
done
cd "$STATE"
if touch "$REPOSITORY/written" 2>/dev/null; then echo 'the program directory can be written to' >&2; exit 99; fi
exec "$@"
"""


@pytest.fixture
def rooms(tmp_path: Path) -> dict[str, str]:
    """The environment the unit gives: its own lines, with state and cache directories of this test."""
    state, cache = tmp_path / "state", tmp_path / "cache"
    state.mkdir()
    cache.mkdir()
    lines = " ".join(directives(UNIT.read_text())["Service.Environment"]).split()
    unit_environment = dict(line.split("=", 1) for line in lines)
    unit_environment["NUMBA_CACHE_DIR"] = unit_environment["NUMBA_CACHE_DIR"].replace(
        "%C/quarterdeck", str(cache)
    )
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(Path.home()),
        "STATE": str(state),
        "CACHE": str(cache),
        "REPOSITORY": str(REPOSITORY),
        **unit_environment,
    }


def read_only(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command where only STATE and CACHE can be written to."""
    return subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", SCRIPT, "sh", *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def trade_a_day(environment: dict[str, str]) -> None:
    database = Path(environment["STATE"]) / "quarterdeck.db"
    command = [str(PROGRAM), "run", "--no-ui", "--bars", "24", "--speed", "max", "--db", str(database)]
    outcome = read_only(environment, *command)
    assert outcome.returncode == 0, outcome.stderr
    assert "24 decisions" in outcome.stdout


def machine_code(folder: Path) -> dict[Path, int]:
    """The compiled kernels in a folder, each with the time it was written (ns)."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")}


@pytest.fixture
def namespaces(rooms: dict[str, str]) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed on this machine")
    probe = read_only(rooms, "true")
    if probe.returncode != 0:
        pytest.skip(f"this machine gives no mount namespaces: {probe.stderr.strip()}")


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("namespaces")
def test_kernels_that_were_kept_load(rooms: dict[str, str]) -> None:
    filled = kernel_cache.prepare()
    subprocess.run([sys.executable, "-c", WARM], cwd=REPOSITORY, check=True)
    kept = Path(rooms["NUMBA_CACHE_DIR"]) / filled.name
    shutil.copytree(filled, kept)
    before = machine_code(kept)
    assert before
    trade_a_day(rooms)
    assert machine_code(kept) == before


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("namespaces")
def test_kernels_compile_and_are_kept(rooms: dict[str, str]) -> None:
    trade_a_day(rooms)
    kept = Path(rooms["NUMBA_CACHE_DIR"])
    compiled = machine_code(kept)
    assert compiled
    trade_a_day(rooms)
    assert machine_code(kept) == compiled
