"""Tests of the classical signals."""
