"""Tests of the statistical signals."""
