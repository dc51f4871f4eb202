"""What every test may ask for: the folder of recorded market data, and reproducible Hypothesis runs."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from engine import kernel_cache

# Before any test imports a kernel: numba's own cache does not notice a change in a module that a kernel calls.
kernel_cache.prepare()

REPOSITORY = Path(__file__).resolve().parent.parent

# A loaded machine generates slowly and misses deadlines; neither says anything about the code under test.
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "slow", parent=settings.get_profile("ci"), derandomize=False, database=None, max_examples=1_000
)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of recorded bars: `QUARTERDECK_DATA`, else `../shared/data` beside the repository.

    Skips the test where the folder is missing or holds no Parquet file.
    """
    folder = Path(os.environ.get("QUARTERDECK_DATA") or REPOSITORY.parent / "shared" / "data")
    if not any(folder.glob("*.parquet")):
        pytest.skip(
            f"no recorded market data in {folder}: point QUARTERDECK_DATA at a folder of Parquet files"
        )
    return folder


def pytest_collection_finish() -> None:
    """Thousands of tests and all their modules live to the end: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
