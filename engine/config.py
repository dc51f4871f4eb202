"""One configuration from four places: flags beat environment variables beat the file beat the defaults.

Each room owns the model of its section; they are put together here, and every fault of every place is
collected before any is reported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path as FilePath
from typing import Any, get_type_hints

from pydantic import BaseModel

from engine.config_faults import ConfigFault, Path, dotted
from engine.config_schema import Models, find, unit_of
from engine.config_sections import ExecutionConfig, InstrumentsConfig, LogConfig, ReplayConfig, RunConfig
from engine.config_sources import FlagValue, Gathering
from engine.config_text import toml_text
from engine.feeds.sim_config import SimConfig
from engine.venues.config import VenueConfig
from risk.config import RiskConfig
from store.config import StoreConfig
from strategies.blend.settings import BlendConfig
from strategies.config import SignalsConfig

__all__ = ["ConfigFault", "Configuration", "Setting", "config_hash", "effective", "load_config"]

# Keys that can change neither a decision nor a fill, so that two runs that differ in them have one hash.
_WITHOUT_EFFECT = (
    ("log",),
    ("store",),
    ("console",),
    ("run", "speed"),
    ("run", "bars"),
    ("run", "data"),
    ("run", "terminal_lost"),
    ("run", "stop_policy"),
    ("run", "status_file"),
    ("replay", "chunk_bars"),
    ("replay", "memory_limit_mb"),
    ("venue", "marks_every_ms"),
)

HIDDEN = "(not shown)"
_SECRET_WORDS = ("secret", "password", "passphrase", "token", "api_key", "apikey", "private_key")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every section, valid. `extra` holds the sections the caller brought; `sources` where a key was set."""

    run: RunConfig
    sim: SimConfig
    replay: ReplayConfig
    signals: SignalsConfig
    blend: BlendConfig
    risk: RiskConfig
    execution: ExecutionConfig
    instruments: InstrumentsConfig
    venue: VenueConfig
    store: StoreConfig
    log: LogConfig
    extra: Mapping[str, BaseModel] = field(default_factory=dict)
    sources: Mapping[Path, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """One key in force: its value and its default as TOML ("" for none), what it counts and what it does.

    `source`: default, profile, the file and line, environment, flag, or reloaded while the engine ran. What is secret
    by its name is set or not, and never shown.
    """

    key: str
    value: str
    source: str
    unit: str
    default: str = ""
    description: str = ""


def section_models(sections: Models) -> dict[str, type[BaseModel]]:
    """The model of every section by name: the rooms' own, then the caller's."""
    hints = get_type_hints(Configuration)
    own = {item.name: hints[item.name] for item in fields(Configuration)}
    return {**{n: m for n, m in own.items() if isinstance(m, type)}, **sections}


def load_config(
    path: FilePath | None,
    environment: Mapping[str, str],
    flags: Mapping[str, FlagValue],
    sections: Models,
) -> Configuration:
    """Compose the configuration. `flags` are dotted keys with their text, `sections` models of rooms above.

    Raises ConfigFault with every fault of the file, the environment and the flags.
    """
    models = section_models(sections)
    gathered = Gathering(models)
    if path is not None:
        gathered.add_file(path)
    gathered.add_environment(environment)
    gathered.add_flags(flags)
    built = {name: gathered.build(name, model) for name, model in models.items()}
    if gathered.faults:
        raise ConfigFault(fault.line() for fault in sorted(set(gathered.faults)))
    own: dict[str, Any] = {name: section for name, section in built.items() if name not in sections}
    extra = {name: section for name, section in built.items() if name in sections and section is not None}
    return Configuration(**own, extra=extra, sources=gathered.sources())


def effective(configuration: Configuration) -> list[Setting]:
    """Every key in force with its value and where it came from, section by section."""
    settings = []
    for name, section in _sections(configuration).items():
        defaults = dict(_leaves((name,), type(section)().model_dump()))
        for path, value in _leaves((name,), section.model_dump()):
            found = find(type(section), path[1:])
            # What nobody set and yet is not the default came with the risk profile.
            unset = "default" if defaults.get(path) == value else "profile"
            source = configuration.sources.get(path, unset)
            fact = found[2] if found else None
            about = fact.description or "" if fact else ""
            texts = (toml_text(value), toml_text(defaults.get(path)))
            shown, usual = (_hidden(text) for text in texts) if _is_secret(path) else texts
            settings.append(Setting(dotted(path), shown, source, unit_of(fact), usual, about))
    return settings


def _is_secret(path: Path) -> bool:
    return any(word in str(path[-1]).lower() for word in _SECRET_WORDS)


def _hidden(text: str) -> str:
    """What is shown of a secret: whether there is one."""
    return HIDDEN if text.strip('"') else ""


def config_hash(configuration: Configuration) -> str:
    """16 hex digits over every key that can change a decision or a fill."""
    lines = [
        f"{dotted(path)}={toml_text(value)}"
        for name, section in sorted(_sections(configuration).items())
        for path, value in _leaves((name,), section.model_dump())
        if not any(path[: len(without)] == without for without in _WITHOUT_EFFECT)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _sections(configuration: Configuration) -> dict[str, BaseModel]:
    values = {item.name: getattr(configuration, item.name) for item in fields(configuration)}
    own = {name: value for name, value in values.items() if isinstance(value, BaseModel)}
    return {**own, **configuration.extra}


def _leaves(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves((*path, name), inner)
    else:
        yield path, value
