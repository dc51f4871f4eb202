"""The unit that ships: hardened, supervised, and free to compile kernels where it may write."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.unit_file import UNIT, directives

needs_systemd_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed on this machine"
)
HIGHEST_EXPOSURE = 1.5

REQUIRED = {
    # life cycle
    "Service.Type": ["notify"],
    "Service.NotifyAccess": ["main"],
    "Service.Restart": ["on-failure"],
    "Service.RestartPreventExitStatus": ["2 4"],
    "Service.KillSignal": ["SIGTERM"],
    "Service.ExecReload": ["/bin/kill -HUP $MAINPID"],
    "Unit.StartLimitBurst": ["5"],
    "Unit.StartLimitIntervalSec": ["600"],
    # what may be written, and by whom
    "Service.User": ["quarterdeck"],
    "Service.UMask": ["0077"],
    "Service.StateDirectory": ["quarterdeck"],
    "Service.StateDirectoryMode": ["0700"],
    "Service.CacheDirectory": ["quarterdeck"],
    "Service.ProtectSystem": ["strict"],
    "Service.ProtectHome": ["yes"],
    # what may be reached
    "Service.NoNewPrivileges": ["yes"],
    "Service.CapabilityBoundingSet": [],
    "Service.RestrictAddressFamilies": ["AF_UNIX"],
    "Service.SystemCallArchitectures": ["native"],
}


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    return directives(UNIT.read_text())


def test_an_empty_value_clears_and_a_repeated_key_adds() -> None:
    text = "[Service]\nA=1\nA=2\n# A=9\nB=x\nB=\n"
    assert directives(text) == {"Service.A": ["1", "2"], "Service.B": []}


@pytest.mark.parametrize(("key", "values"), REQUIRED.items(), ids=REQUIRED.keys())
def test_directive_is_set(unit: dict[str, list[str]], key: str, values: list[str]) -> None:
    assert unit[key] == values


@pytest.mark.parametrize("key", ["WatchdogSec", "TimeoutStartSec", "TimeoutStopSec", "RestartSec"])
def test_waiting_is_bounded(unit: dict[str, list[str]], key: str) -> None:
    (seconds,) = unit[f"Service.{key}"]
    assert 0 < int(seconds) <= 300


def test_kernels_may_be_compiled_and_kept(unit: dict[str, list[str]]) -> None:
    assert "Service.MemoryDenyWriteExecute" not in unit
    assert "NUMBA_CACHE_DIR=%C/quarterdeck/numba" in unit["Service.Environment"]


def test_database_and_so_the_control_socket_live_in_the_state_directory(unit: dict[str, list[str]]) -> None:
    command = start_command(unit)
    assert command[1:3] == ["run", "--no-ui"]
    assert option(command, "--db") == "%S/quarterdeck/quarterdeck.db"
    assert option(command, "--config") == "/etc/quarterdeck/config.toml"


@needs_systemd_analyze
def test_exposure_is_low() -> None:
    report = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    figure = re.search(r"Overall exposure level for quarterdeck\.service: ([\d.]+)", report)
    assert figure is not None, report
    assert float(figure.group(1)) <= HIGHEST_EXPOSURE


@needs_systemd_analyze
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """`verify` also looks for the executable, which is not installed here: any that exists stands in."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/quarterdeck/.venv/bin/quarterdeck", "/bin/true"))
    verdict = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    about_this_unit = [line for line in verdict.stderr.splitlines() if UNIT.name in line]
    assert about_this_unit == []


def start_command(unit: dict[str, list[str]]) -> list[str]:
    (line,) = unit["Service.ExecStart"]
    return shlex.split(line)


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]
