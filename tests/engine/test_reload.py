"""What SIGHUP may change: exactly the safe keys, and never a decision."""

from __future__ import annotations

import pytest

from engine import reload
from engine.config import Configuration, config_hash, load_config


def configured(**flags: str) -> Configuration:
    """Defaults with flags; `__` stands for the dot."""
    return load_config(None, {}, {key.replace("__", "."): value for key, value in flags.items()}, {})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run.speed", "3600"),
        ("run.stop_policy", "flatten"),
        ("run.terminal_lost", "stop"),
        ("run.status_file", "/run/status.json"),
        ("store.group_commit_bars", "8"),
        ("store.group_commit_ms", "10"),
        ("log.level", "DEBUG"),
    ],
)
def test_safe_keys_are_taken(key: str, value: str) -> None:
    running = configured()
    reloaded = reload.merge(running, load_config(None, {}, {key: value}, {}))
    section, name = key.split(".")
    assert str(getattr(getattr(reloaded.configuration, section), name)) == value
    assert (reloaded.taken, reloaded.refused) == ((f"{key} = {value}",), ())
    assert config_hash(reloaded.configuration) == config_hash(running)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("risk.max_gross", "0.5"),
        ("risk.profile", "aggressive"),
        ("run.seed", "8"),
        ("run.symbols", "BTCUSDT"),
        ("signals.A1.enabled", "false"),
        ("execution.order_type", "limit"),
        ("venue.half_spread_bps", "3"),
        ("store.path", "/other.db"),
    ],
)
def test_everything_else_is_named_and_left(key: str, value: str) -> None:
    running = configured()
    reloaded = reload.merge(running, load_config(None, {}, {key: value}, {}))
    assert key in reloaded.refused
    assert reloaded.taken == ()
    assert f"configuration read again: {key} needs a restart, not taken" in reloaded.lines()
    assert config_hash(reloaded.configuration) == config_hash(running)


def test_nothing_changed_is_said() -> None:
    assert reload.merge(configured(), configured()).lines() == ["configuration read again: nothing changed"]
