"""`signals check`: coverage, silence, hits, rank correlation of signals on recorded bars, whatever the block size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from engine import signal_check
from engine.bookstate import BookState, Choice, Tuning
from engine.feeds.feed import Feed
from engine.feeds.replay import open_replay
from engine.signal_catalogue import catalogue, definition, family, parameters
from engine.signal_check import check_signals
from store.journal import Journal
from store.records import SignalClass, SignalType
from strategies.config import SignalsConfig
from strategies.registry import BUILT_IN
from strategies.settings import SignalSettings
from strategies.signal import KernelResult, Reason, Signal
from tests.engine.feeds.market_files import APRIL, HOUR_MS, write_parquet
from tests.store.samples import opened

HOURS = 24 * 20
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT")


def closes() -> np.ndarray:
    """[HOURS, S]: each return is half the one before it, turned round, and noise: what rises falls next."""
    draw = np.random.default_rng(5)
    change = np.zeros((HOURS, len(SYMBOLS)))
    for hour in range(1, HOURS):
        change[hour] = -0.6 * change[hour - 1] + draw.normal(0.0, 0.01, len(SYMBOLS))
    return np.round(100.0 * np.exp(np.cumsum(change, axis=0)), 4)


CLOSES = closes()


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    folder = tmp_path_factory.mktemp("market")
    for column, symbol in enumerate(SYMBOLS):
        rows = []
        for hour, close in enumerate(CLOSES[:, column].tolist()):
            before = float(CLOSES[max(hour - 1, 0), column])
            prices = {"open": before, "high": max(before, close), "low": min(before, close), "close": close}
            rows.append({"ts": APRIL + hour * HOUR_MS, **prices, "volume": 5.0})
        write_parquet(folder / f"{symbol}-1h.parquet", rows)
    opened = open_replay([str(folder)])
    yield opened
    opened.close()


def leaning(close: np.ndarray) -> KernelResult:
    """Against the last move, silent in words where it was tiny."""
    move = close[:, -1] / close[:, -2] - 1.0
    value = np.where(np.abs(move) < 1e-4, 0.0, -np.clip(move / 0.02, -1.0, 1.0))
    code = np.zeros(len(move), dtype=np.int64)
    return KernelResult(value, np.full(len(move), 0.5), code, move[:, None])


LEANING = Signal(
    name="LEAN",
    title="Against the last move",
    signal_class=SignalClass.DIRECTIONAL,
    type=SignalType.REVERSION,
    bar="1h",
    window=25,
    fields=("close",),
    scalar=1.0,
    weight=0.0,
    mirror=None,
    settings=SignalSettings(),
    statistic_names=("move",),
    kernel=leaning,
)


def judged(feed: Feed, *signals: Signal) -> list[dict[str, Any]]:
    rows = list(check_signals(feed, signals))
    for row in rows:
        assert row.pop("seconds") > 0.0
    return rows


def test_every_figure_is_what_its_definition_gives(feed: Feed) -> None:
    (row,) = judged(feed, LEANING)
    first = LEANING.window - 1
    move = CLOSES[first:] / CLOSES[first - 1 : -1] - 1.0
    value = np.where(np.abs(move) < 1e-4, 0.0, -np.clip(move / 0.02, -1.0, 1.0))
    following, score = CLOSES[first + 1 :] / CLOSES[first:-1] - 1.0, 0.5 * value[:-1]
    hits, misses = (score * following > 0).sum(), (score * following < 0).sum()
    days = (np.arange(first, HOURS - 1)) // 24
    daily = [
        stats.spearmanr(score[days == day].ravel(), following[days == day].ravel())[0]
        for day in np.unique(days)
    ]
    assert row["readings"] == HOURS * len(SYMBOLS)
    assert row["coverage"] == pytest.approx((HOURS - first) / HOURS)
    assert row["reasons"] == {"OK": (HOURS - first) * len(SYMBOLS), "WARMUP": first * len(SYMBOLS)}
    assert row["zeros"] == pytest.approx((value == 0).mean())
    assert row["mean_abs"] == pytest.approx(np.abs(0.5 * value).mean())
    assert (row["judged"], row["hit_rate"]) == (hits + misses, pytest.approx(hits / (hits + misses)))
    assert row["days"] == len(daily)
    assert row["information_coefficient"] == pytest.approx(np.mean(daily))
    assert row["standard_error"] == pytest.approx(np.std(daily, ddof=1) / np.sqrt(len(daily)))
    assert row["information_coefficient"] > 0.3


@pytest.mark.parametrize("block", [1, 7, 24, 100])
def test_the_size_of_a_block_changes_nothing(feed: Feed, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    signals = (LEANING, replace(LEANING, name="SLOW", bar="4h", window=12))
    whole = judged(feed, *signals)
    monkeypatch.setattr(signal_check, "BLOCK_BARS", block)
    for row, expected in zip(judged(feed, *signals), whole, strict=True):
        assert row.pop("reasons") == expected.pop("reasons")
        assert row.pop("missing") == expected.pop("missing")
        assert row == pytest.approx(expected)


@pytest.mark.parametrize("kind", [SignalClass.NEUTRAL, SignalClass.OVERLAY])
def test_what_holds_something_else_than_its_symbol_is_not_judged_by_it(feed: Feed, kind: SignalClass) -> None:
    other, own = judged(feed, replace(LEANING, signal_class=kind), LEANING)
    figures = ("hit_rate", "information_coefficient", "standard_error")
    assert [other[name] for name in ("judged", "days", *figures)] == [0, 0, None, None, None]
    assert {name for name in own if own[name] != other[name]} == {"judged", "days", *figures}


def test_a_signal_without_its_inputs_is_told_what_it_misses(feed: Feed) -> None:
    (kind,) = (kind for kind in BUILT_IN if kind.name == "A5")
    (row,) = judged(feed, kind.build(kind.settings()))
    assert row["missing"] == ["open_interest"]
    assert row["coverage"] == 0.0
    assert row["information_coefficient"] is None


def test_a_kernel_that_raises_stops_nobody_else(feed: Feed) -> None:
    def broken(close: np.ndarray) -> KernelResult:
        raise ZeroDivisionError

    rows = judged(feed, replace(LEANING, name="BROKEN", kernel=broken), LEANING)
    assert rows[0]["reasons"][Reason.BROKEN.value] > 0
    assert rows[1] == judged(feed, LEANING)[0]


def test_a_market_without_end_is_refused() -> None:
    class Endless:
        end_ms = None

    with pytest.raises(ValueError, match="record it first"):
        next(check_signals(Endless(), []))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_every_signal_can_be_told(kind: Any) -> None:
    told = catalogue(SignalsConfig())
    signal = told.named(kind.name)
    assert signal is not None
    assert definition(kind).startswith(kind.name)
    assert family(kind) in ("evidence", "statistical", "classical")
    for row in parameters(signal):
        assert row["description"], row


def test_states_are_those_of_the_configuration() -> None:
    section: dict[str, object] = {"A2": {"weight": 0.0}, "A3": {"enabled": False}}
    followed = {row["name"]: row for row in catalogue(SignalsConfig.model_validate(section)).rows()}
    assert [followed[name]["state"] for name in ("A1", "A2", "A3")] == ["on", "shadow", "shadow"]
    section["shadow"] = "off"
    rows = {row["name"]: row for row in catalogue(SignalsConfig.model_validate(section)).rows()}
    assert [rows[name]["state"] for name in ("A1", "A2", "A3")] == ["on", "shadow", "off"]
    assert [rows[name]["weight"] for name in ("A1", "A2", "A3")] == [1.0, 0.0, 0.0]
    assert rows["A2"]["why"].startswith("in shadow: it has no weight")
    assert rows["A4"]["inputs"] == ["funding_rate", "funding_hours"]


async def test_what_the_operator_chose_is_in_force(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    assert catalogue(SignalsConfig(), path).choices == {}
    book = BookState(choices={"A1": Choice(False, None, "operator@test", APRIL)})
    async with opened(path) as database:
        journal = Journal(database)
        journal.state("book", book.dumps())
        await journal.commit()
    rows = {row["name"]: row for row in catalogue(SignalsConfig(), path).rows()}
    assert (rows["A1"]["state"], rows["A1"]["weight"]) == ("shadow", 0.0)
    assert "operator@test" in rows["A1"]["why"]


async def test_what_a_start_would_give_up_is_not_shown_as_in_force(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    book = BookState(tunings={name: Tuning({"window": 120}, "ann", APRIL) for name in ("A2", "A3")})
    async with opened(path) as database:
        journal = Journal(database)
        journal.state("book", book.dumps())
        await journal.commit()
    later = SignalsConfig.model_validate({"A3": {"efficiency": 120}})
    known = catalogue(later, path)
    assert known.tunings.keys() == {"A2"}
    assert {signal.name: signal.window for signal in known.signals if signal.name in ("A2", "A3")} == {
        "A2": 120,
        "A3": 148,
    }
