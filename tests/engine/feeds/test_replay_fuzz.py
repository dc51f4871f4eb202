"""Fuzzed data files: every one is replayed as written, or refused in one line naming file, row and fault."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from engine.feeds.feed import DataFault
from engine.feeds.replay import ReplayFeed, open_replay
from tests.engine.feeds.market_files import bars, write_csv
from tests.engine.feeds.market_fuzz import Blame, Market, damaged, markets, planted

EXAMPLES, MANY_EXAMPLES = 1_000, 10_000
FIELDS = ("open", "high", "low", "close", "volume")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for one market at a time, and beside it an open feed that keeps the file reader warm."""
    beside = open_replay([str(write_csv(tmp_path_factory.mktemp("warm") / "BTCUSDT-1h.csv", bars(range(3))))])
    yield tmp_path_factory.mktemp("fuzz")
    beside.close()


def check_valid(folder: Path, market: Market) -> None:
    """Every bar that was written is read, and nothing else."""
    market.write(folder)
    feed = open_replay([str(folder)])
    read = bars_of(feed)
    feed.close()
    assert feed.bar_ms == market.bar_ms
    assert read.keys() == market.expected.keys()
    for key, row in market.expected.items():
        assert read[key] == tuple(row[field] for field in FIELDS)


def bars_of(feed: ReplayFeed) -> dict[tuple[str, int], tuple[float, ...]]:
    assert feed.end_ms is not None
    count = (feed.end_ms - feed.first_open_ms) // feed.bar_ms
    block = feed.read(feed.first_open_ms, count)
    assert len(block) == count
    fields = [getattr(block, field) for field in FIELDS]
    present = np.argwhere(~np.isnan(block.close))
    return {
        (feed.symbols[column], feed.first_open_ms + int(row) * feed.bar_ms): tuple(
            float(values[row, column]) for values in fields
        )
        for row, column in present
    }


def assert_one_line(fault: DataFault) -> str:
    text = str(fault)
    assert text.isprintable()
    assert 0 < len(text) < 1_000
    return text


def check_planted(folder: Path, market: Market, blame: Blame) -> None:
    market.write(folder)
    with pytest.raises(DataFault) as raised:
        open_replay([str(folder)])
    text = assert_one_line(raised.value)
    assert blame.file in text, (blame, text)
    assert blame.words in text, (blame, text)
    assert blame.row is None or f": row {blame.row}: " in text, (blame, text)


def check_damaged(folder: Path, market: Market, number: int, cuts: list[tuple[int, int, bytes]]) -> None:
    market.write(folder)
    path = folder / market.files[number].name
    content = path.read_bytes()
    for place, length, instead in cuts:
        at = len(content) * place // 1000
        content = content[:at] + instead + content[at + length :]
    path.write_bytes(content)
    try:
        feed = open_replay([str(folder)])
    except DataFault as fault:
        assert_one_line(fault)
        return
    for prices in bars_of(feed).values():
        opened, high, low, close, volume = prices
        assert 0 < low <= min(opened, close) <= max(opened, close) <= high < 1e11
        assert 0 <= volume < 1e19
    feed.close()


@settings(max_examples=EXAMPLES * 3 // 10)
@given(market=markets())
def test_a_valid_market_is_read_as_it_was_written(folder: Path, market: Market) -> None:
    check_valid(folder, market)


@settings(max_examples=EXAMPLES * 4 // 10)
@given(case=planted())
def test_one_fault_is_blamed_on_its_file_and_row(folder: Path, case: tuple[Market, Blame]) -> None:
    check_planted(folder, *case)


@settings(max_examples=EXAMPLES * 3 // 10)
@given(case=damaged())
def test_damaged_bytes_are_refused_or_still_bars(
    folder: Path, case: tuple[Market, int, list[tuple[int, int, bytes]]]
) -> None:
    check_damaged(folder, *case)


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@settings(max_examples=MANY_EXAMPLES * 3 // 10)
@given(market=markets())
def test_many_valid_markets_are_read_as_written(folder: Path, market: Market) -> None:
    check_valid(folder, market)


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@settings(max_examples=MANY_EXAMPLES * 4 // 10)
@given(case=planted())
def test_many_faults_are_blamed_on_file_and_row(folder: Path, case: tuple[Market, Blame]) -> None:
    check_planted(folder, *case)


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@settings(max_examples=MANY_EXAMPLES * 3 // 10)
@given(case=damaged())
def test_many_damaged_files_are_refused_or_still_bars(
    folder: Path, case: tuple[Market, int, list[tuple[int, int, bytes]]]
) -> None:
    check_damaged(folder, *case)
