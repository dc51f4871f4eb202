"""`quarterdeck signals list`, `show`, `check`: the signals there are, how each is set, how they do on recorded bars."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from console.command_faults import Code, Usage, complain
from console.command_output import number, plain, print_json, print_pairs, print_table, when
from console.command_target import find_target, loader
from engine.signal_catalogue import Catalogue, catalogue, definition, parameters
from store import query
from store.errors import NotFound
from store.history_names import bar_name
from strategies.signal import Signal


def list_signals(db: Path | None, config: Path | None, as_json: bool) -> int:
    """Print every registered signal, then plug-ins that were left out. Raises ConfigFault, StoreError."""
    found = _catalogue(db, config)
    rows = found.rows()
    if as_json:
        print_json({"signals": rows, "broken": [asdict(broken) for broken in found.broken]})
        return Code.OK
    print_table(
        ("signal", "what", "family", "class", "type", "bar", "window", "state", "weight", "by", "inputs"),
        [
            (
                row["name"],
                row["title"],
                row["family"],
                row["class"],
                row["type"],
                row["bar"],
                str(row["window"]),
                row["state"],
                number(row["weight"], ".3f"),
                _by(row),
                plain(", ".join(row["inputs"])),
            )
            for row in rows
        ],
    )
    for signal in found.signals:
        if unfit := found.unfit(signal):
            print(f"{signal.name} cannot be computed: {unfit}")
    for broken in found.broken:
        print(f"left out {broken.entry_point}: {broken.fault}")
    return Code.OK


def show_signal(name: str, db: Path | None, config: Path | None, as_json: bool) -> int:
    """Print one signal's definition, parameters and newest readings. Raises Usage where there is none of that name."""
    found = _catalogue(db, config)
    signal = _named(found, name)
    (about,) = (row for row in found.rows() if row["name"] == name)
    kind = found.registry.kinds[name]
    settings = list(parameters(signal, found.tunings.get(name)))
    readings = _readings(db, config, name)
    if as_json:
        print_json(about | {"definition": definition(kind), "parameters": settings, "readings": readings})
        return Code.OK
    print(definition(kind))
    print()
    where = "signals" if kind.name in type(_configuration(config).signals).model_fields else "signals.plugins"
    facts = ("title", "family", "class", "type", "bar", "window", "state", "why")
    print_pairs(
        [
            ("signal", name),
            *((fact, str(about[fact])) for fact in facts if about[fact] != ""),
            ("weight", f"{about['weight']:.3f} of its class"),
            *([("weighed by", _weighed(about))] if about["method"] else []),
            ("reads", ", ".join(about["reads"])),
            ("section", f"[{where}.{name}]"),
        ]
    )
    print()
    print_table(
        ("parameter", "value", "default", "bounds", "by", "meaning"),
        [
            (
                row["name"],
                _text(row["value"]),
                _text(row["default"]),
                plain(row["bounds"]),
                f"operator ({row['by']})" if row["by"] else plain(""),
                row["description"],
            )
            for row in settings
        ],
    )
    if readings:
        print()
        if readings[0]["followed"]:
            print("In shadow, behind the decisions, which do not know of it:")
        print_table(("symbol", "value", "confidence", "reason", "statistics"), map(_reading, readings))
    return Code.OK


def check_signals(
    data: Sequence[str],
    names: Sequence[str],
    symbols: str | None,
    timerange: str | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Print how signals do on recorded bars: those named, or all whose bars can be made of the data's; Code.ERROR where
    the kernel of one raised. Raises DataFault, Usage, and SignalConfigFault for one that was named and does not fit."""
    from engine import kernel_cache
    from engine.feeds.choose import open_feed

    kernel_cache.prepare()
    from engine import signal_check

    flags: dict[str, str | list[str]] = {"run.mode": "replay", "run.data": list(data)}
    flags |= {"run.symbols": symbols} if symbols else {}
    flags |= {"run.timerange": timerange} if timerange else {}
    configuration = loader(config, flags)()
    found = catalogue(configuration.signals)
    signals = [_named(found, name) for name in names] or [_named(found, row["name"]) for row in found.rows()]
    kernel_cache.warm(kernel_cache.needed_by(name for signal in signals for name in signal.modules))
    began = time.perf_counter()
    feed = open_feed(configuration, {field for signal in signals for field in signal.fields})
    try:
        fitting, left_out = _fitting(signals, feed.bar_ms, bool(names))
        rows = list(signal_check.check_signals(feed, fitting))
        span = {"symbols": list(feed.symbols), "bar_ms": feed.bar_ms, "first_ms": feed.first_open_ms}
        span |= {"end_ms": feed.end_ms, "seconds": time.perf_counter() - began}
    finally:
        feed.close()
    if as_json:
        told = {"left_out": [{"name": signal.name, "bar": signal.bar} for signal in left_out]}
        print_json({**span, "signals": rows, **told, "broken": [asdict(broken) for broken in found.broken]})
    else:
        _print_check(rows, span)
        if left_out:
            finer = ", ".join(f"{signal.name} ({signal.bar})" for signal in left_out)
            print(f"left out, their bars cannot be made of {bar_name(feed.bar_ms)}: {finer}")
        for broken in found.broken:
            print(f"left out {broken.entry_point}: {broken.fault}")
    raising = [row["name"] for row in rows if "BROKEN" in row["reasons"]]
    if raising:
        return complain([f"the kernels of these raised: {', '.join(raising)}"], Code.ERROR)
    return Code.OK


def _print_check(rows: Sequence[dict[str, Any]], span: dict[str, Any]) -> None:
    print_table(
        (
            "signal",
            "bar",
            "readings",
            "coverage",
            "zeros",
            "mean |vq|",
            "hits",
            "IC",
            "error",
            "days",
            "s",
            "reasons",
        ),
        [
            (
                row["name"],
                row["bar"],
                str(row["readings"]),
                number(row["coverage"], ".1%"),
                number(row["zeros"], ".1%"),
                number(row["mean_abs"], ".3f"),
                number(row["hit_rate"], ".1%"),
                number(row["information_coefficient"], "+.4f"),
                number(row["standard_error"], ".4f"),
                str(row["days"]),
                number(row["seconds"], ".2f"),
                _reasons(row),
            )
            for row in rows
        ],
    )
    print(
        f"{len(span['symbols'])} symbols, {when(span['first_ms'])} to {when(span['end_ms'])}, {span['seconds']:.1f} s"
    )


def _reasons(row: dict[str, Any]) -> str:
    told = [
        f"{reason} {count / row['readings']:.1%}"
        for reason, count in row["reasons"].items()
        if reason != "OK"
    ]
    return plain("; ".join([*([f"missing {', '.join(row['missing'])}"] if row["missing"] else []), *told]))


def _by(row: dict[str, Any]) -> str:
    """Where the weight comes from: a method with the day it was estimated on, the configuration, the operator."""
    estimated_ms = row["estimated_ms"]
    return plain(row["method"] if estimated_ms is None else f"{row['method']} {when(estimated_ms)[:10]}")


def _weighed(row: dict[str, Any]) -> str:
    """The same with what the estimate changed, and what held it there."""
    told = [row["method"]]
    told += [] if row["estimated_ms"] is None else [f"estimated {when(row['estimated_ms'])}"]
    told += [] if row["weight_change"] is None else [f"which changed it by {row['weight_change']:+.3f}"]
    return ", ".join([*told, *([row["weight_why"]] if row["weight_why"] else [])])


def _fitting(
    signals: Sequence[Signal], bar_ms: int, are_named: bool
) -> tuple[Sequence[Signal], Sequence[Signal]]:
    """Those whose bars can be made of bars of this size, and those left out. Raises SignalConfigFault for one that was
    asked for by name."""
    from strategies.config import check_bar_sizes, fits

    if are_named:
        check_bar_sizes(signals, bar_ms)
    fitting = [signal for signal in signals if fits(signal, bar_ms)]
    return fitting, [signal for signal in signals if signal not in fitting]


def _catalogue(db: Path | None, config: Path | None) -> Catalogue:
    configuration = _configuration(config)
    database = find_target(db, config).database
    return catalogue(configuration.signals, database, configuration.blend, configuration.run.bar_ms)


def _configuration(config: Path | None) -> Any:
    return loader(config)()


def _named(found: Catalogue, name: str) -> Signal:
    signal = found.named(name)
    if signal is None:
        raise Usage(f"there is no signal {name}: these are {', '.join(found.registry.kinds)}")
    return signal


def _readings(db: Path | None, config: Path | None, name: str) -> list[dict[str, Any]]:
    """What the signal last said of each symbol, nothing where no engine ever ran."""
    try:
        told = query.readings(find_target(db, config).database)
    except NotFound:
        return []
    return [
        {"symbol": symbol, "ts": reading["ts"], "followed": reading["followed"], **cell}
        for reading in told
        if reading["signal"] == name
        for symbol, cell in reading["cells"].items()
    ]


def _reading(row: dict[str, Any]) -> tuple[str, ...]:
    statistics = ", ".join(f"{name} {number(value, '.4g')}" for name, value in row["statistics"].items())
    return (
        row["symbol"],
        number(row["value"]),
        number(row["confidence"], ".2f"),
        plain(row["reason"]),
        plain(statistics),
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
