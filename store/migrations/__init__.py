"""Numbered SQL files, applied in order; the number of the last one is the schema's version."""
