"""The places where the program of ``preparation/`` may run."""
