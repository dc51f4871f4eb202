"""The configuration in force where an operator chose otherwise of the signals: what is chosen stands above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.bookstate import Choice, Tuning
from engine.config import Setting
from engine.config_text import toml_text
from strategies.blend.weighting.settings import Method

OPERATOR = "operator"
METHOD = "blend.method"


def as_chosen(
    settings: Sequence[Setting],
    choices: Mapping[str, Choice],
    tunings: Mapping[str, Tuning],
    method: Method | None = None,
) -> list[Setting]:
    """The settings with the operator's in the place of the configured ones, the weighting `method` in force too;
    `source` says so."""
    rows = {setting.key: setting for setting in settings}
    weighing = rows.get(METHOD)
    if weighing is not None and method is not None and (text := toml_text(method.value)) != weighing.value:
        rows[METHOD] = replace(weighing, value=text, source=OPERATOR)
    for name, values in _chosen(choices, tunings):
        for part, value in values.items():
            key = next((key for key in _keys(name, part) if key in rows), "")
            row = rows.get(key)
            if row is not None and (text := toml_text(value)) and text != row.value:
                rows[key] = replace(row, value=text, source=OPERATOR)
    return list(rows.values())


def _chosen(
    choices: Mapping[str, Choice], tunings: Mapping[str, Tuning]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, choice in choices.items():
        yield name, {"enabled": choice.enabled, "weight": choice.weight}
    for name, tuning in tunings.items():
        yield name, tuning.values


def _keys(name: str, part: str) -> tuple[str, ...]:
    """Where a setting of a signal stands, of the project's own or of a plug-in."""
    plug_in = f"signals.plugins.{name}"
    return (f"signals.{name}.{part}", f"{plug_in}.{part}", f"{plug_in}.parameters.{part}")
