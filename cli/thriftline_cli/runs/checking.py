"""Reads a run.yaml by the functions' own rules before anything is uploaded, where a checkout is."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from thriftline_cli.checkout import found

_CHECK = "thriftline.wiring.run_yaml_check"
_REFUSED = 3
_MOST_SECONDS = 60


def refusal_of(spec: Path, environ: Mapping[str, str]) -> str | None:
    """Returns why a run.yaml cannot be used; None where it can, or where nobody here knows.

    The rules are in no package of the command line: they are read in a process of the checkout,
    and without one, or without its packages, the stack alone says it.
    """
    checkout = found(Path.cwd())
    if checkout is None:
        return None
    own = checkout / ".venv/bin/python"
    known = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    try:
        done = subprocess.run(
            [str(own) if own.exists() else sys.executable, "-m", _CHECK, str(spec.absolute())],
            capture_output=True,
            text=True,
            check=False,
            timeout=_MOST_SECONDS,
            env={**known, "PYTHONPATH": str(checkout / "functions")},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stderr.strip() if done.returncode == _REFUSED else None
