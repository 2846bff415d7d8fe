"""Runs: what is submitted, how far it is, and how it ended."""
