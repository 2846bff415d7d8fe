"""SageMaker's training jobs on this machine: CreateTrainingJob really trains.

moto's own training jobs are complete the moment they are made. These hooks put in their place
jobs that run the training image's entry point in SageMaker's layout, with its statuses, times,
logs, checkpoints and endings. What an instance type, a VPC, KMS and network isolation would change
is kept and returned, not imitated.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import (
    AWSValidationException,
    ResourceInUseException,
    ResourceNotFound,
    SagemakerClientError,
)
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
from werkzeug.exceptions import NotImplemented

from local_aws.clients import Clients
from local_aws.hooks import Hooks, check_moto_version
from local_aws.http.error_answers import NOT_DONE
from local_aws.services.sagemaker_training_plans import PlanRefusedError, TrainingPlans
from local_aws.services.service_quotas import training_quota, warm_pool_quota
from local_aws.training.container import Launcher, ProcessLauncher
from local_aws.training.container_launcher import ContainerLauncher, Engine
from local_aws.training.events import announce
from local_aws.training.options import Fault, FaultKind, Faults, TrainingOptions
from local_aws.training.process_sessions import ProcessSessions
from local_aws.training.queue import JobQueue
from local_aws.training.record import TrainingRecord
from local_aws.training.request import (
    InvalidTrainingRequestError,
    NotDoneHereError,
    check_request,
)
from local_aws.training.run import TrainingContext, TrainingRun
from local_aws.training.storage import JobStorage
from local_aws.training.warm_pool import fits

__all__ = ["Fault", "FaultKind", "TrainingJobs", "TrainingOptions"]

# They open nothing, but no client works without.
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


class ResourceLimitExceeded(SagemakerClientError):  # type: ignore[misc]
    """The account may not have more instances of the type."""

    code = "ResourceLimitExceeded"


class _NotDone(NotImplemented):
    """HTTP 501: moto gives its own exceptions the status of the service's model, which has none."""


class ServiceUnavailable(SagemakerClientError):  # type: ignore[misc]
    """There is nobody left to run the job."""

    code = "ServiceUnavailable"


class TrainingJobs:
    """The training jobs of the embedded AWS.

    `command` is what the training image would run; with `options.image`, jobs run in containers
    of that instead.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        scratch: Path,
        options: TrainingOptions,
        clock: Callable[[], datetime],
        quota_of: Callable[[str, str, str], int] | None = None,
        plans: TrainingPlans | None = None,
    ) -> None:
        self._scratch = scratch
        self._options = options
        self._clock = clock
        self._sessions = ProcessSessions()
        self._launcher: Launcher = (
            ContainerLauncher(options.image, self._sessions, Engine(os.environ))
            if options.image
            else ProcessLauncher(command, self._sessions, options.working_directory)
        )
        self._quota_of = quota_of
        self._plans = plans or TrainingPlans(clock)
        self._faults = Faults(options.faults)
        self._queue = JobQueue(options.places)
        self._hooks = Hooks()
        self._lock = threading.Lock()
        self._runs: dict[str, TrainingRun] = {}
        self._is_closed = False
        self._endpoint: str | None = None
        self._clients_by_region: dict[str, Clients] = {}

    def install(self) -> None:
        """Take the place of moto's training job operations."""
        check_moto_version()
        self._hooks.replace(SageMakerResponse, "create_training_job", _as_method(self._create))
        self._hooks.add(SageMakerResponse, "stop_training_job", _as_method(self._stop))

    def set_endpoint(self, url: str) -> None:
        """Say where the embedded AWS listens: S3, CloudWatch Logs, IAM and EventBridge."""
        self._endpoint = url

    def inject(self, *faults: Fault) -> None:
        """Let bad luck wait for the jobs that it fits, those too that run already."""
        self._faults.add(*faults)

    def close(self) -> None:
        """End all jobs at once and give moto its own operations back."""
        self._hooks.undo()
        with self._lock:
            self._is_closed = True
            runs, self._runs = list(self._runs.values()), {}
        for run in runs:
            run.close()
        self._sessions.close()

    def _create(self, response: Any) -> Any:
        request = json.loads(response.body)
        backend = _backend(response)
        try:
            check_request(request, in_container=self._options.image is not None)
        except InvalidTrainingRequestError as error:
            raise AWSValidationException(str(error)) from error
        except NotDoneHereError as error:
            raise _NotDone(json.dumps({"__type": NOT_DONE, "message": str(error)})) from error
        name = request["TrainingJobName"]
        arn = f"arn:aws:sagemaker:{response.region}:{response.current_account}:training-job/{name}"
        clients = self._clients(response.region)
        self._check_role(clients, request["RoleArn"])
        _check_data(JobStorage(clients.get("s3")), request, response.region)
        if self._faults.take(name, FaultKind.QUOTA):
            raise ResourceLimitExceeded(quota_message(request, limit=0, in_use=0))
        with self._lock:
            if name in backend.training_jobs:
                raise ResourceInUseException(
                    "Training job names must be unique within an AWS account and region, and a "
                    f"training job with this name already exists ({arn})"
                )
            plan_ends_at = self._check_plan(response, request)
            pool = _waiting_pool(backend, request)
            self._check_quota(response, request, pool)
            if self._is_closed:
                # Its folder would be written after everything else was swept.
                raise ServiceUnavailable("The embedded AWS is being taken down.")
            record = TrainingRecord(
                request,
                arn,
                self._clock,
                spot_billable_fraction=self._options.spot_billable_fraction,
                on_warm_instances=pool is not None,
            )
            run = TrainingRun(record, self._context_of(clients), self._scratch / name, plan_ends_at)
            if pool is not None:
                pool.give_pool_to(name)
            backend.training_jobs[name] = record
            self._runs[arn] = run
            run.start()
        return ActionResult({"TrainingJobArn": arn})

    def _stop(self, response: Any) -> Any:
        record = _find(response)
        if not record.ask_to_stop(self._clock()):
            raise AWSValidationException(
                f"The request was rejected because the training job is in status {record.status}."
            )
        with self._lock:
            run = self._runs.get(record.arn)
        if run is not None:
            run.stop()
        announce(self._clients(response.region).get("events"), record)
        return EmptyResult()

    def _context_of(self, clients: Clients) -> TrainingContext:
        return TrainingContext(
            storage=JobStorage(clients.get("s3")),
            logs=clients.get("logs"),
            launcher=self._launcher,
            options=self._options,
            faults=self._faults,
            clock=self._clock,
            announce=lambda record: announce(clients.get("events"), record),
            queue=self._queue,
            has_pool_room=self._has_pool_room,
            aws_environment={"AWS_ENDPOINT_URL": clients.endpoint, **_CREDENTIALS},
        )

    def _clients(self, region: str) -> Clients:
        if self._endpoint is None:
            raise RuntimeError("set_endpoint must be called before a job is created")
        with self._lock:
            if region not in self._clients_by_region:
                self._clients_by_region[region] = Clients(self._endpoint, region)
            return self._clients_by_region[region]

    def _check_plan(self, response: Any, request: Mapping[str, Any]) -> datetime | None:
        """Return when the job's training plan ends; refuse a job that its plan cannot take."""
        try:
            return self._plans.check(request, response.current_account, response.region)
        except PlanRefusedError as error:
            if error.code == "ResourceLimitExceeded":
                raise ResourceLimitExceeded(str(error)) from error
            if error.code == "ResourceNotFound":
                raise ResourceNotFound(message=str(error)) from error
            raise AWSValidationException(str(error)) from error

    def _has_pool_room(self, record: TrainingRecord) -> bool:
        """Whether the account may keep a job's instances warm; AWS refuses without a word."""
        if self._quota_of is None:
            return True
        region, account = record.arn.split(":")[3:5]
        name = record.request["ResourceConfig"]["InstanceType"]
        kept = _instances(
            job
            for job in _records(sagemaker_backends[account][region])
            if job.has_waiting_pool and job.request["ResourceConfig"]["InstanceType"] == name
        )
        limit = self._quota_of(account, region, warm_pool_quota(name))
        return kept + _instances([record]) <= limit

    def _check_quota(
        self, response: Any, request: Mapping[str, Any], pool: TrainingRecord | None
    ) -> None:
        """Refuse a job that would pass the account's quota, as AWS does before it exists.

        Instances that wait in pools are in use, but those that the job takes over.
        """
        if self._quota_of is None or _is_on_plan(request):
            return
        spot = bool(request.get("EnableManagedSpotTraining"))
        resources = request["ResourceConfig"]
        name = training_quota(resources["InstanceType"], spot=spot)
        limit = self._quota_of(response.current_account, response.region, name)
        in_use = _instances(
            job
            for job in _records(_backend(response))
            if job is not pool
            and (job.status in {"InProgress", "Stopping"} or job.has_waiting_pool)
            and job.is_spot == spot
            and not _is_on_plan(job.request)
            and job.request["ResourceConfig"]["InstanceType"] == resources["InstanceType"]
        )
        if in_use + resources.get("InstanceCount", 1) > limit:
            raise ResourceLimitExceeded(quota_message(request, limit=limit, in_use=in_use))

    def _check_role(self, clients: Clients, arn: str) -> None:
        if not self._options.check_role:
            return
        try:
            role = clients.get("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
            trusted = "sagemaker.amazonaws.com" in json.dumps(role["AssumeRolePolicyDocument"])
        except ClientError:
            trusted = False
        if not trusted:
            raise AWSValidationException(
                f"Could not assume role {arn}. Please ensure that the role exists and allows "
                "principal 'sagemaker.amazonaws.com' to assume the role."
            )


def _as_method(operation: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a plain function: moto looks for functions, and binds them."""

    def method(response: Any) -> Any:
        return operation(response)

    return method


def _backend(response: Any) -> Any:
    return sagemaker_backends[response.current_account][response.region]


def _is_on_plan(request: Mapping[str, Any]) -> bool:
    """Whether the job's instances are a plan's, which quotas of jobs do not count."""
    return bool(request["ResourceConfig"].get("TrainingPlanArn"))


def _records(backend: Any) -> Iterator[TrainingRecord]:
    # A job may be created meanwhile.
    for job in list(backend.training_jobs.values()):
        if isinstance(job, TrainingRecord):
            yield job


def _instances(jobs: Iterable[TrainingRecord]) -> int:
    return sum(job.request["ResourceConfig"].get("InstanceCount", 1) for job in jobs)


def _waiting_pool(backend: Any, request: Mapping[str, Any]) -> TrainingRecord | None:
    """Return the job whose instances wait for one like this."""
    waiting = (job for job in _records(backend) if job.has_waiting_pool)
    return next((job for job in waiting if fits(request, job.request)), None)


def _find(response: Any) -> TrainingRecord:
    name = json.loads(response.body)["TrainingJobName"]
    record = _backend(response).training_jobs.get(name)
    if record is None:
        raise AWSValidationException("Requested resource not found.")
    assert isinstance(record, TrainingRecord)
    return record


def _check_data(storage: JobStorage, request: Mapping[str, Any], region: str) -> None:
    for channel in request.get("InputDataConfig") or ():
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        problem = ""
        try:
            found = next(storage.keys(uri), None)
        except ClientError as error:
            found, problem = None, f" Error message from S3: {error.response['Error']['Message']}"
        if found is None:
            raise AWSValidationException(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please '
                f"ensure that the bucket exists in the selected region ({region}), that objects "
                f'exist under that S3 prefix, and that the role "{request["RoleArn"]}" has '
                f'"s3:ListBucket" permissions on bucket "{uri.split("/")[2]}".{problem}'
            )


def quota_message(request: Mapping[str, Any], *, limit: int, in_use: int) -> str:
    """Return what SageMaker says of a job that would pass a quota."""
    resources = request["ResourceConfig"]
    name = training_quota(
        resources["InstanceType"], spot=bool(request.get("EnableManagedSpotTraining"))
    )
    return (
        f"The account-level service limit '{name}' is {limit} Instances, with current utilization "
        f"of {in_use} Instances and a request delta of {resources.get('InstanceCount', 1)} "
        "Instances. Please use AWS Service Quotas to request an increase for this quota."
    )
