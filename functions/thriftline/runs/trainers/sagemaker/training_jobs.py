"""SageMaker's training jobs: start, look, stop."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import AwsRequestError
from thriftline.runs.trainers.sagemaker.job import TrainingJob
from thriftline.runs.trainers.sagemaker.quotas import quota_refusal

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeTrainingJobResponseTypeDef


class TrainingJobs:
    """The training jobs of one account and region."""

    def __init__(self, client: "SageMakerClient") -> None:
        self._client = client

    def start(self, request: dict[str, Any]) -> TrainingJob:
        """Creates a job, or finds the same one again when it exists already.

        A name is one attempt of one run, so that a repeated call cannot start a second job.

        Raises:
            QuotaExceededError: all that the account may have of this instance type is in use.
            NoQuotaError: the account may have less than one job needs, such as none at all, as it
                is for Spot training in a new account.
            AwsRequestError: the name belongs to a job of another run.
        """
        name = request["TrainingJobName"]
        instances = request["ResourceConfig"]["InstanceCount"]
        with translated(f"starting training job {name}"):
            try:
                self._client.create_training_job(**request)
            except ClientError as error:
                refused = quota_refusal(error, instances)
                if refused is not None:
                    raise refused from error
                if code_of(error) != "ResourceInUse":
                    raise
        job = self.describe(name)
        if job is None:
            raise AwsRequestError(f"Training job {name} was created, but it is not there.")
        if job.run_id != request["HyperParameters"]["run_id"]:
            raise AwsRequestError(
                f"Training job {name} exists already and is not of this run but of "
                f"{job.run_id or 'none'}."
            )
        return job

    def describe(self, name: str) -> TrainingJob | None:
        """Returns a job as it is now, None when there is none of this name."""
        with translated(f"looking at training job {name}"):
            try:
                found = self._client.describe_training_job(TrainingJobName=name)
            except ClientError as error:
                if _is_not_found(error):
                    return None
                raise
        return _job(found)

    def stop(self, name: str) -> bool:
        """Asks a job to stop; returns False when it stops or has ended already, or never was."""
        with translated(f"stopping training job {name}"):
            try:
                self._client.stop_training_job(TrainingJobName=name)
            except ClientError as error:
                # SageMaker refuses to stop what does not run; between two calls that is no fault.
                job = self.describe(name)
                if job is None or job.status != "InProgress":
                    return False
                raise error
        return True

    def release_pool(self, name: str) -> None:
        """Ends the warm pool of a job; no error when none waits any more."""
        with translated(f"releasing the warm pool of training job {name}"):
            try:
                self._client.update_training_job(
                    TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0}
                )
            except ClientError as error:
                # Between two calls the pool may have ended, or the next job have taken it over.
                job = self.describe(name)
                if job is not None and job.warm_pool == "Available":
                    raise error


def _is_not_found(error: ClientError) -> bool:
    # The service model says ResourceNotFound; the service answers ValidationException.
    if code_of(error) == "ResourceNotFound":
        return True
    text = str(error.response.get("Error", {}).get("Message", "")).lower()
    return code_of(error) == "ValidationException" and (
        "not found" in text or "could not find" in text
    )


def _retained(found: Any) -> int | None:
    """The seconds billed for the job's warm pool; a pool that may still wait has no bill yet."""
    pool = found.get("WarmPoolStatus")
    if not pool:
        asked = found.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
        return None if asked and _leaves_a_pool(found) else 0
    if pool["Status"] in {"Available", "InUse"}:
        return None
    return int(pool.get("ResourceRetainedBillableTimeInSeconds", 0))


def _leaves_a_pool(found: Any) -> bool:
    """Whether SageMaker may keep the instances: they were there, and the job did not break them."""
    if found["TrainingJobStatus"] in {"InProgress", "Stopping"}:
        return True
    if found.get("TrainingStartTime") is None:
        return False
    fault = found.get("FailureReason", "").partition(":")[0].strip().lower()
    return found["TrainingJobStatus"] != "Failed" or fault in {"algorithmerror", "clienterror"}


def _job(found: "DescribeTrainingJobResponseTypeDef") -> TrainingJob:
    resources: Any = found.get("ResourceConfig", {})
    stopping: Any = found.get("StoppingCondition", {})
    return TrainingJob(
        name=found["TrainingJobName"],
        status=found["TrainingJobStatus"],
        secondary_status=found["SecondaryStatus"],
        created_at=found["CreationTime"],
        max_runtime_seconds=stopping.get("MaxRuntimeInSeconds", 86_400),
        max_wait_seconds=stopping.get("MaxWaitTimeInSeconds"),
        failure_reason=found.get("FailureReason", ""),
        started_at=found.get("TrainingStartTime"),
        ended_at=found.get("TrainingEndTime"),
        training_seconds=found.get("TrainingTimeInSeconds"),
        billable_seconds=found.get("BillableTimeInSeconds"),
        instance_type=resources.get("InstanceType", ""),
        instance_count=resources.get("InstanceCount", 1),
        spot=found.get("EnableManagedSpotTraining", False),
        image=found.get("AlgorithmSpecification", {}).get("TrainingImage", ""),
        run_id=found.get("HyperParameters", {}).get("run_id", ""),
        retained_seconds=_retained(found),
        keep_alive_seconds=resources.get("KeepAlivePeriodInSeconds", 0),
        warm_pool=found.get("WarmPoolStatus", {}).get("Status"),
        transitions=tuple(step["Status"] for step in found.get("SecondaryStatusTransitions", [])),
    )
