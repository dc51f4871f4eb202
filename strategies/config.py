"""The section [signals] of the configuration, and the signals it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strategies.classical.settings import (
    AveragesSettings,
    BandSettings,
    ConvergenceSettings,
    PairsSettings,
    RelativeStrengthSettings,
    ResidualSettings,
)
from strategies.evidence.settings import (
    BasisSettings,
    CrossSectionSettings,
    FundingCarrySettings,
    FundingDispersionSettings,
    OpenInterestSettings,
    RealisedValueSettings,
    StablecoinSettings,
)
from strategies.options.settings import IncomeSettings, PremiumSettings, WhipsawSettings
from strategies.settings import BreakoutSettings, MomentumSettings, ReversalSettings, SignalSettings
from strategies.statistical.settings import (
    AutocorrelationSettings,
    DriftSettings,
    FlowSettings,
    HurstSettings,
    PartialAutocorrelationSettings,
    PermutationSettings,
    RangeDivergenceSettings,
    SpectralEntropySettings,
    SpectralPeaksSettings,
    VarianceRatioSettings,
    VolatilitySettings,
    WaveletSettings,
)

if TYPE_CHECKING:
    from strategies.registry import Registry
    from strategies.signal import Signal


class PluginSettings(SignalSettings):
    """[signals.plugins.<name>]: an installed signal; `parameters` are checked against its own model.

    `weight` and `scalar` left out keep the signal's own defaults.
    """

    parameters: dict[str, Any] = Field(default_factory=dict, description="settings of its own model")


class SignalsConfig(BaseModel):
    """One section per signal. Whoever blends normalises the weights of enabled signals by class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    A1: MomentumSettings = MomentumSettings()
    A2: BreakoutSettings = BreakoutSettings()
    A3: ReversalSettings = ReversalSettings()
    A4: FundingCarrySettings = FundingCarrySettings()
    A5: OpenInterestSettings = OpenInterestSettings()
    A6: CrossSectionSettings = CrossSectionSettings()
    A7: BasisSettings = BasisSettings()
    A8: FundingDispersionSettings = FundingDispersionSettings()
    A9: PremiumSettings = PremiumSettings()
    A10: WhipsawSettings = WhipsawSettings()
    A11: StablecoinSettings = StablecoinSettings()
    A12: RealisedValueSettings = RealisedValueSettings()
    B1: AutocorrelationSettings = AutocorrelationSettings()
    B2: VarianceRatioSettings = VarianceRatioSettings()
    B3: HurstSettings = HurstSettings()
    B4: DriftSettings = DriftSettings()
    B5: SpectralPeaksSettings = SpectralPeaksSettings()
    B6: PermutationSettings = PermutationSettings()
    B7: VolatilitySettings = VolatilitySettings()
    B8: SpectralEntropySettings = SpectralEntropySettings()
    B9: FlowSettings = FlowSettings()
    B10: WaveletSettings = WaveletSettings()
    B11: PartialAutocorrelationSettings = PartialAutocorrelationSettings()
    B12: RangeDivergenceSettings = RangeDivergenceSettings()
    C1: RelativeStrengthSettings = RelativeStrengthSettings()
    C2: ConvergenceSettings = ConvergenceSettings()
    C3: AveragesSettings = AveragesSettings()
    C4: BandSettings = BandSettings()
    C5: PairsSettings = PairsSettings()
    C6: ResidualSettings = ResidualSettings()
    C7: IncomeSettings = IncomeSettings()
    C8: IncomeSettings = IncomeSettings()
    shadow: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="signals that are not enabled, and that no operator chose for, are read and recorded behind the "
        "decisions, which never wait for them; auto: so, but at full speed each once, where the run ends",
    )
    folder: str = Field(default="", description="folder whose *.py files each hold a signal; empty: none")
    plugins: dict[str, PluginSettings] = Field(
        default_factory=dict, description="signals of installed packages and of the folder, by name"
    )


NO_SIGNALS = ("shadow", "folder", "plugins")
"""What stands in [signals] beside the sections of the project's own."""


class SignalConfigFault(ValueError):
    """Settings of a signal that cannot be used; the message names the signal, the key and the fault."""


def own_settings(config: SignalsConfig) -> dict[str, SignalSettings]:
    """The settings of the project's own signals by name."""
    return {name: getattr(config, name) for name in SignalsConfig.model_fields if name not in NO_SIGNALS}


def known_signals(config: SignalsConfig, registry: Registry) -> tuple[Signal, ...]:
    """Every signal that could be switched on, built with its settings: the project's own first, then plug-ins with a
    section of their own, by name; one that is off and could not be built is left out.

    Raises SignalConfigFault naming a plug-in that is switched on and not installed, or a setting its model refuses.
    """
    signals = [registry.kinds[name].build(settings) for name, settings in own_settings(config).items()]
    for name, settings in sorted(config.plugins.items()):
        try:
            signals.append(_plug_in(name, settings, registry))
        except SignalConfigFault:
            # One that is not there may be what a broken plug-in offers, which is named and must not stop the others.
            if settings.enabled and (name in registry.kinds or not registry.broken):
                raise
    return tuple(signals)


def unfit_plug_ins(config: SignalsConfig, registry: Registry) -> dict[str, str]:
    """The plug-ins `known_signals` leaves out because settings of theirs cannot be used: their sections, and why."""
    found = {}
    for name, settings in sorted(config.plugins.items()):
        try:
            if name in registry.kinds and not settings.enabled:
                _plug_in(name, settings, registry)
        except SignalConfigFault as fault:
            section, _, words = str(fault).partition(": ")
            found[section] = words
    return found


def enabled_signals(config: SignalsConfig, registry: Registry) -> tuple[Signal, ...]:
    """The signals that are switched on, in the order and with the faults of `known_signals`."""
    return tuple(signal for signal in known_signals(config, registry) if signal.settings.enabled)


def fits(signal: Signal, market_bar_ms: int) -> bool:
    """Whether the bars of a signal can be made of the market's own."""
    return signal.bar_ms % market_bar_ms == 0


def check_bar_sizes(signals: Sequence[Signal], market_bar_ms: int) -> None:
    """Raise SignalConfigFault for a signal whose bars cannot be made of the market's own."""
    for signal in signals:
        if not fits(signal, market_bar_ms):
            minutes = market_bar_ms / 60_000
            raise SignalConfigFault(
                f"signals.{signal.name}: its bars of {signal.bar} cannot be made of the market's, which are "
                f"{minutes:g} minutes: choose coarser bars or switch it off"
            )


def unfit_bars(signal: Signal, market_bar_ms: int) -> str:
    """Why the bars of a signal cannot be made of a market's, and what would change that, in one line; "" where they
    can."""
    if not signal.bar_ms % market_bar_ms:
        return ""
    own = signal.name in SignalsConfig.model_fields
    key = f"signals.{signal.name}.bar" if own else f"signals.plugins.{signal.name}.parameters.bar"
    are = "are finer than" if signal.bar_ms < market_bar_ms else "cannot be made of"
    from strategies.signal import BAR_LENGTHS_MS

    names = {length: name for name, length in BAR_LENGTHS_MS.items()}
    market = names.get(market_bar_ms, f"{market_bar_ms // 60_000}m")
    return f"its bars of {signal.bar} {are} this market's {market}: set {key}"


def _plug_in(name: str, settings: PluginSettings, registry: Registry) -> Signal:
    from strategies.attempt import FOREIGN_FAULTS, one_line
    from strategies.registry import check_signal

    kind = registry.kinds.get(name)
    if kind is None or name in SignalsConfig.model_fields:
        known = ", ".join(sorted(set(registry.kinds) - set(SignalsConfig.model_fields))) or "none"
        raise SignalConfigFault(f"signals.plugins.{name}: no such plug-in is installed (installed: {known})")
    given: dict[str, Any] = {
        key: getattr(settings, key) for key in ("weight", "scalar") if key in settings.model_fields_set
    } | {"enabled": settings.enabled}
    try:
        signal = kind.build(kind.settings(**{**settings.parameters, **given}))
        check_signal(signal)
    except ValidationError as fault:
        first = fault.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SignalConfigFault(f"signals.plugins.{name}.parameters.{key}: {first['msg']}") from fault
    except FOREIGN_FAULTS as fault:
        raise SignalConfigFault(f"signals.plugins.{name}: {one_line(fault)}") from fault
    return signal
