"""What the operator changes: asked first, bound to what the cursor was on, and one command when it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from textual.widgets import Input

from console.screens.confirm import ConfirmScreen
from console.screens.desk import Desk
from console.screens.kill import KillScreen
from console.screens.weight import WeightScreen, weight_of
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.snapshots import FLATTENED, ORDER, WEIGHTS
from tests.console.stage import MID, NARROW, WIDE, Stage, stage

RUNNING = snapshots.running()
LIVE = replace(RUNNING, mode="live")
KEPT_OUT = replace(RUNNING, overrides=(FLATTENED,))
OFF = replace(RUNNING, weights=(replace(WEIGHTS[0], enabled=False), *WEIGHTS[1:]))


@dataclass(frozen=True, slots=True)
class Asked:
    """`keys` lead to the question, `confirm` answers it, `yes` is the button, `command` what it comes to."""

    keys: tuple[str, ...]
    heading: str
    confirm: str
    yes: str
    command: tuple[str, dict[str, str]]
    snapshot: Snapshot = RUNNING


QUESTIONS = {
    "flatten a position": Asked(
        ("3", "j", "x"),
        "FLATTEN ETHUSDT?",
        "X",
        "flatten-confirm",
        ("flatten", {"symbol": "ETHUSDT", "on": "true"}),
    ),
    "flatten a symbol": Asked(
        ("1", "x"),
        "FLATTEN ETHUSDT?",
        "X",
        "flatten-confirm",
        ("flatten", {"symbol": "ETHUSDT", "on": "true"}),
    ),
    "let a symbol trade": Asked(
        ("3", "j", "x"),
        "LET ETHUSDT TRADE AGAIN?",
        "X",
        "flatten-confirm",
        ("flatten", {"symbol": "ETHUSDT", "on": "false"}),
        KEPT_OUT,
    ),
    "switch a signal off": Asked(
        ("2", "j", "t"),
        "PUT A2 IN SHADOW?",
        "T",
        "signal-confirm",
        ("signal", {"name": "A2", "state": "shadow"}),
    ),
    "switch a signal on": Asked(
        ("2", "t"), "SWITCH A1 ON?", "T", "signal-confirm", ("signal", {"name": "A1", "state": "on"}), OFF
    ),
}


@pytest.mark.parametrize(
    "size",
    [
        NARROW,
        pytest.param(MID, marks=pytest.mark.slow),
        pytest.param(WIDE, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
async def test_each_is_asked_and_confirmed_with_a_key_of_its_own(asked: Asked, size: tuple[int, int]) -> None:
    async with stage(asked.snapshot, size) as on:
        await on.press(*asked.keys)
        assert asked.heading in on.text
        assert "SIM" in on.lines[0]
        assert asked.snapshot.state in on.lines[0]
        await on.press(asked.keys[-1], "enter" if size == NARROW else "y", "space", "F")
        assert on.link.commands == []
        if size == NARROW:
            await on.press(*asked.keys[-1:])
        await on.press(asked.confirm)
        assert on.link.asked_for == [asked.command]
        assert isinstance(on.app.screen, Desk)
        await on.until(lambda: f"{asked.command[0]} done" in on.text)


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
async def test_only_the_button_that_confirms_does_what_the_key_does(asked: Asked) -> None:
    async with stage(asked.snapshot, NARROW) as on:
        await on.press(*asked.keys, "escape")
        assert isinstance(on.app.screen, Desk)
        for choice, commands in (("confirm-cancel", []), (asked.yes, [asked.command])):
            await on.press(asked.keys[-1])
            on.clock.forward(0.4)
            await on.pilot.click(f"#choice-{choice}")
            await on.until(lambda: isinstance(on.app.screen, Desk))
            assert on.link.asked_for == commands


@pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
async def test_a_key_that_is_held_down_answers_nothing_and_neither_does_the_first_moment(
    asked: Asked,
) -> None:
    async with stage(asked.snapshot, NARROW) as on:
        await on.press(*asked.keys[:-1])
        await on.strike(*asked.keys[-1:] * 20, asked.confirm)
        assert isinstance(on.app.screen, ConfirmScreen)
        assert on.link.commands == []


async def test_the_question_stays_with_its_symbol_when_rows_move_and_the_cursor_with_them() -> None:
    async with stage(RUNNING, NARROW) as on:
        await on.press("3", "j", "x")
        moved = replace(RUNNING, positions=tuple(reversed(RUNNING.positions[:1])) + RUNNING.positions[2:])
        await on.turn(moved)
        assert "FLATTEN ETHUSDT?" in on.text
        await on.press("X")
        assert on.link.asked_for == [("flatten", {"symbol": "ETHUSDT", "on": "true"})]


async def test_a_sorted_and_filtered_row_is_asked_about_by_its_key() -> None:
    async with stage(RUNNING, NARROW) as on:
        await on.press("slash", *"usdt", "enter", "s", "S", "j", "x")
        symbol = sorted(snapshots.PRICES, reverse=True)[1]
        # The cursor stayed on the symbol it was on, and went one row down from there.
        assert on.table("signals").cursor_key is not None
        assert f"FLATTEN {on.table('signals').cursor_key}?" in on.text
        assert symbol in on.table("signals").keys


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("5", "x"), "Go to the row of a symbol first"),
        (("2", "x"), "Go to the row of a symbol first"),
        (("1", "t"), "Go to the row of a signal first"),
        (("3", "w"), "Go to the row of a signal first"),
    ],
)
async def test_a_row_that_is_about_nothing_of_the_kind_says_where_to_go(
    keys: tuple[str, ...], words: str
) -> None:
    async with stage(RUNNING, NARROW) as on:
        await on.press(*keys)
        assert words in on.text
        assert isinstance(on.app.screen, Desk)


async def test_an_order_is_cancelled_after_a_question_of_its_own() -> None:
    async with stage(RUNNING, NARROW) as on:
        on.app.interventions.cancel(ORDER.client_order_id)
        await on.turn()
        assert "CANCEL ORDER?" in on.text
        assert "BTCUSDT  buy 0.0040 limit at 65,010.1" in on.text
        await on.press("x", "X", "enter")
        assert on.link.commands == []
        on.app.interventions.cancel(ORDER.client_order_id)
        await on.turn()
        await on.press("C")
        assert on.link.asked_for == [("cancel", {"order": ORDER.client_order_id})]


async def test_in_live_the_symbol_is_typed_before_the_key_confirms() -> None:
    async with stage(LIVE, NARROW) as on:
        await on.press("3", "x")
        assert "LIVE: type BTCUSDT, then Enter." in on.text
        await on.press(*"BTCUSD", "X", "enter")
        field = on.app.screen.query_one(Input)
        assert field.has_focus
        assert on.link.commands == []
        await on.press("backspace", "T", "enter")
        assert not field.has_focus
        await on.press("X")
        assert on.link.asked_for == [("flatten", {"symbol": "BTCUSDT", "on": "true"})]


async def test_in_live_small_letters_will_do_and_the_wrong_symbol_will_not() -> None:
    async with stage(LIVE, NARROW) as on:
        await on.press("3", "x", *"ethusdt", "enter", "tab", "X")
        assert isinstance(on.app.screen, ConfirmScreen)
        assert on.link.commands == []
        on.app.screen.query_one(Input).value = "btcusdt"
        await on.press("X")
        assert [kind for kind, _ in on.link.asked_for] == ["flatten"]


async def test_enter_after_the_symbol_in_live_goes_to_the_choice_that_leaves_it() -> None:
    async with stage(LIVE, NARROW) as on:
        await on.press("3", "x", *"btcusdt", "enter", "enter")
        assert isinstance(on.app.screen, Desk)
        assert on.link.commands == []


async def test_the_kill_switch_opens_over_a_question_with_a_field() -> None:
    async with stage(LIVE, NARROW) as on:
        await on.press("3", "x", *"btc", "ctrl+k")
        assert isinstance(on.app.screen, KillScreen)


async def weigh(on: Stage, *keys: str) -> None:
    await on.press("2", "w")
    assert isinstance(on.app.screen, WeightScreen)
    await on.press(*keys)


async def test_a_weight_is_typed_shown_and_confirmed_with_its_own_key() -> None:
    async with stage(RUNNING, NARROW) as on:
        await weigh(on)
        assert "WEIGHT OF A1?" in on.text
        assert "Type a share from 0 to 1" in on.text
        await on.press(*"0.6")
        assert "0.4 to 0.6: share 0.40 to 0.50, at the next decision, in 4s" in on.text
        assert "the others: A2 0.29, A3 0.21" in on.text
        await on.press("W")
        assert on.link.commands == []
        await on.press("enter", "W")
        assert on.link.asked_for == [("weight", {"name": "A1", "weight": "0.6"})]
        assert isinstance(on.app.screen, Desk)


@pytest.mark.parametrize("typed", ["", "1.5", "2", ".", "0..1", "abc", "-0.1"])
async def test_a_weight_out_of_bounds_or_none_at_all_is_not_sent(typed: str) -> None:
    async with stage(RUNNING, NARROW) as on:
        await weigh(on, *typed.replace("-", ""))
        on.app.screen.query_one(Input).value = typed if typed != "abc" else ""
        await on.press("enter", "tab", "tab", "W")
        on.clock.forward(0.4)
        await on.pilot.click("#choice-weight-confirm")
        await on.turn()
        assert on.link.commands == []
        assert isinstance(on.app.screen, WeightScreen)


@pytest.mark.parametrize("way", ["escape", "enter", "click"])
async def test_a_weight_can_be_left_as_it_is(way: str) -> None:
    async with stage(RUNNING, NARROW) as on:
        await weigh(on, *"0.5")
        if way == "click":
            on.clock.forward(0.4)
            await on.pilot.click("#choice-weight-cancel")
        else:
            await on.press(*(["enter", "enter"] if way == "enter" else ["escape"]))
        await on.until(lambda: isinstance(on.app.screen, Desk))
        assert on.link.commands == []


async def test_a_weight_is_confirmed_by_its_button_too() -> None:
    async with stage(RUNNING, NARROW) as on:
        await weigh(on, *"1")
        on.clock.forward(0.4)
        await on.pilot.click("#choice-weight-confirm")
        await on.until(lambda: on.link.asked_for == [("weight", {"name": "A1", "weight": "1"})])


async def test_in_live_the_signal_is_typed_beside_its_weight() -> None:
    async with stage(LIVE, NARROW) as on:
        await weigh(on, *"0.5", "enter")
        assert "LIVE: type A1 too" in on.text
        await on.press("enter", "W", "backspace", *"a1", "enter", "W")
        assert on.link.asked_for == [("weight", {"name": "A1", "weight": "0.5"})]


async def test_an_overlay_has_no_weight_to_change() -> None:
    overlay = replace(WEIGHTS[0], name="D1", kind="overlay")
    async with stage(replace(RUNNING, weights=(overlay,))) as on:
        await on.press("2", "w")
        assert "D1 is an overlay, which has no weight" in on.text
        assert isinstance(on.app.screen, Desk)


@pytest.mark.parametrize("ask", ["switch", "weigh"])
async def test_a_signal_that_is_not_computed_is_not_asked_about(ask: str) -> None:
    async with stage(RUNNING, NARROW) as on:
        getattr(on.app.interventions, ask)("Z9")
        await on.turn()
        assert "Z9 is no signal" in on.text


async def test_what_the_engine_refuses_is_told_with_its_reason() -> None:
    async with stage(RUNNING, NARROW) as on:
        on.link.refusal = "HALTED: [only] the kill path"
        await on.press("3", "x", "X")
        await on.until(lambda: "HALTED: [only] the kill path" in on.text)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("0.25", 0.25),
        ("1.01", None),
        ("-0.1", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_only_a_share_between_the_bounds_is_a_weight(text: str, weight: float | None) -> None:
    assert weight_of(text) == weight
