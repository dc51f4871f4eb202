"""Where the weight of each signal comes from: the operator, the configuration, or which estimate; and what an estimate
made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.estimates import Standing
from engine.signal_table import Choices
from store.records import SignalClass
from strategies.blend.weighting.settings import Method

if TYPE_CHECKING:
    from strategies.signal import Signal

OPERATOR, NO_METHOD = "operator", ""
UNSEEN = "not in the estimate"
OPERATORS_OWN = "its weights are the operator's: no estimate applies"
NONE_SEEN = "nothing it saw is on: the class trades nothing"
ESTIMATED = (SignalClass.DIRECTIONAL, SignalClass.NEUTRAL)
"""The classes whose weights are estimated; overlays multiply, by factors that are configured."""

Standings = Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class WeightFacts:
    """`method`: the weighting method the weight comes from, operator where an operator set it, "" for a signal that has
    none. `estimated_ms`: the close at which the estimate in force was made, `change` what that changed of the share
    and `why` what held it where it is, or why there is no estimate yet; None and "" where nothing is to be said."""

    method: str = NO_METHOD
    estimated_ms: int | None = None
    change: float | None = None
    why: str = ""


def weight_facts(signal: Signal, choices: Choices, standings: Standings, method: Method) -> WeightFacts:
    """Of one signal, while estimates are made by `method`."""
    choice = choices.get(signal.name)
    if choice is not None and choice.weight is not None:
        return WeightFacts(OPERATOR)
    if signal.weight <= 0.0:
        return WeightFacts()
    known = standings.get(signal.signal_class.value)
    name = signal.name
    if known is not None and known.in_force:
        return WeightFacts(
            known.method, known.estimated_ms, known.change.get(name), known.why.get(name, UNSEEN)
        )
    if method is Method.MANUAL or signal.signal_class not in ESTIMATED:
        return WeightFacts(Method.MANUAL.value)
    if known is None or known.method != method:
        return WeightFacts(Method.MANUAL.value, why="no estimate yet")
    return WeightFacts(Method.MANUAL.value, why=known.why.get(name, UNSEEN))
