"""Waterfalls and readings as compact BLOBs: every number to its last bit, in a fraction of the room.

Most stages leave the waterfall as it was, so each different stage is kept once. A reading holds the symbols it changes
and no others; who reads one fills the rest from the rows before it, back to one that is whole.

BLOB of a waterfall: one byte saying how many stages there are, one byte for each with the number of its row, then the
rows, little-endian float64 [symbol] each.

BLOB of a reading of S symbols, n of them in it, with m statistics: ceil(S / 8) bytes with a bit for each symbol in it
(lowest first), one byte saying how many reasons follow, each reason as one byte of length and its ASCII text, one byte
for each of the n cells with the number of its reason (left out where there is one reason), then little-endian float64
[2 + m, n]: values, confidences, statistics.

Reading back needs no NumPy: the command line starts in a tenth of a second only without it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.rows import ReadingRow


@dataclass(frozen=True, slots=True)
class Cell:
    """What a signal said of one symbol, and the numbers behind it in the order of their names; NaN: none."""

    value: float
    confidence: float
    reason: str
    statistics: tuple[float, ...]


def pack_stages(stages: bytes, rows: int) -> bytes:
    """The waterfall of `rows` stages with each different one kept once."""
    width = len(stages) // rows
    known: dict[bytes, int] = {}
    order = [known.setdefault(stages[at : at + width], len(known)) for at in range(0, len(stages), width)]
    return b"".join((bytes((rows, *order)), *known))


def unpack_stages(blob: bytes) -> bytes:
    """The float64 numbers of a waterfall, stage by stage. Raises ValueError for what `pack_stages` never wrote."""
    rows = blob[0] if blob else 0
    order, numbers = blob[1 : 1 + rows], blob[1 + rows :]
    different = max(order, default=-1) + 1
    if not rows or len(order) != rows or not different or len(numbers) % (8 * different):
        raise ValueError(f"a waterfall of {len(blob)} bytes cannot be read")
    width = len(numbers) // different
    return b"".join(numbers[at * width : (at + 1) * width] for at in order)


def pack_cells(row: ReadingRow) -> bytes:
    """The BLOB of a reading, as the module says."""
    import numpy as np

    count = len(row.symbols)
    within = np.ones(count, dtype=np.bool_) if row.changed is None else row.changed
    numbers = np.array([row.values, row.confidences, *row.statistics.values()], dtype="<f8")
    held = np.flatnonzero(within).tolist()
    given = row.reasons or [""] * count
    numbered = {reason: number for number, reason in enumerate(dict.fromkeys(given[at] for at in held))}
    parts = [np.packbits(within, bitorder="little").tobytes(), bytes([len(numbered)])]
    for reason in numbered:
        text = reason.encode("ascii")
        parts += [bytes([len(text)]), text]
    if len(numbered) > 1:
        parts.append(bytes(numbered[given[at]] for at in held))
    parts.append(numbers[:, within].tobytes())
    return b"".join(parts)


def unpack_cells(blob: bytes, symbols: int, statistics: int) -> dict[int, Cell]:
    """The cells of a reading by the position of their symbol. Raises ValueError for what `pack_cells` never wrote."""
    at = (symbols + 7) // 8
    bits = int.from_bytes(blob[:at], "little")
    held = [place for place in range(symbols) if bits >> place & 1]
    reasons, at = _reasons(blob, at, len(held))
    rows = 2 + statistics
    if len(blob) - at != rows * len(held) * 8:
        raise ValueError(
            f"a reading of {len(held)} symbols and {statistics} statistics has {len(blob)} bytes"
        )
    numbers = struct.unpack_from(f"<{rows * len(held)}d", blob, at)
    columns = (numbers[index :: len(held)] for index in range(len(held)))
    return {
        place: Cell(value, confidence, reason, tuple(raw))
        for place, reason, (value, confidence, *raw) in zip(held, reasons, columns, strict=True)
    }


def _reasons(blob: bytes, at: int, cells: int) -> tuple[list[str], int]:
    """The reason of each cell, and where the numbers begin."""
    try:
        kinds, at = blob[at], at + 1
        words = []
        for _ in range(kinds):
            length = blob[at]
            words.append(blob[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
        if kinds == 1:
            return words * cells, at
        return [words[number] for number in blob[at : at + cells]], at + cells
    except IndexError:
        raise ValueError("a reading ends before its reasons do") from None
