"""Every action by what an operator sees when its key is struck: an action without a line here turns this red."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from console.actions import ACTIONS, BY_ID, PANES, Action, Scope
from console.actions_desk import THEME_NAMES
from console.attachment import Attachment
from console.keymap import keys_of
from console.operator import ARMED_REASON
from console.screens.audit import AuditScreen
from console.screens.configuration import ConfigurationScreen
from console.screens.confirm import ConfirmScreen
from console.screens.desk import Desk
from console.screens.drill import Drill
from console.screens.help import HelpScreen
from console.screens.kill import KillScreen
from console.screens.order_why import OrderWhyScreen
from console.screens.orders import OrdersScreen
from console.screens.palette import Palette
from console.screens.parameters import ParametersScreen
from console.screens.quit import QuitScreen
from console.screens.resume import ResumeScreen
from console.screens.signal import SignalScreen
from console.screens.weight import WeightScreen
from console.screens.welcome import WelcomeScreen
from console.widgets.filterline import FilterLine
from console.widgets.livetable import LiveTable
from console.widgets.logview import LEVELS
from engine.commands import DetailKind
from engine.snapshot import Snapshot
from strategies.blend.weighting.settings import Method
from tests.console import snapshots
from tests.console.recorded_details import recorded
from tests.console.snapshots import ORDER
from tests.console.stage import NARROW, Stage, stage

Seen = Callable[[Stage], bool]
SEEN_BEFORE: dict[DetailKind, dict[str, Any]] = {DetailKind.LAYOUT: {"values": {"welcomed": "yes"}}}
RUNNING = snapshots.running()


@dataclass(frozen=True, slots=True)
class Effect:
    """What holds after the action and not before it. `keys` and `first` lead to where it is struck."""

    seen: Seen
    keys: tuple[str, ...] = ()
    first: Callable[[Stage], object] = field(default=lambda on: None)
    snapshot: Snapshot = RUNNING
    attached: bool = False


def shows(screen: type[Screen[Any]], words: str = "") -> Seen:
    return lambda on: isinstance(on.app.screen, screen) and words in on.text


def asked(kind: str, **arguments: str) -> Seen:
    return lambda on: (kind, arguments) in on.link.asked_for


def opened(kind: str, key: str = "") -> Callable[[Stage], object]:
    return lambda on: on.app.open_drill(kind, key)


def rows(on: Stage) -> LiveTable:
    screen = on.app.screen
    assert isinstance(screen, Desk | Drill)
    assert isinstance(screen.rows, LiveTable)
    return screen.rows


def at_row(place: int) -> Seen:
    return lambda on: rows(on).cursor_key == rows(on).keys[place]


def focused(choice: str) -> Seen:
    return lambda on: on.app.screen.focused is not None and on.app.screen.focused.id == f"choice-{choice}"


def pane(name: str) -> Seen:
    return lambda on: on.focused_pane == name


def filters(on: Stage) -> int:
    return len(on.app.desk.query(FilterLine))


def left_column(on: Stage) -> str:
    return on.lines[4].split()[2]


def level(name: str) -> Seen:
    return lambda on: on.app.desk.kept()["log_level"] == name


def wrote(on: Stage, words: str) -> bool:
    return words in on.text


PANE_EFFECTS = {
    f"pane.{place}": Effect(pane(name), ("2",) if place == 1 else ()) for place, name in enumerate(PANES, 1)
}
THEME_EFFECTS = {
    f"theme.{name}": Effect(
        lambda on, name=name: on.app.theme == name,  # type: ignore[misc]
        first=lambda on, name=name: on.app.apply_theme("light" if name != "light" else "dark"),  # type: ignore[misc]
    )
    for name in THEME_NAMES
}
LEVEL_EFFECTS = {
    f"log.{name.lower()}": Effect(
        level(name),
        first=lambda on, name=name: on.app.action_log_level("ERROR" if name != "ERROR" else "INFO"),  # type: ignore[misc]
    )
    for name in LEVELS
}
METHOD_EFFECTS = {
    f"weights.{name.value}": Effect(shows(ConfirmScreen, f"WEIGHTS BY {name.value.upper()}?"))
    for name in Method
}
EFFECTS: dict[str, Effect] = {
    "kill.arm": Effect(shows(KillScreen, "kill: ARMED")),
    "entries.pause": Effect(shows(ConfirmScreen, "PAUSE ENTRIES?")),
    "mode.reduce": Effect(shows(ConfirmScreen, "ONLY REDUCE?")),
    "mode.resume": Effect(shows(ResumeScreen), snapshot=snapshots.halted()),
    "symbol.flatten": Effect(shows(ConfirmScreen, "FLATTEN BTCUSDT?"), ("3",)),
    "signal.switch": Effect(shows(ConfirmScreen, "PUT A1 IN SHADOW?"), ("2",)),
    "signal.weight": Effect(shows(WeightScreen, "WEIGHT OF A1?"), ("2",)),
    "quit": Effect(shows(QuitScreen)),
    "help": Effect(shows(HelpScreen)),
    "screen.orders": Effect(shows(OrdersScreen)),
    "screen.audit": Effect(shows(AuditScreen)),
    "screen.config": Effect(shows(ConfigurationScreen)),
    "view.freeze": Effect(lambda on: "FROZEN" in on.lines[0]),
    "view.export": Effect(partial(wrote, words="Picture: ")),
    "palette": Effect(shows(Palette)),
    "mouse.toggle": Effect(lambda on: "Mouse on." in on.text),
    **PANE_EFFECTS,
    "pane.next": Effect(pane("weights")),
    "pane.previous": Effect(pane("log")),
    "pane.zoom": Effect(lambda on: "[1 Signals]" not in on.text and "1 SIGNALS" in on.text),
    "open": Effect(shows(SignalScreen, "ETHUSDT")),
    "back": Effect(lambda on: not rows(on).filter, ("slash", "e", "t", "h", "enter")),
    "nav.down": Effect(at_row(1)),
    "nav.up": Effect(at_row(0), ("j",)),
    "nav.left": Effect(lambda on: left_column(on) == "price", ("l",)),
    "nav.right": Effect(lambda on: left_column(on) != "price"),
    "nav.half_down": Effect(lambda on: list(rows(on).keys).index(rows(on).cursor_key or "") > 3),
    "nav.half_up": Effect(lambda on: list(rows(on).keys).index(rows(on).cursor_key or "") < 9, ("G",)),
    "nav.first": Effect(at_row(0), ("G",)),
    "nav.last": Effect(at_row(-1)),
    "filter.open": Effect(lambda on: filters(on) == 1),
    "filter.next": Effect(at_row(1), ("slash", "u", "s", "enter")),
    "filter.previous": Effect(at_row(-1), ("slash", "u", "s", "enter")),
    "filter.keep": Effect(lambda on: rows(on).filter == "eth" and not filters(on), ("slash", "e", "t", "h")),
    "filter.clear": Effect(lambda on: not rows(on).filter and not filters(on), ("slash", "e", "t", "h")),
    "sort.next": Effect(lambda on: "sort symbol ▴" in on.text),
    "sort.reverse": Effect(lambda on: "sort |blend| ▴" in on.text),
    "copy.row": Effect(lambda on: on.app.clipboard.startswith("ETHUSDT\t") and "Sent to terminal" in on.text),
    **METHOD_EFFECTS,
    **LEVEL_EFFECTS,
    **THEME_EFFECTS,
    "screen.back": Effect(shows(Desk), first=opened("orders")),
    "screen.next_tab": Effect(lambda on: rows(on).id == "rows-1", first=opened("position", "BTCUSDT")),
    "screen.previous_tab": Effect(
        lambda on: rows(on).id not in ("rows-0", "rows-1"), first=opened("position", "BTCUSDT")
    ),
    "orders.why": Effect(shows(OrderWhyScreen), first=opened("orders")),
    "orders.cancel": Effect(shows(ConfirmScreen, "CANCEL ORDER?"), first=opened("orders")),
    "position.flatten": Effect(shows(ConfirmScreen, "FLATTEN BTCUSDT?"), first=opened("position", "BTCUSDT")),
    "audit.export": Effect(partial(wrote, words="rows in "), first=opened("audit")),
    "audit.verify": Effect(lambda on: "chain not checked" not in on.text, first=opened("audit")),
    "config.differences": Effect(partial(wrote, words="only differences"), first=opened("config")),
    "dialog.next": Effect(focused("pause-confirm"), ("p",)),
    "dialog.previous": Effect(focused("quit-kill"), ("q",)),
    "dialog.choose": Effect(shows(Desk), ("p",)),
    "kill.flatten": Effect(asked("kill", keep_positions="false"), ("ctrl+k",)),
    "kill.halt": Effect(asked("kill", keep_positions="true"), ("ctrl+k",)),
    "kill.disarm": Effect(asked("pause", on="false", hold=ARMED_REASON), ("ctrl+k",)),
    "kill.leave": Effect(shows(Desk), ("ctrl+k", "F")),
    "quit.stay": Effect(shows(Desk), ("q",)),
    "quit.leave": Effect(lambda on: on.app.return_value == "left", ("q",)),
    "quit.stop": Effect(asked("stop", policy="keep"), ("q",)),
    "quit.kill": Effect(shows(KillScreen), ("q",)),
    "pause.confirm": Effect(asked("pause", on="true"), ("p",)),
    "reduce.confirm": Effect(asked("reduce", on="true"), ("r",)),
    "stop.confirm": Effect(asked("stop", policy="keep"), ("q", "e"), attached=True),
    "flatten.confirm": Effect(asked("flatten", symbol="BTCUSDT", on="true"), ("3", "x")),
    "cancel.confirm": Effect(
        asked("cancel", order=ORDER.client_order_id),
        first=lambda on: on.app.interventions.cancel(ORDER.client_order_id),
    ),
    "signal.confirm": Effect(asked("signal", name="A1", state="shadow"), ("2", "t")),
    "method.confirm": Effect(
        asked("method", method="equal"), first=lambda on: on.app.interventions.weigh_by("equal")
    ),
    "weight.confirm": Effect(
        asked("weight", name="A1", weight="0.5"), ("2", "w", "0", "full_stop", "5", "enter")
    ),
    "weight.cancel": Effect(shows(Desk), ("2", "w")),
    "signal.parameters": Effect(shows(ParametersScreen, "PARAMETERS OF A1?"), first=opened("signal", "A1")),
    "parameters.confirm": Effect(
        asked("parameters", name="A1", parameters="cap=1"),
        ("e", "c", "a", "p", "equals_sign", "1", "enter"),
        first=opened("signal", "A1"),
    ),
    "parameters.cancel": Effect(shows(SignalScreen), ("e",), first=opened("signal", "A1")),
    "confirm.cancel": Effect(shows(Desk), ("p",)),
    "resume.cancel": Effect(
        shows(Desk), first=lambda on: on.app.action_resume(), snapshot=snapshots.halted()
    ),
    "welcome.close": Effect(shows(Desk), first=lambda on: on.app.push_screen(WelcomeScreen({}, on.app.view))),
    "help.close": Effect(shows(Desk), ("question_mark",)),
}


CHOOSING: set[Scope] = {
    "dialog", "choice", "kill", "progress", "quit", "confirm", "resume", "weight", "parameters", "welcome", "help"
}  # fmt: skip
CHOICES = [action.id for action in ACTIONS if action.scope in CHOOSING - {"dialog", "choice", "help"}]


def test_every_action_has_an_effect_and_no_effect_is_without_an_action() -> None:
    assert set(EFFECTS) == set(BY_ID)


@asynccontextmanager
async def led_to(action: Action) -> AsyncIterator[Stage]:
    """A console at the place where `action` can be done, and has not been."""
    effect = EFFECTS[action.id]
    attachment = Attachment() if effect.attached else None
    async with stage(
        effect.snapshot, NARROW, attachment=lambda: attachment, details=recorded() | SEEN_BEFORE
    ) as on:
        effect.first(on)
        await on.turn()
        await on.press(*effect.keys)
        for _ in range(4):
            await on.turn()
        assert not effect.seen(on), f"it was there before:\n{on.text}"
        on.clock.forward(0.4)
        yield on


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(folder, str(tmp_path))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
async def test_what_is_struck_is_seen(action: Action) -> None:
    async with led_to(action) as on:
        if keys := keys_of(action, {}):
            await on.strike(*keys[:1] * action.presses)
        else:
            await on.app.perform(action)
        await on.until(lambda: EFFECTS[action.id].seen(on))


def test_every_dialog_offers_what_it_can_do_as_a_choice() -> None:
    in_dialogs = {action.id for action in ACTIONS if action.scope in CHOOSING}
    assert in_dialogs - set(CHOICES) == {"dialog.next", "dialog.previous", "dialog.choose", "help.close"}


@pytest.mark.parametrize("choice", CHOICES)
async def test_what_is_clicked_is_what_its_key_does(choice: str) -> None:
    async with led_to(BY_ID[choice]) as on:
        await on.pilot.click(f"#choice-{choice.replace('.', '-')}")
        await on.until(lambda: EFFECTS[choice].seen(on))


@pytest.mark.parametrize("choice", [choice for choice in CHOICES if not choice.startswith("kill.")])
async def test_what_has_the_focus_and_is_entered_is_what_its_key_does(choice: str) -> None:
    async with led_to(BY_ID[choice]) as on:
        on.app.screen.query_one(f"#choice-{choice.replace('.', '-')}").focus()
        await on.turn()
        await on.strike("enter")
        await on.until(lambda: EFFECTS[choice].seen(on))
