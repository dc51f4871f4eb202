"""What a row of market data must be, as a table of faults, and one streaming pass over a file that applies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from store.history_columns import PRICES, FileKind
from store.history_names import bar_name
from store.history_source import Source, raw_row, reading

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EARLIEST_MS = 315_532_800_000  # 1980
LATEST_MS = 7_258_118_400_000  # 2200
SMALLEST_PRICE = 1e-8
LARGEST_PRICE = 1e10
LARGEST_VOLUME = 1e18
LARGEST_FUNDING_RATE = 0.5
MOST_SYMBOLS = 1_000


@dataclass(frozen=True, slots=True)
class Rule:
    """`condition` is SQL that is true for a row that breaks the rule; `reason` is formatted with the row's cells."""

    condition: str
    reason: str


@dataclass(frozen=True, slots=True)
class Span:
    """What one file holds of one symbol; `step_ms` is the least distance of two rows, None for a single row.
    Bars alone have `lowest`, the lowest price."""

    symbol: str
    rows: int
    first_ms: int
    last_ms: int
    step_ms: int | None
    traded_rows: int
    lowest: float


# No time before 1970 is one, but two of them can lie further apart than their difference has room for.
_TS = "greatest(ts, 0)"
_PRIOR_TS = f"lag({_TS})"

_Rules = tuple[Rule, ...]

_TIME_RULES: _Rules = (
    Rule("symbol IS NULL OR symbol = ''", "symbol {r_symbol} has neither letters nor digits"),
    Rule("length(symbol) > 24", "symbol {r_symbol} is longer than 24 characters"),
    Rule("ts IS NULL", "ts {r_ts} is not a time"),
    Rule(f"ts < {EARLIEST_MS} OR ts >= {LATEST_MS}", "ts {r_ts} lies outside 1980 to 2199"),
    Rule("ts = prior_ts", "ts {r_ts} stands there twice"),
    Rule("ts < prior_ts", "ts {r_ts} lies before the row above it: rows must be in the order of time"),
)


# Of what stands beside the bars, the parts that are prices.
_PRICED = ("close", "spot_price", "mark_price", "index_price", "bid", "ask")


def _price_rules(part: str, cell: str) -> _Rules:
    return (
        Rule(f"{part} IS NULL OR NOT isfinite({part})", f"{part} {{{cell}}} is not a number"),
        Rule(f"{part} <= 0", f"{part} {{{cell}}} is not above 0"),
        Rule(f"{part} < {SMALLEST_PRICE}", f"{part} {{{cell}}} is below the smallest price step, 0.00000001"),
        Rule(f"{part} > {LARGEST_PRICE}", f"{part} {{{cell}}} is absurd for a price"),
    )


def _value_rules(part: str) -> _Rules:
    return (
        Rule(f"isinf({part})", f"{part} {{r_{part}}} is not a number"),
        Rule(f"{part} < 0", f"{part} {{r_{part}}} is below 0"),
        Rule(
            f"{part} > {LARGEST_PRICE if part in _PRICED else LARGEST_VOLUME} AND NOT isnan({part})",
            f"{part} {{r_{part}}} is absurd",
        ),
    )


_CHAIN_RULES: _Rules = (
    *(rule for part in ("strike", "forward") for rule in _price_rules(part, f"r_{part}")),
    Rule(
        f"expiry IS NULL OR NOT isfinite(expiry) OR expiry < {EARLIEST_MS} OR expiry >= {LATEST_MS}",
        "expiry {r_expiry} is no time in ms",
    ),
    Rule("is_call IS NULL", "option_type {r_option_type} is neither a call nor a put"),
    *(rule for part in ("bid", "ask") for rule in _value_rules(part)),
)
_RANGE_RULES = (
    Rule("high < low", "high {r_high} is below low {r_low}"),
    Rule("open < low OR open > high", "open {r_open} lies outside low {r_low} to high {r_high}"),
    Rule("close < low OR close > high", "close {r_close} lies outside low {r_low} to high {r_high}"),
)
_VOLUME_RULES: _Rules = (
    Rule("volume IS NULL OR NOT isfinite(volume)", "volume {r_volume} is not a number"),
    Rule("volume < 0", "volume {r_volume} is below 0"),
    Rule(f"volume > {LARGEST_VOLUME}", "volume {r_volume} is absurd"),
)
_FUNDING_RULES = (
    Rule(
        f"isinf(funding_rate) OR abs(funding_rate) > {LARGEST_FUNDING_RATE} AND NOT isnan(funding_rate)",
        "funding_rate {r_funding_rate} is absurd for a fraction per interval",
    ),
)
_FUNDING_NEEDED = (
    Rule("funding_rate IS NULL OR isnan(funding_rate)", "funding_rate {r_funding_rate} is not a number"),
)


def examined(connection: DuckDBPyConnection, source: Source, bar_ms: int | None) -> list[Span]:
    """One pass over every row: what the file holds, symbol by symbol. `bar_ms`: the grid its bars must lie on.

    Raises DataFault naming the first bad row and what is wrong with it.
    """
    rules = _rules(source, bar_ms)
    number = "CASE " + " ".join(f"WHEN {rule.condition} THEN {i}" for i, rule in enumerate(rules)) + " END"
    over = "PARTITION BY symbol ORDER BY rn" if source.is_panel else ""
    rows = f"SELECT *, {_PRIOR_TS} OVER ({over}) AS prior_ts FROM ({source.table})"
    judged = f"SELECT *, {number} AS rule FROM ({rows})"
    values = "count(*) FILTER (WHERE volume > 0), min(low)" if source.kind is FileKind.BARS else "0, 0.0"
    with reading(source):
        found = connection.execute(
            f"SELECT coalesce(symbol, ''), count(*), min(ts), max(ts), min({_TS} - prior_ts), {values}, "
            f"min(rn) FILTER (WHERE rule IS NOT NULL) "
            f"FROM ({judged}) GROUP BY symbol ORDER BY 1 LIMIT {MOST_SYMBOLS + 1}"
        ).fetchall()
    if not found:
        raise source.fault("holds no rows")
    row = min((bad for *_, bad in found if bad is not None), default=None)
    if row is not None:
        with reading(source):
            (rule,) = connection.execute(f"SELECT rule FROM ({judged}) WHERE rn = {row}").fetchone() or (0,)
        raise source.fault(rules[rule].reason.format_map(_Cells(raw_row(connection, source, row))), row)
    if len(found) > MOST_SYMBOLS:
        raise source.fault(f"holds more than {MOST_SYMBOLS} symbols")
    return [Span(*row[:-1]) for row in found]


def usual_step_ms(connection: DuckDBPyConnection, source: Source) -> int | None:
    """The most common distance of two rows of one symbol; None where no two rows follow each other."""
    over = "PARTITION BY symbol ORDER BY rn" if source.is_panel else ""
    with reading(source):
        row = connection.execute(
            f"SELECT step FROM (SELECT {_TS} - {_PRIOR_TS} OVER ({over}) AS step FROM ({source.table})) "
            "WHERE step > 0 GROUP BY step ORDER BY count(*) DESC, step LIMIT 1"
        ).fetchone()
    return None if row is None else int(row[0])


def utc(ts_ms: int) -> str:
    """`2021-04-01 13:00` of a time in milliseconds, with seconds where it has some."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts_ms)
    return at.strftime("%Y-%m-%d %H:%M" if ts_ms % 60_000 == 0 else "%Y-%m-%d %H:%M:%S")


def _rules(source: Source, bar_ms: int | None) -> _Rules:
    if source.kind is FileKind.FUNDING:
        return (*_TIME_RULES, *_FUNDING_NEEDED, *_FUNDING_RULES)
    if source.kind is FileKind.CHAIN:
        return (*_TIME_RULES[:-2], *_CHAIN_RULES)
    if source.kind is FileKind.VALUES:
        return (*_TIME_RULES, *(rule for part in source.columns.values for rule in _value_rules(part)))
    rules: _Rules = _TIME_RULES
    if bar_ms is not None:
        rules += (
            Rule(f"ts % {bar_ms} <> 0", f"ts {{r_ts}} is not the open of a {bar_name(bar_ms)} bar (UTC)"),
        )
    for part in ("close",) if source.columns.is_close_only else PRICES:
        rules += _price_rules(part, f"r_{part}")
    if not source.columns.is_close_only:
        rules += _RANGE_RULES
    volume = _VOLUME_RULES
    if not source.columns.has("volume"):
        volume = tuple(Rule(r.condition, r.reason.replace("volume", "quote_volume")) for r in volume)
    takers = _value_rules("taker_buy_volume") if source.columns.has("taker_buy_volume") else ()
    return (*rules, *volume, *takers, *_FUNDING_RULES)


class _Cells(dict[str, Any]):
    """Raw cells as a fault quotes them: times of day readable, text in quotes, and not too long."""

    def __init__(self, cells: Mapping[str, Any]) -> None:
        super().__init__({name: _shown(cell) for name, cell in cells.items()})

    def __missing__(self, name: str) -> str:
        return "(none)"


def _shown(cell: object) -> str:
    if cell is None:
        return "(empty)"
    if isinstance(cell, str):
        text = repr(cell)
        return text if len(text) <= 40 else text[:36] + "...'"
    return str(cell)[:40]
