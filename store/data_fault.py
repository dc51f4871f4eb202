"""The one way recorded market data is refused."""

from __future__ import annotations


class DataFault(Exception):
    """Market data that cannot be used; the message names file, row and fault in one line."""
