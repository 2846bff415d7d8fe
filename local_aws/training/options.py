"""How the embedded AWS runs training jobs, and the bad luck that can be put in their way."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from types import MappingProxyType

# The output of a program that writes to a pipe would come late; images set this as well.
_IMAGE_ENVIRONMENT = MappingProxyType({"PYTHONUNBUFFERED": "1"})


class FaultKind(StrEnum):
    """What can go wrong with a training job on AWS, and cannot by itself here."""

    QUOTA = "quota"
    """CreateTrainingJob is refused with ResourceLimitExceeded."""
    CAPACITY = "capacity"
    """The job fails with CapacityError before it trains."""
    CAPACITY_DELAY = "capacity_delay"
    """The job waits `after_seconds` for an instance."""
    INTERRUPTION = "interruption"
    """A Spot instance is taken away `after_seconds` into the training; others are spared."""
    INTERNAL_ERROR = "internal_error"
    """The job fails with InternalServerError `after_seconds` into the training."""


@dataclass(frozen=True)
class Fault:
    """One piece of bad luck, for the next `times` jobs or instances that it fits.

    `job` is a pattern of job names in which `*` stands for anything. A `graceful` interruption
    gives the program SIGTERM and time to write a checkpoint; any other kills it and loses what
    was not yet copied to S3.
    """

    kind: FaultKind
    job: str = "*"
    after_seconds: float = 0.0
    times: int = 1
    graceful: bool = True


@dataclass(frozen=True)
class TrainingOptions:
    """The settings of all training jobs.

    Args:
        startup_seconds: from Starting to Downloading; minutes on AWS, nothing here.
        stop_grace_seconds: between SIGTERM and SIGKILL, SageMaker's 120.
        spot_billable_fraction: what part of a Spot job's training time is billed. There is no
            Spot market here, so this is a stand-in and no forecast: savings on AWS differ.
        checkpoint_sync_seconds: between two copies of the checkpoint folder to S3.
        check_role: whether the role must exist and trust SageMaker.
        working_directory: where the program starts; the job's own folder unless given.
        image: a container image that every job runs in, whatever image it names; by default the
            training program is a process.
        image_environment: what the image's Dockerfile would set by ENV, for the process.
        faults: bad luck that waits from the start.
        places: how many jobs train at once; the others wait in Starting. One for each core.
    """

    startup_seconds: float = 0.0
    stop_grace_seconds: float = 120.0
    spot_billable_fraction: float = 0.3
    checkpoint_sync_seconds: float = 5.0
    check_role: bool = True
    working_directory: Path | None = None
    image: str | None = None
    image_environment: Mapping[str, str] = field(default_factory=lambda: _IMAGE_ENVIRONMENT)
    faults: Sequence[Fault] = ()
    places: int = field(default_factory=lambda: os.cpu_count() or 1)


class Faults:
    """The faults that still wait for a job; safe for threads."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._lock = Lock()
        self._waiting = list(faults)

    def add(self, *faults: Fault) -> None:
        """Let more bad luck wait."""
        with self._lock:
            self._waiting += faults

    def take(self, job: str, *kinds: FaultKind, seconds: float | None = None) -> Fault | None:
        """Take the first fault of these kinds for a job.

        With `seconds` given, only a fault whose time has come by then is taken.
        """
        with self._lock:
            for index, fault in enumerate(self._waiting):
                fits = fault.kind in kinds and fnmatchcase(job, fault.job)
                if not fits or (seconds is not None and fault.after_seconds > seconds):
                    continue
                if fault.times > 1:
                    self._waiting[index] = replace(fault, times=fault.times - 1)
                else:
                    del self._waiting[index]
                return fault
        return None
