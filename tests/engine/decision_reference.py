"""The fourteen stages once more in plain NumPy, written for reading, as the oracle of the compiled step.

One stage a function, on whole arrays, without regard to speed. It shares no code with the kernels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.decision import STAGES
from store.records import SignalClass, SignalType, TradingState
from strategies.blend.veto import OverlaySide
from tests.engine.decision_worlds import World

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
DAY_MS = 86_400_000


@dataclass(slots=True)
class Reference:
    """What the stages of one decision leave behind, by name."""

    stages: dict[str, Floats] = field(default_factory=dict)
    coverage: Floats = field(default_factory=lambda: np.zeros(0))
    hold: Flags = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    idm: float = 0.0
    drawdown: float = 0.0
    multiplier: float = 0.0
    halt: bool = False
    trade: Flags = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    close: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)

    def matrix(self) -> Floats:
        return np.array([self.stages[name] for name in STAGES])


def reference(world: World) -> Reference:
    """Decide `world`."""
    out = Reference()
    market, portfolio = world.market, world.portfolio
    usable = market.tradable & np.isfinite(market.sigma) & np.isfinite(market.price)
    current = portfolio.quantity * market.price / portfolio.equity
    weighted = _forecast_stages(world, usable, out)
    average = _volatility_stage(world, usable, out)
    legs = _neutral_stage(world, usable, out)
    _cap_stages(world, weighted, current, out)
    legs = _scaling_stages(world, legs, out)
    _state_stage(world, current, legs, out)
    _buffer_stage(world, current, average, out)
    _round_stage(world, current, out)
    return out


def _forecast_stages(world: World, usable: Flags, out: Reference) -> Floats:
    """Blend, conflict, overlay; the weighted forecasts w' f of every signal."""
    specs, rules = world.parameters.signals.signals, world.parameters.rules
    value, confidence = world.readings.value, world.readings.confidence
    is_directional = np.array([s.signal_class is SignalClass.DIRECTIONAL for s in specs], dtype=bool)
    weight = np.array([s.weight for s in specs]) * is_directional
    scalar = np.array([s.scalar for s in specs])
    spoken = np.isfinite(value) & np.isfinite(confidence)
    out.coverage = (weight[:, None] * spoken).sum(axis=0)
    enabled = weight.sum() > 0
    if enabled and rules.signal_cap < 1:
        out.coverage = out.coverage / weight.sum()
    out.hold = ~usable | (enabled & (out.coverage < 0.5 - 1e-9))
    forecast = np.where(spoken, np.clip(scalar[:, None] * value * confidence, -1, 1), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        voice = weight[:, None] * (np.where(spoken, confidence, 0.0) if rules.confidence_netting else spoken)
        said = voice.sum(axis=0)
        shares = voice / said if rules.signal_cap >= 1 else capped_shares(voice, rules.signal_cap)
        weighted = np.where(out.hold | (said == 0), 0.0, shares * forecast)
    blended = np.clip(world.risk.fdm * weighted.sum(axis=0), -1, 1)
    size = np.abs(weighted).sum(axis=0)
    agreement = np.divide(np.abs(weighted.sum(axis=0)), size, out=np.ones_like(size), where=size != 0)
    tempered = blended * (rules.agreement_floor + (1 - rules.agreement_floor) * agreement)
    leaning = np.zeros(world.symbols) if world.portfolio.leaning is None else world.portfolio.leaning
    tempered[(tempered * leaning < 0) & (np.abs(tempered) < rules.flip_margin)] = 0.0
    product = np.ones(world.symbols)
    for k, spec in enumerate(specs):
        if spec.signal_class is SignalClass.OVERLAY and spec.weight > 0:
            factor = np.where(value[k] >= 0, 1 + spec.up * value[k], 1 + spec.down * value[k])
            factor = np.where(np.isnan(value[k]), 1.0, factor)
            applies = {
                OverlaySide.BOTH: np.ones(world.symbols, dtype=bool),
                OverlaySide.LONG: tempered > 0,
                OverlaySide.SHORT: tempered < 0,
            }[spec.side]
            product = np.where(applies, product * factor, product)
    overlaid = np.clip(tempered * np.clip(product, 0.25, 1.5), -1, 1)
    out.stages |= {"blend": blended, "conflict": tempered, "overlay": overlaid}
    return weighted


def capped_shares(voice: Floats, cap: float) -> Floats:
    """Of each column, min(cap, factor * voice) with the factor that makes them sum to 1, found by halving; where no
    factor does, the cap of all that say anything."""
    shares = np.where(voice > 0, cap, 0.0)
    for s in np.flatnonzero(shares.sum(axis=0) > 1):
        low, high = 0.0, 1.0 / voice[voice[:, s] > 0, s].min()
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if np.minimum(cap, middle * voice[:, s]).sum() > 1 else (middle, high)
        shares[:, s] = np.minimum(cap, low * voice[:, s])
    return shares


def _volatility_stage(world: World, usable: Flags, out: Reference) -> Floats:
    weight = np.where(usable, world.market.instrument_weight, 0.0)
    positive = np.maximum(world.market.correlation, 0.0)
    variance = float(weight @ positive @ weight)
    out.idm = min(2.5, 1 / math.sqrt(variance)) if variance > 0 else 2.5
    target = world.parameters.risk.volatility_target
    average = np.where(usable, weight * out.idm * target / world.market.sigma, 0.0)
    out.stages["volatility"] = 2 * out.stages["overlay"] * average
    return average


def _neutral_stage(world: World, usable: Flags, out: Reference) -> dict[int, Floats]:
    """The legs of each neutral signal, hedged; their sum is the stage."""
    limits = world.parameters.risk
    legs: dict[int, Floats] = {}
    for k, spec in enumerate(world.parameters.signals.signals):
        if spec.signal_class is not SignalClass.NEUTRAL or spec.weight == 0 or world.neutral is None:
            continue
        reading = world.readings.value[k] * world.readings.confidence[k]
        leg = spec.weight * limits.neutral_budget * np.nan_to_num(reading) * world.neutral.legs[k]
        largest = float(np.abs(leg).max())
        cap = min(limits.type_limits[spec.signal_type], limits.max_symbol)
        leg = leg * (cap / largest if largest > cap else 1.0)
        hedge = world.neutral.hedge
        exposure = float((leg * world.neutral.beta).sum()) if hedge >= 0 else 0.0
        if bool((leg != 0)[~usable].any()) or (exposure != 0 and not usable[hedge]):
            leg = np.zeros(world.symbols)
        elif exposure != 0:
            leg[hedge] -= exposure
        legs[k] = leg
    out.stages["neutral"] = np.sum(list(legs.values()), axis=0) if legs else np.zeros(world.symbols)
    return legs


def _cap_stages(world: World, weighted: Floats, current: Floats, out: Reference) -> None:
    limits = world.parameters.risk
    typed = out.stages["volatility"].copy()
    kinds = np.array(
        [list(SignalType).index(s.signal_type) for s in world.parameters.signals.signals], dtype=int
    )
    for s in range(world.symbols):
        total = weighted[:, s].sum()
        factor = 1.0
        for index, kind in enumerate(SignalType):
            share = weighted[kinds == index, s].sum() / total if total != 0 else 0.0
            if abs(typed[s] * share) > limits.type_limits[kind]:
                factor = min(factor, limits.type_limits[kind] / abs(typed[s] * share))
        typed[s] *= factor
    held = world.neutral.held if world.neutral else np.zeros(world.symbols)
    entered = np.where(out.hold, current - held, typed)
    shortable = world.market.shortable & limits.allow_short
    capped = np.clip(entered, np.where(shortable, -limits.max_symbol, 0.0), limits.max_symbol)
    clustered = capped.copy()
    for label in set(world.market.cluster.tolist()) - {-1}:
        members = world.market.cluster == label
        size = float(np.abs(capped[members]).sum())
        if size > limits.max_cluster:
            clustered[members] *= limits.max_cluster / size
    netted = clustered.copy()
    net = float(clustered.sum())
    if abs(net) > limits.max_net:
        side = np.sign(clustered) == np.sign(net)
        other = float(np.abs(clustered[~side]).sum())
        netted[side] *= (limits.max_net + other) / np.abs(clustered[side]).sum()
    out.stages |= {"type": typed, "symbol": capped, "cluster": clustered, "net": netted}


def _scaling_stages(world: World, legs: dict[int, Floats], out: Reference) -> dict[int, Floats]:
    limits = world.parameters.risk
    netted, neutral = out.stages["net"], out.stages["neutral"]
    cap = min(limits.max_gross, world.risk.kelly)
    own = float(np.abs(netted).sum())
    if own > limits.directional_budget:
        netted = netted * (limits.directional_budget / own)
    gross = float(np.abs(netted).sum() + np.abs(neutral).sum())
    factor = cap / gross if gross > cap else 1.0
    out.stages["gross"] = netted * factor
    out.drawdown = 1 - world.portfolio.equity / world.portfolio.high_water_mark
    out.halt = out.drawdown >= limits.dd_halt
    shrink = float(np.interp(out.drawdown, [limits.dd_start, limits.dd_halt], [1.0, 0.25]))
    out.multiplier = 0.0 if out.halt else shrink * world.risk.guard_multiplier * world.risk.regime_multiplier
    out.stages["drawdown"] = np.where(out.hold, out.stages["gross"], out.stages["gross"] * out.multiplier)
    return {k: leg * factor * out.multiplier for k, leg in legs.items()}


def _vetoed(world: World, side: OverlaySide) -> Flags:
    """Symbols on which an overlay allows no new exposure on that side."""
    rules = world.parameters.rules
    forbidden = np.zeros(world.symbols, dtype=bool)
    for k, spec in enumerate(world.parameters.signals.signals):
        if (
            spec.signal_class is SignalClass.OVERLAY
            and spec.weight > 0
            and spec.side in (side, OverlaySide.BOTH)
        ):
            forbidden |= world.readings.value[k] < rules.veto_below
    return forbidden


def _state_stage(world: World, current: Floats, legs: dict[int, Floats], out: Reference) -> None:
    old = out.hold & (world.portfolio.hold_age_ms > 3 * DAY_MS)
    state = TradingState.HALTED if out.halt else world.risk.state

    def judge(wanted: Floats) -> Floats:
        no_long = world.risk.cooldown_long | _vetoed(world, OverlaySide.LONG)
        no_short = world.risk.cooldown_short | _vetoed(world, OverlaySide.SHORT)
        cooling = (no_long & (wanted > 0)) | (no_short & (wanted < 0))
        reducing = world.risk.locked | world.market.stale | cooling | (state >= TradingState.REDUCING)
        clipped = np.clip(wanted, np.minimum(0, current), np.maximum(0, current))
        target = np.where(reducing, clipped, wanted)
        return np.where(old | (state is TradingState.HALTED), 0.0, target)

    base = out.stages["drawdown"]
    wanted = base + sum(legs.values(), np.zeros(world.symbols))
    granted = judge(wanted)
    share = np.divide(granted, wanted, out=np.ones_like(wanted), where=wanted != 0)
    shrunk = [leg * min([1.0, *share[leg != 0]]) for leg in legs.values()]
    out.stages["state"] = judge(base + sum(shrunk, np.zeros(world.symbols)))


def _buffer_stage(world: World, current: Floats, average: Floats, out: Reference) -> None:
    limits = world.parameters.risk
    target = out.stages["state"]
    band = limits.buffer_fraction * np.maximum(np.abs(target), out.multiplier * average)
    if limits.cost_band and world.market.cost_band is not None:
        band = band + world.market.cost_band
    out.trade = (np.abs(target - current) > band) | (target == 0)
    edge = np.where(target == 0, 0.0, target - np.sign(target - current) * band / 2)
    out.stages["buffer"] = np.where(out.trade, edge, current)


def _round_stage(world: World, current: Floats, out: Reference) -> None:
    market, equity = world.market, world.portfolio.equity
    final = current.copy()
    for s in range(world.symbols):
        lot, price = market.lot[s], market.price[s]
        have = round(world.portfolio.quantity[s] / lot)
        want = math.floor(abs(out.stages["buffer"][s]) * equity / price / lot + 1e-9)
        want = int(math.copysign(want, out.stages["buffer"][s])) if out.trade[s] else have
        close, opening = _split(have, want)
        whole = have != 0 and want * have <= 0

        def too_small(lots: int, lot: float = lot, price: float = price, s: int = s) -> bool:
            size = abs(lots) * lot
            least = max(market.min_quantity[s], market.min_notional[s] / price)
            return bool(size < least * (1 - 1e-9))

        close = 0 if close and not whole and too_small(close) else close
        opening = 0 if opening and too_small(opening) else opening
        out.close.append(close)
        out.open.append(opening)
        out.whole.append(whole)
        if close or opening:
            final[s] = (have + close + opening) * lot * price / equity
    out.stages["round"] = final


def _split(have: int, want: int) -> tuple[int, int]:
    """A move past 0 is a close and an opening."""
    if have * want < 0:
        return -have, want
    return (want - have, 0) if abs(want) < abs(have) else (0, want - have)
