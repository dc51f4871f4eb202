"""The page `docs/evidence.md` and its pictures, drawn from the recorded data: `python -m tests.evidence.page`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from string import Template

from tests.conftest import REPOSITORY
from tests.evidence import figures, recorded
from tests.evidence.pictures import OVER, PRICE, UNDER, picture

PAGE = REPOSITORY / "docs" / "evidence.md"
FOLDER = REPOSITORY / "docs" / "evidence"
TEMPLATE = Path(__file__).with_name("page.template.md")
LONG_DAYS = 45


def drawn(folder: Path) -> dict[Path, str]:
    """Every file of the page with its text, from the data in `folder`."""
    bars, chain, settled = recorded.daily_bars(folder), recorded.chain(folder), recorded.settlements(folder)
    zone, held = figures.zones(chain), figures.said(bars)
    since = figures.place_of("2013-01-01", chain.day_ms)
    trading = figures.place_of("2017-10-01", bars.day_ms)
    funded, positions = figures.funded(settled), figures.positions(bars, held)
    with_price = [item for item in settled if item.mark is not None]
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        extremes=_extremes(figures.extremes(chain, zone)),
        spells=_spells(figures.spells(chain, zone, "2017")),
        trends=_trends(figures.trends(bars, held)),
        positions=_positions(p for p in positions if p.days >= LONG_DAYS),
        count=len(positions),
        long_count=sum(p.days >= LONG_DAYS for p in positions),
        long_days=LONG_DAYS,
        funded=_funded(funded),
        all_rates=funded[-1].rates,
        booked=f"{figures.booked(settled):,}",
        booked_count=f"{len(with_price):,}",
        booked_first=figures.day_of(with_price[0].ts_ms),
        booked_last=figures.day_of(with_price[-1].ts_ms),
    )
    return {
        PAGE: text,
        FOLDER / "realised-value.svg": picture(
            "Bitcoin and the zones of market over realised value",
            ((PRICE, "price, USD"), (OVER, "Z above 7: over"), (UNDER, "Z below 0.1: under")),
            *(chain.day_ms[since:], chain.price[since:], zone[since:]),
        ),
        FOLDER / "breakout.svg": picture(
            "Bitcoin and the side the breakout stood on",
            ((PRICE, "price"), (UNDER, "breakout long"), (OVER, "breakout short")),
            *(bars.day_ms[trading:], bars.close[trading:], -held.breakout[trading:]),
        ),
    }


def _rows(rows: Iterable[Iterable[object]]) -> str:
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)


def _extremes(found: Iterable[figures.Extreme]) -> str:
    return _rows(
        (e.day, e.kind, f"{e.price:,.0f}", f"{e.z:.2f}", e.zone, e.most_day, f"{e.most_z:.2f}", e.most_zone)
        for e in found
    )


def _spells(found: Iterable[figures.Spell]) -> str:
    return _rows((spell.zone, spell.first, spell.last, spell.days) for spell in found)


def _trends(found: Iterable[figures.Trend]) -> str:
    return _rows(
        (
            *(t.first, t.last, t.days, f"{t.price:+.0%}", f"{t.momentum:+.2f}", f"{t.momentum_return:+.0%}"),
            *(
                f"{t.breakout:+.2f}",
                f"{t.breakout_return:+.0%}",
                t.late_days if t.late_days >= 0 else "never",
            ),
        )
        for t in found
    )


def _positions(found: Iterable[figures.Position]) -> str:
    return _rows(
        (
            p.first,
            p.last,
            p.side,
            p.days,
            f"{p.entry:,.0f}",
            f"{p.leave:,.0f}",
            f"{p.leave / p.entry - 1:+.0%}",
        )
        for p in found
    )


def _funded(found: Iterable[figures.Funded]) -> str:
    return _rows((f.year, f"{f.count:,}", f.rates, f"{f.held:,}", f.earned) for f in found)


def draw(folder: Path) -> None:
    """Write every file of the page anew."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in drawn(folder).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    draw(Path(os.environ.get("QUARTERDECK_DATA") or REPOSITORY.parent / "shared" / "data"))
