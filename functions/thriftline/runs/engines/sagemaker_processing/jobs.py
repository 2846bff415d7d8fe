"""SageMaker's processing jobs: start, look, stop."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import AwsRequestError, InvalidRunSpecError, NoQuotaError
from thriftline.core.wording import counted
from thriftline.runs.engines.sagemaker_processing.request import RUN_ID

# What SageMaker says of a job that it refuses for a quota.
_LIMIT = re.compile(r"(?:' is|limit is) (?P<limit>\d+) instances", re.IGNORECASE)


class SageMaker(Protocol):
    """What is asked of the service's client."""

    def create_processing_job(self, **arguments: Any) -> Any:
        """Creates a job."""

    def describe_processing_job(self, **arguments: Any) -> Any:
        """Describes a job."""

    def stop_processing_job(self, **arguments: Any) -> Any:
        """Asks a job to stop."""


class ProcessingJobs:
    """The processing jobs of one account and region."""

    def __init__(self, client: SageMaker) -> None:
        self._client = client

    def start(self, request: Mapping[str, Any]) -> None:
        """Creates a job; one that exists already under the name is the same.

        Raises:
            QuotaExceededError: all machines that the account may have are in use.
            NoQuotaError: the account may have fewer machines than the job needs.
            InvalidRunSpecError: SageMaker refuses the request.
            AwsRequestError: the name belongs to a job of another run.
        """
        name = request["ProcessingJobName"]
        with translated(f"starting processing job {name}"):
            try:
                self._client.create_processing_job(**request)
            except ClientError as error:
                if code_of(error) == "ResourceInUse":
                    self._check(name, request["Environment"][RUN_ID])
                    return
                refused = _refusal(error, request)
                if refused is not None:
                    raise refused from error
                raise

    def describe(self, name: str) -> Mapping[str, Any] | None:
        """Returns a job as it is now, None when there is none of this name."""
        with translated(f"looking at processing job {name}"):
            try:
                return dict(self._client.describe_processing_job(ProcessingJobName=name))
            except ClientError as error:
                if _is_not_found(error):
                    return None
                raise

    def stop(self, name: str) -> None:
        """Asks a job to stop; no error when it stops or has ended already, or never was."""
        with translated(f"stopping processing job {name}"):
            try:
                self._client.stop_processing_job(ProcessingJobName=name)
            except ClientError as error:
                # SageMaker refuses to stop what does not run; between two calls that is no fault.
                job = self.describe(name)
                if job is None or job["ProcessingJobStatus"] != "InProgress":
                    return
                raise error

    def _check(self, name: str, run_id: str) -> None:
        job = self.describe(name)
        owner = run_of(job) if job else run_id
        if owner != run_id:
            raise AwsRequestError(
                f"Processing job {name} exists already and is not of this run but of "
                f"{owner or 'none'}."
            )


def run_of(job: Mapping[str, Any]) -> str:
    """Returns the run that a job belongs to, empty where it is of none."""
    return str(job.get("Environment", {}).get(RUN_ID, ""))


def _refusal(
    error: ClientError, request: Mapping[str, Any]
) -> NoQuotaError | InvalidRunSpecError | None:
    said = str(error.response.get("Error", {}).get("Message", ""))
    if code_of(error) == "ValidationException":
        return InvalidRunSpecError(
            f"prepare: SageMaker refuses the processing job: {said}. Nothing was spent on it."
        )
    found = _LIMIT.search(said)
    if code_of(error) != "ResourceLimitExceeded" or found is None:
        return None
    machines = request["ProcessingResources"]["ClusterConfig"]
    wanted = machines["InstanceCount"]
    if int(found["limit"]) >= wanted:
        return None
    return NoQuotaError(
        f"The account may have {counted(int(found['limit']), 'machine')} of "
        f"{machines['InstanceType']} for processing jobs, and the preparation needs {wanted}: "
        f"waiting does not help. Ask for {wanted} of '{machines['InstanceType']} for processing "
        "job usage' in Service Quotas, lower prepare.max_vcpus, or name another engine in "
        f"prepare.engine. ({said})"
    )


def _is_not_found(error: ClientError) -> bool:
    # The service model says ResourceNotFound; the service answers ValidationException.
    if code_of(error) == "ResourceNotFound":
        return True
    text = str(error.response.get("Error", {}).get("Message", "")).lower()
    return code_of(error) == "ValidationException" and (
        "not found" in text or "could not find" in text
    )
