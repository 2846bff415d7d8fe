"""`training_image/train` and `serve` start by hand with any Python, and go on in `.venv`."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_python_without_torch_goes_on_in_the_own_environment(tmp_path: Path) -> None:
    bare = Path(os.path.realpath(sys.executable))
    done = subprocess.run(
        [bare, "-S", ROOT / "training_image/train"],
        env={"PATH": "/usr/bin:/bin", "SAGEMAKER_BASE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "hyperparameters.json cannot be read" in done.stderr
    assert "ModuleNotFoundError" not in done.stderr


def test_both_launchers_look_for_it_before_anything_else() -> None:
    for name in ("train", "serve"):
        text = (ROOT / "training_image" / name).read_text()
        assert text.index("use_own_environment(__file__)") < text.index("StopSignal()")
