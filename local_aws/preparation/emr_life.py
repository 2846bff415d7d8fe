"""The life of a job run of EMR Serverless, from SUBMITTED to its end, in a thread of its own."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local_aws.preparation.job_run import JobRun, OnState
from local_aws.preparation.logs import DriverLogs
from local_aws.preparation.options import (
    PreparationFaultKind,
    PreparationFaults,
    PreparationOptions,
)
from local_aws.preparation.program import Command, Outcome, Program
from local_aws.preparation.spark_settings import driver_variables
from local_aws.preparation.storage import RoleStorage
from local_aws.preparation.workers import NoCapacityError, WorkerPool
from local_aws.training.process_sessions import ProcessSessions
from local_aws.training.queue import JobQueue

LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 0.05
NO_CAPACITY = "Insufficient capacity: no workers are available for the job run now."
INTERNAL = "Internal service error: the job run could not go on."
DRIVER_LOST = "The host of the driver was terminated. ExitCode: 137."
TIMED_OUT = "Job run exceeded its executionTimeoutMinutes of {minutes} and was cancelled: timed out"


@dataclass(frozen=True)
class EmrWorld:
    """What the runs of one account and region share.

    Args:
        now: the clock's time, which `clock.advance` moves.
        quota: how many vCPUs the account may have.
        queued_before: how many runs of an application are before one in its queue.
    """

    options: PreparationOptions
    faults: PreparationFaults
    sessions: ProcessSessions
    pool: WorkerPool
    places: JobQueue
    scratch: Path
    now: Callable[[], datetime]
    quota: Callable[[], int]
    on_state: OnState
    on_retry: Callable[[JobRun], None]
    logs: Callable[[JobRun, RoleStorage], DriverLogs]
    storage: Callable[[JobRun], RoleStorage]


class EmrLife:
    """Lives one run; `cancel` ends it as CancelJobRun does, `close` at once."""

    def __init__(
        self,
        run: JobRun,
        world: EmrWorld,
        application: Mapping[str, Any],
        has_turn: Callable[[], bool],
        queue_minutes: int,
    ) -> None:
        self.run = run
        self._world = world
        self._application = application
        self._has_turn = has_turn
        self._queue_minutes = queue_minutes
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._has_place = False
        self._attempt_began = run.created_at
        self._thread = threading.Thread(target=self._live, name=f"emr-{run.id}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self, grace_seconds: float) -> None:
        """Let it end."""
        self.run.grace_seconds = grace_seconds
        self.run.cancelled.set()
        self._wake.set()

    def announce(self, before: str) -> None:
        """Tell of a state that somebody else has put it into."""
        self._world.on_state(self.run, before)

    def close(self) -> None:
        """End it at once, and wait until nothing of it is left."""
        self._closed.set()
        self.cancel(0)
        if self._thread.is_alive():
            self._thread.join()

    # ---- States

    def _live(self) -> None:
        run, world = self.run, self._world
        try:
            state, details = self._through()
        except Exception:
            LOG.exception("the job run %s failed", run.name)
            state, details = "FAILED", INTERNAL
        self._account()
        world.pool.give_back(run)
        if self._has_place:
            world.places.leave(run.id)
        if run.cancelled.is_set() and state != "SUCCESS":
            state, details = "CANCELLED", "The job run was cancelled by request."
        self._enter(state, details)

    def _through(self) -> tuple[str, str]:
        """Go through all states; return the last, and what is said of it."""
        if problem := self._wait_for_turn():
            return "FAILED", problem
        self._enter("PENDING", "The job run waits for workers.")
        if problem := self._wait_for_workers():
            return "FAILED", problem
        self._enter("SCHEDULED", "The job run's workers are being started.")
        self._wait(lambda: False, self._world.options.startup_seconds)
        if self.run.cancelled.is_set():
            return "CANCELLED", ""
        self._enter("RUNNING", "The job run is running.")
        return self._attempts()

    def _enter(self, state: str, details: str) -> None:
        before = self.run.enter(state, details, self._world.now())
        if before is not None:
            self._world.on_state(self.run, before)

    def _wait_for_turn(self) -> str:
        """Wait in the application's queue; return why it ended, nothing where it is its turn."""
        if self._has_turn():
            return ""
        began, now = self._world.now(), self._world.now
        self._enter("QUEUED", "The job run waits in the queue of its application.")
        limit = timedelta(minutes=self._queue_minutes)
        self._wait(lambda: self._has_turn() or now() - began >= limit)
        self.run.queued_seconds = (now() - began) / timedelta(seconds=1)
        if self._has_turn() or self.run.cancelled.is_set():
            return ""
        return f"The job run waited longer in the queue than its queue timeout, {limit}."

    def _wait_for_workers(self) -> str:
        run, world = self.run, self._world
        if world.faults.take(run.name, PreparationFaultKind.CAPACITY):
            return NO_CAPACITY
        if fault := world.faults.take(run.name, PreparationFaultKind.HOLD):
            released = world.faults.releases
            self._wait(lambda: world.faults.releases > released, fault.seconds or None)
        try:
            self._wait(lambda: world.pool.take(run, self._application, world.quota()))
        except NoCapacityError as error:
            return str(error)
        # A laptop has so many cores; on AWS each run has its own. Nothing is billed for this wait.
        world.places.join(run.id)
        self._has_place = True
        self._wait(lambda: not world.places.ahead_of(run.id))
        return ""

    def _wait(self, done: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait until something is so, the seconds are over, or somebody cancels the run."""
        waited = 0.0
        while not self.run.cancelled.is_set() and not done():
            if seconds is not None and waited >= seconds:
                return
            self._wake.wait(_LOOK_SECONDS)
            waited += _LOOK_SECONDS

    # ---- Attempts

    def _attempts(self) -> tuple[str, str]:
        run, world = self.run, self._world
        while True:
            self._attempt_began = world.now()
            state, details = self._attempt()
            if state != "FAILED" or run.attempt >= run.attempts or run.cancelled.is_set():
                return state, details
            self._account()
            run.attempt += 1
            run.attempt_created_at = world.now()
            world.on_retry(run)

    def _attempt(self) -> tuple[str, str]:
        run, world = self.run, self._world
        self._wait(lambda: self._is_late() or world.pool.grow(run, self._application))
        if run.cancelled.is_set():
            return "CANCELLED", ""
        if self._is_late():
            return "CANCELLED", TIMED_OUT.format(minutes=run.minutes)
        outcome = self._program().run(self._is_over, lambda: run.grace_seconds)
        late = self._is_late()
        if not self._closed.is_set():
            self._logs().write(outcome)
        return self._ending(outcome, late)

    def _program(self) -> Program:
        run, world = self.run, self._world
        driver = run.request["jobDriver"]["sparkSubmit"]
        command = Command(
            run.name,
            driver["entryPoint"],
            list(driver.get("entryPointArguments") or ()),
            run.settings,
            driver_variables(run.settings),
        )
        folder = world.scratch / f"{run.id}-{run.attempt}"
        return Program(
            command, world.storage(run), folder, world.options, world.sessions, world.faults
        )

    def _logs(self) -> DriverLogs:
        return self._world.logs(self.run, self._world.storage(self.run))

    def _is_over(self) -> bool:
        return self.run.cancelled.is_set() or self._is_late()

    def _is_late(self) -> bool:
        return self._world.now() - self._attempt_began >= timedelta(minutes=self.run.minutes)

    def _ending(self, outcome: Outcome, late: bool) -> tuple[str, str]:
        if self.run.cancelled.is_set():
            return "CANCELLED", ""
        if outcome.fault is PreparationFaultKind.INTERNAL_ERROR:
            return "FAILED", INTERNAL
        if outcome.fault is PreparationFaultKind.DRIVER_LOST:
            return "FAILED", DRIVER_LOST
        if outcome.exit_code == 0 and not outcome.problem:
            return "SUCCESS", "The job run completed."
        if late:
            return "CANCELLED", TIMED_OUT.format(minutes=self.run.minutes)
        return "FAILED", (
            "Job failed, please check complete logs in configured logging destination. "
            f"ExitCode: {outcome.exit_code}. Last few exceptions: {outcome.last_words}"
        )

    def _account(self) -> None:
        """Add what the attempt used; a run that never ran used nothing."""
        run = self.run
        if run.started_at is not None:
            run.count((self._world.now() - self._attempt_began) / timedelta(seconds=1))
