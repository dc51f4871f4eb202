"""Fuzzed configurations: every one loads as written, or every line of its fault names the place and the reason."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.config import ConfigFault, Configuration, config_hash, effective, load_config
from tests.engine.config_documents import (
    KEYS,
    Document,
    Planted,
    any_key,
    any_text,
    damaged,
    planted,
    written,
)
from tests.engine.config_documents import settings as some_settings
from tests.engine.config_models import CALLERS_SECTIONS

EXAMPLES, MANY_EXAMPLES = 1_000, 10_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "config.toml"


def assert_well_formed(fault: ConfigFault, *places: str) -> None:
    assert fault.faults
    for line in fault.faults:
        assert line.startswith(places)
        assert line.isprintable()
        assert len(line) < 600


def outcome(path: Path, content: bytes) -> Configuration | ConfigFault:
    """What loading gives: a whole configuration, or faults of one well-formed line each."""
    path.write_bytes(content)
    try:
        configuration = load_config(path, {}, {}, CALLERS_SECTIONS)
    except ConfigFault as fault:
        assert_well_formed(fault, str(path))
        return fault
    assert len(effective(configuration)) >= len(KEYS)
    assert len(config_hash(configuration)) == 16
    return configuration


def check_valid(path: Path, document: Document) -> None:
    result = outcome(path, document.text.encode())
    assert isinstance(result, Configuration), result
    in_force = {setting.key: setting for setting in effective(result)}
    for key in document.lines:
        assert re.fullmatch(rf"{re.escape(str(path))}:\d+", in_force[".".join(key)].source)


def check_planted(path: Path, planted: Planted) -> None:
    result = outcome(path, planted.text.encode("utf-8", "surrogateescape"))
    assert isinstance(result, ConfigFault), planted
    # A list may have a fault in every item; everything else has one.
    for line in result.faults:
        place = re.match(rf"{re.escape(str(path))}:(\d+): ", line)
        assert place is not None, line
        assert int(place[1]) in planted.lines, (planted, line)
        assert all(word in line for word in planted.words), (planted, line)


def check_damaged(path: Path, content: bytes) -> None:
    result = outcome(path, content)
    if isinstance(result, ConfigFault):
        for line in result.faults:
            assert re.match(rf"{re.escape(str(path))}:\d+: ", line), line
    else:
        tomllib.loads(content.decode("utf-8-sig"))


def check_texts(environment: dict[str, str], flags: dict[str, str]) -> None:
    variables = {f"QUARTERDECK__{key.replace('.', '__').upper()}": text for key, text in environment.items()}
    try:
        load_config(None, variables, flags, CALLERS_SECTIONS)
    except ConfigFault as fault:
        assert_well_formed(fault, "QUARTERDECK__", "--")


TEXTS = st.dictionaries(any_key(), any_text(), max_size=3)
VALID = some_settings().flatmap(written)


@settings(max_examples=EXAMPLES * 2 // 10)
@given(document=VALID)
def test_a_valid_file_loads_however_it_is_spelled(path: Path, document: Document) -> None:
    check_valid(path, document)


@settings(max_examples=EXAMPLES * 4 // 10)
@given(planted=planted())
def test_one_fault_is_blamed_on_its_line_and_key(path: Path, planted: Planted) -> None:
    check_planted(path, planted)


@settings(max_examples=EXAMPLES * 2 // 10)
@given(content=damaged())
@example(content=b"")
@example(content=b"\xef\xbb\xbf")
@example(content=b"[run]\nseed = 1\x00\n")
@example(content=b"a.b = 1\na = 2\n")
@example(content=b"[[run]]\nseed = 1\n")
@example(content=b"run.seed.x = 1\n")
@example(content=b"x = " + b"[" * 5000)
@example(content=b"x = " + b"{a=" * 400 + b"1" + b"}" * 400)
def test_a_damaged_file_loads_or_is_refused_with_its_line(path: Path, content: bytes) -> None:
    check_damaged(path, content)


@settings(max_examples=EXAMPLES * 2 // 10)
@given(environment=TEXTS, flags=TEXTS)
def test_any_text_in_a_variable_or_flag_is_a_value_or_a_fault(
    environment: dict[str, str], flags: dict[str, str]
) -> None:
    check_texts(environment, flags)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@settings(max_examples=MANY_EXAMPLES * 2 // 10)
@given(document=VALID)
def test_many_valid_files_load(path: Path, document: Document) -> None:
    check_valid(path, document)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@settings(max_examples=MANY_EXAMPLES * 4 // 10)
@given(planted=planted())
def test_many_faults_are_blamed_on_their_lines(path: Path, planted: Planted) -> None:
    check_planted(path, planted)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@settings(max_examples=MANY_EXAMPLES * 2 // 10)
@given(content=damaged())
def test_many_damaged_files_load_or_are_refused(path: Path, content: bytes) -> None:
    check_damaged(path, content)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@settings(max_examples=MANY_EXAMPLES * 2 // 10)
@given(environment=TEXTS, flags=TEXTS)
def test_many_texts_are_values_or_faults(environment: dict[str, str], flags: dict[str, str]) -> None:
    check_texts(environment, flags)
