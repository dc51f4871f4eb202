"""Two pictures in SVG: the price with the zones of market over realised value, and with the breakout's positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tests.evidence.figures import day_of
from tests.evidence.recorded import FloatArray, IntArray

WIDTH, HEIGHT, LEFT, TOP = 960, 420, 56, 34
INK, GREY, PRICE, OVER, UNDER = "#1f2328", "#d0d7de", "#0550ae", "#b3261e", "#1a7f37"
FONT = 'font-family="ui-monospace,\'DejaVu Sans Mono\',monospace" font-size="13"'


def picture(
    title: str, words: Sequence[tuple[str, str]], day_ms: IntArray, price: FloatArray, zone: FloatArray
) -> str:
    """`zone` [n] colours the ground of days above and below 0; `words` are colours and what they stand for."""
    width, height = WIDTH - LEFT - 16, HEIGHT - TOP - 34
    level = np.log10(price)
    low, high = float(np.floor(level.min() * 4) / 4), float(np.ceil(level.max() * 4) / 4)

    def x(at: float) -> str:
        return f"{LEFT + width * at / (price.size - 1):.1f}"

    def y(value: float) -> str:
        return f"{TOP + height * (high - value) / (high - low):.1f}"

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for first, last, side in grounds(zone):
        ink = OVER if side > 0 else UNDER
        lines.append(
            f'<rect x="{x(first)}" y="{TOP}" width="{max(width * (last - first) / (price.size - 1), 1.5):.1f}" '
            f'height="{height}" fill="{ink}" fill-opacity="0.25"/>'
        )
    for dollars in (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000):
        if low <= np.log10(dollars) <= high:
            height_at = y(float(np.log10(dollars)))
            lines.append(f'<path d="M{LEFT} {height_at}H{LEFT + width}" stroke="{GREY}"/>')
            lines.append(
                f'<text x="{LEFT - 6}" y="{height_at}" dy="4" text-anchor="end" fill="{INK}">{dollars:,}</text>'
            )
    for at, day in enumerate(map(day_of, day_ms.tolist())):
        if day.endswith("-01-01"):
            lines.append(f'<text x="{x(at)}" y="{HEIGHT - 14}" fill="{INK}">{day[:4]}</text>')
            lines.append(f'<path d="M{x(at)} {TOP}V{TOP + height + 6}" stroke="{GREY}"/>')
    points = " ".join(f"{x(at)},{y(float(level[at]))}" for at in range(0, price.size, 2))
    lines.append(f'<polyline points="{points}" fill="none" stroke="{PRICE}" stroke-width="1.4"/>')
    lines += [
        f'<text x="{LEFT + 260 * number}" y="20" fill="{ink}">{word}</text>'
        for number, (ink, word) in enumerate(words)
    ]
    return "\n".join([*lines, "</svg>", ""])


def grounds(zone: FloatArray) -> Iterator[tuple[int, int, float]]:
    """First place, place after the last, and side of every run of days beside 0."""
    side = np.sign(np.nan_to_num(zone))
    edges = np.flatnonzero(np.diff(np.concatenate([[0.0], side, [0.0]])))
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if side[first]:
            yield first, min(last, side.size - 1), float(side[first])
