"""Which rows a filter leaves, and what a column sorts by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.format import age, milliseconds, percent, price, profit, signed
from console.widgets.columns import Cell, Column
from console.widgets.ink import plain_text
from console.widgets.selection import (
    RowReader,
    Selection,
    following_sort,
    matches,
    ordered,
    selection_words,
    sort_value,
    words_of,
)

COLUMNS = (
    Column("symbol", 8, right=False),
    Column("price", 8),
    Column("", 4, right=False),
    Column("age", 5),
    Column("blend", 6, sort={"BTC": 0.1, "ETH": -0.9, "SOL": None, "ADA": 0.5}.__getitem__),
)
ROWS = {
    "BTC": ("BTC", "65,012.5", "", "0.3s", "+0.10"),
    "ETH": ("ETH", "3,204.1", "", "2m", "−0.90"),
    "SOL": ("SOL", "141.7", "", "45s", "STALE"),
    "ADA": ("ADA", "–", "", "1d", "+0.50"),
}


def cells_of(key: str) -> list[Cell]:
    return [Cell(text) for text in ROWS[key]]


def chosen(selection: Selection) -> list[str]:
    return list(RowReader().chosen(selection, COLUMNS, list(ROWS), cells_of))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", ["BTC", "ETH", "SOL", "ADA"]),
        ("btc", ["BTC"]),
        ("  sT  ", ["SOL"]),
        ("-0.9", ["ETH"]),
        ("d a", ["ADA"]),
        ("a d", ["ADA"]),
        ("btc eth", []),
        (".", ["BTC", "ETH", "SOL", "ADA"]),
    ],
)
def test_a_row_stays_when_every_word_stands_in_one_of_its_cells(text: str, left: list[str]) -> None:
    assert chosen(Selection(filter=text)) == left


@pytest.mark.parametrize(
    ("sort", "reverse", "order"),
    [
        ("", False, ["BTC", "ETH", "SOL", "ADA"]),
        ("", True, ["ADA", "SOL", "ETH", "BTC"]),
        ("symbol", False, ["ADA", "BTC", "ETH", "SOL"]),
        ("symbol", True, ["SOL", "ETH", "BTC", "ADA"]),
        ("price", False, ["BTC", "ETH", "SOL", "ADA"]),
        ("price", True, ["SOL", "ETH", "BTC", "ADA"]),
        ("age", False, ["ADA", "ETH", "SOL", "BTC"]),
        ("blend", False, ["ADA", "BTC", "ETH", "SOL"]),
        ("no such column", False, ["BTC", "ETH", "SOL", "ADA"]),
    ],
)
def test_numbers_come_largest_first_and_words_from_a_to_z(sort: str, reverse: bool, order: list[str]) -> None:
    assert chosen(Selection(sort=sort, reverse=reverse)) == order


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("65,012.5", 65012.5),
        ("−0.42", -0.42),
        ("▲ +84.20", 84.2),
        ("▼ −3.10", -3.1),
        ("0.79x", 0.79),
        ("0.41%", 0.41),
        ("0.3s", 0.3),
        ("2ms", 0.002),
        ("*0.40", 0.4),
        ("*shadow", "shadow"),
        ("3m", 180.0),
        ("2h", 7200.0),
        ("5d", 432000.0),
        ("1.9bp", 1.9),
        ("4/min", "4/min"),
        ("HOLD L", "hold l"),
        ("–", None),
        ("····", None),
        ("", None),
    ],
)
def test_a_cell_is_sorted_by_what_it_means(text: str, value: float | str | None) -> None:
    assert sort_value(text) == (pytest.approx(value) if isinstance(value, float) else value)


@given(st.floats(-1e9, 1e9))
def test_every_number_the_screen_writes_is_read_back(value: float) -> None:
    text = f"{value:.4f}"
    for shown in (price(text), profit(text, 4), signed(value, 4)):
        assert sort_value(shown) == pytest.approx(float(text))
    assert sort_value(percent(value, 2)) == pytest.approx(100 * value, abs=0.006, rel=1e-9)


@given(st.floats(0, 1e10), st.floats(0, 1e10))
def test_ages_and_latencies_keep_their_order(one: float, other: float) -> None:
    for shown in (age, milliseconds):
        values = [sort_value(shown(ms)) for ms in sorted((one, other))]
        assert values[0] <= values[1] + 1e-9  # type: ignore[operator]


@given(st.lists(st.sampled_from([None, 1.0, 2.0, float("nan"), "a", "b"])), st.booleans())
def test_sorting_keeps_every_row_and_the_order_of_equal_ones(
    values: list[float | str | None], descending: bool
) -> None:
    keys = [str(place) for place in range(len(values))]
    order = ordered(keys, lambda key: values[int(key)], descending=descending)
    assert sorted(order, key=int) == keys
    for value in {v for v in values if v == v}:
        same = [int(key) for key in order if values[int(key)] == value]
        assert same == sorted(same)


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=4))
def test_a_row_contains_each_of_its_own_cells(text: str, others: list[str]) -> None:
    assert matches([text, *others], words_of(text))


def test_only_a_few_rows_are_read_again_each_time_and_each_within_a_few_times() -> None:
    keys = [f"row{place}" for place in range(200)]
    values = dict.fromkeys(keys, "old")
    asked: list[str] = []

    def cells(key: str) -> list[Cell]:
        asked.append(key)
        return [Cell(key), Cell(values[key])]

    reader, columns = RowReader(), (Column("name", 8, right=False), Column("value", 8))
    selection = Selection(filter="old", sort="value")
    assert len(reader.chosen(selection, columns, keys, cells)) == len(asked) == 200
    values["row150"] = "new"
    sizes = []
    for _ in range(7):
        asked.clear()
        left = reader.chosen(selection, columns, keys, cells)
        assert len(asked) <= 32
        sizes.append(len(left))
    assert sizes[0] == 200
    assert sizes[-1] == 199


def test_what_was_read_under_other_columns_is_not_trusted() -> None:
    reader = RowReader()
    selection = Selection(sort="price")
    assert reader.chosen(selection, COLUMNS, list(ROWS), cells_of)[0] == "BTC"
    turned = tuple(reversed(COLUMNS))
    assert reader.chosen(selection, turned, list(ROWS), lambda key: cells_of(key)[::-1])[0] == "BTC"


def test_the_pane_s_own_rows_are_handed_on_untouched() -> None:
    keys = list(ROWS)
    assert RowReader().chosen(Selection(), COLUMNS, keys, cells_of) is keys


def test_sorting_goes_through_the_columns_in_sight_and_back_to_the_own_order() -> None:
    seen, title = [], ""
    for _ in range(5):
        title = following_sort(COLUMNS, [0, 1, 2, 3], title)
        seen.append(title)
    assert seen == ["symbol", "price", "age", "", "symbol"]
    assert following_sort(COLUMNS, [0, 1], "blend") == ""


@pytest.mark.parametrize(
    ("selection", "own", "words"),
    [
        (Selection(), "", ""),
        (Selection(), "|blend|", "sort |blend| ▾"),
        (Selection(reverse=True), "|blend|", "sort |blend| ▴"),
        (Selection(reverse=True), "", "sort ▴"),
        (Selection(filter="btc"), "", "/btc 3 of 12"),
        (Selection(filter="btc", sort="price"), "|blend|", "/btc 3 of 12 · sort price ▾"),
        (Selection(sort="price", reverse=True), "", "sort price ▴"),
        (Selection(sort="symbol"), "", "sort symbol ▴"),
        (Selection(sort="symbol", reverse=True), "", "sort symbol ▾"),
        (Selection(sort="gone"), "|blend|", "sort |blend| ▾"),
    ],
)
def test_the_title_says_what_is_filtered_and_sorted(selection: Selection, own: str, words: str) -> None:
    assert plain_text(selection_words(selection, COLUMNS, (3, 12), own)) == words
