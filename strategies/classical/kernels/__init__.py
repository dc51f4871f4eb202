"""Compiled kernels, one file per classical signal."""
