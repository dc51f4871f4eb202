"""Which limit stands behind each stage of a decision, what it is set to, and which rule makes a protective order. Pure.

The engine says at which stage a value was cut; here that becomes the name of the key, its value and the numbers that
made it bind, so that an operator knows what to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from console.answers import ConfigFacts, DecisionFacts, OrderFacts, OrderWhy
from console.format import number, percent, plain, price, times
from engine.waterfall import ACCOUNT, BUDGET, gross_caps

_UNKNOWN = "not read yet"


class Limits:
    """The configuration, as far as stages are cut by it."""

    def __init__(
        self, config: ConfigFacts | None, decision: DecisionFacts | None, types: Mapping[str, str]
    ) -> None:
        self._config = config
        self._decision = decision
        self._types = types

    def of_stage(self, stage: str, why: OrderWhy) -> str:
        """The cap behind `stage` with its limit; "" for a stage without one."""
        told = _STAGES.get(stage)
        return told(self, why) if told is not None else ""

    def of_order(self, order: OrderFacts) -> str:
        """Which rule made an order that no target made; "" for one that goes towards a target."""
        purpose = order.row.purpose
        if purpose in ("stop", "trail", "target"):
            return f"made by the rule for protective orders, {self._distance(purpose)}: {_offset(order)}"
        if purpose == "flatten":
            return "made by a flatten: closes the position whatever the decision wants"
        return "made by the decision: closes what stands against its target" if purpose == "close" else ""

    def scalar(self, signal: str) -> float | None:
        """The factor that brings a signal's reading to a forecast; None while it is not known."""
        if self._config is None:
            return None
        for key in (f"signals.{signal}.scalar", f"signals.plugins.{signal}.scalar"):
            found = number(self._config.value(key) or "")
            if found is not None:
                return float(found)
        return 1.0

    @property
    def nets_by_confidence(self) -> bool:
        """Whether a signal's say is its weight times its confidence."""
        return self._config is not None and self._config.value("blend.netting") == '"confidence"'

    @property
    def signal_cap(self) -> float:
        """The most that one signal has of the blend (share)."""
        cap = self._number("blend.signal_cap")
        return 1.0 if cap is None else cap

    @property
    def agreement_floor(self) -> float | None:
        """What is left of a forecast whose signals cancel out (share); None while it is not known."""
        return self._number("blend.agreement_floor")

    @property
    def say(self) -> str:
        """The cap on what one signal says, with its limit."""
        return self._key("blend.signal_cap")

    def _distance(self, purpose: str) -> str:
        """The ways in which the configuration says how far an exit lies; the nearer one counts."""
        ranges, share = self._number(f"risk.{purpose}_atr"), self._number(f"risk.{purpose}_fraction")
        ways = [f"risk.{purpose}_atr {ranges:g} average true ranges"] if ranges else []
        ways += [f"risk.{purpose}_fraction {percent(share)}"] if share else []
        if self._config is None:
            return _UNKNOWN
        return " or ".join(ways) + (", the nearer" if len(ways) > 1 else "") if ways else "switched off since"

    def _number(self, key: str) -> float | None:
        found = None if self._config is None else number(self._config.value(key) or "")
        return None if found is None else float(found)

    def _fraction(self, key: str) -> str:
        value = self._number(key)
        return _UNKNOWN if value is None else percent(value)

    def _scalar(self, name: str) -> float | None:
        return None if self._decision is None else self._decision.scalars.get(name)

    def _key(self, key: str) -> str:
        return f"{key} {self._fraction(key)}"

    def _type(self, why: OrderWhy) -> str:
        sums: dict[str, float] = {}
        for reading in why.readings:
            part = adds(reading.value, reading.confidence, self.scalar(reading.name), 1.0)
            kind = self._types.get(reading.name)
            if part is not None and kind is not None:
                sums[kind] = sums.get(kind, 0.0) + part
        total = sum(sums.values())
        sized = next((stage.value for stage in why.stages if stage.name == "volatility"), None)
        bound: list[str] = []
        for kind, part in sums.items():
            limit = self._number(f"risk.type_limits.{kind}")
            if limit is not None and sized is not None and total and abs(sized * part / total) > limit:
                bound.append(kind)
        return ", ".join(self._key(f"risk.type_limits.{kind}") for kind in bound or sums)

    def _gross(self, why: OrderWhy) -> str:
        values = {stage.name: stage.value for stage in why.stages}
        scalars = {} if self._decision is None else self._decision.scalars
        caps = gross_caps(values.get("net"), values.get("gross"), scalars)
        told = {BUDGET: self._budget, ACCOUNT: self._account}
        return ", then ".join(told[cap]() for cap in caps)

    def _budget(self) -> str:
        return f"{self._key('risk.directional_budget')}, which left {percent(self._scalar('directional'))}"

    def _account(self) -> str:
        limit, kelly = self._number("risk.max_gross"), self._scalar("kelly")
        if limit is not None and kelly is not None and kelly < limit:
            return f"Kelly cap {times(kelly)} (risk.max_gross {times(limit)})"
        return f"risk.max_gross {_UNKNOWN if limit is None else times(limit)}"

    def _drawdown(self, why: OrderWhy) -> str:
        fall, multiplier = self._scalar("drawdown"), self._scalar("multiplier")
        return f"{self._key('risk.dd_start')}, drawdown {percent(fall)}, all times {plain(multiplier)}"

    def _state(self, why: OrderWhy) -> str:
        if self._decision is None or self._decision.state == "ACTIVE":
            return "a lock, a cooldown, a stale price or a position without an opinion"
        return f"trading state {self._decision.state}"

    def _buffer(self, why: OrderWhy) -> str:
        costs = self._scalar("cost_band")
        added = f" and risk.cost_band {percent(costs)}" if costs else ""
        return f"{self._key('risk.buffer_fraction')}{added}"

    def _volatility(self, why: OrderWhy) -> str:
        return f"{self._key('risk.volatility_target')} a year, IDM {plain(self._scalar('idm'))}"


_STAGES: Mapping[str, Callable[[Limits, OrderWhy], str]] = {
    "conflict": lambda limits, why: "signals that disagree",
    "volatility": Limits._volatility,
    "type": Limits._type,
    "symbol": lambda limits, why: limits._key("risk.max_symbol"),
    "cluster": lambda limits, why: limits._key("risk.max_cluster"),
    "net": lambda limits, why: limits._key("risk.max_net"),
    "gross": Limits._gross,
    "drawdown": Limits._drawdown,
    "state": Limits._state,
    "buffer": Limits._buffer,
}


def _offset(order: OrderFacts) -> str:
    start = "behind the best close" if order.row.purpose == "trail" else "from the average entry"
    return f"{price(order.trigger_offset)} {start}, for the whole position"


def adds(value: float | None, confidence: float | None, scalar: float | None, share: float) -> float | None:
    """What a reading adds to the forecast: its share of clip(scalar value confidence, -1, 1); None without opinion."""
    if value is None or confidence is None or scalar is None:
        return None
    return share * min(1.0, max(-1.0, scalar * value * confidence))
