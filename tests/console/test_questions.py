"""What each question says before something is changed, from the picture of that moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import questions
from console.operator import ARMED_REASON
from console.publisher import View
from console.widgets.ink import plain_text
from engine.snapshot import Snapshot, WeightRow
from tests.console import snapshots
from tests.console.snapshots import FLATTENED, ORDER, WEIGHTS
from tests.console.views import view_of

RUNNING = snapshots.running()
KEPT_OUT = replace(RUNNING, overrides=(FLATTENED,))


def said(question: questions.Question, snapshot: Snapshot | None = RUNNING) -> str:
    return "\n".join(plain_text(line) for line in question.lines(view_of(snapshot)))


def live(snapshot: Snapshot) -> View:
    return view_of(replace(snapshot, mode="live"))


def test_flattening_names_symbol_quantity_and_worth_and_what_follows() -> None:
    question = questions.flatten_question(view_of(RUNNING), "BTCUSDT")
    assert question.heading == "FLATTEN BTCUSDT?"
    assert said(question).splitlines() == [
        "BTCUSDT  long 0.0420 at simulated, mark 65,012.5",
        "worth 2,730.52, uPnL ▲ +29.50, 1 working order",
        "A reduce-only market order closes all of it at the next price.",
        "Then no new entries in BTCUSDT until you lift it with the same key.",
    ]


def test_flattening_what_is_not_held_says_that_it_only_keeps_it_out() -> None:
    words = said(questions.flatten_question(view_of(RUNNING), "DOTUSDT"))
    assert "No position in DOTUSDT just now." in words
    assert "reduce-only" not in words


def test_a_question_about_a_symbol_tells_what_it_is_now_and_not_what_it_was_when_asked() -> None:
    question = questions.flatten_question(view_of(RUNNING), "BTCUSDT")
    assert "No position in BTCUSDT just now." in said(question, replace(RUNNING, positions=()))
    assert "HALTED: only the kill path acts" in said(question, snapshots.halted("cancelling"))
    assert "No position in BTCUSDT just now." in said(question, None)


def test_a_flattened_symbol_is_asked_to_be_let_trade_again() -> None:
    question = questions.flatten_question(view_of(KEPT_OUT), "ETHUSDT")
    assert question.heading == "LET ETHUSDT TRADE AGAIN?"
    assert said(question, KEPT_OUT).splitlines() == [
        "Flattened 3m ago by operator ann@console: flatten ETHUSDT, asked at the console.",
        "Entries may come again at the next decision, in 4s.",
    ]
    assert questions.flatten_question(view_of(KEPT_OUT), "BTCUSDT").heading == "FLATTEN BTCUSDT?"


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (ORDER, "BTCUSDT  buy 0.0040 limit at 65,010.1\nopen, accepted, 0 filled"),
        (ORDER, "The next decision may ask for it again."),
        (replace(ORDER, purpose="stop", price=None), "without it there is no stop"),
        (
            replace(
                ORDER,
                side="sell",
                type="stop_market",
                purpose="stop",
                quantity="position",
                price=None,
                trigger="22.66",
                status="partially_filled",
            ),
            "BTCUSDT  sell, stop at 22.66 for the whole position\nstop, partially filled, 0 filled",
        ),
        (replace(ORDER, purpose="trail", price=None), "without it there is no trailing stop"),
    ],
)
def test_cancelling_says_which_order_and_what_it_is_for(order: object, words: str) -> None:
    snapshot = replace(RUNNING, orders=(order,))  # type: ignore[arg-type]
    assert words in said(questions.cancel_question(view_of(snapshot), ORDER.client_order_id), snapshot)


def test_an_order_that_is_no_longer_in_the_picture_may_have_ended() -> None:
    assert "may have ended already" in said(questions.cancel_question(view_of(RUNNING), "qd-gone"))


def test_putting_a_signal_in_shadow_says_what_becomes_of_its_share() -> None:
    question = questions.signal_question(view_of(RUNNING), "A1")
    assert question.heading == "PUT A1 IN SHADOW?"
    assert said(question).splitlines() == [
        "A1  time-series momentum, directional",
        "Its share of directional: 0.40 to 0.00, at the next decision, in 4s.",
        "It is computed, shown and recorded, and traded by nobody.",
    ]


@pytest.mark.parametrize(
    ("state", "weight", "heading"),
    [
        ("on", 0.4, "PUT A1 IN SHADOW?"),
        ("shadow", 0.4, "SWITCH A1 ON?"),
        ("shadow", 0.0, "SWITCH A1 OFF?"),
        ("off", 0.0, "PUT A1 IN SHADOW?"),
        ("off", 0.4, "SWITCH A1 ON?"),
        ("waits", 0.0, "SWITCH A1 OFF?"),
        ("waits in shadow", 0.0, "SWITCH A1 ON?"),
        ("waits off", 0.0, "SWITCH A1 ON?"),
    ],
)
def test_one_key_leads_a_signal_through_its_states(state: str, weight: float, heading: str) -> None:
    row = replace(
        WEIGHTS[0],
        state="off" if state.endswith("off") else "on" if state == "on" else "shadow",
        weight=0.0,
        raw_weight=weight,
        enabled=state in ("on", "waits"),
        waits=state.startswith("waits"),
    )
    snapshot = replace(RUNNING, weights=(row, *WEIGHTS[1:]))
    assert questions.signal_question(view_of(snapshot), "A1").heading == heading


def test_of_what_is_off_the_past_is_computed_first() -> None:
    row = replace(WEIGHTS[0], state="off", weight=0.0, raw_weight=0.4, enabled=False)
    snapshot = replace(RUNNING, weights=(row, *WEIGHTS[1:]))
    words = said(questions.signal_question(view_of(snapshot), "A1"), snapshot)
    assert "it counts from the next decision after that" in words


@pytest.mark.parametrize("kind", ["neutral", "directional"])
def test_shadow_of_what_is_off_counts_for_nothing_and_says_nothing_of_shares(kind: str) -> None:
    row = replace(WEIGHTS[0], state="off", kind=kind, weight=0.0, raw_weight=0.0, enabled=False)
    snapshot = replace(RUNNING, weights=(row, *WEIGHTS[1:]))
    question = questions.signal_question(view_of(snapshot), "A1")
    assert question.heading == "PUT A1 IN SHADOW?"
    assert said(question, snapshot).splitlines() == [
        f"A1  time-series momentum, {kind}",
        "Its past is computed first, beside the bars.",
        "It is computed, shown and recorded, and traded by nobody.",
    ]


def test_another_method_says_what_it_replaces_and_that_weights_stay_until_a_bar() -> None:
    snapshot = snapshots.estimated()
    question = questions.method_question(view_of(snapshot), "manual")
    assert (question.heading, question.typed) == ("WEIGHTS BY MANUAL?", "")
    words = said(question, snapshot)
    assert words.splitlines()[0].startswith("directional equal-risk to manual")
    assert "until then weights stay" in words
    assert words.splitlines()[-1] == "Then the configured weights stand again."
    live = questions.method_question(view_of(snapshots.running(mode="live")), "equal")
    assert live.typed == "equal"


FOLLOWED = replace(WEIGHTS[0], state="shadow", enabled=False, followed=True, weight=0.0)


def test_what_follows_the_decisions_is_computed_first_where_it_is_to_decide() -> None:
    snapshot = replace(RUNNING, weights=(replace(FOLLOWED, raw_weight=0.4), *WEIGHTS[1:]))
    words = said(questions.signal_question(view_of(snapshot), "A1"), snapshot)
    assert (
        "Its past is computed first, beside the bars: it counts from the next decision after that." in words
    )


def test_what_follows_the_decisions_and_is_switched_off_changes_none() -> None:
    snapshot = replace(RUNNING, weights=(replace(FOLLOWED, raw_weight=0.0), *WEIGHTS[1:]))
    question = questions.signal_question(view_of(snapshot), "A1")
    assert question.heading == "SWITCH A1 OFF?"
    assert said(question, snapshot).splitlines() == [
        "A1  time-series momentum, directional",
        "It is computed no longer.",
    ]


def test_letting_entries_go_on_names_who_paused_them_and_why() -> None:
    assert said(questions.UNPAUSE, snapshots.paused()).splitlines() == [
        "Entries were paused 60s ago by operator ann@console: entries paused."
    ]
    assert "not paused" in said(questions.UNPAUSE, RUNNING)


def test_letting_entries_go_on_after_a_kill_says_that_halted_stays() -> None:
    hold = replace(snapshots.PAUSED, reason=ARMED_REASON)
    killed = replace(snapshots.halted(), overrides=(snapshots.KILLED, hold))
    assert said(questions.UNPAUSE, killed).splitlines() == [
        "Entries were paused 60s ago by operator ann@console: kill switch armed.",
        "HALTED stays all the same: no entries until you resume.",
    ]


def test_of_what_an_estimate_has_yet_to_weigh_it_is_said_that_it_trades_nothing_before() -> None:
    row = replace(WEIGHTS[0], state="off", weight=0.0, raw_weight=0.0, enabled=False, waits=True)
    snapshot = replace(RUNNING, weights=(row, *WEIGHTS[1:]))
    words = said(questions.signal_question(view_of(snapshot), "A1"), snapshot)
    assert "Its share of directional: 0.00 to 0.00" in words
    assert "It trades nothing before the next estimate gives it a share, or you give it a weight." in words
    assert "it counts from" not in words


def test_a_weight_of_nothing_for_the_last_directional_signal_says_that_everything_is_closed() -> None:
    alone = replace(RUNNING, weights=(WEIGHTS[0], *(replace(row, enabled=False) for row in WEIGHTS[1:])))
    told = [plain_text(line) for line in questions.weight_lines(alone, "A1", 0.0)]
    assert any("the next decision closes every position" in line for line in told)


def test_switching_the_last_directional_signal_off_says_that_everything_is_closed() -> None:
    alone = replace(RUNNING, weights=(WEIGHTS[0], *(replace(row, enabled=False) for row in WEIGHTS[1:])))
    words = said(questions.signal_question(view_of(alone), "A1"), alone)
    assert "the next decision closes every position" in words


def test_switching_a_signal_on_again_says_who_switched_it_off() -> None:
    off = replace(WEIGHTS[0], enabled=False, weight=0.0, change="disabled by operator ann@console")
    snapshot = replace(RUNNING, weights=(off, *WEIGHTS[1:]))
    question = questions.signal_question(view_of(snapshot), "A1")
    assert question.heading == "SWITCH A1 ON?"
    assert "Its share of directional: 0.00 to 0.40" in said(question, snapshot)
    assert "Before: disabled by operator ann@console." in said(question, snapshot)


def test_an_overlay_has_no_share_to_lose() -> None:
    overlay = replace(WEIGHTS[0], name="D1", kind="overlay", weight=0.0, raw_weight=0.0)
    snapshot = replace(RUNNING, weights=(*WEIGHTS, overlay))
    words = said(questions.signal_question(view_of(snapshot), "D1"), snapshot)
    assert "It acts on every position" in words
    assert "share" not in words


def test_a_weight_shows_old_new_and_the_shares_it_makes() -> None:
    lines = [plain_text(line) for line in questions.weight_lines(RUNNING, "A1", 0.6)]
    assert lines == [
        "A1  time-series momentum, directional",
        "weight in force 0.4, share 0.40, by configuration 0.40",
        "0.4 to 0.6: share 0.40 to 0.50, at the next decision, in 4s",
        "the others: A2 0.29, A3 0.21",
    ]
    assert len(questions.weight_lines(RUNNING, "A1", None)) == 2


def test_a_weight_of_a_signal_that_is_off_waits() -> None:
    off = replace(RUNNING, weights=(replace(WEIGHTS[0], enabled=False), *WEIGHTS[1:]))
    assert "the weight waits until it is on" in plain_text(questions.weight_lines(off, "A1", 0.6)[-1])


ASKED: dict[str, tuple[Callable[[View], questions.Question], str]] = {
    "flatten": (lambda view: questions.flatten_question(view, "BTCUSDT"), "BTCUSDT"),
    "release": (lambda view: questions.flatten_question(view, "ETHUSDT"), "ETHUSDT"),
    "cancel": (lambda view: questions.cancel_question(view, ORDER.client_order_id), "BTCUSDT"),
    "signal": (lambda view: questions.signal_question(view, "A1"), "A1"),
}


@pytest.mark.parametrize(("ask", "typed"), ASKED.values(), ids=ASKED)
def test_in_live_the_name_must_be_typed_and_elsewhere_not(
    ask: Callable[[View], questions.Question], typed: str
) -> None:
    assert ask(live(KEPT_OUT)).typed == typed
    assert ask(view_of(KEPT_OUT)).typed == ""


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=6),
    st.floats(0, 1),
)
def test_shares_of_a_class_sum_to_one_or_are_all_nothing(rows: list[tuple[float, bool]], raw: float) -> None:
    weights = tuple(
        WeightRow(f"S{place}", "", "directional", "", 0.0, on, 1.0, 0.0, 1, 1, raw_weight=weight)
        for place, (weight, on) in enumerate(rows)
    )
    shares = questions.shares_if(replace(RUNNING, weights=(*weights, *WEIGHTS[:0])), "S0", raw)
    total = sum(shares.values())
    assert total == pytest.approx(1.0) or set(shares.values()) == {0.0}
    assert set(shares) == {row.name for row in weights if row.enabled} | {"S0"}


def test_shares_are_those_of_the_signals_own_class_and_of_what_is_switched_on() -> None:
    other = replace(WEIGHTS[0], name="N1", kind="neutral", raw_weight=0.9)
    off = replace(WEIGHTS[0], name="A9", enabled=False, raw_weight=0.9)
    shares = questions.shares_if(replace(RUNNING, weights=(*WEIGHTS, other, off)), "A1", 0.6)
    assert shares == pytest.approx({"A1": 0.5, "A2": 0.35 / 1.2, "A3": 0.25 / 1.2})
    assert questions.shares_if(RUNNING, "Z9", 0.6) == {}
