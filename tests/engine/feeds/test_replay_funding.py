"""Recorded funding: whose rates are settled, what each of them covers, and when one is missing."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config_sections import ReplayConfig
from engine.feeds.replay import open_replay
from store.data_fault import DataFault
from strategies.evidence import funding_carry
from strategies.evidence.settings import FundingCarrySettings
from strategies.signal import Reason
from tests.engine.feeds.beside_files import NAN, archived, at_closes, market, opened, settled, whole
from tests.engine.feeds.market_files import APRIL, HOUR_MS, bars, write_csv


def test_rates_of_three_venues(tmp_path: Path) -> None:
    files = [
        settled(tmp_path, "funding_binance_BTCUSDT_8h", [1e-4, 2e-4, 3e-4]),
        settled(tmp_path, "funding_deribit_BTCPERPETUAL_8h", [4e-4, 5e-4]),
        settled(tmp_path, "funding_okx_BTCUSDT_4h", [6e-4, 7e-4, 8e-4], 4),
        settled(tmp_path, "funding_binancecm_BTCUSD_8h", [9e-4]),
    ]
    feed = opened(*market(tmp_path, "BTCUSDT"), *files)
    block = whole(feed)
    hours = [1, 2, 5, 9, 17]
    for suffix, rates, covered in (
        ("", [1e-4, NAN, NAN, 2e-4, 3e-4], [8, NAN, NAN, 8, 8]),
        ("_2", [4e-4, NAN, NAN, 5e-4, NAN], [8, NAN, NAN, 8, NAN]),
        ("_3", [6e-4, NAN, 7e-4, 8e-4, NAN], [4, NAN, 4, 4, NAN]),
    ):
        np.testing.assert_array_equal(at_closes(block, f"funding_rate{suffix}", hours), rates)
        np.testing.assert_array_equal(at_closes(block, f"funding_hours{suffix}", hours), covered)
    assert [row.rate for row in block.funding] == [1e-4, 2e-4, 3e-4]
    assert feed.notices == ("funding_binancecm_BTCUSD_8h.csv: left out, nothing here reads its rates",)


def test_rates_beside_bars_of_another_size_stand_beside_the_bars_traded(tmp_path: Path) -> None:
    rows = [{**row, "funding_rate": 1e-4} for row in bars(range(9), bar_ms=8 * HOUR_MS)]
    file = write_csv(tmp_path / "perp8h_bybit_BTCUSDT.csv", rows)
    block = whole(opened(*market(tmp_path, "BTCUSDT"), file))
    assert block.funding == ()
    np.testing.assert_array_equal(at_closes(block, "funding_rate_2", [1, 2, 9]), [1e-4, NAN, 1e-4])
    own = write_csv(tmp_path / "perp8h_binance_BTCUSDT.csv", rows)
    assert len(whole(opened(*market(tmp_path, "BTCUSDT"), file, own)).funding) == 9


@pytest.mark.parametrize("suffix", ["", "_2"])
@pytest.mark.parametrize("interval", [1, 2, 4, 8])
def test_a_settlement_that_is_missing_is_a_gap(tmp_path: Path, interval: int, suffix: str) -> None:
    venue = "okx" if suffix else "binance"
    file = settled(tmp_path, f"funding_{venue}_BTCUSDT", [1e-4] * (192 // interval), interval)
    if suffix:
        settled(tmp_path, "funding_binance_BTCUSDT", [1e-4])
    lines = file.read_text(encoding="utf-8").splitlines()
    files = [*market(tmp_path, "BTCUSDT", hours=200), *tmp_path.glob("funding_*.csv")]
    signal = funding_carry.KIND.build(FundingCarrySettings())

    def reason() -> Reason:
        block = opened(*files).read(APRIL, 190)
        known = (block.inputs[f"funding_{part}{suffix}"][-168:, 0] for part in ("rate", "hours"))
        return signal.explain(*known).reason

    assert reason() is Reason.OK
    del lines[-(64 // interval)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert reason() is Reason.GAP


@pytest.mark.parametrize("suffix", ["", "_2"])
def test_an_interval_is_used_as_it_was_recorded(tmp_path: Path, suffix: str) -> None:
    rows = [(0, 8, 1e-4), (8, 8, 2e-4), (12, 4, 3e-4), (20, 4, 4e-4), (21, 1, 5e-4), (29, 8, 6e-4)]
    archived(tmp_path, f"BTCUSDT-fundingRate-{'okx' if suffix else 'binance'}", rows)
    if suffix:
        settled(tmp_path, "funding_binance_BTCUSDT", [1e-4])
    block = whole(opened(*market(tmp_path, "BTCUSDT"), *tmp_path.glob("*unding*.csv")))
    told = at_closes(block, f"funding_hours{suffix}", [1, 9, 13, 21, 22, 30])
    assert told == [8, 8, 4, 4, 1, 8]


@pytest.mark.parametrize("interval", [0, -8, 25, "often"])
def test_an_interval_that_cannot_be_is_one_line(tmp_path: Path, interval: object) -> None:
    file = archived(tmp_path, "BTCUSDT-fundingRate", [(0, 8, 1e-4), (8, interval, 1e-4)])
    with pytest.raises(DataFault) as raised:
        opened(*market(tmp_path, "BTCUSDT"), file)
    words = f"row 2: funding_hours '{interval}' is not above 0 and at most 24"
    assert str(raised.value) == f"{file}: {words}"


@given(
    steps=st.lists(st.sampled_from([1, 1, 4, 4, 8, 8, 8, 16]), min_size=2, max_size=30),
    more=st.integers(1, 9),
)
@settings(max_examples=15, deadline=None)
def test_rows_that_are_appended_change_no_earlier_reading(steps: list[int], more: int) -> None:
    at = np.cumsum([0, *steps]).tolist()
    cut = max(2, len(at) - more)
    blocks = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        bar_files = market(folder, "BTCUSDT", hours=300)
        for rows in (at[:cut], at):
            told: list[tuple[int, object, float]] = [(hour, "", 1e-4) for hour in rows]
            files = [
                archived(folder, "BTCUSDT-fundingRate-binance", told),
                archived(folder, "BTCUSDT-fundingRate-okx", told),
            ]
            blocks.append(opened(*bar_files, *files).read(APRIL, at[cut - 1] + 1))
    for field in ("funding_rate", "funding_hours", "funding_rate_2", "funding_hours_2"):
        np.testing.assert_array_equal(blocks[0].inputs[field], blocks[1].inputs[field])


def test_an_interval_is_known_over_a_pause_wherever_a_span_begins(tmp_path: Path) -> None:
    rows: list[tuple[int, object, float]] = [(hour, "", 1e-4) for hour in (0, 8, 12, 16, 20, 70, 74)]
    files = [str(archived(tmp_path, f"BTCUSDT-fundingRate-{venue}", rows)) for venue in ("binance", "okx")]
    files += map(str, market(tmp_path, "BTCUSDT"))
    small = open_replay(files, config=ReplayConfig(chunk_bars=64))
    for suffix in ("", "_2"):
        told = at_closes(whole(opened(*map(Path, files))), f"funding_hours{suffix}", [1, 9, 13, 17, 71, 75])
        assert told == [8, 8, 4, 4, 4, 4]
        assert small.read(APRIL + 70 * HOUR_MS, 1).inputs[f"funding_hours{suffix}"].item() == 4
