"""The one way recorded market data is refused."""

from __future__ import annotations


class DataFault(Exception):
    """Market data that cannot be used; the message names file, row and fault in one line."""

    def __init__(self, message: str) -> None:
        # File names and cells are quoted as they are, and may hold anything.
        super().__init__("".join(sign if sign.isprintable() else "?" for sign in message))
