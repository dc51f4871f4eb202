"""Why an order is what it is: the caps that bound by name and limit, its life, and what it cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.answers import OrderWhy
from console.read_answers import read_config, read_order_why
from console.screens.cap_words import Limits, adds
from console.screens.order_why_rows import (
    caps_words,
    conflict_facts,
    contributions,
    order_facts,
    slippage_words,
    what_was_said,
    why_rows,
)
from engine.commands import DetailKind
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled
from tests.console.recorded_details import BLEND, CONFIG, ORDER, ORDER_ID, STOP, STOP_ID, recorded
from tests.console.snapshots import MARKET_MS, WEIGHTS
from tests.console.stage import MID, NARROW, WIDE, Stage

BOUND = (
    "signals that disagree",
    "risk.type_limits.momentum 12.00%",
    "risk.max_symbol 10.00%",
    "Kelly cap 0.80x (risk.max_gross 1.50x)",
    "risk.dd_start 10.00%, drawdown 11.00%, all times 0.75",
    "risk.buffer_fraction 10.00%",
)
BY_NAME = {row.name: row for row in WEIGHTS}


def why(**changes: Any) -> OrderWhy:
    return read_order_why(ORDER | changes)


def limits(facts: OrderWhy, *, config: bool = True) -> Limits:
    types = {row.name: row.type for row in WEIGHTS}
    return Limits(read_config(CONFIG) if config else None, facts.decision, types)


def squeezed(on: Stage) -> str:
    """The screen with single blanks and without frames."""
    return " ".join(on.text.replace("┃", " ").split())


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_every_cap_that_bound_is_named_with_its_limit_at_every_size(size: tuple[int, int]) -> None:
    async with drilled("order", ORDER_ID, size) as on:
        text = squeezed(on)
        assert f"WHY buy BTCUSDT · {ORDER_ID}" in text
        assert "bound by " + "; ".join(BOUND) in text
        for words in ("quantity 0.0420", "status filled", "slippage +9.3 bps", "decided at 64,250.0"):
            assert words in text
        seen = text
        await on.press("G")
        seen += squeezed(on)
        for words in (
            "READINGS",
            "DECISION",
            "blend +0.416",
            "A1 +0.30",
            "+0.245",
            "FILLS",
            "accepted → filled",
        ):
            assert words in seen, words


async def test_the_caps_that_bound_are_named_in_their_rows_on_a_small_screen() -> None:
    async with drilled("order", ORDER_ID, NARROW) as on:
        table = drill_of(on).rows
        for stage, cap in (
            ("type", "risk.type_limits.momentum 12.00%"),
            ("symbol", "risk.max_symbol 10.00%"),
            ("gross", "Kelly cap 0.80x (risk.max_gross"),
        ):
            while table.cursor_key != f"stage {stage}":
                await on.strike("j")
            assert any(f" {stage} " in line and f"BOUND {cap}" in line for line in on.lines), cap


async def test_the_cursor_reads_out_what_does_not_fit() -> None:
    async with drilled("order", ORDER_ID, NARROW) as on:
        table = drill_of(on).rows
        while table.cursor_key != "stage symbol":
            await on.strike("j")
        assert "BOUND risk.max_symbol 10.00%: limit of one symbol bound" in squeezed(on)


async def test_the_rest_is_read_while_limits_are_not_known_yet() -> None:
    answers = recorded()
    del answers[DetailKind.CONFIG]
    async with drilled("order", ORDER_ID, answers=answers) as on:
        assert "risk.max_symbol not read yet" in on.text
        assert "NOT READ nothing was recorded for config" in on.text
        assert "accepted → filled" in on.text


async def test_a_protective_order_says_which_rule_made_it() -> None:
    answers = recorded() | {DetailKind.ORDER: STOP}
    async with drilled("order", STOP_ID, NARROW, answers=answers) as on:
        text = squeezed(on)
        assert "made by the rule for protective orders, risk.stop_atr 3 average true ranges" in text
        assert "1,210.0 from the average entry, for the whole position" in text
        assert "The decision below was made at the same time" in text
        assert "bound by" not in text


def test_a_trailing_stop_says_what_it_keeps_its_distance_from() -> None:
    facts = read_order_why(STOP | {"order": STOP["order"] | {"purpose": "trail"}})
    made = limits(facts).of_order(facts.order)
    assert made.startswith("made by the rule for protective orders")
    assert made.endswith("1,210.0 behind the best close, for the whole position")


async def test_an_order_no_decision_made_shows_its_life() -> None:
    bare = ORDER | {"decision": None, "stages": [], "readings": [], "decision_price": None}
    async with drilled("order", ORDER_ID, answers=recorded() | {DetailKind.ORDER: bare}) as on:
        assert "no decision made it" in on.text
        assert "READINGS" not in on.text
        assert "LIFE" in on.text
        assert "no price kept" in on.text


async def test_x_cancels_while_it_works() -> None:
    async with drilled("order", STOP_ID, answers=recorded() | {DetailKind.ORDER: STOP}) as on:
        await on.press("x", "C")
        await on.until(lambda: on.link.asked_for == [("cancel", {"order": STOP_ID})])


async def test_its_status_follows_the_picture_and_it_is_read_again() -> None:
    async with drilled("order", "qd1aBTCUSDTo") as on:
        assert "WHY buy BTCUSDT" in on.text
        count = len([q for q in on.link.questions if q.kind is DetailKind.ORDER])
        on.clock.forward(3)
        order = replace(snapshots.ORDER, status="filled", filled="0.0040")
        await on.turn(replace(snapshots.running(), orders=(order,)))
        await on.until(lambda: len([q for q in on.link.questions if q.kind is DetailKind.ORDER]) > count)


def test_readings_add_up_to_the_blend_and_one_that_does_not_is_told() -> None:
    facts = why()
    parts = contributions(facts, limits(facts), BY_NAME)
    assert sum(parts.values()) == pytest.approx(BLEND)
    rows = why_rows(facts, limits(facts), BY_NAME)
    assert rows["stage blend"][-1].text == ""
    heavier = BY_NAME | {"A1": replace(WEIGHTS[0], weight=0.9)}
    told = why_rows(facts, limits(facts), heavier)["stage blend"][-1]
    assert "weights in force now, which have changed since" in told.text
    assert told.ink == "warn"


def test_the_shares_of_the_orders_day_are_used_where_they_add_up() -> None:
    later = BY_NAME | {"A1": replace(WEIGHTS[0], weight=0.9)}
    facts = why(shares={"A1": 0.40, "A2": 0.35, "A3": 0.25})
    rows = why_rows(facts, limits(facts), later)
    assert rows["stage blend"][-1].text == ""
    assert [rows[f"reading {name}"][4].text for name in ("A1", "A2", "A3")] == ["0.40", "0.35", "0.25"]
    other = why(shares={"A1": 0.1, "A2": 0.1, "A3": 0.8})
    assert what_was_said(other, limits(other), BY_NAME).adds_up


def test_agreement_and_what_was_netted_out_stand_at_the_conflict() -> None:
    facts = why()
    row = why_rows(facts, limits(facts), BY_NAME)["stage conflict"]
    parts = [0.40 * 1.7 * 0.3, 0.35 * 1.1 * 0.5, -0.25 * 0.2]
    size = sum(map(abs, parts))
    assert row[-1].text == (
        f"BOUND signals that disagree; agreement {sum(parts) / size:.2f}, netted out {size - sum(parts):.3f}"
    )
    weaker = BY_NAME | {"A1": replace(WEIGHTS[0], weight=0.9)}
    assert "agreement" not in why_rows(facts, limits(facts), weaker)["stage conflict"][-1].text


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_agreement_and_what_was_netted_out_stand_at_the_head_at_every_size(
    size: tuple[int, int],
) -> None:
    parts = [0.40 * 1.7 * 0.3, 0.35 * 1.1 * 0.5, -0.25 * 0.2]
    total, size_of_all = sum(parts), sum(map(abs, parts))
    async with drilled("order", ORDER_ID, size) as on:
        text = squeezed(on)
        assert f"agreement {total / size_of_all:.2f}" in text
        assert f"netted out {size_of_all - total:.3f}" in text


def test_where_weights_have_changed_the_stages_tell_how_far_the_signals_agreed() -> None:
    """The recorded conflict left .9 of the blend at a floor of .5: they agreed by .8."""
    weaker = BY_NAME | {"A1": replace(WEIGHTS[0], weight=0.9)}
    row = CONFIG["rows"][0] | {"key": "blend.agreement_floor", "value": "0.5"}
    facts = why()
    said = Limits(read_config(CONFIG | {"rows": [*CONFIG["rows"], row]}), facts.decision, {})
    shown = conflict_facts(facts, said, what_was_said(facts, said, weaker))
    assert {fact.name: fact.value for fact in shown} == {
        "agreement": "0.80",
        "netted out": f"{BLEND / 1.2 * (1 / 0.8 - 1):.3f}",
    }
    full = [stage | ({"value": 1.0} if stage["stage"] == "blend" else {}) for stage in ORDER["stages"]]
    full = [stage | ({"value": 0.9} if stage["stage"] == "conflict" else {}) for stage in full]
    cut = why(stages=full)
    shown = conflict_facts(cut, said, what_was_said(cut, said, weaker))
    assert [fact.value for fact in shown] == ["0.80", "–"], "a blend cut at 1 hides how much there was"
    assert conflict_facts(why(stages=[]), said, what_was_said(facts, said, weaker)) == []


def test_a_reading_names_the_signal_it_is_most_like() -> None:
    alike = BY_NAME | {"A1": replace(WEIGHTS[0], closest="A2", correlation=0.62)}
    rows = why_rows(why(), limits(why()), alike)
    assert "closest A2 +0.62" in rows["reading A1"][-1].text


def test_a_say_by_confidence_is_worked_out_as_it_was_decided() -> None:
    """A1 speaks with half its confidence: its voice is .20 of .80, and its own forecast is halved."""
    quiet = [ORDER["readings"][0] | {"confidence": 0.5}, *ORDER["readings"][1:]]
    rows = [row | {"value": '"confidence"'} for row in CONFIG["rows"][:1]]
    rows = [*CONFIG["rows"], rows[0] | {"key": "blend.netting"}]
    facts = why(readings=quiet)
    said = Limits(read_config(CONFIG | {"rows": rows}), facts.decision, {})
    assert contributions(facts, said, BY_NAME) == pytest.approx(
        {
            "A1": 1.2 * 0.20 / 0.80 * 1.7 * 0.3 * 0.5,
            "A2": 1.2 * 0.35 / 0.80 * 1.1 * 0.5,
            "A3": -1.2 * 0.25 / 0.80 * 0.2,
        }
    )


def test_the_cap_of_one_signal_is_counted_and_named_with_who_it_holds() -> None:
    """A2 is silent: A1 would have .40 of .65, and has .55."""
    readings = [ORDER["readings"][0], ORDER["readings"][1] | {"value": None}, ORDER["readings"][2]]
    parts = {"A1": 1.2 * 0.55 * 1.7 * 0.3, "A3": -1.2 * 0.45 * 0.2}
    stages = [
        stage | ({"value": sum(parts.values())} if stage["stage"] == "blend" else {})
        for stage in ORDER["stages"]
    ]
    row = CONFIG["rows"][0] | {"key": "blend.signal_cap", "value": "0.55"}
    facts = why(readings=readings, stages=stages)
    said = Limits(read_config(CONFIG | {"rows": [*CONFIG["rows"], row]}), facts.decision, {})
    found = what_was_said(facts, said, BY_NAME)
    assert (found.adds_up, found.capped) == (True, frozenset({"A1"}))
    assert found.parts == pytest.approx(parts)
    assert caps_words(facts, said, found).startswith(
        "bound by blend.signal_cap 55.00%: A1; signals that disagree"
    )


def test_a_reading_says_where_its_weight_came_from_and_whether_it_was_outvoted() -> None:
    estimated = {row.name: row for row in snapshots.ESTIMATED}
    facts = why()
    rows = why_rows(facts, limits(facts), estimated, (snapshots.ESTIMATE,))
    assert rows["#readings"][-1].text == "directional 2.13 bets of 3 signals"
    assert rows["reading A3"][-1].text.startswith(
        "against the others; by equal-risk of 2023-05-25, +0.007, at the floor; evidence directional reversion"
    )
    since = {name: replace(row, estimated_ms=MARKET_MS) for name, row in estimated.items()}
    told = why_rows(facts, limits(facts), since, (replace(snapshots.ESTIMATE, estimated_ms=MARKET_MS),))
    assert told["#readings"][-1].text == ""
    assert "equal-risk" not in told["reading A3"][-1].text


def test_a_signal_without_an_opinion_adds_nothing_and_its_weight_goes_to_the_others() -> None:
    readings = [ORDER["readings"][0] | {"value": None, "reason": "WARMUP"}, *ORDER["readings"][1:]]
    facts = why(readings=readings)
    parts = contributions(facts, limits(facts), BY_NAME)
    assert parts == pytest.approx({"A2": 1.2 * 0.35 / 0.60 * 1.1 * 0.5, "A3": -1.2 * 0.25 / 0.60 * 0.2})
    row = why_rows(facts, limits(facts), BY_NAME)["reading A1"]
    assert row[1].text == "····"
    assert "warming up" in row[-1].text


def test_without_factors_nothing_is_said_of_parts() -> None:
    facts = why()
    assert contributions(facts, limits(facts, config=False), BY_NAME) == {}


@pytest.mark.parametrize(
    ("value", "confidence", "scalar", "expected"),
    [
        (0.5, 1.0, 1.0, 0.2),
        (0.9, 1.0, 1.7, 0.4),
        (-0.9, 1.0, 1.7, -0.4),
        (None, 1.0, 1.0, None),
        (0.5, 1.0, None, None),
    ],
)
def test_a_reading_adds_its_share_of_a_clipped_forecast(
    value: float | None, confidence: float, scalar: float | None, expected: float | None
) -> None:
    assert adds(value, confidence, scalar, 0.4) == expected


def test_where_no_cap_bound_that_is_said() -> None:
    free = [stage | {"bound": False, "why": ""} for stage in ORDER["stages"]]
    facts = why(stages=free)
    assert caps_words(facts, limits(facts)) == "no cap bound"


@pytest.mark.parametrize(
    ("stage", "state", "words"),
    [
        ("cluster", "ACTIVE", "risk.max_cluster 25.00%"),
        ("net", "ACTIVE", "risk.max_net 30.00%"),
        ("state", "REDUCING", "trading state REDUCING"),
        ("state", "ACTIVE", "a lock, a cooldown, a stale price or a position without an opinion"),
        ("round", "ACTIVE", ""),
    ],
)
def test_each_stage_names_its_cap(stage: str, state: str, words: str) -> None:
    facts = why(decision=ORDER["decision"] | {"state": state})
    assert limits(facts).of_stage(stage, facts) == words


def test_the_gross_limit_is_named_where_it_is_below_the_kelly_cap() -> None:
    scalars = ORDER["decision"]["scalars"] | {"kelly": 3.0}
    facts = why(decision=ORDER["decision"] | {"scalars": scalars})
    assert limits(facts).of_stage("gross", facts) == "risk.max_gross 1.50x"


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (0.16, "risk.directional_budget 30.00%, which left 50.00%"),
        (0.20, "risk.directional_budget 30.00%, which left 50.00%, then risk.max_gross 1.50x"),
    ],
)
def test_the_budget_of_the_directional_book_is_named_before_the_gross_limit(net: float, words: str) -> None:
    """The recorded order has .08 after `gross`."""
    rows = [*CONFIG["rows"], CONFIG["rows"][0] | {"key": "risk.directional_budget", "value": "0.3"}]
    stages = [stage | ({"value": net} if stage["stage"] == "net" else {}) for stage in ORDER["stages"]]
    scalars = ORDER["decision"]["scalars"] | {"kelly": 3.0, "directional": 0.5}
    facts = why(stages=stages, decision=ORDER["decision"] | {"scalars": scalars})
    said = Limits(read_config(CONFIG | {"rows": rows}), facts.decision, {})
    assert said.of_stage("gross", facts) == words


@pytest.mark.parametrize(
    ("side", "decided", "words", "ink"),
    [
        ("buy", "64250.0", "+9.3 bps", "loss"),
        ("sell", "64250.0", "−9.3 bps", "profit"),
        ("buy", "64310.05", "0.0 bps", "plain"),
        ("buy", None, "no price kept", "soft"),
    ],
)
def test_slippage_is_how_much_worse_than_decided(
    side: str, decided: str | None, words: str, ink: str
) -> None:
    facts = why(order=ORDER["order"] | {"side": side, "filled_notional": "2701.0221"}, decision_price=decided)
    assert slippage_words(facts) == (words, ink)


def test_an_order_that_was_not_filled_has_no_average_and_no_slippage() -> None:
    facts = read_order_why(STOP)
    shown = {fact.name: fact.value for fact in order_facts(facts)}
    assert (shown["average fill"], shown["slippage"], shown["quantity"]) == ("–", "–", "position")
