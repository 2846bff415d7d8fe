"""The container engine, through its command line."""

import subprocess


def docker(*arguments: str, given: str | None = None) -> str:
    """Does one thing, which must succeed; returns what it printed."""
    done = subprocess.run(
        ["docker", *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
