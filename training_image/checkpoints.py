"""Checkpoints: written whole or not at all, checked by a digest, the last two kept.

One is a folder: the weights and the best weights so far (safetensors), the optimiser's state
(torch.save, loaded with weights_only), and `state.json`, which names each file's SHA-256. A folder
appears under its final name by one rename, after its files are on the disk.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from training_image.job import JobError

KEPT = 2

Tensors = dict[str, torch.Tensor]


class DamagedError(Exception):
    """A checkpoint that is not what was written."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a run needs to go on as if it had never stopped."""

    step: int
    spec: dict[str, Any]
    """What the run is; a checkpoint of another spec is another run's."""
    progress: dict[str, Any]
    weights: Tensors
    best_weights: Tensors
    """Empty until the first evaluation."""
    optimizer: dict[str, Any]
    """The optimiser's and the loss scaler's state."""

    @property
    def name(self) -> str:
        """Name of its folder; names sort by step."""
        return f"step-{self.step:09d}"


class Checkpoints:
    """The checkpoints in one folder. Writing happens beside the training, one at a time."""

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._warn = warn
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._writing: Future[float] | None = None
        self.write_seconds = 0.0
        """What writing the last one took."""

    def newest(self, spec: Mapping[str, Any]) -> Checkpoint | None:
        """Reads the newest one that is whole; says so, and removes it, where one is not.

        Raises:
            JobError: it is of another run than the one that spec describes.
        """
        for path in reversed(self._paths()):
            try:
                found = _read(path)
            except DamagedError as error:
                self._warn(f"The checkpoint {path.name} is damaged ({error}); it is left out.")
                shutil.rmtree(path, ignore_errors=True)
            else:
                _refuse_another_run(found, spec)
                return found
        return None

    def save(self, checkpoint: Checkpoint) -> None:
        """Starts to write a checkpoint, whose tensors must not change any more."""
        self.finish()
        self._writing = self._writer.submit(self._write, checkpoint)

    def finish(self) -> None:
        """Waits until the checkpoint is written, and raises what went wrong with it."""
        if self._writing is not None:
            self.write_seconds = self._writing.result()
            self._writing = None

    def _write(self, checkpoint: Checkpoint) -> float:
        started = time.monotonic()
        final = self._folder / checkpoint.name
        if final.exists():  # the one that this attempt started from
            return 0.0
        self._folder.mkdir(parents=True, exist_ok=True)
        for partial in self._folder.glob(".partial-*"):
            shutil.rmtree(partial, ignore_errors=True)
        partial = self._folder / f".partial-{checkpoint.name}"
        partial.mkdir()
        _write_files(partial, checkpoint)
        partial.rename(final)
        _sync(self._folder)
        for old in self._paths()[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        return time.monotonic() - started

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("step-*"))


def copied(tensors: Tensors) -> Tensors:
    """Copies tensors to memory that training does not touch."""
    return {name: each.detach().to("cpu", copy=True).contiguous() for name, each in tensors.items()}


def copied_state(value: Any) -> Any:
    """Copies the tensors inside an optimiser's state, and leaves the rest as it is."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: copied_state(each) for key, each in value.items()}
    if isinstance(value, list):
        return [copied_state(each) for each in value]
    return value


def _write_files(folder: Path, checkpoint: Checkpoint) -> None:
    save_file(checkpoint.weights, folder / "weights.safetensors")
    save_file(checkpoint.best_weights, folder / "best.safetensors")
    torch.save(checkpoint.optimizer, folder / "optimizer.pt")
    files = sorted(folder.iterdir())
    state = {
        "step": checkpoint.step,
        "spec": checkpoint.spec,
        "progress": checkpoint.progress,
        "sha256": {path.name: _digest(path) for path in files},
    }
    state["digest"] = _state_digest(state)
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    for path in [*files, folder / "state.json"]:
        _sync(path)
    _sync(folder)


def _read(folder: Path) -> Checkpoint:
    try:
        state = json.loads((folder / "state.json").read_bytes())
        digest = state.pop("digest")
        if digest != _state_digest(state):
            raise DamagedError("state.json is not what was written")
        for name, expected in state["sha256"].items():
            if _digest(folder / name) != expected:
                raise DamagedError(f"{name} is not what was written")
    except FileNotFoundError as error:
        raise DamagedError(f"{Path(error.filename).name} is missing") from error
    except (ValueError, KeyError, AttributeError) as error:
        raise DamagedError("state.json cannot be read") from error
    return Checkpoint(
        step=state["step"],
        spec=state["spec"],
        progress=state["progress"],
        weights=load_file(folder / "weights.safetensors"),
        best_weights=load_file(folder / "best.safetensors"),
        optimizer=torch.load(folder / "optimizer.pt", map_location="cpu", weights_only=True),
    )


def _refuse_another_run(found: Checkpoint, spec: Mapping[str, Any]) -> None:
    differences = [
        f"the {name} differ"
        if name.endswith(" data")
        else f"{name} was {found.spec.get(name)!r} and now is {value!r}"
        for name, value in spec.items()
        if found.spec.get(name) != value
    ]
    if differences:
        raise JobError(
            f"The checkpoint {found.name} is of another run: {', '.join(differences)}. "
            "Start this one with an empty checkpoint folder."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state_digest(state: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
