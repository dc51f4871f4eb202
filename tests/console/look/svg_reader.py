"""Reads a picture back as anyone would who has nothing but the file: which letters stand on which ground."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from tests.console.look.contrast import LEAST_FOR_GRAPHICS, LEAST_FOR_TEXT, Colour, contrast

_SVG = "{http://www.w3.org/2000/svg}"
# Box drawing (frames, rules, axes, the track of a bar) and dots between fields: nothing has to be read from them.
_DECORATION = frozenset({" ", "·", *map(chr, range(0x2500, 0x2580))})
# Blocks and Braille: bars and plots.
_GRAPHICS = frozenset(map(chr, (*range(0x2580, 0x25A0), *range(0x2800, 0x2900))))


class Written(NamedTuple):
    """A text, its ink, and one of the grounds that its cells lie on."""

    text: str
    ink: Colour
    ground: Colour


def written(svg: str) -> Iterator[Written]:
    """Every text of a picture, once for each ground it lies on."""
    root = ElementTree.fromstring(svg)
    inks = {
        name: _colour(css)
        for name, css in re.findall(r"\.(i\d+)\{fill:(#\w{6})", root.findtext(f"{_SVG}style") or "")
    }
    paper, *grounds = root.iter(f"{_SVG}rect")
    for text in root.iter(f"{_SVG}text"):
        x, y, width = (float(text.attrib[name]) for name in ("x", "y", "textLength"))
        beneath = {
            _colour(rect.attrib["fill"])
            for rect in grounds
            if float(rect.attrib["y"]) < y < float(rect.attrib["y"]) + float(rect.attrib["height"])
            and x < float(rect.attrib["x"]) + float(rect.attrib["width"])
            and float(rect.attrib["x"]) < x + width
        } or {_colour(paper.attrib["fill"])}
        for ground in beneath:
            yield Written(text.text or "", inks[text.attrib["class"]], ground)


def illegible(svg: str) -> list[str]:
    """What in a picture is not legible enough, each as a line for whoever has to mend it."""
    found = []
    for text, ink, ground in written(svg):
        letters = set(text) - _DECORATION
        if not letters:
            continue
        least = LEAST_FOR_GRAPHICS if letters <= _GRAPHICS else LEAST_FOR_TEXT
        if contrast(ink, ground) < least:
            found.append(f"{text.strip()!r}: {contrast(ink, ground):.2f} ({ink} on {ground})")
    return found


def _colour(hexadecimal: str) -> Colour:
    red, green, blue = (int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
