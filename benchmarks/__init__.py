"""Benchmarks, one table each; see docs/benchmarks.md."""
