"""From a row of the snapshot to what stands in the cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.format import NONE_SHOWN
from console.kill_plan import kill_plan
from console.panes.limits import alarm_words, amount, limit_cells, override_lines, unseen_alarms
from console.panes.positions import position_cells, position_columns, total_line
from console.panes.signals import signal_cells, signal_columns, signal_names, warming_lines
from console.panes.weights import foot_lines, weight_cells, weight_columns, weights_line
from console.screens.kill import plan_lines
from console.screens.kill_progress import progress_lines
from console.weight_words import estimate_lines, held_words, method_words
from console.widgets.columns import Cell, Column, fit
from console.widgets.ink import plain_text
from engine.snapshot import EstimateRow, KillRow, LimitRow
from engine.weight_facts import OPERATORS_OWN
from tests.console import snapshots
from tests.console.snapshots import DRAWDOWN, LIMITS, MARKET_MS, WALL_MS, WEIGHTS

NAMES = ("A1", "A2", "A3")
NAMED = tuple(row.name for row in LIMITS)


def by_title(columns: list[Column], cells: list[Cell]) -> dict[str, Cell]:
    return {column.title: cell for column, cell in zip(columns, cells, strict=True)}


def signal(row: object, silent_ms: int = 0) -> dict[str, Cell]:
    return by_title(
        signal_columns(NAMES, with_why=True),
        signal_cells(row, NAMES, silent_ms, with_why=True),  # type: ignore[arg-type]
    )


def test_a_signal_row_shows_price_blend_readings_and_what_is_done() -> None:
    row = replace(
        snapshots.signal_row("BTCUSDT", 1, decimals=1), price="65012.5", forecast=0.57, action="BUY"
    )
    cells = signal(row)
    assert cells["symbol"] == Cell("BTCUSDT", "strong")
    assert cells["price"].text == "65,012.5"
    assert cells["blend"].text == "+0.57"
    assert cells["A3"].text.startswith("−")
    assert cells["act"] == Cell("BUY", "strong")
    assert cells["age"] == Cell("0.3s", "soft")
    assert len(cells["trail"].text) == 8


def test_a_signal_without_an_opinion_says_why_instead_of_a_number() -> None:
    cells = signal(snapshots.warming(snapshots.signal_row("BTCUSDT", 1)))
    assert cells["A1"] == Cell("WARMUP", "soft")
    assert signal_names([snapshots.signal_row("BTCUSDT", 1)]) == NAMES


def test_a_stale_row_has_no_fresh_colour_anywhere_and_its_age_grows_with_silence() -> None:
    row = snapshots.stale(snapshots.signal_row("ADAUSDT", 1))
    cells = signal(row, silent_ms=700)
    assert cells["blend"] == Cell("STALE", "warn")
    assert cells["age"] == Cell("10s", "warn")
    assert cells["why"] == Cell("stale bars", "warn")
    numbers = ("price", "A1", "A2", "A3", "conf", "target", "held", "cost bp", "sprd bp")
    assert {cells[name].ink for name in numbers} == {"stale"}


def test_a_symbol_on_hold_has_a_dash_and_not_a_zero() -> None:
    assert (
        signal(replace(snapshots.signal_row("BTCUSDT", 1), forecast=None, confidence=None))["blend"].text
        == "–"
    )


def test_the_pane_says_which_signals_warm_up_and_what_they_need() -> None:
    assert [plain_text(line) for line in warming_lines(snapshots.warming_up())] == [
        " A1, A2 warm up: need 428 daily bars"
    ]
    assert warming_lines(snapshots.running()) == []
    counted = replace(WEIGHTS[0], opinions=0, note="warm-up: 30 of 428 daily bars")
    one = replace(snapshots.running(), weights=(counted,))
    assert [plain_text(line) for line in warming_lines(one)] == [" A1 warm-up: 30 of 428 daily bars"]


def test_a_weight_shows_its_bar_and_a_signal_that_is_off_says_off() -> None:
    assert [cell.text for cell in weight_cells(WEIGHTS[0])][2:5] == ["0.40", "████      ", "12/12"]
    assert weight_cells(replace(WEIGHTS[0], enabled=False))[2] == Cell("shadow", "stale")
    assert weight_cells(replace(WEIGHTS[0], enabled=False, state="off"))[2] == Cell("off", "stale")
    assert weights_line(None) == []


def test_what_follows_the_decisions_is_in_shadow_and_counted_on_the_line_of_weights() -> None:
    follower = replace(WEIGHTS[0], name="B1", weight=0.0, enabled=False, state="shadow", followed=True)
    assert weight_cells(follower)[2] == Cell("shadow", "stale")
    shown = replace(snapshots.running(), weights=(*WEIGHTS, follower, replace(follower, name="B2")))
    assert plain_text(weights_line(shown)).endswith(" · 2 in shadow")


def test_columns_of_what_follows_come_last_and_stay_away_first() -> None:
    columns = signal_columns((*NAMES, "B1", "B2"), ("B1", "B2"), with_why=False)
    assert [column.title for column in columns[-2:]] == ["B1", "B2"]
    without = signal_columns(NAMES, with_why=False)
    for width in (80, 120, 160):
        assert fit(columns, width)[: len(fit(without, width))] == fit(without, width)
    cells = signal_cells(snapshots.running().signals[0], (*NAMES, "B1"), 0, ("B1",), with_why=False)
    assert len(cells) == len(without) + 1


def test_a_signal_shows_what_it_earned_and_how_often_it_was_right() -> None:
    known = replace(
        WEIGHTS[0],
        recent_pnl=0.0123,
        pnl=-0.2,
        hit_rate=0.525,
        information_coefficient=0.03,
        age_ms=7_200_000,
    )
    earned = slice(-8, -3)
    assert [cell.text for cell in weight_cells(known)][earned] == ["+1.23%", "−20.00%", "52%", "+0.03", "2h"]
    assert [cell.text for cell in weight_cells(replace(known, state="off"))][earned] == [NONE_SHOWN] * 5


def test_a_weight_says_what_the_last_estimate_changed_and_what_holds_it() -> None:
    first, _, held = snapshots.ESTIMATED
    columns = weight_columns(changed=False, estimated=True)
    cells = by_title(columns, weight_cells(first, estimated=True))
    assert (cells["Δ est"].text, cells["held by"].text) == ("+0.02", "")
    assert (cells["class"].text, cells["closest"].text) == ("directional", "A2 +0.71")
    assert cells["family"].text == "evidence"
    assert by_title(columns, weight_cells(held, estimated=True))["held by"].text == "floor"
    assert len(weight_cells(first)) == len(weight_columns(changed=False))


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("at the cap", "cap"),
        ("the only one", "only one"),
        ("12 of 60 days known", "12/60 days"),
        ("9 of 60 days in common with the others", "9/60 common"),
        ("it never moved", "no moves"),
        ("no estimate yet", "none yet"),
        ("not in the estimate", "unseen"),
        ("something new", "something new"),
        ("", ""),
    ],
)
def test_what_holds_a_weight_fits_its_cell(why: str, words: str) -> None:
    assert held_words(replace(WEIGHTS[0], estimated_why=why)) == words
    assert held_words(replace(WEIGHTS[0], method="operator", estimated_why=why)) == "operator"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"method": "operator"}, "set by the operator"),
        ({"method": "manual"}, "as configured"),
        ({"method": "manual", "estimated_why": "no estimate yet"}, "as configured, no estimate yet"),
        (
            {"method": "equal-risk", "estimated_ms": snapshots.ESTIMATED_MS, "estimated_change": -0.0312},
            "by equal-risk of 2023-05-25, −0.031",
        ),
    ],
)
def test_where_a_weight_comes_from_is_told_in_words(changes: dict[str, object], words: str) -> None:
    assert method_words(replace(WEIGHTS[0], **changes)) == words  # type: ignore[arg-type]


def test_the_foot_of_the_weights_tells_what_the_estimates_came_to() -> None:
    lines = [plain_text(line) for line in foot_lines(snapshots.estimated(), 76)]
    assert lines[1:] == [
        " directional equal-risk · 2.13 bets of 3 signals · A1 A2 +0.71",
        " 60 days to 2023-05-25 · next 2023-06-08",
    ]
    waiting = EstimateRow("directional", "manual", 3, MARKET_MS, note="no estimate yet: 12 of 60 days")
    told = foot_lines(replace(snapshots.running(), estimates=(waiting,)), 200)
    assert plain_text(told[1]) == " directional manual · no estimate yet: 12 of 60 days · next 2023-06-01"


def test_of_a_class_the_operator_weighs_the_foot_says_that_no_estimate_applies() -> None:
    row = EstimateRow("neutral", "operator", 2, MARKET_MS, note=OPERATORS_OWN)
    (told,) = estimate_lines(row, 76)
    assert plain_text(told) == f" neutral operator · {OPERATORS_OWN}"


def test_a_symbol_shows_how_far_signals_agree_and_which_caps_bound() -> None:
    row = replace(snapshots.signal_row("BTCUSDT", 1), agreement=0.5, netted=0.123, caps=("gross", "drawdown"))
    cells = signal(row)
    assert (cells["agree"].text, cells["netted"].text) == ("0.50", "0.12")
    assert cells["why"] == Cell("gross, drawdown", "soft")
    assert signal(replace(row, agreement=None, netted=None))["agree"].text == NONE_SHOWN


def position_shown(**changes: object) -> dict[str, Cell]:
    plain = snapshots.position("BTCUSDT", "long", "0.0420", "64310.03571428", "65012.5", "29.5")
    row = replace(plain, **changes)  # type: ignore[arg-type]
    locked = bool(changes.get("locked", False))
    return by_title(
        position_columns(held_back=locked, several_venues=False),
        position_cells(row, MARKET_MS, held_back=locked),
    )


def test_a_position_shows_the_instruments_own_decimals_and_its_gain_by_glyph_and_sign() -> None:
    cells = position_shown()
    assert cells["entry"].text == "64,310.0"
    assert cells["uPnL"] == Cell("▲ +29.50", "profit")
    assert cells["stop"].text == "63,100.0"
    assert cells["held"].text == "5h"
    assert "lock" not in cells


def test_an_option_shows_its_delta_where_another_position_has_a_stop_and_its_symbol_whole() -> None:
    option: dict[str, object] = {
        "symbol": "BTC240517C44000",
        "right": "call",
        "strike": "44000",
        "stop": None,
    }
    assert position_shown(**option, delta=-0.523)["stop"] == Cell("Δ −0.52", "soft")
    assert position_shown(**option)["stop"] == Cell("option", "soft")
    symbol, *rest = position_columns(held_back=False, several_venues=False, longest=15)
    assert symbol.width == 15
    assert rest == position_columns(held_back=False, several_venues=False, longest=7)[1:]


@pytest.mark.parametrize(
    ("side", "shown"), [("long", "L"), ("short", "S"), ("L", "L"), ("S", "S"), ("buy", "L"), ("odd", "odd")]
)
def test_the_side_is_one_letter(side: str, shown: str) -> None:
    assert position_shown(side=side)["side"].text == shown


def test_a_position_without_a_stop_or_under_a_lock_says_so() -> None:
    assert position_shown(stop=None)["stop"] == Cell("none", "warn")
    assert position_shown(locked=True)["lock"] == Cell("LOCKED", "warn")


def test_the_foot_of_the_positions_says_when_the_books_last_agreed() -> None:
    assert plain_text(total_line(snapshots.running(), 96)).endswith("books agree, 4.0s ago")
    never = replace(snapshots.running(), reconciled_ts_ms=None)
    assert "never compared with the venue" in plain_text(total_line(never, 96))


def test_the_foot_of_the_positions_says_the_same_however_old_the_agreement_is() -> None:
    def fields(age_ms: int, width: int) -> list[str]:
        book = replace(snapshots.running(), reconciled_ts_ms=MARKET_MS - age_ms)
        line = plain_text(total_line(book, width))
        assert len(line) <= width
        said = [word for word in line.split() if word.isalpha()]
        assert "gross" not in said or "net" in said
        return said

    for width in range(20, 100):
        assert fields(4_000, width) == fields(45_000, width) == fields(7_000_000, width)


@pytest.mark.parametrize(
    ("first", "last", "keys", "said"),
    [
        (0, 9, NAMED, ""),
        (0, 4, NAMED, " below: max position WARN, corr cluster WARN"),
        (0, 5, NAMED, " below: corr cluster WARN"),
        (5, 8, NAMED, " above: max position WARN"),
        (6, 9, NAMED, " above: max position WARN, corr cluster WARN"),
        (0, 4, ("gross", "max position"), " filtered out: corr cluster WARN"),
    ],
)
def test_a_limit_that_warns_out_of_sight_is_named_with_where_it_is(
    first: int, last: int, keys: tuple[str, ...], said: str
) -> None:
    assert plain_text(unseen_alarms(LIMITS, keys, first, last)) == said


def test_a_breach_out_of_sight_comes_before_a_warning() -> None:
    rows = (*LIMITS, LimitRow("data gaps", 9, 5, "count", "BREACH"))
    line = unseen_alarms(rows, [row.name for row in rows], 0, 5)
    assert plain_text(line) == " below: data gaps BREACH, corr cluster WARN"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.338, "fraction", "33.80%"),
        (0.79, "x", "0.79x"),
        (4, "count", "4"),
        (4.5, "count", "4.5"),
        (300, "ms", "300ms"),
        (None, "x", "–"),
    ],
)
def test_a_limit_is_shown_in_its_unit(value: float | None, unit: str, shown: str) -> None:
    assert amount(value, unit) == shown


@pytest.mark.parametrize(
    ("status", "ink"),
    [("ok", "ok"), ("WARN", "warn"), ("BREACH", "breach"), ("not armed", "stale"), ("odd", "warn")],
)
def test_the_state_of_a_limit_is_a_word_and_an_ink(status: str, ink: str) -> None:
    assert limit_cells(LimitRow("gross", 1.9, 2.0, "x", status))[-1] == Cell(status, ink)


def test_warnings_and_breaches_are_counted() -> None:
    breached = replace(snapshots.running(), limits=(*LIMITS, LimitRow("net", 2.0, 1.0, "x", "BREACH")))
    assert plain_text(alarm_words(breached)) == "1 BREACH · 2 WARN"
    assert plain_text(alarm_words(None)) == ""


def test_a_restriction_names_who_why_since_when_and_what_ends_it() -> None:
    line = plain_text(override_lines(snapshots.reducing())[0])
    assert line == " REDUCING drawdown: 5.1% below the peak · 2h · ends: above -4% again"


def test_the_most_severe_restriction_comes_first_and_the_rest_is_counted() -> None:
    many = replace(snapshots.halted(), overrides=(DRAWDOWN, DRAWDOWN, snapshots.PAUSED, snapshots.KILLED))
    lines = [plain_text(line) for line in override_lines(many)]
    assert lines[0].startswith(" HALTED kill")
    assert lines[-1] == " and 1 more"


def test_the_plan_of_a_kill_counts_orders_positions_worth_and_cost() -> None:
    (venue,) = kill_plan(snapshots.running()).venues
    assert (venue.venue, venue.orders, venue.positions) == ("simulated", 6, 3)
    assert f"{venue.notional:.2f}" == "8238.84"
    assert 0 < venue.cost < venue.notional / 100
    text = "\n".join(plain_text(line) for line in plan_lines(kill_plan(snapshots.running())))
    assert "cancel 6 orders, flatten 3 positions" in text
    assert "worth 8,239" in text


def test_a_kill_without_a_picture_or_without_anything_open_says_what_it_would_do() -> None:
    assert "whatever there is" in plain_text(plan_lines(kill_plan(None))[0])
    empty = replace(snapshots.running(), positions=(), working_orders=0)
    assert "HALTED is latched all the same" in plain_text(plan_lines(kill_plan(empty))[0])


@pytest.mark.parametrize("progress", ["latched", "cancelling", "flattening", "failed"])
def test_a_kill_is_not_called_done_before_the_venue_said_so(progress: str) -> None:
    row = KillRow(progress, "simulated", 3, 2, 1, WALL_MS - 4_000, "timed out")
    text = "\n".join(plain_text(line) for line in progress_lines(row, WALL_MS))
    assert "FLAT" not in text
    assert "DONE" not in text
    assert f"{progress}..." in text
    assert "4.0s" in text
    assert "timed out; trying again" in text
    flat = progress_lines(replace(row, progress="flat", error=""), WALL_MS)
    assert plain_text(flat[-1]) == "FLAT: the venue confirms it."


def test_what_an_operator_changed_of_a_signal_stands_in_a_column_of_its_own() -> None:
    changed = replace(WEIGHTS[0], change="weight 0.4 to 0.6 by operator ann@console")
    columns = weight_columns(changed=True)
    cells = [weight_cells(row, changed=True) for row in (changed, *WEIGHTS[1:])]
    assert by_title(columns, cells[0])["changed"] == Cell("weight 0.4 to 0.6 by operator ann@console", "warn")
    assert by_title(columns, cells[1])["changed"].text == ""
    assert [column.title for column in weight_columns(changed=False)] == [c.title for c in columns[:-1]]


@pytest.mark.parametrize("width", [42, 60, 78])
def test_what_an_operator_changed_is_marked_where_there_is_no_room_to_tell_it_and_bars_stay(
    width: int,
) -> None:
    places = fit(weight_columns(changed=True), width)
    for row, mark in (
        (replace(WEIGHTS[0], change="weight 0.25 to 0.4 by ann"), "*0.40"),
        (replace(WEIGHTS[0], change="put in shadow by ann", enabled=False), "*shadow"),
    ):
        cells = weight_cells(row, changed=True)
        shown = [cells[place.index] for place in places if len(cells[place.index].text) <= place.width]
        assert Cell(mark, "warn") in shown
        assert cells[3] in shown
        line = weights_line(replace(snapshots.running(), weights=(row, *WEIGHTS[1:])))
        assert plain_text(line) == f"weights A1 {mark} · A2 0.35 · A3 0.25"


def test_a_position_that_is_being_flattened_says_so() -> None:
    closing = replace(snapshots.POSITIONS[0], flattening=True, locked=True)
    columns = position_columns(held_back=True, several_venues=False)
    assert by_title(columns, position_cells(closing, MARKET_MS, held_back=True))["lock"].text == "CLOSING"
