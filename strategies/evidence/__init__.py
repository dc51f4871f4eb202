"""Signals with published evidence, one a file."""
