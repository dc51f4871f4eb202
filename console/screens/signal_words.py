"""What the codes and names of a reading mean in words: reason codes, and statistics with their units. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from console.format import NONE_SHOWN, counted, plain

REASONS: Mapping[str, str] = {
    "OK": "it has an opinion",
    "": "it has an opinion",
    "WARMUP": "warming up: not enough bars yet",
    "GAP": "no opinion: too many bars of its window are missing",
    "STALE": "no opinion: its newest input is too old",
    "NAN_INPUT": "no opinion: a price in its window is missing or not positive",
    "ZERO_VAR": "no opinion: the price has not moved",
    "DEGENERATE": "no opinion: the estimate lies at the edge of what is possible",
    "FIT_FAILED": "no opinion: the model could not be fitted",
    "NEAR_EXPIRY": "no opinion: the contract expires too soon",
    "NO_ARB": "no opinion: the prices allow no trade between them",
    "TOO_FEW_ASSETS": "no opinion: too few symbols to rank",
    "NOT_BORROWABLE": "it stays out: the asset cannot be borrowed",
    "NO_INPUT": "no opinion: this market does not have what it reads",
    "BROKEN": "no opinion: the signal itself failed, see the events",
}

# The first pattern that fits names the statistic; {} is the number in its name.
_STATISTICS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), words, unit)
    for pattern, words, unit in (
        (r"sigma", "volatility of a bar", "per bar"),
        (r"z", "score of the last move", "sigmas"),
        (r"z_(\d+)", "score over {} bars", "sigmas"),
        (r"atr_(\d+)", "average true range of {} bars", "price"),
        (r"upper_(\d+)", "highest high of {} bars", "price"),
        (r"lower_(\d+)", "lowest low of {} bars", "price"),
        (r"position_(\d+)_(\d+)", "channel in at {}, out at {} bars", "-1, 0, +1"),
        (r"efficiency_ratio", "straightness of the path", "0 to 1"),
        (r"(?:.*_)?p(?:_value)?(?:_\d+)?", "chance of as much in noise", "probability"),
        (r"n(?:_used)?", "observations used", "count"),
        (r"(?:.*_)?entropy", "disorder, 1 in noise", "0 to 1"),
        (r"hurst(?:_.*)?|h", "Hurst exponent, 0.5 in noise", "0 to 1"),
        (r"(?:rho|phi|pacf|acf)(?:_(\d+))?", "correlation with the past", "-1 to 1"),
        (r"(?:vr|variance_ratio)(?:_(\d+))?", "variance ratio, 1 in noise", "x"),
        (r"t(?:_statistic)?|z_star(?:_\d+)?", "test statistic", "sigmas"),
        (r".*_bps", "", "bps"),
        (r".*_(?:ms|milliseconds)", "", "ms"),
        (r".*_(days|bars|years)", "", "{}"),
        (r".*_(?:rate|share|fraction|ratio)", "", "fraction"),
    )
)
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_BARS = {"1d": ("daily bar", "daily bars"), "1h": ("hourly bar", "hourly bars"), "": ("bar", "bars")}


def reason_words(code: str) -> str:
    """A reason code in words; a code that is not known stands for itself."""
    return REASONS.get(code, f"no opinion: {code.lower().replace('_', ' ')}")


def statistic_words(name: str) -> tuple[str, str]:
    """What a statistic is and its unit; its own name and no unit where nothing more is known."""
    for pattern, words, unit in _STATISTICS:
        if found := pattern.fullmatch(name):
            numbers = [group for group in found.groups() if group]
            told = words if words.count("{}") <= len(numbers) else words.replace("{}", "")
            return told.format(*numbers) or name.replace("_", " "), unit.format(*numbers)
    return name.replace("_", " "), ""


def statistic_text(value: float | None) -> str:
    """A number of any size in at least five digits, very small and large ones with an exponent."""
    if value is None or not math.isfinite(value):
        return NONE_SHOWN
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)))
    if not -4 <= power < 9:
        return f"{value:.4e}".replace("-", "−")
    text = plain(value, max(1 if power < 6 else 0, 4 - power))
    return text.rstrip("0").rstrip(".") if "." in text else text


def settings_words(settings: Mapping[str, object]) -> str:
    """The settings of a signal on one line."""
    return ", ".join(f"{name} {_setting(value)}" for name, value in settings.items())


def wait_words(note: str, window: int | None, bar: str) -> str:
    """When a signal that warms up will have an opinion; "" where the engine does not say how far it is."""
    found = re.search(r"(\d+) of (\d+)", note)
    if found is None:
        return f"it needs {window} bars of {bar or 'its size'}" if window else note
    known, needed = int(found.group(1)), int(found.group(2))
    missing = max(0, needed - known)
    one, many = _BARS.get(bar, (f"bar of {bar}", f"bars of {bar}"))
    return f"{known} of {needed} bars known: an opinion in {counted(missing, f'more {one}', f'more {many}')}"


def bar_ms(bar: str) -> int:
    """Milliseconds of a bar size written as 15m, 4h or 1d; a day where it is not known."""
    found = re.fullmatch(r"(\d+)([mhd])", bar)
    return int(found.group(1)) * _UNIT_MS[found.group(2)] if found else _UNIT_MS["d"]


def _setting(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + " ".join(_setting(item) for item in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
