"""Tests of console/link/."""
