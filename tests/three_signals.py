"""The three directional signals alone, for tests whose subject is not which signals decide."""

ALONE: dict[str, str | list[str]] = {
    f"signals.{name}.enabled": "false" for name in ("A4", "A6", "A7", "A9", "A11", "A12")
}
