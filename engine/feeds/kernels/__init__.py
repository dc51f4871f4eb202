"""Compiled laws of what the simulated market shows beside its prices: loaded where a feed is asked for it."""
