"""Signals and their blend: pure functions from windows of market data to readings."""
