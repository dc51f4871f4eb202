"""Tests of risk/."""
