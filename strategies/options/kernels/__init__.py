"""Compiled option arithmetic, each part loaded by what first needs it."""
