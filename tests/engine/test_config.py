"""How the configuration is composed, and how every fault of it is told."""

from decimal import Decimal
from pathlib import Path

import pytest

from engine.config import ConfigFault, Configuration, config_hash, effective, load_config
from engine.config_sources import FlagValue
from store.records import InstrumentKind, Mode
from tests.engine.config_models import CALLERS_SECTIONS

Texts = dict[str, str]


def load(
    folder: Path, text: str = "", environment: Texts | None = None, flags: dict[str, FlagValue] | None = None
) -> Configuration:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, environment or {}, flags or {}, CALLERS_SECTIONS)


def faults(
    folder: Path, text: str = "", environment: Texts | None = None, flags: dict[str, FlagValue] | None = None
) -> list[str]:
    """The faults of a configuration, with the file's folder left out."""
    with pytest.raises(ConfigFault) as raised:
        load(folder, text, environment, flags)
    assert str(raised.value) == "\n".join(raised.value.faults)
    return [fault.replace(f"{folder}/", "") for fault in raised.value.faults]


def test_without_anything_the_defaults_hold() -> None:
    configuration = load_config(None, {}, {}, {})
    assert configuration.run.mode is Mode.SIM
    assert configuration.run.capital == Decimal(100_000)
    assert configuration.risk.profile == "moderate"
    assert configuration.extra == {}
    assert {setting.source for setting in effective(configuration)} == {"default"}


def test_flags_beat_environment_beats_file_beats_default(tmp_path: Path) -> None:
    text = "[run]\nseed = 1\nbars = 1\naccount = 'file'\n"
    environment = {"QUARTERDECK__RUN__SEED": "2", "QUARTERDECK__RUN__BARS": "2", "HOME": "/root"}
    configuration = load(tmp_path, text, environment, {"run.seed": "3"})

    run = configuration.run
    assert (run.seed, run.bars, run.account, run.speed) == (3, 2, "file", "900")
    sources = {setting.key: setting.source for setting in effective(configuration)}
    assert [sources[f"run.{key}"] for key in ("seed", "bars", "account", "speed")] == [
        *("flag", "environment", f"{tmp_path / 'config.toml'}:4", "default")
    ]


def test_a_table_of_the_file_is_joined_with_keys_from_elsewhere(tmp_path: Path) -> None:
    configuration = load(
        tmp_path,
        "[instruments.BTCUSDT]\ntick = 0.5\n",
        {"QUARTERDECK__INSTRUMENTS__BTCUSDT__LOT": "1e-3", "QUARTERDECK__INSTRUMENTS__ETHUSDT__KIND": "spot"},
        {"instruments.BTCUSDT.min_notional": "10"},
    )
    bitcoin = configuration.instruments.root["BTCUSDT"]
    assert (bitcoin.tick, bitcoin.lot, bitcoin.min_notional) == (
        Decimal("0.5"),
        Decimal("0.001"),
        Decimal(10),
    )
    assert configuration.instruments.root["ETHUSDT"].kind is InstrumentKind.SPOT


TEXTS: list[tuple[str, FlagValue, object]] = [
    ("run.symbols", "BTCUSDT, ETHUSDT", ("BTCUSDT", "ETHUSDT")),
    ("run.symbols", '["BTCUSDT"]', ("BTCUSDT",)),
    ("run.symbols", "", ()),
    ("run.data", ["a,b.csv", "c.csv"], ("a,b.csv", "c.csv")),
    ("run.account", "12", "12"),
    ("run.capital", "0.1e6", Decimal(100_000)),
    ("run.capital", "100000.12345678", Decimal("100000.12345678")),
    ("run.speed", "max", "max"),
    ("run.speed", "60x", "60"),
    ("run.timerange", "20210401-", "20210401-"),
    ("signals.A1.lookbacks", "5,10", (5, 10)),
    ("risk.allow_short", "FALSE", False),
    ("risk.max_gross", "2", 2.0),
    ("risk.clusters.majors", "BTCUSDT,ETHUSDT", ("BTCUSDT", "ETHUSDT")),
    ("sim.start", "2023-05-01", "2023-05-01"),
]


@pytest.mark.parametrize(("key", "text", "value"), TEXTS)
def test_text_means_what_the_key_holds(key: str, text: FlagValue, value: object) -> None:
    flags: dict[str, FlagValue] = {key: text}
    if key in ("run.data", "run.timerange"):
        flags |= {"run.mode": "replay", "run.data": flags.get("run.data", "x.csv")}
    found: object = load_config(None, {}, flags, {})
    for name in key.split("."):
        found = found[name] if isinstance(found, dict) else getattr(found, name)
    assert found == value or str(found) == value


# One fault each: what the file says and what is answered.
FILE_FAULTS = [
    ("[risk]\nmax_gross = 5\n", "config.toml:2: risk.max_gross: 5 is above 3 (fraction of equity)"),
    (
        "[risk]\nmax_gross = '1.5'\n",
        'config.toml:2: risk.max_gross: "1.5" is not a number (fraction of equity)',
    ),
    (
        "[risk]\nmax_gross = true\n",
        "config.toml:2: risk.max_gross: true is not a number (fraction of equity)",
    ),
    ("[risk]\nmax_gross = nan\n", "config.toml:2: risk.max_gross: nan is not finite"),
    ("[risk]\nmax_gros = 1\n", "config.toml:2: risk.max_gros: unknown key; did you mean max_gross?"),
    ("max_gross = 1\n", "config.toml:1: max_gross: unknown section; did you mean risk.max_gross?"),
    ("[rsk]\nmax_gross = 1\n", "config.toml:1: rsk: unknown section; did you mean risk?"),
    ("risk = 3\n", "config.toml:1: risk: 3 is not a table of keys"),
    (
        "[risk.max_gross]\nx = 1\n",
        "config.toml:1: risk.max_gross: a table is not a number (fraction of equity)",
    ),
    ("[risk]\ntype_limits = 1\n", "config.toml:2: risk.type_limits: 1 is not a table of keys"),
    ('[run]\ncapital = "1.5"\n', 'config.toml:2: run.capital: "1.5" is not a number (USD)'),
    ("[run]\nbars = 1.5\n", "config.toml:2: run.bars: 1.5 is not a whole number (bars)"),
    ("[run]\nbars = 0x1_0000_0000_0000_0000_0\n", "config.toml:2: run.bars: has too many digits"),
    ("[run]\nsymbols = 'BTCUSDT'\n", 'config.toml:2: run.symbols: "BTCUSDT" is not a list'),
    (
        "[run]\nsymbols = [\n  'BTCUSDT',\n  'btc-usdt']\n",
        'config.toml:4: run.symbols[1]: "btc-usdt" does not match ^[A-Z0-9]{2,24}$',
    ),
    ("[run]\nsymbols = ['A1', 'A1']\n", "config.toml:2: run.symbols: A1 is named more than once"),
    ("[run]\nmode = 'live'\n", "config.toml:2: run.mode: \"live\" is not one of 'sim' or 'replay'"),
    (
        "[run]\nmode = 'replay'\n",
        "config.toml:2: run.mode: mode replay needs data: pass --data FILE, FOLDER or GLOB",
    ),
    ("[run]\ndata = ['x.csv']\n", "config.toml:2: run.data: data is for mode replay, and the mode is sim"),
    (
        "[run]\nspeed = 0.5\n",
        "config.toml:2: run.speed: '0.5' is neither a number from 1 to 1000000 nor \"max\"",
    ),
    ("[run]\naccount = 7\n", "config.toml:2: run.account: 7 is not text: put it in quotes"),
    (
        "[run]\ntimerange = 2021-04-01\n",
        "config.toml:2: run.timerange: 2021-04-01 is a date or time: put it in quotes if it is meant as text",
    ),
    (
        "[sim]\nstart = 'soon'\n",
        'config.toml:2: sim.start: "soon" is not a day: write it as 2024-01-31',
    ),
    (
        '[log]\nlevel = "a\\nb"\n',
        "config.toml:2: log.level: \"a\\nb\" is not one of 'DEBUG', 'INFO', 'WARN' or 'ERROR'",
    ),
    ("[instruments.btc]\nlot = 1\n", 'config.toml:1: instruments.btc: "btc" does not match ^[A-Z0-9]{2,24}$'),
    (
        "[instruments.BTCUSDT]\nlot = 0\n",
        "config.toml:2: instruments.BTCUSDT.lot: 0 is not above 0 (base units)",
    ),
    (
        "[risk]\ndd_halt = 0.05\n",
        "config.toml:2: risk.dd_halt: dd_start 0.1 must be below dd_halt 0.05 (fraction of equity)",
    ),
    ("[console]\nrefresh_hz = 0\n", "config.toml:2: console.refresh_hz: 0 is below 0.5 (Hz)"),
    ("[run\n", "config.toml:1: is not valid TOML: Expected ']' at the end of a table declaration"),
    ("[run]\nseed = \n", "config.toml:2: is not valid TOML: Invalid value"),
    ("[run]\nseed = 1\nseed = 2\n", "config.toml:3: is not valid TOML: Cannot overwrite a value"),
    ('[run]\naccount = """x\n', "config.toml:3: is not valid TOML: Unterminated string"),
    (f"[run]\nseed = {'9' * 5000}\n", "config.toml:2: has a number of too many digits"),
    (f"[run]\nseed = {'[' * 3000}\n", "config.toml:1: is nested too deep"),
]


@pytest.mark.parametrize(("text", "fault"), FILE_FAULTS, ids=lambda value: value[:40])
def test_a_fault_of_the_file_names_line_and_key(tmp_path: Path, text: str, fault: str) -> None:
    assert faults(tmp_path, text) == [fault]


def test_every_fault_is_listed_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "[risk]\nmax_gross = 9\n[run]\nmode = 'x'\nsymbols = ['a', 1]\nzzz = 1\n[risk.guards]\nshock_sigmas = 'x'\n"
    environment = {"QUARTERDECK__RUN__BARS": "many", "QUARTERDECK__RISK__LEVERAG": "2"}
    flags: dict[str, FlagValue] = {"run.seed": "-1", "store.group_commit_ms": "5s"}
    assert [line.split(": ")[:2] for line in faults(tmp_path, text, environment, flags)] == [
        ["config.toml:2", "risk.max_gross"],
        ["config.toml:4", "run.mode"],
        ["config.toml:5", "run.symbols[0]"],
        ["config.toml:5", "run.symbols[1]"],
        ["config.toml:6", "run.zzz"],
        ["config.toml:8", "risk.guards.shock_sigmas"],
        ["QUARTERDECK__RISK__LEVERAG", "risk.leverag"],
        ["QUARTERDECK__RUN__BARS", "run.bars"],
        ["--seed", "run.seed"],
        ["--set store.group_commit_ms", '"5s" is not a whole number (ms)'],
    ]


def test_a_rule_over_several_keys_is_judged_beside_faults_of_other_keys(tmp_path: Path) -> None:
    text = "[risk]\nmax_gross = 'x'\ndd_start = 0.3\ndd_halt = 0.2\nmax_symbol = 2.0\n"
    assert faults(tmp_path, text) == [
        'config.toml:2: risk.max_gross: "x" is not a number (fraction of equity)',
        "config.toml:3: risk.dd_start: dd_start 0.3 must be below dd_halt 0.2 (fraction of equity)",
    ]


ELSEWHERE: list[tuple[Texts, dict[str, FlagValue], str]] = [
    ({"QUARTERDECK__RISK__MAX_GROSS": "5"}, {}, "QUARTERDECK__RISK__MAX_GROSS: risk.max_gross: 5.0 is above 3 ("),
    ({"QUARTERDECK__RISK__MAX_GROSS": ""}, {}, 'QUARTERDECK__RISK__MAX_GROSS: risk.max_gross: "" is not a'),
    ({"QUARTERDECK__RISK__MAX_GROS": "1"}, {}, "QUARTERDECK__RISK__MAX_GROS: risk.max_gros: unknown key; did you"),
    ({"QUARTERDECK__RISK": "1"}, {}, "QUARTERDECK__RISK: risk: is a table: set one of its keys"),
    ({"QUARTERDECK__": "1"}, {}, 'QUARTERDECK__: "": unknown section'),
    ({"QUARTERDECK__RUN__ACCOUNT": "\udcff"}, {}, "QUARTERDECK__RUN__ACCOUNT: run.account: is not UTF-8 text"),
    ({}, {"risk.max_gross": "1.5x"}, '--set risk.max_gross: "1.5x" is not a number (fraction of equity)'),
    ({}, {"risk.max_gross": "inf"}, "--set risk.max_gross: inf is not finite"),
    ({}, {"risk": "1"}, "--set risk: is a table: set one of its keys"),
    ({}, {"": "1"}, '--set : "": unknown section'),
    ({}, {"run.symbols": "[1, 2"}, '--symbols: run.symbols: "[1, 2" is not a list'),
    ({}, {"run.mode": "replay"}, "--mode: run.mode: mode replay needs data"),
    ({}, {"store.path": "~no-such-user/x.db"}, "--db: store.path: there is no such home folder"),
    ({}, {"store.path": "\0"}, "--db: store.path: holds a NUL character"),
]  # fmt: skip


@pytest.mark.parametrize(("environment", "flags", "fault"), ELSEWHERE)
def test_a_fault_elsewhere_names_the_variable_or_the_flag(
    tmp_path: Path, environment: Texts, flags: dict[str, FlagValue], fault: str
) -> None:
    assert [line[: len(fault)] for line in faults(tmp_path, "", environment, flags)] == [fault]


FILES = [
    (None, "No such file or directory"),
    (b"[run]\nseed = 1\naccount = '\xff'\n", ":3: is not UTF-8 text"),
    ("[run]\n".encode("utf-16"), ":1: is not UTF-8 text"),
    (b"\0\1\2", ":1: is not valid TOML"),
]


@pytest.mark.parametrize(("content", "fault"), FILES)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes | None, fault: str) -> None:
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigFault) as raised:
        load_config(path, {}, {}, {})
    (line,) = raised.value.faults
    assert line.startswith(str(path))
    assert fault in line


def test_a_folder_in_place_of_the_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="Is a directory"):
        load_config(tmp_path, {}, {}, {})


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[run]\r\nseed = 3\r\n")
    assert load_config(path, {}, {}, {}).run.seed == 3


HASHED: list[tuple[dict[str, FlagValue], bool]] = [
    ({}, True),
    ({"run.speed": "max"}, True),
    ({"log.level": "DEBUG"}, True),
    ({"console.refresh_hz": "2"}, True),
    ({"store.group_commit_ms": "1"}, True),
    ({"run.seed": "8"}, False),
    ({"risk.max_gross": "0.9"}, False),
    ({"venue.half_spread_bps": "2"}, False),
    ({"instruments.BTCUSDT.lot": "0.1"}, False),
]


@pytest.mark.parametrize(("flags", "is_equal"), HASHED)
def test_the_hash_covers_what_can_change_a_decision(flags: dict[str, FlagValue], is_equal: bool) -> None:
    plain, changed = (load_config(None, {}, given, CALLERS_SECTIONS) for given in ({}, flags))
    assert (config_hash(plain) == config_hash(changed)) is is_equal


def test_what_a_profile_sets_is_said_to_come_from_it() -> None:
    settings = {s.key: s for s in effective(load_config(None, {}, {"risk.profile": "aggressive"}, {}))}
    assert (settings["risk.max_net"].value, settings["risk.max_net"].source) == ("1.0", "profile")
    assert (settings["risk.sigma_floor"].source, settings["risk.profile"].source) == ("default", "flag")
    assert settings["risk.max_net"].unit == "fraction of equity"
