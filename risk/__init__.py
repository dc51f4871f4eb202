"""Sizing, limits, guards and the trading state: pure functions."""
