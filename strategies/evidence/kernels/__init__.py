"""Compiled kernels of the evidence signals, each loaded with the signal it belongs to."""
