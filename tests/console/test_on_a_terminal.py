"""The console on a real pseudo-terminal, with a neighbour on its loop that must not notice anything."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.console.terminal_session import TerminalSession, demo, report

pytestmark = pytest.mark.terminal

READY = "^k KILL"
LARGEST_GAP_S = 0.5
CTRL_K, CTRL_Z, ESCAPE = b"\x0b", b"\x1a", b"\x1b"


def stalled(seconds: float, size: tuple[int, int], folder: Path, *, keys: bytes = b"") -> dict[str, object]:
    """Run beside a terminal that stops reading once the screen is up; the engine ends by itself meanwhile."""
    beats = folder / "beats.json"
    command = demo("--rows", "200", "--seconds", str(seconds + 1), "--beats", str(beats))
    with TerminalSession(command, size) as session:
        session.until_shown(READY)
        session.send(keys)
        session.wait(seconds + 15)
    return report(beats)


@pytest.mark.benchmark
def test_a_terminal_that_stops_reading_delays_nobody(tmp_path: Path) -> None:
    told = stalled(4.0, (160, 45), tmp_path)
    assert told["ending"] == "engine_ended"
    assert told["largest_gap_s"] <= LARGEST_GAP_S  # type: ignore[operator]
    assert told["beats"] >= 80  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.benchmark
@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
def test_a_terminal_that_stops_reading_for_ten_seconds_while_keys_are_struck(
    size: tuple[int, int], tmp_path: Path
) -> None:
    told = stalled(10.0, size, tmp_path, keys=b"\t" * 400 + CTRL_K)
    assert told["largest_gap_s"] <= LARGEST_GAP_S  # type: ignore[operator]
    assert told["beats"] >= 180  # type: ignore[operator]


@pytest.mark.benchmark
def test_after_a_stall_the_screen_is_whole_again(tmp_path: Path) -> None:
    def masked(lines: list[str]) -> list[str]:
        return [re.sub(r"\d", "9", line) for line in lines[3:]]

    with TerminalSession(demo("--scene", "running"), (160, 45)) as session:
        session.until_shown(READY)
        session.read_for(1.0)
        before = masked(session.lines)
        # What happens now finds no room: the last frames, with the limits in focus, are never written.
        session.send(b"\tzz" * 120 + b"4")
        session.until_idle()
        session.read_for(2.5)
        assert "┏━ 4 RISK LIMITS" in session.text
        session.send(b"1")
        session.until(lambda: masked(session.lines) == before, within_s=15)


@pytest.mark.benchmark
def test_a_hang_up_ends_the_screen_and_not_its_neighbour(tmp_path: Path) -> None:
    beats = tmp_path / "beats.json"
    with TerminalSession(demo("--rows", "50", "--seconds", "3", "--beats", str(beats))) as session:
        session.until_shown(READY)
        session.hang_up()
        assert session.wait(20) == 0
    told = report(beats)
    assert told["ending"] == "terminal_lost"
    # The signal, the reader and the writer all notice; whichever is first gives the reason.
    assert told["detail"] in ("hang-up", "it was closed", "writing to it failed: Input/output error")
    assert told["after_end"] >= 20
    assert told["largest_gap_s"] <= LARGEST_GAP_S


@pytest.mark.benchmark
def test_a_terminal_that_vanishes_without_a_signal_is_noticed_too(tmp_path: Path) -> None:
    beats = tmp_path / "beats.json"
    command = demo("--rows", "50", "--seconds", "3", "--beats", str(beats))
    with TerminalSession(command, controlling=False) as session:
        session.until_shown(READY)
        session.hang_up()
        assert session.wait(20) == 0
    told = report(beats)
    assert told["ending"] == "terminal_lost"
    assert told["after_end"] >= 20
    assert told["largest_gap_s"] <= LARGEST_GAP_S


@pytest.mark.benchmark
def test_a_hang_up_while_stalled_ends_the_screen_and_not_its_neighbour(tmp_path: Path) -> None:
    beats = tmp_path / "beats.json"
    command = demo("--rows", "200", "--seconds", "4", "--beats", str(beats))
    with TerminalSession(command, (160, 45)) as session:
        session.until_shown(READY)
        session.send(b"\t" * 300)
        with pytest.raises(Exception, match="timed out"):
            session.wait(1.5)
        session.hang_up()
        assert session.wait(20) == 0
    told = report(beats)
    assert told["ending"] == "terminal_lost"
    assert told["largest_gap_s"] <= LARGEST_GAP_S


@pytest.mark.benchmark
def test_a_fault_of_the_screen_ends_the_screen_and_not_its_neighbour(tmp_path: Path) -> None:
    beats, output = tmp_path / "beats.json", tmp_path / "output"
    command = demo("--raise-after", "1.2", "--seconds", "3.5", "--beats", str(beats), "--output", str(output))
    with TerminalSession(command) as session:
        session.until_shown(READY)
        assert session.wait_reading(20) == 1
        assert "the screen ended: failed" in session.text
        assert b"\x1b[?1049l" in session.raw
    told = report(beats)
    assert (told["ending"], told["return_code"]) == ("failed", 1)
    assert told["detail"] == "RuntimeError: planted in the picture"
    assert told["after_end"] >= 20
    assert told["largest_gap_s"] <= LARGEST_GAP_S
    assert "planted in the picture" in output.read_text()


def test_what_others_print_goes_to_the_file_and_never_to_the_screen(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with TerminalSession(demo("--scene", "running", "--noise", "--output", str(output))) as session:
        session.until_shown(READY)
        session.read_for(0.5)
        assert "noise" not in session.text
        session.send(b"q")
        session.until_shown("QUIT?")
        session.read_for(0.5)
        session.send(b"u")
        assert session.wait_reading(10) == 0
        assert "the screen ended: left" in session.text
    kept = output.read_text()
    assert "noise on 1" in kept
    assert "noise on 2" in kept


def test_the_kill_switch_by_hand(tmp_path: Path) -> None:
    with TerminalSession(demo("--scene", "running")) as session:
        session.until_shown(READY)
        session.send(CTRL_K)
        session.until_shown("KILL SWITCH ARMED")
        session.until_shown("entries are paused")
        session.send(CTRL_K * 30 + b"\r \ry")
        session.read_for(0.6)
        assert "KILL SWITCH ARMED" in session.text
        session.send(b"F")
        session.until_shown("HALTED")


def test_the_arming_key_held_down_for_two_seconds_only_arms(tmp_path: Path) -> None:
    beats = tmp_path / "beats.json"
    with TerminalSession(demo("--scene", "running", "--seconds", "6", "--beats", str(beats))) as session:
        session.until_shown(READY)
        held_until_s = time.monotonic() + 2.0
        while time.monotonic() < held_until_s:
            session.send(CTRL_K)
            session.read_for(1 / 30)
        assert "KILL SWITCH ARMED" in session.text
        session.wait_reading(20)
    assert [kind for kind, _, _ in report(beats)["asked"]] == ["pause"]


def test_without_colour_none_is_sent() -> None:
    with TerminalSession(demo("--scene", "halted"), (160, 45), environment={"NO_COLOR": "1"}) as session:
        session.until_shown(READY)
        session.read_for(1.0)
        for words in ("SIM", "HALTED", "kill: flat", "WARN"):
            assert words in session.text
        styles = {
            code for style in re.findall(rb"\x1b\[([0-9;]*)m", session.raw) for code in style.split(b";")
        }
        coloured = sorted(
            code for code in styles if 30 <= int(code or b"0") <= 38 or 40 <= int(code or b"0") <= 48
        )
        assert coloured == []


def test_keys_that_come_in_one_burst_go_where_they_were_meant_to_go() -> None:
    with TerminalSession(demo("--scene", "running"), (160, 45)) as session:
        session.until_shown(READY)
        session.send(b"3/SOL\rz")
        session.until_shown("/SOL 1 of 3")
        session.send(b"zgGp")
        session.until_shown("PAUSE ENTRIES?")


def test_fields_that_are_filled_in_one_burst_get_what_is_theirs() -> None:
    with TerminalSession(demo("--scene", "halted"), (160, 45)) as session:
        session.until_shown(READY)
        session.send(b"\x10")
        session.until_shown("Find an action")
        session.send(b"resume trading\r")
        session.until_shown("RESUME TRADING")
        session.send(b"RESUME\rlooked into it")
        session.until_shown("Enter resumes trading.")


def test_nothing_suspends_the_process() -> None:
    with TerminalSession(demo("--scene", "running")) as session:
        session.until_shown(READY)
        session.send(CTRL_Z)
        os.kill(session.process.pid, signal.SIGTSTP)
        session.send(b"3")
        session.until_shown("[3 Positions]")


def test_after_a_stop_from_outside_the_screen_is_drawn_again() -> None:
    with TerminalSession(demo("--scene", "running")) as session:
        session.until_shown(READY)
        os.kill(session.process.pid, signal.SIGSTOP)
        drawn = len(session.raw)
        os.kill(session.process.pid, signal.SIGCONT)
        session.until(lambda: b"\x1b[?1049h" in session.raw[drawn:])
        session.send(b"3")
        session.until_shown("[3 Positions]")


def test_the_screen_follows_the_size_of_the_terminal() -> None:
    with TerminalSession(demo("--scene", "running"), (160, 45)) as session:
        session.until_shown("4 RISK LIMITS")
        session.resize(80, 24)
        os.kill(session.process.pid, signal.SIGWINCH)
        session.until_shown("[1 Signals]")
