"""What the name of a symbol says: its coin and what that is quoted in, by one rule for files, ledger and signals."""

from __future__ import annotations

import re

STABLECOINS = ("USDT", "USDC", "DAI", "BUSD", "TUSD", "FDUSD", "USDE", "USDD", "PYUSD", "USDP", "UST")
"""Coins worth a dollar by their issuer's promise."""
WRAPPED = ("WBTC", "WETH", "WBETH", "STETH", "WSTETH", "CBBTC")
"""Coins that are a claim on another coin, and so move with it alone."""
CONTRACTS = ("PERPETUAL", "PERP")
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", *CONTRACTS)
"""A name that ends in one of these is a pair in any case of letters; in one of the next, only in capitals."""
COINS = ("BTC", "ETH", "BNB")
QUOTES_IN_CAPITALS = (*COINS, "EUR", "GBP", "JPY", "TRY", "DAI")

# DOTUSD is DOT in USD and no DO in TUSD, WBTC no W in BTC.
_COINS_LIKE_PAIRS = frozenset(
    (
        *STABLECOINS,
        *WRAPPED,
        *("BNB", "ARB", "SHIB", "CKB"),
        *("DOT", "BAT", "GRT", "NOT", "HNT", "ANT", "MNT", "GMT", "FTT", "APT", "QNT", "BTT", "FET", "BNT"),
        *("GHST", "JST", "LIT", "HOT", "IOST", "ACT"),
    )
)
_SEPARATORS = re.compile(r"[/:_-]+")


def base_of(symbol: str) -> str:
    """The coin of a symbol."""
    return base_and_quote(symbol)[0]


def base_and_quote(symbol: str) -> tuple[str, str]:
    """`BTCUSDT`, `BTC/USDT:USDT` -> BTC, USDT; a symbol without a known quote is quoted in USD, and a perpetual's
    suffix is none."""
    head, *rest = _SEPARATORS.split(symbol)
    if rest and is_quote(rest[0]) and rest[0].upper() not in CONTRACTS:
        return head, rest[0]
    for suffix in CONTRACTS:
        if head.endswith(suffix) and len(head) > len(suffix):
            return base_and_quote(head.removesuffix(suffix))
    quote = pair_quote(head)
    return (head, "USD") if quote is None else (head.removesuffix(quote), quote)


def pair_quote(name: str) -> str | None:
    """The quote a name ends in, where something stands before it that can be a coin; a coin alone has none."""
    capitals = name.upper()
    if capitals in _COINS_LIKE_PAIRS:
        return None
    known = QUOTES + (QUOTES_IN_CAPITALS if name.isupper() else ())
    found = [quote for quote in known if capitals.endswith(quote) and _leaves_a_coin(capitals, quote)]
    certain = (quote for quote in found if capitals.removesuffix(quote) in _COINS_LIKE_PAIRS)
    return next(certain, found[0] if found else None)


def _leaves_a_coin(capitals: str, quote: str) -> bool:
    """Whether a coin stands before a quote: OXTUSD is OXT in USD, for a coin of two letters in TUSD is rarer."""
    coin = capitals.removesuffix(quote)
    return bool(coin) and (quote not in ("TUSD", "BUSD") or len(coin) > 2 or coin in _COINS_LIKE_PAIRS)


def is_quote(name: str) -> bool:
    """Whether a name by itself is what others are quoted in."""
    return name.upper() in QUOTES or name in QUOTES_IN_CAPITALS
