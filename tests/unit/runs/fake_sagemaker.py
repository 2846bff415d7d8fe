"""A stand-in for SageMaker's training jobs: moto's end the moment they are created."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

CREATED_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def refusal(operation: str, code: str, message: str, status: int = 400) -> ClientError:
    """Returns the error that boto3 raises for a refused call."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "r",
                "HostId": "h",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )


@cache
def _create_request_shape() -> Any:
    # SageMaker's service model takes a second to read.
    model = boto3.client("sagemaker", region_name="us-east-1").meta.service_model
    return model.operation_model("CreateTrainingJob").input_shape


class FakeSageMaker:
    """Training jobs that a test moves from status to status by hand.

    ``next_error`` is raised by the next create call, ``later_errors`` by those after it;
    ``lost_reply`` lets that call take effect first, as when a connection breaks after the request.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.created: list[str] = []
        self.stopped: list[str] = []
        self.next_error: ClientError | None = None
        self.later_errors: list[ClientError] = []
        self.lost_reply = False

    def create_training_job(self, **request: Any) -> dict[str, str]:
        report = ParamValidator().validate(request, _create_request_shape())
        assert not report.has_errors(), report.generate_report()
        error = self.next_error
        self.next_error = self.later_errors.pop(0) if self.later_errors else None
        if error and not self.lost_reply:
            raise error
        name = request["TrainingJobName"]
        if name in self.jobs:
            raise refusal(
                "CreateTrainingJob",
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region.",
            )
        self.created.append(name)
        self.jobs[name] = {
            **request,
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": CREATED_AT}],
            "CreationTime": CREATED_AT,
        }
        if error:
            raise error
        return {"TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"}

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        if TrainingJobName not in self.jobs:
            raise refusal(
                "DescribeTrainingJob", "ValidationException", "Requested resource not found."
            )
        return self.jobs[TrainingJobName]

    def stop_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        job = self.describe_training_job(TrainingJobName=TrainingJobName)
        if job["TrainingJobStatus"] != "InProgress":
            raise refusal(
                "StopTrainingJob",
                "ValidationException",
                f"The request was rejected because the training job is in status "
                f"{job['TrainingJobStatus']}.",
            )
        self.stopped.append(TrainingJobName)
        job["TrainingJobStatus"] = job["SecondaryStatus"] = "Stopping"
        return {}

    def move(self, name: str, status: str, secondary: str, **facts: Any) -> None:
        """Changes what is described of a job."""
        job = self.jobs[name]
        job.update(TrainingJobStatus=status, SecondaryStatus=secondary, **facts)
        job["SecondaryStatusTransitions"].append({"Status": secondary, "StartTime": CREATED_AT})
