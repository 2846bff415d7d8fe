"""Where the programs' packages are, when they are started by hand in a checkout."""

import importlib.util
import os
import sys
from pathlib import Path

_OWN_PYTHON = Path(__file__).resolve().parent.parent / ".venv/bin/python"


def use_own_environment(program: str) -> None:
    """Go on in `.venv`, where torch is missing here and `make setup` has made that.

    In the image, and in any environment that has torch, nothing happens.
    """
    if importlib.util.find_spec("torch") is not None:
        return
    if not _OWN_PYTHON.exists() or Path(sys.prefix).resolve() == _OWN_PYTHON.parents[1].resolve():
        sys.exit(f"{Path(program).name}: torch is missing: run make setup")
    os.execv(_OWN_PYTHON, [str(_OWN_PYTHON), program, *sys.argv[1:]])
