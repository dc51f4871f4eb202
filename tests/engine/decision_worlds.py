"""Complete arguments of a decision, to change one thing at a time; and random ones for properties."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.decision import (
    Decider,
    Decision,
    Market,
    NeutralLegs,
    Parameters,
    Portfolio,
    Readings,
    RiskInputs,
    SignalSpec,
    SignalTable,
)
from risk.config import RiskConfig
from risk.parameters import RiskParameters
from store.records import SignalClass, SignalType, TradingState
from strategies.blend.veto import OverlaySide

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """Everything one decision is made from."""

    readings: Readings
    market: Market
    portfolio: Portfolio
    risk: RiskInputs
    parameters: Parameters
    neutral: NeutralLegs | None = None

    @property
    def symbols(self) -> int:
        return int(self.market.price.size)

    def decide(self, decider: Decider | None = None) -> Decision:
        decider = decider or Decider(self.parameters, self.symbols)
        return decider.decide(self.readings, self.market, self.portfolio, self.risk, self.neutral)

    def with_market(self, **changes: Any) -> World:
        return replace(self, market=replace(self.market, **changes))

    def with_portfolio(self, **changes: Any) -> World:
        return replace(self, portfolio=replace(self.portfolio, **changes))

    def with_risk(self, **changes: Any) -> World:
        return replace(self, risk=replace(self.risk, **changes))

    def with_limits(self, **changes: Any) -> World:
        limits = replace(self.parameters.risk, **changes)
        return replace(self, parameters=replace(self.parameters, risk=limits))


def flags(symbols: int, *on: int) -> NDArray[np.bool_]:
    """[S] false but for the symbols `on`."""
    array = np.zeros(symbols, dtype=np.bool_)
    array[list(on)] = True
    return array


def loose_limits(**changes: Any) -> RiskParameters:
    """Parameters under which no cap binds and nothing is buffered."""
    parameters = RiskConfig(profile="aggressive").resolve()
    free: dict[str, Any] = {
        "volatility_target": 0.5,
        "max_symbol": 9.0,
        "max_cluster": 9.0,
        "max_net": 9.0,
        "max_gross": 9.0,
        "type_limits": dict.fromkeys(SignalType, 9.0),
        "buffer_fraction": 0.0,
    }
    return replace(parameters, **{**free, **changes})


def directional(name: str, weight: float, kind: SignalType = SignalType.MOMENTUM) -> SignalSpec:
    return SignalSpec(name, SignalClass.DIRECTIONAL, kind, weight)


def simple_world(target: Floats, quantity: Floats, price: float = 1.0, equity: float = 1000.0) -> World:
    """One signal whose reading is the target itself: sigma, IDM and caps leave it as it is."""
    symbols = target.size
    none = np.zeros(symbols)
    return World(
        readings=Readings(target[np.newaxis].copy(), np.ones((1, symbols))),
        market=Market(
            price=np.full(symbols, price),
            sigma=np.full(symbols, 0.5),
            correlation=np.ones((symbols, symbols)),
            tradable=np.ones(symbols, dtype=np.bool_),
            stale=flags(symbols),
            shortable=np.ones(symbols, dtype=np.bool_),
            lot=np.ones(symbols),
            min_quantity=np.ones(symbols),
            min_notional=none,
            instrument_weight=np.full(symbols, 1.0 / symbols),
            cluster=np.full(symbols, -1),
        ),
        portfolio=Portfolio(equity, equity, quantity, none),
        risk=RiskInputs(
            TradingState.ACTIVE, flags(symbols), flags(symbols), flags(symbols), kelly=9.0, fdm=1.0
        ),
        parameters=Parameters(
            SignalTable((directional("only", 1.0),)), loose_limits(volatility_target=0.25 * symbols)
        ),
    )


def random_table(rng: np.random.Generator, signals: int, neutral: int, overlays: int) -> SignalTable:
    """Signals of every class and type; a third of the directional ones in shadow."""
    kinds = list(SignalType)
    weight = rng.uniform(0.1, 1.0, signals) * (rng.uniform(size=signals) < 0.67)
    weight = weight / weight.sum() if weight.any() else weight
    specs = [
        SignalSpec(
            f"d{k}", SignalClass.DIRECTIONAL, kinds[rng.integers(3)], float(w), float(rng.uniform(0.5, 3))
        )
        for k, w in enumerate(weight)
    ]
    specs += [
        SignalSpec(f"n{k}", SignalClass.NEUTRAL, kinds[rng.integers(7)], 1.0 / neutral)
        for k in range(neutral)
    ]
    specs += [
        SignalSpec(
            f"o{k}",
            SignalClass.OVERLAY,
            SignalType.STATISTICAL,
            float(rng.integers(2)),
            up=float(rng.uniform(0, 0.9)),
            down=float(rng.uniform(0, 0.9)),
            side=OverlaySide(int(rng.integers(3))),
        )
        for k in range(overlays)
    ]
    return SignalTable(tuple(specs[i] for i in rng.permutation(len(specs))))


def random_readings(rng: np.random.Generator, shape: tuple[int, int]) -> Readings:
    """Many silent, flat and extreme readings among ordinary ones."""
    value = rng.uniform(-1.0, 1.0, shape)
    confidence = rng.uniform(0.0, 1.0, shape)
    value[rng.uniform(size=shape) < 0.2] = np.nan
    confidence[rng.uniform(size=shape) < 0.05] = np.nan
    value[rng.uniform(size=shape) < 0.1] = 0.0
    return Readings(value, confidence)


def random_correlation(rng: np.random.Generator, symbols: int) -> Floats:
    factors = rng.normal(size=(symbols, 3))
    return np.array(np.corrcoef(factors), dtype=np.float64).reshape(symbols, symbols)


def random_market(rng: np.random.Generator, symbols: int, equity: float) -> Market:
    price = np.exp(rng.uniform(-5.0, 11.0, symbols))
    tradable = rng.uniform(size=symbols) < 0.9
    return Market(
        price=price,
        sigma=rng.uniform(0.1, 1.5, symbols),
        correlation=random_correlation(rng, symbols),
        tradable=tradable,
        stale=rng.uniform(size=symbols) < 0.1,
        shortable=rng.uniform(size=symbols) < 0.8,
        lot=equity / price * 10.0 ** rng.uniform(-8, -2, symbols),
        min_quantity=equity / price * 10.0 ** rng.uniform(-6, -2, symbols),
        min_notional=equity * 10.0 ** rng.uniform(-6, -1, symbols),
        instrument_weight=tradable / max(1, int(tradable.sum())),
        cluster=rng.integers(-1, min(3, symbols), symbols),
        cost_band=rng.uniform(0.0, 0.02, symbols),
    )


def random_limits(rng: np.random.Generator) -> RiskParameters:
    """Caps small enough that each of them binds often."""
    start = float(rng.uniform(0.02, 0.1))
    return replace(
        RiskConfig().resolve(),
        volatility_target=float(rng.uniform(0.05, 0.6)),
        max_symbol=float(rng.uniform(0.02, 0.4)),
        max_cluster=float(rng.uniform(0.05, 0.5)),
        max_net=float(rng.uniform(0.02, 0.5)),
        max_gross=float(rng.uniform(0.1, 1.5)),
        type_limits={kind: float(rng.uniform(0.02, 0.3)) for kind in SignalType},
        dd_start=start,
        dd_halt=start + float(rng.uniform(0.01, 0.2)),
        buffer_fraction=float(rng.uniform(0.0, 0.3)),
        cost_band=bool(rng.integers(2)),
        allow_short=bool(rng.uniform() < 0.8),
    )


def random_world(seed: int, symbols: int, signals: int, neutral: int, overlays: int) -> World:
    """A world whose every part is drawn from `seed`."""
    rng = np.random.default_rng(seed)
    table = random_table(rng, signals, neutral, overlays)
    shape = (len(table.signals), symbols)
    equity = float(10.0 ** rng.uniform(2, 8))
    market = random_market(rng, symbols, equity)
    lots = np.rint(rng.uniform(-0.3, 0.3, symbols) * equity / market.price / market.lot)
    lots[rng.uniform(size=symbols) < 0.3] = 0.0
    legs = rng.uniform(-1.0, 1.0, shape) * (rng.uniform(size=shape) < 0.5)
    return World(
        readings=random_readings(rng, shape),
        market=market,
        portfolio=Portfolio(
            equity=equity,
            high_water_mark=equity * float(rng.choice([1.0, 1.05, 1.1, 1.3])),
            quantity=lots * market.lot,
            hold_age_ms=np.array(rng.integers(0, 5, symbols) * 86_400_000, dtype=np.float64),
        ),
        risk=RiskInputs(
            state=TradingState(int(rng.choice([0, 0, 0, 1, 2]))),
            locked=rng.uniform(size=symbols) < 0.1,
            cooldown_long=rng.uniform(size=symbols) < 0.1,
            cooldown_short=rng.uniform(size=symbols) < 0.1,
            guard_multiplier=float(rng.choice([1.0, 0.5])),
            fdm=float(rng.uniform(1.0, 2.5)),
            kelly=float(rng.uniform(0.25, 3.0)),
        ),
        parameters=Parameters(table, random_limits(rng)),
        neutral=NeutralLegs(
            legs,
            rng.uniform(0.5, 1.5, symbols),
            int(rng.integers(-1, symbols)),
            rng.uniform(-0.05, 0.05, symbols),
        )
        if neutral
        else None,
    )


def worlds(neutral: bool = True) -> st.SearchStrategy[World]:
    return st.builds(
        random_world,
        st.integers(0, 2**32 - 1),
        symbols=st.integers(1, 12),
        signals=st.integers(0, 6),
        neutral=st.integers(0, 3) if neutral else st.just(0),
        overlays=st.integers(0, 2),
    )
