"""A process that does nothing but wake up, to tell what the machine does to everybody from what we do to ourselves.

    python benchmarks/_witness.py

Until its standard input is closed it sleeps 20 ms at a time; then it prints the latest it ever woke, in ms.
"""

from __future__ import annotations

import select
import sys
import time

BEAT_S = 0.02


def main() -> None:
    latest_s = 0.0
    while True:
        began_s = time.monotonic()
        if select.select([sys.stdin], [], [], BEAT_S)[0]:
            break
        latest_s = max(latest_s, time.monotonic() - began_s - BEAT_S)
    print(f"{latest_s * 1e3:.1f}")


if __name__ == "__main__":
    main()
