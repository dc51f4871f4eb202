"""The computed signals as the decision takes them: what the operator chose applied, weights normalised by class.

A signal that is switched off has weight 0: it is computed, shown and recorded all the same, and traded on by nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.bookstate import Choice
from engine.decision import SignalSpec, SignalTable
from engine.shares import to_one
from store.records import SignalClass
from strategies.signal import Signal

Choices = Mapping[str, Choice]
AS_CONFIGURED: Choices = {}
Estimated = Mapping[str, Mapping[str, float]]
"""By class with an estimate in force: the share of each signal that it has seen, on or not."""
NOT_ESTIMATED: Estimated = {}


def signal_table(
    signals: Sequence[Signal],
    choices: Choices = AS_CONFIGURED,
    estimated: Estimated = NOT_ESTIMATED,
    cap: float = 1.0,
) -> tuple[SignalTable, NDArray[np.float64]]:
    """The table, and the proportions [K] of the directional weights (0 for other classes), which sum to 1 or to 0."""
    shares = class_shares(signals, choices, estimated, cap)
    specs = tuple(
        SignalSpec(
            name=signal.name,
            signal_class=signal.signal_class,
            signal_type=signal.type,
            weight=share,
            scalar=signal.scalar,
            up=signal.up,
            down=signal.down,
            side=signal.side,
        )
        for signal, share in zip(signals, shares, strict=True)
    )
    directional = np.array(
        [spec.weight if spec.signal_class is SignalClass.DIRECTIONAL else 0.0 for spec in specs]
    )
    if cap < 1.0 and directional.any():
        directional /= directional.sum()
    return SignalTable(specs), directional


def class_shares(
    signals: Sequence[Signal],
    choices: Choices = AS_CONFIGURED,
    estimated: Estimated = NOT_ESTIMATED,
    cap: float = 1.0,
) -> list[float]:
    """The share of each signal in its class: they sum to 1 within a class, or to 0; to less than 1 where that would
    take more than the `cap` of one of them. Overlays multiply each by itself and have none.

    Once a class is estimated, a signal that the estimate has not seen has no share in it, whatever else is on, unless
    the operator gives it one: a class of which only such are on trades nothing.
    """
    shares: dict[str, float] = {}
    for kind in SignalClass:
        rows = [signal for signal in signals if signal.signal_class is kind]
        most = 1.0 if kind is SignalClass.OVERLAY else cap
        shares |= to_one({signal.name: in_force(signal, choices, estimated) for signal in rows}, most)
    return [shares[signal.name] for signal in signals]


def in_force(signal: Signal, choices: Choices, estimated: Estimated = NOT_ESTIMATED) -> float:
    """The weight of a signal before normalising, 0 where it is switched off."""
    choice = choices.get(signal.name)
    return chosen_weight(signal, choices, estimated) if choice is None or choice.enabled else 0.0


def chosen_weight(signal: Signal, choices: Choices, estimated: Estimated = NOT_ESTIMATED) -> float:
    """The weight of a signal before normalising, whether it is switched on or off: the operator's; else none where
    the configuration gives it none; else the estimated one (none for what the estimate has not seen), and where its
    class is not estimated the configured one."""
    choice = choices.get(signal.name)
    if choice is not None and choice.weight is not None:
        return choice.weight
    seen = estimated.get(signal.signal_class.value)
    if signal.weight <= 0.0 or seen is None:
        return max(signal.weight, 0.0)
    return seen.get(signal.name, 0.0)


def waits(signal: Signal, choices: Choices, estimated: Estimated) -> bool:
    """Whether a signal has a weight of its own that counts for nothing before an estimate gives it a share."""
    weight = chosen_weight(signal, choices)
    return weight > 0.0 and chosen_weight(signal, choices, estimated) == 0.0
