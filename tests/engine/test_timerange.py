"""Time ranges as operators write them."""

import pytest

from engine.timerange import TimeRange

DAY_MS = 86_400_000
APRIL = 1_617_235_200_000  # 2021-04-01

READABLE = [
    ("", None, None),
    ("20210401-20210402", APRIL, APRIL + 2 * DAY_MS),
    ("2021-04-01-2021-04-01", APRIL, APRIL + DAY_MS),
    (" 20210401 - 20210401 ", APRIL, APRIL + DAY_MS),
    ("20210401-", APRIL, None),
    ("2021-04-01-", APRIL, None),
    ("-20210401", None, APRIL + DAY_MS),
    ("2021-04-01..2021-04-02", APRIL, APRIL + 2 * DAY_MS),
    ("20210401:20210402", APRIL, APRIL + 2 * DAY_MS),
    ("00010101-", -62_135_596_800_000, None),
]

UNREADABLE = [
    ("-", "is not a time range"),
    ("20210401", "is not a time range"),
    ("last week", "is not a time range"),
    ("2021040-20210402", "is not a time range"),
    ("20210401-20210402-20210403", "is not a time range"),
    ("20210231-", "20210231 is not a day of the calendar"),
    ("00000101-", "00000101 is not a day of the calendar"),
    ("20210402-20210401", "ends before it begins"),
    ("２０２１0401-", "is not a time range"),
]


@pytest.mark.parametrize(("text", "start_ms", "end_ms"), READABLE)
def test_a_range_is_read(text: str, start_ms: int | None, end_ms: int | None) -> None:
    assert TimeRange.parse(text) == TimeRange(start_ms, end_ms)


@pytest.mark.parametrize(("text", "fault"), UNREADABLE)
def test_what_is_no_range_is_refused_in_one_line(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as raised:
        TimeRange.parse(text)
    assert "\n" not in str(raised.value)
