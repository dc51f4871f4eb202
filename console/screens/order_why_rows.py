"""The way of one order as rows: readings, every stage of the decision, its life, its fills. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from console.weight_words import bets_words, method_words
from console.widgets.columns import Cell, Column
from console.widgets.facts import Fact
from engine.shares import to_one
from engine.snapshot import EstimateRow, WeightRow

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


@dataclass(frozen=True, slots=True)
class Said:
    """What the directional readings added to the blend, by signal: the `shares` it is worked out with, the `parts`,
    which are none while the factors of the signals are not known, and whether they add up to what was decided. `fdm`
    is the diversification multiplier, which is in the parts; `capped` are those whose say a cap kept where it is."""

    shares: Mapping[str, float]
    parts: Mapping[str, float]
    adds_up: bool
    fdm: float
    capped: frozenset[str] = frozenset()

    @property
    def agreement(self) -> float | None:
        """|sum of parts| / sum of |parts|; None where it is not known."""
        size = math.fsum(map(abs, self.parts.values()))
        return abs(math.fsum(self.parts.values())) / size if self.adds_up and size else None

    @property
    def netted(self) -> float:
        """What opposing parts took from each other, before diversification."""
        return (math.fsum(map(abs, self.parts.values())) - abs(math.fsum(self.parts.values()))) / self.fdm

    def opposes(self, name: str) -> bool:
        """Whether a signal spoke against what came out."""
        return self.parts.get(name, 0.0) * math.fsum(self.parts.values()) < 0.0


NOTHING = Said({}, {}, adds_up=False, fdm=1.0)


def why_rows(
    why: OrderWhy, limits: Limits, weights: Mapping[str, WeightRow], estimates: Sequence[EstimateRow] = ()
) -> WhyRows:
    """The cells of every row by a key of its own, each part under its name."""
    rows: WhyRows = {}
    if why.stages:
        said = what_was_said(why, limits, weights)
        decided_ms = why.order.decision_ts_ms
        rows["#readings"] = _title("READINGS", _spread(estimates, decided_ms))
        for reading in _heard(why, weights):
            rows[f"reading {reading.name}"] = _reading(reading, weights.get(reading.name), said, decided_ms)
        rows["#stages"] = _title("DECISION")
        rows |= _stages(why, limits, said)
        rows["order"] = _order(why.order)
    rows["#life"] = _title("LIFE")
    rows |= {f"event {place}": _event(event) for place, event in enumerate(why.events)}
    if why.fills:
        rows["#fills"] = _title("FILLS")
        rows |= {f"fill {fill.fill_id}": _fill(fill) for fill in why.fills}
    return rows


def _heard(why: OrderWhy, weights: Mapping[str, WeightRow]) -> list[Reading]:
    """The readings the decision was made with: not those of signals that only follow it."""
    return [
        reading
        for reading in why.readings
        if reading.name not in weights or not weights[reading.name].followed or reading.name in why.shares
    ]


def what_was_said(why: OrderWhy, limits: Limits, weights: Mapping[str, WeightRow]) -> Said:
    """By the shares of the order's day where these add up to its blend, else by those in force now."""
    blend = next((stage.value for stage in why.stages if stage.name == "blend"), None) or 0.0
    fdm = 1.0 if why.decision is None else why.decision.scalars.get("fdm") or 1.0
    in_force = {name: row.weight for name, row in weights.items()}
    for shares in (why.shares, in_force):
        says = _says(why, limits, weights, shares)
        parts = _parts(why, limits, says, fdm)
        adds_up = bool(parts) and abs(_clip(math.fsum(parts.values())) - blend) <= _SAME
        cap = limits.signal_cap
        capped = frozenset(name for name, say in says.items() if say >= cap < 1.0)
        said = Said(shares, parts, adds_up, fdm, capped)
        if adds_up:
            break
    return said


def contributions(why: OrderWhy, limits: Limits, weights: Mapping[str, WeightRow]) -> Mapping[str, float]:
    """What each directional reading adds to the blend: its part of what those with an opinion have to say, times the
    diversification multiplier. Empty while the factors of the signals are not known."""
    return what_was_said(why, limits, weights).parts


def _says(
    why: OrderWhy, limits: Limits, weights: Mapping[str, WeightRow], shares: Mapping[str, float]
) -> dict[str, float]:
    """The share of each directional signal with an opinion in what they say together."""
    voices = {
        reading.name: shares[reading.name]
        * ((reading.confidence or 0.0) if limits.nets_by_confidence else 1.0)
        for reading in why.readings
        if reading.name in shares
        and reading.name in weights
        and weights[reading.name].kind == "directional"
        and reading.value is not None
    }
    return to_one(voices, limits.signal_cap)


def _parts(why: OrderWhy, limits: Limits, says: Mapping[str, float], fdm: float) -> dict[str, float]:
    parts = {
        reading.name: adds(
            reading.value,
            reading.confidence,
            limits.scalar(reading.name),
            fdm * says[reading.name],
        )
        for reading in why.readings
        if reading.name in says
    }
    known = {name: part for name, part in parts.items() if part is not None}
    return known if len(known) == len(parts) else {}


def is_cap(stage: Stage) -> bool:
    """Whether a cap bound at this stage; rounding to lots cuts as well, but nobody sets it."""
    return stage.bound and stage.name != "round"


def caps_words(why: OrderWhy, limits: Limits, said: Said = NOTHING) -> str:
    """Every cap that bound, named with its limit, in the order they bound; that none did."""
    caps = [f"{limits.say}: {', '.join(sorted(said.capped))}"] if said.adds_up and said.capped else []
    caps += [limits.of_stage(stage.name, why) or stage.why for stage in why.stages if is_cap(stage)]
    return f"bound by {'; '.join(caps)}" if caps else "no cap bound"


def conflict_facts(why: OrderWhy, limits: Limits, said: Said) -> list[Fact]:
    """How far the signals agreed, and what opposing ones took from each other: by what they said, and where their
    weights of then are not known by what the decision recorded."""
    if not why.stages:
        return []
    found = (said.agreement, said.netted) if said.agreement is not None else _decided(why, limits, said.fdm)
    return [Fact("agreement", plain(found[0])), Fact("netted out", plain(found[1], 3))]


def _decided(why: OrderWhy, limits: Limits, fdm: float) -> tuple[float | None, float | None]:
    """Agreement and what was netted out as the stages tell of them, None where they do not: a blend that was cut at 1
    hides how much there was, and a change of sides that was refused how far they agreed."""
    values = {stage.name: stage.value for stage in why.stages}
    blend, left, floor = values.get("blend"), values.get("conflict"), limits.agreement_floor
    if not blend or not left or floor is None or floor >= 1.0:
        return None, None
    agreement = _clip((left / blend - floor) / (1.0 - floor))
    cut = abs(blend) >= 1.0 or agreement <= _SAME
    return max(agreement, 0.0), None if cut else abs(blend) / fdm * (1.0 / agreement - 1.0)


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


def _title(words: str, beside: str = "") -> list[Cell]:
    return [Cell(words, "title-focus"), *(Cell("") for _ in COLUMNS[2:]), Cell(beside, "soft")]


def _spread(estimates: Sequence[EstimateRow], decided_ms: int) -> str:
    """How far each class of signals was spread, by its newest estimate; nothing where that came after the order."""
    known = [row for row in estimates if (row.estimated_ms or 0) <= decided_ms]
    return "; ".join(f"{row.kind} {words}" for row in known if (words := bets_words(row)))


def _weight_words(weight: WeightRow, share: float | None, decided_ms: int) -> str:
    """Where the weight came from; "" where it has changed since."""
    changed = share is None or abs(share - weight.weight) > _SAME or (weight.estimated_ms or 0) > decided_ms
    return "" if changed else method_words(weight)


def _reading(reading: Reading, weight: WeightRow | None, said: Said, decided_ms: int) -> list[Cell]:
    share, part = said.shares.get(reading.name), said.parts.get(reading.name)
    told = [reason_words(reading.reason) if reading.value is None else ""]
    if weight is not None and weight.kind != "directional":
        told = [told[0] or f"{weight.kind}: not part of the blend"]
    told.append("against the others" if said.adds_up and said.opposes(reading.name) else "")
    if weight is not None:
        told += [
            _weight_words(weight, share, decided_ms),
            " ".join((weight.family, weight.kind, weight.type)).strip(),
            "" if weight.correlation is None else f"closest {weight.closest} {signed(weight.correlation)}",
        ]
    told.append(", ".join(f"{name} {statistic_text(value)}" for name, value in reading.statistics.items()))
    return [
        Cell(f" {reading.name}", "strong"),
        Cell(signed(reading.value) if reading.value is not None else UNKNOWN_CELL),
        Cell(bar(None if reading.value is None else abs(reading.value), _BAR, " ")),
        Cell(plain(reading.confidence)),
        Cell(NONE_SHOWN if share is None else plain(share)),
        Cell(NONE_SHOWN if part is None else signed(part, 3)),
        Cell("; ".join(words for words in told if words), "soft"),
    ]


def _stages(why: OrderWhy, limits: Limits, said: Said) -> WhyRows:
    rows: WhyRows = {}
    largest = max(
        (abs(stage.value or 0.0) for stage in why.stages if stage.name not in _FORECASTS), default=0.0
    )
    before: Stage | None = None
    for stage in why.stages:
        words, ink = _stage_words(stage, why, limits)
        if stage.name == "blend" and said.parts and not said.adds_up:
            words, ink = "the parts above are by the weights in force now, which have changed since", "warn"
        if stage.name == "conflict" and said.agreement is not None:
            words = "; ".join(part for part in (words, conflict_words(said, limits)) if part)
        rows[f"stage {stage.name}"] = _stage(stage, before, largest, Cell(words, ink))
        if stage.name != "neutral":
            before = stage
    return rows


def conflict_words(said: Said, limits: Limits) -> str:
    """How far the readings agree, and what those that do not took from each other."""
    how = " by confidence" if limits.nets_by_confidence else ""
    return f"agreement {plain(said.agreement)}, netted out{how} {plain(said.netted, 3)}"


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
    words = f"{cap}: {stage.why}" if cap and stage.name != "conflict" else cap or stage.why
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
