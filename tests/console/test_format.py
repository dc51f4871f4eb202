"""Numbers as the operator reads them: a table for every formatter, and what holds for any number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import format


@pytest.mark.parametrize(
    ("text", "decimals", "shown"),
    [
        ("65012.5", None, "65,012.5"),
        ("0.5621", None, "0.5621"),
        ("64310.03571428", 1, "64,310.0"),
        ("14.00", None, "14.00"),
        ("-14.00", None, "−14.00"),
        ("-0.00", None, "0.00"),
        ("1000000", None, "1,000,000"),
        ("12345678901234567890123456789.5", None, "12,345,678,901,234,567,890,123,456,789.5"),
        ("", None, "–"),
        ("-", None, "–"),
        ("NaN", None, "–"),
        ("Infinity", None, "–"),
        (None, None, "–"),
    ],
)
def test_a_price_keeps_the_digits_it_came_with(text: str | None, decimals: int | None, shown: str) -> None:
    assert format.price(text, decimals) == shown


@pytest.mark.parametrize(
    ("text", "shown", "ink"),
    [
        ("84.2", "▲ +84.20", "profit"),
        ("-3.1", "▼ −3.10", "loss"),
        ("0", "   0.00", "plain"),
        ("-0.001", "   0.00", "loss"),
        ("1234567.891", "▲ +1,234,567.89", "profit"),
        ("", "–", "plain"),
    ],
)
def test_a_gain_or_loss_says_so_by_glyph_and_sign_before_colour(text: str, shown: str, ink: str) -> None:
    assert format.profit(text) == shown
    assert format.profit_ink(format.number(text)) == ink


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "0.0s"),
        (-5, "0.0s"),
        (300, "0.3s"),
        (9_999, "9.9s"),
        (10_000, "10s"),
        (99_999, "99s"),
        (100_000, "1m"),
        (5_999_999, "99m"),
        (6_000_000, "1h"),
        (359_999_999, "99h"),
        (360_000_000, "4d"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_an_age_grows_coarse_and_never_flatters(milliseconds: float | None, shown: str) -> None:
    assert format.age(milliseconds) == shown


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (lambda: format.signed(0.567), "+0.57"),
        (lambda: format.signed(-0.42), "−0.42"),
        (lambda: format.signed(-0.001), "0.00"),
        (lambda: format.signed(None), "–"),
        (lambda: format.plain(1234.5, 1), "1,234.5"),
        (lambda: format.percent(0.0041), "0.41%"),
        (lambda: format.percent(-0.0041), "−0.41%"),
        (lambda: format.percent(None), "–"),
        (lambda: format.signed_percent(0.0082), "+0.82%"),
        (lambda: format.times(0.79), "0.79x"),
        (lambda: format.signed_times(0.41), "+0.41x"),
        (lambda: format.money("10412.33000000"), "10,412.33"),
        (lambda: format.money(""), "–"),
        (lambda: format.duration(3_600), "4s"),
        (lambda: format.duration(1_436_000), "00:23:56"),
        (lambda: format.duration(90_000_000), "1d 01:00:00"),
        (lambda: format.duration(None), "–"),
        (lambda: format.milliseconds(0.42), "0.4ms"),
        (lambda: format.milliseconds(38), "38ms"),
        (lambda: format.milliseconds(1_234), "1.2s"),
        (lambda: format.clock(1_685_624_400_000), "13:00:00"),
        (lambda: format.market_time(1_685_624_400_000), "2023-06-01 13:00"),
        (lambda: format.log_time(1_685_624_400_000), "06-01 13:00:00"),
        (lambda: format.clock(10**18), "–"),
        (lambda: format.counted(1, "order", "orders"), "1 order"),
        (lambda: format.counted(1_200, "order", "orders"), "1,200 orders"),
        (lambda: format.shorten("drawdown", 5), "draw…"),
        (lambda: format.shorten("draw", 5), "draw"),
    ],
)
def test_the_other_forms(call: object, shown: str) -> None:
    assert callable(call)
    assert call() == shown


def test_a_bar_is_filled_in_eighths_of_a_cell() -> None:
    assert format.bar(0.0, 4) == "────"
    assert format.bar(0.5, 4) == "██──"
    assert format.bar(0.53, 4) == "██▏─"
    assert format.bar(1.0, 4) == format.bar(7.0, 4) == "████"
    assert format.bar(None, 4) == format.bar(float("nan"), 4) == "────"


def test_a_sparkline_spans_its_own_range_and_sits_in_the_middle_when_flat() -> None:
    assert format.sparkline([0.0, 0.5, 1.0], 8) == "▁▅█"
    assert format.sparkline([2.0, 2.0], 8) == "▄▄"
    assert format.sparkline([9.0, 1.0, 2.0], 2) == "▁█"
    assert format.sparkline([float("nan")], 8) == format.sparkline([], 8) == ""


@given(st.text())
def test_nothing_that_a_terminal_obeys_survives_cleaning(text: str) -> None:
    assert format.clean(text).isprintable()
    assert format.clean("\x1b[31mred\n") == "�[31mred "


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8))
def test_a_price_is_the_amount_it_came_from(amount: Decimal) -> None:
    shown = format.price(f"{amount:f}")
    assert Decimal(shown.replace(",", "").replace("−", "-")) == amount


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 40))
def test_a_bar_takes_exactly_its_width(fraction: float, width: int) -> None:
    assert len(format.bar(fraction, width)) == width


@given(st.floats(0, 1e18))
def test_an_age_never_takes_more_than_its_column(milliseconds: float) -> None:
    assert len(format.age(min(milliseconds, 86_400_000 * 999))) <= 5
