"""`quarterdeck config`: what is wrong with the configuration, and what is in force."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from console.command_faults import Code
from console.command_output import print_json, print_table
from console.command_target import find_target, loader


def check(config: Path | None, as_json: bool) -> int:
    """Say that every place is sound. Raises ConfigFault with every fault."""
    from engine.config import config_hash

    configuration = loader(config)()
    if as_json:
        print_json({"sound": True, "hash": config_hash(configuration)})
    else:
        print(f"sound: config {config_hash(configuration)}")
    return Code.OK


def show(db: Path | None, config: Path | None, as_json: bool) -> int:
    """Print every key in force, with what an operator chose of the signals in the account's database. Raises
    ConfigFault, StoreError."""
    from engine.config import effective
    from engine.config_chosen import as_chosen
    from engine.signal_catalogue import catalogue

    configuration = loader(config)()
    blend, database = configuration.blend, find_target(db, config).database
    known = catalogue(configuration.signals, database, blend)
    settings = as_chosen(effective(configuration), known.choices, known.tunings, known.method)
    if as_json:
        print_json([asdict(setting) for setting in settings])
    else:
        print_table(
            ("key", "value", "unit", "from"), [(s.key, s.value or "-", s.unit, s.source) for s in settings]
        )
    return Code.OK
