"""What the name of a history file says: the symbol and the bar size, as exchanges and collectors write them.

Read are `ohlcv_binance_BTCUSDT_1h_2021-2023`, `BTCUSDT-1h-2021-04`, `BTC_USDT-5m`, `BTC_USDT_USDT-1h-futures`,
`Binance_BTCUSDT_d`, `btcusdt_15m`, `etf_SPY_1d` and their like; a name that says nothing gives None.
"""

from __future__ import annotations

import re
from itertools import pairwise

from store.symbols import COINS, QUOTES, base_of, is_quote, pair_quote

BAR_SIZES_MS = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
}
_BAR_NAMES = {size_ms: name for name, size_ms in BAR_SIZES_MS.items()}

_UNITS_MS = {
    "m": 60_000,
    "min": 60_000,
    "minute": 60_000,
    "h": 3_600_000,
    "hr": 3_600_000,
    "hour": 3_600_000,
    "d": 86_400_000,
    "day": 86_400_000,
}
_BAR_WORDS_MS = {"hourly": 3_600_000, "daily": 86_400_000}
_BAR = re.compile(r"(\d{0,4})(m|min|minute|h|hr|hour|d|day)", re.ASCII)
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")

_MEANINGS = {
    "mark": "mark_price",
    "markprice": "mark_price",
    "index": "index_price",
    "indexprice": "index_price",
    "dvol": "implied_volatility",
}
_VENUES = (
    *("binance", "bybit", "okx", "deribit", "bitmex", "kraken", "coinbase", "bitget", "gate", "kucoin"),
    *("huobi", "bitfinex", "bitstamp", "ftx", "dydx", "hyperliquid"),
)
# Before a coin these are no coin; dydx is both, and left out.
_NO_BASES = frozenset(
    (
        *(name for venue in _VENUES if venue != "dydx" for name in (venue, f"{venue}um", f"{venue}cm")),
        *("binanceus", "gateio", "gemini", "mexc", "okex", "phemex", "poloniex", "upbit"),
        *(
            "ohlc",
            "ohlcv",
            "kline",
            "klines",
            "candle",
            "candles",
            "bars",
            "prices",
            "trades",
            "close",
            "funding",
        ),
        *("spot", "futures", "linear", "inverse", "margin", "usdm", "coinm"),
    )
)


def bar_name(bar_ms: int) -> str:
    """`1h` for 3,600,000; a size without a name in milliseconds."""
    return _BAR_NAMES.get(bar_ms, f"{bar_ms} ms")


def bar_ms_in(stem: str) -> int | None:
    """The bar size a file name gives, in milliseconds, if it is one that can be traded."""
    for name in _SEPARATORS.split(stem):
        token = name if name.endswith("M") else name.lower()  # 1M is a month
        if token in _BAR_WORDS_MS:
            return _BAR_WORDS_MS[token]
        match = _BAR.fullmatch(token)
        if match is not None:
            size_ms = int(match[1] or 1) * _UNITS_MS[match[2]]
            return size_ms if size_ms in _BAR_NAMES else None
    return None


def symbol_in(stem: str) -> str | None:
    """The symbol a file name gives, in capitals and digits."""
    tokens = [token for token in _SEPARATORS.split(stem) if token]
    pairs = [
        (base, quote)
        for base, quote in pairwise(tokens)
        if is_quote(quote) and _is_base(base, quote) and pair_quote(base) not in QUOTES
    ]
    if pairs:
        # Money first: in X_BTC_USDT bitcoin is what is traded, whatever X is.
        base, quote = min(pairs, key=lambda pair: pair[1] in COINS)
        return (base + quote).upper()
    for token in tokens:
        if pair_quote(token) is not None:
            return token.upper()
    before_bar = [token for token, after in pairwise(tokens) if bar_ms_in(after)]
    named = before_bar or (tokens if len(tokens) == 1 else [])
    return named[0] if named and _is_capital_name(named[0]) else None


def coin_in(stem: str) -> str | None:
    """The coin a file name gives, whether in a pair or alone: `onchain_BTC_1d`, `dvol_deribit_BTC_1d`."""
    symbol = symbol_in(stem)
    if symbol is not None:
        return base_of(symbol)
    tokens = (token for token in _SEPARATORS.split(stem) if token.isalpha() and _is_capital_name(token))
    return next(tokens, None)


def meaning_in(stem: str) -> str:
    """What prices without a volume are, where the name says it: an input's name, "" for nothing known."""
    tokens = _SEPARATORS.split(stem.lower())
    return next((meaning for word, meaning in _MEANINGS.items() if word in tokens), "")


def venue_in(stem: str) -> str:
    """The exchange a file name gives, `binance` or `binance inverse` for its coin-margined contracts; "" for none."""
    tokens = _SEPARATORS.split(stem.lower())
    for token in tokens:
        for venue in _VENUES:
            if token in (venue, f"{venue}um", f"{venue}cm"):
                is_inverse = token == f"{venue}cm" or "inverse" in tokens
                return f"{venue} inverse" if is_inverse else venue
    return ""


def is_perpetual(stem: str) -> bool:
    """Whether a file name says that its bars are those of a perpetual future."""
    tokens = set(_SEPARATORS.split(stem.lower()))
    named = tokens & {"perp", "perp8h", "perpetual", "swap", "futures", *(f"{venue}um" for venue in _VENUES)}
    return bool(named) or (symbol_in(stem) or "").endswith(("PERP", "PERPETUAL"))


def _is_base(token: str, quote: str) -> bool:
    """Whether a token can be the coin before a quote: a venue or a kind of file is no coin."""
    is_same_case = token.isupper() == quote.isupper() and token.islower() == quote.islower()
    return is_same_case and len(token) <= 12 and not token.isdigit() and token.lower() not in _NO_BASES


def _is_capital_name(token: str) -> bool:
    return token.isupper() and 2 <= len(token) <= 24
