"""The 25-delta skew: golden values, between expiries, what makes it unknown, and a recorded chain."""

from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from strategies.options.pricing import black_76, implied_volatility
from strategies.options.skew import (
    HORIZON_YEARS,
    WIDEST_SPREAD,
    Chain,
    Smile,
    call_deltas,
    points_of,
    recorded_skew,
    skew_of,
    smiles_of,
)
from strategies.signal import DAY_MS, FloatArray, Reason

FORWARD = 60_000.0
STRIKES = 1e3 * np.array([48.0, 52, 56, 60, 64, 68, 74])
GOLDEN = Smile(
    HORIZON_YEARS, FORWARD, STRIKES, np.array([0.78, 0.70, 0.63, 0.58, 0.57, 0.59, 0.64]), np.full(7, 0.02)
)
AT_MS = 1_700_000_000_000


def flat(days: float, level: float = 0.6, tilt: float = 0.0) -> Smile:
    """A smile whose volatility falls by `tilt` for every log moneyness of 1."""
    strikes = FORWARD * np.exp(np.linspace(-1, 1, 81) * 3 * level * np.sqrt(days / 365))
    volatility = level - tilt * np.log(strikes / FORWARD)
    return Smile(days / 365, FORWARD, strikes, volatility, np.full(81, 0.01))


def chain_of(*smiles: Smile, spread: float = 0.01) -> Chain:
    """Calls and puts at all strikes, quoted at mid volatility less and plus half a spread."""
    rows = []
    for smile in smiles:
        for call in (True, False):
            bid, ask = (
                black_76(
                    smile.forward, smile.strike, smile.years, smile.volatility + side * spread / 2, call
                ).price
                for side in (-1, 1)
            )
            expiry = np.full(bid.size, AT_MS + round(smile.years * 365 * DAY_MS))
            forward = np.full(bid.size, smile.forward)
            rows.append((expiry, smile.strike, np.full(bid.size, call), bid, ask, forward))
    expiry, strike, is_call, bid, ask, forward = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return Chain(expiry.astype(np.int64), strike, is_call.astype(np.bool_), bid, ask, forward)


def test_golden() -> None:
    assert call_deltas(GOLDEN) == pytest.approx(
        [0.86643221, 0.79200799, 0.68164205, 0.53313006, 0.37705221, 0.25610849, 0.14656953], abs=1e-8
    )
    found = skew_of((GOLDEN,))
    call, middle, put = found.volatility
    assert (call, put, middle) == pytest.approx((0.5927882719, 0.6733562799, 0.5778773377), rel=1e-9)
    assert put - call == pytest.approx(0.08056800801, rel=1e-9)
    assert found.skew == pytest.approx(0.1394206049, rel=1e-9)
    assert (found.points, found.reason) == (2, Reason.OK)


def test_golden_from_quotes() -> None:
    found = recorded_skew(chain_of(GOLDEN), AT_MS)
    assert found.skew == pytest.approx(0.1394206049, rel=1e-7)
    assert found.points == 2


def test_between_expiries_total_variance_is_a_line() -> None:
    near, far = flat(20, 0.7), flat(50, 0.5)
    found = skew_of((near, far))
    variance = 0.7**2 * 20 + (0.5**2 * 50 - 0.7**2 * 20) / 3
    assert found.volatility == pytest.approx(np.sqrt(variance / 30))
    assert found.skew == pytest.approx(0.0, abs=1e-12)


def test_dear_puts_are_a_positive_skew() -> None:
    assert skew_of((flat(20, tilt=0.2), flat(50, tilt=0.2))).skew > 0
    assert skew_of((flat(20, tilt=-0.2), flat(50, tilt=-0.2))).skew < 0


def test_only_the_two_expiries_around_the_month_count() -> None:
    two = (flat(25), flat(40))
    many = skew_of((flat(2, 1.5, 0.3), *two, flat(300, 0.9, 0.1)))
    assert many.volatility.tolist() == skew_of(two).volatility.tolist()


@pytest.mark.parametrize("days", [(20, 25), (40, 50), ()])
def test_a_month_beyond_all_expiries_is_unknown(days: tuple[float, ...]) -> None:
    found = skew_of(tuple(flat(day) for day in days))
    assert (found.reason, found.points) == (Reason.NO_INPUT, 0)
    assert np.isnan(found.skew)


def test_a_point_without_quotes_on_both_sides_is_unknown() -> None:
    kept = slice(0, 6)
    short = Smile(HORIZON_YEARS, FORWARD, STRIKES[kept], GOLDEN.volatility[kept], GOLDEN.spread[kept])
    found = skew_of((short,))
    assert found.reason is Reason.NO_INPUT
    assert np.isnan(found.volatility).tolist() == [True, False, False]
    assert (np.isnan(found.skew), found.points) == (True, 1)


def test_deltas_that_do_not_fall_with_the_strike() -> None:
    crossed = replace(GOLDEN, volatility=np.array([0.78, 0.70, 0.63, 0.58, 0.57, 0.59, 1.9]))
    assert points_of(crossed) is None
    assert skew_of((crossed,)).reason is Reason.DEGENERATE


def test_a_tick_in_the_wings_spoils_nothing() -> None:
    strikes, volatility = np.r_[STRIKES, 1e5, 1.2e5], np.r_[GOLDEN.volatility, 0.9, 1.8]
    wide = Smile(HORIZON_YEARS, FORWARD, strikes, volatility, np.full(9, 0.02))
    assert np.diff(call_deltas(wide))[-1] > 0
    assert skew_of((wide,)).skew == skew_of((GOLDEN,)).skew


def test_total_variance_that_falls_with_time() -> None:
    assert skew_of((flat(20, 0.9), flat(40, 0.6))).reason is Reason.DEGENERATE


def test_points_between_wide_quotes_are_told_not_counted() -> None:
    wide = GOLDEN.spread.copy()
    wide[1] = 2 * WIDEST_SPREAD
    found = skew_of((replace(GOLDEN, spread=wide),))
    assert (found.points, found.reason) == (1, Reason.OK)
    assert skew_of((replace(GOLDEN, spread=np.full(7, 2 * WIDEST_SPREAD)),)).points == 0


def test_in_the_money_quotes_and_one_sided_ones_are_left_out() -> None:
    chain = chain_of(GOLDEN, flat(60, 0.5))
    in_money = chain.call != (chain.strike >= chain.forward)
    nonsense = replace(
        chain, bid=np.where(in_money, np.nan, chain.bid), ask=np.where(in_money, 1e9, chain.ask)
    )
    assert recorded_skew(nonsense, AT_MS).skew == recorded_skew(chain, AT_MS).skew
    one_sided = replace(chain, bid=np.where(chain.strike == 64_000, np.nan, chain.bid))
    (smile, _) = smiles_of(one_sided, AT_MS)
    assert 64_000 not in smile.strike


def test_an_expired_expiry_is_left_out() -> None:
    chain = chain_of(GOLDEN)
    assert smiles_of(chain, AT_MS + 31 * DAY_MS) == ()


@pytest.fixture(scope="module")
def quotes(data_folder: Path) -> dict[str, FloatArray]:
    """Columns of a chain as it was recorded, NaN where there was no quote."""
    file = data_folder / "options_deribit_ETH_chain_20240108.parquet"
    if not file.exists():
        pytest.skip(f"no recorded chain {file.name} in {data_folder}")
    names = ("ts", "expiry_ts", "strike", "bid_price", "ask_price", "mark_price", "underlying_price")
    chosen = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in names)
    query = f"SELECT {chosen}, CAST(option_type = 'C' AS DOUBLE) AS call FROM '{file}'"
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchnumpy()
    return {name: np.ma.filled(values, np.nan) for name, values in found.items()}


def chain_from(quotes: dict[str, FloatArray]) -> Chain:
    forward = quotes["underlying_price"]
    return Chain(
        quotes["expiry_ts"].astype(np.int64),
        quotes["strike"],
        quotes["call"] > 0,
        quotes["bid_price"] * forward,
        quotes["ask_price"] * forward,
        forward,
    )


def test_a_recorded_chain(quotes: dict[str, FloatArray]) -> None:
    found = recorded_skew(chain_from(quotes), int(quotes["ts"].max()))
    assert (found.reason, found.points) == (Reason.OK, 2)
    assert found.volatility == pytest.approx([0.708, 0.692, 0.710], abs=0.001)
    assert found.skew == pytest.approx(0.0017, abs=1e-4)


def test_calls_and_puts_of_a_recorded_chain_imply_the_same(quotes: dict[str, FloatArray]) -> None:
    chain, forward = chain_from(quotes), quotes["underlying_price"]
    years = (chain.expiry_ms - quotes["ts"].max()) / (365 * DAY_MS)
    found = implied_volatility(
        quotes["mark_price"] * forward, forward, chain.strike, years, chain.call
    ).volatility
    pairs: dict[tuple[float, float], list[float]] = {}
    for expiry, strike, volatility in zip(chain.expiry_ms, chain.strike, found, strict=True):
        pairs.setdefault((expiry, strike), []).append(volatility)
    gaps = [abs(pair[0] - pair[1]) for pair in pairs.values() if len(pair) == 2]
    assert np.isfinite(found).mean() > 0.99
    assert np.nanmedian(gaps) < 0.001
