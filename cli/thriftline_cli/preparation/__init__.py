"""Data preparation on this machine: the program of a checkout, in a Python that has Spark."""
