"""Parameters as an operator writes them: window=30 channels=[[20, 10], [55, 20]] response=sign."""

from __future__ import annotations

import json
import re
from typing import Any

SHOWN = 60
_NEXT = re.compile(r"\s+(?=[^\s=\[\]{}\",]+=)")


class AssignmentFault(ValueError):
    """What is written assigns nothing; the message is one line."""


def assignments(text: str) -> dict[str, Any]:
    """The values by name, read as JSON, bare words as text. Raises AssignmentFault."""
    found: dict[str, Any] = {}
    for part in _NEXT.split(text.strip()) if text.strip() else ():
        key, equals, value = part.partition("=")
        if not equals or not key or not value:
            raise AssignmentFault(f"{part[:SHOWN]}: write it as name=value")
        if len(key) > SHOWN:
            raise AssignmentFault(f"{key[:SHOWN]}...: no parameter has so long a name")
        if key in found:
            raise AssignmentFault(f"{key} is given twice")
        try:
            found[key] = json.loads(value, parse_constant=_no_number)
        except (ValueError, RecursionError):
            if " " in value:
                raise AssignmentFault(f"{part[:SHOWN]}: write it as name=value") from None
            found[key] = value
    return found


def _no_number(text: str) -> None:
    raise ValueError(text)
