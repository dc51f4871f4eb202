"""The looks that nobody may mistake: modes and states as pictures of the engine, and what each does to a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.strip import Strip

from console.picture import XTERM
from console.publisher import View
from console.themes.no_color import NO_COLOR
from console.themes.sixteen import SIXTEEN
from console.widgets.status import StatusBar
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.look.contrast import LEAST_FOR_TEXT, PALETTES, contrast
from tests.console.stage import Stage

BLOCKS = frozenset("█▀▄")
# Gives the bar its third line in every look: it would grow with a halt, and the whole screen be laid out anew.
_NOTE = "a note of the engine"


class _Said(NamedTuple):
    """Words of the first line of the bar, their ink, and when they stand there."""

    words: str
    ink: str
    when: Callable[[View], bool]


_BAR = (
    _Said(" PAPER ", "mode-paper", lambda view: view.mode == "paper"),
    _Said(" LIVE ", "mode-live", lambda view: view.mode == "live"),
    _Said(" HALTED ", "halted", lambda view: view.snapshot is not None and view.snapshot.state == "HALTED"),
    _Said("1 STALE", "warn", lambda view: view.snapshot is not None and _stale(view.snapshot) == 1),
)


def of_mode(mode: str, snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, mode=mode)


def looks(base: Snapshot) -> tuple[Snapshot, ...]:
    """The picture of a screen in PAPER, STALE, HALTED and LIVE, each differing in little from its neighbours."""
    paper = replace(base, mode="paper", notice=_NOTE, signals=snapshots.running().signals)
    live = of_mode("live", paper)
    halt = snapshots.halted()
    stale = replace(paper, signals=snapshots.with_stale().signals)
    halted = replace(live, state=halt.state, overrides=halt.overrides, kill=halt.kill)
    return paper, stale, halted, live


def in_every_theme(themes: Iterable[str], looks: Sequence[Snapshot]) -> Iterator[tuple[str, Snapshot]]:
    """Every look in every theme, to and fro, so that a step changes as little as it can."""
    for theme in themes:
        yield from ((theme, look) for look in looks)
        looks = looks[::-1]


async def change(on: Stage, theme: str, snapshot: Snapshot | None) -> None:
    """Bring the screen into a theme and show a picture: both at once, as nobody looks at what lies between."""
    with on.app.batch_update():
        if on.app.theme != theme:
            on.app.apply_theme(theme)
            await on.pilot.pause()
        on.link.show(snapshot)
        await on.until(lambda: on.app.view.snapshot is snapshot)
    await on.pilot.pause()


def looks_like(on: Stage, words: str, ink: str) -> bool:
    """Whether all of `words`, where they stand first, are in `ink`."""
    wanted = on.app.inks[ink]
    return all(_has(style, wanted) for style in on.styles_of(words))


def edge(on: Stage) -> str:
    """The outermost cells of the screen: above, below, left, right."""
    lines = on.lines
    return lines[0] + lines[-1] + "".join(line[0] + line[-1] for line in lines)


def mistaken(on: Stage) -> list[str]:
    """What of the screen in sight says another mode or state than the one it shows, or says it in another way."""
    strips = on.app.screen._compositor.render_strips()
    return [*_mistaken_frame(on, strips), *_mistaken_words(on, strips), *_coloured(on, strips)]


def _mistaken_frame(on: Stage, strips: list[Strip]) -> Iterator[str]:
    """In LIVE a heavy frame of its own colour on all four sides; no part of one otherwise."""
    above, *between, below = strips
    sides = [side for strip in between for side in (strip.crop(0, 1), strip.crop(strip.cell_length - 1))]
    cells = [segment for strip in (above, below, *sides) for segment in strip]
    heavy = set("".join(segment.text for segment in cells))
    if on.app.view.mode != "live":
        if heavy & BLOCKS:
            yield "there is a heavy frame"
        return
    if not heavy <= BLOCKS:
        yield "the heavy frame is not whole"
    wanted = Color.parse(on.app.theme_variables["live-frame"]).rich_color
    if {(segment.style or Style()).color for segment in cells} != {wanted}:
        yield "the heavy frame has another colour"


def _mistaken_words(on: Stage, strips: list[Strip]) -> Iterator[str]:
    """The bar is the first thing on the screen, and its first line says what is so and nothing else."""
    region = on.app.screen.query_one(StatusBar).region
    frame = 1 if on.app.view.mode == "live" else 0
    if region.offset != (frame, frame):
        yield f"the bar stands at {region.offset}"
    line = strips[region.y].crop(region.x, region.right)
    for said in _BAR:
        at = line.text.find(said.words)
        if (at >= 0) != said.when(on.app.view):
            yield f"{said.words!r} is wrong in {line.text!r}"
        elif at >= 0:
            cells = line.crop(at, at + len(said.words))
            yield from _unlike(on, said, [segment.style or Style() for segment in cells])


def _unlike(on: Stage, said: _Said, styles: list[Style]) -> Iterator[str]:
    if not all(_has(style, on.app.inks[said.ink]) for style in styles):
        yield f"{said.words!r} is not in the ink {said.ink}"
    for name, terminal in _terminals(on.app.theme).items():
        if any(_contrast_of(style, terminal) < LEAST_FOR_TEXT for style in styles):
            yield f"{said.words!r} is not legible {name}"


def _coloured(on: Stage, strips: list[Strip]) -> Iterator[str]:
    """Under the theme without colours no cell has one."""
    if on.app.theme == NO_COLOR.name:
        for style in {segment.style or Style() for strip in strips for segment in strip}:
            if any(colour is not None and not colour.is_default for colour in (style.color, style.bgcolor)):
                yield f"there is colour: {style}"


def _terminals(theme: str) -> dict[str, TerminalTheme]:
    """What the colours of a theme look like: those of the terminal as it is shipped, by its name."""
    return {NO_COLOR.name: {}, SIXTEEN.name: PALETTES}.get(theme, {"": XTERM})


def _contrast_of(style: Style, terminal: TerminalTheme) -> float:
    """Of the ink of a style on its ground, both of which a cell of a theme with colours has."""
    assert style.color is not None
    assert style.bgcolor is not None
    ink, ground = style.color.get_truecolor(terminal), style.bgcolor.get_truecolor(terminal, foreground=False)
    return contrast(ink, ground)


def _has(style: Style, wanted: Style) -> bool:
    same_colours = all(
        theirs is None or theirs.is_default or ours == theirs
        for ours, theirs in ((style.color, wanted.color), (style.bgcolor, wanted.bgcolor))
    )
    marks = ("bold", "italic", "underline", "reverse")
    return same_colours and all(bool(getattr(style, mark)) == bool(getattr(wanted, mark)) for mark in marks)


def _stale(snapshot: Snapshot) -> int:
    return sum(row.stale for row in snapshot.signals)
