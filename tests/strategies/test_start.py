"""Choosing and configuring signals loads no compiler; the kernels' reason codes are those of the contract."""

import subprocess
import sys

from strategies import arithmetic
from strategies.signal import REASONS, Reason

ROOMS = "strategies.config, strategies.registry, strategies.evaluate, strategies.panel, risk.guards, risk.health_guards"


def test_nothing_heavy_is_imported_before_the_first_bar() -> None:
    program = (
        f"import sys, {ROOMS}\n"
        "strategies.config.enabled_signals(strategies.config.SignalsConfig(), strategies.registry.installed())\n"
        "heavy = {'numba', 'pandas', 'scipy', 'duckdb', 'textual', 'rich'} & set(sys.modules)\n"
        "print(*sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_reason_codes() -> None:
    for name in ("OK", "WARMUP", "NAN_INPUT", "ZERO_VAR", "DEGENERATE", "FIT_FAILED"):
        assert REASONS[getattr(arithmetic, name)] is Reason[name]
