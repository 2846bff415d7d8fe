"""A copy of what is deployed, in which a test may change a file."""

import shutil
from pathlib import Path

from local_aws.options import ROOT


def copy_application(folder: Path) -> Path:
    """Copies functions, layers, machines and template into a folder; returns the template."""
    for name in ("functions", "layers", "preparation", "statemachines"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copy(ROOT / "template.yaml", folder))
