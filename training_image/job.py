"""SageMaker's side of a training job: its folders, its files, its signals, its exit codes.

The layout is that of a training container, below `/opt/ml` or `SAGEMAKER_BASE_DIR`. Standard
library only, so that SIGTERM is already understood while torch is still being imported.
"""

import contextlib
import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

SUCCEEDED, FAILED = 0, 1
INTERRUPTED = 128 + signal.SIGTERM
"""Exit codes. An interrupted job is not a success, whatever it saved."""

MAX_FAILURE_CHARACTERS = 1000  # SageMaker shows the first 1,024 of them as the failure reason


class JobError(Exception):
    """What the user has to mend. The message is the sentence that `output/failure` gets."""


class DivergedError(JobError):
    """The loss is not a number any more: other hyperparameters may do better."""


class StopRequestedError(Exception):
    """SIGTERM came: the instance is wanted back, or somebody stopped the job."""


class StopSignal:
    """Remembers SIGTERM until the program is at a place where it can stop."""

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        """Takes SIGTERM from now on; as the first process of a container it would be ignored."""
        signal.signal(signal.SIGTERM, self._remember)

    def _remember(self, _signal: int, _frame: object) -> None:
        self.requested = True

    def check(self) -> None:
        """Raises StopRequestedError when a stop was asked for."""
        if self.requested:
            raise StopRequestedError


@dataclass(frozen=True)
class Job:
    """The folders of one training job."""

    base: Path
    checkpoint_interval: str = ""
    """Seconds between checkpoints; empty for as often as is cheap."""
    usd_per_hour: str = ""
    """What all instances of the job cost an hour together; empty where nobody has told."""
    compile_mode: str = ""
    """Whether to compile the network; empty for where it pays."""
    trial: str = ""
    """Name of the trial of a sweep that this is; each has checkpoints of its own."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Job":
        """Returns the job below `SAGEMAKER_BASE_DIR`, by default `/opt/ml`."""
        return cls(
            base=Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml"),
            checkpoint_interval=environment.get("THRIFTLINE_CHECKPOINT_SECONDS", ""),
            usd_per_hour=environment.get("THRIFTLINE_USD_PER_HOUR", ""),
            compile_mode=environment.get("THRIFTLINE_COMPILE", ""),
        )

    @property
    def checkpoint_seconds(self) -> float | None:
        """Seconds between checkpoints, None for as often as is cheap."""
        try:
            return float(self.checkpoint_interval) if self.checkpoint_interval else None
        except ValueError as error:
            raise JobError(
                f"THRIFTLINE_CHECKPOINT_SECONDS is {self.checkpoint_interval!r}, not a number."
            ) from error

    @property
    def hourly_rate_usd(self) -> Decimal | None:
        """Dollars an hour of the whole job, None where nobody has told."""
        try:
            rate = Decimal(self.usd_per_hour) if self.usd_per_hour else None
        except InvalidOperation:
            rate = Decimal(-1)
        if rate is not None and not (rate.is_finite() and rate >= 0):
            raise JobError(
                f"THRIFTLINE_USD_PER_HOUR is {self.usd_per_hour!r}, not a number of dollars."
            )
        return rate

    @property
    def model(self) -> Path:
        """Becomes model.tar.gz."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """Its `data` folder becomes output.tar.gz."""
        return self.base / "output"

    @property
    def checkpoints(self) -> Path:
        """Kept in S3 while the job runs, and given back to the next attempt."""
        folder = self.base / "checkpoints"
        return folder / "sweep" / self.trial if self.trial else folder

    def hyperparameters(self) -> dict[str, object]:
        """Reads `input/config/hyperparameters.json`."""
        values = self._read_config("hyperparameters.json")
        if not isinstance(values, dict):
            raise JobError("input/config/hyperparameters.json must hold one JSON object.")
        return values

    def hosts(self) -> tuple[list[str], int]:
        """Returns the names of the job's instances, the first of which leads, and our place there.

        Where no `resourceconfig.json` says more, there is one.
        """
        values = self._resources()
        if values is None:
            return ["algo-1"], 0
        hosts = values.get("hosts") if isinstance(values, dict) else None
        if not isinstance(hosts, list) or not hosts:
            raise JobError("input/config/resourceconfig.json names no hosts.")
        names = sorted(map(str, hosts), key=_numbered)
        current = str(values.get("current_host", names[0] if len(names) == 1 else ""))
        if current not in names:
            raise JobError(
                f"input/config/resourceconfig.json names {current!r} as current_host, which is not "
                "among its hosts."
            )
        return names, names.index(current)

    def network_interface(self) -> str | None:
        """Returns the name of the interface on which the instances reach each other."""
        values = self._resources()
        return values.get("network_interface_name") if isinstance(values, dict) else None

    def _resources(self) -> Any:
        """Returns what SageMaker says of the instances, None where it says nothing."""
        name = "resourceconfig.json"
        told = (self.base / "input" / "config" / name).is_file()
        return self._read_config(name) if told else None

    def channel(self, name: str) -> Path | None:
        """Returns the folder of an input channel, None where the job has no such channel."""
        path = self.base / "input" / "data" / name
        return path if path.is_dir() else None

    def write_failure(self, sentence: str) -> None:
        """Writes why the job failed, where SageMaker looks for it; of several ranks the first."""
        self.output.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), self.failure.open("x", encoding="utf-8") as file:
            file.write(sentence[:MAX_FAILURE_CHARACTERS])

    @property
    def failure(self) -> Path:
        """Says why the job failed."""
        return self.output / "failure"

    def _read_config(self, name: str) -> Any:
        path = self.base / "input" / "config" / name
        try:
            return json.loads(path.read_bytes())
        except OSError as error:
            raise JobError(f"input/config/{name} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise JobError(f"input/config/{name} is not JSON: {error}.") from error


def _numbered(host: str) -> tuple[int, str]:
    """Sorts algo-10 behind algo-9."""
    digits = host.rpartition("-")[2]
    return (int(digits) if digits.isdigit() else 0, host)


def write_json(path: Path, value: object) -> None:
    """Writes a JSON file that is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
