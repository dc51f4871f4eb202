"""Long lines: broken between words where there is room below, else cut with a mark."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.screens.kill_progress import KillProgress
from console.widgets.ink import Line, broken, cut, plain_text, width_of
from tests.console import snapshots
from tests.console.stage import NARROW, stage

WORDS = st.text(st.sampled_from("abc ▲日"), max_size=30)
LINES = st.lists(st.tuples(WORDS, st.sampled_from(["plain", "warn"])), max_size=5)


@given(LINES, st.integers(1, 40))
def test_a_broken_line_loses_no_word_and_fits_unless_a_word_does_not(line: Line, width: int) -> None:
    parts = broken(line, width)
    assert "".join(plain_text(part) for part in parts).replace(" ", "") == plain_text(line).replace(" ", "")
    widest = max((width_of([(word, "")]) for word in plain_text(line).split()), default=0)
    assert all(width_of(part) <= max(width, widest) for part in parts)


@given(LINES, st.integers(1, 40))
def test_a_cut_line_fits_and_ends_in_a_mark(line: Line, width: int) -> None:
    shown = plain_text(cut(line, width))
    assert width_of([(shown, "")]) <= width
    assert shown == plain_text(line) if width_of(line) <= width else shown.rstrip().endswith("…")


def test_a_line_is_broken_between_words_and_keeps_its_inks() -> None:
    line = (("NOT HALTED: ", "halted"), ("the socket did not answer", "strong"))
    assert [plain_text(part) for part in broken(line, 20)] == [
        "NOT HALTED: the ",
        "socket did not ",
        "answer",
    ]
    assert {ink for _, ink in broken(line, 20)[-1]} == {"strong"}


async def test_a_fault_in_a_dialog_is_read_to_its_end() -> None:
    fault = "the engine did not answer within five seconds; whether the command was carried out is not known"
    async with stage(snapshots.running(), NARROW) as on:
        on.link.refusal = fault
        await on.press("ctrl+k", "F")
        await on.until(lambda: isinstance(on.app.screen, KillProgress) and "NOT HALTED" in on.text)
        await on.turn()
        assert "is not known" in on.text
