"""Runs the programs of EMR Serverless's job runs and of processing jobs, until it is closed."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from local_aws.clock import Clock
from local_aws.preparation.emr_life import EmrLife, EmrWorld
from local_aws.preparation.job_run import JobRun
from local_aws.preparation.logs import DriverLogs, WriteLog
from local_aws.preparation.options import PreparationFaults, PreparationOptions
from local_aws.preparation.storage import RoleStorage
from local_aws.preparation.workers import WorkerPool
from local_aws.services.emr_serverless_store import Application, EmrServerlessStore
from local_aws.services.places import Places
from local_aws.services.service_quotas import QuotaStore
from local_aws.services.spark_quotas import VCPUS
from local_aws.training.process_sessions import ProcessSessions
from local_aws.training.queue import JobQueue

_RUN_STATE = "EMR Serverless Job Run State Change"
_RUN_RETRY = "EMR Serverless Job Run Retry"
# Account, region, detail type, detail.
Announce = Callable[[str, str, str, Mapping[str, Any]], None]


class Life(Protocol):
    """Something that runs, and ends at once when everything does."""

    def close(self) -> None:
        """End."""


class Programs:
    """What all programs share: processes, faults, places, a folder."""

    def __init__(
        self,
        options: PreparationOptions,
        scratch: Path,
        client: Callable[[str, str], Any],
        write_log: WriteLog,
    ) -> None:
        self.options = options
        self.faults = PreparationFaults(options.faults)
        self.sessions = ProcessSessions()
        self.places = JobQueue(options.places)
        self.scratch = scratch
        self.client = client
        self.write_log = write_log
        self._lock = threading.Lock()
        self._lives: list[Life] = []
        self._closed = False

    def keep(self, life: Life) -> bool:
        """Remember what runs, so that `close` ends it; False where it is too late to begin."""
        with self._lock:
            if not self._closed:
                self._lives.append(life)
            return not self._closed

    def storage(self, arn: str, role: str) -> RoleStorage:
        """Return what the role of a run or job may do in S3, where the run is."""
        region, account = arn.split(":")[3:5]
        judged = role if self.options.check_role else None
        return RoleStorage(self.client("s3", region), account, region, judged)

    def close(self) -> None:
        """End everything at once."""
        with self._lock:
            self._closed = True
            lives, self._lives = self._lives, []
        for life in lives:
            life.close()
        self.sessions.close()


class EmrRunner:
    """Runs job runs."""

    def __init__(
        self, programs: Programs, clock: Clock, quotas: Places[QuotaStore], announce: Announce
    ) -> None:
        self._programs = programs
        self._clock = clock
        self._quotas = quotas
        self._announce = announce
        self._pools = Places(lambda account, region: WorkerPool())
        self._lives: dict[str, EmrLife] = {}

    @property
    def options(self) -> PreparationOptions:
        """How."""
        return self._programs.options

    def begin(self, run: JobRun, application: Application, store: EmrServerlessStore) -> None:
        """Let a run live."""
        life = EmrLife(
            run,
            self._world(run, application, store),
            application.given,
            lambda: run in store.active_runs(application.id)[: application.most_runs],
            application.queue_minutes,
        )
        self._lives[run.id] = life
        self._announce_state(run, application, "SUBMITTED", "")
        if self._programs.keep(life):
            life.start()

    def cancel(self, run: JobRun, grace_seconds: float) -> None:
        """Let it end."""
        before = run.enter("CANCELLING", "The job run is being cancelled.", self._clock.now())
        life = self._lives[run.id]
        if before is not None:
            life.announce(before)
        life.cancel(grace_seconds)

    def _world(self, run: JobRun, application: Application, store: EmrServerlessStore) -> EmrWorld:
        programs, place = self._programs, (store.account, store.region)

        def on_state(changed: JobRun, before: str) -> None:
            self._announce_state(changed, application, changed.state, before)
            if not store.active_runs(application.id):
                application.idle_since = self._clock.service_time()

        return EmrWorld(
            options=programs.options,
            faults=programs.faults,
            sessions=programs.sessions,
            pool=self._pools.at(*place),
            places=programs.places,
            scratch=programs.scratch,
            now=self._clock.now,
            quota=lambda: self._quotas.at(*place).limit(VCPUS),
            on_state=on_state,
            on_retry=lambda changed: self._announce_retry(changed, application),
            logs=self._logs,
            storage=lambda each: programs.storage(each.arn, each.request["executionRoleArn"]),
        )

    def _logs(self, run: JobRun, storage: RoleStorage) -> DriverLogs:
        overrides = run.request.get("configurationOverrides") or {}
        attempt = f"/attempts/{run.attempt}" if run.attempts > 1 else ""
        folder = f"applications/{run.application_id}/jobs/{run.id}{attempt}"
        monitoring = overrides.get("monitoringConfiguration") or {}
        return DriverLogs(monitoring, folder, storage, self._programs.write_log)

    # ---- Events

    def _announce_state(
        self, run: JobRun, application: Application, state: str, before: str
    ) -> None:
        detail = {**_detail(run, application), "state": state, "previousState": before}
        self._send(run, _RUN_STATE, detail)

    def _announce_retry(self, run: JobRun, application: Application) -> None:
        detail = {
            **_detail(run, application),
            "attemptNumber": run.attempt,
            "attemptCreatedAt": _iso(run.attempt_created_at),
        }
        self._send(run, _RUN_RETRY, detail)

    def _send(self, run: JobRun, kind: str, detail: Mapping[str, Any]) -> None:
        region, account = run.arn.split(":")[3:5]
        self._announce(account, region, kind, detail)


def _detail(run: JobRun, application: Application) -> dict[str, Any]:
    return {
        "applicationId": run.application_id,
        "jobRunId": run.id,
        "jobRunName": run.request.get("name", ""),
        "arn": run.arn,
        "releaseLabel": application.given["releaseLabel"],
        "createdBy": run.request["createdBy"],
        "createdAt": _iso(run.created_at),
        "updatedAt": _iso(run.updated_at),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
