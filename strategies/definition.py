"""A signal put together from its parts, of one symbol's bars or of all symbols together; what differs between two of
them is all that the file of each has to say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from store.records import SignalClass, SignalType
from strategies.blend.veto import OverlaySide
from strategies.signal import (
    FloatArray,
    Kernel,
    KernelResult,
    Legs,
    Mirror,
    OptionStructure,
    Pair,
    Signal,
    SignalKind,
    Venues,
)
from strategies.windows import result_arrays

Spans = Callable[..., KernelResult]
"""(settings, span, series [N, n] per field) to what is said of each of the n - span + 1 windows of each row."""


def bar_signal(
    name: str,
    title: str,
    type: SignalType,
    settings: type[Any],
    fields: tuple[str, ...],
    mirror: Mirror | None,
    statistics: Callable[[Any], tuple[str, ...]],
    spans: Spans,
    kernels: str,
    optional: tuple[str, ...] = (),
    signal_class: SignalClass = SignalClass.DIRECTIONAL,
    legs: Legs | None = None,
    pair: Pair | None = None,
    options: OptionStructure | None = None,
    venues: Venues | None = None,
    overlay: OverlaySide | None = None,
) -> SignalKind:
    """What is registered for a signal whose settings have `bar` and `window`, `up` and `down` of an `overlay`, and
    `prior` where it is a rule."""

    def build(chosen: Any) -> Signal:
        return Signal(
            name=name,
            title=title,
            signal_class=signal_class,
            type=type,
            bar=chosen.bar,
            window=chosen.window,
            fields=fields,
            scalar=chosen.scalar,
            weight=chosen.weight,
            mirror=mirror,
            settings=chosen,
            statistic_names=statistics(chosen),
            kernel=partial(_whole, spans, chosen),
            roll=partial(spans, chosen, chosen.window),
            kernels=kernels,
            optional=optional,
            legs=legs,
            pair=pair,
            options=options,
            venues=venues,
            up=0.0 if overlay is None else chosen.up,
            down=0.0 if overlay is None else chosen.down,
            side=OverlaySide.BOTH if overlay is None else overlay,
            prior=getattr(chosen, "prior", None),
        )

    return SignalKind(name, settings, build)


def cross_signal(
    name: str,
    title: str,
    type: SignalType,
    settings: type[Any],
    fields: tuple[str, ...],
    statistics: tuple[str, ...],
    kernel: Kernel,
    kernels: str,
    legs: Legs,
) -> SignalKind:
    """What is registered for a market-neutral signal whose `kernel` takes its settings (`bar`, `window`, and `prior`
    where it is a rule), the symbols [S] and arrays [N, S, w]."""

    def build(chosen: Any) -> Signal:
        return Signal(
            name=name,
            title=title,
            signal_class=SignalClass.NEUTRAL,
            type=type,
            bar=chosen.bar,
            window=chosen.window,
            fields=fields,
            scalar=chosen.scalar,
            weight=chosen.weight,
            mirror=None,
            settings=chosen,
            statistic_names=statistics,
            kernel=partial(kernel, chosen),
            kernels=kernels,
            cross=True,
            legs=legs,
            prior=getattr(chosen, "prior", None),
        )

    return SignalKind(name, settings, build)


def span_results(series: FloatArray, span: int, statistics: int) -> KernelResult:
    """Room for what is said of the windows of `span` bars in series [N, n]."""
    return result_arrays(series.shape[0] * (series.shape[1] - span + 1), statistics)


def _whole(spans: Spans, settings: Any, *windows: FloatArray) -> KernelResult:
    """Windows as series that hold one window each."""
    return spans(settings, windows[0].shape[1], *windows)
