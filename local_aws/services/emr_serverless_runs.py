"""EMR Serverless's job runs: started once for a token, described, listed, cancelled."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from local_aws.http.own_calls import Operation, Request
from local_aws.iam.service_roles import ServiceRole
from local_aws.preparation.job_run import JobRun
from local_aws.preparation.options import PreparationOptions
from local_aws.preparation.program import submit_arguments
from local_aws.preparation.spark_settings import (
    InvalidSparkSettingsError,
    Workers,
    driver_variables,
    settings_of,
    workers_of,
)
from local_aws.process_variables import refused_variables
from local_aws.services.emr_serverless_applications import not_done, start
from local_aws.services.emr_serverless_store import (
    Application,
    EmrServerlessStore,
    invalid,
    new_id,
    not_found,
)
from local_aws.services.pages import page_of
from local_aws.services.places import Places

_SERVICE = "emr-serverless.amazonaws.com"
_PAGE = 50
_MOST_MINUTES, _MOST_ATTEMPTS = 10_080, 10
_MONITORED = frozenset(
    {
        "s3MonitoringConfiguration",
        "managedPersistenceMonitoringConfiguration",
        "cloudWatchLoggingConfiguration",
    }
)


class Runner(Protocol):
    """What runs the programs of job runs."""

    @property
    def options(self) -> PreparationOptions:
        """How."""

    def begin(self, run: JobRun, application: Application, store: EmrServerlessStore) -> None:
        """Let a run live."""

    def cancel(self, run: JobRun, grace_seconds: float) -> None:
        """Let it end."""


class EmrServerlessRuns:
    """The calls about job runs; `runner` is None where no program can be run."""

    def __init__(
        self, stores: Places[EmrServerlessStore], service_time: Callable[[], datetime]
    ) -> None:
        self._stores = stores
        self._service_time = service_time
        self._lock = threading.Lock()
        self.runner: Runner | None = None

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "StartJobRun": self._start,
            "GetJobRun": self._get,
            "ListJobRuns": self._list,
            "CancelJobRun": self._cancel,
        }

    def _start(self, request: Request) -> Mapping[str, Any]:
        store = self._stores.of(request)
        application = store.application(request["applicationId"])
        kind = f"run of {application.id}"
        # Of requests with one token that come together, one starts a run.
        with self._lock:
            made = store.made_by(kind, request.parameters)
            run = store.runs[made] if made else self._make(request, store, application)
            if made is None:
                store.keep_token(kind, request.parameters, run.id)
        return {"applicationId": application.id, "jobRunId": run.id, "arn": run.arn}

    def _make(
        self, request: Request, store: EmrServerlessStore, application: Application
    ) -> JobRun:
        if self.runner is None:
            raise not_done("Job runs without `preparation` in the options are")
        check(request.parameters)
        settings, workers = _spark(request.parameters, self.runner.options)
        identifier = new_id()
        arn = f"{application.arn}/jobruns/{identifier}"
        _check_role(request, application, self.runner.options)
        if missing := self.runner.options.missing():
            raise invalid(missing)
        self._start_application(application, request)
        caller = f"arn:aws:iam::{request.account}:root"
        asked = {**request.parameters, "createdBy": caller}
        run = JobRun(asked, identifier, arn, workers, settings, request.now)
        application.idle_since = None
        store.runs[identifier] = run
        store.tags[arn] = dict(request.get("tags", {}))
        self.runner.begin(run, application, store)
        return run

    def _start_application(self, application: Application, request: Request) -> None:
        if application.state == "STARTED":
            return
        if application.state not in ("CREATED", "STOPPED") or not application.starts_itself:
            raise invalid(
                f"Application {application.id} is {application.state}: it must be STARTED, or have "
                "autoStartConfiguration enabled, for a job run."
            )
        start(application, request.now, self._service_time())

    def _find(self, request: Request) -> tuple[JobRun, Application, EmrServerlessStore]:
        store = self._stores.of(request)
        application = store.application(request["applicationId"])
        run = store.runs.get(request["jobRunId"])
        if run is None or run.application_id != application.id:
            raise not_found(
                f"Job run {request['jobRunId']} of application {application.id} does not exist."
            )
        return run, application, store

    def _get(self, request: Request) -> Mapping[str, Any]:
        run, application, store = self._find(request)
        if request.get("attempt", run.attempt) != run.attempt:
            raise not_done("Earlier attempts of a job run are")
        return {"jobRun": run.describe(application.given, store.tags.get(run.arn, {}))}

    def _list(self, request: Request) -> Mapping[str, Any]:
        store = self._stores.of(request)
        application = store.application(request["applicationId"])
        rows = [
            run.summary(application.given)
            for run in reversed(list(store.runs.values()))
            if run.application_id == application.id and _fits(run, request)
        ]
        size = int(request.get("maxResults", _PAGE))
        page, token = page_of(rows, request.get("nextToken"), size)
        return {"jobRuns": page} | ({"nextToken": token} if token else {})

    def _cancel(self, request: Request) -> Mapping[str, Any]:
        run, application, _ = self._find(request)
        if not run.is_active:
            raise invalid(f"Job run {run.id} has ended as {run.state} and cannot be cancelled.")
        assert self.runner is not None
        self.runner.cancel(run, float(request.get("shutdownGracePeriodInSeconds", 0)))
        return {"applicationId": application.id, "jobRunId": run.id}


def check(parameters: Mapping[str, Any]) -> None:
    """Refuse what the service refuses, and what would change nothing here.

    Raises:
        AwsError: it is refused.
    """
    if parameters.get("mode", "BATCH") != "BATCH":
        raise not_done("Streaming job runs are")
    if "sparkSubmit" not in (parameters.get("jobDriver") or {}):
        raise not_done("Job runs without a sparkSubmit driver are")
    if parameters.get("executionIamPolicy"):
        raise not_done("executionIamPolicy is")
    minutes = parameters.get("executionTimeoutMinutes")
    if minutes is not None and not 1 <= minutes <= _MOST_MINUTES:
        raise invalid(
            f"executionTimeoutMinutes must be within 1 and {_MOST_MINUTES} for a job run of the "
            f"mode BATCH; it is {minutes}."
        )
    _check_retries(parameters.get("retryPolicy") or {})
    _check_overrides(parameters.get("configurationOverrides") or {})


def _check_retries(policy: Mapping[str, Any]) -> None:
    if "maxFailedAttemptsPerHour" in policy:
        raise invalid("maxFailedAttemptsPerHour is only for job runs of the mode STREAMING.")
    if policy.get("maxAttempts", 1) > _MOST_ATTEMPTS:
        raise invalid(
            f"maxAttempts must be at most {_MOST_ATTEMPTS}; it is {policy['maxAttempts']}."
        )


def _check_overrides(overrides: Mapping[str, Any]) -> None:
    for each in overrides.get("applicationConfiguration") or ():
        if each["classification"] != "spark-defaults" or each.get("configurations"):
            raise not_done(f"The classification {each['classification']} is")
    for name, given in (overrides.get("monitoringConfiguration") or {}).items():
        if given and name not in _MONITORED:
            raise not_done(f"{name} is")


def _spark(
    parameters: Mapping[str, Any], options: PreparationOptions
) -> tuple[dict[str, str], Workers]:
    try:
        settings = settings_of(parameters)
        # What cannot be given to Spark here is found now, and not when the run has begun.
        submit_arguments(settings, options)
        if refused := refused_variables(driver_variables(settings)):
            raise invalid(f"Variables that make a process run other code: {', '.join(refused)}.")
        return settings, workers_of(settings)
    except InvalidSparkSettingsError as error:
        raise invalid(str(error)) from error


def _check_role(request: Request, application: Application, options: PreparationOptions) -> None:
    arn = request["executionRoleArn"]
    if options.check_role and not ServiceRole(request.account, arn).trusts(
        _SERVICE, application.arn
    ):
        raise invalid(
            f"Could not assume the execution role {arn}: it must exist, and its trust policy must "
            f"allow {_SERVICE} to assume it."
        )


def _fits(run: JobRun, request: Request) -> bool:
    states = request.get("states", ())
    wanted = {states} if isinstance(states, str) else set(states)
    after, before = request.get("createdAtAfter"), request.get("createdAtBefore")
    return (
        (not wanted or run.state in wanted)
        and request.get("mode", "BATCH") == "BATCH"
        and (after is None or run.created_at >= after)
        and (before is None or run.created_at <= before)
    )
