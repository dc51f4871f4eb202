"""Values as TOML writes them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from engine.config_faults import dotted


def toml_text(value: object) -> str:
    """A value as it is written in the file; "" for a key that has none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False)
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case list() | tuple():
            return "[" + ", ".join(toml_text(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{dotted((k,))} = {toml_text(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)
