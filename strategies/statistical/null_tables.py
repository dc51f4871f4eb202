"""What a statistic does on white noise: sorted values of many simulated windows, stored beside the code.

A table belongs to one statistic, one number of samples and one seed; `python -m tests.strategies.null_tables` makes
them. Values are whole multiples of `strategies.statistical.kernels.nulls.UNIT`.
"""

from __future__ import annotations

import base64
import importlib
import zlib
from functools import cache

import numpy as np

from strategies.signal import IntArray

FOLDER = "strategies.statistical.nulls"


@cache
def null_ranks(name: str) -> IntArray:
    """The null as kernels look it up: its least value, then how many of its values are at most that, one more, and
    so on to the largest. Not to be changed."""
    values = null_table(name)
    counts = np.bincount(values - values[0])
    return np.concatenate([values[:1], np.cumsum(counts)])


@cache
def null_table(name: str) -> IntArray:
    """The values of one null in ascending order, not to be changed. Raises ModuleNotFoundError for an unknown one."""
    return unpacked(importlib.import_module(f"{FOLDER}.{name}").VALUES)


def packed(values: IntArray) -> str:
    """Ascending whole numbers as text."""
    steps = np.diff(values, prepend=0).astype("<i4")
    return base64.b85encode(zlib.compress(steps.tobytes(), 9)).decode()


def unpacked(text: str) -> IntArray:
    """The numbers `packed` was given."""
    steps = np.frombuffer(zlib.decompress(base64.b85decode("".join(text.split()))), dtype="<i4")
    return np.cumsum(steps, dtype=np.int64)
