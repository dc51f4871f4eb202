"""Every other question the console asks: what each answer does, and that habit answers none."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from textual.command import Hits
from textual.widgets import Input

from console.screens.confirm import ConfirmScreen
from console.screens.desk import Desk
from console.screens.help import HelpScreen
from console.screens.kill import KillScreen
from console.screens.palette import ActionProvider, Palette
from console.screens.quit import QuitScreen
from console.screens.resume import ResumeScreen
from engine.snapshot import OverrideRow
from tests.console import snapshots
from tests.console.idle import wait_for_idle
from tests.console.snapshots import MARKET_MS
from tests.console.stage import MID, NARROW, WIDE, stage

REDUCED = replace(
    snapshots.running(),
    state="REDUCING",
    overrides=(OverrideRow("operator reduce", "REDUCING", "", "operator", "asked", MARKET_MS, "operator"),),
)
EVERY_DIALOG = {
    "quit": (["q"], QuitScreen),
    "help": (["question_mark"], HelpScreen),
    "pause": (["p"], ConfirmScreen),
    "reduce": (["r"], ConfirmScreen),
    "kill": (["ctrl+k"], KillScreen),
    "palette": (["ctrl+p"], Palette),
}


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_no_dialog_covers_the_status_bar_and_escape_closes_each(size: tuple[int, int]) -> None:
    async with stage(snapshots.halted(), size) as on:
        for keys, screen in EVERY_DIALOG.values():
            await on.press(*keys)
            assert isinstance(on.app.screen, screen)
            assert on.lines[0].startswith(" SIM ")
            assert "HALTED" in on.lines[0]
            await on.press("escape")
            assert isinstance(on.app.screen, Desk)


async def test_leaving_asks_first_and_enter_stays() -> None:
    async with stage(snapshots.running()) as on:
        for key, answer in (("q", "enter"), ("ctrl+q", "escape"), ("ctrl+c", "s")):
            await on.press(key)
            assert isinstance(on.app.screen, QuitScreen)
            assert "3 open positions, 6 working orders." in on.text
            await on.press(answer)
            assert isinstance(on.app.screen, Desk)
        assert on.app.is_running
        assert on.link.commands == []


async def test_leaving_the_screen_asks_nothing_of_the_engine() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("q", "u")
        assert on.app.return_value == "left"
        assert on.link.commands == []


async def test_stopping_the_engine_keeps_positions_and_waits_for_its_end() -> None:
    async with stage(snapshots.running(), awaits_engine=True) as on:
        await on.press("q", "e")
        await on.until(lambda: on.link.asked_for == [("stop", {"policy": "keep"})])
        assert on.app.return_value is None
        on.app.engine_ended()
        assert on.app.return_value == "stopped"


async def test_stopping_an_engine_elsewhere_ends_the_screen_when_it_agrees() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("q", "e")
        await on.until(lambda: on.app.return_value == "stopped")


async def test_a_stop_that_is_refused_leaves_the_screen_open() -> None:
    async with stage(snapshots.running()) as on:
        on.link.refusal = "stop is not allowed now"
        await on.press("q", "e")
        await on.until(lambda: "stop is not allowed now" in on.text)
        assert on.app.return_value is None


async def test_the_quit_dialog_leads_to_the_kill_switch() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("q", "k")
        assert isinstance(on.app.screen, KillScreen)


@pytest.mark.parametrize(
    ("choice", "value"), [("quit-stay", None), ("quit-leave", "left"), ("quit-stop", "stopped")]
)
async def test_each_way_of_quitting_can_be_clicked(choice: str, value: str | None) -> None:
    async with stage(snapshots.running()) as on:
        await on.press("q")
        on.clock.forward(0.4)
        await on.pilot.click(f"#choice-{choice}")
        if value is not None:
            await on.until(lambda: on.app.return_value == value)
        assert on.app.return_value == value


async def test_a_held_q_does_not_answer_its_own_question() -> None:
    async with stage(snapshots.running()) as on:
        await on.strike(*["q"] * 5, "u", "e", "enter")
        assert isinstance(on.app.screen, QuitScreen)
        assert on.app.is_running


@pytest.mark.parametrize(
    ("key", "confirm", "snapshot", "asked", "heading"),
    [
        ("p", "P", snapshots.running(), ("pause", {"on": "true"}), "PAUSE ENTRIES?"),
        ("p", "P", snapshots.paused(), ("pause", {"on": "false"}), "LET ENTRIES GO ON?"),
        ("r", "R", snapshots.running(), ("reduce", {"on": "true"}), "ONLY REDUCE?"),
        ("r", "R", REDUCED, ("reduce", {"on": "false"}), "LIFT REDUCE?"),
    ],
)
async def test_pause_and_reduce_ask_once_with_a_key_of_their_own(
    key: str, confirm: str, snapshot: object, asked: tuple[str, dict[str, str]], heading: str
) -> None:
    async with stage(snapshot) as on:  # type: ignore[arg-type]
        await on.press(key)
        assert heading in on.text
        await on.press(key, "y", "space", "R" if confirm == "P" else "P")
        assert on.link.commands == []
        await on.press(confirm)
        assert on.link.asked_for == [asked]
        assert isinstance(on.app.screen, Desk)
        await on.until(lambda: f"{asked[0]} done" in on.text)


async def test_enter_on_the_default_choice_leaves_everything_as_it_is() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("p", "enter")
        assert isinstance(on.app.screen, Desk)
        assert on.link.commands == []


@pytest.mark.parametrize(
    ("choice", "asked"), [("confirm-cancel", []), ("pause-confirm", [("pause", {"on": "true"})])]
)
async def test_both_choices_of_the_question_can_be_clicked(choice: str, asked: list[object]) -> None:
    async with stage(snapshots.running()) as on:
        await on.press("p")
        on.clock.forward(0.4)
        await on.pilot.click(f"#choice-{choice}")
        await on.until(lambda: isinstance(on.app.screen, Desk))
        assert on.link.asked_for == asked


async def test_resume_takes_the_word_and_a_reason_and_nothing_less() -> None:
    async with stage(snapshots.halted()) as on:
        await on.press("ctrl+p", *"resu")
        await on.until(lambda: "Resume trading" in on.text)
        await on.press("enter")
        await on.until(lambda: isinstance(on.app.screen, ResumeScreen))
        word, reason = on.app.screen.query(Input)
        word.value = "resume"
        await on.press("enter", "enter")
        assert "Type RESUME" in on.text
        word.value = "RESUME"
        await on.press("enter")
        assert "A reason is needed too." in on.text
        assert on.link.commands == []
        await on.press("o", "k")
        assert reason.value == "ok"
        assert "Enter resumes trading." in on.text
        await on.press("enter")
        assert on.link.asked_for == [("resume", {"confirm": "RESUME"})]
        assert on.link.commands[0].reason == "ok"


async def test_in_live_the_venue_is_typed_with_the_word() -> None:
    async with stage(replace(snapshots.halted(), mode="live")) as on:
        on.app.action_resume()
        await on.turn()
        word, reason = on.app.screen.query(Input)
        word.value, reason.value = "RESUME", "looked into it"
        reason.focus()
        await on.press("enter")
        assert "Type RESUME simulated and a reason, then Enter." in on.text
        word.value = "RESUME  simulated"
        reason.focus()
        await on.press("enter")
        assert on.link.asked_for == [("resume", {"confirm": "RESUME"})]


async def test_resume_can_be_given_up() -> None:
    async with stage(snapshots.halted()) as on:
        on.app.action_resume()
        await on.turn()
        await on.press("escape")
        assert isinstance(on.app.screen, Desk)
        assert on.link.commands == []


async def test_the_help_shows_every_key_and_moves_like_a_pane() -> None:
    async with stage(snapshots.running(), (100, 60)) as on:
        await on.press("4", "question_mark")
        assert "Risk: how much of each risk limit is used" in on.text
        assert "g g" in on.text
        assert "nav.half_down" in on.text
        seen = on.text
        for keys in (["G"], *[["ctrl+u"]] * 4):
            await on.press(*keys)
            seen += on.text
        for words in (
            "Kill switch",
            "Pause entries",
            "^p, by name",
            "Disarm",
            "Resume trading",
            "Log level WARN",
        ):
            assert words in seen
        await on.press("slash", *"duty")
        assert "No row contains 'duty'." in on.text
        await on.press(*["backspace"] * 4, *"kill.arm", "enter")
        assert "arm the kill switch" in on.text
        assert "Pause entries" not in on.text.partition("HELP")[2].partition("q Quit")[0]
        await on.press("q")
        assert isinstance(on.app.screen, Desk)


async def test_on_a_screen_over_the_desk_its_own_keys_come_first_in_the_help() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("o", "question_mark")
        assert "ORDERS: its own keys come first" in on.text
        assert on.text.index("SCREENS") < on.text.index("MOVE")


async def test_the_palette_offers_what_the_screen_in_sight_can_do_and_does_it_there() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("o", "ctrl+p", *"cancel order")
        await on.until(lambda: "Cancel order  (x)" in on.text)
        await on.press("enter")
        await on.until(lambda: "CANCEL ORDER?" in on.text)
        await on.press("escape", "ctrl+p", *"sort")
        await on.until(lambda: "Sort  (s)" in on.text)
        await on.press("enter")
        await on.until(lambda: "sort age ▾" in on.text)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Until this is set, nothing that is typed into the palette is found."""
    search, found = ActionProvider.search, asyncio.Event()

    async def found_late(provider: ActionProvider, query: str) -> Hits:
        await found.wait()
        async for hit in search(provider, query):
            yield hit

    monkeypatch.setattr(ActionProvider, "search", found_late)
    return found


@pytest.mark.parametrize("opened", [True, False], ids=["in the palette", "with the key that opens it"])
async def test_enter_in_the_palette_takes_from_the_list_of_what_was_typed(
    opened: bool, found: asyncio.Event
) -> None:
    async with stage(snapshots.halted()) as on:
        if opened:
            await on.press("ctrl+p")
        on.burst(*([] if opened else ["ctrl+p"]), *"resume", "enter")
        await wait_for_idle(max_sleep=0.3)
        assert not isinstance(on.app.screen, ConfirmScreen | KillScreen)
        found.set()
        await on.until(lambda: isinstance(on.app.screen, ResumeScreen))
        assert on.link.commands == []


async def test_enter_in_the_palette_means_nothing_once_the_kill_switch_is_open(found: asyncio.Event) -> None:
    async with stage(snapshots.halted()) as on:
        await on.press("ctrl+p")
        on.burst(*"resume", "enter")
        await wait_for_idle(max_sleep=0.3)
        on.burst("ctrl+k")
        await wait_for_idle(max_sleep=0.3)
        found.set()
        await on.turn()
        assert [type(screen) for screen in on.app.screen_stack] == [Desk, Palette, KillScreen]


async def test_the_palette_has_the_kill_switch_by_name_and_never_by_default() -> None:
    async with stage(snapshots.running()) as on:
        on.burst("ctrl+p", "space", "enter")
        await on.until(lambda: isinstance(on.app.screen, ConfirmScreen))
        assert on.link.commands == []
        await on.press("escape")
        on.burst("ctrl+p", *"kill", "enter")
        await on.until(lambda: isinstance(on.app.screen, KillScreen))


async def test_the_palette_finds_panes_by_name() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+p", *"risk")
        await on.until(lambda: "Risk  (4)" in on.text)
        await on.press("enter")
        await on.until(lambda: on.focused_pane == "limits")


async def test_the_palette_sets_the_level_of_the_log() -> None:
    async with stage(snapshots.running()) as on:
        assert "decided 12 symbols" not in on.text
        await on.press("ctrl+p", *"debug")
        await on.until(lambda: "Log level DEBUG" in on.text)
        await on.press("enter")
        await on.until(lambda: "decided 12 symbols" in on.text)
        assert "DEBUG+" in on.text


async def test_an_engine_that_fails_to_answer_is_reported_and_does_not_end_the_screen() -> None:
    async with stage(snapshots.running()) as on:
        on.link.failure = ConnectionResetError("socket closed")
        await on.press("p", "P")
        await on.until(lambda: "did not reach the engine: socket closed" in on.text)
        assert on.app.is_running
