"""Bedrock's customization jobs: start, look, stop."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError
from thriftline.core.tags import RUN_ID_TAG
from thriftline.runs.trainers.bedrock.endings import ACTIVE, phase_of
from thriftline.runs.trainers.bedrock.patterns import check

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

_NOT_THERE = {"ResourceNotFoundException", "ResourceNotFound"}
# Between a look and a stop the job may end: Bedrock then refuses the stop.
_HAS_ENDED = {"ConflictException", "ValidationException", *_NOT_THERE}


@dataclass(frozen=True)
class CustomizationJob:
    """One job as Bedrock shows it. ``training_since`` is None until what is charged for begins."""

    arn: str
    name: str
    status: str
    phase: str
    created_at: datetime
    ended_at: datetime | None = None
    model_arn: str | None = None
    failure_message: str = ""
    has_trained: bool = False
    training_since: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether it may still cost more."""
        return self.status in ACTIVE


class CustomizationJobs:
    """The customization jobs of one account and region."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client

    def start(self, request: dict[str, Any], run_id: str) -> CustomizationJob:
        """Creates a job, or finds the same one again when it exists already.

        Raises:
            QuotaExceededError: as many jobs are scheduled as the account may have.
            AwsRequestError: the name belongs to a job of another run, or Bedrock refuses it.
        """
        check("CreateModelCustomizationJob", request)
        name = request["jobName"]
        with translated(f"starting customization job {name}"):
            try:
                self._client.create_model_customization_job(**request)
            except ClientError as error:
                # Bedrock answers 400 and not 409 for a name that is taken.
                if code_of(error) != "ConflictException":
                    raise
        job = self.find(name)
        if job is None:
            raise AwsRequestError(f"Customization job {name} was created, but it is not there.")
        owner = self.tags_of(job.arn).get(RUN_ID_TAG)
        if owner != run_id:
            raise AwsRequestError(
                f"Customization job {name} exists already and is not of this run but of "
                f"{owner or 'none'}."
            )
        return job

    def find(self, name: str) -> CustomizationJob | None:
        """Returns a job as it is now, None when there is none of this name."""
        with translated(f"looking at customization job {name}"):
            try:
                found = self._client.get_model_customization_job(jobIdentifier=name)
            except ClientError as error:
                if code_of(error) in _NOT_THERE:
                    return None
                raise
        return _job(found)

    def stop(self, name: str) -> None:
        """Asks a job to stop; no error when it stops or has ended already, or never was."""
        with translated(f"stopping customization job {name}"):
            try:
                self._client.stop_model_customization_job(jobIdentifier=name)
            except ClientError as error:
                if code_of(error) not in _HAS_ENDED:
                    raise
                job = self.find(name)
                if job is not None and job.status == "InProgress":
                    raise

    def tags_of(self, arn: str) -> dict[str, str]:
        """Returns the tags of a job, a model or a deployment."""
        with translated(f"reading the tags of {arn}"):
            found = self._client.list_tags_for_resource(resourceARN=arn)
        return {tag["key"]: tag["value"] for tag in found["tags"]}

    def delete_model(self, arn: str) -> None:
        """Deletes a custom model; no error when there is none."""
        with translated(f"deleting custom model {arn}"):
            try:
                self._client.delete_custom_model(modelIdentifier=arn)
            except ClientError as error:
                if code_of(error) not in _NOT_THERE:
                    raise


def _job(found: Any) -> CustomizationJob:
    details = found.get("statusDetails") or {}
    training = details.get("trainingDetails") or {}
    has_trained = training.get("status", "NotStarted") != "NotStarted"
    return CustomizationJob(
        arn=found["jobArn"],
        name=found["jobName"],
        status=found["status"],
        phase=phase_of(details).name,
        created_at=found["creationTime"],
        ended_at=found.get("endTime"),
        model_arn=found.get("outputModelArn"),
        failure_message=found.get("failureMessage", ""),
        # A completed job has trained, whatever its details say.
        has_trained=has_trained or found["status"] == "Completed",
        training_since=training.get("creationTime") if has_trained else None,
    )
