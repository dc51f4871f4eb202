"""What signals there are and how each is set, as plain data: for lists, and for whoever wants one explained."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.bookstate import BookState, Choice, Tuning
from engine.config_reference import limits_of
from engine.config_schema import unit_of
from engine.estimates import shares_in_force, standings
from engine.method_choice import Methods, in_force, still_chosen
from engine.recorded import recorded_bar_ms, recorded_book
from engine.signal_folder import known_kinds
from engine.signal_state import is_computed, is_followed, state_of, why
from engine.signal_table import class_shares
from engine.tuning import as_set
from engine.weight_facts import Standings, WeightFacts, weight_facts
from store import weight_rows
from store.errors import NotFound
from strategies.blend.settings import BlendConfig
from strategies.blend.weighting.settings import Method
from strategies.config import SignalsConfig, known_signals, unfit_bars
from strategies.inputs import INPUT_NAMES
from strategies.registry import BUILT_IN, BrokenSignal, Registry
from strategies.signal import TAKER_BUY_VOLUME, Signal, SignalKind

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

AS_BLENDED = BlendConfig()
OWN_ROOM = "strategies."
PLUG_IN = "plug-in"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Signals in the order they are computed in, with what an operator chose and set of them, and what the estimates of
    their weights have come to; those to come are by `method`. `follows`: what is not computed for the decisions follows
    them. `market_bar_ms`: the market's own bars, None where nobody knows which."""

    registry: Registry
    signals: tuple[Signal, ...]
    choices: Mapping[str, Choice]
    tunings: Mapping[str, Tuning]
    method: Method
    standings: Standings
    signal_cap: float = 1.0
    follows: bool = False
    market_bar_ms: int | None = None

    @property
    def broken(self) -> tuple[BrokenSignal, ...]:
        return self.registry.broken

    def named(self, name: str) -> Signal | None:
        """The signal of that name, whether or not it has a section of its own."""
        found = next((signal for signal in self.signals if signal.name == name), None)
        kind = self.registry.kinds.get(name)
        return kind.build(kind.settings(enabled=False)) if found is None and kind is not None else found

    def rows(self) -> list[dict[str, Any]]:
        """One row for each signal that could be computed; `weight` is its share of its class in force, and what
        follows it where that comes from, as `engine.weight_facts` says."""
        computed = [signal for signal in self.signals if is_computed(signal, self.choices)]
        names = (signal.name for signal in computed)
        estimated = shares_in_force(self.standings.values())
        shares = dict(
            zip(names, class_shares(computed, self.choices, estimated, self.signal_cap), strict=True)
        )
        sections = {signal.name for signal in self.signals}
        rest = (self.named(name) for name in self.registry.kinds if name not in sections)
        signals = [*self.signals, *(signal for signal in rest if signal is not None)]
        return [self._row(signal, shares.get(signal.name, 0.0)) for signal in signals]

    def _row(self, signal: Signal, share: float) -> dict[str, Any]:
        facts = WeightFacts()
        if is_computed(signal, self.choices):
            facts = weight_facts(signal, self.choices, self.standings, self.method)
        return {
            "name": signal.name,
            "title": signal.title,
            "family": family(self.registry.kinds[signal.name]),
            "class": signal.signal_class.value,
            "type": signal.type.value,
            "bar": signal.bar,
            "window": signal.window,
            "reads": list(signal.fields),
            "inputs": inputs_of(signal),
            "weight": share,
            "method": facts.method,
            "estimated_ms": facts.estimated_ms,
            "weight_change": facts.change,
            "weight_why": facts.why,
            "state": state_of(signal, self.choices, self.standings, self._follows(signal)).value,
            "why": why(signal, self.choices, self.standings, self._follows(signal), self.unfit(signal)),
        }

    def unfit(self, signal: Signal) -> str:
        """Why the market has no bars for a signal, "" where it has or nobody knows."""
        return "" if self.market_bar_ms is None else unfit_bars(signal, self.market_bar_ms)

    def _follows(self, signal: Signal) -> bool:
        followed = self.follows and is_followed(signal, self.choices) and signal in self.signals
        return followed and not self.unfit(signal)


def catalogue(
    config: SignalsConfig,
    database: Path | None = None,
    blend: BlendConfig = AS_BLENDED,
    bar_ms: int | None = None,
) -> Catalogue:
    """The signals of a configuration, with the choices in a database where there is one, and what its estimates
    have come to; the market's bars are of `bar_ms`, or those of the last decisions there. Raises SignalConfigFault for
    settings that no signal can have, StoreError for a database that cannot be read."""
    registry, book = known_kinds(config), BookState() if database is None else recorded_book(database)
    signals, unfit = as_set(known_signals(config, registry), registry.kinds, book.tunings)
    # A start gives up what no longer fits the configuration.
    tunings = {name: tuning for name, tuning in book.tunings.items() if name not in unfit}
    chosen = still_chosen(book.methods, blend.method)
    found, method = _standings(database, chosen, blend.method), in_force(chosen, blend.method)
    follows = config.shadow != "off"
    if bar_ms is None and database is not None:
        bar_ms = recorded_bar_ms(database)
    return Catalogue(
        registry, signals, book.choices, tunings, method, found, blend.signal_cap, follows, bar_ms
    )


def inputs_of(signal: Signal) -> list[str]:
    """What a signal reads that not every market has: all but plain bars."""
    return [field for field in signal.fields if field in INPUT_NAMES or field == TAKER_BUY_VOLUME]


def family(kind: SignalKind) -> str:
    """The folder of a signal of the project's own, "plug-in" of any other."""
    module = _module(kind)
    return module.removeprefix(OWN_ROOM).partition(".")[0] if module.startswith(OWN_ROOM) else PLUG_IN


def family_of(name: str) -> str:
    """The same of a signal by its name."""
    return _families().get(name, PLUG_IN)


@cache
def _families() -> Mapping[str, str]:
    return {kind.name: family(kind) for kind in BUILT_IN}


def definition(kind: SignalKind) -> str:
    """The docstring of the file a signal is defined in: formula, units and source."""
    module = sys.modules.get(_module(kind))
    text = kind.build.__globals__.get("__doc__") if module is None else module.__doc__
    return inspect.cleandoc(text or "")


def parameters(signal: Signal, tuning: Tuning | None = None) -> Iterator[dict[str, Any]]:
    """Each setting of a signal with its value in force, default, bounds, unit and meaning, which ends in its unit; `by`
    is the operator who set it, "" where it is configured."""
    values = signal.settings.model_dump(mode="json")
    for name, field in type(signal.settings).model_fields.items():
        yield {
            "name": name,
            "value": values[name],
            "default": _default(field),
            "bounds": ", ".join(limits_of(field)),
            "unit": unit_of(field),
            "by": tuning.actor if tuning is not None and name in tuning.values else "",
            "description": field.description or "",
        }


def _default(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True)
    return list(default) if isinstance(default, tuple) else default


def _module(kind: SignalKind) -> str:
    # A kind put together by `strategies.definition` does not know its file; the file knows its kind.
    found = ((name, getattr(module, "__dict__", {})) for name, module in list(sys.modules.items()))
    holders = (name for name, held in found if held.get("KIND") is kind)
    return next(holders, kind.build.__module__)


def _standings(database: Path | None, chosen: Methods, configured: Method) -> Standings:
    if database is None:
        return {}
    try:
        return standings(weight_rows.read(database), configured, chosen)
    except NotFound:
        return {}
