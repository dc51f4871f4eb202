"""The status bar: the words that are never left out, and the line that must be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.arrangement import Size, size_of
from console.publisher import View
from console.widgets.ink import Line, plain_text, width_of
from console.widgets.status import banner_line, kill_words, status_lines
from console.widgets.tabs import badge_counts, tab_line
from engine.snapshot import Snapshot, VenueHealth
from tests.console import snapshots
from tests.console.views import view_of

SIZES = {Size.WIDE: 160, Size.MID: 100, Size.NARROW: 80}


def words(view: View, size: Size) -> str:
    return "\n".join(plain_text(line) for line in status_lines(view, {}, size, SIZES[size]))


@pytest.mark.parametrize("size", Size)
@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        (snapshots.running(), ["SIM", "ACTIVE", "kill: ready"]),
        (snapshots.warming_up(), ["REPLAY", "ACTIVE"]),
        (snapshots.reducing(), ["SIM", "REDUCING", "no new exposure", "drawdown by guard"]),
        (snapshots.halted(), ["SIM", "HALTED", "kill: flat"]),
        (snapshots.halted("cancelling"), ["HALTED", "kill: cancelling at simulated"]),
        (snapshots.with_stale(), ["1 STALE"]),
        (snapshots.starting(), ["STARTING", "compiling kernels"]),
        (None, ["SIM", "STARTING", "the engine is loading"]),
    ],
)
def test_mode_state_and_what_must_be_read_are_words_at_every_size(
    size: Size, snapshot: Snapshot | None, said: list[str]
) -> None:
    shown = words(view_of(snapshot), size)
    for word in said:
        assert word in shown


@pytest.mark.parametrize("size", Size)
def test_an_engine_that_is_silent_is_called_silent_and_its_age_grows(size: Size) -> None:
    assert "ENGINE SILENT" not in words(view_of(snapshots.running(), silent_ms=3_000), size)
    assert "ENGINE SILENT  no picture for 12s" in words(view_of(snapshots.running(), silent_ms=12_000), size)


def test_the_wide_bar_says_everything() -> None:
    shown = words(view_of(snapshots.running()), Size.WIDE)
    for part in (
        "simulated WS● REST● 38ms",
        "data 0.4s",
        "loop p99 2ms",
        "db 0.8ms",
        "market 2023-06-01 13:00Z 900x",
        "next 4s",
        "equity 104,123.31",
        "day ▲ +84.20 (+0.82%)",
        "dd ▼ −0.41% of 6.00%",
        "gross 0.79x",
        "net +0.41x",
        "orders 6",
        "fills 41",
        "cfg a91f",
    ):
        assert part in shown


def test_the_mid_bar_has_the_weights_on_a_line_of_their_own() -> None:
    assert "weights A1 0.40 · A2 0.35 · A3 0.25" in words(view_of(snapshots.running()), Size.MID)
    assert "weights" not in words(view_of(snapshots.running()), Size.WIDE)


def test_a_venue_that_is_not_up_says_so_by_glyph_and_by_its_own_word() -> None:
    sick = replace(snapshots.running(), venues=(VenueHealth("simulated", "reconnect 3/5", "down", None),))
    assert "simulated WS◐ reconnect 3/5 REST○" in words(view_of(sick), Size.WIDE)
    assert "sim○" in words(view_of(sick), Size.NARROW)


def test_a_slowed_screen_says_at_which_rate_it_is_drawn() -> None:
    assert "screen 2Hz" in words(view_of(snapshots.running(), lag_p99_ms=25.0, hz=2.0), Size.WIDE)


def test_the_kill_switch_is_in_the_bar_in_every_state() -> None:
    assert kill_words(view_of(snapshots.running()))[0] == "kill: ready"
    assert kill_words(view_of(snapshots.running(), armed=True)) == ("kill: ARMED", "armed")
    assert kill_words(view_of(snapshots.halted("flattening"))) == ("kill: flattening", "halted")


@pytest.mark.parametrize(("keymap", "key"), [({}, "^p"), ({"palette": "f9"}, "F9")])
def test_the_way_out_of_a_halt_is_named_by_the_operators_own_key(keymap: dict[str, str], key: str) -> None:
    words = plain_text(banner_line(view_of(snapshots.halted()), keymap))
    assert words.startswith(f" HALTED  {key}, Resume trading, leaves it.")


def test_silence_is_more_urgent_than_a_halt_and_a_halt_than_a_notice() -> None:
    noticed = replace(snapshots.halted(), notice="something else")
    assert plain_text(banner_line(view_of(noticed, silent_ms=9_000), {})).startswith(" ENGINE SILENT ")
    assert plain_text(banner_line(view_of(noticed), {})).startswith(" HALTED ")
    told = replace(snapshots.running(), notice="A1 0/428")
    assert plain_text(banner_line(view_of(told), {})) == " NOTE  A1 0/428"
    assert not banner_line(view_of(snapshots.running()), {})
    waiting = replace(view_of(None), starting="compiling kernels: 3 of 49")
    assert plain_text(banner_line(waiting, {})) == " STARTING  compiling kernels: 3 of 49"


@given(
    st.integers(1, 240),
    st.integers(1, 80),
    st.sampled_from(
        [
            snapshots.running,
            snapshots.warming_up,
            snapshots.halted,
            snapshots.reducing,
            snapshots.with_stale,
            lambda: None,
        ]
    ),
)
def test_no_line_is_ever_wider_than_the_screen(
    width: int, height: int, scene: Callable[[], Snapshot | None]
) -> None:
    lines: list[Line] = status_lines(view_of(scene()), {}, size_of(width, height), width)
    assert 2 <= len(lines) <= 4
    assert all(width_of(line) <= max(width, 1) for line in lines)


def test_tabs_name_all_panes_bracket_the_shown_one_and_badge_what_needs_attention() -> None:
    view = view_of(snapshots.with_stale())
    assert (
        plain_text(tab_line(view, "signals")) == " [1 Signals!1]  2 Weights   3 Positions   4 Risk!2   5 Log "
    )
    assert badge_counts(view_of(None)) == dict.fromkeys(badge_counts(view), 0)
