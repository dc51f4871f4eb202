"""How fast the embedded market is: history at start, bars as they come, going back, quotes, and what it holds."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

from engine.feeds.simulated import DAY_MS, HOUR_MS, SimulatedFeed
from engine.kernel_cache import prepare
from strategies.inputs import INPUT_NAMES
from strategies.signal import TAKER_BUY_VOLUME

QUARTER_MS = HOUR_MS // 4
BLOCK = 256
REPEATS = 5
INPUTS = (TAKER_BUY_VOLUME, *INPUT_NAMES)


def best_seconds(action: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return min(times)


def history_row(bar_ms: int) -> tuple[str, str]:
    feed = SimulatedFeed(7, bar_ms=bar_ms)
    bars = 600 * DAY_MS // bar_ms
    seconds = best_seconds(lambda: feed.read(feed.first_open_ms, bars))
    speed = bars * len(feed.symbols) / seconds
    return (
        f"600 days of {len(feed.symbols)} coins, {bar_ms // 60_000} min bars",
        f"{seconds:.3f} s, {speed:,.0f} bars of a symbol a second",
    )


def inputs_row() -> tuple[str, str]:
    feed = SimulatedFeed(7, inputs=INPUTS)
    seconds = best_seconds(lambda: feed.read(feed.first_open_ms, 600 * 24))
    return f"the same with all {len(INPUTS)} inputs, 60 min bars", f"{seconds:.3f} s"


def chain_row() -> tuple[str, str]:
    feed = SimulatedFeed(7, inputs=INPUTS)
    feed.read(feed.first_open_ms, 600 * 24)
    quotes = len(feed.option_chain(feed.start_ms, "BTCUSDT").strike)
    seconds = best_seconds(lambda: feed.option_chain(feed.start_ms, "BTCUSDT"))
    return f"one chain of {quotes} options", f"{seconds * 1e3:.1f} ms"


def stream_row(bars: int) -> tuple[str, str]:
    feed = SimulatedFeed(7)
    reads = 2_000 // bars

    def stream() -> None:
        for i in range(reads):
            feed.read(feed.start_ms + i * bars * HOUR_MS, bars)

    return f"in sequence, {bars} bars a read", f"{best_seconds(stream) / reads / bars * 1e6:.1f} us a bar"


def jump_row() -> tuple[str, str]:
    feed = SimulatedFeed(7)
    feed.read(feed.first_open_ms, 600 * 24)
    opens = [feed.first_open_ms + day * DAY_MS - HOUR_MS for day in (29, 599, 300, 77, 450)]
    seconds = best_seconds(lambda: [feed.detail(open_ms, 1) for open_ms in opens]) / len(opens)
    return "any bar of the past, at worst 30 days from a checkpoint", f"{seconds * 1e3:.1f} ms"


def quote_row() -> tuple[str, str]:
    feed = SimulatedFeed(7)
    feed.read(feed.start_ms, BLOCK)
    seconds = best_seconds(lambda: [feed.quotes(feed.start_ms, i / 1_000) for i in range(1_000)])
    return "quotes of all coins inside a bar", f"{seconds / 1_000 * 1e6:.1f} us"


def memory_row() -> tuple[str, str]:
    feed = SimulatedFeed(7)
    peaks = []
    for year in range(20):
        for block in range(365 * 24 // BLOCK):
            feed.read(feed.start_ms + (year * 365 * 24 + block * BLOCK) * HOUR_MS, BLOCK)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return "peak RSS after 1, 10, 20 years", f"{peaks[0]:.0f}, {peaks[9]:.0f}, {peaks[19]:.0f} MB"


def main() -> None:
    prepare()
    rows = [
        memory_row(),
        history_row(HOUR_MS),
        history_row(QUARTER_MS),
        inputs_row(),
        stream_row(BLOCK),
        stream_row(1),
        jump_row(),
        quote_row(),
        chain_row(),
    ]
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        print(f"{name:<{width}}  {figure}")


if __name__ == "__main__":
    main()
