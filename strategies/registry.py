"""Every signal that can run, by name: the project's own and those installed packages offer.

A package offers a signal by an entry point of group `quarterdeck.signals` whose object is a `SignalKind`; files of a
configured folder are offered by whoever starts the engine.
One that cannot be loaded or built is left out and named with its fault; it never keeps the others from
running.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol

from store.records import InstrumentKind, SignalClass, SignalType
from strategies.attempt import FOREIGN_FAULTS, one_line
from strategies.blend.veto import OverlaySide
from strategies.classical import (
    averages,
    bands,
    convergence,
    covered_call,
    pairs,
    relative_strength,
    residuals,
    secured_put,
)
from strategies.evidence import (
    basis,
    breakout,
    cross_section,
    funding_carry,
    funding_dispersion,
    momentum,
    open_interest,
    realised_value,
    reversal,
    skew_whipsaw,
    stablecoin_supply,
    volatility_premium,
)
from strategies.settings import LONGEST_DAILY_WINDOW, LONGEST_INTRADAY_WINDOW, SignalSettings
from strategies.signal import READABLE, OptionStructure, Signal, SignalKind, bar_length_ms
from strategies.statistical import (
    autocorrelation,
    drift,
    flow,
    garch,
    hurst,
    partial_autocorrelation,
    permutation,
    range_divergence,
    spectral_entropy,
    spectral_peaks,
    variance_ratio,
    wavelets,
)

ENTRY_POINT_GROUP = "quarterdeck.signals"
BUILT_IN: tuple[SignalKind, ...] = (
    momentum.KIND,
    breakout.KIND,
    reversal.KIND,
    funding_carry.KIND,
    open_interest.KIND,
    cross_section.KIND,
    basis.KIND,
    funding_dispersion.KIND,
    volatility_premium.KIND,
    skew_whipsaw.KIND,
    stablecoin_supply.KIND,
    realised_value.KIND,
    autocorrelation.KIND,
    variance_ratio.KIND,
    hurst.KIND,
    drift.KIND,
    spectral_peaks.KIND,
    permutation.KIND,
    garch.KIND,
    spectral_entropy.KIND,
    flow.KIND,
    wavelets.KIND,
    partial_autocorrelation.KIND,
    range_divergence.KIND,
    relative_strength.KIND,
    convergence.KIND,
    averages.KIND,
    bands.KIND,
    pairs.KIND,
    residuals.KIND,
    covered_call.KIND,
    secured_put.KIND,
)


_TYPES: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("name", "title", "bar", "kernels"), str),
    (("fields", "optional", "statistic_names"), tuple),
    (("scalar", "weight", "up", "down"), int | float),
    (("window",), int),
    (("signal_class",), SignalClass),
    (("type",), SignalType),
    (("side",), OverlaySide),
    (("settings",), SignalSettings),
    (("prior",), int | float | None),
    (("options",), OptionStructure | None),
    (("pair", "venues"), tuple | None),
)
"""What the parts of a signal have to be."""


@dataclass(frozen=True, slots=True)
class BrokenSignal:
    """A plug-in that was left out: its entry point and what is wrong with it, in one line."""

    entry_point: str
    fault: str


@dataclass(frozen=True, slots=True)
class Registry:
    kinds: Mapping[str, SignalKind]
    broken: tuple[BrokenSignal, ...] = ()


class PlugIn(Protocol):
    """What offers a signal: an entry point, or a file."""

    @property
    def name(self) -> str: ...

    @property
    def value(self) -> str: ...

    def load(self) -> object: ...


def installed(files: Iterable[PlugIn] = ()) -> Registry:
    """The built-in signals, those of the packages installed beside the project, and those of the given files."""
    return assemble([*entry_points(group=ENTRY_POINT_GROUP), *files])


def assemble(plug_ins: Iterable[PlugIn]) -> Registry:
    """The built-in signals, then the given plug-ins by name; the first of a name wins."""
    kinds = {kind.name: kind for kind in BUILT_IN}
    broken = []
    for entry_point in sorted(plug_ins, key=lambda point: (point.name, point.value)):
        try:
            kind = _checked(entry_point.load())
            if kind.name in kinds:
                raise ValueError(f"the name {kind.name} is taken")
        except FOREIGN_FAULTS as fault:  # foreign code may raise anything; the rest must run
            broken.append(BrokenSignal(f"{entry_point.name} = {entry_point.value}", one_line(fault)))
        else:
            kinds[kind.name] = kind
    return Registry(kinds, tuple(broken))


def _checked(kind: object) -> SignalKind:
    """The kind itself, once it has built a signal of its own name from its default settings, switched on and off."""
    if not isinstance(kind, SignalKind):
        raise TypeError(f"it is a {type(kind).__name__}, not a SignalKind")
    for settings in (kind.settings(), kind.settings(enabled=False)):
        signal = kind.build(settings)
        if not isinstance(signal, Signal):
            raise TypeError(f"it builds a {type(signal).__name__}, not a Signal")
        if signal.name != kind.name:
            raise ValueError(f"it is registered as {kind.name} but builds {signal.name}")
        check_signal(signal)
    return kind


def check_signal(signal: Signal) -> None:
    """Raise TypeError or ValueError for a signal no engine could compute, show or store, whatever its kernel says."""
    for names, kind in _TYPES:
        for name in names:
            if not isinstance(found := getattr(signal, name), kind) or isinstance(found, bool):
                raise TypeError(f"its {name} is a {type(found).__name__}")
    for name in ("fields", "optional", "statistic_names"):
        if not all(isinstance(word, str) for word in getattr(signal, name)):
            raise TypeError(f"its {name} are not words")
    for name in ("scalar", "weight", "up", "down"):
        if not math.isfinite(getattr(signal, name)):
            raise ValueError(f"its {name} is {getattr(signal, name)}")
    if signal.prior is not None and not 0.0 <= signal.prior <= 1.0:
        raise ValueError(f"its prior is {signal.prior}, not a share from 0 to 1")
    if signal.legs is not None and not callable(signal.legs):
        raise TypeError(f"its legs are a {type(signal.legs).__name__}")
    for name, kind in (("pair", InstrumentKind), ("venues", str)):
        found = getattr(signal, name)
        if found is not None and (len(found) != 2 or not all(isinstance(part, kind) for part in found)):
            raise TypeError(f"its {name} are not two of {kind.__name__}")
    if signal.kernels and not all(part.isidentifier() for part in signal.kernels.split(".")):
        raise ValueError(f"its kernels are in {signal.kernels!r}, which is the name of no module")
    try:
        signal.settings.model_dump_json()
    except Exception as fault:
        raise ValueError(f"its settings cannot be written down: {one_line(fault)}") from fault
    check_window(signal)
    check_fields(signal)


def check_fields(signal: Signal) -> None:
    """Raise ValueError for fields nobody knows, and for what a signal that reads a cross-section cannot have."""
    if unknown := [field for field in signal.fields if field not in READABLE]:
        raise ValueError(f"it reads unknown fields: {', '.join(unknown)}")
    if unread := [field for field in signal.optional if field not in signal.fields]:
        raise ValueError(f"it can do without fields it does not read: {', '.join(unread)}")
    if signal.cross and signal.roll is not None:
        raise ValueError("it reads a cross-section, which has no roll")


def check_window(signal: Signal) -> None:
    """Raise ValueError for an unknown bar size, or more bars than a panel would remember."""
    bar_length_ms(signal.bar)
    longest = LONGEST_DAILY_WINDOW if signal.bar == "1d" else LONGEST_INTRADAY_WINDOW
    if not 1 <= signal.window <= longest:
        raise ValueError(f"its window of {signal.window} bars is not within 1 and {longest}")
