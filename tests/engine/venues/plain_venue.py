"""The fill rules a second time, slowly: one symbol, fractions throughout, nothing shared with the venue.

Written to be read beside the specification. Bars and orders are plain tuples and dicts; the only number it shares
with the venue is the width of a rounding tie (a millionth of a tick).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil, floor
from typing import Any

TIE = Fraction(1, 1_000_000)


def cents(amount: Fraction) -> Fraction:
    """Half-even to 1e-8 (round of a Fraction is half-even)."""
    return Fraction(round(amount * 10**8), 10**8)


def root(number: Fraction) -> Fraction:
    with localcontext() as context:
        context.prec = 60
        return Fraction((Decimal(number.numerator) / Decimal(number.denominator)).sqrt())


@dataclass
class PlainVenue:
    """`half_spread`, `share` and so on as fractions; `latency` and `limit_life` in bars (life 0: for ever)."""

    tick: Fraction
    lot: Fraction
    maker: Fraction
    taker: Fraction
    leverage: Fraction
    maintenance: Fraction
    half_spread: Fraction
    impact: Fraction
    share: Fraction
    latency: int
    limit_life: int
    penalty: Fraction
    size: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)
    orders: list[dict[str, Any]] = field(default_factory=list)
    fills: list[tuple[Any, ...]] = field(default_factory=list)
    room: Fraction = Fraction(0)
    filled_inside: bool = False

    def can_reduce(self, side: int) -> Fraction:
        return max(Fraction(0), -self.size * side)

    def submit(self, order: dict[str, Any]) -> bool:
        """False where a reduce-only order that acts at once has nothing to reduce."""
        at_once = order["kind"] in ("market", "limit")
        if order["reduce_only"] and at_once and not self.can_reduce(order["side"]):
            return False
        self.orders.append(order | {"filled": Fraction(0), "state": "open", "best": None})
        return True

    def bar(self, index: int, bar: dict[str, Fraction] | None, context: dict[str, Any]) -> None:
        """`bar` None: missing. `context`: previous_close, previous_volume, volume_24h, sigma, funding."""
        acting = [o for o in self.orders if o["state"] == "open" and index > o["decided"] + self.latency]
        closes_first = [o for o in acting if o["reduce_only"]] + [o for o in acting if not o["reduce_only"]]
        lots = floor(self.share * context["previous_volume"] / self.lot + Fraction(1, 10**9))
        self.room = lots * self.lot
        self.filled_inside = False

        def cost(quantity: Fraction) -> Fraction:
            part = min(Fraction(1), quantity / context["volume_24h"])
            sigma: Fraction = context["sigma"]
            return self.half_spread + self.impact * sigma * root(part)

        def settle(at_open: bool) -> None:
            for after, rate in context["funding"]:
                if (after == 0) is at_open:
                    self.cash += cents(-self.size * context["previous_close"] * rate)

        settle(at_open=True)
        for order in closes_first:
            if order["kind"] == "market" and bar is not None:
                self.market(index, acting, order, bar, cost)
        settle(at_open=False)
        for order in closes_first:
            if order["kind"] == "limit" and order["state"] == "open" and bar is not None:
                self.limit(index, acting, order, bar, cost)
        if bar is not None:
            self.exits(index, acting, bar, cost, self.filled_inside)
        for order in acting:
            if order["state"] != "open":
                continue
            if order["kind"] == "market":
                order["state"] = "canceled"
            elif order["kind"] == "limit":
                over = self.limit_life and index >= order["decided"] + self.latency + self.limit_life
                order["state"] = "expired" if over else "open"
            elif order["whole"] and not self.can_reduce(order["side"]):
                order["state"] = "expired"
            elif order["kind"] == "trail":
                order["best"] = self.best(order)
                if bar is not None:
                    order["best"] = self.better(order, self.on_tick(bar["close"], order["side"]))

    def wanted(self, order: dict[str, Any]) -> Fraction:
        rest: Fraction = order["quantity"] - order["filled"]
        rest = min(rest, self.can_reduce(order["side"])) if order["reduce_only"] else rest
        return min(rest, self.room)

    def market(self, index: int, acting: Any, order: Any, bar: dict[str, Fraction], cost: Any) -> None:
        quantity = self.wanted(order)
        if quantity:
            self.room -= quantity
            raw = bar["open"] * (1 + order["side"] * cost(quantity))
            self.fill(index, acting, order, quantity, self.on_tick(raw, order["side"]), False)

    def limit(self, index: int, acting: Any, order: Any, bar: dict[str, Fraction], cost: Any) -> None:
        side, limit = order["side"], order["price"]
        at_open = side * (limit - bar["open"]) >= 0
        if order["post_only"] and at_open:
            order["state"] = "expired"
            return
        through = bar["low"] < limit if side > 0 else bar["high"] > limit
        quantity = self.wanted(order)
        if not through or not quantity:
            return
        self.room -= quantity
        price = limit
        if at_open:
            price = self.on_tick(bar["open"] * (1 + side * cost(quantity)), side)
            price = min(price, limit) if side > 0 else max(price, limit)
        else:
            self.filled_inside = True
        self.fill(index, acting, order, quantity, price, not at_open)

    def exits(
        self, index: int, acting: list[dict[str, Any]], bar: dict[str, Fraction], cost: Any, wait: bool
    ) -> None:
        while True:
            stops = [(o["kind"] == "trail", n) for n, o in enumerate(acting) if self.stopped(o, bar)]
            if not stops:
                break
            wait = True
            order = acting[min((self.way(acting[n], bar), trails, n) for trails, n in stops)[2]]
            side, trigger = order["side"], self.trigger(order)
            quantity = self.exit_quantity(order)
            if quantity:
                start = max(bar["open"], trigger) if side > 0 else min(bar["open"], trigger)
                price = self.on_tick(start * (1 + side * cost(quantity)), side)
                self.fill(index, acting, order, quantity, price, False)
            if order["state"] == "open":
                order["state"] = "expired"
        while not wait:
            hit = [(self.way(o, bar), n) for n, o in enumerate(acting) if self.reached(o, bar)]
            if not hit:
                break
            order = acting[min(hit)[1]]
            side, trigger = order["side"], self.trigger(order)
            quantity = self.exit_quantity(order)
            if quantity:
                price = min(bar["open"], trigger) if side > 0 else max(bar["open"], trigger)
                self.fill(index, acting, order, quantity, self.on_tick(price, side), price == trigger)
            if order["state"] == "open":
                order["state"] = "expired"
        self.liquidate(index, acting, bar)

    def liquidate(self, index: int, acting: list[dict[str, Any]], bar: dict[str, Fraction]) -> None:
        if not self.size:
            return
        side = -1 if self.size > 0 else 1
        worst = self.on_tick(bar["low"] if side < 0 else bar["high"], side)
        unrealised = self.size * worst - self.cost
        if abs(self.cost) / self.leverage + unrealised < self.maintenance * abs(self.size) * worst:
            order = {"id": "liquidation", "side": side, "quantity": abs(self.size), "filled": Fraction(0)}
            order |= {"whole": False, "state": "open"}
            self.fill(index, acting, order, abs(self.size), worst, False, self.taker + self.penalty)

    def exit_quantity(self, order: dict[str, Any]) -> Fraction:
        if order["whole"]:
            return self.can_reduce(order["side"])
        rest: Fraction = order["quantity"] - order["filled"]
        return min(rest, self.can_reduce(order["side"])) if order["reduce_only"] else rest

    def trigger(self, order: dict[str, Any]) -> Any:
        """None while a whole-position order has no position of its side."""
        if not order["whole"]:
            return order["price"]
        if not self.can_reduce(order["side"]):
            return None
        away = -order["offset"] if order["kind"] == "target" else order["offset"]
        start = self.best(order) if order["kind"] == "trail" else self.cost / self.size
        exact = (start + order["side"] * away) / self.tick
        return (ceil(exact) if order["side"] > 0 else floor(exact)) * self.tick

    def best(self, order: dict[str, Any]) -> Fraction:
        """What a trailing stop keeps its distance from: the best of average entries and closes so far."""
        return self.better(order, self.cost / self.size)

    def better(self, order: dict[str, Any], price: Fraction) -> Fraction:
        known: Fraction = price if order["best"] is None else order["best"]
        return max(known, price) if order["side"] < 0 else min(known, price)

    def stopped(self, order: dict[str, Any], bar: dict[str, Fraction]) -> bool:
        if order["kind"] not in ("stop", "trail") or order["state"] != "open" or self.trigger(order) is None:
            return False
        trigger = self.trigger(order)
        return bool(bar["high"] >= trigger if order["side"] > 0 else bar["low"] <= trigger)

    def reached(self, order: dict[str, Any], bar: dict[str, Fraction]) -> bool:
        if order["kind"] != "target" or order["state"] != "open" or self.trigger(order) is None:
            return False
        trigger = self.trigger(order)
        return bool(bar["low"] < trigger if order["side"] > 0 else bar["high"] > trigger)

    def way(self, order: dict[str, Any], bar: dict[str, Fraction]) -> Fraction:
        """How far the market has to go from the open; 0 where it opened beyond."""
        distance: Fraction = (self.trigger(order) - bar["open"]) * order["side"]
        return max(Fraction(0), -distance if order["kind"] == "target" else distance)

    def on_tick(self, price: Fraction, side: int) -> Fraction:
        ticks = price / self.tick
        return max(1, ceil(ticks - TIE) if side > 0 else floor(ticks + TIE)) * self.tick

    def fill(
        self,
        index: int,
        acting: list[dict[str, Any]],
        order: dict[str, Any],
        quantity: Fraction,
        price: Fraction,
        maker: bool,
        rate: Fraction | None = None,
    ) -> None:
        fee = cents(price * quantity * (rate or (self.maker if maker else self.taker)))
        self.fills.append((index, order["id"], order["side"], quantity, price, maker, fee))
        self.cash -= fee
        was, trade = self.size, quantity * order["side"]
        self.size = was + trade
        if was * trade >= 0:
            self.cost += cents(trade * price)
        elif abs(trade) >= abs(was):
            self.cash += cents(was * price) - self.cost
            self.cost = cents(self.size * price)
        else:
            released = cents(self.cost * -trade / was)
            self.cash += cents(-trade * price) - released
            self.cost -= released
        order["filled"] += quantity
        if order["whole"] or order["filled"] >= order["quantity"]:
            order["state"] = "filled"
        if was and was * self.size <= 0:
            for other in acting:
                if other["state"] == "open" and other["whole"] and other["side"] * was < 0:
                    other["state"] = "expired"
