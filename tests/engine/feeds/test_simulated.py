"""The embedded market is a function of its seed: whatever is read, in whatever order, is the same market."""

import hashlib
import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.feeds import sim_walk
from engine.feeds.feed import BarBlock, DataFault, Feed
from engine.feeds.sim_universe import SYMBOLS
from engine.feeds.simulated import DAY_MS, HOUR_MS, START_MS, SimulatedFeed

PRICES = ("open", "high", "low", "close")
FIELDS = (*PRICES, "volume")
QUARTER_MS = HOUR_MS // 4
HISTORY_HOURS = 600 * 24


@pytest.fixture(scope="module")
def history() -> BarBlock:
    """600 days of seed 7 and 40 more, in one read."""
    feed = SimulatedFeed(7)
    return feed.read(feed.first_open_ms, HISTORY_HOURS + 40 * 24)


@pytest.fixture(scope="module")
def seven() -> SimulatedFeed:
    """One feed that many tests read here and there."""
    return SimulatedFeed(7)


def assert_part_of(part: BarBlock, whole: BarBlock, columns: Sequence[int] = range(12)) -> None:
    """`part` is, bit for bit, what `whole` has at the same times; its symbols are `columns` of the whole's."""
    first = (part.first_open_ms - whole.first_open_ms) // whole.bar_ms
    for name in FIELDS:
        expected = getattr(whole, name)[first : first + len(part), list(columns)]
        np.testing.assert_array_equal(getattr(part, name), expected, err_msg=name)
    end_ms = part.first_open_ms + len(part) * part.bar_ms
    rates = {(f.ts_ms, f.symbol_index): f.rate for f in whole.funding}
    expected_funding = [
        (ts_ms, own, rates[ts_ms, column])
        for ts_ms in sorted({f.ts_ms for f in whole.funding if part.first_open_ms <= f.ts_ms < end_ms})
        for own, column in enumerate(columns)
    ]
    assert [(f.ts_ms, f.symbol_index, f.rate) for f in part.funding] == expected_funding


def test_it_is_a_feed_of_twelve_perpetuals_led_by_bitcoin(seven: SimulatedFeed) -> None:
    feed: Feed = seven
    assert feed.symbols[0] == "BTCUSDT"
    assert len(feed.symbols) >= 12
    assert [item.symbol for item in feed.instruments] == list(feed.symbols)
    assert (feed.bar_ms, feed.start_ms, feed.end_ms) == (HOUR_MS, START_MS, None)
    assert feed.start_ms - feed.first_open_ms == 600 * DAY_MS


def test_the_market_of_seed_seven_is_this_one(history: BarBlock) -> None:
    """A change of the law is a new version in `identity`, never an accident."""
    digest = hashlib.sha256()
    for name in FIELDS:
        digest.update(np.ascontiguousarray(getattr(history, name)[: 60 * 24]).astype("<f8").tobytes())
    for item in history.funding[:1_000]:
        digest.update(f"{item.ts_ms}:{item.symbol_index}:{item.rate:.8f}".encode())
    assert digest.hexdigest()[:16] == "2088ca77a98c025d"
    assert SimulatedFeed(7).identity().startswith("sim:v1:")


def test_every_seed_is_another_market() -> None:
    feeds = [SimulatedFeed(seed) for seed in (0, 1, 2, 2**63 - 1)]
    closes = [feed.read(feed.first_open_ms, 24).close for feed in feeds]
    assert all(not np.array_equal(a, b) for i, a in enumerate(closes) for b in closes[:i])


@settings(max_examples=25)
@given(
    reads=st.lists(
        st.tuples(st.integers(0, HISTORY_HOURS + 500), st.integers(0, 400)), min_size=1, max_size=6
    )
)
def test_any_range_in_any_order_is_that_range_of_one_long_read(
    reads: list[tuple[int, int]], history: BarBlock, seven: SimulatedFeed
) -> None:
    for first, count in reads:
        block = seven.read(seven.first_open_ms + first * HOUR_MS, count)
        assert len(block) == count
        assert_part_of(block, history)


@settings(max_examples=25)
@given(reads=st.lists(st.tuples(st.integers(0, 1_800), st.integers(1, 90)), min_size=1, max_size=4))
def test_so_it_is_inside_the_hour_and_for_what_is_shown_beside_prices(reads: list[tuple[int, int]]) -> None:
    feed, whole_feed = (SimulatedFeed(7, bar_ms=QUARTER_MS, symbols=SYMBOLS[:3]) for _ in range(2))
    whole = whole_feed.read(feed.first_open_ms, 2_000)
    whole_detail = whole_feed.detail(feed.first_open_ms, 2_000)
    for first, count in reads:
        first_ms = feed.first_open_ms + first * QUARTER_MS
        assert_part_of(feed.read(first_ms, count), whole, range(3))
        detail = feed.detail(first_ms, count)
        for name in ("spread_bps", "depth_usd", "open_interest", "premium"):
            expected = getattr(whole_detail, name)[first : first + count]
            np.testing.assert_array_equal(getattr(detail, name), expected, err_msg=name)


def test_bar_by_bar_is_the_same_as_at_once(history: BarBlock) -> None:
    feed = SimulatedFeed(7)
    for bar in range(100):
        assert_part_of(feed.read(feed.first_open_ms + bar * HOUR_MS, 1), history)


@settings(max_examples=10)
@given(st.sets(st.integers(0, 11), min_size=1).flatmap(lambda chosen: st.permutations(sorted(chosen))))
def test_leaving_coins_out_changes_no_other_coin(history: BarBlock, chosen: list[int]) -> None:
    feed = SimulatedFeed(7, symbols=[SYMBOLS[i] for i in chosen])
    assert feed.symbols == tuple(SYMBOLS[i] for i in chosen)
    assert_part_of(feed.read(feed.start_ms, 48), history, chosen)
    assert [item.symbol for item in feed.instruments] == list(feed.symbols)


@pytest.mark.parametrize(
    ("fine_ms", "coarse_ms"),
    [(QUARTER_MS, HOUR_MS), (300_000, QUARTER_MS), (HOUR_MS, 4 * HOUR_MS), (HOUR_MS, DAY_MS)],
)
def test_bars_of_every_size_show_the_same_market(fine_ms: int, coarse_ms: int) -> None:
    days, many = 35, coarse_ms // fine_ms
    fine_feed, coarse_feed = SimulatedFeed(7, bar_ms=fine_ms), SimulatedFeed(7, bar_ms=coarse_ms)
    first_ms = fine_feed.first_open_ms
    fine = fine_feed.read(first_ms, days * DAY_MS // fine_ms)
    coarse = coarse_feed.read(first_ms, days * DAY_MS // coarse_ms)

    def grouped(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return array.reshape(-1, many, array.shape[1])

    np.testing.assert_array_equal(coarse.open, grouped(fine.open)[:, 0])
    np.testing.assert_array_equal(coarse.high, grouped(fine.high).max(axis=1))
    np.testing.assert_array_equal(coarse.low, grouped(fine.low).min(axis=1))
    np.testing.assert_array_equal(coarse.close, grouped(fine.close)[:, -1])
    np.testing.assert_allclose(coarse.volume, grouped(fine.volume).sum(axis=1), rtol=1e-12)
    assert coarse.funding == fine.funding
    shown = coarse_feed.detail(first_ms, 24), fine_feed.detail(first_ms, 24 * many)
    np.testing.assert_array_equal(shown[0].premium, shown[1].premium[::many])
    np.testing.assert_array_equal(shown[0].spread_bps, shown[1].spread_bps[::many])


def test_bars_are_bars(history: BarBlock) -> None:
    assert all(np.isfinite(getattr(history, name)).all() for name in FIELDS)
    assert (history.low > 0.0).all()
    assert (history.low <= np.minimum(history.open, history.close)).all()
    assert (history.high >= np.maximum(history.open, history.close)).all()
    assert (history.volume > 0.0).all()
    np.testing.assert_array_equal(history.open[1:], history.close[:-1])


def test_prices_lie_on_ticks_and_volumes_on_lots(history: BarBlock, seven: SimulatedFeed) -> None:
    rows = range(0, len(history), 997)
    for column, instrument in enumerate(seven.instruments):
        for name in PRICES:
            for row in rows:
                price = Decimal(repr(float(getattr(history, name)[row, column])))
                assert price % instrument.tick == 0, (name, row, instrument.symbol, price)
        for row in rows:
            assert Decimal(repr(float(history.volume[row, column]))) % instrument.lot == 0


@given(bar=st.integers(0, 199), fraction=st.floats(0.0, 1.0))
def test_quotes_run_from_open_to_close_inside_the_bar_on_ticks(
    bar: int, fraction: float, quoted: tuple[SimulatedFeed, BarBlock]
) -> None:
    feed, block = quoted
    open_ms = block.first_open_ms + bar * block.bar_ms
    start, between, end = (feed.quotes(open_ms, at) for at in (0.0, fraction, 1.0))
    assert start is not None
    assert between is not None
    assert end is not None
    np.testing.assert_array_equal(start, block.open[bar])
    np.testing.assert_array_equal(end, block.close[bar])
    assert (between >= block.low[bar]).all()
    assert (between <= block.high[bar]).all()
    assert all(
        Decimal(repr(float(price))) % instrument.tick == 0
        for price, instrument in zip(between, feed.instruments, strict=True)
    )


@pytest.fixture(scope="module")
def quoted() -> tuple[SimulatedFeed, BarBlock]:
    feed = SimulatedFeed(3)
    return feed, feed.read(feed.start_ms, 200)


def test_quotes_move_inside_the_bar_and_are_the_same_each_time(
    quoted: tuple[SimulatedFeed, BarBlock],
) -> None:
    feed, block = quoted
    path = np.array([feed.quotes(block.first_open_ms, step / 24) for step in range(25)])
    again = np.array([feed.quotes(block.first_open_ms, step / 24) for step in range(25)])
    np.testing.assert_array_equal(path, again)
    assert len(np.unique(path[:, 0])) > 12


def test_quotes_know_the_blocks_read_last_and_nothing_else() -> None:
    feed = SimulatedFeed(7)
    assert feed.quotes(feed.start_ms, 0.5) is None
    feed.read(feed.start_ms, 10)
    feed.read(feed.start_ms + 10 * HOUR_MS, 10)
    assert feed.quotes(feed.start_ms + 9 * HOUR_MS, 0.5) is not None
    assert feed.quotes(feed.start_ms + 19 * HOUR_MS, 0.5) is not None
    assert feed.quotes(feed.start_ms + 20 * HOUR_MS, 0.5) is None
    assert feed.quotes(feed.start_ms + 1, 0.5) is None


def test_another_reader_shows_the_same_market_and_takes_nothing_from_this_one() -> None:
    feed = SimulatedFeed(7, inputs=["mvrv_z"])
    whole = feed.read(feed.first_open_ms, 10_000)
    feed.read(feed.start_ms, 10)
    shown = feed.quotes(feed.start_ms + 9 * HOUR_MS, 0.5)
    reader = feed.beside()
    with feed._turn:  # neither waits for the other
        again = reader.read(feed.first_open_ms, 10_000)
    assert_part_of(again, whole)
    np.testing.assert_array_equal(again.inputs["mvrv_z"], whole.inputs["mvrv_z"])
    assert shown is not None
    np.testing.assert_array_equal(feed.quotes(feed.start_ms + 9 * HOUR_MS, 0.5), shown)


def test_quotes_do_not_wait_for_a_read_in_progress() -> None:
    feed = SimulatedFeed(7)
    feed.read(feed.start_ms, 10)
    answers: list[object] = []

    def ask() -> None:
        answers.append(feed.quotes(feed.start_ms, 0.5))
        answers.append(feed.spread_bps(feed.start_ms))

    with feed._turn:  # what a read holds while it runs
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(timeout=10.0)
    assert len(answers) == 2
    assert all(answer is not None for answer in answers)


def test_reads_from_many_threads_do_not_mix(history: BarBlock) -> None:
    feed = SimulatedFeed(7)
    blocks: list[BarBlock] = []

    def read(first: int) -> None:
        blocks.extend(feed.read(feed.first_open_ms + (first + 10 * i) * HOUR_MS, 10) for i in range(10))

    threads = [threading.Thread(target=read, args=(first,)) for first in (0, 2_000, 9_000, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(blocks) == 40
    for block in blocks:
        assert_part_of(block, history)


def test_spread_depth_and_interest_are_known_for_any_bar() -> None:
    feed, fresh = SimulatedFeed(7), SimulatedFeed(7)
    block = feed.read(feed.start_ms, 50)
    detail = fresh.detail(feed.start_ms, 50)
    for bar in (0, 13, 49):
        open_ms = feed.start_ms + bar * HOUR_MS
        for asked in (feed, fresh):
            np.testing.assert_array_equal(asked.spread_bps(open_ms), detail.spread_bps[bar])
            np.testing.assert_array_equal(asked.depth_usd(open_ms), detail.depth_usd[bar])
            np.testing.assert_array_equal(asked.open_interest(open_ms), detail.open_interest[bar])
    ticks = np.array([float(item.tick) for item in feed.instruments])
    assert (detail.spread_bps >= ticks / block.open * 1e4 * (1 - 1e-12)).all()
    assert (detail.depth_usd > 0.0).all()
    assert (detail.open_interest > 0.0).all()


def test_funding_settles_every_eight_hours_and_follows_from_the_premium(history: BarBlock) -> None:
    feed = SimulatedFeed(7)
    first = [item for item in history.funding if item.symbol_index == 0]
    assert first[0].ts_ms == history.first_open_ms + 8 * HOUR_MS
    assert {b.ts_ms - a.ts_ms for a, b in pairwise(first)} == {8 * HOUR_MS}
    assert all(item.ts_ms % (8 * HOUR_MS) == 0 for item in first)
    assert list(history.funding) == sorted(history.funding, key=lambda f: (f.ts_ms, f.symbol_index))
    premium = feed.detail(feed.first_open_ms, 300 * 8).premium.reshape(300, 8, -1).mean(axis=1)
    expected = np.clip(premium + np.clip(0.0001 - premium, -0.0005, 0.0005), -0.0075, 0.0075)
    rates = np.array([item.rate for item in history.funding[: 300 * 12]]).reshape(300, 12)
    np.testing.assert_allclose(rates, expected, atol=0.51e-8)


def test_a_settlement_belongs_to_the_block_its_time_lies_in() -> None:
    feed = SimulatedFeed(7, bar_ms=QUARTER_MS)
    settled_ms = feed.start_ms + 8 * HOUR_MS
    before = feed.read(settled_ms - QUARTER_MS, 1)
    after = feed.read(settled_ms, 1)
    assert before.funding == ()
    assert {item.ts_ms for item in after.funding} == {settled_ms}
    assert len(after.funding) == len(feed.symbols)


def test_memory_is_bounded_however_far_the_market_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_walk, "MOST_CHECKPOINTS", 4)
    feed = SimulatedFeed(7, symbols=["BTCUSDT"])
    years = 6
    whole = feed.read(feed.first_open_ms, years * 365 * 24)
    assert len(feed._walk._checkpoints) <= 4
    assert len(feed._kept) <= 8
    for bar in (50_000, 3, 20_000, 31_234):
        assert_part_of(feed.read(feed.first_open_ms + bar * HOUR_MS, 30), whole, [0])
        assert len(feed._walk._checkpoints) <= 4
        assert len(feed._walk._ends) <= sim_walk.MOST_ENDS


def test_identity_names_everything_the_market_hangs_on() -> None:
    feed = SimulatedFeed(42, bar_ms=QUARTER_MS, history_days=30, symbols=["ETHUSDT", "BTCUSDT"])
    assert feed.identity() == "sim:v1:seed=42:bar=15m:start=2024-01-01:history=30d:symbols=ETHUSDT,BTCUSDT"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"symbols": ["BTCUSDT", "FOOUSDT"]}, "no symbol FOOUSDT"),
        ({"symbols": ["BTCUSDT", "BTCUSDT"]}, "named twice"),
        ({"bar_ms": 60_000}, "no bar of 60000 ms"),
        ({"bar_ms": 7 * 300_000}, "no bar of 2100000 ms"),
        ({"bar_ms": 2 * DAY_MS}, "no bar of"),
        ({"start_ms": START_MS + HOUR_MS}, "cannot start"),
        ({"history_days": -1}, "cannot start"),
    ],
)
def test_a_market_that_cannot_be_is_refused_in_one_line(arguments: dict[str, object], fault: str) -> None:
    with pytest.raises(DataFault, match=fault) as raised:
        SimulatedFeed(7, **arguments)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("offset_ms", "count"), [(-HOUR_MS, 1), (1, 1), (0, -1)])
def test_a_time_that_opens_no_bar_is_refused(seven: SimulatedFeed, offset_ms: int, count: int) -> None:
    with pytest.raises(DataFault, match="bars of 1h open at"):
        seven.read(seven.first_open_ms + offset_ms, count)


def test_no_bars_asked_for_is_an_empty_block(seven: SimulatedFeed) -> None:
    block = seven.read(seven.start_ms, 0)
    assert len(block) == 0
    assert block.close.shape == (0, 12)
    assert block.funding == ()


@pytest.mark.benchmark
def test_history_is_generated_and_quoted_within_its_budget() -> None:
    """300,000 bars of a symbol a second, and 50 us a quote, of this thread's own time: neighbours may be busy."""
    feed = SimulatedFeed(7)
    seconds, quote_seconds = [], []
    for _ in range(5):
        started = time.thread_time()
        feed.read(feed.first_open_ms, HISTORY_HOURS)
        seconds.append(time.thread_time() - started)
        started = time.thread_time()
        for step in range(200):
            feed.quotes(feed.start_ms - HOUR_MS, step / 200)
        quote_seconds.append((time.thread_time() - started) / 200)
    assert HISTORY_HOURS * 12 / min(seconds) >= 300_000
    assert min(quote_seconds) < 50e-6
