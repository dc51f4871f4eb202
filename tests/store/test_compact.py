"""Waterfalls and readings in BLOBs: every bit comes back, and what was never written is refused."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from store.compact import pack_cells, pack_stages, unpack_cells, unpack_stages
from store.rows import ReadingRow
from store.wide import cells_of
from tests.store import samples

numbers = st.floats(width=64) | st.sampled_from([0.0, -0.0, float("nan")])
waterfalls = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 20), st.integers(1, 9)), elements=st.sampled_from([0.0, -0.0, 1.5])
) | arrays.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 9)), elements=numbers)


@given(waterfalls)
def test_a_waterfall_comes_back_to_the_last_bit(stages: np.ndarray) -> None:
    assert unpack_stages(pack_stages(stages.tobytes(), len(stages))) == stages.tobytes()


def test_stages_that_change_nothing_take_no_room() -> None:
    flat = np.tile(np.random.default_rng(0).normal(size=20), (14, 1))
    assert len(pack_stages(flat.tobytes(), 14)) == 1 + 14 + 20 * 8


@st.composite
def readings(draw: st.DrawFn) -> ReadingRow:
    count = draw(st.integers(1, 20))
    column = arrays.arrays(np.float64, count, elements=numbers)
    return ReadingRow(
        samples.START_MS,
        "A1",
        tuple(f"S{n}" for n in range(count)),
        draw(column),
        draw(column),
        draw(st.lists(st.sampled_from(["OK", "WARMUP", "NAN_INPUT"]), min_size=count, max_size=count)),
        {name: draw(column) for name in draw(st.sets(st.sampled_from("abc")))},
        draw(st.none() | arrays.arrays(np.bool_, count).filter(lambda changed: changed.any())),
    )


@given(readings())
def test_a_reading_comes_back_to_the_last_bit_with_the_symbols_it_changes(row: ReadingRow) -> None:
    cells = unpack_cells(pack_cells(row), len(row.symbols), len(row.statistics))
    changed = np.ones(len(row.symbols), dtype=bool) if row.changed is None else row.changed
    assert list(cells) == np.flatnonzero(changed).tolist()
    for place, cell in cells.items():
        said = (row.values[place], row.confidences[place], *(raw[place] for raw in row.statistics.values()))
        read = (cell.value, cell.confidence, *cell.statistics)
        assert struct.pack(f"{len(read)}d", *read) == struct.pack(f"{len(said)}d", *said)
        assert cell.reason == row.reasons[place]


def test_a_reading_of_an_earlier_version_is_told_in_the_same_bytes() -> None:
    row = samples.reading()
    told = cells_of(
        '["BTCUSDT","ETHUSDT"]',
        row.values.tobytes(),
        row.confidences.tobytes(),
        '["UP","WARMUP"]',
        '{"t":[2.5,null]}',
    )
    assert told == pack_cells(row)
    silent = cells_of('["BTCUSDT"]', *(np.zeros(1).tobytes(),) * 2, "[]", "{}")
    assert unpack_cells(silent, 1, 0)[0].reason == ""


@pytest.mark.parametrize(
    "blob", [b"", b"\x02\x00", b"\x02\x00\x01" + bytes(9), b"\x03\x00\x01\x02" + bytes(16)]
)
def test_a_damaged_waterfall_is_refused(blob: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        unpack_stages(blob)


def test_a_damaged_reading_is_refused() -> None:
    blob = pack_cells(replace(samples.reading(), statistics={}))
    for length in range(len(blob)):
        with pytest.raises(ValueError, match="a reading"):
            unpack_cells(blob[:length], 2, 0)
    with pytest.raises(ValueError, match="1 statistics"):
        unpack_cells(blob, 2, 1)
