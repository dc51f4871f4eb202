"""The weights of the signals as the picture shows them: what each counts for, where that comes from, how far it speaks;
and what the estimates of each class have come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.signal_catalogue import family_of
from engine.signal_records import with_records
from engine.signal_state import changed, silence_words
from engine.signal_table import chosen_weight, class_shares, in_force, waits
from engine.snapshot import EstimateRow, WeightRow
from engine.weight_facts import ESTIMATED, NONE_SEEN, OPERATOR, OPERATORS_OWN, weight_facts
from store.history_checks import utc
from store.records import SignalClass
from strategies.blend.weighting.settings import Method

if TYPE_CHECKING:
    from engine.machine import Machine
    from strategies.signal import Signal

DAY_MS = 86_400_000
CAPPED = "at the cap of one signal"


def weight_rows(machine: Machine) -> tuple[WeightRow, ...]:
    """One row for each signal that is computed, then those that are off."""
    readings = machine.market.readings
    rows, choices, shadow = [], machine.book.choices, machine.cycle.shadow
    cap, estimated = machine.configuration.blend.signal_cap, machine.weighting.shares
    configured = class_shares(machine.signals, cap=cap)
    shares = class_shares(machine.signals, choices, estimated, cap)
    method, standings = machine.weighting.method, machine.weighting.standing
    for row, signal in enumerate(machine.signals):
        choice, facts = choices.get(signal.name), weight_facts(signal, choices, standings, method)
        present = np.isfinite(readings.value[row])
        opinions = int(present.sum())
        capped = cap < 1.0 and signal.signal_class in ESTIMATED
        note = ""
        if opinions == 0:
            bars, unknown = machine.market.bars_known(signal), machine.market.unknown_inputs(signal)
            note = silence_words(signal, bars, unknown, readings.reasons[row])
        elif signal.name in machine.cycle.neutral.idle:
            note = "holds nothing: its legs are not listed in this market"
        rows.append(
            WeightRow(
                name=signal.name,
                title=signal.title,
                kind=signal.signal_class.value,
                type=signal.type.value,
                weight=shares[row],
                enabled=choice is None or choice.enabled,
                coverage=opinions / len(present) if present.size else 0.0,
                mean_abs=float(np.abs(readings.value[row][present]).mean()) if opinions else 0.0,
                opinions=opinions,
                symbols=int(present.size),
                note=note,
                configured_weight=configured[row],
                raw_weight=chosen_weight(signal, choices, estimated),
                change=changed(signal, choice, machine.book.tunings.get(signal.name)),
                family=family_of(signal.name),
                method=facts.method,
                estimated_ms=facts.estimated_ms,
                estimated_change=facts.change,
                estimated_why=CAPPED if capped and shares[row] >= cap else facts.why,
                share_cap=cap if capped else None,
                no_book="" if shadow is None else shadow.no_book(row),
                waits=waits(signal, choices, estimated),
            )
        )
    return with_records(machine, rows)


def largest_say(machine: Machine) -> float:
    """The largest share that one signal has: of the weight of its class, or of what is said of a symbol that the newest
    decision did not hold. The cap of one signal cuts it there."""
    blend, readings, decision = machine.configuration.blend, machine.market.readings, machine.cycle.decision
    shares = np.array(
        class_shares(machine.signals, machine.book.choices, machine.weighting.shares, blend.signal_cap)
    )
    kinds = [signal.signal_class for signal in machine.signals]
    weighed = shares[[kind in ESTIMATED for kind in kinds]].max(initial=0.0)
    if decision is None:
        return float(weighed)
    speaks = np.isfinite(readings.value) & np.isfinite(readings.confidence)
    voices = np.where(speaks, shares[:, None], 0.0)
    if blend.netting == "confidence":
        voices = np.where(speaks, voices * readings.confidence, 0.0)
    voices = voices[[kind is SignalClass.DIRECTIONAL for kind in kinds]]
    said = voices.sum(axis=0)
    heard = (said > 0.0) & ~decision.hold[: said.size]
    loudest = (voices[:, heard] / said[heard]).max(initial=0.0)
    return min(float(max(weighed, loudest)), blend.signal_cap)


def estimate_rows(machine: Machine) -> tuple[EstimateRow, ...]:
    """One row for each class of signals that has weights, estimated or the operator's."""
    step_ms = machine.configuration.blend.every_days * DAY_MS
    next_ms = (machine.clock.now_ms() // step_ms + 1) * step_ms
    weighted = {
        kind: [one for one in machine.signals if one.signal_class is kind and _source(machine, one)]
        for kind in ESTIMATED
    }
    return tuple(_estimate(machine, kind.value, found, next_ms) for kind, found in weighted.items() if found)


def _source(machine: Machine, signal: Signal) -> str:
    """Where the weight of a signal comes from; "" for a signal that has none."""
    choices, standings = machine.book.choices, machine.weighting.standing
    return weight_facts(signal, choices, standings, machine.weighting.method).method


def _estimate(machine: Machine, kind: str, weighted: Sequence[Signal], next_ms: int) -> EstimateRow:
    known, method = machine.weighting.standing.get(kind), machine.weighting.method
    choices, shares = machine.book.choices, machine.weighting.shares
    on = [one for one in weighted if in_force(one, choices) > 0.0]
    if method is not Method.MANUAL and on and all(_source(machine, one) == OPERATOR for one in on):
        return EstimateRow(kind, OPERATOR, len(on), next_ms, note=OPERATORS_OWN)
    change = _change(machine, kind)
    if known is None or not known.days:
        note = _missing(machine) if known is None else known.fault or "no estimate: too few days in common"
        return EstimateRow(kind, method.value, len(weighted), next_ms, note=change or note)
    idle = known.in_force and not any(in_force(one, choices, shares) for one in weighted)
    return EstimateRow(
        kind=kind,
        method=known.method,
        signals=len(known.share),
        next_ms=next_ms,
        estimated_ms=known.estimated_ms,
        days=known.days,
        bets=known.bets,
        first=known.pair[0],
        second=known.pair[1],
        correlation=known.correlation,
        note=change or (NONE_SEEN if idle else known.fault),
    )


def _change(machine: Machine, kind: str) -> str:
    """That another method takes over than the one that stands, and when; "" where none does."""
    awaited, known = machine.weighting.awaited(kind), machine.weighting.standing.get(kind)
    if awaited is None or (known is not None and known.method == awaited.method):
        return ""
    first = known is None and not machine.book.methods
    return "" if first else f"{awaited.method} from {utc(awaited.effective_ms)}"


def _missing(machine: Machine) -> str:
    """Why there is no estimate yet."""
    shadow = machine.cycle.shadow
    days = 0 if shadow is None else shadow.days.count
    return f"no estimate yet: {days} of {machine.configuration.blend.least_days} days"
