"""Contrast of two colours after WCAG 2, and the palettes that sixteen-colour terminals are shipped with."""

from __future__ import annotations

from rich.terminal_theme import TerminalTheme

from console.picture import XTERM

Colour = tuple[int, int, int]

LEAST_FOR_TEXT = 4.5
LEAST_FOR_GRAPHICS = 3.0

VGA = TerminalTheme(
    (0, 0, 0),
    (170, 170, 170),
    [
        (0, 0, 0),
        (170, 0, 0),
        (0, 170, 0),
        (170, 85, 0),
        (0, 0, 170),
        (170, 0, 170),
        (0, 170, 170),
        (170, 170, 170),
    ],
    [
        (85, 85, 85),
        (255, 85, 85),
        (85, 255, 85),
        (255, 255, 85),
        (85, 85, 255),
        (255, 85, 255),
        (85, 255, 255),
        (255, 255, 255),
    ],
)
PALETTES = {"vga": VGA, "xterm": XTERM}


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 to 1."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
