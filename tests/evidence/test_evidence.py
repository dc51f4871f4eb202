"""The page of evidence is true: drawn again from the recorded data it is the same, and shows what it says it shows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.evidence import figures, page, recorded


@pytest.fixture(scope="module")
def folder(data_folder: Path) -> Path:
    if absent := recorded.missing(data_folder):
        pytest.skip(f"{data_folder} has no {', '.join(absent)}")
    return data_folder


def test_the_page_and_its_pictures_are_what_the_data_say(folder: Path) -> None:
    drawn = page.drawn(folder)
    stale = [path.name for path, text in drawn.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "`make evidence` draws them anew"
    assert {path for path in drawn if path != page.PAGE} == set(page.FOLDER.iterdir())


def test_every_bottom_is_under_and_every_top_over_while_tops_still_reached_the_zone(folder: Path) -> None:
    chain = recorded.chain(folder)
    found = figures.extremes(chain, figures.zones(chain))
    assert {e.zone for e in found if e.kind == "bottom"} == {"under"}
    tops = {e.day: e.most_zone for e in found if e.kind == "top"}
    assert tops == {
        "2013-04-09": "over",
        "2013-11-29": "over",
        "2017-12-16": "over",
        "2021-04-13": "over",
        "2021-11-08": "neutral",
        "2025-01-21": "neutral",
    }


def test_momentum_and_breakout_stand_with_every_trend_of_a_year_and_are_long_in_every_rise(
    folder: Path,
) -> None:
    bars = recorded.daily_bars(folder)
    for trend in figures.trends(bars, figures.said(bars)):
        if trend.price > 0:
            assert min(trend.momentum, trend.breakout) > 0, trend
            assert min(trend.momentum_return, trend.breakout_return) > 0, trend
        elif trend.days > 300:
            assert max(trend.momentum, trend.breakout) < 0, trend
        assert 0 <= trend.late_days < 70, trend


def test_recorded_funding_is_booked_to_the_last_digit(folder: Path) -> None:
    settled = recorded.settlements(folder)
    paid = sum((s.rate * s.mark for s in settled if s.mark is not None), Decimal(0))
    assert figures.booked(settled) == paid
    *years, every = figures.funded(settled)
    assert every.count == len(settled) == sum(year.count for year in years)
    assert every.rates == sum(s.rate for s in settled) == sum(year.rates for year in years)
    assert 0 < every.held < every.count
