"""An estimate of weights as a row of the store: asked in one, answered in the same, and worked out again from it alone.

Nothing here depends on when, or on which thread, it runs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.method_choice import Methods, counting
from store.rows import to_sorted_json
from store.weight_rows import WeightRow, pack_inputs, read, unpack_inputs
from strategies.blend.selector import Measures, SelectorSettings, select
from strategies.blend.weighting.methods import weigh
from strategies.blend.weighting.settings import Method, WeightingSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

INSTRUMENTS = "instruments"
SELECTOR = "selector"
TOO_FEW = "too few days for a newer estimate"
SAME = 1e-9
"""Shares worked out on another machine may differ by as much: its linear algebra adds in another order."""


@dataclass(frozen=True, slots=True)
class When:
    """The close an estimate is made at, and the close at which it takes effect (ms)."""

    estimated_ms: int
    effective_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the estimates of one class of signals have come to: the newest that was answered, by `method`, of so many
    `days` (0: nothing could be estimated, and the shares are those it was asked with).

    By signal: its `share`, the `change` of it against the estimate before (the first one: against what it was asked
    with), and in words `why` it is what it is ("" where nothing held it). `bets`, the most alike `pair` and their
    `correlation` as `strategies.blend.weighting.methods.Weights`, None for NaN. `fault`: why a newer one has no
    answer.
    """

    kind: str
    method: str
    estimated_ms: int
    days: int
    share: Mapping[str, float]
    change: Mapping[str, float]
    why: Mapping[str, str]
    bets: float | None = None
    pair: tuple[str, str] = ("", "")
    correlation: float | None = None
    fault: str = ""

    @property
    def in_force(self) -> bool:
        """Whether these shares stand in the place of the configured ones."""
        return self.days > 0 and self.method != Method.MANUAL


def ask_signals(
    kind: str,
    when: When,
    names: Sequence[str],
    manual: Sequence[float],
    day_ms: IntArray,
    returns: FloatArray,
    settings: WeightingSettings,
) -> WeightRow:
    """The weights of one class of signals, from daily returns [D, K] of the days `day_ms` [D]."""
    said = asdict(settings) | {"names": list(names), "manual": list(manual), "day_ms": day_ms.tolist()}
    return _row(kind, when, settings.method.value, said, returns)


def ask_instruments(
    when: When, symbols: Sequence[str], measures: Measures, incumbent: BoolArray, settings: SelectorSettings
) -> WeightRow:
    """The weights of the instruments [S], where only the best are traded."""
    said = asdict(settings) | {"names": list(symbols)}
    inputs = np.array([*measures, incumbent.astype(np.float64)])
    return _row(INSTRUMENTS, when, SELECTOR, said, inputs)


def answer(row: WeightRow) -> str:
    """What comes out of a row, as the JSON it is stored as; {"fault": ...} where the numbers allow no answer."""
    settings = json.loads(row.settings)
    inputs = unpack_inputs(row, len(settings["names"]))
    work: Callable[[dict[str, Any], FloatArray], dict[str, Any]]
    work = _select if row.kind == INSTRUMENTS else _weigh
    try:
        return to_sorted_json(work(settings, inputs))
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as fault:
        return to_sorted_json({"fault": " ".join(str(fault).split())})


def shares(row: WeightRow) -> dict[str, float] | None:
    """The weights by name; None where there are none (yet)."""
    return json.loads(row.result).get("share") if row.result else None


def standing(row: WeightRow, before: Standing | None) -> Standing:
    """What an answered row of a class of signals comes to after what stood `before` it. Where nothing could be
    estimated what was in force stays so: a signal it has not seen does not trade because nobody knows better now."""
    said, result = json.loads(row.settings), json.loads(row.result)
    if fault := result.get("fault"):
        nothing = Standing(row.kind, row.method, row.estimated_ms, 0, {}, {}, {})
        return replace(before or nothing, fault=fault)
    wanted = row.method != Method.MANUAL
    if wanted and not result["days"] and before is not None and before.in_force:
        return replace(before, fault=TOO_FEW, why={**_reasons(said, result), **before.why})
    share = result["share"]
    old = before.share if before and before.share else dict(zip(said["names"], said["manual"], strict=True))
    return Standing(
        kind=row.kind,
        method=row.method,
        estimated_ms=row.estimated_ms,
        days=result["days"],
        share=share,
        change={name: share[name] - old.get(name, 0.0) for name in share},
        why=_reasons(said, result),
        bets=result["bets"],
        pair=tuple(result["pair"]),
        correlation=result["correlation"],
    )


def standings(rows: Iterable[WeightRow], configured: Method, chosen: Methods = ()) -> dict[str, Standing]:
    """What the estimates by the method in force have come to, by class; `rows` as they are stored, oldest first."""
    found: dict[str, Standing] = {}
    for row in counting([row for row in rows if row.kind != INSTRUMENTS], chosen, configured):
        if row.result:
            found[row.kind] = standing(row, found.get(row.kind))
    return found


def shares_in_force(found: Iterable[Standing]) -> dict[str, Mapping[str, float]]:
    """By class with an estimate in force: the share of each signal that it has seen."""
    return {each.kind: each.share for each in found if each.in_force}


def difference(row: WeightRow) -> str:
    """Work a stored result out again from its inputs: "" where the same comes out, else what does not."""
    about = f"{row.kind} weights of {row.estimated_ms}"
    if not row.result:
        return ""
    try:
        again = json.loads(answer(row))
    except ValueError as fault:
        return f"{about}: {fault}"
    stored = json.loads(row.result)
    wrong = sorted(key for key in stored.keys() | again.keys() if not _same(stored.get(key), again.get(key)))
    return f"{about}: {', '.join(wrong)} cannot be reproduced from its inputs" if wrong else ""


def check(database: Path) -> list[str]:
    """Every weight of a database that its inputs do not bear out, a line each. Raises NotFound, StoreError."""
    return [found for row in read(database) if (found := difference(row))]


def _row(kind: str, when: When, method: str, settings: dict[str, Any], inputs: FloatArray) -> WeightRow:
    text = to_sorted_json(settings)
    packed, digest = pack_inputs(inputs, text)
    return WeightRow(kind, when.estimated_ms, when.effective_ms, method, text, packed, digest)


def _weigh(settings: dict[str, Any], returns: FloatArray) -> dict[str, Any]:
    chosen = WeightingSettings(
        Method(settings["method"]),
        settings["least_days"],
        settings["floor"],
        settings["cap"],
        settings["shrink"],
    )
    names = settings["names"]
    found = weigh(names, returns, np.array(settings["manual"], dtype=np.float64), chosen)
    return {
        "share": dict(zip(names, found.share.tolist(), strict=True)),
        "why": dict(zip(names, found.why, strict=True)),
        "days": found.days,
        "bets": _finite(found.bets),
        "pair": list(found.pair),
        "correlation": _finite(found.correlation),
        "shrinkage": _finite(found.intensity),
    }


def _reasons(settings: dict[str, Any], result: dict[str, Any]) -> dict[str, str]:
    """Why each share is what it is: what kept it out of the estimate, or the bound it lies at."""
    method, days, why = settings["method"], result["days"], result["why"]
    known = [name for name in why if why[name] == method]
    if not days or method == Method.MANUAL:
        return {name: "" if why[name] == Method.MANUAL else why[name] for name in why}
    low, high = min(settings["floor"], 1 / len(known)), max(settings["cap"], 1 / len(known))

    def held(name: str) -> str:
        share = result["share"][name]
        if len(known) == 1:
            return "the only one"
        return "at the cap" if _same(share, high) else "at the floor" if _same(share, low) else ""

    return {name: held(name) if name in known else why[name] for name in why}


def _select(settings: dict[str, Any], inputs: FloatArray) -> dict[str, Any]:
    names = settings.pop("names")
    measures, incumbent = Measures(*inputs[:-1]), inputs[-1] > 0.0
    found = select(measures, incumbent, SelectorSettings(**settings))
    weight = None if found.weight is None else dict(zip(names, found.weight.tolist(), strict=True))
    return {"share": weight, "score": dict(zip(names, map(_finite, found.score.tolist()), strict=True))}


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)
    return bool(one == other)
