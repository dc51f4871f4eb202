"""Signals of the classical toolbox: rules without a test of significance."""
