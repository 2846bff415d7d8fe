"""Runs the job runs of EMR Serverless, and tells of what happens to them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local_aws.clock import Clock
from local_aws.preparation.emr_life import EmrLife, EmrWorld
from local_aws.preparation.job_run import JobRun
from local_aws.preparation.logs import DriverLogs
from local_aws.preparation.options import PreparationOptions
from local_aws.preparation.programs import Programs
from local_aws.preparation.storage import RoleStorage
from local_aws.preparation.workers import WorkerPool
from local_aws.services.emr_serverless_store import Application, EmrServerlessStore
from local_aws.services.places import Places
from local_aws.services.service_quotas import QuotaStore
from local_aws.services.spark_quotas import VCPUS

_RUN_STATE = "EMR Serverless Job Run State Change"
_RUN_RETRY = "EMR Serverless Job Run Retry"
# Account, region, detail type, detail.
Announce = Callable[[str, str, str, Mapping[str, Any]], None]


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
