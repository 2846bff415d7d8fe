"""The pinned node, which tests run programs with."""

import sys
from pathlib import Path


def node() -> str:
    """Returns the node beside this Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("node")
    return str(beside) if beside.exists() else "node"
