"""Reads a systemd unit the way systemd does: a key may repeat, an empty value clears what came before."""

from pathlib import Path

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "quarterdeck.service"


def directives(text: str) -> dict[str, list[str]]:
    """Section-qualified directives of a unit ("Service.Type"), each with its values in file order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", ";")):
            continue
        if stripped.startswith("["):
            section = stripped.strip("[]")
            continue
        key, _, value = stripped.partition("=")
        values = found.setdefault(f"{section}.{key.strip()}", [])
        if not value.strip():
            values.clear()
        else:
            values.append(value.strip())
    return found
