"""Signals by name, and plug-ins that are broken in every way a plug-in can be."""

import importlib.util
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import model_validator

from strategies.config import SignalConfigFault, SignalsConfig, check_bar_sizes, enabled_signals
from strategies.evidence import momentum
from strategies.registry import BUILT_IN, ENTRY_POINT_GROUP, assemble, check_window, installed
from strategies.settings import MomentumSettings, SignalSettings
from strategies.signal import Signal, SignalKind


class SlowSettings(MomentumSettings):
    weight: float = 0.1


def build_slow(settings: SlowSettings) -> Signal:
    return replace(momentum.build(settings), name="SLOW")


def fail(settings: SignalSettings) -> Signal:
    raise RuntimeError("no\nluck")


def leave(settings: SignalSettings) -> Signal:
    sys.exit(3)


class LeavingSettings(SignalSettings):
    @model_validator(mode="after")
    def leave(self) -> Self:
        sys.exit("not for me")


class MoodySettings(SignalSettings):
    days: int = 30


def build_moody(settings: MoodySettings) -> Signal:
    if settings.days == 13:
        raise KeyError(settings.days)
    if settings.days == 14:
        sys.exit(settings.days)
    return replace(build_slow(SlowSettings()), name="MOODY", window=settings.days)


OWN = [kind.name for kind in BUILT_IN]
MOODY = SignalKind("MOODY", MoodySettings, build_moody)
SLOW = SignalKind("SLOW", SlowSettings, build_slow)
TWIN = SignalKind("A1", MomentumSettings, momentum.build)
MISNAMED = SignalKind("OTHER", SlowSettings, build_slow)
FAILING = SignalKind("FAILING", SignalSettings, fail)
LEAVING = SignalKind("LEAVING", SignalSettings, leave)
UNSET = SignalKind("UNSET", LeavingSettings, build_slow)
WRONG_FIELD = SignalKind("F", SlowSettings, lambda s: replace(build_slow(s), name="F", fields=("price",)))
WRONG_BAR = SignalKind("B", SlowSettings, lambda s: replace(build_slow(s), name="B", bar="7m"))
TOO_LONG = SignalKind("L", SlowSettings, lambda s: replace(build_slow(s), name="L", window=501))
READS_INPUTS = SignalKind(
    "I", SlowSettings, lambda s: replace(build_slow(s), name="I", fields=("close", "funding_rate"))
)
UNREAD = SignalKind("U", SlowSettings, lambda s: replace(build_slow(s), name="U", optional=("mvrv_z",)))
ROLLING = SignalKind(
    "R", SlowSettings, lambda s: replace(build_slow(s), name="R", cross=True, roll=build_slow(s).kernel)
)


def odd(part: str, value: Any) -> SignalKind:
    return SignalKind("P", SlowSettings, lambda s: replace(build_slow(s), name="P", **{part: value}))


TOO_SURE = odd("prior", float("nan"))
WORDY = odd("prior", "0.5")
LEGLESS = odd("legs", "all")
LONE = odd("pair", ("spot", "future"))
NOT_A_KIND = "surprise"


def point(name: str) -> EntryPoint:
    return EntryPoint(name.lower(), f"{__name__}:{name}", ENTRY_POINT_GROUP)


def test_the_projects_own_signals() -> None:
    registry = installed()
    assert list(registry.kinds)[: len(OWN)] == OWN
    assert set(OWN) == set(SignalsConfig.model_fields) - {"folder", "plugins", "shadow"}


def test_a_plug_in_joins_them() -> None:
    registry = assemble([point("SLOW")])
    assert list(registry.kinds) == [*OWN, "SLOW"]
    assert registry.broken == ()


def test_a_plug_in_may_read_inputs() -> None:
    registry = assemble([point("READS_INPUTS")])
    assert list(registry.kinds) == [*OWN, "I"]
    assert registry.broken == ()


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (point("TWIN"), "ValueError: the name A1 is taken"),
        (point("MISNAMED"), "ValueError: it is registered as OTHER but builds SLOW"),
        (point("FAILING"), "RuntimeError: no luck"),
        (point("LEAVING"), "SystemExit: 3"),
        (point("UNSET"), "SystemExit: not for me"),
        (point("WRONG_FIELD"), "ValueError: it reads unknown fields: price"),
        (point("UNREAD"), "ValueError: it can do without fields it does not read: mvrv_z"),
        (point("ROLLING"), "ValueError: it reads a cross-section, which has no roll"),
        (point("WRONG_BAR"), "ValueError: unknown bar size '7m'"),
        (point("TOO_LONG"), "ValueError: its window of 501 bars is not within 1 and 500"),
        (point("TOO_SURE"), "ValueError: its prior is nan, not a share from 0 to 1"),
        (point("WORDY"), "TypeError: its prior is a str"),
        (point("LEGLESS"), "TypeError: its legs are a str"),
        (point("LONE"), "TypeError: its pair are not two of InstrumentKind"),
        (point("NOT_A_KIND"), "TypeError: it is a str, not a SignalKind"),
        (point("ABSENT"), "AttributeError: module"),
        (
            EntryPoint("gone", "no_such_package:KIND", ENTRY_POINT_GROUP),
            "ModuleNotFoundError: No module named",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, EntryPoint) else "",
)
def test_a_broken_plug_in_is_named_and_left_out(entry: EntryPoint, fault: str) -> None:
    registry = assemble([entry, point("SLOW")])
    assert list(registry.kinds) == [*OWN, "SLOW"]
    (broken,) = registry.broken
    assert broken.entry_point == f"{entry.name} = {entry.value}"
    assert broken.fault.startswith(fault)


def test_a_plug_in_that_ends_the_program_on_import_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaves_on_import.py").write_text("import sys\nsys.exit()\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = assemble([EntryPoint("leaves", "leaves_on_import:KIND", ENTRY_POINT_GROUP), point("SLOW")])
    assert list(registry.kinds) == [*OWN, "SLOW"]
    assert [broken.fault for broken in registry.broken] == ["SystemExit"]


def test_defaults() -> None:
    signals = enabled_signals(SignalsConfig(), assemble([]))
    assert [(s.name, s.weight, s.scalar, s.window) for s in signals] == [
        ("A1", 0.4, 1.7, 428),
        ("A2", 0.4, 1.1, 420),
        ("A3", 0.2, 1.0, 148),
    ]


def test_settings_reach_the_signal() -> None:
    config = SignalsConfig.model_validate(
        {
            "A1": {"enabled": False},
            "A2": {"channels": [[30, 15]], "scalar": 2.0},
            "A3": {"horizon": 3, "weight": 0.5},
            "plugins": {"SLOW": {"scalar": 3.0, "parameters": {"lookbacks": [100]}}},
        }
    )
    a2, a3, slow = enabled_signals(config, assemble([point("SLOW")]))
    assert a2.statistic_names == ("atr_20", "upper_30", "lower_30", "position_30_15")
    assert (a2.scalar, a3.weight) == (2.0, 0.5)
    assert (slow.name, slow.weight, slow.scalar) == ("SLOW", 0.1, 3.0)
    assert slow.statistic_names == ("sigma", "z_100")


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ({"GONE": {}}, r"signals.plugins.GONE: no such plug-in is installed \(installed: MOODY, SLOW\)"),
        ({"A1": {}}, "signals.plugins.A1: no such plug-in"),
        (
            {"MOODY": {"parameters": {"days": 501}}},
            "signals.plugins.MOODY: ValueError: its window of 501 bars",
        ),
        ({"MOODY": {"parameters": {"days": 13}}}, "signals.plugins.MOODY: KeyError: 13"),
        ({"MOODY": {"parameters": {"days": 14}}}, "signals.plugins.MOODY: SystemExit: 14"),
        ({"SLOW": {"parameters": {"lookback": 3}}}, "signals.plugins.SLOW.parameters.lookback: Extra inputs"),
        (
            {"SLOW": {"parameters": {"com": -1}}},
            "signals.plugins.SLOW.parameters.com: Input should be greater",
        ),
    ],
)
def test_a_plug_ins_settings_are_checked(section: dict[str, object], fault: str) -> None:
    config = SignalsConfig.model_validate({"plugins": section})
    with pytest.raises(SignalConfigFault, match=fault):
        enabled_signals(config, assemble([point("SLOW"), point("MOODY")]))


def test_a_plug_in_that_is_switched_off_need_not_be_there() -> None:
    config = SignalsConfig.model_validate({"plugins": {"GONE": {"enabled": False}}})
    assert len(enabled_signals(config, assemble([]))) == 3


@pytest.mark.parametrize("section", [{"A13": {}}, {"A1": {"speed": 1}}, {"A1": {"scalar": 0}}])
def test_unknown_keys_and_wrong_values_are_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(section))):
        SignalsConfig.model_validate(section)


@pytest.mark.parametrize("name", OWN)
def test_every_signal_can_be_switched_on_and_off(name: str) -> None:
    every = {own: {"enabled": own == name} for own in OWN}
    (signal,) = enabled_signals(SignalsConfig.model_validate(every), assemble([]))
    assert signal.name == name


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_a_window_fits_a_panel_and_a_kernel_module_is_there(kind: SignalKind) -> None:
    signal = kind.build(kind.settings())
    check_window(signal)
    assert not signal.kernels or importlib.util.find_spec(signal.kernels) is not None


def test_bars_finer_than_the_markets_are_refused_by_name() -> None:
    config = SignalsConfig.model_validate({"C1": {"enabled": True, "bar": "15m"}})
    signals = enabled_signals(config, assemble([]))
    check_bar_sizes(signals, 300_000)
    with pytest.raises(SignalConfigFault, match=r"signals.C1: its bars of 15m .* which are 60 minutes"):
        check_bar_sizes(signals, 3_600_000)
