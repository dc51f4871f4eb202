"""How numbers look on the screen. Pure: text in, text out, nothing here knows a widget.

Amounts arrive as exact decimal text and keep their digits; nothing passes through a float on its way to the screen.
A value that is not there is NONE_SHOWN. The minus sign is U+2212, one cell wide; a gain or a loss carries glyph and
sign, so that it can be read without colour. `clean` takes control characters out of text that came from elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

NONE_SHOWN = "–"
MINUS = "−"
GAIN, LOSS, EVEN = "▲", "▼", " "
BY_HAND = "*"
"""Before what an operator has changed."""
UNKNOWN_CELL = "····"
_BLOCKS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_SECOND_MS, _MINUTE_MS, _HOUR_MS, _DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000


def number(text: str) -> Decimal | None:
    """The amount in `text`, or None where there is none that is finite."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def decimals_of(text: str) -> int:
    """How many digits follow the point in `text`."""
    return len(text.partition(".")[2])


def price(text: str | None, decimals: int | None = None) -> str:
    """A price or quantity with thousands marks, at the digits it came with unless `decimals` says otherwise."""
    amount = number(text) if text else None
    if text is None or amount is None:
        return NONE_SHOWN
    return _with_minus(_fixed(amount, decimals_of(text) if decimals is None else decimals))


def money(text: str | None, decimals: int = 2) -> str:
    """An amount of quote currency: 10,412.33, −35.10."""
    return price(text, decimals) if text else NONE_SHOWN


def profit(text: str | None, decimals: int = 2) -> str:
    """A gain or loss with glyph and sign: ▲ +84.20, ▼ −3.10; nothing but the digits where it rounds to zero."""
    amount = number(text) if text else None
    if amount is None:
        return NONE_SHOWN
    digits = _fixed(abs(amount), decimals)
    if not _has_value(digits):
        return f"{EVEN}  {digits}"
    return f"{GAIN} +{digits}" if amount > 0 else f"{LOSS} {MINUS}{digits}"


def profit_ink(amount: Decimal | float | None) -> str:
    """The ink of a gain or loss: colour comes second to glyph and sign."""
    if amount is None or amount == 0:
        return "plain"
    return "profit" if amount > 0 else "loss"


def signed(value: float | None, decimals: int = 2) -> str:
    """+0.57, −0.42, 0.00."""
    if value is None or not math.isfinite(value):
        return NONE_SHOWN
    digits = f"{abs(value):.{decimals}f}"
    if not _has_value(digits):
        return digits
    return f"+{digits}" if value > 0 else f"{MINUS}{digits}"


def plain(value: float | None, decimals: int = 2) -> str:
    """0.74, −0.42."""
    if value is None or not math.isfinite(value):
        return NONE_SHOWN
    return _with_minus(f"{value:,.{decimals}f}")


def percent(fraction: float | None, decimals: int = 2) -> str:
    """A fraction as 0.41%, −0.41%."""
    return NONE_SHOWN if _missing(fraction) else plain(100 * float(fraction or 0), decimals) + "%"


def signed_percent(fraction: float | None, decimals: int = 2) -> str:
    """A fraction as +0.82%, −0.41%."""
    return NONE_SHOWN if _missing(fraction) else signed(100 * float(fraction or 0), decimals) + "%"


def times(value: float | None, decimals: int = 2) -> str:
    """A multiple of equity: 0.79x."""
    return NONE_SHOWN if _missing(value) else plain(value, decimals) + "x"


def signed_times(value: float | None, decimals: int = 2) -> str:
    """A signed multiple of equity: +0.41x."""
    return NONE_SHOWN if _missing(value) else signed(value, decimals) + "x"


def age(milliseconds: float | None) -> str:
    """How old something is, short and growing coarse: 0.3s, 45s, 3m, 2h, 5d."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return NONE_SHOWN
    ms = max(0, int(milliseconds))
    if ms < 10 * _SECOND_MS:
        return f"{ms // 100 / 10:.1f}s"
    for limit, unit, mark in ((100 * _SECOND_MS, _SECOND_MS, "s"), (100 * _MINUTE_MS, _MINUTE_MS, "m")):
        if ms < limit:
            return f"{ms // unit}{mark}"
    return f"{ms // _HOUR_MS}h" if ms < 100 * _HOUR_MS else f"{ms // _DAY_MS}d"


def duration(milliseconds: float | None) -> str:
    """Time still to go: 4s below a minute, else 00:23:56; days in front when there are any."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return NONE_SHOWN
    seconds = math.ceil(max(0.0, milliseconds) / _SECOND_MS)
    if seconds < 60:
        return f"{seconds}s"
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3_600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}d {clock}" if days else clock


def milliseconds(value: float | None) -> str:
    """A latency: 2ms, 0.4ms, 1.2s."""
    if value is None or not math.isfinite(value):
        return NONE_SHOWN
    if value >= _SECOND_MS:
        return f"{value / _SECOND_MS:.1f}s"
    return f"{value:.1f}ms" if 0 < value < 1 else f"{value:.0f}ms"


def clock(ts_ms: int) -> str:
    """19:36:04 UTC."""
    return _time(ts_ms, "%H:%M:%S")


def market_time(ts_ms: int) -> str:
    """2023-06-01 13:00 UTC."""
    return _time(ts_ms, "%Y-%m-%d %H:%M")


def log_time(ts_ms: int) -> str:
    """06-01 13:00:00 UTC: the market's clock runs through days, so the day is shown."""
    return _time(ts_ms, "%m-%d %H:%M:%S")


def bar(fraction: float | None, width: int, track: str = "─") -> str:
    """A bar of `width` cells filled to `fraction` in eighths of a cell, the rest in `track`."""
    share = 0.0 if fraction is None or not math.isfinite(fraction) else min(1.0, max(0.0, fraction))
    whole, eighths = divmod(round(share * width * 8), 8)
    drawn = "█" * whole + (_EIGHTHS[eighths] if eighths else "")
    return drawn + track * (width - len(drawn))


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as blocks between their own least and greatest; a flat line sits in the middle."""
    tail = [value for value in values if math.isfinite(value)][-width:] if width > 0 else []
    if not tail:
        return ""
    low, high = min(tail), max(tail)
    if high == low:
        return _BLOCKS[3] * len(tail)
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round((value - low) / (high - low) * top)] for value in tail)


def shorten(text: str, width: int) -> str:
    """`text` in at most `width` cells, the cut marked."""
    if len(text) <= width:
        return text
    return text[: max(0, width - 1)] + "…" if width > 0 else ""


def clean(text: str) -> str:
    """`text` on one line without characters a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " if letter in "\t\n\r" else "�" for letter in text)


def counted(count: int, one: str, many: str) -> str:
    """1 order, 3 orders."""
    return f"{count:,} {one if count == 1 else many}"


def _missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def _fixed(amount: Decimal, decimals: int) -> str:
    return f"{amount:,.{decimals}f}"


def _with_minus(digits: str) -> str:
    if digits.startswith("-"):
        return (MINUS if _has_value(digits) else "") + digits[1:]
    return digits


def _has_value(digits: str) -> bool:
    return any(digit in "123456789" for digit in digits)


def _time(ts_ms: int, pattern: str) -> str:
    try:
        return datetime.fromtimestamp(ts_ms / _SECOND_MS, UTC).strftime(pattern)
    except (OverflowError, OSError, ValueError):
        return NONE_SHOWN
