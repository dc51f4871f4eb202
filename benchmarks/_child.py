"""The command line in a process that says its peak resident memory (MB) as its last line on stderr."""

from __future__ import annotations

import resource
import sys

from console.cli import main

if __name__ == "__main__":
    try:
        main()
    finally:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
