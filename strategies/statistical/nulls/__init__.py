"""Null tables, made by `python -m tests.strategies.null_tables`."""
