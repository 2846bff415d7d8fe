"""The seeds by which a test tells `quick_train.py` how to behave."""

FAILS, RUNS_ON, IS_BAD = 901, 902, 903
