"""Layers of functions: made by the very command that `sam build` runs, once for each content."""

import compileall
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_CACHE = Path(__file__).resolve().parents[2] / ".thriftline" / "layers"
_BUILD_SECONDS = 300


class LayerError(RuntimeError):
    """A layer could not be built."""


@dataclass(frozen=True)
class Layer:
    """A layer as the template has it; `method` is its BuildMethod, None where it is as it lies."""

    name: str
    folder: Path
    method: str | None = None


def layer_packages(layer: Layer, cache: Path = _CACHE) -> Path:
    """Return the folder that functions with this layer import from: /opt/python on Lambda.

    What else the layer has lies beside it, as on Lambda below /opt; the folder itself may not
    exist.

    Raises:
        LayerError: it cannot be built.
    """
    if layer.method is None:
        return layer.folder / "python"
    if layer.method != "makefile":
        raise LayerError(f"{layer.name}: the BuildMethod {layer.method} is not done here")
    target = cache / f"{layer.name}-{_digest(layer.folder)}"
    if not target.is_dir():
        _build(layer, target)
    return target / "python"


def _path() -> str:
    # Its python3 is this one, which has pip.
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    files = (each for each in folder.rglob("*") if each.is_file())
    for path in sorted(each for each in files if "__pycache__" not in each.parts):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _build(layer: Layer, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "layer"
        made.mkdir()
        # SAM runs it in a copy of the folder, and so nothing is left in the folder itself.
        source = shutil.copytree(layer.folder, Path(scratch) / "source")
        command = ["make", f"build-{layer.name}", f"ARTIFACTS_DIR={made}"]
        try:
            done = subprocess.run(
                command,
                cwd=source,
                env={**os.environ, "ARTIFACTS_DIR": str(made), "PATH": _path()},
                capture_output=True,
                text=True,
                timeout=_BUILD_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LayerError(f"{layer.name}: {' '.join(command)}: {error}") from error
        if done.returncode or not any(made.iterdir()):
            raise LayerError(
                f"{layer.name}: `{' '.join(command)}` in {layer.folder} gave nothing:\n"
                f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        # Functions write no bytecode of their own.
        compileall.compile_dir(made, quiet=1)
        try:
            made.rename(target)
        except OSError:
            # Another process was faster; what it made is the same.
            if not target.is_dir():
                raise
