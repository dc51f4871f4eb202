"""What of a configuration may change while an engine runs, and what has to wait for the next start.

Only keys that change no decision, no fill and no file in use are taken: everything else is named and refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.config import Configuration

SAFE: dict[str, tuple[str, ...]] = {
    "run": ("speed", "stop_policy", "terminal_lost", "status_file"),
    "store": ("group_commit_bars", "group_commit_ms"),
    "log": ("level",),
}
RELOADED = "reloaded"
"""Where a key comes from that was taken while the engine ran."""
# The screen's own section: an engine without a screen has no use for it, one with a screen does not reload.
_IGNORED = "console"


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The configuration now in force, and the dotted keys that were taken and that were refused."""

    configuration: Configuration
    taken: tuple[str, ...]
    refused: tuple[str, ...]

    def lines(self) -> list[str]:
        """What to tell the operator, one line a key."""
        if not self.taken and not self.refused:
            return ["configuration read again: nothing changed"]
        return [
            *(f"configuration read again: {key} taken" for key in self.taken),
            *(f"configuration read again: {key} needs a restart, not taken" for key in self.refused),
        ]


def merge(running: Configuration, wanted: Configuration) -> Reloaded:
    """`running` with the safe part of `wanted`."""
    sections: dict[str, Any] = {}
    taken: list[str] = []
    sources = dict(running.sources)
    for name, keys in SAFE.items():
        section = getattr(running, name)
        changed = {
            key: getattr(getattr(wanted, name), key)
            for key in keys
            if getattr(getattr(wanted, name), key) != getattr(section, key)
        }
        taken += [f"{name}.{key} = {value}" for key, value in changed.items()]
        sections[name] = section.model_copy(update=changed)
        sources |= {(name, key): RELOADED for key in changed}
    merged = replace(running, **sections, sources=sources)
    return Reloaded(merged, tuple(taken), tuple(_differences(merged, wanted)))


def _differences(running: Configuration, wanted: Configuration) -> list[str]:
    from engine.config import effective

    before = {setting.key: setting.value for setting in effective(running)}
    after = {setting.key: setting.value for setting in effective(wanted)}
    keys = sorted(before.keys() | after.keys())
    return [key for key in keys if before.get(key) != after.get(key) and not key.startswith(f"{_IGNORED}.")]
