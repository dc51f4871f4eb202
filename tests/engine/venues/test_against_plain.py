"""Random orders on random bars: the venue and the plain venue agree fill for fill and digit for digit."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.venues.account import Account
from engine.venues.config import VenueConfig
from engine.venues.filters import check
from engine.venues.flattening import cancel
from engine.venues.matching import play
from engine.venues.venue import Refused
from engine.venues.watch import watch
from store.records import Order, OrderType, Side
from tests.engine.venues.plain_venue import PlainVenue
from tests.engine.venues.tables import HOUR_MS, MISSING, SYMBOL, Prices, account, instrument, order, step

KINDS = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop": OrderType.STOP_MARKET,
    "trail": OrderType.TRAILING_STOP,
    "target": OrderType.TAKE_PROFIT,
}
TRADED = instrument(
    lot=Decimal("0.01"), min_quantity=Decimal(0), min_notional=Decimal(0), leverage=Decimal(3)
)

hundredths = st.one_of(
    st.sampled_from((9_000, 9_500, 9_900, 10_000, 10_100, 10_500, 11_000)),
    st.sampled_from((9_000, 9_500, 9_900, 10_000, 10_100, 10_500, 11_000)),
    st.integers(8_500, 11_500),
    st.integers(4_000, 19_000),
)
"""Prices in hundredths, a tenth of a tick: round ones, so that levels are touched, and ones between the ticks."""


@st.composite
def bars(draw: st.DrawFn) -> Prices:
    if draw(st.integers(0, 9)) == 9:
        return MISSING
    opening, *others = draw(st.tuples(hundredths, hundredths, hundredths))
    low, high = min(opening, *others), max(opening, *others)
    volume = draw(st.sampled_from((1_000.0, 1_000.0, 1_000.0, 1_000.0, 57.7, 20.0, 0.3, 0.0)))
    return (opening / 100, high / 100, low / 100, others[0] / 100, volume)


levels = st.one_of(st.sampled_from((900, 950, 990, 1_000, 1_010, 1_050, 1_100)), st.integers(900, 1_100))


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(("market", "market", "limit", "limit", "limit", "stop", "target", "whole", "whole"))
    )
    whole = kind == "whole"
    if whole:
        kind = draw(st.sampled_from(("stop", "trail", "trail", "target")))
    return {
        "kind": kind,
        "side": draw(st.sampled_from((1, -1))),
        "quantity": Fraction(0) if whole else Fraction(draw(st.integers(1, 1_200)), 100),
        "price": None if whole or kind == "market" else Fraction(draw(levels), 10),
        "offset": Fraction(draw(st.sampled_from((10, 50, 100, 7, 33))), 10) if whole else None,
        "whole": whole,
        "reduce_only": whole or draw(st.booleans()),
        "post_only": kind == "limit" and draw(st.integers(0, 3)) == 0,
    }


moments = st.lists(
    st.tuples(
        bars(),
        st.lists(wishes(), min_size=1, max_size=5),
        st.lists(st.tuples(st.sampled_from((0, 0, HOUR_MS // 3)), st.integers(-75, 75)), max_size=2),
        st.integers(0, 60),
    ),
    min_size=4,
    max_size=10,
)
configs = st.builds(
    VenueConfig,
    half_spread_bps=st.sampled_from((0.0, 1.0, 10.0)),
    impact_coefficient=st.sampled_from((0.0, 1.0)),
    latency_bars=st.sampled_from((0, 0, 0, 1)),
    limit_life_bars=st.sampled_from((1, 1, 0, 2)),
    volume_share=st.sampled_from((0.1, 1.0)),
)


def exact(number: float) -> Fraction:
    return Fraction(repr(float(number)))


def plain_venue(config: VenueConfig) -> PlainVenue:
    return PlainVenue(
        tick=Fraction(TRADED.tick),
        lot=Fraction(TRADED.lot),
        maker=Fraction(TRADED.maker_fee_rate),
        taker=Fraction(TRADED.taker_fee_rate),
        leverage=Fraction(TRADED.leverage),
        maintenance=Fraction(TRADED.maintenance_margin_rate),
        half_spread=exact(config.half_spread_bps) / 10_000,
        impact=exact(config.impact_coefficient),
        share=exact(config.volume_share),
        latency=config.latency_bars,
        limit_life=config.limit_life_bars,
        penalty=exact(config.liquidation_penalty_rate),
    )


def as_order(name: str, wish: dict[str, Any], after: int) -> Order:
    def number(value: Fraction) -> Decimal:
        return Decimal(value.numerator) / Decimal(value.denominator)

    more: dict[str, object] = {key: wish[key] for key in ("reduce_only", "post_only")}
    if wish["price"] is not None:
        more["price"] = number(wish["price"])
    if wish["whole"]:
        more |= {"trigger_offset": number(wish["offset"]), "whole_position": True}
    side = Side.BUY if wish["side"] > 0 else Side.SELL
    return order(name, side, KINDS[wish["kind"]], str(number(wish["quantity"])), after, **more)


def submit_both(books: Account, plain: PlainVenue, name: str, wish: dict[str, Any], after: int) -> None:
    try:
        wanted = as_order(name, wish, after)
        check(books, wanted)
        books.accept(wanted)
        accepted = True
    except Refused:
        accepted = False
    assert plain.submit(wish | {"id": name, "decided": after}) == accepted


def cancel_both(books: Account, plain: PlainVenue, which: int) -> None:
    working = [o for o in plain.orders if o["state"] == "open"]
    if which < len(working):
        cancel(books, books.orders[working[which]["id"]], too_late=False)
        working[which]["state"] = "canceled"


def play_both(config: VenueConfig, story: list[Any]) -> tuple[Account, PlainVenue]:
    books, plain = account(TRADED, config=config, cash="1000000000"), plain_venue(config)
    close, volume = 100.0, 1_000.0
    for index, (bar, orders, funding, cancelled) in enumerate(story):
        before = (close, close, close, close, volume)
        rates = sorted((after, rate / 10_000) for after, rate in funding)
        move = step(index, bar, before=[before], funding=rates, volume_24h=240.0, sigma_daily=0.03)
        context = {
            "previous_close": exact(close),
            "previous_volume": exact(volume),
            "volume_24h": Fraction(240),
            "sigma": Fraction(3, 100),
            "funding": [(after, exact(rate)) for after, rate in rates],
        }
        quiet = watch(books).quiet(move)
        told = (books.sequence, dict(books.trails))
        play(books, move)
        assert not quiet or (books.sequence, books.trails) == told, "a bar called quiet was not"
        missing = bar is MISSING or bar[4] == 0
        names = ("open", "high", "low", "close")
        plain.bar(
            index, None if missing else {n: exact(p) for n, p in zip(names, bar, strict=False)}, context
        )
        close, volume = (close, 0.0) if missing else (bar[3], bar[4])
        for number, wish in enumerate(orders):
            submit_both(books, plain, f"o{index}n{number}", wish, index)
        cancel_both(books, plain, cancelled)
    return books, plain


def compare(books: Account, plain: PlainVenue) -> None:
    fills = [event.fill for event in books.recent if event.fill is not None]
    assert [
        (
            fill.ts_ms // HOUR_MS,
            "liquidation" if fill.liquidation else fill.client_order_id,
            fill.side.sign,
            Fraction(fill.quantity),
            Fraction(fill.price),
            fill.maker,
            Fraction(fill.fee),
        )
        for fill in fills
    ] == plain.fills
    position = books.position(SYMBOL)
    assert (Fraction(position.quantity), Fraction(position.cost)) == (plain.size, plain.cost)
    assert Fraction(books.cash) - 10**9 == plain.cash
    last = {event.report.client_order_id: event.report.status.value for event in books.recent if event.report}
    working = ("accepted", "partially_filled")
    assert {o["id"]: "open" if last[o["id"]] in working else last[o["id"]] for o in plain.orders} == {
        o["id"]: o["state"] for o in plain.orders
    }
    assert set(books.orders) == {o["id"] for o in plain.orders if o["state"] == "open"}
    assert set(books.trails) == {
        o["id"] for o in plain.orders if o["state"] == "open" and o["best"] is not None
    }
    for name, ticks in books.trails.items():
        (order,) = (o for o in plain.orders if o["id"] == name)
        assert Fraction(ticks) * Fraction(TRADED.tick) == plain.trigger(order)


@settings(max_examples=250)
@given(configs, moments)
def test_agrees_with_the_plain_venue(config: VenueConfig, story: list[Any]) -> None:
    compare(*play_both(config, story))


@pytest.mark.slow
@settings(max_examples=3_000)
@given(configs, moments)
def test_agrees_with_the_plain_venue_at_length(config: VenueConfig, story: list[Any]) -> None:
    compare(*play_both(config, story))
