"""Parameters of a signal set as text: what is read, what the signal's own model refuses, and what beats what."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest

from engine.assignments import AssignmentFault, assignments
from engine.bookstate import BookState, Choice, Tuning
from engine.config import effective, load_config
from engine.config_chosen import as_chosen
from engine.shadow import NOBODY, same_names
from engine.signal_state import changed
from engine.tuning import as_set, change_words, tuned, values_set
from strategies.config import SignalConfigFault, SignalsConfig, known_signals
from strategies.registry import BUILT_IN, Registry
from strategies.signal import Signal

KINDS = {kind.name: kind for kind in BUILT_IN}
CONFIGURED = {one.name: one for one in known_signals(SignalsConfig(), Registry(KINDS))}


def set_of(name: str, text: str) -> Signal:
    return tuned(CONFIGURED[name], KINDS[name], assignments(text))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("window=300", {"window": 300}),
        ("window=300 stop_ranges=2.5", {"window": 300, "stop_ranges": 2.5}),
        (
            "channels=[[20, 10], [55, 20]]  shorting=false",
            {"channels": [[20, 10], [55, 20]], "shorting": False},
        ),
        ("response=sign bar=4h", {"response": "sign", "bar": "4h"}),
        ("com=NaN cap=Infinity", {"com": "NaN", "cap": "Infinity"}),
        ("channels=" + "[" * 100_000, {"channels": "[" * 100_000}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_written_is_read(text: str, values: dict[str, Any]) -> None:
    assert assignments(text) == values


@pytest.mark.parametrize(
    "text", ["window", "=3", "window=", "window=3 cap", "window=3 window=4", "x" * 99 + "=1"]
)
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(AssignmentFault):
        assignments(text)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("A2", "windw=30", "A2 has no parameter windw: it has scalar, channels, range_period"),
        ("A2", "weight=0.3", "A2: weight is no parameter: `signals weight` does that"),
        ("A2", "enabled=false", "A2: enabled is no parameter: `signals enable`"),
        ("A2", "window=30.5", "A2 window: input should be a valid integer"),
        ("A2", 'window="30"', "A2 window: input should be a valid integer"),
        ("A2", "window=true", "A2 window: input should be a valid integer"),
        ("A2", "shorting=1", "A2 shorting: input should be a valid boolean"),
        ("A2", "window=436", "A2 window: input should be less than or equal to 435"),
        ("A2", "stop_ranges=0", "A2 stop_ranges: input should be greater than 0"),
        ("A2", "stop_ranges=NaN", "A2 stop_ranges: input should be a valid number"),
        ("A2", "window=40", "A2: window 40 must exceed the longest channel or range period 55"),
        ("A2", "channels=[[20,10],[55]]", "A2 channels.1.1: field required"),
        ("A2", "channels=" + "[" * 100_000, "A2 channels: input should be a valid"),
        ("A2", "window=300 stop_ranges=-1", "A2 stop_ranges: input should be greater than 0"),
        ("A1", "response=loud", "A1 response: input should be 'clip' or 'sign'"),
        ("B12", "bar=7m", "B12 bar: input should be"),
        ("A3", "full=1 dead_band=1", "A3: full 1 must exceed dead_band 1"),
    ],
)
def test_what_the_model_of_the_signal_refuses_is_said_in_one_line(name: str, text: str, words: str) -> None:
    with pytest.raises(SignalConfigFault) as refused:
        set_of(name, text)
    assert str(refused.value).startswith(words)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", KINDS)
def test_every_parameter_of_every_signal_can_be_set_to_what_it_is(name: str) -> None:
    signal = CONFIGURED[name]
    values = signal.settings.model_dump(mode="json", exclude={"enabled", "weight"})
    again = tuned(signal, KINDS[name], values)
    assert again.settings == signal.settings
    assert values_set(again, signal) == {}


def test_a_signal_that_ends_the_program_when_it_is_built_is_a_refusal() -> None:
    kind = replace(KINDS["A2"], build=lambda settings: sys.exit("enough"))
    with pytest.raises(SignalConfigFault, match=r"^A2: SystemExit: enough$"):
        tuned(CONFIGURED["A2"], kind, {"window": 300})


def test_only_what_differs_from_the_configuration_is_kept_and_told() -> None:
    signal = set_of("A2", "window=300 stop_ranges=2 channels=[[10,5]]")
    assert signal.window == 300
    assert values_set(signal, CONFIGURED["A2"]) == {"window": 300, "channels": [[10, 5]]}
    words = change_words(CONFIGURED["A2"].settings, signal.settings)
    assert words == "channels [[20, 10], [55, 20]] to [[10, 5]], window 420 to 300"


def test_the_operator_beats_the_configuration_key_by_key_as_long_as_both_fit() -> None:
    later = SignalsConfig.model_validate({"A2": {"window": 350, "stop_ranges": 4}})
    configured = known_signals(later, Registry(KINDS))
    tunings = {
        "A2": Tuning({"window": 300}, "ann", 0),
        "A3": Tuning({"window": 100}, "ann", 0),  # its centre of mass of 20 days needs more
        "mine": Tuning({"any": 1}, "ann", 0),
    }
    signals, faults = as_set(configured, KINDS, tunings)
    told = {signal.name: signal.settings.model_dump() for signal in signals}
    assert (told["A2"]["window"], told["A2"]["stop_ranges"]) == (300, 4)
    assert told["A3"]["window"] == 148
    assert list(faults) == ["A3"]
    assert faults["A3"].startswith("A3: com 20 needs a window of at least")


def test_the_configuration_shows_what_an_operator_chose_and_set_as_the_operators() -> None:
    settings = effective(load_config(None, {}, {}, {}))
    choices = {"A1": Choice(False, 0.1, "ann", 0), "gone": Choice(True, 0.2, "ann", 0)}
    tunings = {"A2": Tuning({"window": 300}, "ann", 0), "A3": Tuning({}, "ann", 0)}
    before = {row.key: row for row in settings}
    after = {row.key: row for row in as_chosen(settings, choices, tunings)}
    differing = {key: (row.value, row.source) for key, row in after.items() if row != before.get(key)}
    assert differing == {
        "signals.A1.enabled": ("false", "operator"),
        "signals.A1.weight": ("0.1", "operator"),
        "signals.A2.window": ("300", "operator"),
    }


def test_the_screen_says_who_set_what_and_nothing_once_it_is_taken_back() -> None:
    tuning = Tuning({"window": 300, "shorting": False}, "ann", 0)
    weight = Choice(True, 0.2, "bob", 0)
    assert changed(CONFIGURED["A2"], None, tuning) == "window 300, shorting false by ann"
    assert changed(CONFIGURED["A2"], weight, tuning).startswith("weight 0.4 to 0.2 by bob; window 300")
    assert changed(CONFIGURED["A2"], None, Tuning({}, "ann", 0)) == ""


def test_what_a_signal_left_behind_is_its_own_while_its_parameters_stand() -> None:
    before = [CONFIGURED[name] for name in ("A1", "A2", "A3")]
    after = [set_of("A2", "window=300"), CONFIGURED["A1"]]
    assert same_names(before, after) == ["A1", NOBODY, "A3"]


def test_the_book_remembers_what_was_set() -> None:
    book = BookState(tunings={"A2": Tuning({"channels": [[10, 5]], "stop_ranges": 0.1}, "ann", 7)})
    assert BookState.loads(book.dumps(), "[]").tunings == book.tunings
