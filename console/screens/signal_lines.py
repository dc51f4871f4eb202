"""What the screen of a signal says, line by line and cell by cell. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.answers import Reading, SignalFacts
from console.format import (
    NONE_SHOWN,
    UNKNOWN_CELL,
    age,
    bar,
    counted,
    log_time,
    plain,
    price,
    signed,
    signed_percent,
    sparkline,
)
from console.screens.signal_words import (
    bar_ms,
    reason_words,
    settings_words,
    statistic_text,
    statistic_words,
    wait_words,
)
from console.signal_state import OFF, ON, SHADOW, shown_state
from console.weight_words import bets_words, filled, method_words
from console.widgets.columns import Cell, Column
from console.widgets.facts import Fact, fact_lines, wrapped
from console.widgets.ink import Line, Span, join
from console.widgets.plot import Series
from engine.snapshot import EstimateRow, SignalCell, SignalRow, WeightRow

_BAR = 10
_TRAIL = 8
_WIDE = 98
_STALE_AFTER_BARS = 2
_NOT_SETTINGS = frozenset({"enabled", "weight", "window"})
_BETWEEN: Span = (" · ", "frame")


def symbol_columns() -> list[Column]:
    """The columns of the table of symbols."""
    return [
        Column("symbol", 12, right=False),
        Column("price", 11, rank=2),
        Column("value", 6),
        Column("", _BAR, right=False, rank=3),
        Column("conf", 5),
        Column("blend", 6, rank=1),
        Column("what it says", 20, right=False, grow=True),
    ]


def symbol_cells(row: SignalRow, cell: SignalCell | None) -> list[Cell]:
    """What the signal says of one symbol."""
    ink = "stale" if row.stale else "plain"
    value = None if cell is None else cell.value
    says = (
        "not computed"
        if cell is None
        else "STALE: no fresh price"
        if row.stale
        else reason_words(cell.reason)
    )
    return [
        Cell(row.symbol, "stale" if row.stale else "strong"),
        Cell(price(row.price), ink),
        Cell(signed(value) if value is not None else UNKNOWN_CELL, ink),
        Cell(bar(None if value is None else abs(value), _BAR, " "), ink),
        Cell(plain(None if cell is None else cell.confidence), ink),
        Cell(signed(row.forecast), ink),
        Cell(says, "warn" if row.stale else "soft"),
    ]


def about_line(name: str, weight: WeightRow | None, facts: SignalFacts | None) -> Line:
    """Title, class, type, and what it counts for."""
    about = {} if facts is None else facts.about
    title = weight.title if weight is not None else str(about.get("title", ""))
    kind = weight.kind if weight is not None else str(about.get("class", ""))
    family = weight.type if weight is not None else str(about.get("type", ""))
    enabled = weight.enabled if weight is not None else bool(about.get("enabled", True))
    share = weight.weight if weight is not None else _real(about.get("weight"))
    counts: Line
    state = shown_state(weight) if weight is not None else ON if enabled else SHADOW
    if state == OFF:
        counts = (("off: not computed", "warn"),)
    elif state == SHADOW:
        counts = (("in shadow: computed and shown, not traded", "warn"),)
    elif share == 0:
        counts = (("weight 0: computed and shown, never traded", "warn"),)
    else:
        counts = (("weight ", "soft"), (plain(share), "strong"))
    opinions: Line = () if weight is None else ((f"opinions {weight.opinions}/{weight.symbols}", "soft"),)
    parts: list[Line] = [
        ((title or name, "strong"),),
        ((kind, "plain"),),
        ((family, "plain"),),
        counts,
        opinions,
    ]
    return [(" ", "plain"), *join([part for part in parts if part and part[0][0]], _BETWEEN)]


def weight_lines(weight: WeightRow | None, estimate: EstimateRow | None, width: int) -> list[Line]:
    """What the operator changed, where the signal and its weight come from, and how far its class is spread. Where
    why it is not on names who did that, on a line of its own, it is not said twice."""
    if weight is None:
        return []
    parts: list[Line] = [
        (("" if weight.change.removeprefix("put ") in weight.why else weight.change, "warn"),),
        ((f"source {weight.family}" if weight.family else "", "soft"),),
        ((method_words(weight), "plain"),),
        (("" if estimate is None else bets_words(estimate), "plain"),),
    ]
    return filled([part for part in parts if part[0][0]], width)


def kinship_line(facts: SignalFacts | None, most: int) -> list[Line]:
    """The signals it is most like and unlike, at most so many, and how often it gave which reason."""
    about = {} if facts is None else facts.about
    others = sorted((about.get("correlations") or {}).items(), key=lambda other: -abs(other[1]))
    reasons = about.get("reasons") or {}
    total = sum(reasons.values())
    like = ", ".join(f"{name} {signed(number)}" for name, number in others[:most])
    said = ", ".join(f"{reason} {number / total:.0%}" for reason, number in reasons.items())
    parts: list[Line] = [
        (("correlation ", "soft"), (like, "plain")) if like else (),
        (("said ", "soft"), (said, "plain")) if said else (),
    ]
    return [[(" ", "plain"), *join(parts, _BETWEEN)]] if like or said else []


def record_lines(weight: WeightRow | None, width: int) -> list[Line]:
    """How the signal has done, and why it is not on; nothing while nothing is known."""
    if weight is None:
        return []
    lines: list[Line] = [((f" {weight.why}", "warn"),)] if weight.why and shown_state(weight) != ON else []
    if not (weight.days or weight.judged or weight.pnl):
        return lines
    by_itself: Line = (
        ("by itself 30 d ", "soft"),
        (signed_percent(weight.recent_pnl, 2), "strong"),
        (" all ", "soft"),
        (f"{signed_percent(weight.pnl, 2)} in {counted(weight.days, 'day', 'days')}", "plain"),
    )
    parts: list[Line] = [
        ((f"no book of its own: {weight.no_book}", "soft"),) if weight.no_book else by_itself,
        (("of the book's 30 d ", "soft"), (signed_percent(weight.recent_attribution, 2), "plain")),
        () if weight.hit_rate is None else ((f"hits {weight.hit_rate:.0%} of {weight.judged}", "plain"),),
        _coefficient(weight),
        () if weight.heard is None else ((f"spoke {weight.heard:.0%}", "plain"),),
        ()
        if weight.correlation is None
        else ((f"closest {weight.closest} {signed(weight.correlation)}", "plain"),),
    ]
    return [*lines, *filled([part for part in parts if part], width)]


def settings_lines(facts: SignalFacts | None, width: int, most: int) -> list[Line]:
    """The window and the signal's own settings, on at most so many lines."""
    if facts is None:
        return []
    about = facts.about
    window = f"window {about.get('window', NONE_SHOWN)} bars of {about.get('bar', NONE_SHOWN)}"
    settings = {
        name: value for name, value in (about.get("settings") or {}).items() if name not in _NOT_SETTINGS
    }
    words = ", ".join(part for part in (window, settings_words(settings)) if part)
    lines = wrapped(words, width - 3, "soft")
    if len(lines) > most:
        lines[most - 1] = [*lines[most - 1], ("…", "soft")]
    return [[(" ", "plain"), *line] for line in lines[:most]]


def symbol_lines(row: SignalRow, silent_ms: int, width: int) -> list[Line]:
    """The symbol as it stands: price, forecast of the whole blend, what is done about it; how far the signals agree on
    it, what opposing ones took from each other, and the caps that bound."""
    ink = "stale" if row.stale else "plain"
    blocked = f" {row.why_blocked}" if row.why_blocked else ""
    parts: list[Line] = [
        ((f"{row.symbol} ", "strong"), (price(row.price), ink)),
        (("blend ", "soft"), (signed(row.forecast), ink), (f" {sparkline(row.trail, _TRAIL)}", "soft")),
        ((f"{row.action}{blocked}", "warn" if row.action == "BLOCKED" else "plain"),),
        ((f"STALE, {age(row.age_ms + silent_ms)} old", "warn"),) if row.stale else (),
        () if row.agreement is None else (("agreement ", "soft"), (plain(row.agreement), ink)),
        () if row.netted is None else (("netted out ", "soft"), (plain(row.netted, 3), ink)),
        (("capped by ", "soft"), (", ".join(row.caps), "warn")) if row.caps else (),
    ]
    return filled([part for part in parts if part], width)


def reading_lines(
    cell: SignalCell | None,
    weight: WeightRow | None,
    facts: SignalFacts | None,
    symbol: str,
    market_ms: int,
    width: int,
) -> list[Line]:
    """The newest reading: value, confidence, why, how old, and when there will be one."""
    if cell is None:
        return [((" this signal does not read this symbol", "soft"),)]
    known = None if facts is None else facts.reading(symbol)
    bar_size = "" if facts is None else str(facts.about.get("bar", ""))
    old_ms = 0 if known is None else market_ms - known.ts_ms
    stale = old_ms > _STALE_AFTER_BARS * bar_ms(bar_size)
    waiting = cell.reason == "WARMUP"
    value: Line = (
        (signed(cell.value), "stale" if stale else "strong"),
        (" ", "plain"),
        (_bar(cell.value), "plain"),
    )
    parts: list[Line] = [
        (("reading ", "soft"), *value) if cell.value is not None else (("no reading", "stale"),),
        (("confidence ", "soft"), (plain(cell.confidence), "plain")),
        ((reason_words(cell.reason), "warn" if cell.value is None else "plain"),),
        ((f"not known: {', '.join(known.unknown)}", "warn"),) if known is not None and known.unknown else (),
        ((_wait(weight, facts, bar_size), "plain"),) if waiting else (),
        ()
        if known is None
        else ((f"{log_time(known.ts_ms)}, {age(old_ms)} old", "warn" if stale else "soft"),),
    ]
    return filled([part for part in parts if part and part[0][0]], width)


def statistic_lines(reading: Reading | None, width: int) -> list[Line]:
    """The raw statistics behind a reading, with their units; in words too where there is room."""
    if reading is None or not reading.statistics:
        return []
    wide = width >= _WIDE
    facts = []
    for name, value in reading.statistics.items():
        words, unit = statistic_words(name)
        told = f"{name} {words}" if wide and words != name else name
        facts.append(Fact(told, f"{statistic_text(value)} {unit}".strip()))
    return fact_lines(facts, width, least=46 if wide else 34, most=52 if wide else 37)


def series_of(history: Sequence[Reading]) -> Series:
    """A history as the plot takes it."""
    return Series(tuple(reading.value for reading in history), history[0].ts_ms, history[-1].ts_ms)


def _coefficient(weight: WeightRow) -> Line:
    if weight.information_coefficient is None:
        return ()
    error = "" if weight.standard_error is None else f" ± {plain(weight.standard_error)}"
    return ((f"IC {signed(weight.information_coefficient)}{error}", "plain"),)


def _bar(value: float | None) -> str:
    return bar(None if value is None else abs(value), _BAR, " ").rstrip()


def _wait(weight: WeightRow | None, facts: SignalFacts | None, bar_size: str) -> str:
    window = None if facts is None else facts.about.get("window")
    return wait_words("" if weight is None else weight.note, window, bar_size)


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
