"""Killed at any statement and started again, the venue's books end as those of a run that nobody disturbed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


def run(folder: Path, seed: int, kills: int, faults: float) -> tuple[str, int, int]:
    """Digest of the books, kills survived, fills told."""
    folder.mkdir()
    arguments = [str(folder), str(seed), str(kills), str(faults)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.venues.crash_run", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    digest, killed, fills = done.stdout.split()
    return digest, int(killed), int(fills)


def assert_survives(folder: Path, seed: int, kills: int, faults: float) -> None:
    calm = run(folder / "calm", seed, 0, faults)
    disturbed = run(folder / "disturbed", seed, kills, faults)
    assert calm[1] == 0
    assert disturbed[1] == kills, "every kill fell inside the run"
    assert calm[2] > 50, "and there was something to lose"
    assert disturbed[0] == calm[0]


@pytest.mark.parametrize(("seed", "faults"), [(1, 0.0), (2, 0.2)])
def test_killed_a_dozen_times(tmp_path: Path, seed: int, faults: float) -> None:
    assert_survives(tmp_path, seed, 12, faults)


@pytest.mark.slow
@pytest.mark.parametrize("faults", [0.0, 0.2])
@pytest.mark.parametrize("seed", range(10, 20))
def test_killed_two_dozen_times(tmp_path: Path, seed: int, faults: float) -> None:
    assert_survives(tmp_path, seed, 24, faults)


def test_faults_have_a_digest_of_their_own_only_where_they_reach_the_books(tmp_path: Path) -> None:
    """Lost answers are resolved by asking; what is accepted in the end is the same."""
    assert run(tmp_path / "a", 3, 0, 0.0)[0] == run(tmp_path / "b", 3, 0, 0.2)[0]
