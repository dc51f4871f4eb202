"""A picture through the socket's lines and back: the same picture, in small steps, between versions too."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace

import pytest

from console.link.picture import PART_BYTES, Assembly, cut
from console.link.wire import WireFault, decode
from engine.snapshot import SignalCell, Snapshot
from tests.console import snapshots

PICTURES = {
    "running": snapshots.running(),
    "estimated": snapshots.estimated(),
    "warming up": snapshots.warming_up(),
    "stale": snapshots.with_stale(),
    "halted": snapshots.halted("cancelling"),
    "starting": snapshots.starting(),
    "large": snapshots.large(200),
}


def joined(lines: list[bytes]) -> Snapshot:
    """What a reader makes of the lines."""
    assembly = Assembly()
    *parts, head = map(decode, lines)
    for part in parts:
        assembly.add(part["part"])
    return assembly.finish(head["snapshot"])


def many_signals(picture: Snapshot, signals: int) -> Snapshot:
    cells = tuple(SignalCell(f"signal{place:02d}", 0.1234567 + place, 0.5) for place in range(signals))
    return replace(picture, signals=tuple(replace(row, cells=cells) for row in picture.signals))


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_crosses_unchanged(name: str) -> None:
    assert joined(list(cut(PICTURES[name]))) == PICTURES[name]


def test_its_lines_are_of_bounded_size() -> None:
    lines = list(cut(many_signals(PICTURES["large"], 30)))
    longest_row = 4_000
    assert all(len(line) < PART_BYTES + longest_row for line in lines)
    assert len(lines) > 20


def test_a_number_that_is_none_crosses_as_null_and_is_none_again() -> None:
    first = replace(PICTURES["running"].signals[0], target_fraction=math.inf)
    lines = list(cut(replace(PICTURES["running"], gross=math.nan, signals=(first,))))
    assert b"NaN" not in b"".join(lines)
    assert b"Infinity" not in b"".join(lines)
    back = joined(lines)
    assert math.isnan(back.gross)
    assert math.isnan(back.signals[0].target_fraction)


def test_what_the_other_version_does_not_say_is_empty_and_what_it_says_more_is_ignored() -> None:
    *parts, head = [json.loads(line) for line in cut(PICTURES["halted"])]
    for row in [*(row for part in parts for rows in part["part"].values() for row in rows), head["snapshot"]]:
        row["from_the_future"] = [{"x": 1}]
    parts[0]["part"]["from_the_future"] = [1]
    for row in parts[0]["part"]["signals"]:
        del row["price"], row["age_ms"], row["stale"], row["cells"], row["forecast"]
    for name in ("equity", "sequence", "gross", "kill", "scalars", "next_decision_in_ms"):
        del head["snapshot"][name]
    back = joined([json.dumps(message).encode() for message in (*parts, head)])
    was = PICTURES["halted"]
    assert (back.equity, back.sequence, back.gross, back.kill, back.scalars) == ("", 0, 0.0, None, ())
    assert back.next_decision_in_ms is None
    assert back.positions == was.positions
    assert back.signals == tuple(
        replace(row, price="", age_ms=0, stale=False, cells=(), forecast=None) for row in was.signals
    )


@pytest.mark.parametrize(
    "part", [{"signals": 1}, {"signals": ["x"]}, {"log": [{"sequence": []}, 5]}, {"signals": [{"cells": 7}]}]
)
def test_what_is_no_picture_is_a_fault_of_the_wire(part: dict[str, object]) -> None:
    with pytest.raises(WireFault, match="cannot be read"):
        Assembly().add(part)
    with pytest.raises(WireFault, match="cannot be read"):
        Assembly().finish({"kill": 7})


@pytest.mark.benchmark
def test_no_step_of_200_rows_holds_a_loop() -> None:
    """Each step at its best of a few runs, for what a neighbour on the core takes is no fault of ours."""
    picture = many_signals(PICTURES["large"], 30)

    def steps_ms() -> list[float]:
        steps: list[float] = []
        assembly, lines = Assembly(), cut(picture)
        while True:
            began = time.perf_counter()
            line = next(lines, None)
            cut_at = time.perf_counter()
            if line is None:
                return steps
            message = decode(line)
            if "part" in message:
                assembly.add(message["part"])
            else:
                assembly.finish(message["snapshot"])
            steps += [(cut_at - began) * 1e3, (time.perf_counter() - cut_at) * 1e3]

    best = [min(step) for step in zip(*(steps_ms() for _ in range(5)), strict=True)]
    assert max(best) < 5
    assert len(best) > 40
