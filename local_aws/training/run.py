"""The life of one training job, from Starting to its end, in a thread of its own."""

import contextlib
import itertools
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Any

from local_aws.training.container import (
    Launch,
    Launcher,
    MlFolder,
    TrainingProcess,
    failure_reason,
    lay_out,
)
from local_aws.training.logs import LogStream, read_output
from local_aws.training.options import FaultKind, Faults, TrainingOptions
from local_aws.training.queue import JobQueue
from local_aws.training.record import Ending, TrainingRecord
from local_aws.training.request import DEFAULT_MAX_RUNTIME_SECONDS
from local_aws.training.storage import CheckpointSync, DataError, JobStorage

LOG = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 0.05
_KILLED = 137

CAPACITY_REASON = (
    "CapacityError: Unable to provision requested ML compute capacity. "
    "Please retry using a different ML instance type."
)
INTERNAL_REASON = "InternalServerError: We encountered an internal error.  Please try again."
_NO_CAPACITY_YET = "Insufficient capacity error from EC2 while launching instances, retrying!"

_STOPPED = Ending("Stopped", "Stopped", "Training job stopped")
_OUT_OF_RUN_TIME = Ending(
    "Stopped", "MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds provided"
)
_OUT_OF_WAIT_TIME = Ending(
    "Stopped", "MaxWaitTimeExceeded", "Training job wait time exceeded MaxWaitTimeInSeconds"
)
_COMPLETED = Ending("Completed", "Completed", "Training job completed")


class _Cause(Enum):
    """Why a program was ended that would have gone on."""

    STOP = auto()
    OUT_OF_RUN_TIME = auto()
    OUT_OF_WAIT_TIME = auto()
    PLAN_ENDED = auto()
    INTERRUPTED = auto()
    LOST = auto()
    INTERNAL_ERROR = auto()
    CLOSED = auto()


_ENDINGS = {
    _Cause.STOP: _STOPPED,
    _Cause.OUT_OF_RUN_TIME: _OUT_OF_RUN_TIME,
    _Cause.OUT_OF_WAIT_TIME: _OUT_OF_WAIT_TIME,
    _Cause.PLAN_ENDED: Ending("Stopped", "Stopped", "The training plan of the job has ended"),
    _Cause.CLOSED: _STOPPED,
}
_NO_GRACE = frozenset({_Cause.LOST, _Cause.INTERNAL_ERROR, _Cause.CLOSED})


@dataclass(frozen=True)
class TrainingContext:
    """What every job of one account and region uses."""

    storage: JobStorage
    logs: Any
    launcher: Launcher
    options: TrainingOptions
    faults: Faults
    clock: Callable[[], datetime]
    announce: Callable[[TrainingRecord], None]
    aws_environment: Mapping[str, str]
    queue: JobQueue
    has_pool_room: Callable[[TrainingRecord], bool] = lambda _: True


class TrainingRun:
    """Runs a job; an interrupted one goes on, on a fresh machine, from its checkpoints in S3.

    A job on a training plan is stopped when that ends.
    """

    def __init__(
        self,
        record: TrainingRecord,
        context: TrainingContext,
        scratch: Path,
        plan_ends_at: datetime | None = None,
    ) -> None:
        self._plan_ends_at = plan_ends_at
        self._record = record
        self._request = record.request
        self._context = context
        self._scratch = scratch
        self._wake = threading.Event()
        self._is_stopping = False
        self._is_closed = False
        self._running_seconds = 0.0
        self._stream_second = 0
        self._instance_since: datetime | None = None
        self._model_artifacts: str | None = None
        strategy = self._request.get("RetryStrategy") or {}
        self._retries_left = int(strategy.get("MaximumRetryAttempts", 0))
        condition = self._request.get("StoppingCondition") or {}
        self._max_runtime = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS)
        self._max_wait = condition.get("MaxWaitTimeInSeconds")
        self._thread = threading.Thread(target=self._run, name=record.name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the program as StopTrainingJob does, without waiting for it."""
        self._is_stopping = True
        self._wake.set()

    def close(self) -> None:
        """Kill the program and wait until nothing of the job is left."""
        self._is_closed = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            ending = self._live()
        except DataError as error:
            ending = _failed(f"ClientError: {error}")
        except Exception:
            LOG.exception("training job %s", self._record.name)
            ending = _failed(INTERNAL_REASON)
        shutil.rmtree(self._scratch, ignore_errors=True)
        if self._is_closed:
            return
        self._record.end(
            ending,
            self._context.clock(),
            running_seconds=self._running_seconds,
            model_artifacts=self._model_artifacts,
            has_pool_room=self._context.has_pool_room(self._record),
        )
        self._context.announce(self._record)

    def _live(self) -> Ending:
        since = self._record.created_at
        for attempt in itertools.count(1):
            ending = self._wait_for_instance(since, is_first=attempt == 1)
            if ending is not None:
                return ending
            with self._in_the_queue():
                ending = self._wait_for_place() or self._use_instance(attempt)
            if ending is not None:
                return ending
            since = self._context.clock()
        raise AssertionError("unreachable")

    def _use_instance(self, attempt: int) -> Ending | None:
        place = self._scratch / str(attempt)
        with self._on_an_instance():
            ending = self._train_once(place)
        shutil.rmtree(place, ignore_errors=True)
        return ending

    @contextlib.contextmanager
    def _in_the_queue(self) -> Iterator[None]:
        self._context.queue.join(self._record.arn)
        try:
            yield
        finally:
            self._context.queue.leave(self._record.arn)

    def _wait_for_place(self) -> Ending | None:
        """Wait as a job does that gets no instance; return how it ended meanwhile, if it did."""
        told = 0
        while ahead := self._context.queue.ahead_of(self._record.arn):
            cause = self._cause_from_outside()
            if cause is not None:
                return _ENDINGS[cause]
            if ahead != told:
                jobs = "job" if ahead == 1 else "jobs"
                message = f"Waiting for a place on this machine: {ahead} {jobs} must end before"
                self._record.tell(message, self._context.clock())
                told = ahead
            self._wake.wait(_LOOK_EVERY_SECONDS)
        return None

    @contextlib.contextmanager
    def _on_an_instance(self) -> Iterator[None]:
        self._instance_since = self._context.clock()
        self._record.start_training(self._instance_since)
        try:
            yield
        finally:
            self._running_seconds = self._used_seconds()
            self._instance_since = None

    def _used_seconds(self) -> float:
        if self._instance_since is None:
            return self._running_seconds
        passed = self._context.clock() - self._instance_since
        return self._running_seconds + passed.total_seconds()

    def _wait_for_instance(self, since: datetime, *, is_first: bool) -> Ending | None:
        name, faults = self._record.name, self._context.faults
        message = "Preparing the instances for training"
        if is_first:
            self._record.tell(message, self._context.clock())
            self._context.announce(self._record)
        else:
            self._enter("Starting", message)
        if is_first and self._record.on_warm_instances:
            return self._wait_until(since)
        delay = faults.take(name, FaultKind.CAPACITY_DELAY)
        if delay is not None:
            self._record.tell(_NO_CAPACITY_YET, self._context.clock())
        waited = (delay.after_seconds if delay else 0.0) + self._context.options.startup_seconds
        ending = self._wait_until(since + timedelta(seconds=waited))
        if ending is None and faults.take(name, FaultKind.CAPACITY):
            ending = _failed(CAPACITY_REASON)
        return ending

    def _wait_until(self, moment: datetime) -> Ending | None:
        """Let time pass; return how the job ended meanwhile, if it did."""
        while True:
            cause = self._cause_from_outside()
            if cause is not None:
                return _ENDINGS[cause]
            if self._context.clock() >= moment:
                return None
            self._wake.wait(_LOOK_EVERY_SECONDS)

    def _train_once(self, place: Path) -> Ending | None:
        """Train on one instance; None when it was lost and the job goes on with another."""
        folder = MlFolder(place / "ml")
        for each in (place / "tmp", place / "home"):
            each.mkdir(parents=True)
        lay_out(folder, self._request)
        self._enter("Downloading", "Downloading input data")
        self._download(folder)
        cause = self._cause_from_outside()
        if cause is not None:
            return _ENDINGS[cause]
        self._enter("Training", "Training image download completed. Training in progress.")
        cause, code = self._train(folder)
        if cause in {_Cause.INTERRUPTED, _Cause.LOST}:
            self._enter("Interrupted", "The Spot instance was interrupted")
            return None
        if cause is _Cause.INTERNAL_ERROR:
            return self._retry_or_fail()
        if cause is not _Cause.CLOSED:
            self._upload(folder, place, with_model=cause is not None or code == 0)
        if cause is not None:
            return _ENDINGS[cause]
        return _COMPLETED if code == 0 else _failed(failure_reason(folder, code))

    def _retry_or_fail(self) -> Ending | None:
        if self._retries_left == 0:
            return _failed(INTERNAL_REASON)
        self._retries_left -= 1
        self._enter("Restarting", "Restarting the training job after an internal error")
        return None

    def _download(self, folder: MlFolder) -> None:
        storage = self._context.storage
        for channel in self._request.get("InputDataConfig") or ():
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            if not storage.download(uri, folder.channel(channel["ChannelName"])):
                raise DataError(f"Data download failed: no S3 objects found under {uri}")
        checkpoints = self._request.get("CheckpointConfig")
        if checkpoints:
            # A prefix without a slash at its end would also fetch its neighbours' objects.
            uri = f"{checkpoints['S3Uri'].rstrip('/')}/"
            storage.download(uri, folder.checkpoints(self._request))

    def _train(self, folder: MlFolder) -> tuple[_Cause | None, int]:
        context, record = self._context, self._record
        stream = LogStream(context.logs, self._stream_name())
        stream.open()
        launch = Launch(
            self._request,
            record.arn,
            folder,
            image_environment=context.options.image_environment,
            aws_environment=context.aws_environment,
        )
        process = context.launcher(launch)
        reader = threading.Thread(
            target=read_output, args=(process.output, stream, record.metrics, context.clock)
        )
        reader.start()
        sync = self._checkpoint_sync(folder)
        cause: _Cause | None = _Cause.LOST
        try:
            cause, code = self._supervise(process)
        finally:
            process.kill()
            reader.join()
            stream.close()
            if sync is not None:
                sync.stop(final=cause not in _NO_GRACE)
        return cause, code

    def _stream_name(self) -> str:
        # On AWS no second instance is there within the same second.
        self._stream_second = max(int(self._context.clock().timestamp()), self._stream_second + 1)
        return f"{self._record.name}/algo-1-{self._stream_second}"

    def _checkpoint_sync(self, folder: MlFolder) -> CheckpointSync | None:
        checkpoints = self._request.get("CheckpointConfig")
        if not checkpoints:
            return None
        sync = CheckpointSync(
            self._context.storage,
            folder.checkpoints(self._request),
            checkpoints["S3Uri"],
            self._context.options.checkpoint_sync_seconds,
        )
        sync.start()
        return sync

    def _supervise(self, process: TrainingProcess) -> tuple[_Cause | None, int]:
        since = self._context.clock()
        while True:
            code = process.poll()
            if code is not None:
                return None, code
            trained = (self._context.clock() - since).total_seconds()
            cause = self._cause_from_outside() or self._cause_on_instance(trained)
            if cause is not None:
                return cause, self._end_program(process, cause)
            self._wake.wait(_LOOK_EVERY_SECONDS)

    def _cause_from_outside(self) -> _Cause | None:
        if self._is_closed:
            return _Cause.CLOSED
        if self._is_stopping:
            return _Cause.STOP
        now = self._context.clock()
        if self._plan_ends_at is not None and now >= self._plan_ends_at:
            return _Cause.PLAN_ENDED
        waited = (now - self._record.created_at).total_seconds()
        if self._max_wait is not None and waited >= self._max_wait:
            return _Cause.OUT_OF_WAIT_TIME
        return None

    def _cause_on_instance(self, trained_seconds: float) -> _Cause | None:
        if self._used_seconds() >= self._max_runtime:
            return _Cause.OUT_OF_RUN_TIME
        name, faults = self._record.name, self._context.faults
        if faults.take(name, FaultKind.INTERNAL_ERROR, seconds=trained_seconds):
            return _Cause.INTERNAL_ERROR
        if not self._record.is_spot:
            return None
        fault = faults.take(name, FaultKind.INTERRUPTION, seconds=trained_seconds)
        if fault is None:
            return None
        return _Cause.INTERRUPTED if fault.graceful else _Cause.LOST

    def _end_program(self, process: TrainingProcess, cause: _Cause) -> int:
        code = None
        if cause not in _NO_GRACE:
            process.terminate()
            deadline = time.monotonic() + self._context.options.stop_grace_seconds
            while code is None and time.monotonic() < deadline and not self._is_closed:
                time.sleep(_LOOK_EVERY_SECONDS)
                code = process.poll()
        process.kill()
        return _KILLED if code is None else code

    def _upload(self, folder: MlFolder, scratch: Path, *, with_model: bool) -> None:
        self._enter("Uploading", "Uploading generated training model")
        storage, request = self._context.storage, self._request
        storage.upload_results(folder.output_data, "output", request, scratch)
        if with_model:
            self._model_artifacts = storage.upload_results(folder.model, "model", request, scratch)

    def _enter(self, secondary_status: str, message: str) -> None:
        self._record.enter(secondary_status, message, self._context.clock())
        self._context.announce(self._record)


def _failed(reason: str) -> Ending:
    return Ending("Failed", "Failed", "Training job failed", failure_reason=reason)
