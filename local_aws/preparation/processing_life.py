"""The life of a processing job with Spark, from InProgress to its end, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from local_aws.preparation.logs import WriteLog
from local_aws.preparation.options import PreparationFaultKind
from local_aws.preparation.processing_container import Container, container_in
from local_aws.preparation.processing_job import ProcessingJob
from local_aws.preparation.program import Command, Outcome, Program
from local_aws.preparation.programs import Programs
from local_aws.preparation.storage import DataError, RoleStorage

LOG = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_LOOK_SECONDS = 0.05
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a "
    "different ML instance type."
)
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."
TIMED_OUT = "The job ran longer than its MaxRuntimeInSeconds of {seconds}: maximum runtime exceeded"


@dataclass(frozen=True)
class ProcessingWorld:
    """What the jobs share; `now` is the clock's time, which `clock.advance` moves."""

    programs: Programs
    now: Callable[[], datetime]
    announce: Callable[[ProcessingJob], None]


class ProcessingLife:
    """Lives one job; `close` ends it at once."""

    def __init__(self, job: ProcessingJob, world: ProcessingWorld) -> None:
        self.job = job
        self._world = world
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._live, name=f"job-{job.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End it at once, and wait until nothing of it is left."""
        self._closed.set()
        self.job.stop_requested.set()
        if self._thread.is_alive():
            self._thread.join()

    def _live(self) -> None:
        job, world = self.job, self._world
        try:
            status, reason, message = self._run()
        except Exception:
            LOG.exception("the processing job %s failed", job.name)
            status, reason, message = "Failed", INTERNAL, ""
        if job.stop_requested.is_set():
            status, reason, message = "Stopped", "", ""
        job.end(status, end_of(job, world.now()), reason, message)
        world.announce(job)

    def _run(self) -> tuple[str, str, str]:
        job, programs = self.job, self._world.programs
        kind = self._instance_type()
        if kind is None:
            return "Failed", NO_CAPACITY, ""
        self._hold()
        programs.places.join(job.arn)
        try:
            self._wait(lambda: not programs.places.ahead_of(job.arn))
            self._wait(lambda: False, programs.options.startup_seconds)
            if job.stop_requested.is_set():
                return "Stopped", "", ""
            job.begin(kind, self._world.now())
            outcome = self._execute()
        finally:
            programs.places.leave(job.arn)
        return self._ending(outcome)

    def _instance_type(self) -> str | None:
        """Return the first type with capacity: each fault takes one away."""
        job, faults = self.job, self._world.programs.faults
        for kind in job.preferences:
            if faults.take(job.name, PreparationFaultKind.CAPACITY) is None:
                return kind
        return None

    def _hold(self) -> None:
        faults = self._world.programs.faults
        if fault := faults.take(self.job.name, PreparationFaultKind.HOLD):
            released = faults.releases
            self._wait(lambda: faults.releases > released, fault.seconds or None)

    def _wait(self, done: Callable[[], bool], seconds: float | None = None) -> None:
        waited = 0.0
        while not self.job.stop_requested.is_set() and not done():
            if seconds is not None and waited >= seconds:
                return
            self._closed.wait(_LOOK_SECONDS)
            waited += _LOOK_SECONDS

    # ---- The container

    def _execute(self) -> Outcome:
        job, programs = self.job, self._world.programs
        storage = programs.storage(job.arn, job.request["RoleArn"])
        with container_in(programs.scratch / f"container-{job.name}") as container:
            try:
                for each in job.request.get("ProcessingInputs") or ():
                    container.copy(each["S3Input"], storage)
                outcome = self._program(container, storage).run(self._is_over)
            except DataError as error:
                outcome = Outcome(1, problem=str(error))
        if not self._closed.is_set():
            self._log(outcome, programs.write_log)
        return outcome

    def _program(self, container: Container, storage: RoleStorage) -> Program:
        job, programs = self.job, self._world.programs
        specification = job.request["AppSpecification"]
        command = Command(
            job.name,
            str(container.place(specification["ContainerEntrypoint"][-1])),
            [container.argument(each) for each in specification.get("ContainerArguments") or ()],
            container.spark_settings(),
            job.request.get("Environment") or {},
        )
        folder = programs.scratch / f"processing-{job.name}"
        return Program(
            command, storage, folder, programs.options, programs.sessions, programs.faults
        )

    def _is_over(self) -> bool:
        return self.job.stop_requested.is_set() or self._is_late()

    def _is_late(self) -> bool:
        job = self.job
        assert job.started_at is not None
        return self._world.now() - job.started_at >= timedelta(seconds=job.most_seconds)

    def _log(self, outcome: Outcome, write_log: WriteLog) -> None:
        text = (outcome.stdout + outcome.stderr).decode(errors="replace")
        lines = [line for line in [*text.splitlines(), outcome.problem] if line.strip()]
        write_log(LOG_GROUP, f"{self.job.name}/algo-1", lines)

    def _ending(self, outcome: Outcome) -> tuple[str, str, str]:
        if outcome.fault is PreparationFaultKind.INTERNAL_ERROR:
            return "Failed", INTERNAL, ""
        if outcome.exit_code == 0 and not outcome.problem:
            return "Completed", "", ""
        if self._is_late():
            return "Stopped", "", TIMED_OUT.format(seconds=self.job.most_seconds)
        words = outcome.last_words
        return "Failed", f"AlgorithmError: {words[:900]}, exit code: {outcome.exit_code}", words


def end_of(job: ProcessingJob, now: datetime) -> datetime:
    """Return when a job that is over now ended: no instance runs beyond the limit."""
    if job.started_at is None:
        return now
    return min(now, job.started_at + timedelta(seconds=job.most_seconds))
