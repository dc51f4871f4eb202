"""One table of actions: whatever is in it works, and whatever works is in it."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from console.actions import ACTIONS, BY_ID, Action, Scope
from console.actions_desk import THEME_NAMES
from console.app import ConsoleApp
from console.config import ConsoleConfig
from console.keymap import faults, key_label, keys_of, label
from console.screens.audit import AuditScreen
from console.screens.configuration import ConfigurationScreen
from console.screens.confirm import ConfirmScreen
from console.screens.desk import Desk
from console.screens.dialog import Dialog
from console.screens.drill import Drill
from console.screens.help import HelpScreen, help_rows
from console.screens.kill import KillScreen
from console.screens.kill_progress import KillProgress
from console.screens.order_keys import OrderKeys
from console.screens.palette import offered
from console.screens.parameters import ParametersScreen
from console.screens.position import PositionScreen
from console.screens.quit import QuitScreen
from console.screens.resume import ResumeScreen
from console.screens.signal import SignalScreen
from console.screens.weight import WeightScreen
from console.screens.welcome import WelcomeScreen
from console.theme import THEMES
from console.widgets.filterline import FilterLine

OWNERS: dict[Scope, type] = {
    "app": ConsoleApp,
    "desk": Desk,
    "screen": Drill,
    "tabs": Drill,
    "orders": OrderKeys,
    "order": OrderKeys,
    "position": PositionScreen,
    "audit": AuditScreen,
    "config": ConfigurationScreen,
    "filter": FilterLine,
    "dialog": Dialog,
    "choice": Dialog,
    "kill": KillScreen,
    "progress": KillProgress,
    "quit": QuitScreen,
    "confirm": ConfirmScreen,
    "weight": WeightScreen,
    "parameters": ParametersScreen,
    "signal": SignalScreen,
    "resume": ResumeScreen,
    "welcome": WelcomeScreen,
    "help": HelpScreen,
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_is_carried_out_explained_and_reachable(action: Action) -> None:
    method = "action_" + action.call.partition("(")[0]
    owners = [OWNERS[action.scope], *([Drill] if action.on_screens else [])]
    assert all(callable(getattr(owner, method)) for owner in owners)
    assert action.description
    assert action.keys or action.scope in ("app", "desk")
    assert action.id in help_rows({})


def test_ids_are_unique_and_the_defaults_are_without_fault() -> None:
    assert len(BY_ID) == len(ACTIONS)
    assert faults({}) == []


def test_every_theme_can_be_chosen_by_name() -> None:
    assert THEME_NAMES == THEMES
    assert get_args(ConsoleConfig.model_fields["theme"].annotation) == ("auto", *THEMES)


def test_the_kill_switch_works_everywhere_and_nothing_suspends_the_process() -> None:
    assert BY_ID["kill.arm"].priority
    assert keys_of(BY_ID["kill.arm"], {}) == ("ctrl+k",)
    assert all("ctrl+z" not in action.keys for action in ACTIONS)


def test_the_palette_offers_everything_that_can_be_done_from_where_the_operator_is() -> None:
    on_desk = {action.id for action in offered(("app", "desk"))}
    assert on_desk == {a.id for a in ACTIONS if a.scope in ("app", "desk")} - {"palette"}
    on_orders = {action.id for action in offered(("app", "desk", "screen", "orders", "order"))}
    assert on_orders - on_desk == {a.id for a in ACTIONS if a.scope in ("screen", "orders", "order")}


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("ctrl+k", "^k"),
        ("shift+tab", "S-Tab"),
        ("escape", "Esc"),
        ("question_mark", "?"),
        ("G", "G"),
        ("f5", "F5"),
        ("f", "f"),
    ],
)
def test_keys_are_shown_as_the_operator_reads_them(key: str, shown: str) -> None:
    assert label(key) == shown


def test_a_key_that_must_be_struck_twice_is_shown_twice() -> None:
    assert key_label(BY_ID["nav.first"], {}) == "g g"


@pytest.mark.parametrize(
    ("keymap", "words"),
    [
        ({"nav.dwon": "n"}, "nav.dwon is no action"),
        ({"nav.down": "k"}, "k would mean both nav.down and nav.up"),
        ({"nav.down": ""}, "nav.down would have no key"),
        ({"nav.down": "ctrl+alt+x"}, "is no key"),
        ({"nav.down": "ctrl+z"}, "suspend the process"),
        ({"nav.down": "ctrl+m"}, "is Enter to a terminal"),
        ({"help": "ctrl+k"}, "^k would mean both kill.arm and help"),
        ({"kill.flatten": "enter"}, "cannot confirm"),
        ({"kill.flatten": "y"}, "cannot confirm"),
        ({"kill.halt": "F"}, "F would mean both kill.flatten and kill.halt"),
        ({"kill.flatten": "ctrl+k"}, "^k would mean both kill.arm and kill.flatten"),
        ({"pause.confirm": "p"}, "already asks the question"),
        ({"mode.resume": "u"}, "it is in the palette"),
        ({"theme.dark": "D"}, "it is in the palette"),
        ({"flatten.confirm": "x"}, "already asks the question"),
        ({"signal.confirm": "t"}, "already asks the question"),
        ({"weight.confirm": "w"}, "already asks the question"),
        ({"parameters.confirm": "e"}, "already asks the question"),
        ({"cancel.confirm": "x"}, "already asks the question"),
        ({"weight.confirm": "y"}, "cannot confirm"),
        ({"filter.clear": "q"}, "q would be typed into the field"),
        ({"filter.keep": "slash"}, "/ would be typed into the field"),
        ({"weight.cancel": "space"}, "Space would be typed into the field"),
        ({"symbol.flatten": "f"}, "f would mean both"),
        ({"filter.open": "s"}, "s would mean both"),
        ({"open": "tab"}, "Tab would mean both"),
        ({"screen.orders": "e"}, "e would mean both screen.orders and audit.export"),
        ({"sort.next": "x"}, "x would mean both"),
        ({"help": "j"}, "j would mean both help and nav.down"),
    ],
)
def test_a_keymap_that_would_confuse_is_refused_with_the_reason(keymap: dict[str, str], words: str) -> None:
    assert any(words in fault for fault in faults(keymap)), faults(keymap)
    with pytest.raises(ValidationError):
        ConsoleConfig(keymap=keymap)


def test_keys_can_be_swapped() -> None:
    assert faults({"nav.down": "i", "nav.up": "u", "kill.arm": "f12", "quit": "Q"}) == []


@given(
    st.dictionaries(st.sampled_from(sorted(BY_ID)) | st.text(max_size=8), st.text(max_size=12), max_size=4)
)
def test_any_keymap_is_judged_without_raising(keymap: dict[str, str]) -> None:
    assert all(isinstance(fault, str) for fault in faults(keymap))


@pytest.mark.parametrize(
    "wrong",
    [
        {"refresh_hz": 0},
        {"refresh_hz": 60},
        {"theme": "pink"},
        {"profit_colours": "red"},
        {"kill_disarm_s": 0},
        {"nosuchkey": 1},
        {"log_level": "LOUD"},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ConsoleConfig.model_validate(wrong)
