"""Which file serves which input of which symbol, and when a row of it was known.

A row is known when its own period has ended: a day's implied volatility with the day, an hour's mark price with the
hour; quotes of options are known at once. Caps and supplies of a day are known a day after it has ended, when those who
count the chain have published them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.history_names import coin_in
from store.history_part import Part
from store.symbols import STABLECOINS, base_of

SKEW = ("skew_25_delta", "skew_points")
QUOTES = ("expiry", "strike", "is_call", "bid", "ask", "forward")
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class InputPart:
    """One input out of one file: `columns` of its table (several where it is derived of them), times `factor`.

    A row at ts is known from ts + `lag_ms` on, and rows follow each other at `period_ms`. `serves`: from the file's
    own symbols to the indices of the market's.
    """

    name: str
    part: Part
    columns: tuple[str, ...]
    factor: float
    period_ms: int
    lag_ms: int
    serves: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a column is: the input, its factor, how many periods after its ts it is known; `coins`: whose it must be,
    and then it is the same for every symbol."""

    name: str
    factor: float = 1.0
    periods: int = 1
    coins: tuple[str, ...] = ()


_COLUMNS: Mapping[str, _Meaning] = {
    "open_interest": _Meaning("open_interest"),
    "spot_price": _Meaning("spot_price"),
    "mark_price": _Meaning("mark_price"),
    "index_price": _Meaning("index_price"),
    "market_cap": _Meaning("bitcoin_market_cap", periods=2, coins=("BTC",)),
    "realised_cap": _Meaning("bitcoin_realised_cap", periods=2, coins=("BTC",)),
    "supply": _Meaning("stablecoin_supply", periods=2, coins=STABLECOINS),
}
_OF_CLOSES: Mapping[str, _Meaning] = {
    "mark_price": _Meaning("mark_price"),
    "index_price": _Meaning("index_price"),
    "implied_volatility": _Meaning("implied_volatility", factor=0.01),
}
_BOTH_CAPS = ("market_cap", "realised_cap")


def inputs_of(part: Part, symbols: Sequence[str], period_ms: int) -> list[InputPart]:
    """What a file of inputs serves of a market's symbols."""
    held = part.source.columns
    found = []
    for column in held.values:
        meaning = _OF_CLOSES[held.meaning] if column == "close" else _COLUMNS[column]
        served = _served(part, meaning, symbols)
        if served:
            lag_ms = meaning.periods * period_ms
            columns = ("supply", "price_usd") if column == "supply" and held.has("price_usd") else (column,)
            found.append(InputPart(meaning.name, part, columns, meaning.factor, period_ms, lag_ms, served))
    if served := _served(part, _COLUMNS["market_cap"], symbols) if held.has(*_BOTH_CAPS) else {}:
        found.append(InputPart("mvrv_z", part, _BOTH_CAPS, 1.0, period_ms, 2 * period_ms, served))
    return found


def skew_of(part: Part, symbols: Sequence[str]) -> list[InputPart]:
    """What a file of option quotes serves: one snapshot of a chain a day, known when it was taken."""
    served = {name: places for name in part.spans if (places := _same(name, symbols))}
    names = SKEW if served else ()
    return [InputPart(name, part, QUOTES, 1.0, DAY_MS, 0, served) for name in names]


def spot_of(part: Part, symbols: Sequence[str], bar_ms: int) -> InputPart:
    """The closes of spot bars as the spot price beside a perpetual future's bars."""
    serves = {name: _same(name, symbols) for name in part.spans}
    return InputPart("spot_price", part, ("close",), 1.0, bar_ms, bar_ms, serves)


def _served(part: Part, meaning: _Meaning, symbols: Sequence[str]) -> dict[str, tuple[int, ...]]:
    if not meaning.coins:
        served = {name: _same(name, symbols) for name in part.spans}
        return {name: places for name, places in served.items() if places}
    if part.source.is_panel:
        names = [name for name in part.spans if name in meaning.coins]
    else:
        names = list(part.spans) if coin_in(part.stem) in meaning.coins else []
    return dict.fromkeys(names, tuple(range(len(symbols))))


def _same(name: str, symbols: Sequence[str]) -> tuple[int, ...]:
    """The symbol of this name, else all of the same coin."""
    if name in symbols:
        return (symbols.index(name),)
    coin = base_of(name)
    return tuple(index for index, symbol in enumerate(symbols) if base_of(symbol) == coin)
