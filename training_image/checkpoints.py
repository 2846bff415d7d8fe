"""Checkpoints: made beside the training, written whole or not at all, the last two kept.

One is a folder: `training.safetensors` (the weights and the optimiser's moments),
`best.safetensors` (the best weights so far; the same file in each folder, until there are better
ones) and `state.json`, which names the digest of each. A folder appears under its final name by
one rename, after its files are on the disk.
"""

import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import xxhash

from training_image.job import JobError
from training_image.tensor_files import TensorFile, Tensors, digest_of

KEPT = 2
UPLOAD_BYTES_PER_SECOND = 100e6
"""How fast SageMaker copies checkpoints to S3: a cautious guess, instances have 5 Gbit/s and more.
What is removed here before it is there, S3 never has."""
TRAINING, BEST, STATE = "training.safetensors", "best.safetensors", "state.json"


class DamagedError(Exception):
    """A checkpoint that is not what was written."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a run needs to go on as if it had never stopped.

    There is no generator's state and no place in the data: both follow from seed and step.
    """

    step: int
    spec: dict[str, Any]
    """What the run is; a checkpoint of another spec is another run's."""
    progress: dict[str, Any]
    """Step, best so far, early stopping, time used: whatever `Progress` has."""
    tensors: Tensors = field(repr=False)
    """Weights and moments, as `training_tensors` names them."""
    best_weights: Tensors = field(repr=False)
    """Empty until the first evaluation. Not changed afterwards: better ones are other tensors."""
    scaler: dict[str, Any]
    """The state of the loss scaler; empty where there is none."""

    @property
    def name(self) -> str:
        """Name of its folder; names sort by step."""
        return f"step-{self.step:09d}"


class Checkpoints:
    """The checkpoints in one folder, made one at a time by a thread beside the training.

    The thread spends its time in copying, hashing and writing long runs of memory, for which it
    does not need the interpreter; a process of its own would not disturb the training less.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._warn = warn
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._making: Future[str | None] | None = None
        self._copy: TensorFile | None = None
        self._copied = threading.Event()
        self._copied.set()
        self._best: Tensors = {}
        """The best weights in the newest checkpoint."""
        self.write_seconds = 0.0
        """How long the last one took, from its begin to the disk."""
        self.written_bytes = 0
        """Its size."""

    @property
    def busy(self) -> bool:
        """Whether one is being made."""
        return self._making is not None and not self._making.done()

    @property
    def seconds_until_durable(self) -> float:
        """From the begin of one until it is on the disk and in S3; 0 before the first."""
        return self.write_seconds + self.written_bytes / UPLOAD_BYTES_PER_SECOND

    def newest(self, spec: Mapping[str, Any]) -> Checkpoint | None:
        """Reads the newest one that is whole; says so, and removes it, where one is not.

        The next checkpoint overwrites its tensors.

        Raises:
            JobError: it is of another run than the one that spec describes.
        """
        for path in reversed(self._paths()):
            try:
                found, memory = _read(path)
            except DamagedError as error:
                self._warn(f"The checkpoint {path.name} is damaged ({error}); it is left out.")
                shutil.rmtree(path, ignore_errors=True)
            else:
                _refuse_another_run(found, spec)
                self._best = found.best_weights
                self._copy = memory  # for the next one, where there is no GPU
                return found
        return None

    def prepare(self, tensors: Tensors) -> None:
        """Begins to get the memory for copies of such tensors, which takes a while."""
        self.finish()
        self._making = self._thread.submit(self._prepare, tensors)

    def save(self, checkpoint: Checkpoint) -> None:
        """Begins to make a checkpoint. A failure is a warning: the one before it is still there.

        Its tensors may be read, but not changed before `wait_until_copied` has returned.
        """
        self.finish()
        self._begin(checkpoint)
        self._making = self._thread.submit(self._save, checkpoint)

    def save_last(self, checkpoint: Checkpoint) -> None:
        """Makes a checkpoint, and reads it back from the disk.

        Raises:
            JobError: it cannot be written.
        """
        self.finish()
        self._begin(checkpoint)
        try:
            self._thread.submit(self._write, checkpoint, verify=True).result()
        except (OSError, DamagedError) as error:
            raise JobError(self._not_written(checkpoint, error)) from error

    def wait_until_copied(self) -> None:
        """Returns when the tensors of the checkpoint that is being made may be changed."""
        self._copied.wait()

    def finish(self) -> None:
        """Waits for the checkpoint that is being made; says so where that failed."""
        if self._making is not None:
            problem = self._making.result()
            self._making = None
            if problem:
                self._warn(f"{problem} Training goes on.")

    def _begin(self, checkpoint: Checkpoint) -> None:
        self._copied.clear()
        self._begun = time.monotonic()
        device = next(iter(checkpoint.tensors.values())).device
        # On a GPU the copies stand in line behind what has been computed until now.
        self._computed = (
            torch.cuda.current_stream(device).record_event() if device.type == "cuda" else None
        )
        self._device = device

    # In the thread

    def _prepare(self, tensors: Tensors) -> None:
        if self._copy is None or not self._copy.fits(tensors):
            self._copy = TensorFile.like(tensors)

    def _save(self, checkpoint: Checkpoint) -> str | None:
        try:
            self._write(checkpoint)
        except (OSError, DamagedError) as error:
            return self._not_written(checkpoint, error)
        return None

    def _write(self, checkpoint: Checkpoint, *, verify: bool = False) -> None:
        try:
            self._prepare(checkpoint.tensors)
            assert self._copy is not None
            self._copy_in(self._copy, checkpoint.tensors)
        finally:
            self._copied.set()
        final = self._folder / checkpoint.name
        if final.exists():  # the one that this attempt started from, or was made just now
            with suppress(DamagedError):
                if verify:
                    _verify(final)
                return
            shutil.rmtree(final)
        try:
            self._write_folder(self._copy, checkpoint, verify)
        except (OSError, DamagedError):
            # Perhaps there is room without the older ones. The newest stays in any case.
            self._remove_all_but(1)
            self._write_folder(self._copy, checkpoint, verify)
        self._best = checkpoint.best_weights
        self._remove_all_but(KEPT)
        self.write_seconds = time.monotonic() - self._begun

    def _copy_in(self, room: TensorFile, tensors: Tensors) -> None:
        if self._computed is None:
            room.copy(tensors)
            return
        stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        stream.wait_event(self._computed)
        with torch.cuda.stream(stream):
            room.copy(tensors)
        stream.synchronize()

    def _write_folder(self, copy: TensorFile, checkpoint: Checkpoint, verify: bool) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._remove_partial()
        partial = self._folder / f".partial-{checkpoint.name}"
        try:
            partial.mkdir()
            digests = {
                TRAINING: copy.write(partial / TRAINING),
                BEST: self._write_best(partial / BEST, checkpoint.best_weights),
            }
            _write_state(partial / STATE, checkpoint, digests)
            _sync(partial)
            if verify:
                _verify(partial)
            self.written_bytes = sum(each.stat().st_size for each in partial.iterdir())
            partial.rename(self._folder / checkpoint.name)
            _sync(self._folder)
        finally:
            self._remove_partial()

    def _write_best(self, path: Path, weights: Tensors) -> str:
        """Links the file of the checkpoint before, where that has the same weights."""
        if weights is self._best and (paths := self._paths()):
            with suppress(OSError, ValueError, KeyError):  # a file system without links
                state = json.loads((paths[-1] / STATE).read_bytes())
                path.hardlink_to(paths[-1] / BEST)
                return str(state["digests"][BEST])
        file = TensorFile.like(weights)
        file.copy(weights)
        return file.write(path)

    def _remove_partial(self) -> None:
        for partial in self._folder.glob(".partial-*"):
            shutil.rmtree(partial, ignore_errors=True)

    def _remove_all_but(self, kept: int) -> None:
        for old in self._paths()[:-kept]:
            shutil.rmtree(old, ignore_errors=True)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("step-*"))

    def _not_written(self, checkpoint: Checkpoint, error: Exception) -> str:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
        paths = self._paths()
        kept = f"That of step {int(paths[-1].name[5:])} is kept." if paths else "There is none yet."
        return (
            f"The checkpoint of step {checkpoint.step} cannot be written: {reason}. {kept}"
            + " Give the job a larger volume." * full
        )


def training_tensors(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    """Names the tensors that steps change: weights and moments. They are no copies."""
    weights = network.state_dict()
    moments: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
    tensors = {f"weights.{name}": each for name, each in weights.items()}
    for index, values in moments.items():
        tensors.update({f"moments.{index}.{name}": each for name, each in values.items()})
    return tensors


def load_training_tensors(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, tensors: Tensors
) -> None:
    """Takes up what `training_tensors` named. The optimiser's settings follow from the config."""
    weights: Tensors = {}
    moments: dict[int, Tensors] = {}
    for key, tensor in tensors.items():
        kind, _, name = key.partition(".")
        if kind == "weights":
            weights[name] = tensor
        else:
            index, _, name = name.partition(".")
            # Its own memory: the file's is read page by page.
            moments.setdefault(int(index), {})[name] = tensor.clone()
    network.load_state_dict(weights)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _write_state(path: Path, checkpoint: Checkpoint, digests: dict[str, str]) -> None:
    state = {
        "step": checkpoint.step,
        "spec": checkpoint.spec,
        "progress": checkpoint.progress,
        "scaler": checkpoint.scaler,
        "digests": digests,
    }
    state["digest"] = _state_digest(state)
    with path.open("w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads((folder / STATE).read_bytes())
        digest = state.pop("digest")
    except (ValueError, KeyError, AttributeError) as error:
        raise DamagedError(f"{STATE} cannot be read") from error
    if digest != _state_digest(state):
        raise DamagedError(f"{STATE} is not what was written")
    return state


def _verify(folder: Path) -> None:
    """Compares a checkpoint's files on the disk with their digests."""
    with _damage(folder):
        for name, digest in _read_state(folder)["digests"].items():
            if digest_of(folder / name) != digest:
                raise DamagedError(f"{name} is not what was written")


def _read(folder: Path) -> tuple[Checkpoint, TensorFile]:
    """Returns a checkpoint, and the memory of its tensors."""
    with _damage(folder):
        state = _read_state(folder)
        training, best = (
            TensorFile.read(folder / name, state["digests"][name]) for name in (TRAINING, BEST)
        )
        found = Checkpoint(
            step=state["step"],
            spec=state["spec"],
            progress=state["progress"],
            tensors=training.tensors,
            best_weights=best.tensors,
            scaler=state["scaler"],
        )
        return found, training


@contextmanager
def _damage(folder: Path) -> Iterator[None]:
    """Says of a file that cannot be read what is wrong with it."""
    try:
        yield
    except FileNotFoundError as error:
        raise DamagedError(f"{Path(error.filename or folder).name} is missing") from error
    except OSError as error:
        raise DamagedError(f"{Path(error.filename or folder).name}: {error.strerror}") from error
    except ValueError as error:
        raise DamagedError(str(error)) from error
    except KeyError as error:
        raise DamagedError("it is of another version of this program") from error


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


def _state_digest(state: dict[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(state, sort_keys=True).encode())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
