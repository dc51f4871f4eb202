"""The section [risk]: three profiles as published, every key on its own, impossible combinations refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from risk.config import RiskConfig
from risk.profiles import PROFILES
from store.records import SignalType

# key: conservative, moderate, aggressive
PUBLISHED: dict[str, tuple[float, float, float]] = {
    "volatility_target": (0.05, 0.20, 0.35),
    "max_symbol": (0.05, 0.10, 0.20),
    "max_cluster": (0.25, 0.25, 0.50),
    "max_net": (0.30, 0.30, 1.0),
    "max_gross": (0.50, 1.0, 3.0),
    "kelly_fraction": (0.25, 0.5, 0.5),
    "dd_start": (0.025, 0.10, 0.10),
    "dd_halt": (0.05, 0.15, 0.25),
    "day_loss": (0.02, 0.05, 0.05),
    "stop_atr": (3, 3, 3),
    "target_atr": (0, 0, 0),
    "trail_atr": (0, 0, 0),
    "trades_per_day": (20, 50, 200),
    "consecutive_losses": (3, 5, 8),
}


@pytest.mark.parametrize("key", PUBLISHED)
def test_profiles(key: str) -> None:
    for name, expected in zip(("conservative", "moderate", "aggressive"), PUBLISHED[key], strict=True):
        assert getattr(RiskConfig.model_validate({"profile": name}).resolve(), key) == expected


@pytest.mark.parametrize(("profile", "factor"), [("conservative", 1), ("moderate", 1), ("aggressive", 2)])
def test_type_limits(profile: str, factor: int) -> None:
    limits = RiskConfig.model_validate({"profile": profile}).resolve().type_limits
    assert limits == {kind: (0.2 if kind is SignalType.CARRY else 0.1) * factor for kind in SignalType}


def test_moderate_is_the_default_and_the_defaults_shown_are_its_own() -> None:
    assert RiskConfig() == RiskConfig(profile="moderate")
    for key, value in PROFILES["moderate"].items():
        if key != "type_limits":
            assert RiskConfig.model_fields[key].default == value, key


def test_a_key_overrides_its_profile_alone() -> None:
    resolved = RiskConfig(profile="conservative", max_gross=0.8).resolve()
    assert (resolved.max_gross, resolved.max_symbol, resolved.profile) == (0.8, 0.05, "conservative")


def test_one_type_limit_overrides_its_profile_alone() -> None:
    config = RiskConfig.model_validate({"profile": "aggressive", "type_limits": {"momentum": 0.5}})
    assert (config.type_limits.momentum, config.type_limits.carry) == (0.5, 0.4)


def test_whole_numbers_are_numbers() -> None:
    assert RiskConfig.model_validate({"max_gross": 1}).resolve().max_gross == 1.0


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"max_symbol": 0.5, "max_gross": 0.4},
        "max_symbol 0.5 must not exceed max_gross 0.4 (fraction of equity)",
    ),
    ({"max_gross": 2.0, "leverage": 1.5}, "max_gross 2 must not exceed leverage 1.5"),
    ({"dd_start": 0.15}, "dd_start 0.15 must be below dd_halt 0.15 (fraction of equity)"),
    ({"dd_start": 0.2}, "dd_start 0.2 must be below dd_halt 0.15"),
    ({"stop_fraction": 0.02}, "stop_atr (average true ranges) and stop_fraction"),
    ({"target_atr": 2.0, "target_fraction": 0.04}, "target_atr (average true ranges) and target_fraction"),
    ({"clusters": {"a": ["X", "Y"], "b": ["Y"]}}, "clusters must not overlap: Y is in a and in b"),
    ({"max_gross": 3.1}, "max_gross"),
    ({"max_symbol": 0.0}, "max_symbol"),
    ({"dd_halt": 1.0}, "dd_halt"),
    ({"volatility_target": -0.1}, "volatility_target"),
    ({"kelly_fraction": float("nan")}, "kelly_fraction"),
    ({"max_net": float("inf")}, "max_net"),
    ({"leverage": 4}, "leverage"),
    ({"trades_per_day": 0}, "trades_per_day"),
    ({"trades_per_day": 1.5}, "trades_per_day"),
    ({"buffer_fraction": 1.0}, "buffer_fraction"),
    ({"profile": "brave"}, "profile"),
    ({"profile": 7}, "profile"),
    ({"type_limits": {"magic": 0.1}}, "magic"),
    ({"type_limits": 0.1}, "type_limits"),
    ({"max_gros": 1.0}, "max_gros"),
]


@pytest.mark.parametrize(("given", "says"), REFUSED, ids=lambda part: str(part))
def test_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RiskConfig.model_validate(given)
    assert says in str(caught.value)


def test_every_impossible_combination_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        RiskConfig(dd_start=0.2, max_symbol=0.5, max_gross=0.4)
    assert "max_symbol" in str(caught.value)
    assert "dd_start" in str(caught.value)


def test_stops_in_fractions_once_the_others_are_off() -> None:
    resolved = RiskConfig(stop_atr=0.0, stop_fraction=0.02, target_fraction=0.04).resolve()
    assert (resolved.stop_atr, resolved.stop_fraction, resolved.target_fraction) == (0.0, 0.02, 0.04)


def test_a_config_written_out_reads_back() -> None:
    config = RiskConfig.model_validate(
        {"profile": "aggressive", "clusters": {"majors": ["BTCUSDT", "ETHUSDT"]}}
    )
    assert RiskConfig.model_validate(config.model_dump()) == config


def test_reading_it_loads_no_compiler() -> None:
    code = "import risk.config, sys; sys.exit('numba' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
