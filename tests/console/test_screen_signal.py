"""One signal: its history, the numbers behind its newest reading, and why it has none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.answers import Reading, SignalFacts
from console.screens.dialog import Dialog
from console.screens.signal_lines import reading_lines, weight_lines
from console.screens.signal_words import bar_ms, reason_words, statistic_text, statistic_words, wait_words
from console.widgets.ink import plain_text
from engine.commands import DetailKind, Question
from engine.snapshot import SignalCell
from strategies.signal import REASONS
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled
from tests.console.recorded_details import recorded, signal
from tests.console.snapshots import WEIGHTS
from tests.console.stage import MID, NARROW, WIDE, Stage


def asked(on: Stage) -> list[tuple[str, str]]:
    """Signal and symbol of every question about a signal."""
    questions = [question for question in on.link.questions if question.kind is DetailKind.SIGNAL]
    return [(question.arguments["name"], question.arguments["symbol"]) for question in questions]


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_title_settings_plot_reading_and_statistics_fit_every_size(size: tuple[int, int]) -> None:
    async with drilled("signal", "ETHUSDT", size) as on:
        text = on.text
        for words in (
            "SIGNAL A1 · ETHUSDT",
            "time-series momentum · directional · momentum · weight 0.40 · opinions 12/12",
            "window 428 bars of 1d, scalar 1.7, lookbacks [7 14 28], com 60, cap 2",
            "ETHUSDT 3,206.80 · blend +0.89",
            "reading +1.07 ██████████ · confidence 0.60",
            "+1.00┤",
            "0.00┼",
            "−1.00┤",
            "2022-04-27 13:00",
            "2023-05-31 13:00",
            "0.0972 sigmas",
            "0.0192 per bar",
            "▸ETHUSDT",
        ):
            assert words in text, words
        assert "⡤" in text
        assert ("score over 14 bars" in text) == (size != NARROW)
        assert on.text.count("┤") >= 2


def test_a_reading_that_waits_for_an_input_says_which() -> None:
    said = Reading("BTCUSDT", 0, None, 0.0, "NO_INPUT", {}, ("implied_volatility",))
    facts = SignalFacts({"bar": "1h"}, (), {"BTCUSDT": said})
    lines = reading_lines(SignalCell("A9", None, 0.0, "NO_INPUT"), None, facts, "BTCUSDT", 0, 160)
    text = "".join(words for line in lines for words, _ in line)
    assert "this market does not have what it reads · not known: implied_volatility" in text


async def test_left_and_right_walk_through_the_signals_and_up_and_down_through_the_symbols() -> None:
    async with drilled("signal", "BTCUSDT") as on:
        assert asked(on) == [("A1", "BTCUSDT")]
        for key, name in (("right", "A2"), ("l", "A3"), ("l", "A1"), ("left", "A3"), ("h", "A2")):
            await on.press(key)
            await on.until(lambda name=name: f"SIGNAL {name} · BTCUSDT" in on.text)  # type: ignore[misc]
        await on.press("j")
        await on.until(lambda: "SIGNAL A2 · ETHUSDT" in on.text)
        await on.until(lambda: asked(on)[-1] == ("A2", "ETHUSDT"))
        assert "2 of 3 ← →" in on.text


async def test_opened_from_a_signal_it_starts_with_the_first_symbol() -> None:
    async with drilled("signal", "A3") as on:
        assert "SIGNAL A3 · BTCUSDT" in on.text
        assert len(drill_of(on).rows.keys) == 12


async def test_a_history_that_comes_late_is_never_shown_for_another_symbol() -> None:
    async with drilled("signal", "BTCUSDT", held=True) as on:
        await on.press("j")
        on.link.answers.set()
        await on.until(lambda: asked(on) == [("A1", "BTCUSDT"), ("A1", "ETHUSDT")])
        await on.until(lambda: "2023-05-31" in on.text)
        assert "SIGNAL A1 · ETHUSDT" in on.text
        question = Question(DetailKind.SIGNAL, {"name": "A1", "symbol": "BTCUSDT", "limit": "500"})
        assert drill_of(on).known(question) is None


async def test_a_signal_that_warms_up_says_what_it_waits_for_and_how_long() -> None:
    picture = snapshots.warming_up()
    noted = tuple(replace(row, note="warm-up: 30 of 428 daily bars") for row in picture.weights)
    async with drilled("signal", "BTCUSDT", snapshot=replace(picture, weights=noted)) as on:
        assert "no reading" in on.text
        assert "warming up: not enough bars yet" in on.text
        assert "30 of 428 bars known: an opinion in 398 more daily bars" in on.text
        assert on.styles_of("warming up")[0].bold


async def test_a_plot_without_history_says_when_there_will_be_one() -> None:
    answers = recorded() | {DetailKind.SIGNAL: signal(readings=0)}
    async with drilled("signal", "BTCUSDT", answers=answers) as on:
        assert "No history yet" in on.text


async def test_a_stale_symbol_is_grey_and_says_so() -> None:
    async with drilled("signal", "ADAUSDT", snapshot=snapshots.with_stale()) as on:
        assert "STALE, 9.8s old" in on.text
        assert "BLOCKED stale bars" in on.text
        cells = drill_of(on).rows._cells_of("ADAUSDT")
        assert {cell.ink for cell in cells} == {"stale", "warn"}


async def test_a_reading_older_than_two_of_its_bars_is_marked() -> None:
    old: dict[str, Any] = signal()
    for row in old["symbols"]:
        row["ts_ms"] -= 3 * 86_400_000
    async with drilled("signal", "BTCUSDT", answers=recorded() | {DetailKind.SIGNAL: old}) as on:
        assert "3d old" in on.text or "85h old" in on.text
        assert on.styles_of("85h old")[0].bold


async def test_a_signal_that_is_off_or_a_shadow_says_so() -> None:
    weights = snapshots.WEIGHTS
    changed = (
        replace(weights[0], enabled=False, change="off by operator ann"),
        replace(weights[1], weight=0.0),
    )
    async with drilled("signal", "A1", snapshot=replace(snapshots.running(), weights=changed)) as on:
        assert "in shadow: computed and shown, not traded" in on.text
        assert "off by operator ann" in on.text
        await on.press("l")
        await on.until(lambda: "weight 0: computed and shown, never traded" in on.text)


async def test_the_record_of_a_signal_and_why_it_is_not_on_stand_at_the_head() -> None:
    told = replace(
        snapshots.WEIGHTS[0],
        state="shadow",
        why="in shadow: it has no weight",
        days=40,
        recent_pnl=0.0123,
        pnl=-0.2,
        recent_attribution=0.001,
        judged=480,
        hit_rate=0.525,
        information_coefficient=0.03,
        standard_error=0.02,
        heard=0.98,
        closest="A2",
        correlation=0.71,
    )
    weights = (told, *snapshots.WEIGHTS[1:])
    async with drilled("signal", "A1", snapshot=replace(snapshots.running(), weights=weights)) as on:
        assert "in shadow: it has no weight" in on.text
        assert (
            "by itself 30 d +1.23% all −20.00% in 40 days · of the book's 30 d +0.10% · hits 52% of 480"
            in on.text
        )
        assert "IC +0.03 ± 0.02 · spoke 98% · closest A2 +0.71" in on.text


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_weight_estimate_kin_and_conflict_fit_every_size(size: tuple[int, int]) -> None:
    async with drilled("signal", "A1 ETHUSDT", size, snapshot=snapshots.estimated()) as on:
        text = " ".join(on.text.replace("┃", " ").split())
        for words in (
            "directional · momentum · weight 0.40",
            "source evidence · by equal-risk of 2023-05-25, +0.024",
            "2.13 bets of 3 signals",
            "closest A2 +0.71",
            "correlation A2 +0.71, A3 −0.12 · said OK 93%, WARMUP 7%",
            "agreement 0.82",
            "netted out 0.134",
            "capped by gross",
            "13h old",
            "▸ETHUSDT",
        ):
            assert words in text, words
        assert "…" not in text.replace("Quit…", "").replace("cap 2,…", "")


async def test_what_the_operator_changed_stands_before_where_the_weight_comes_from() -> None:
    changed = replace(snapshots.ESTIMATED[0], method="operator", change="weight 0.4 to 0.6 by ann")
    picture = replace(snapshots.estimated(), weights=(changed, *snapshots.ESTIMATED[1:]))
    async with drilled("signal", "A1", snapshot=picture) as on:
        assert " weight 0.4 to 0.6 by ann · source evidence · set by the operator · 2.13 bets" in on.text


@pytest.mark.parametrize(
    ("change", "why", "told"),
    [
        ("put in shadow by ann", "in shadow by ann, until an operator enables it", ""),
        ("switched off by ann", "switched off by ann: not computed, until an operator puts it in shadow", ""),
        ("put in shadow, weight 0 to 0.4 by ann", "in shadow by ann, until an operator enables it", "change"),
        ("weight 0.4 to 0.6 by ann", "", "change"),
    ],
)
def test_what_the_operator_changed_is_said_once(change: str, why: str, told: str) -> None:
    row = replace(WEIGHTS[0], change=change, why=why, family="evidence")
    (line,) = weight_lines(row, None, 158)
    assert plain_text(line) == (f" {change} · source evidence" if told else " source evidence")


async def test_a_signal_is_switched_and_weighed_from_here() -> None:
    async with drilled("signal", "A2") as on:
        assert "t Signal on or off  w Signal weight" in on.lines[-1]
        for key in ("t", "w"):
            await on.press(key)
            assert isinstance(on.app.screen, Dialog)
            assert "A2" in on.text
            await on.press("escape")
            await on.until(lambda: "SIGNAL A2 · BTCUSDT" in on.text)


async def test_without_any_signal_it_says_what_to_do() -> None:
    rows = tuple(replace(row, cells=()) for row in snapshots.running().signals)
    none = replace(snapshots.running(), weights=(), signals=rows)
    async with drilled("signal", "BTCUSDT", snapshot=none) as on:
        assert "No signal is computed here. Enable one under [signals]" in on.text
        assert asked(on) == []


def test_every_reason_a_signal_can_give_has_words() -> None:
    assert all("_" not in reason_words(reason.value) for reason in REASONS)
    assert reason_words("OK") == reason_words("") == "it has an opinion"
    assert reason_words("SOMETHING_NEW") == "no opinion: something new"


@pytest.mark.parametrize(
    ("name", "words", "unit"),
    [
        ("z_14", "score over 14 bars", "sigmas"),
        ("atr_20", "average true range of 20 bars", "price"),
        ("position_55_20", "channel in at 55, out at 20 bars", "-1, 0, +1"),
        ("efficiency_ratio", "straightness of the path", "0 to 1"),
        ("p", "chance of as much in noise", "probability"),
        ("rho_1", "correlation with the past", "-1 to 1"),
        ("half_life_bars", "half life bars", "bars"),
        ("spread_bps", "spread bps", "bps"),
        ("whatever", "whatever", ""),
    ],
)
def test_a_statistic_has_words_and_a_unit(name: str, words: str, unit: str) -> None:
    assert statistic_words(name) == (words, unit)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0192, "0.0192"),
        (-1.08430688, "−1.0843"),
        (66_210.5, "66,210.5"),
        (1_403.2, "1,403.2"),
        (1e-9, "1.0000e−09"),
        (None, "–"),
        (float("inf"), "–"),
    ],
)
def test_a_number_of_any_size_is_readable(value: float | None, text: str) -> None:
    assert statistic_text(value) == text


@pytest.mark.parametrize(
    ("bar", "minutes"), [("1m", 1), ("15m", 15), ("4h", 240), ("1d", 1_440), ("", 1_440), ("odd", 1_440)]
)
def test_the_length_of_a_bar_is_read_from_its_name(bar: str, minutes: int) -> None:
    assert bar_ms(bar) == minutes * 60_000


@pytest.mark.parametrize(
    ("note", "window", "bar", "words"),
    [
        (
            "warm-up: 427 of 428 daily bars",
            428,
            "1d",
            "427 of 428 bars known: an opinion in 1 more daily bar",
        ),
        ("3 of 10", 10, "15m", "3 of 10 bars known: an opinion in 7 more bars of 15m"),
        ("", 428, "1d", "it needs 428 bars of 1d"),
        ("need a venue", None, "", "need a venue"),
    ],
)
def test_the_wait_of_a_signal_is_counted(note: str, window: int | None, bar: str, words: str) -> None:
    assert wait_words(note, window, bar) == words
