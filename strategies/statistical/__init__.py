"""Signals that are statistical tests: silent unless the window rejects chance."""
