"""Compiled kernels, one file per statistical signal, and what they share."""
