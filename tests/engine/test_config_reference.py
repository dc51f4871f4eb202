"""config.toml names every key with its default, and taking its comment signs away changes nothing."""

import re
from pathlib import Path

import pytest

from engine.config import config_hash, effective, load_config
from engine.config_reference import reference
from engine.config_schema import ANY_NAME, keys_of
from engine.config_text import toml_text
from tests.engine.config_models import CALLERS_SECTIONS, CONFIG_FILE, MODELS

KEYS = [key for name, model in MODELS.items() for key in keys_of((name,), model)]
COMMENTED_KEY = re.compile(r"^#(?=[a-z_]+ = )", re.MULTILINE)


def test_the_file_is_what_the_models_say() -> None:
    hint = "config.toml is behind the models: run python -m tests.engine.config_models"
    assert CONFIG_FILE.read_text(encoding="utf-8") == reference(MODELS), hint


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ".".join(key.path))
def test_every_key_stands_in_its_table_with_its_default(key) -> None:  # type: ignore[no-untyped-def]
    header = re.escape("[" + ".".join(key.path[:-1]) + "]").replace(re.escape(ANY_NAME), r"\w+")
    table = re.search(rf"^(?:#   )?{header}\n(.*?)(?=^(?:#   )?\[|\Z)", CONFIG_FILE.read_text(), re.S | re.M)
    assert table is not None
    if key.path[-1] == ANY_NAME:
        return
    value = toml_text(key.default)
    line = f"{key.path[-1]} = {value}" if value else f"{key.path[-1]} is not set by default"
    assert re.search(rf"^#(?:   )?{re.escape(line)}$", table[1], re.M)


def test_every_key_says_what_it_does() -> None:
    assert [key.path for key in KEYS if not key.description and key.path[-1] != ANY_NAME] == []


def test_every_number_that_is_measured_has_a_unit() -> None:
    counted = ("seed", "fault_seed")
    numbers = [
        key for key in KEYS if isinstance(key.default, int | float) and not isinstance(key.default, bool)
    ]
    assert [key.path for key in numbers if not key.unit and key.path[-1] not in counted] == []


def test_as_it_stands_it_sets_nothing() -> None:
    bare, with_file = (load_config(path, {}, {}, CALLERS_SECTIONS) for path in (None, CONFIG_FILE))
    assert effective(with_file) == effective(bare)


def test_uncommented_it_changes_nothing(tmp_path: Path) -> None:
    uncommented, count = COMMENTED_KEY.subn("", CONFIG_FILE.read_text(encoding="utf-8"))
    path = tmp_path / "config.toml"
    path.write_text(uncommented, encoding="utf-8")

    bare, full = (load_config(file, {}, {}, CALLERS_SECTIONS) for file in (None, path))

    assert count > 100
    assert [(s.key, s.value) for s in effective(full)] == [(s.key, s.value) for s in effective(bare)]
    assert config_hash(full) == config_hash(bare)
    unset = {s.key for s in effective(full) if s.source == "default"}
    assert unset == {s.key for s in effective(bare) if not s.value}


def test_a_key_that_no_model_has_would_be_noticed(tmp_path: Path) -> None:
    grown = CONFIG_FILE.read_text(encoding="utf-8").replace("#max_gross = 1.0", "#max_gross = 2.0")
    assert grown != reference(MODELS)
