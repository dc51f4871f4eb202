"""What file and column names say, in the ways exchanges and collectors write them."""

import pytest

from store.history_columns import FileKind, columns_of
from store.history_names import (
    BAR_SIZES_MS,
    bar_ms_in,
    bar_name,
    base_and_quote,
    coin_in,
    is_perpetual,
    meaning_in,
    symbol_in,
    venue_in,
)

NAMES: list[tuple[str, str | None, str | None]] = [
    ("ohlcv_binance_BTCUSDT_1h_2021-2023", "BTCUSDT", "1h"),
    ("ohlcv_binanceum_panel24_4h", None, "4h"),
    ("ohlcv_binancecm_BTCUSDPERP_1h", "BTCUSDPERP", "1h"),
    ("ohlcv_ftx_BTCPERP_1m_202201", "BTCPERP", "1m"),
    ("perp8h_binance_BTCUSD_inverse", "BTCUSD", None),
    ("funding_deribit_BTCPERPETUAL_8h", "BTCPERPETUAL", "8h"),
    ("etf_SPY_1d", "SPY", "1d"),
    ("BTCUSDT-1h-2021-04", "BTCUSDT", "1h"),
    ("BTC_USDT-5m", "BTCUSDT", "5m"),
    ("BTC_USDT_USDT-1h-futures", "BTCUSDT", "1h"),
    ("BTCUSD_PERP-1h", "BTCUSD", "1h"),
    ("Binance_BTCUSDT_d", "BTCUSDT", "1d"),
    ("binance_btc_usdt_1h", "BTCUSDT", "1h"),
    ("btcusdt_15m", "BTCUSDT", "15m"),
    ("btc-usd-daily", "BTCUSD", "1d"),
    ("BTC-USD_60m", "BTCUSD", "1h"),
    ("BTCUSDT_4H", "BTCUSDT", "4h"),
    ("STETH_USDT-1h", "STETHUSDT", "1h"),
    ("ETH_BTC-1h", "ETHBTC", "1h"),
    ("1000SATSUSDT-1h", "1000SATSUSDT", "1h"),
    ("BINANCE_BTC_USDT_1h", "BTCUSDT", "1h"),
    ("KRAKEN-ETH-USD-1h", "ETHUSD", "1h"),
    ("OHLCV_BTC_USDT_1h", "BTCUSDT", "1h"),
    ("KRAKEN_ETH_BTC_1h", "ETHBTC", "1h"),
    ("SOMEWHERE_ETH_EUR_4h", "ETHEUR", "4h"),
    ("PERP_ETH_USDT_1h", "ETHUSDT", "1h"),
    ("PERP_USDT_1h", "PERPUSDT", "1h"),
    ("SPOT_BTC_USDT-5m", "BTCUSDT", "5m"),
    ("BINANCE_BTC_1h", "BTC", "1h"),
    ("OHLCV_BTC_1d", "BTC", "1d"),
    ("binance_dydx_usdt_1h", "DYDXUSDT", "1h"),
    ("DYDX-USDT-1h", "DYDXUSDT", "1h"),
    ("DYDX_BTC_USD_1h", "BTCUSD", "1h"),
    ("BTC-USDT-SWAP", "BTCUSDT", None),
    ("okx_BTC-USDT-SWAP_1H", "BTCUSDT", "1h"),
    ("btcusd_perp", "BTCUSD", None),
    ("BTCUSD_PERP-1d-2022-01", "BTCUSD", "1d"),
    ("XBTUSD", "XBTUSD", None),
    ("XBTUSD_60m", "XBTUSD", "1h"),
    ("BTC-PERPETUAL", "BTCPERPETUAL", None),
    ("deribit_ETH-PERPETUAL_1m", "ETHPERPETUAL", "1m"),
    ("BTC-PERP_1h", "BTCPERP", "1h"),
    ("1000SHIBUSDT", "1000SHIBUSDT", None),
    ("1000SHIB_USDT_USDT-1h-futures", "1000SHIBUSDT", "1h"),
    ("1INCH-USDT-15m", "1INCHUSDT", "15m"),
    ("Binance_BTCUSDT_1h", "BTCUSDT", "1h"),
    ("Gemini_BTCUSD_1hr", "BTCUSD", "1h"),
    ("Bitstamp_BTCUSD_minute", "BTCUSD", "1m"),
    ("BITSTAMP_BTCUSD, 1D", "BTCUSD", "1d"),
    ("BTC-USD", "BTCUSD", None),
    ("coinbase-BTC-USD-1d", "BTCUSD", "1d"),
    ("futures_um_klines_BTCUSDT_5m", "BTCUSDT", "5m"),
    ("FUTURES_USDT_BTCUSDT_1h", "BTCUSDT", "1h"),
    ("STETH_BTC_1h", "STETHBTC", "1h"),
    ("BTC", "BTC", None),
    ("BTCUSDT_7m", "BTCUSDT", None),
    ("BTCUSDT_1M", "BTCUSDT", None),
    ("prices_2021", None, None),
    ("data_1h", None, "1h"),
    ("", None, None),
]


@pytest.mark.parametrize(("stem", "symbol", "size"), NAMES)
def test_a_file_name_gives_symbol_and_bar_size(stem: str, symbol: str | None, size: str | None) -> None:
    assert symbol_in(stem) == symbol
    assert bar_ms_in(stem) == (BAR_SIZES_MS[size] if size else None)


PAIRS = [
    ("BTCUSDT", ("BTC", "USDT")),
    ("ETHBTC", ("ETH", "BTC")),
    ("BTCUSDPERP", ("BTC", "USD")),
    ("BTCPERPETUAL", ("BTC", "USD")),
    ("1000PEPEUSDC", ("1000PEPE", "USDC")),
    ("SPY", ("SPY", "USD")),
    ("USDT", ("USDT", "USD")),
    ("PERP", ("PERP", "USD")),
]


@pytest.mark.parametrize(("symbol", "pair"), PAIRS)
def test_a_symbol_is_a_base_and_a_quote(symbol: str, pair: tuple[str, str]) -> None:
    assert base_and_quote(symbol) == pair


def test_a_size_without_a_name_is_said_in_milliseconds() -> None:
    assert (bar_name(3_600_000), bar_name(7_000)) == ("1h", "7000 ms")


COLUMNS = [
    ("ts open high low close volume", FileKind.BARS, []),
    ("ts,open,high,low,close,volume,quote_volume,trades", FileKind.BARS, []),
    ("unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT", FileKind.BARS, []),
    ("ts close quote_volume", FileKind.BARS, []),
    ("open high low close volume", FileKind.BARS, ["ts"]),
    ("ts high low close volume", FileKind.BARS, ["open"]),
    ("ts open high low volume", FileKind.BARS, ["close"]),
    ("ts open high low close", FileKind.OTHER, ["volume"]),
    ("ts high low volume mark_iv", FileKind.OTHER, ["open", "close"]),
    ("ts price qty side", FileKind.OTHER, ["open", "high", "low", "close", "volume"]),
    ("ts funding_rate", FileKind.FUNDING, []),
    ("calc_time last_funding_rate symbol", FileKind.FUNDING, []),
    ("fundingRate", FileKind.FUNDING, ["ts"]),
    ("ts open high low close volume funding_rate", FileKind.BARS, []),
    ("", FileKind.OTHER, ["ts", "open", "high", "low", "close", "volume"]),
]


@pytest.mark.parametrize(("names", "kind", "missing"), COLUMNS)
def test_columns_say_what_a_file_holds(names: str, kind: FileKind, missing: list[str]) -> None:
    columns = columns_of(names.split(",") if "," in names else names.split())
    assert (columns.kind, columns.missing()) == (kind, missing)


def test_the_better_name_wins() -> None:
    columns = columns_of(["Date", "Unix", "Close Price", "close", "Volume USDT", "Volume BTC"])
    assert columns.by_part == {"ts": 1, "close": 3, "quote_volume": 4, "volume": 5}


BESIDE: list[tuple[str, str | None, str, str, bool]] = [
    ("onchain_coinmetrics_BTC_1d", "BTC", "", "", False),
    ("onchain_coinmetrics_USDT_supply_1d", "USDT", "", "", False),
    ("dvol_deribit_ETH_1d", "ETH", "deribit", "implied_volatility", False),
    ("markprice_binanceum_BTCUSDT_1h", "BTC", "binance", "mark_price", True),
    ("BTC_USDT_USDT-1h-mark", "BTC", "", "mark_price", False),
    ("BTCUSDT-1h-index", "BTC", "", "index_price", False),
    ("basis_binance_BTC_spot_um_cm_1h", "BTC", "binance", "", False),
    ("funding_deribit_BTCPERPETUAL_8h", "BTC", "deribit", "", True),
    ("funding_binance_BTCUSDT_8h", "BTC", "binance", "", False),
    ("perp8h_bybit_ETHUSD_inverse", "ETH", "bybit inverse", "", True),
    ("ohlcv_binancecm_BTCUSDPERP_1h", "BTC", "binance inverse", "", True),
    ("ohlcv_binance_BTCUSDT_1h_2024-2025", "BTC", "binance", "", False),
    ("options_deribit_ETH_chain_20240108", "ETH", "deribit", "", False),
    ("oi_aggregate_BTC_1d", "BTC", "", "", False),
    ("prices_2021", None, "", "", False),
]


@pytest.mark.parametrize(("stem", "coin", "venue", "meaning", "perpetual"), BESIDE)
def test_a_file_name_gives_coin_venue_and_meaning(
    stem: str, coin: str | None, venue: str, meaning: str, perpetual: bool
) -> None:
    told = (coin_in(stem), venue_in(stem), meaning_in(stem), is_perpetual(stem))
    assert told == (coin, venue, meaning, perpetual)


@pytest.mark.parametrize(
    ("names", "meaning", "kind"),
    [
        ("ts,CapMrktCurUSD,CapRealUSD,SplyCur", "", FileKind.VALUES),
        ("ts,open_interest,open_interest_usd", "", FileKind.VALUES),
        ("ts,open_interest_usd", "", FileKind.OTHER),
        ("ts,open,high,low,close", "mark_price", FileKind.VALUES),
        ("ts,open,high,low,close", "", FileKind.OTHER),
        ("ts,open,high,low,close,volume", "mark_price", FileKind.BARS),
        ("ts,symbol,funding_rate,mark_price", "", FileKind.FUNDING),
        (
            "ts,option_type,strike,expiry_ts,bid_price,ask_price,underlying_price,mark_price",
            "",
            FileKind.CHAIN,
        ),
        ("ts,instrument_name,mark_iv,mark_price,open_interest,bid_price,ask_price", "", FileKind.OTHER),
        ("ts,CapMVRVCur,TxCnt", "", FileKind.OTHER),
    ],
)
def test_columns_give_what_stands_beside_bars(names: str, meaning: str, kind: FileKind) -> None:
    assert columns_of(names.split(","), meaning).kind is kind
