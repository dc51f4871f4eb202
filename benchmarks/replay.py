"""Replay with everything journalled: decisions a second, memory, and that memory is flat in the history's length.

Each run is a process of its own with a fresh database, headless, at full speed, on the recorded 1h coin files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FILES = "ohlcv_binance_*USDT_1h_2021-2023.parquet"
SPANS = (
    ("half a year, trading", "20220701-20221231"),
    ("a year, trading", "20220701-20230630"),
    ("the whole history", ""),
)


def main() -> None:
    """Print one table."""
    data = Path(os.environ.get("QUARTERDECK_DATA") or REPOSITORY.parent / "shared" / "data")
    if not list(data.glob(FILES)):
        print(f"skipped: no {FILES} in {data}; set QUARTERDECK_DATA")
        return
    measured(data, "20220701-20220702")
    print(f"{'span':<24}{'bars':>8}{'orders':>8}{'decisions/s':>13}{'wall s':>8}{'peak RSS MB':>13}")
    for name, span in SPANS:
        summary, rss_mb = measured(data, span)
        print(
            f"{name:<24}{summary['bars']:>8}{summary['orders']:>8}{summary['decisions_per_second']:>13.0f}"
            f"{summary['seconds']:>8.1f}{rss_mb:>13.0f}"
        )


def measured(data: Path, span: str) -> tuple[dict[str, float], float]:
    """The summary of one run and the peak resident memory of its process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "benchmarks._child", "run", "--mode", "replay", "--no-ui", "--json"),
            *("--speed", "max", "--data", str(data / FILES), "--db", f"{folder}/replay.db"),
            *(("--timerange", span) if span else ()),
        ]
        done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    rss_mb = float(done.stderr.strip().splitlines()[-1])
    summary: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return summary, rss_mb


if __name__ == "__main__":
    main()
