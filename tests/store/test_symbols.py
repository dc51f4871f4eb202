"""The coin of a symbol and what that is quoted in, in the ways venues and collectors write them."""

from __future__ import annotations

import pytest

from store.symbols import STABLECOINS, WRAPPED, base_and_quote, base_of, pair_quote

PAIRS = [
    ("BTCUSDT", ("BTC", "USDT")),
    ("BTCTUSD", ("BTC", "TUSD")),
    ("ETHBTC", ("ETH", "BTC")),
    ("BTCUSDPERP", ("BTC", "USD")),
    ("BTCUSDTPERP", ("BTC", "USDT")),
    ("BTCPERP", ("BTC", "USD")),
    ("BTCPERPETUAL", ("BTC", "USD")),
    ("1000PEPEUSDC", ("1000PEPE", "USDC")),
    ("BTCDOMUSDT", ("BTCDOM", "USDT")),
    ("BTC/USDT:USDT", ("BTC", "USDT")),
    ("WBTC/USDT", ("WBTC", "USDT")),
    ("BTC-PERP", ("BTC", "USD")),
    ("BTCUSD_PERP", ("BTC", "USD")),
    ("BTC-USD-PERP", ("BTC", "USD")),
    ("BTC-240329", ("BTC", "USD")),
    ("SPY", ("SPY", "USD")),
    ("ETH", ("ETH", "USD")),
    ("USDT", ("USDT", "USD")),
    ("PERP", ("PERP", "USD")),
    ("PERPUSDT", ("PERP", "USDT")),
    ("", ("", "USD")),
]
AMBIGUOUS = [
    ("BNBUSD", ("BNB", "USD")),
    ("BNBUSDPERP", ("BNB", "USD")),
    ("BNBBUSD", ("BNB", "BUSD")),
    ("ETHBUSD", ("ETH", "BUSD")),
    ("DOTUSD", ("DOT", "USD")),
    ("OXTUSD", ("OXT", "USD")),
    ("TRBUSD", ("TRB", "USD")),
    ("GHSTUSD", ("GHST", "USD")),
    ("APETUSD", ("APE", "TUSD")),
    ("SHIBUSD", ("SHIB", "USD")),
    ("TUSDT", ("T", "USDT")),
    ("USDTUSD", ("USDT", "USD")),
    ("USDTTUSD", ("USDT", "TUSD")),
    ("WBTC", ("WBTC", "USD")),
    ("WBTCBTC", ("WBTC", "BTC")),
    ("STETHETH", ("STETH", "ETH")),
    ("PYUSDUSDT", ("PYUSD", "USDT")),
    ("BNBBTC", ("BNB", "BTC")),
]


@pytest.mark.parametrize(("symbol", "pair"), PAIRS)
def test_a_symbol_is_a_base_and_a_quote(symbol: str, pair: tuple[str, str]) -> None:
    assert base_and_quote(symbol) == pair
    assert base_of(symbol) == pair[0]


@pytest.mark.parametrize(("symbol", "pair"), AMBIGUOUS)
def test_a_name_that_can_be_read_in_two_ways_is_that_of_the_known_coin(
    symbol: str, pair: tuple[str, str]
) -> None:
    assert base_and_quote(symbol) == pair


@pytest.mark.parametrize("coin", [*STABLECOINS, *WRAPPED])
@pytest.mark.parametrize("quote", ["", "USDT", "USD", "USDC", "TUSD", "BTC", "PERP", "PERPETUAL", "USDPERP"])
def test_stablecoins_and_wrapped_coins_are_coins_whatever_their_names_end_in(coin: str, quote: str) -> None:
    assert base_of(coin + quote) == coin


def test_only_capitals_end_in_a_coin() -> None:
    assert (pair_quote("ethbtc"), pair_quote("ETHBTC"), pair_quote("btcusdt")) == (None, "BTC", "USDT")
