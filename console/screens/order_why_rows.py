"""The way of one order as rows: readings, every stage of the decision, its life, its fills. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from console.answers import WHOLE_POSITION, Fill, OrderEvent, OrderFacts, OrderWhy, Reading, Stage
from console.format import (
    NONE_SHOWN,
    UNKNOWN_CELL,
    bar,
    decimals_of,
    log_time,
    market_time,
    money,
    number,
    plain,
    price,
    signed,
    signed_percent,
)
from console.screens.cap_words import Limits, adds
from console.screens.order_cells import filled_text
from console.screens.signal_words import reason_words, statistic_text
from console.widgets.columns import Cell, Column
from console.widgets.facts import Fact
from engine.snapshot import WeightRow

_BAR = 12
_FORECASTS = frozenset({"blend", "conflict", "overlay"})
_SAME = 1e-6
# Room for the longest name of a cap and its limit, which matter more than what the other columns say.
_NAMED_CAP = 38
COLUMNS = (
    Column("step", 14, right=False),
    Column("value", 10),
    Column("", _BAR, right=False, rank=3),
    Column("conf", 5, rank=2),
    Column("weight", 6, rank=2),
    Column("adds", 9, rank=1),
    Column("what happened", _NAMED_CAP, right=False, grow=True),
)

WhyRows = dict[str, Sequence[Cell]]


def why_rows(why: OrderWhy, limits: Limits, weights: Mapping[str, WeightRow]) -> WhyRows:
    """The cells of every row by a key of its own, each part under its name."""
    rows: WhyRows = {}
    if why.stages:
        parts = contributions(why, limits, weights)
        rows["#readings"] = _title("READINGS")
        for reading in why.readings:
            weight = weights.get(reading.name)
            rows[f"reading {reading.name}"] = _reading(reading, weight, parts.get(reading.name))
        rows["#stages"] = _title("DECISION")
        rows |= _stages(why, limits, parts)
        rows["order"] = _order(why.order)
    rows["#life"] = _title("LIFE")
    rows |= {f"event {place}": _event(event) for place, event in enumerate(why.events)}
    if why.fills:
        rows["#fills"] = _title("FILLS")
        rows |= {f"fill {fill.fill_id}": _fill(fill) for fill in why.fills}
    return rows


def contributions(why: OrderWhy, limits: Limits, weights: Mapping[str, WeightRow]) -> dict[str, float]:
    """What each directional reading adds to the blend: share of those with an opinion, times the diversification
    multiplier. Empty while the factors of the signals are not known."""
    fdm = 1.0 if why.decision is None else why.decision.scalars.get("fdm") or 1.0
    heard = [
        (reading, weights[reading.name].weight)
        for reading in why.readings
        if reading.name in weights
        and weights[reading.name].kind == "directional"
        and reading.value is not None
    ]
    total = sum(weight for _, weight in heard)
    parts = {
        reading.name: adds(
            reading.value,
            reading.confidence,
            limits.scalar(reading.name),
            fdm * weight / total if total else 0.0,
        )
        for reading, weight in heard
    }
    known = {name: part for name, part in parts.items() if part is not None}
    return known if len(known) == len(parts) else {}


def is_cap(stage: Stage) -> bool:
    """Whether a cap bound at this stage; rounding to lots cuts as well, but nobody sets it."""
    return stage.bound and stage.name != "round"


def caps_words(why: OrderWhy, limits: Limits) -> str:
    """Every cap that bound, named with its limit, in the order they bound; that none did."""
    caps = [limits.of_stage(stage.name, why) or stage.why for stage in why.stages if is_cap(stage)]
    return f"bound by {'; '.join(caps)}" if caps else "no cap bound"


def order_facts(why: OrderWhy) -> list[Fact]:
    """What was ordered, what became of it, and what it cost against the price it was decided at."""
    order, row = why.order, why.order.row
    whole = row.quantity == WHOLE_POSITION
    average = average_price(order)
    decimals = max((decimals_of(fill.price) for fill in why.fills), default=2)
    facts = [
        Fact("quantity", "position" if whole else price(row.quantity), "strong"),
        Fact("filled", filled_text(row)),
        Fact("status", row.status.replace("_", " "), "strong"),
        Fact("type", row.type.replace("_", " ")),
        *([Fact("price", price(row.price))] if row.price else []),
        Fact("average fill", NONE_SHOWN if average is None else price(str(average), decimals)),
        Fact("fee", money(order.fee)),
        Fact("slippage", *slippage_words(why)),
        Fact("decided", market_time(order.decision_ts_ms)),
        Fact("decided at", price(why.price)),
    ]
    flags = [name for name, on in (("reduce only", order.reduce_only), ("post only", order.post_only)) if on]
    return [*facts, Fact("flags", ", ".join(flags))] if flags else facts


def average_price(order: OrderFacts) -> Decimal | None:
    """What was paid per unit; None before the first fill."""
    worth, quantity = number(order.filled_notional), number(order.row.filled)
    return worth / quantity if worth is not None and quantity else None


def slippage_words(why: OrderWhy) -> tuple[str, str]:
    """How much worse than the price of the decision the fills were, in bps, and the ink that says so."""
    average, decided = average_price(why.order), number(why.price or "")
    if average is None:
        return NONE_SHOWN, "soft"
    if not decided:
        return "no price kept", "soft"
    worse = (average / decided - 1) * (1 if why.order.row.side == "buy" else -1) * 10_000
    return f"{signed(float(worse), 1)} bps", "loss" if worse > 0 else "profit" if worse < 0 else "plain"


def _title(words: str) -> list[Cell]:
    return [Cell(words, "title-focus"), *(Cell("") for _ in COLUMNS[1:])]


def _reading(reading: Reading, weight: WeightRow | None, part: float | None) -> list[Cell]:
    said = reason_words(reading.reason) if reading.value is None else ""
    if weight is not None and weight.kind != "directional":
        said = said or f"{weight.kind}: not part of the blend"
    numbers = ", ".join(f"{name} {statistic_text(value)}" for name, value in reading.statistics.items())
    return [
        Cell(f" {reading.name}", "strong"),
        Cell(signed(reading.value) if reading.value is not None else UNKNOWN_CELL),
        Cell(bar(None if reading.value is None else abs(reading.value), _BAR, " ")),
        Cell(plain(reading.confidence)),
        Cell(NONE_SHOWN if weight is None else plain(weight.weight)),
        Cell(NONE_SHOWN if part is None else signed(part, 3)),
        Cell("; ".join(words for words in (said, numbers) if words), "soft"),
    ]


def _stages(why: OrderWhy, limits: Limits, parts: Mapping[str, float]) -> WhyRows:
    rows: WhyRows = {}
    largest = max(
        (abs(stage.value or 0.0) for stage in why.stages if stage.name not in _FORECASTS), default=0.0
    )
    before: Stage | None = None
    for stage in why.stages:
        words, ink = _stage_words(stage, why, limits)
        if stage.name == "blend" and parts and abs(_clip(sum(parts.values())) - (stage.value or 0.0)) > _SAME:
            words, ink = "the parts above are by the weights in force now, which have changed since", "warn"
        rows[f"stage {stage.name}"] = _stage(stage, before, largest, Cell(words, ink))
        if stage.name != "neutral":
            before = stage
    return rows


def _stage(stage: Stage, before: Stage | None, largest: float, words: Cell) -> list[Cell]:
    """One stage: a forecast from -1 to 1 up to the overlay, a fraction of equity from there on."""
    forecast, size = stage.name in _FORECASTS, abs(stage.value or 0.0)
    shown = signed if forecast else signed_percent
    step = ""
    if (
        stage.why
        and before is not None
        and forecast == (before.name in _FORECASTS)
        and stage.name != "neutral"
    ):
        step = shown((stage.value or 0.0) - (before.value or 0.0), 3)
    full = 1.0 if forecast else largest
    return [
        Cell(f" {stage.name}", "warn" if stage.bound else "strong"),
        Cell(shown(stage.value, 3), "strong"),
        Cell(bar(size / full if full else 0.0, _BAR, " "), "warn" if stage.bound else "plain"),
        Cell(""),
        Cell(""),
        Cell(step),
        words,
    ]


def _clip(value: float) -> float:
    return min(1.0, max(-1.0, value))


def _stage_words(stage: Stage, why: OrderWhy, limits: Limits) -> tuple[str, str]:
    if not stage.why:
        return "", "soft"
    cap = limits.of_stage(stage.name, why)
    words = f"{cap}: {stage.why}" if cap else stage.why
    return (f"BOUND {words}", "warn") if is_cap(stage) else (words, "plain")


def _order(order: OrderFacts) -> list[Cell]:
    row = order.row
    amount = "position" if row.quantity == WHOLE_POSITION else price(row.quantity)
    words = f"{row.side} {amount} {row.symbol} {row.type.replace('_', ' ')} ({row.purpose})"
    blank = [Cell("") for _ in COLUMNS[3:]]
    return [Cell(" order", "strong"), Cell(amount, "strong"), *blank, Cell(words, "strong")]


def _event(event: OrderEvent) -> list[Cell]:
    words = event.after.replace("_", " ")
    if event.before:
        words = f"{event.before.replace('_', ' ')} → {words}"
    words += f", attempt {event.attempt}" if event.attempt else ""
    words += f": {event.reason}" if event.reason else ""
    ink = "warn" if event.after in ("unresolved", "rejected", "denied") else "plain"
    return [Cell(log_time(event.ts_ms), "soft"), *(Cell("") for _ in COLUMNS[2:]), Cell(words, ink)]


def _fill(fill: Fill) -> list[Cell]:
    kind = "LIQUIDATION" if fill.liquidation else "maker" if fill.maker else "taker"
    return [
        Cell(log_time(fill.ts_ms), "soft"),
        Cell(price(fill.quantity), "strong"),
        *(Cell("") for _ in COLUMNS[3:]),
        Cell(f"{fill.side} at {price(fill.price)}, fee {money(fill.fee)}, {kind}"),
    ]
